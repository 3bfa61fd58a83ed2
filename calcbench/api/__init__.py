"""The public functions, and what they return."""

from calcbench.api.checked import Check
from calcbench.api.checking import assert_gradient, check
from calcbench.api.comparing import Comparison, compare, verify
from calcbench.api.derivatives import (
    cost,
    gradient,
    gradient_and_hvp,
    hessian,
    hvp,
    jacobian,
    partial,
    prepare,
    pullback,
    pushforward,
    reference,
    second_derivative,
    value_and_gradient,
)
from calcbench.api.showing import descend, plot, show, steps
from calcbench.api.timing import benchmark

__all__ = [
    "Check",
    "Comparison",
    "assert_gradient",
    "benchmark",
    "check",
    "compare",
    "cost",
    "descend",
    "gradient",
    "gradient_and_hvp",
    "hessian",
    "hvp",
    "jacobian",
    "partial",
    "plot",
    "prepare",
    "pullback",
    "pushforward",
    "reference",
    "second_derivative",
    "show",
    "steps",
    "value_and_gradient",
    "verify",
]
