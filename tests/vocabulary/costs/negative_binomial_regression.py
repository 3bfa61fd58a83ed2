import numpy as np

import calcbench

X = np.array([[1.0, 0.5], [1.0, -1.25], [1.0, 2.0], [1.0, 0.25]])
Y = np.array([2.0, 0.0, 7.0, 1.0])


@calcbench.problem(w=[0.25, 0.5], log_r=0.75, X=X, y=Y)
def negative_binomial_regression(xp, w, log_r, *, X, y):
    """Negative log-likelihood of counts with the mean exp(X w) and the dispersion 1/r."""
    r, log_mean = xp.exp(log_r), xp.matmul(X, w)
    log_total = xp.logaddexp(log_mean, log_r + 0.0 * log_mean)
    count = xp.gammaln(y + r) - xp.gammaln(r) - xp.gammaln(y + 1.0)
    return -xp.mean(count + y * (log_mean - log_total) + r * (log_r - log_total))
