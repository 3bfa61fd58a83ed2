"""A session in a worker: users' files and plugins never run in the process that prints."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from calcbench.bench import guest
from calcbench.errors import CalcbenchError
from calcbench.record.progress import Progress
from calcbench.record.record import Record
from calcbench.record.run import SavedRun, load, merge_runs
from calcbench.workers.isolation import Worker, WorkerDied, importing

ATTEMPTS = 3
"""Processes that are tried for one benchmark, should they be killed or stopped from outside."""

LOOK = 0.5
"""Seconds between two looks whether the process is stopped."""


class SessionInWorker:
    """One call of `calcbench bench`: a `Session`, as seen from outside of its worker."""

    def __init__(self, timeout: float, start: str, **selection: Any) -> None:
        """Open the session, as `open_session`; importing what is selected has `timeout` seconds.

        Raises what that raises, and `SelectorError` for an import that does not end, or ends the
        worker.
        """
        self._worker = Worker(None, None, start, daemon=False)  # it has workers of its own
        self._timeout, self._selection = timeout, selection
        self._records: list[Record] = []
        self._finished: SavedRun | None = None
        try:
            with importing():
                self.outline = self._open(**selection)
        except BaseException:
            self.close()
            raise

    def _open(self, **selection: Any) -> guest.Outline:
        """Start the worker, if there is none, and open the session there."""
        self._worker.load(guest.__name__)
        outline: guest.Outline = self._worker.ask(guest.open, selection, timeout=self._timeout)
        return outline

    @property
    def total(self) -> int:
        """The number of cells in the matrix, finished or not."""
        return len(self.outline.keys)

    @property
    def cells(self) -> int:
        """The number of cells that are due."""
        return sum(len(group.backends) for group in self.outline.groups)

    def run(self, progress: Progress, advance: Callable[[Record], None]) -> None:
        """Run what is due; `advance` takes each record, which is on the disk by then."""

        def hear(told: str | Record) -> None:
            if isinstance(told, str):
                progress(told)
                return
            self._records.append(told)
            advance(told)

        for attempt in range(ATTEMPTS):
            try:
                if attempt:  # what is finished is on the disk
                    self._open(**{**self._selection, "resume": True})
                with self._not_stopped():
                    self._finished = self._worker.ask(guest.run, timeout=math.inf, answer=hear)
                return
            except WorkerDied as fate:
                reason = fate.reason
        raise CalcbenchError(f"the process of the benchmark has ended {ATTEMPTS} times: {reason}")

    @contextlib.contextmanager
    def _not_stopped(self) -> Iterator[None]:
        """Kill the worker when it has been stopped for longer than any step may take."""
        done = threading.Event()

        def watch() -> None:
            stopped = 0.0
            while stopped <= self._timeout and not done.wait(LOOK):
                stopped = stopped + LOOK if self._worker.stopped else 0.0
            if not done.is_set():
                self._worker.kill()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def saved(self) -> SavedRun:
        """Return the run so far, with the records that it resumed."""
        if self._finished is not None:
            return self._finished
        return merge_runs([self.outline.previous, SavedRun((), tuple(self._records))])

    def matrix(self) -> list[Record]:
        """Return the records of the matrix's cells, of this session or resumed."""
        return [record for record in self.saved().records if record.key in self.outline.keys]

    def count_saved(self, path: Path) -> int:
        """Count the matrix's cells in a file: a record may be there before it is told of."""
        return sum(record.key in self.outline.keys for record in load(path).records)

    def close(self) -> None:
        """End the worker, and its own."""
        self._worker.stop()
