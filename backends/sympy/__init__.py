"""SymPy: trace the cost into a formula, differentiate the formula, compile it to NumPy."""

from .derivatives import SymPy

__all__ = ["SymPy"]
