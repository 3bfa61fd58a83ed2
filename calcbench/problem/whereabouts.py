"""Whereabouts: where users' code is being run, for a process that watches to know what ended it.

This file imports the standard library alone: a worker needs it before NumPy is imported.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Place(NamedTuple):
    """Where users' code is being run."""

    kind: str
    """`file`, which is imported, or `point`, at which a problem is evaluated."""
    name: str
    """The path, as it was given, or the name of the point."""

    @property
    def chosen(self) -> bool:
        """Whether it is a point that calcbench chose: what happens there counts against nobody."""
        return self.kind == "point" and self.name != "own"


NOWHERE = Place("", "")
"""In no users' code that is known."""

BRANCHES, OTHER_SIZE = "branches", "another size"
"""Names of the points at which a hand-derived formula is examined beyond those of the backends."""

SECOND_RUN = "a second run of the cost"
"""What the judge runs the cost in NumPy for, which may end a process where nothing else does."""

_here = NOWHERE
_listener: Callable[[Place], None] | None = None


def listen(listener: Callable[[Place], None]) -> None:
    """Have a function called with every place that is entered in this process."""
    global _listener
    _listener = listener


@contextlib.contextmanager
def at(kind: str, name: str) -> Iterator[None]:
    """Say that users' code is run at a place, for as long as the block lasts."""
    before = _here
    _enter(Place(kind, name))
    try:
        yield
    finally:
        _enter(before)


def _enter(place: Place) -> None:
    """Tell whoever listens."""
    global _here
    if _listener is not None and place != _here:
        _listener(place)
    _here = place
