"""Each factor takes its turn to move."""

from calcbench import Problem


class ProductRule(Problem):
    """A parabola times a wave, y = (x² + 1)·sin x."""

    place = "Review: the product rule"
    formula = r"y = (x^2 + 1) \sin x"
    derivation = (
        (
            "Write the function as a product u·v: the area of a rectangle with the sides u and v. "
            "When x moves by Δ, the sides grow by Δu and Δv.",
            r"\Delta y = (u + \Delta u)(v + \Delta v) - u v",
        ),
        (
            "Multiply out. The area grows by a strip along each side and by a small corner.",
            r"\Delta y = \Delta u \, v + u \, \Delta v + \Delta u \, \Delta v",
        ),
        (
            "Divide by Δ and let Δ shrink towards 0. The corner vanishes, because Δv goes to 0 "
            "while Δu/Δ stays finite.",
            r"\frac{dy}{dx} = \frac{du}{dx} v + u \frac{dv}{dx}",
        ),
        (
            "Here u = x² + 1 and v = sin x.",
            r"\frac{du}{dx} = 2x, \qquad \frac{dv}{dx} = \cos x",
        ),
        ("Put the pieces together.", r"\frac{dy}{dx} = 2x \sin x + (x^2 + 1) \cos x"),
        (
            "Use the rule once more on both terms. The mixed term comes twice: once from each.",
            r"\frac{d^2 y}{dx^2} = \frac{d^2 u}{dx^2} v + 2 \frac{du}{dx} \frac{dv}{dx}"
            r" + u \frac{d^2 v}{dx^2} = 2 \sin x + 4x \cos x - (x^2 + 1) \sin x",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, review of the derivative rules",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 3.2",
    )

    def inputs(self, size, rng):
        return {"x": 1.0}

    def cost(self, xp, x):
        return (x**2 + 1) * xp.sin(x)

    def gradient(self, xp, x):
        return {"x": 2 * x * xp.sin(x) + (x**2 + 1) * xp.cos(x)}

    def hessian(self, xp, x):
        return {("x", "x"): 2 * xp.sin(x) + 4 * x * xp.cos(x) - (x**2 + 1) * xp.sin(x)}
