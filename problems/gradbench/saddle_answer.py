"""The other player alone: the first has moved, and what is best against that?"""

from calcbench import Problem

from .saddle_game import SaddleGame


class SaddleAnswer(Problem):
    """What the answer y leaves to win: C(y) = |y|² − |x|², at a move x."""

    place = "GradBench: saddle, the second step"
    formula = r"C(y) = y_1^2 + y_2^2 - x_1^2 - x_2^2"
    derivation = (
        (
            "The other player wants f high, and so −f low.",
            r"C(y) = -f(x, y)",
        ),
        (
            "The move x is there already, and is held constant.",
            r"\frac{\partial C}{\partial y_k} = 2 y_k",
        ),
        (
            "It is 0 at 0 alone, whatever the move was.",
            r"\frac{\partial C}{\partial y} = 0, \qquad y = (0, 0)",
        ),
    )
    sources = SaddleGame.sources

    def inputs(self, size, rng):
        return {"y": [1.0, 1.0], "x": [0.5, -0.5]}

    def cost(self, xp, y, *, x):
        return xp.sum(y**2) - xp.sum(x**2)

    def gradient(self, xp, y, *, x):
        return {"y": 2 * y}

    def hessian(self, xp, y, *, x):
        return {("y", "y"): 2 * xp.eye(2)}
