"""The public functions, and what they return."""

from calcbench.api.comparing import Comparison, compare, verify
from calcbench.api.derivatives import (
    gradient,
    hessian,
    hvp,
    jacobian,
    partial,
    pullback,
    pushforward,
    reference,
    second_derivative,
    value_and_gradient,
)
from calcbench.api.showing import descend, plot
from calcbench.api.timing import benchmark

__all__ = [
    "Comparison",
    "benchmark",
    "compare",
    "descend",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "partial",
    "plot",
    "pullback",
    "pushforward",
    "reference",
    "second_derivative",
    "value_and_gradient",
    "verify",
]
