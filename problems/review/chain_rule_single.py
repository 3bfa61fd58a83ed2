"""Slopes multiply along a chain."""

from calcbench import Problem


class ChainRuleSingle(Problem):
    """The bell curve, y = e^(−x²)."""

    place = "Review: the chain rule"
    formula = r"y = e^{-x^2}"
    derivation = (
        (
            "Read the function from the inside out: x makes u, and u makes y.",
            r"u = -x^2, \qquad y = e^u",
        ),
        (
            "A step Δx makes a step Δu, which makes a step Δy. Their ratios multiply.",
            r"\frac{\Delta y}{\Delta x} = \frac{\Delta y}{\Delta u} \cdot"
            r" \frac{\Delta u}{\Delta x}",
        ),
        (
            "Let the steps shrink towards 0: the slopes multiply too.",
            r"\frac{dy}{dx} = \frac{dy}{du} \cdot \frac{du}{dx}",
        ),
        (
            "The exponential is its own derivative; the power rule gives the inner one.",
            r"\frac{dy}{du} = e^u, \qquad \frac{du}{dx} = -2x",
        ),
        ("Multiply, and write u as −x² again.", r"\frac{dy}{dx} = -2x \, e^{-x^2}"),
        (
            "The product rule on −2x and e^(−x²), and the chain rule again on the second. The bell "
            "changes its bend where 2x² = 1.",
            r"\frac{d^2 y}{dx^2} = -2 e^{-x^2} + (-2x)(-2x) \, e^{-x^2}"
            r" = (4x^2 - 2) \, e^{-x^2}",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, review of the chain rule",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 3.4",
    )

    def inputs(self, size, rng):
        return {"x": 1.0}

    def cost(self, xp, x):
        return xp.exp(-(x**2))

    def gradient(self, xp, x):
        return {"x": -2 * x * xp.exp(-(x**2))}

    def hessian(self, xp, x):
        return {("x", "x"): (4 * x**2 - 2) * xp.exp(-(x**2))}
