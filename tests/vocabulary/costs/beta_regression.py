import numpy as np

import calcbench

X = np.array([[1.0, 0.5], [1.0, -1.25], [1.0, 2.0], [1.0, 0.25]])
Y = np.array([0.625, 0.125, 0.9375, 0.375])


@calcbench.problem(w=[0.25, 0.5], log_precision=1.5, X=X, y=Y)
def beta_regression(xp, w, log_precision, *, X, y):
    """Negative log-likelihood of shares with the mean sigmoid(X w) (Ferrari & Cribari-Neto)."""
    mean, precision = xp.sigmoid(xp.matmul(X, w)), xp.exp(log_precision)
    a, b = mean * precision, (1.0 - mean) * precision
    return xp.mean(xp.betaln(a, b) - xp.xlogy(a - 1.0, y) - xp.xlog1py(b - 1.0, -y))
