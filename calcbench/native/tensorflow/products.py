"""Rules of operations that multiply: products, and norms of batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from calcbench.native.elementwise import elementwise
from calcbench.native.function import NotKnown
from calcbench.native.movement import move
from calcbench.native.products import einsum, matmul
from calcbench.native.reductions import reduce
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, boxed, lift


def _product(left: str, right: str) -> Rule:
    """Build a product of matrices, which attributes of these names transpose."""

    def rule(step: Step, x: Any, y: Any) -> Numbers:
        xp, x, y = step.xp, lift(step.xp, x), lift(step.xp, y)
        x = xp.matrix_transpose(x) if step.attribute(left) else x
        return matmul(xp, x, xp.matrix_transpose(y) if step.attribute(right) else y)

    return rule


def _einsum(step: Step, *operands: Any) -> Numbers:
    return einsum(step.xp, step.attribute("equation"), *operands)


def _add_bias(step: Step, x: Any, bias: Any) -> Numbers:
    return elementwise(step.xp, "add", x, _of_channels(step, bias, np.ndim(x)))


def _of_channels(step: Step, x: Any, ndim: int) -> Numbers:
    """Give a vector of channels the shape that goes with (batch, …, channels), or (…, C, …)."""
    after = 0 if step.attribute("data_format")[1] != "C" else ndim - 2
    return boxed(step.xp.reshape(lift(step.xp, x), (-1, *[1] * after)))


def _cross(step: Step, x: Any, y: Any) -> Numbers:
    def turned(a: Any, by: int) -> Numbers:
        return move(step.xp, lambda places: np.roll(places, by, axis=-1), a)

    return turned(x, -1) * turned(y, 1) - turned(x, 1) * turned(y, -1)


# --- batch norms ----------------------------------------------------------------------------------


def _batch_norm(step: Step, x: Any, scale: Any, offset: Any, mean: Any, variance: Any) -> list[Any]:
    """Normalize by the statistics of the batch, or by given ones; and give those."""
    xp, x = step.xp, lift(step.xp, x)
    channels = x.ndim - 1 if step.attribute("data_format")[-1] == "C" else 1
    others = tuple(a for a in range(x.ndim) if a != channels)
    if step.attribute("is_training"):
        mean = reduce(xp, "mean", x, others)
        squares = elementwise(xp, "square", x - _of_channels(step, mean, x.ndim))
        variance = reduce(xp, "mean", squares, others)
    rest = x - _of_channels(step, mean, x.ndim)
    size = elementwise(xp, "rsqrt", lift(xp, variance) + step.attribute("epsilon"))
    factor = elementwise(xp, "multiply", size, scale)
    found = rest * _of_channels(step, factor, x.ndim) + _of_channels(step, offset, x.ndim)
    given = [mean, variance, None, None, None]
    if step.attribute("is_training") and any(step.needs[1:3]):
        given[1] = _unbiased(step, variance, math.prod(x.shape[a] for a in others))
    if any(step.needs[3:]):
        raise NotKnown(f"operation {step.name}, of which what a gradient needs is read")
    return [found, *given][: len(step.operation.outputs)]


def _unbiased(step: Step, variance: Numbers, count: int) -> Numbers:
    """Divide by one less than the numbers there are, as the moving variance wants it."""
    known = "exponential_avg_factor" in step.operation.node_def.attr
    if known and step.attribute("exponential_avg_factor") != 1.0:
        raise NotKnown(f"operation {step.name} with moving statistics")
    return elementwise(step.xp, "multiply", variance, count / max(count - 1, 1))


RULES: dict[str, Rule] = {
    "MatMul": _product("transpose_a", "transpose_b"),
    "SparseMatMul": _product("transpose_a", "transpose_b"),
    "BatchMatMul": _product("adj_x", "adj_y"),
    "BatchMatMulV2": _product("adj_x", "adj_y"),
    "BatchMatMulV3": _product("adj_x", "adj_y"),
    "Einsum": _einsum,
    "BiasAdd": _add_bias,
    "Cross": _cross,
    "FusedBatchNorm": _batch_norm,
    "FusedBatchNormV2": _batch_norm,
    "FusedBatchNormV3": _batch_norm,
}
"""Operation → its rule."""
