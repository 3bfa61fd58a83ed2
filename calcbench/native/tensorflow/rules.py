"""All rules: operation → what it does with numbers with proof, by TensorFlow's names."""

from __future__ import annotations

from calcbench.native.tensorflow import (
    along_axes,
    control,
    convolutions,
    elementwise,
    linear_algebra,
    moving,
    products,
    slopes,
    smooth,
)
from calcbench.native.tensorflow.step import Rule

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **slopes.RULES,
    **smooth.RULES,
    **moving.RULES,
    **along_axes.RULES,
    **products.RULES,
    **convolutions.RULES,
    **linear_algebra.RULES,
    **control.RULES,
}
"""Operation → its rule."""

OF_ALL = frozenset({*control.RULES, *elementwise.SAME, "StopGradient"})
"""Operations whose rules take integers, variables and lists, too: they compute nothing."""

EXACT = frozenset({*moving.RULES, "Cast", "Range", "Select", "SelectV2", "Bitcast"}) - {
    "ScatterNd",
    "TensorScatterAdd",
    "TensorScatterSub",
}
"""Operations that do not round, so that TensorFlow has the same result as any other."""
