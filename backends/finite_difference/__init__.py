"""Finite differences: derivatives from values of the cost, and second ones from gradients."""

from calcbench.backends.finite_difference.derivatives import FiniteDifference

__all__ = ["FiniteDifference"]
