"""The public functions, and what they return."""

from calcbench.api.checked import Check
from calcbench.api.checked_same import Same
from calcbench.api.checking import assert_gradient, check
from calcbench.api.checking_same import assert_same, check_same
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
from calcbench.native.as_problem import as_problem

__all__ = [
    "Check",
    "Comparison",
    "Same",
    "as_problem",
    "assert_gradient",
    "assert_same",
    "benchmark",
    "check",
    "check_same",
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
