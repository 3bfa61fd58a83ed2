import calcbench


class WrongBranch(calcbench.Problem):
    """x."""

    def inputs(self, size, rng):
        return {"x": 1.3, "y": 0.7}

    def cost(self, xp, x, y):
        return x**2 * y

    def gradient(self, xp, x, y):
        return {"x": xp.where(x < -1.0, 2.5 * x, 2 * x) * y, "y": x**2}
