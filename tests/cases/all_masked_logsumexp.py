import numpy as np

import calcbench


@calcbench.problem(x=[0.5, 1.5], y=0.3, keep=np.array([0.0, 0.0]))
def all_masked_logsumexp(xp, x, y, *, keep):
    """A row that is masked whole, added in log space to a possible one."""
    dead = xp.logsumexp(xp.where(keep > 0, x, -float("inf")))
    return xp.logaddexp(dead, 2 * y)
