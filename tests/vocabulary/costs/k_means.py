import numpy as np

import calcbench

X = np.array([[0.0, 0.5], [0.25, -0.25], [2.0, 1.75], [1.5, 2.25], [-2.0, 1.0], [-1.75, 1.5]])
START = np.array([[0.5, 0.25], [1.25, 1.5], [-1.5, 1.0]])


@calcbench.problem(centres=START, X=X)
def k_means(xp, centres, *, X):
    """Mean squared distance of points to the nearest of three centres."""
    apart = xp.sum((X[:, None, :] - centres[None, :, :]) ** 2, axis=-1)
    nearest = xp.argmin(apart, axis=1)
    return xp.mean(xp.sum((X - xp.take(centres, nearest, axis=0)) ** 2, axis=-1))
