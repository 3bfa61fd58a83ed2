"""Storage: the numbers that an array shares with its views, and what was written into them.

What is written is kept as it came, beside what was there; where each number is now is kept as an
array of integers. So a loop that fills an array of n numbers takes n small steps, and its reading
puts together only the parts that are read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.native import movement
from calcbench.native.values import Numbers, boxed, is_certified, lift


class Storage:
    """Numbers with proof, in parts; or a plain array, until the first of them is written."""

    __slots__ = ("parts", "source", "starts")

    def __init__(self, numbers: Any) -> None:
        """Take the numbers, as a vector."""
        self.parts = [numbers]
        """Vectors, end to end."""
        self.starts = [0]
        """Where each of them starts."""
        self.source = np.arange(numbers.shape[0])
        """For each number of the storage, where it is in the parts."""

    @property
    def plain(self) -> bool:
        """Whether no number with proof was written into it."""
        return not is_certified(self.parts[0])

    def view(self, places: np.ndarray) -> np.ndarray:
        """Return numbers of a plain array, as a view to write into."""
        flat = self.parts[0]
        start = int(places.ravel()[0]) if places.size else 0
        steps = [step // places.itemsize * flat.itemsize for step in places.strides]
        return np.lib.stride_tricks.as_strided(flat[start:], places.shape, steps)

    def read(self, xp: Any, places: np.ndarray) -> Numbers:
        """Return the numbers with proof at places."""
        wanted = self.source[places]
        owner = np.searchsorted(self.starts, wanted, side="right") - 1
        used = np.unique(owner).tolist() or [0]  # of no numbers, too
        if len(used) == 1:
            return _take(xp, self.parts[used[0]], wanted - self.starts[used[0]])
        parts = [self.parts[k] for k in used]
        sizes = [part.shape[0] for part in parts]
        shift = dict(zip(used, np.cumsum([1, *sizes[:-1]]).tolist(), strict=True))
        moved = np.array([shift[k] - self.starts[k] for k in used])
        return movement.pick(xp, parts, wanted + moved[np.searchsorted(used, owner)])

    def write(self, xp: Any, places: np.ndarray, numbers: Any) -> None:
        """Write numbers, which broadcast, at places. Plain ones count as exact."""
        if self.plain:
            self.parts[0] = lift(xp, self.parts[0])
        numbers = lift(xp, numbers)
        end = self.starts[-1] + self.parts[-1].shape[0]
        count = int(np.prod(numbers.shape, dtype=int))
        self.parts.append(xp.reshape(numbers, (-1,)))
        self.starts.append(end)
        self.source[places] = end + np.arange(count).reshape(numbers.shape)


def _take(xp: Any, flat: Numbers, places: np.ndarray) -> Numbers:
    """Take numbers from a vector; all of them, in their order, by a new shape alone."""
    if places.size == flat.shape[0] and np.array_equal(places.ravel(), np.arange(places.size)):
        return boxed(xp.reshape(flat, places.shape))
    return boxed(xp.take(flat, places))
