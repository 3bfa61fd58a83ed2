"""The contracts that a plugin author implements: Problem, Backend, and the array vocabulary."""

from calcbench.interfaces.backend import Backend, Prepared
from calcbench.interfaces.problem import Problem, problem
from calcbench.interfaces.transforming import Derived, Function, Transforming

__all__ = [
    "Backend",
    "Derived",
    "Function",
    "Prepared",
    "Problem",
    "Transforming",
    "problem",
]
