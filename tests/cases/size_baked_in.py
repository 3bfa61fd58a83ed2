import calcbench


class SizeBakedIn(calcbench.Problem):
    """x."""

    sizes = (8, 100)

    def inputs(self, size, rng):
        return {"w": rng.normal(size=size)}

    def cost(self, xp, w):
        return xp.mean(w**2)

    def gradient(self, xp, w):
        return {"w": 2 * w / 8}
