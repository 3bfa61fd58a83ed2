import numpy as np

import calcbench


class ArctanByNumpy(calcbench.Problem):
    """x."""

    def inputs(self, size, rng):
        return {"x": 0.7}

    def cost(self, xp, x):
        return np.arctan(x)

    def gradient(self, xp, x):
        return {"x": 1 / (1 + x**2)}
