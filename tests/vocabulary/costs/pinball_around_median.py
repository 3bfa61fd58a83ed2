import numpy as np

import calcbench

X = np.array([[1.0, 0.5], [1.0, -0.25], [1.0, 1.75], [1.0, 2.5], [1.0, -1.0]])


@calcbench.problem(w=np.array([0.3, 0.8]), X=X, y=np.array([0.75, 0.1, 2.25, 1.5, -0.6]))
def pinball_around_median(xp, w, *, X, y):
    """Pinball loss at the quantile 0.9 of residuals, measured from their median."""
    residual = y - xp.matmul(X, w)
    apart = residual - xp.median(residual)
    return xp.mean(xp.maximum(0.9 * apart, -0.1 * apart)) + 0.5 * xp.median(residual) ** 2
