"""The first function that anyone differentiates."""

from calcbench import Problem


class Square(Problem):
    """The area of a square, y = x²."""

    place = "Review: the derivative of x²"
    formula = r"y = x^2"
    derivation = (
        (
            "Let the side x of the square grow by Δ. Its area grows by two strips, each x long "
            "and Δ wide, and by a small corner.",
            r"(x + \Delta)^2 - x^2 = 2x\Delta + \Delta^2",
        ),
        (
            "Divide by Δ: the growth of the area per unit of growth of the side.",
            r"\frac{(x + \Delta)^2 - x^2}{\Delta} = 2x + \Delta",
        ),
        (
            "Let Δ shrink towards 0. The corner vanishes and the two strips remain.",
            r"\frac{dy}{dx} = \lim_{\Delta \to 0} (2x + \Delta) = 2x",
        ),
        ("At x = 5 the slope is 10.", r"\frac{dy}{dx}(5) = 2 \cdot 5 = 10"),
        (
            "The slope 2x is itself a function of x. Its slope, the second derivative, is 2: each "
            "step makes the area grow faster by the same amount.",
            r"\frac{d^2 y}{dx^2} = \frac{d}{dx} 2x = 2",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, review of automatic "
        "differentiation",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 2.7",
    )

    def inputs(self, size, rng):
        return {"x": 5.0}

    def cost(self, xp, x):
        return x**2

    def gradient(self, xp, x):
        return {"x": 2 * x}

    def hessian(self, xp, x):
        return {("x", "x"): 2}
