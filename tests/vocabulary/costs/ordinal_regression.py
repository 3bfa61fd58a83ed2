import numpy as np

import calcbench

X = np.array([[0.5, 1.0], [-1.25, 0.5], [2.0, -0.75], [0.25, 0.25], [-9.0, 4.0]])
Y = np.array([1, 0, 2, 1, 2])


@calcbench.problem(w=[0.75, -0.25], first=-0.5, log_gap=0.25, X=X, y=Y)
def ordinal_regression(xp, w, first, log_gap, *, X, y):
    """Negative log-likelihood of ordered grades by a probit; the last row is far from its grade."""
    score = xp.matmul(X, w)
    second = first + xp.exp(log_gap)
    low, high = xp.log_ndtr(first - score), xp.log_ndtr(score - second)
    # log(ndtr(b) - ndtr(a)) by what is on the left of both bounds.
    upper = xp.log_ndtr(second - score)
    middle = upper + xp.log(-xp.expm1(low - upper))
    grades = xp.stack([low, middle, high], axis=1)
    return -xp.mean(xp.take_along_axis(grades, y[:, None], 1))
