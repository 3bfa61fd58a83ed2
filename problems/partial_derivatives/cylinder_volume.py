"""Which adds more volume: a little length or a little radius?"""

import numpy as np

from calcbench import Problem


class CylinderVolume(Problem):
    """The volume of a cylinder, v = π·r²·l."""

    domain = {"r": (0.0, np.inf), "l": (0.0, np.inf)}
    place = "Partial derivatives: geometric examples"
    formula = r"v = \pi r^2 l"
    derivation = (
        (
            "Let the radius r move and hold the length l constant. Then π and l are constant "
            "factors, and the power rule gives 2r.",
            r"\frac{\partial v}{\partial r} = \pi l \cdot \frac{\partial}{\partial r} r^2"
            r" = 2 \pi r l",
        ),
        (
            "This is the area of the curved wall: growing the radius coats the wall.",
            r"\frac{\partial v}{\partial r}(3, 5) = 30 \pi \approx 94.25",
        ),
        (
            "Let the length l move and hold the radius r constant. Then π and r² are constant "
            "factors, and the derivative of l is 1.",
            r"\frac{\partial v}{\partial l} = \pi r^2 \cdot \frac{\partial}{\partial l} l"
            r" = \pi r^2",
        ),
        (
            "This is the area of the end: growing the length adds a disc.",
            r"\frac{\partial v}{\partial l}(3, 5) = 9 \pi \approx 28.27",
        ),
        (
            "Differentiate the wall 2πrl and the end πr² once more. The wall grows by 2πr per unit "
            "of length, and so does the end per unit of radius.",
            r"\frac{\partial^2 v}{\partial l \, \partial r} = 2 \pi r"
            r" = \frac{\partial^2 v}{\partial r \, \partial l}",
        ),
        (
            "Together the second partials are the Hessian, over r and l.",
            r"H = \begin{pmatrix} 2 \pi l & 2 \pi r \\ 2 \pi r & 0 \end{pmatrix}",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, geometric examples",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 14.3",
    )

    def inputs(self, size, rng):
        return {"r": 3.0, "l": 5.0}

    def cost(self, xp, r, l):
        return xp.pi * r**2 * l

    def gradient(self, xp, r, l):
        return {"r": 2 * xp.pi * r * l, "l": xp.pi * r**2}

    def hessian(self, xp, r, l):
        return {("r", "r"): 2 * xp.pi * l, ("r", "l"): 2 * xp.pi * r, ("l", "l"): 0}
