"""Bottom times slope of the top, less top times slope of the bottom, over the bottom squared."""

from calcbench import Problem


class QuotientRule(Problem):
    """A line over a parabola, y = x / (1 + x²)."""

    place = "Review: the quotient rule"
    formula = r"y = \frac{x}{1 + x^2}"
    derivation = (
        (
            "Write the function as a quotient u/v. When x moves by Δ, the top grows by Δu and the "
            "bottom by Δv.",
            r"\Delta y = \frac{u + \Delta u}{v + \Delta v} - \frac{u}{v}",
        ),
        (
            "Bring both to the common denominator. The product u·v cancels on top.",
            r"\Delta y = \frac{v \, \Delta u - u \, \Delta v}{v \, (v + \Delta v)}",
        ),
        (
            "Divide by Δ and let Δ shrink towards 0. On the bottom, v + Δv becomes v.",
            r"\frac{dy}{dx} = \frac{v \frac{du}{dx} - u \frac{dv}{dx}}{v^2}",
        ),
        (
            "Here u = x and v = 1 + x², which is never 0.",
            r"\frac{du}{dx} = 1, \qquad \frac{dv}{dx} = 2x",
        ),
        (
            "Put the pieces together. The curve is flat at x = 1, its peak, and falls beyond.",
            r"\frac{dy}{dx} = \frac{1 + x^2 - x \cdot 2x}{(1 + x^2)^2}"
            r" = \frac{1 - x^2}{(1 + x^2)^2}",
        ),
        (
            "Use the rule once more, on 1 − x² over (1 + x²)², and cancel a factor 1 + x². At the "
            "peak the second derivative is −1/2: the curve bends down.",
            r"\frac{d^2 y}{dx^2} = \frac{-2x (1 + x^2) - 4x (1 - x^2)}{(1 + x^2)^3}"
            r" = \frac{2x (x^2 - 3)}{(1 + x^2)^3}",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, review of the derivative rules",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 3.2",
    )

    def inputs(self, size, rng):
        return {"x": 2.0}

    def cost(self, xp, x):
        return x / (1 + x**2)

    def gradient(self, xp, x):
        return {"x": (1 - x**2) / (1 + x**2) ** 2}

    def hessian(self, xp, x):
        return {("x", "x"): 2 * x * (x**2 - 3) / (1 + x**2) ** 3}
