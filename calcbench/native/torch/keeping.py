"""Keeping: what a run of a user's function changes is put back afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from calcbench.native.keeping import torch_states


def storage_key(tensor: torch.Tensor) -> int:
    """Return what a storage is known by; 0 for a sparse tensor, which has none of its own."""
    if tensor.layout is not torch.strided:
        return 0
    return int(tensor.untyped_storage()._cdata)


class Kept:
    """The contents of storages from before the run, as far as it has written into them."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._made: dict[int, StorageWeakRef] = {}  # so no address is used again
        self._before: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._generators: dict[torch.Generator, torch.Tensor] = {}

    def before(self, func: Any, args: Any, kwargs: Any) -> None:
        """Copy what an operation is about to write into, unless the run itself has made it."""
        generator = kwargs.get("generator")
        if generator is not None and generator not in self._generators:
            self._generators[generator] = generator.get_state()
        for tensor in written(func, args, kwargs):
            key = storage_key(tensor)
            if key and key not in self._made and key not in self._before:
                whole = torch.empty(0, dtype=tensor.dtype, device=tensor.device).set_(
                    tensor.untyped_storage()
                )
                self._before[key] = whole, whole.clone()

    def after(self, func: Any, result: Any) -> None:
        """Remember what an operation has made."""
        for tensor in pytree.tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and not _shares(func) and storage_key(tensor):
                self._made[storage_key(tensor)] = StorageWeakRef(tensor.untyped_storage())

    def put_back(self) -> None:
        """Write into the storages what was there before."""
        with torch.no_grad():
            for whole, copy in self._before.values():
                whole.copy_(copy)
        for generator, state in self._generators.items():
            generator.set_state(state)


def written(func: Any, args: Any, kwargs: Any) -> list[torch.Tensor]:
    """List the tensors that an operation writes into."""
    schema, found = func._schema, []
    for k, argument in enumerate(schema.arguments):
        value = args[k] if k < len(args) else kwargs.get(argument.name)
        marked = argument.alias_info is not None and argument.alias_info.is_write
        if marked or (argument.name in BUFFERS and "batch_norm" in schema.name):
            found += [t for t in pytree.tree_leaves(value) if isinstance(t, torch.Tensor)]
    return found


BUFFERS = ("running_mean", "running_var")
"""What a batch norm writes into, though some schemas do not say so."""


def _shares(func: Any) -> bool:
    """Tell whether the result of an operation may be of the storage of an operand."""
    return any(r.alias_info is not None for r in func._schema.returns)


class Keeping(TorchDispatchMode):  # type: ignore[misc]
    """Run operations as they are, and keep what they write over."""

    def __init__(self, kept: Kept) -> None:
        """Take where to keep it."""
        super().__init__()
        self.kept = kept

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation."""
        kwargs = kwargs or {}
        self.kept.before(func, args, kwargs)
        result = func(*args, **kwargs)
        self.kept.after(func, result)
        return result


@contextlib.contextmanager
def unchanged() -> Iterator[Kept]:
    """Run with autograd on; put back torch's random numbers, modes and buffers, whatever happens.

    So every run begins with the same random numbers: dropout drops the same.
    """
    kept, states = Kept(), torch_states()
    modes = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield kept
    finally:
        for set_state, state in states:
            set_state(state)
        for now, set_to, before in zip(
            (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()),
            (torch.set_grad_enabled, torch.set_default_dtype, torch.set_num_threads),
            modes,
            strict=True,
        ):
            if now != before:
                set_to(before)
        kept.put_back()
