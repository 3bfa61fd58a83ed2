"""Finite differences: derivatives from values of the cost, and second ones from gradients."""

from .derivatives import FiniteDifference

__all__ = ["FiniteDifference"]
