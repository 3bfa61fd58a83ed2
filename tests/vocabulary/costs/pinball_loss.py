import numpy as np

import calcbench

X = np.array([[1.0, 0.5], [1.0, -1.25], [1.0, 2.0], [1.0, 0.25]])
Y = np.array([0.75, -0.5, 1.0, 2.5])


@calcbench.problem(w=[[0.25, 0.5], [0.5, 0.75]], X=X, y=Y, levels=[0.25, 0.75])
def pinball_loss(xp, w, *, X, y, levels):
    """Quantile regression, at two levels at once (Koenker & Bassett)."""
    error = y[:, None] - xp.matmul(X, xp.matrix_transpose(w))
    return xp.mean(xp.maximum(levels * error, (levels - 1.0) * error))
