"""Rules of operations that are derivatives, which TensorFlow traces where one is inside.

Each is a function of the adjoint and of the operand or of the result, as TensorFlow defines it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calcbench.native.comparing import choose, compare
from calcbench.native.elementwise import elementwise
from calcbench.native.reductions import reduce
from calcbench.native.tensorflow.elementwise import SELU, positive
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, lift


def _of_result(slope: Callable[[Any], Any]) -> Rule:
    """Build a rule of (result, adjoint)."""

    def rule(step: Step, y: Any, adjoint: Any) -> Numbers:
        return elementwise(step.xp, "multiply", slope(lift(step.xp, y)), adjoint)

    return rule


def _where_positive(otherwise: Callable[[Step, Any], Any]) -> Rule:
    """Build a rule of (adjoint, operand or result) that is the adjoint where that is above 0."""

    def rule(step: Step, adjoint: Any, x: Any) -> Numbers:
        below = elementwise(step.xp, "multiply", adjoint, otherwise(step, x))
        return choose(step.xp, positive(step.xp, x), adjoint, below)

    return rule


def _selu(step: Step, adjoint: Any, y: Any) -> Numbers:
    above, below = (step.dtype(factor) for factor in SELU)
    slope = choose(step.xp, positive(step.xp, y), above, lift(step.xp, y) + below)
    return elementwise(step.xp, "multiply", adjoint, slope)


def _relu6(step: Step, adjoint: Any, x: Any) -> Numbers:
    inside = positive(step.xp, x) & compare(step.xp, "less", x, 6.0)
    return choose(step.xp, inside, adjoint, 0.0)


def _softplus(step: Step, adjoint: Any, x: Any) -> Numbers:
    return elementwise(step.xp, "multiply", adjoint, elementwise(step.xp, "sigmoid", x))


def _softsign(step: Step, adjoint: Any, x: Any) -> Numbers:
    below = elementwise(step.xp, "abs", x) + 1.0
    return elementwise(step.xp, "divide", adjoint, below * below)


def _bias(step: Step, adjoint: Any) -> Numbers:
    adjoint = lift(step.xp, adjoint)
    channels = adjoint.ndim - 1 if step.attribute("data_format") == "NHWC" else 1
    axes = tuple(a for a in range(adjoint.ndim) if a != channels)
    return reduce(step.xp, "sum", adjoint, axes)


RULES: dict[str, Rule] = {
    "TanhGrad": _of_result(lambda y: (1.0 + y) * (1.0 - y)),
    "SigmoidGrad": _of_result(lambda y: y * (1.0 - y)),
    "SqrtGrad": _of_result(lambda y: 0.5 / y),
    "RsqrtGrad": _of_result(lambda y: -0.5 * y * y * y),
    "ReciprocalGrad": _of_result(lambda y: -y * y),
    "InvGrad": _of_result(lambda y: -y * y),
    "ReluGrad": _where_positive(lambda step, x: 0.0),
    "LeakyReluGrad": _where_positive(lambda step, x: step.attribute("alpha")),
    "EluGrad": _where_positive(lambda step, y: lift(step.xp, y) + 1.0),
    "Relu6Grad": _relu6,
    "SeluGrad": _selu,
    "SoftplusGrad": _softplus,
    "SoftsignGrad": _softsign,
    "BiasAddGrad": _bias,
}
"""Operation → its rule."""
