"""Any number of inner functions, any number of variables: one term per path."""

from calcbench import Problem


class GeneralChainRule(Problem):
    """Three inner functions of three variables, u = x⁴·y + y²·z³ with x, y, z of r, s, t."""

    place = "Chain rule for partial derivatives: the general case"
    formula = (
        r"u = x^4 y + y^2 z^3, \qquad"
        r" x = r s e^t, \quad y = r s^2 e^{-t}, \quad z = r^2 s \sin t"
    )
    derivation = (
        (
            "Each of r, s and t reaches u through x, through y and through z: three paths, hence "
            "three terms. For s they are these.",
            r"\frac{\partial u}{\partial s} ="
            r" \frac{\partial u}{\partial x} \frac{\partial x}{\partial s}"
            r" + \frac{\partial u}{\partial y} \frac{\partial y}{\partial s}"
            r" + \frac{\partial u}{\partial z} \frac{\partial z}{\partial s}",
        ),
        (
            "The outer slopes are the same for all three variables, so find them once.",
            r"\frac{\partial u}{\partial x} = 4 x^3 y, \qquad"
            r" \frac{\partial u}{\partial y} = x^4 + 2 y z^3, \qquad"
            r" \frac{\partial u}{\partial z} = 3 y^2 z^2",
        ),
        (
            "The inner slopes by r.",
            r"\frac{\partial x}{\partial r} = s e^t, \qquad"
            r" \frac{\partial y}{\partial r} = s^2 e^{-t}, \qquad"
            r" \frac{\partial z}{\partial r} = 2 r s \sin t",
        ),
        (
            "The inner slopes by s.",
            r"\frac{\partial x}{\partial s} = r e^t, \qquad"
            r" \frac{\partial y}{\partial s} = 2 r s e^{-t}, \qquad"
            r" \frac{\partial z}{\partial s} = r^2 \sin t",
        ),
        (
            "The inner slopes by t. Those of x and y are x and −y again.",
            r"\frac{\partial x}{\partial t} = r s e^t, \qquad"
            r" \frac{\partial y}{\partial t} = -r s^2 e^{-t}, \qquad"
            r" \frac{\partial z}{\partial t} = r^2 s \cos t",
        ),
        (
            "At r = 2, s = 1, t = 0 the inner functions are x = 2, y = 2, z = 0, and the path "
            "through z adds nothing.",
            r"\frac{\partial u}{\partial s} = 64 \cdot 2 + 16 \cdot 4 + 0 \cdot 0 = 192",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, the chain rule for partial "
        "derivatives",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 14.5, example 5",
    )

    def inputs(self, size, rng):
        return {"r": 2.0, "s": 1.0, "t": 0.0}

    def cost(self, xp, r, s, t):
        x = r * s * xp.exp(t)
        y = r * s**2 * xp.exp(-t)
        z = r**2 * s * xp.sin(t)
        return x**4 * y + y**2 * z**3

    def gradient(self, xp, r, s, t):
        grow, decay = xp.exp(t), xp.exp(-t)
        x, y, z = r * s * grow, r * s**2 * decay, r**2 * s * xp.sin(t)
        du_dx, du_dy, du_dz = 4 * x**3 * y, x**4 + 2 * y * z**3, 3 * y**2 * z**2
        return {
            "r": du_dx * s * grow + du_dy * s**2 * decay + du_dz * 2 * r * s * xp.sin(t),
            "s": du_dx * r * grow + du_dy * 2 * r * s * decay + du_dz * r**2 * xp.sin(t),
            "t": du_dx * x - du_dy * y + du_dz * r**2 * s * xp.cos(t),
        }
