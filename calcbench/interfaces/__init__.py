"""The contracts that a plugin author implements: Problem, Backend, and the array vocabulary."""

from calcbench.interfaces.backend import Backend, Prepared
from calcbench.interfaces.problem import Problem, problem

__all__ = ["Backend", "Prepared", "Problem", "problem"]
