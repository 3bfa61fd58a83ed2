"""The slope of a parabola, from two points that move together."""

from calcbench import Problem


class DeltaMethod(Problem):
    """A parabola, y = x² + 2x + 2, differentiated by the delta method."""

    place = "Review: the delta method"
    formula = r"y = x^2 + 2x + 2"
    derivation = (
        (
            "Take a second point on the curve, Δ to the right of x. The slope of the line through "
            "both points is rise over run.",
            r"\frac{\Delta y}{\Delta x} = \frac{f(x + \Delta) - f(x)}{\Delta}",
        ),
        (
            "Expand the function at the second point.",
            r"f(x + \Delta) = x^2 + 2x\Delta + \Delta^2 + 2x + 2\Delta + 2",
        ),
        (
            "Subtract the function at the first point. All terms without Δ cancel.",
            r"f(x + \Delta) - f(x) = 2x\Delta + \Delta^2 + 2\Delta",
        ),
        (
            "Divide by Δ. This is allowed because Δ is not 0 yet.",
            r"\frac{f(x + \Delta) - f(x)}{\Delta} = 2x + 2 + \Delta",
        ),
        (
            "Let Δ shrink towards 0: the second point slides into the first, and the line becomes "
            "the tangent.",
            r"\frac{dy}{dx} = \lim_{\Delta \to 0} (2x + 2 + \Delta) = 2x + 2",
        ),
        (
            "At x = 2 the curve climbs with slope 6. At x = −1 it is flat: this is its lowest "
            "point.",
            r"\frac{dy}{dx}(2) = 6, \qquad \frac{dy}{dx}(-1) = 0",
        ),
        (
            "The slope is itself a function, whose slope is the second derivative. The parabola "
            "bends upwards, everywhere alike.",
            r"\frac{d^2 y}{dx^2} = \frac{d}{dx} (2x + 2) = 2",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, review of the delta method",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 2.7",
    )

    def inputs(self, size, rng):
        return {"x": 2.0}

    def cost(self, xp, x):
        return x**2 + 2 * x + 2

    def gradient(self, xp, x):
        return {"x": 2 * x + 2}

    def hessian(self, xp, x):
        return {("x", "x"): 2}
