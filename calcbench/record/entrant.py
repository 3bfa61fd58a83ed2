"""Entrants: a backend as records name it, and the record of one that has no result yet."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from calcbench.record.record import Record, Status


class Entrant(Protocol):
    """Who takes part: a backend, or its name in a process that has not loaded it."""

    @property
    def selector(self) -> str:
        """Its name, with options."""

    @property
    def dtype(self) -> str:
        """Of the floats that it computes with."""


class Named(NamedTuple):
    """An entrant by its name alone."""

    selector: str
    dtype: str


NOBODY = Named("", "")
"""For a problem that could not be run on any backend."""


def start_record(
    problem: str, entrant: Entrant, operator: str, status: Status, reason: str = "", **known: Any
) -> Record:
    """Start the record of a cell: what was to be run, how it ended, and what else is `known`."""
    return Record(
        problem, entrant.selector, operator, entrant.dtype, status, reason=reason, **known
    )
