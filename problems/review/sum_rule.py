"""Terms can be differentiated one at a time."""

from calcbench import Problem


class SumRule(Problem):
    """A cube plus a line, y = x³ + 4x."""

    place = "Review: the sum rule"
    formula = r"y = x^3 + 4x"
    derivation = (
        (
            "Write the function as a sum u + v. When x moves by Δ, the rise of the sum is the sum "
            "of the rises.",
            r"\Delta y = \Delta u + \Delta v",
        ),
        (
            "Divide by Δ and let Δ shrink towards 0.",
            r"\frac{dy}{dx} = \frac{du}{dx} + \frac{dv}{dx}",
        ),
        (
            "Here u = x³ has the derivative 3x², by the power rule.",
            r"\frac{du}{dx} = 3 x^2",
        ),
        (
            "And v = 4x is a straight line of slope 4.",
            r"\frac{dv}{dx} = 4",
        ),
        ("Add the two.", r"\frac{dy}{dx} = 3 x^2 + 4"),
        (
            "Differentiate once more, term by term. The straight line does not bend.",
            r"\frac{d^2 y}{dx^2} = 6 x + 0",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, review of the derivative rules",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 3.1",
    )

    def inputs(self, size, rng):
        return {"x": 2.0}

    def cost(self, xp, x):
        return x**3 + 4 * x

    def gradient(self, xp, x):
        return {"x": 3 * x**2 + 4}

    def hessian(self, xp, x):
        return {("x", "x"): 6 * x}
