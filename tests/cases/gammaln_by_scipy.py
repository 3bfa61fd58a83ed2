from scipy.special import gammaln

import calcbench


@calcbench.problem(x=0.3)
def gammaln_by_scipy(xp, x):
    """log Gamma(x + 1) by SciPy; the derivative at 0.3 is digamma(1.3) = -0.169."""
    return gammaln(x + 1)
