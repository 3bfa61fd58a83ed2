"""Session: one run of the benchmark, begun or resumed, and the file that it is saved in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calcbench.backend.backend import Backend
from calcbench.bench.cells import Group
from calcbench.bench.environment import environment
from calcbench.bench.rounds import Settings
from calcbench.bench.run import bench, due
from calcbench.errors import SelectorError
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record
from calcbench.record.run import (
    Environment,
    RunWriter,
    SavedRun,
    load,
    merge_runs,
    reusable_records,
)
from calcbench.record.writing import size_of
from calcbench.workers.memory import memory_limit

NOTHING = SavedRun((), ())
"""A run of which there is nothing yet."""


@dataclass(frozen=True)
class Destination:
    """The file that a run is saved in, and what is there already."""

    path: Path
    """Absolute: a user's file may change the directory."""
    size: int
    previous: SavedRun


def find_destination(output: Path, resume: bool) -> Destination:
    """Look at a run's file before any users' code runs, and load the run to resume, if any.

    Raises `SelectorError` where it exists and is not to be resumed, or is no run.
    """
    size = size_of(output) or 0
    if size and not resume:
        raise SelectorError(f"{str(output)!r} exists: resume it, or choose another output")
    return Destination(output.absolute(), size, load(output) if size else NOTHING)


class Session:
    """One call of `calcbench bench`, which begins a run or resumes one."""

    def __init__(
        self,
        groups: Sequence[Group],
        settings: Settings | None = None,
        destination: Destination | None = None,
        witnesses: Iterable[Backend] = (),
    ) -> None:
        """Find the cells that are due; without a destination, records are only yielded."""
        self.settings = _bounded(settings or Settings())
        self.destination, self.witnesses = destination, tuple(witnesses)
        self.previous = destination.previous if destination else NOTHING
        self.keys = _keys(groups)
        there = reusable_records(self.previous)
        self.groups = due(groups, there)
        self.changed = len({r.key for r in there} & _keys(self.groups))
        """How many finished cells are due, for their source, versions or data have changed."""
        self._environment: Environment | None = None
        self._records: list[Record] = []

    @property
    def total(self) -> int:
        """The number of cells in the matrix, finished or not."""
        return len(self.keys)

    @property
    def ok(self) -> bool:
        """Whether no cell of the matrix has failed, in this session or before."""
        return not any(r.status.failed for r in self.run().records if r.key in self.keys)

    @property
    def cells(self) -> int:
        """The number of cells that are due: those of the matrix that are not finished."""
        return sum(len(group.backends) for group in self.groups)

    def records(self, progress: Progress = silent) -> Iterator[Record]:
        """Run what is due, and yield the records; each is on the disk before it is yielded."""
        if not self.groups and self.previous.environments:
            return
        parts = [(group.problem, backend) for group in self.groups for backend in group.backends]
        modules = [m for problem, backend in parts for m in (*backend.requires, *problem.requires)]
        settings = dataclasses.asdict(self.settings)
        self._environment = environment(modules, settings, self.cells)
        writer = (
            RunWriter(self.destination.path, self.destination.size)
            if self.destination
            else RunWriter(None)
        )
        try:
            writer.write(self._environment)
            for record in bench(
                self.groups,
                self.settings,
                self._environment.id,
                witnesses=self.witnesses,
                progress=progress,
            ):
                writer.write(record)
                self._records.append(record)
                yield record
        finally:
            writer.close()

    def run(self) -> SavedRun:
        """Return the run so far, with the records that it resumed."""
        environments = (self._environment,) if self._environment else ()
        return merge_runs([self.previous, SavedRun(environments, tuple(self._records))])


def _keys(groups: Iterable[Group]) -> set[tuple[object, ...]]:
    """Return the keys of all cells of some groups."""
    return {group.key(backend) for group in groups for backend in group.backends}


def _bounded(settings: Settings) -> Settings:
    """Add a memory limit to settings without one, so that a cell fails before the system does."""
    if settings.memory is not None:
        return settings
    return dataclasses.replace(settings, memory=memory_limit())
