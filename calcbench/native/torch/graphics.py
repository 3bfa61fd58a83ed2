"""Graphics processors: what torch does otherwise there.

It runs recurrent layers and attention as a whole, by kernels that are no operations of ATen with a
meaning of their own; and it may multiply float32 in TensorFloat-32, with 11 bits of each factor.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

MULTIPLYING = frozenset({
    "mm", "addmm", "bmm", "baddbmm", "addbmm", "mv", "addmv", "matmul", "linear",
})  # fmt: skip
"""What cuBLAS computes: products of matrices."""

BY_CUDNN = frozenset({
    "convolution", "_convolution", "cudnn_convolution",
    "_thnn_fused_lstm_cell", "_thnn_fused_gru_cell",
})  # fmt: skip
"""What cuDNN computes, where it is on: convolutions, and layers of which these are the cells."""


@contextlib.contextmanager
def by_operations() -> Iterator[None]:
    """Have layers and attention consist of operations, while a function is recorded."""
    if not torch.cuda.is_initialized():
        yield
        return
    with torch.backends.cudnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
        yield


def blurring() -> dict[str, str]:
    """Name the operations that may round factors to TensorFloat-32, with the switch of each."""
    if not torch.cuda.is_initialized():
        return {}
    found = {}
    if _allows(torch.backends.cuda.matmul):
        found.update(dict.fromkeys(MULTIPLYING, "torch.backends.cuda.matmul.allow_tf32"))
    if torch.backends.cudnn.enabled and _allows(torch.backends.cudnn):
        found.update(dict.fromkeys(BY_CUDNN, "torch.backends.cudnn.allow_tf32"))
    return found


def _allows(part: Any) -> bool:
    try:
        return bool(part.allow_tf32)
    except RuntimeError:  # the newer switches are set, and torch does not let them be mixed
        return str(part.fp32_precision) == "tf32"


def is_blurred(operands: Sequence[Any]) -> bool:
    """Tell whether operands are of those that TensorFloat-32 is for."""
    return any(
        isinstance(t, torch.Tensor) and t.is_cuda and t.dtype == torch.float32 for t in operands
    )
