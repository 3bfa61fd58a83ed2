"""What is smooth where the steps tie that TensorFlow computes it by.

`sigmoid_cross_entropy_with_logits` takes x and |x| apart at 0, where a logistic regression begins;
their kinks cancel in the sum. So its steps are found in a graph, and are one rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from calcbench.native.elementwise import elementwise
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers

CHOICES = ("Select", "SelectV2")
CROSS_ENTROPY = "sigmoid_cross_entropy_with_logits"


def read(operation: Any) -> tuple[str, Sequence[Any]]:
    """Return what to call an operation, and its operands: those of the steps that it ends, too."""
    found = _cross_entropy(operation) if operation.type in ("AddV2", "Add") else None
    return (CROSS_ENTROPY, found) if found else (operation.type, operation.inputs)


def _cross_entropy(operation: Any) -> list[Any] | None:
    """Find logits x and labels y of (where(c, x, 0) − x·y) + log1p(exp(where(c, −x, x))), c: x ≥ 0.

    Its name proves nothing.
    """
    linear, rest = (tensor.op for tensor in operation.inputs)
    inner = _inside(_inside(rest, "Log1p"), "Exp")
    if linear.type != "Sub" or inner is None or inner.type not in CHOICES:
        return None
    positive, product = (tensor.op for tensor in linear.inputs)
    if positive.type not in CHOICES or product.type != "Mul":
        return None
    above, x, zero = positive.inputs
    same, mirrored, plain = inner.inputs
    of_x = above is same and plain is x and product.inputs[0] is x
    if of_x and _is_mirror(mirrored, x) and _is_zero(zero) and _is_above(above, x):
        return [x, product.inputs[1]]
    return None


def _inside(operation: Any, kind: str) -> Any:
    """Return what an operation of this kind is applied to; None for another."""
    if operation is None or operation.type != kind:
        return None
    return operation.inputs[0].op


def _is_mirror(tensor: Any, x: Any) -> bool:
    return tensor.op.type == "Neg" and tensor.op.inputs[0] is x


def _is_above(tensor: Any, x: Any) -> bool:
    compared = tensor.op
    return (
        compared.type == "GreaterEqual" and compared.inputs[0] is x and _is_zero(compared.inputs[1])
    )


def _is_zero(tensor: Any) -> bool:
    if tensor.op.type == "Fill":
        return _is_zero(tensor.op.inputs[1])
    if tensor.op.type == "Const":
        return not np.any(tf.make_ndarray(tensor.op.get_attr("value")))
    return bool(tensor.op.type == "ZerosLike")


def _rule(step: Step, x: Any, labels: Any) -> Numbers:
    product = elementwise(step.xp, "multiply", x, labels)
    return elementwise(step.xp, "subtract", elementwise(step.xp, "softplus", x), product)


RULES: dict[str, Rule] = {CROSS_ENTROPY: _rule}
"""What steps compute → its rule."""
