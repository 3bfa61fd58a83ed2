"""A third of a cylinder, and a third of its slopes."""

import numpy as np

from calcbench import Problem


class ConeVolume(Problem):
    """The volume of a cone, v = π·r²·h/3."""

    domain = {"r": (0.0, np.inf), "h": (0.0, np.inf)}
    place = "Partial derivatives: geometric examples"
    formula = r"v = \frac{\pi r^2 h}{3}"
    derivation = (
        (
            "Let the radius r move and hold the height h constant. The factor πh/3 stays, and the "
            "power rule gives 2r.",
            r"\frac{\partial v}{\partial r} = \frac{\pi h}{3} \cdot"
            r" \frac{\partial}{\partial r} r^2 = \frac{2 \pi r h}{3}",
        ),
        (
            "Let the height h move and hold the radius r constant. The factor πr²/3 stays, and "
            "the derivative of h is 1.",
            r"\frac{\partial v}{\partial h} = \frac{\pi r^2}{3} \cdot"
            r" \frac{\partial}{\partial h} h = \frac{\pi r^2}{3}",
        ),
        (
            "The slope by the height does not contain h: each further unit of height adds the "
            "same volume, a third of a disc times that unit.",
            r"\frac{\partial v}{\partial h} \cdot h = v",
        ),
        (
            "Differentiate both slopes once more, by each variable: the Hessian, over r and h.",
            r"H = \frac{\pi}{3} \begin{pmatrix} 2h & 2r \\ 2r & 0 \end{pmatrix}",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, geometric examples",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 14.3",
    )

    def inputs(self, size, rng):
        return {"r": 3.0, "h": 4.0}

    def cost(self, xp, r, h):
        return xp.pi * r**2 * h / 3

    def gradient(self, xp, r, h):
        return {"r": 2 * xp.pi * r * h / 3, "h": xp.pi * r**2 / 3}

    def hessian(self, xp, r, h):
        return {("r", "r"): 2 * xp.pi * h / 3, ("r", "h"): 2 * xp.pi * r / 3, ("h", "h"): 0}
