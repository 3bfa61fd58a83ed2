import calcbench


class GradientExits(calcbench.Problem):
    """x²; its gradient ends the program."""

    def inputs(self, size, rng):
        return {"x": 1.0}

    def cost(self, xp, x):
        return x**2

    def gradient(self, xp, x):
        raise SystemExit(0)
