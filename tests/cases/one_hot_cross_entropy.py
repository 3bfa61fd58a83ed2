import numpy as np

from calcbench import Problem


class OneHotCrossEntropy(Problem):
    """-sum y log softmax(z) with one-hot labels, textbook gradient softmax(z) - y."""

    def inputs(self, size, rng):
        return {"z": np.array([0.3, -0.2, 1.1]), "y": np.array([0.0, 1.0, 0.0])}

    def cost(self, xp, z, *, y):
        return -xp.sum(y * (z - xp.logsumexp(z)))

    def gradient(self, xp, z, *, y):
        return {"z": xp.exp(z - xp.logsumexp(z)) - y}
