"""Shadows: for every storage that torch wrote something with proof into, what that is.

A storage is the memory that a tensor and its views share. So a view costs nothing, and what is
written into one in place is seen in all others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from calcbench.native.function import NotKnown
from calcbench.native.movement import pick
from calcbench.native.torch.keeping import storage_key
from calcbench.native.torch.program import Program, Slot
from calcbench.problem.faults import find_place, frames_here

Geometry = tuple[tuple[int, ...], tuple[int, ...], int]
"""Shape, strides and offset of a tensor in its storage."""


class Unknown:
    """What stands for a result that has no proof, and why; to depend on it is what counts."""

    def __init__(self, reason: str, place: str = "") -> None:
        """Take the reason, and the line of the user's code: without it, that which is run."""
        self.reason = reason
        self.place = place or find_place(frames_here())

    def error(self) -> NotKnown:
        """Make the error of what depends on it."""
        return NotKnown(self.reason, self.place)


class Shadow:
    """The numbers of one storage, as slots of a program."""

    def __init__(self, program: Program, tensor: torch.Tensor) -> None:
        """Begin with what the storage holds now: constants."""
        self.program = program
        self.dtype = tensor.dtype
        self.storage = tensor.untyped_storage()  # kept, so that its address is not used again
        self.size = self.storage.nbytes() // tensor.element_size()
        whole = torch.as_strided(tensor.detach(), (self.size,), (1,), 0)
        self._flat: Slot | np.ndarray = floats_of(whole)
        self._parts: dict[Geometry, Slot] = {}

    def read(self, tensor: torch.Tensor) -> Slot:
        """Return what a tensor of this storage has."""
        geometry = _geometry(tensor)
        if geometry not in self._parts:
            rule = _take(_places(tensor, self.size))
            self._parts[geometry] = self.program.record(rule, self._flat)
        return self._parts[geometry]

    def write(self, tensor: torch.Tensor, value: Slot) -> None:
        """Put numbers where a tensor is."""
        places = _places(tensor, self.size).ravel()
        if places.size == self.size:
            order = np.empty(self.size, dtype=np.int64)
            order[places] = np.arange(self.size)
            self._flat = self.program.record(_take(order), value)
        else:
            order = np.arange(1, self.size + 1)
            order[places] = self.size + np.arange(1, places.size + 1)
            self._flat = self.program.record(_pick(order), [self._flat, value])
        self._parts = {_geometry(tensor): value}


class Shadows:
    """The shadows of all storages, and the tensors that are constant views of one."""

    def __init__(self, program: Program) -> None:
        """Take the program that slots are of."""
        self.program = program
        self._of_storage: dict[int, Shadow | Unknown] = {}
        self._kept: list[torch.Tensor] = []
        self._held: set[int] = set()
        self._doubtful: set[int] = set()

    def has(self, tensor: torch.Tensor) -> bool:
        """Tell whether there is something to know of a tensor, beside its floats."""
        return not is_nothing(tensor) and storage_key(tensor) in self._of_storage

    def find(self, tensor: torch.Tensor) -> Slot | Unknown:
        """Return what is known of a tensor that there is something to know of."""
        shadow = self._of_storage[storage_key(tensor)]
        if isinstance(shadow, Shadow) and shadow.dtype != tensor.dtype:
            return Unknown(f"the bits of {dtype_name(shadow.dtype)} as {dtype_name(tensor.dtype)}")
        return shadow if isinstance(shadow, Unknown) else shadow.read(tensor)

    def write(self, tensor: torch.Tensor, value: Slot | Unknown) -> None:
        """Keep what a tensor has. Storage of which a part is unknown is unknown."""
        if is_nothing(tensor):
            return
        if tensor.layout is not torch.strided:
            raise NotKnown("a sparse tensor of what depends on an argument")
        key, shadow = storage_key(tensor), self._of_storage.get(storage_key(tensor))
        if isinstance(value, Unknown):
            self._kept.append(tensor)
            self._of_storage[key] = value
        elif shadow is None or (isinstance(shadow, Unknown) and _covers_storage(tensor)):
            self._of_storage[key] = shadow = Shadow(self.program, tensor)
            shadow.write(tensor, value)
        elif isinstance(shadow, Shadow):
            shadow.write(tensor, value)

    def hold(self, tensor: torch.Tensor) -> None:
        """Have a tensor, which may be a view of one that moves, count as constant."""
        self._kept.append(tensor)  # so that no other is at its address
        self._held.add(id(tensor))

    def is_held(self, tensor: torch.Tensor) -> bool:
        """Tell whether a tensor counts as constant though its storage moves."""
        return id(tensor) in self._held

    def doubt(self, tensor: torch.Tensor) -> None:
        """Have autograd say of a tensor whether it counts as constant."""
        self._kept.append(tensor)
        self._doubtful.add(id(tensor))

    def is_doubtful(self, tensor: torch.Tensor) -> bool:
        """Tell whether a tensor is of those that autograd may take for constant."""
        return id(tensor) in self._doubtful


def constant(numbers: np.ndarray) -> Callable[..., Any]:
    """Build the rule of a constant."""
    return lambda xp: numbers


def _covers_storage(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor is all of its storage."""
    return bool(tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes())


def floats_of(tensor: torch.Tensor) -> np.ndarray:
    """Return a tensor's numbers as float64; integers and truth values stay what they are."""
    plain = tensor.detach()
    plain = plain.resolve_neg() if plain.layout is torch.strided else plain.to_dense()
    if plain.is_floating_point():
        plain = plain.to(torch.float64)
    return np.array(plain.cpu().numpy())


def dtype_name(dtype: torch.dtype) -> str:
    """Return `float64` for `torch.float64`."""
    return str(dtype).removeprefix("torch.")


def is_nothing(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor has no numbers: an empty one, on a device without any, or zeros."""
    return not tensor.numel() or bool(tensor.is_meta) or bool(tensor._is_zerotensor())


def _geometry(tensor: torch.Tensor) -> Geometry:
    return tuple(tensor.shape), tuple(tensor.stride()), int(tensor.storage_offset())


def _places(tensor: torch.Tensor, size: int) -> np.ndarray:
    """Return where a tensor's numbers are in its storage, as an array of its shape."""
    shape, strides, offset = _geometry(tensor)
    if tensor.is_contiguous():
        return np.arange(offset, offset + math.prod(shape)).reshape(shape)
    return np.asarray(torch.as_strided(torch.arange(size), shape, strides, offset))


def _take(places: np.ndarray) -> Callable[..., Any]:
    """Build the rule that takes numbers by their places in the flat array."""
    in_order = np.array_equal(places.ravel(), np.arange(places.size))

    def take(xp: Any, numbers: Any) -> Any:
        whole = math.prod(np.shape(numbers)) == places.size
        if in_order and whole:
            return xp.reshape(numbers, places.shape)
        return pick(xp, [numbers], places + 1)

    return take


def _pick(places: np.ndarray) -> Callable[..., Any]:
    return lambda xp, parts: pick(xp, parts, places)
