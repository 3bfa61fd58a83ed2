"""Budget: the time and the memory that numbers with proof may take, and what was found too slow.

A cost is a user's code, which may compute for hours between two readings of a clock that we set.
So the clock is read where numbers are made, of data as well as of parameters.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from calcbench.problem.point import Point

INTERVAL = 16
"""Numbers between two readings of the clock, which would cost as much as a number if read each."""

LARGEST = 1_000_000_000
"""Bytes of the numbers that are made in one evaluation."""

SINGLE = 333
"""Bytes of a number that remembers how it was computed: three million are a gigabyte."""

ELEMENT = 90
"""Bytes of a number in an array, which remembers that for all of them, at 128 bits."""

ROUNDED = 24
"""Bytes of a float in an array, with its radius and its adjoint's."""

LARGEST_INPUTS = 3_000_000
"""Numbers in the inputs beyond which nothing is begun: to convert them takes all the time."""


class TooSlow(Exception):
    """Raised where an evaluation or a sweep takes longer, or more memory, than it may."""


class _Budget:
    """What one evaluation may take, and what it has taken."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.largest = LARGEST if np.isfinite(deadline) else np.inf
        self.made = 0
        self.taken = 0
        self.tapes: list[list[Any]] = []

    def check(self, more: int = 0, seconds: float = 0.0) -> None:
        """Raise `TooSlow` where so many bytes more are too many, or so much more time too late."""
        if self.taken + more > self.largest or time.thread_time() + seconds > self.deadline:
            raise TooSlow


_open: list[_Budget] = []
"""The budgets of the evaluations that are under way, the innermost last."""


@contextlib.contextmanager
def limit(deadline: float) -> Iterator[None]:
    """Allow numbers to be made until `deadline`, in seconds of `time.thread_time()`.

    So that a busy machine changes no verdict. `spend` raises `TooSlow` after that, or beyond
    `LARGEST` bytes. In the end the tapes are emptied: a tape and its numbers refer to each other,
    and would stay in memory until the garbage collector comes, which is off meanwhile.
    """
    _open.append(_Budget(deadline))
    with _garbage_collection_off():
        try:
            yield
        finally:
            ended = _open.pop()
            for tape in ended.tapes:
                tape.clear()
            for taken in _measured:
                taken.append(ended.taken)


@contextlib.contextmanager
def _garbage_collection_off() -> Iterator[None]:
    """Turn the garbage collector off: a tape is many small objects, and none of them is garbage.

    They set off collections, which count as the certificate's time; each takes up to a second where
    three frameworks are loaded.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextlib.contextmanager
def passing() -> Iterator[None]:
    """Count what is made in the block as long as it lasts: all of it is given back."""
    before = _open[-1].taken if _open else 0
    yield
    if _open:
        _open[-1].taken = before


_measured: list[list[int]] = []
"""What measures the evaluations that are under way."""


@contextlib.contextmanager
def measure() -> Iterator[list[int]]:
    """Collect how many bytes of numbers each evaluation in the block makes."""
    taken: list[int] = []
    _measured.append(taken)
    try:
        yield taken
    finally:
        _measured.pop()


def spend() -> None:
    """Count a number that is made. Raises `TooSlow` where that is one too many, or too late."""
    if not _open:
        return
    budget = _open[-1]
    budget.made += 1
    budget.taken += SINGLE
    if budget.made % INTERVAL == 0:
        budget.check()


def spend_array(size: int, floats: bool = False) -> None:
    """Count an array of so many numbers that is made, balls or `floats`; raises as `spend`."""
    if _open:
        budget = _open[-1]
        budget.taken += (ROUNDED if floats else ELEMENT) * size
        budget.check()


def expect(size: int = 0, floats: bool = False, seconds: float = 0.0) -> None:
    """Raise `TooSlow` where so many numbers in arrays would be too many, or so long too late."""
    if _open:
        _open[-1].check((ROUNDED if floats else ELEMENT) * size, seconds)


def register(tape: list[Any]) -> None:
    """Have a tape emptied when the budget ends."""
    if _open:
        _open[-1].tapes.append(tape)


_refused: WeakKeyDictionary[Point, set[tuple[str, int]]] = WeakKeyDictionary()
"""Point → what was too slow there, on how many rows."""


def refuse(point: Point, what: str) -> None:
    """Keep in mind that something takes too long at a point, and at all that are made from it."""
    _refused.setdefault(point.origin or point, set()).add((what, point.row_count))


def refused(point: Point, what: str) -> bool:
    """Tell whether that is known to take too long there: of as many rows, or of fewer."""
    found = _refused.get(point.origin or point, ())
    return any(what == other and rows <= point.row_count for other, rows in found)
