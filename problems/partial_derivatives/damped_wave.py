"""A wave that travels and fades: one slope in space, another in time."""

from calcbench import Problem


class DampedWave(Problem):
    """A travelling, fading wave, u = e^(−t/2)·sin(x − 2t)."""

    place = "Partial derivatives: trigonometric and exponential functions"
    formula = r"u = e^{-t/2} \sin(x - 2t)"
    derivation = (
        (
            "Let the place x move and stop the clock. The factor e^(−t/2) is then constant, and "
            "the inner function x − 2t has slope 1.",
            r"\frac{\partial u}{\partial x} = e^{-t/2} \cos(x - 2t)",
        ),
        (
            "Let the time t move and stay at the place x. Now both factors move, so the product "
            "rule is needed.",
            r"\frac{\partial u}{\partial t} = \frac{\partial e^{-t/2}}{\partial t} \sin(x - 2t)"
            r" + e^{-t/2} \frac{\partial \sin(x - 2t)}{\partial t}",
        ),
        (
            "The chain rule gives each of the two: −1/2 from the fading, −2 from the travelling.",
            r"\frac{\partial e^{-t/2}}{\partial t} = -\frac{1}{2} e^{-t/2}, \qquad"
            r" \frac{\partial \sin(x - 2t)}{\partial t} = -2 \cos(x - 2t)",
        ),
        (
            "Put the pieces together.",
            r"\frac{\partial u}{\partial t} = -e^{-t/2}"
            r" \left( \frac{1}{2} \sin(x - 2t) + 2 \cos(x - 2t) \right)",
        ),
        (
            "Differentiate once more, first in space. The wave bends back towards 0 everywhere.",
            r"\frac{\partial^2 u}{\partial x^2} = -e^{-t/2} \sin(x - 2t) = -u",
        ),
        (
            "The mixed one: differentiate the slope in space by the time.",
            r"\frac{\partial^2 u}{\partial x \, \partial t} = e^{-t/2}"
            r" \left( 2 \sin(x - 2t) - \frac{1}{2} \cos(x - 2t) \right)",
        ),
        (
            "And the slope in time by the time, with the product rule. The Hessian has these "
            "three, the mixed one twice.",
            r"\frac{\partial^2 u}{\partial t^2} = e^{-t/2}"
            r" \left( 2 \cos(x - 2t) - \frac{15}{4} \sin(x - 2t) \right)",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, partial derivatives of "
        "multivariate functions",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 14.3",
    )

    def inputs(self, size, rng):
        return {"x": 1.0, "t": 0.5}

    def cost(self, xp, x, t):
        return xp.exp(-t / 2) * xp.sin(x - 2 * t)

    def gradient(self, xp, x, t):
        fading, phase = xp.exp(-t / 2), x - 2 * t
        return {
            "x": fading * xp.cos(phase),
            "t": -fading * (xp.sin(phase) / 2 + 2 * xp.cos(phase)),
        }

    def hessian(self, xp, x, t):
        fading, phase = xp.exp(-t / 2), x - 2 * t
        return {
            ("x", "x"): -fading * xp.sin(phase),
            ("x", "t"): fading * (2 * xp.sin(phase) - xp.cos(phase) / 2),
            ("t", "t"): fading * (2 * xp.cos(phase) - 15 * xp.sin(phase) / 4),
        }
