"""A disc carried around a circle."""

import numpy as np

from calcbench import Problem


class TorusVolume(Problem):
    """The volume of a ring of radius R and thickness 2r, v = 2π²·R·r²."""

    domain = {"R": (0.0, np.inf), "r": (0.0, np.inf)}
    place = "Partial derivatives: geometric examples"
    formula = r"v = 2 \pi^2 R r^2"
    derivation = (
        (
            "A torus is a disc of radius r whose centre is carried around a circle of radius R. "
            "By Pappus's theorem its volume is the disc's area times the length of that path.",
            r"v = \pi r^2 \cdot 2 \pi R = 2 \pi^2 R r^2",
        ),
        (
            "Let R move and hold r constant. The volume is a straight line in R.",
            r"\frac{\partial v}{\partial R} = 2 \pi^2 r^2",
        ),
        (
            "Let r move and hold R constant. The power rule gives 2r.",
            r"\frac{\partial v}{\partial r} = 2 \pi^2 R \cdot 2 r = 4 \pi^2 R r",
        ),
        (
            "The second is the surface of the torus: the disc's rim times the length of the path.",
            r"4 \pi^2 R r = 2 \pi r \cdot 2 \pi R",
        ),
        (
            "Differentiate both slopes once more, by each variable: the Hessian, over R and r.",
            r"H = \begin{pmatrix} 0 & 4 \pi^2 r \\ 4 \pi^2 r & 4 \pi^2 R \end{pmatrix}",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, geometric examples",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 8.3 (theorem of Pappus)",
    )

    def inputs(self, size, rng):
        return {"R": 3.0, "r": 1.0}

    def cost(self, xp, R, r):
        return 2 * xp.pi**2 * R * r**2

    def gradient(self, xp, R, r):
        return {"R": 2 * xp.pi**2 * r**2, "r": 4 * xp.pi**2 * R * r}

    def hessian(self, xp, R, r):
        mixed = 4 * xp.pi**2 * r
        return {("R", "R"): 0, ("R", "r"): mixed, ("r", "r"): 4 * xp.pi**2 * R}
