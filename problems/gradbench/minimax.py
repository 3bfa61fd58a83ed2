"""Two players: one wants the number low, the other answers with what makes it high."""

from calcbench import Problem

from ._inner import slope


class Minimax(Problem):
    """The best that the other player can do: C(x) = max over y of (|x|² − |y|²), by ascent."""

    limits = {"sympy": (1, "it writes a hundred steps into one formula")}
    place = "GradBench: saddle"
    formula = r"C(x) = \max_y f(x, y), \qquad f(x, y) = x_1^2 + x_2^2 - y_1^2 - y_2^2"
    derivation = (
        (
            "The other player starts somewhere and climbs, by the derivative of f by y: a "
            "derivative inside of the cost.",
            r"y \leftarrow y + \frac{1}{4} \frac{\partial f}{\partial y} = \frac{y}{2}",
        ),
        (
            "It stops where the slope is as good as 0: a loop of as many steps as it takes.",
            r"\Bigl| \frac{\partial f}{\partial y} \Bigr| \le 10^{-5}",
        ),
        (
            "The first player moves x, and f with it. What the answer changes does not count, "
            "for it stands where the slope by y is 0 (and here it does not depend on x).",
            r"\frac{\partial C}{\partial x} = \frac{\partial f}{\partial x}"
            r" + \frac{\partial f}{\partial y} \frac{\partial y}{\partial x} = 2 x",
        ),
    )
    sources = (
        "GradBench, evaluation saddle, https://github.com/gradbench/gradbench",
        "Pearlmutter & Siskind, Using programming language theory to make automatic "
        "differentiation sound and efficient, Advances in Automatic Differentiation (2008) 79-90",
    )

    def inputs(self, size, rng):
        return {"x": [1.0, 1.0], "start": [1.0, 1.0], "inner": "reverse"}

    def cost(self, xp, x, *, start, inner):
        def f(y):
            return x[0] ** 2 + x[1] ** 2 - y[0] ** 2 - y[1] ** 2

        by_y = slope(xp, f, inner)

        def climb(state):
            y, steep = state
            y = y + steep / 4
            return y, by_y(y)

        def steep_enough(state):
            return xp.sum(state[1] ** 2) > 1e-10

        best, _ = xp.while_loop(steep_enough, climb, (start, by_y(start)), 100)
        return f(best)

    def gradient(self, xp, x, *, start, inner):
        return {"x": 2 * x}
