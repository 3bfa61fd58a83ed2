"""Hand tracking with points that slide on the skin: each has a place in its triangle."""

import numpy as np

from calcbench import Coordinates, Problem

from ._files import hand, place
from ._hand import ANGLES, draw_hand, skin
from .ht_simple import HtSimple


class HtComplicated(Problem):
    """Measured points less points of a posed hand's triangles: Fᵢ = zᵢ − Σ uᵢⱼ·vⱼ(θ)."""

    sizes = HtSimple.sizes
    limits = {"sympy": (20, "it writes a formula for every vertex")}
    place = "GradBench: ht, complicated"
    formula = (
        r"F_i = z_i - \bigl( u_{i1} v_1(\theta) + u_{i2} v_2(\theta)"
        r" + (1 - u_{i1} - u_{i2}) v_3(\theta) \bigr)"
    )
    derivation = (
        (
            "A point lies in a triangle of the skin; three weights that sum to 1 say where.",
            r"s_i = u_{i1} v_1 + u_{i2} v_2 + (1 - u_{i1} - u_{i2}) v_3",
        ),
        (
            "By a weight: along an edge of the triangle.",
            r"\frac{\partial F_i}{\partial u_{i1}} = v_3 - v_1, \qquad"
            r" \frac{\partial F_i}{\partial u_{i2}} = v_3 - v_2",
        ),
        (
            "By the pose: the mean of what the corners do.",
            r"\frac{\partial F_i}{\partial \theta} = -\sum_j u_{ij}"
            r" \frac{\partial v_j}{\partial \theta}",
        ),
        (
            "A weight of another point has no part in it: 28 numbers in a row of the Jacobian, "
            "whatever the number of points.",
            r"\frac{\partial F_i}{\partial u_k} = 0, \qquad k \ne i",
        ),
    )
    sources = HtSimple.sources

    def __init__(self, data=None):
        """Take where GradBench's files are, its `evals/ht/data/complicated_small`; else draw."""
        self.files, self.read_from = place(data, "evals/ht/data/complicated_small")

    def inputs(self, size, rng):
        if self.files is not None:
            found, model, triangles = hand(self.files, size, weighted=True)
            triangle = found.pop("at")
            return {**found, "triangle": triangle, "triangles": triangles, **model}
        count, vertices = size["points"], size["vertices"]
        corners = np.argsort(rng.uniform(size=(count, vertices)), axis=1)[:, :3]
        return {
            "u": rng.uniform(0, 0.5, (count, 2)),
            "pose": rng.normal(0, 0.3, ANGLES),
            "measured": rng.normal(size=(count, 3)),
            "triangle": np.arange(count),
            "triangles": corners,
            **draw_hand(rng, vertices),
        }

    def outputs(self, inputs):
        return inputs["measured"].size

    def structure(self, inputs):
        """Each point has two weights of its own, and the whole pose."""
        count = len(inputs["measured"])
        row = np.arange(3 * count)[:, None]
        own = row // 3 * 2 + np.arange(2)
        pose = np.broadcast_to(2 * count + np.arange(ANGLES), (3 * count, ANGLES))
        columns = np.concatenate([own, pose], axis=1)
        return Coordinates(np.broadcast_to(row, columns.shape).ravel(), columns.ravel())

    def cost(
        self,
        xp,
        u,
        pose,
        *,
        measured,
        triangle,
        triangles,
        relatives,
        inverses,
        positions,
        weights,
        parents,
        mirrored,
    ):
        vertices = xp.take(triangles, triangle)
        hand = skin(xp, pose, relatives, inverses, positions, weights, parents, mirrored)
        one, two, three = (xp.take(hand, vertices[:, k]) for k in range(3))
        v, w = u[:, :1], u[:, 1:]
        return xp.reshape(measured - v * one - w * two - (1 - v - w) * three, (-1,))
