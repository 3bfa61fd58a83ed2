"""Hand tracking: how far is a hand in some pose from the points that were measured?"""

from calcbench import Problem

from ._files import hand, place
from ._hand import ANGLES, draw_hand, skin


class HtSimple(Problem):
    """Measured points less the vertices of a posed hand: Fᵢ = zᵢ − v(θ)ₖ₍ᵢ₎."""

    sizes = (
        {"points": 2, "vertices": 3},
        {"points": 100, "vertices": 544},
        {"points": 6_400, "vertices": 544},
    )
    limits = {"sympy": (20, "it writes a formula for every vertex")}
    place = "GradBench: ht, simple"
    formula = r"F_i = z_i - v_{k(i)}(\theta), \qquad v = R \sum_b w_b T_b(\theta) p + t"
    derivation = (
        (
            "Each finger's bones are turned by angles of the pose against the bone before, and "
            "follow it.",
            r"A_b = A_{\mathrm{parent}(b)} B_b \, R_z(\theta_j) R_x(\theta_k)",
        ),
        (
            "The skin is a mean of what the bones do to it, with weights of its own.",
            r"v = R \sum_b w_b A_b A_b(0)^{-1} p + t",
        ),
        (
            "Only the wrist's rotation and the place are in all vertices; an angle is in those "
            "of its finger. The product rule turns the one factor that has it.",
            r"\frac{\partial v}{\partial \theta_k} = R \sum_b w_b"
            r" A_{\mathrm{parent}(b)} B_b \, R_z \frac{d R_x}{d \theta_k} \ldots p",
        ),
        (
            "The Jacobian has three rows for each point, and a column for each number of the pose.",
            r"\frac{\partial F_i}{\partial \theta} = -\frac{\partial v_{k(i)}}{\partial \theta}",
        ),
    )
    sources = (
        "GradBench, evaluation ht, https://github.com/gradbench/gradbench, after Microsoft's "
        "ADBench",
        "Taylor et al., User-specific hand modeling from monocular depth sequences, IEEE "
        "Conference on Computer Vision and Pattern Recognition (2014) 644-651",
    )

    def __init__(self, data=None):
        """Take where GradBench's files are, such as its `evals/ht/data/simple_small`; else draw."""
        self.files, self.read_from = place(data, "evals/ht/data/simple_small")

    def inputs(self, size, rng):
        if self.files is not None:
            found, model, _ = hand(self.files, size, weighted=False)
            vertex = found["at"] % size["vertices"]
            return {"pose": found["pose"], "measured": found["measured"], "vertex": vertex, **model}
        count, vertices = size["points"], size["vertices"]
        return {
            "pose": rng.normal(0, 0.3, ANGLES),
            "measured": rng.normal(size=(count, 3)),
            "vertex": rng.integers(0, vertices, count),
            **draw_hand(rng, vertices),
        }

    def outputs(self, inputs):
        return inputs["measured"].size

    def cost(
        self,
        xp,
        pose,
        *,
        measured,
        vertex,
        relatives,
        inverses,
        positions,
        weights,
        parents,
        mirrored,
    ):
        return xp.reshape(
            measured
            - xp.take(
                skin(xp, pose, relatives, inverses, positions, weights, parents, mirrored), vertex
            ),
            (-1,),
        )
