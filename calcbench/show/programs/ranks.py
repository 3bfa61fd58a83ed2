"""Ranks: how many axes the arguments of each call of the vocabulary have, found by running."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FrameType
from typing import Any

from calcbench.vocabulary.composed import DEFINITIONS
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import NUMPY

Place = tuple[str, int, int]
"""Where the text of a call ends: the file, the line from 1, the column in bytes from 0."""

Ranks = dict[Place, set[tuple[int, ...]]]
"""Each place at which the vocabulary was called → the ranks that its arguments had there."""


def record_ranks(run: Callable[[Namespace], Any]) -> Ranks:
    """Call `run` with the vocabulary in NumPy, and record the ranks at every call.

    `matmul` of two vectors is not spelled like that of two matrices, and the text of a cost does
    not say which one it is. Running does. The functions of the namespace are ordinary ones, so
    a call is known by its place, which Python keeps for tracebacks (PEP 657): nothing is asked
    of the cost, and helpers, loops and branches are seen as they run.
    """
    ranks: Ranks = {}

    def recording(function: Any) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            frame = inspect.currentframe()
            assert frame is not None
            assert frame.f_back is not None
            ranks.setdefault(_place(frame.f_back), set()).add(tuple(map(_rank, arguments)))
            return function(*arguments, **keywords)

        return call if callable(function) else function

    def resolve(name: str) -> Any:
        definition = DEFINITIONS.get(name)
        if definition is None:
            return functools.reduce(getattr, name.split("."), NUMPY)
        # It runs in the recording vocabulary, for a program may have to be told its ranks too.
        return lambda *arguments, **keywords: definition(recorder, *arguments, **keywords)

    recorder = Namespace({name: recording(resolve(name)) for name in NAMES})
    run(recorder)
    return ranks


def _place(frame: FrameType) -> Place:
    """Return where the call that a frame is at ends."""
    position = inspect.getframeinfo(frame, context=0).positions
    assert position is not None
    return frame.f_code.co_filename, position.end_lineno or 0, position.end_col_offset or 0


def _rank(argument: Any) -> int:
    """Return how many axes an argument has, as `Use.ranks` counts them."""
    if isinstance(argument, (list, tuple)):
        return min(map(_rank, argument), default=-1)
    return getattr(argument, "ndim", -1)
