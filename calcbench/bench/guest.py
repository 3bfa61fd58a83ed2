"""The tasks of the worker that a command's benchmark runs in, with processes of its own.

It imports the files and plugins that are selected, which the process that prints does not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from calcbench.bench.planning import estimate
from calcbench.bench.selection import open_session
from calcbench.bench.session import Session
from calcbench.record.run import SavedRun
from calcbench.workers.serving import consult


class PlannedGroup(NamedTuple):
    """The cells of one group that are due, as they are listed."""

    title: str
    dtype: str
    threads: int
    backends: list[str]


class Outline(NamedTuple):
    """What a session will run, as the command knows it."""

    groups: list[PlannedGroup]
    keys: set[tuple[object, ...]]
    """The cells of the matrix, finished or not (`Record.key`)."""
    previous: SavedRun
    seconds: tuple[float, float]
    """How long it will take: at least, and at most."""
    changed: int
    """How many cells are due though they are finished (`Session.changed`)."""


_session: Session | None = None


def open(selection: dict[str, Any]) -> Outline:
    """Open a session (`open_session`), and say what it will run."""
    global _session
    _session = open_session(**selection)
    groups = [
        PlannedGroup(g.title, g.dtype, g.threads, [b.selector for b in g.backends])
        for g in _session.groups
    ]
    seconds = estimate(_session.groups, _session.settings)
    return Outline(groups, _session.keys, _session.previous, seconds, _session.changed)


def run() -> SavedRun:
    """Run what is due; tell the command each record, and in between what is being done."""
    assert _session is not None, "no session is open"
    for record in _session.records(consult):
        consult(record)
    return _session.run()
