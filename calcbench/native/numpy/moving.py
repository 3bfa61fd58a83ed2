"""Moving: NumPy's functions that compute nothing, run on the places of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native import movement
from calcbench.native.function import NotKnown
from calcbench.native.numpy.functions import PADDINGS
from calcbench.native.values import Numbers, lift


class Moving:
    """The numbers in what a function is given that moves them, and the places that stand for them.

    Places are counted from 1 on through all operands, so that 0 is what is filled in.
    """

    def __init__(self, xp: Any, positions: Any, inputs: Any, unwrap: Callable[[Any], Any]) -> None:
        """Take the positions of the inputs that hold such numbers; `unwrap` reads them."""
        self.xp, self.positions = xp, positions
        self.leaves = leaves([x for k, x in enumerate(inputs) if k in positions])
        self.operands = [lift(xp, unwrap(leaf)) for leaf in self.leaves]
        sizes = [int(np.prod(x.shape, dtype=int)) for x in self.operands]
        starts = np.cumsum([1, *sizes[:-1]])
        self.indices = [
            start + count(x.shape) for x, start in zip(self.operands, starts, strict=True)
        ]

    def others(self, inputs: Any) -> list[Any]:
        """List the inputs that hold no numbers that move."""
        return [x for k, x in enumerate(inputs) if k not in self.positions]

    def put(self, inputs: Any, places: list[np.ndarray]) -> list[Any]:
        """Put places where the numbers are."""
        left = iter(places)
        return [
            deep(lambda leaf: next(left), x) if k in self.positions else x
            for k, x in enumerate(inputs)
        ]

    def pick(self, places: Any, fill: float) -> Numbers:
        """Pick the numbers at places."""
        return movement.pick(self.xp, self.operands, np.asarray(places), fill)


def padding(function: Any, options: Any) -> tuple[dict[str, Any], float]:
    """Take what `np.pad` pads with out of its options."""
    if function is not np.pad:
        return options, 0.0
    options = dict(options)
    fill = options.pop("constant_values", 0.0)
    if options.get("mode", "constant") not in PADDINGS or np.ndim(fill):
        raise NotKnown("numpy.pad with these options")
    return options, float(fill)


def deep(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to what is in lists, tuples and dicts."""
    if isinstance(x, dict):
        return {key: deep(function, value) for key, value in x.items()}
    if type(x) in (list, tuple):
        return type(x)(deep(function, each) for each in x)
    return function(x)


def leaves(x: Any) -> list[Any]:
    """List what is in lists, tuples and dicts."""
    found: list[Any] = []
    deep(found.append, x)
    return found


def count(shape: tuple[int, ...]) -> np.ndarray:
    """Count the places of an array, in their order."""
    return np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
