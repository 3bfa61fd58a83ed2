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
        (
            "Differentiate once more. Each second partial has two parts: the bend of the outer "
            "function, times both inner slopes, and its slope, times the bend of the inner one.",
            r"\frac{\partial^2 y}{\partial x \, \partial z} = \frac{d^2 y}{du^2}"
            r" \frac{\partial u}{\partial x} \frac{\partial u}{\partial z}"
            r" + \frac{dy}{du} \frac{\partial^2 u}{\partial x \, \partial z}",
        ),
        (
            "The sine bends by −sin u; the inner second partials are 0, 2z and 2x.",
            r"\frac{\partial^2 y}{\partial x^2} = -z^4 \sin u, \qquad"
            r" \frac{\partial^2 y}{\partial x \, \partial z} = -2 x z^3 \sin u + 2z \cos u, \qquad"
            r" \frac{\partial^2 y}{\partial z^2} = -4 x^2 z^2 \sin u + 2x \cos u",
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

    def hessian(self, xp, x, z):
        u = x * z**2
        slope, bend = xp.cos(u), -xp.sin(u)
        return {
            ("x", "x"): bend * z**4,
            ("x", "z"): bend * 2 * x * z**3 + slope * 2 * z,
            ("z", "z"): bend * 4 * x**2 * z**2 + slope * 2 * x,
        }
