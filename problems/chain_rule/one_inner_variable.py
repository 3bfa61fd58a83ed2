"""Two independent variables, one path from each."""

from calcbench import Problem


class OneInnerVariable(Problem):
    """One inner function of two variables, y = sin u with u = x·z²."""

    place = "Chain rule for partial derivatives: one inner function"
    formula = r"y = \sin u, \qquad u = x z^2"
    derivation = (
        (
            "Both x and z reach y through u alone, so each has one path to y. Along a path the "
            "slopes multiply.",
            r"\frac{\partial y}{\partial x} = \frac{dy}{du} \frac{\partial u}{\partial x}, \qquad"
            r" \frac{\partial y}{\partial z} = \frac{dy}{du} \frac{\partial u}{\partial z}",
        ),
        (
            "The outer slope is an ordinary derivative, because y depends on u alone.",
            r"\frac{dy}{du} = \cos u",
        ),
        (
            "The inner slopes are partial derivatives, because u depends on both variables.",
            r"\frac{\partial u}{\partial x} = z^2, \qquad \frac{\partial u}{\partial z} = 2xz",
        ),
        (
            "Multiply, and write u as x·z² again.",
            r"\frac{\partial y}{\partial x} = z^2 \cos(x z^2), \qquad"
            r" \frac{\partial y}{\partial z} = 2xz \cos(x z^2)",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, the chain rule for partial "
        "derivatives",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 14.5",
    )

    def inputs(self, size, rng):
        return {"x": 1.0, "z": 2.0}

    def cost(self, xp, x, z):
        u = x * z**2
        return xp.sin(u)

    def gradient(self, xp, x, z):
        outer = xp.cos(x * z**2)
        return {"x": outer * z**2, "z": outer * 2 * x * z}
