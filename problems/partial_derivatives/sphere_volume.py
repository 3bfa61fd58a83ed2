"""With one variable, the partial derivative is the ordinary one."""

import numpy as np

from calcbench import Problem


class SphereVolume(Problem):
    """The volume of a sphere, v = 4/3·π·r³."""

    domain = {"r": (0.0, np.inf)}
    place = "Partial derivatives: geometric examples"
    formula = r"v = \frac{4}{3} \pi r^3"
    derivation = (
        (
            "Let the radius r grow by Δ. The sphere gains a shell.",
            r"\frac{4}{3} \pi (r + \Delta)^3 - \frac{4}{3} \pi r^3"
            r" = \frac{4}{3} \pi \, (3 r^2 \Delta + 3 r \Delta^2 + \Delta^3)",
        ),
        (
            "Divide by Δ, the thickness of the shell.",
            r"\frac{\Delta v}{\Delta} = \frac{4}{3} \pi \, (3 r^2 + 3 r \Delta + \Delta^2)",
        ),
        (
            "Let Δ shrink towards 0. The volume grows as fast as the surface is large.",
            r"\frac{dv}{dr} = 4 \pi r^2",
        ),
        (
            "The surface grows too: its slope is the second derivative.",
            r"\frac{d^2 v}{dr^2} = 8 \pi r",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, geometric examples",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 6.2 (the volume)",
    )

    def inputs(self, size, rng):
        return {"r": 3.0}

    def cost(self, xp, r):
        return 4 * xp.pi * r**3 / 3

    def gradient(self, xp, r):
        return {"r": 4 * xp.pi * r**2}

    def hessian(self, xp, r):
        return {("r", "r"): 8 * xp.pi * r}
