"""A constant factor stays where it is."""

from calcbench import Problem


class ConstantMultipleRule(Problem):
    """Seven times a cube, y = 7x³."""

    place = "Review: the constant multiple rule"
    formula = r"y = 7 x^3"
    derivation = (
        (
            "Write the function as a constant c times a function f, and take the difference. "
            "The constant factors out.",
            r"c f(x + \Delta) - c f(x) = c \, (f(x + \Delta) - f(x))",
        ),
        (
            "Divide by Δ and let Δ shrink towards 0. Stretching a curve c times as high makes it "
            "c times as steep.",
            r"\frac{d}{dx} (c f) = c \, \frac{df}{dx}",
        ),
        (
            "Here c = 7 and f = x³, whose derivative is 3x² by the power rule.",
            r"\frac{dy}{dx} = 7 \cdot 3 x^2 = 21 x^2",
        ),
        (
            "Differentiate once more: the constant 21 stays where it is.",
            r"\frac{d^2 y}{dx^2} = 21 \cdot 2 x = 42 x",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, review of the derivative rules",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 3.1",
    )

    def inputs(self, size, rng):
        return {"x": 2.0}

    def cost(self, xp, x):
        return 7 * x**3

    def gradient(self, xp, x):
        return {"x": 21 * x**2}

    def hessian(self, xp, x):
        return {("x", "x"): 42 * x}
