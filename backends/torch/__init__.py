"""PyTorch: reverse mode on a tape (eager), as a function transform (func), or compiled."""

from .derivatives import Torch

__all__ = ["Torch"]
