import numpy as np

import calcbench

T = np.array([0.0, 0.5, 1.25, 2.0])


@calcbench.problem(length=0.75, scale=1.25, noise=0.25, t=T, y=np.round(np.sin(T), 3))
def matern_process(xp, length, scale, noise, *, t, y):
    """Negative log marginal likelihood of a Gaussian process with a Matern-5/2 kernel."""
    apart = xp.sqrt(xp.asarray(5.0)) * xp.abs(t[:, None] - t[None, :]) / length
    k = scale**2 * (1.0 + apart + apart**2 / 3.0) * xp.exp(-apart)
    factor = xp.linalg.cholesky(k + noise**2 * xp.eye(4))
    z = xp.linalg.solve_triangular(factor, y, lower=True)
    return 0.5 * xp.sum(z * z) + xp.sum(xp.log(xp.linalg.diagonal(factor)))
