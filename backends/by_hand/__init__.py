"""The derivatives derived by hand, evaluated with NumPy."""

from calcbench.backends.by_hand.derivatives import ByHand

__all__ = ["ByHand"]
