"""Where a variable has several paths to y, the paths add up."""

from calcbench import Problem


class SeveralInnerVariables(Problem):
    """Two inner functions of two variables, y = eᵘ·sin v with u = x·z, v = x − z."""

    place = "Chain rule for partial derivatives: several inner functions"
    formula = r"y = e^u \sin v, \qquad u = xz, \quad v = x - z"
    derivation = (
        (
            "Let x move by Δ. Both u and v move, and each moves y. To first order the two effects "
            "add up.",
            r"\Delta y \approx \frac{\partial y}{\partial u} \Delta u"
            r" + \frac{\partial y}{\partial v} \Delta v",
        ),
        (
            "Divide by Δ and let Δ shrink towards 0: one product of slopes per path, and the sum "
            "over the paths.",
            r"\frac{\partial y}{\partial x} ="
            r" \frac{\partial y}{\partial u} \frac{\partial u}{\partial x}"
            r" + \frac{\partial y}{\partial v} \frac{\partial v}{\partial x}",
        ),
        (
            "The outer slopes are partial derivatives: one inner variable moves, the other is "
            "held constant.",
            r"\frac{\partial y}{\partial u} = e^u \sin v, \qquad"
            r" \frac{\partial y}{\partial v} = e^u \cos v",
        ),
        (
            "The inner slopes by x.",
            r"\frac{\partial u}{\partial x} = z, \qquad \frac{\partial v}{\partial x} = 1",
        ),
        (
            "Multiply along the paths and add.",
            r"\frac{\partial y}{\partial x} = e^u (z \sin v + \cos v)",
        ),
        (
            "The inner slopes by z.",
            r"\frac{\partial u}{\partial z} = x, \qquad \frac{\partial v}{\partial z} = -1",
        ),
        (
            "Multiply along the paths and add.",
            r"\frac{\partial y}{\partial z} = e^u (x \sin v - \cos v)",
        ),
        (
            "Differentiate once more. The derivative by x of eᵘ sin v is eᵘ (z sin v + cos v) "
            "again, and that of eᵘ cos v is eᵘ (z cos v − sin v).",
            r"\frac{\partial^2 y}{\partial x^2} = e^u \left( (z^2 - 1) \sin v + 2z \cos v \right)",
        ),
        (
            "The mixed one: in z sin v, the factor z moves as well.",
            r"\frac{\partial^2 y}{\partial x \, \partial z}"
            r" = e^u \left( (xz + 2) \sin v + (x - z) \cos v \right)",
        ),
        (
            "And by z twice.",
            r"\frac{\partial^2 y}{\partial z^2} = e^u \left( (x^2 - 1) \sin v - 2x \cos v \right)",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, the chain rule for partial "
        "derivatives",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 14.5",
    )

    def inputs(self, size, rng):
        return {"x": 1.0, "z": 0.5}

    def cost(self, xp, x, z):
        u, v = x * z, x - z
        return xp.exp(u) * xp.sin(v)

    def gradient(self, xp, x, z):
        u, v = x * z, x - z
        dy_du, dy_dv = xp.exp(u) * xp.sin(v), xp.exp(u) * xp.cos(v)
        return {"x": dy_du * z + dy_dv, "z": dy_du * x - dy_dv}

    def hessian(self, xp, x, z):
        u, v = x * z, x - z
        sine, cosine = xp.exp(u) * xp.sin(v), xp.exp(u) * xp.cos(v)
        return {
            ("x", "x"): (z**2 - 1) * sine + 2 * z * cosine,
            ("x", "z"): (x * z + 2) * sine + (x - z) * cosine,
            ("z", "z"): (x**2 - 1) * sine - 2 * x * cosine,
        }
