import numpy as np

from calcbench import Problem


class SymmetricQuadratic(Problem):
    """Quadratic form 0.5 x'Ax with symmetric A, textbook gradient A x."""

    def inputs(self, size, rng):
        return {"x": np.array([0.3, -0.2]), "A": np.array([[2.0, 0.8], [0.8, 1.0]])}

    def cost(self, xp, x, *, A):
        return 0.5 * xp.sum(x * xp.matmul(A, x))

    def gradient(self, xp, x, *, A):
        return {"x": xp.matmul(A, x)}
