"""PyTorch: reverse mode on a tape (eager), as a function transform (func), or compiled."""

from calcbench.backends.torch.derivatives import Torch

__all__ = ["Torch"]
