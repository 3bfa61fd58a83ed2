"""Every partial derivative is the area of a face."""

import numpy as np

from calcbench import Problem


class BoxVolume(Problem):
    """The volume of a box, v = l·w·h."""

    domain = {"l": (0.0, np.inf), "w": (0.0, np.inf), "h": (0.0, np.inf)}
    place = "Partial derivatives: geometric examples"
    formula = r"v = l w h"
    derivation = (
        (
            "Let the length l grow by Δ and hold the width w and the height h constant. The box "
            "gains a slab, w wide, h high and Δ thick.",
            r"(l + \Delta) w h - l w h = w h \, \Delta",
        ),
        (
            "Divide by Δ. Nothing is left that depends on Δ, so the limit is at hand: the area of "
            "the face on which the slab was laid.",
            r"\frac{\partial v}{\partial l} = w h",
        ),
        ("In the same way for the width.", r"\frac{\partial v}{\partial w} = l h"),
        ("And for the height.", r"\frac{\partial v}{\partial h} = l w"),
        (
            "Differentiate the faces once more. The volume is a straight line in each variable, so "
            "nothing bends; but a higher box has a larger front.",
            r"\frac{\partial^2 v}{\partial l^2} = 0, \qquad"
            r" \frac{\partial^2 v}{\partial l \, \partial w} = h",
        ),
        (
            "The Hessian is symmetric: the order of the two derivatives does not matter.",
            r"H = \begin{pmatrix} 0 & h & w \\ h & 0 & l \\ w & l & 0 \end{pmatrix}",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, geometric examples",
        "Stewart, Calculus: Early Transcendentals, 8th ed., section 14.3",
    )

    def inputs(self, size, rng):
        return {"l": 4.0, "w": 3.0, "h": 2.0}

    def cost(self, xp, l, w, h):
        return l * w * h

    def gradient(self, xp, l, w, h):
        return {"l": w * h, "w": l * h, "h": l * w}

    def hessian(self, xp, l, w, h):
        return {
            ("l", "l"): 0,
            ("l", "w"): h,
            ("l", "h"): w,
            ("w", "w"): 0,
            ("w", "h"): l,
            ("h", "h"): 0,
        }
