"""The derivatives derived by hand, evaluated with NumPy."""

from .derivatives import ByHand

__all__ = ["ByHand"]
