"""Prepared: a problem made ready on one backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


@dataclass(frozen=True, slots=True)
class Prepared:
    """A problem made ready on one backend; nothing is left to trace, compile or derive.

    `run(load(point))` may be called any number of times, at any point of the shapes that it was
    prepared for.
    """

    load: Callable[[Point], Any]
    """A point in NumPy arrays → native arrays. Never changes its argument."""

    run: Callable[[Any], Any]
    """Native arrays → native result: the timed call. Returns when the result is ready."""

    unload: Callable[[Any], Arrays]
    """Native result → name → NumPy array, in the operator's `Layout`: for a gradient, an array of
    each parameter's shape; for the cost, `C`. Always a copy."""

    compile_seconds: float | None = None
    """Seconds of the preparation that went into compiling, where the backend compiles and can
    tell. Where the first call compiles, that call counts in full."""

    method: str = ""
    """How the derivative is taken, in the field's words: `reverse`, `forward over reverse`."""

    seed: Callable[[Point], Any] | None = None
    """For operators with a direction or cotangent: a point → the native seed alone. Their `load`
    gives (native arrays, native seed)."""

    def evaluate(self, point: Point) -> Arrays:
        """Load, run and unload at a point: the result by name."""
        return self.unload(self.run(self.load(point)))
