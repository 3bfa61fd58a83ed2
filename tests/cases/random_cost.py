import random

import calcbench


@calcbench.problem(w=[1.0, 2.0])
def random_cost(xp, w):
    """A cost that draws: it had a certified reference, another one in every run."""
    return xp.sum(w) * random.random()
