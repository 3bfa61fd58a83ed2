"""A run as a file: JSON Lines, one line per cell, written as it ends.

The first line says what ran where (`Environment`); each further line is a `Record`. A resumed
or merged run has several lines of the first kind, and every record names its own. A file whose
last line was cut short loses that line and nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from calcbench.errors import SelectorError, printable, short_repr
from calcbench.record.lock import lock
from calcbench.record.plain import plain
from calcbench.record.reading import Count, FieldError, Scalar, read
from calcbench.record.record import SCHEMA, Record, Status, check_schema
from calcbench.record.writing import check_name, refuse_unwritable, replacing, write_json


@dataclass(frozen=True)
class Environment:
    """The environment of a run: machine, versions, settings. No host name, user or path."""

    id: str
    """Random; records name it as their `run`."""
    started: str
    """UTC, as 2026-11-22T16:09:24Z."""
    calcbench: str
    """Its version."""
    machine: dict[str, Scalar] = field(default_factory=dict)
    """`cpu`, `cores`, `memory`, `system`, `governor`, `load`, … as far as the system tells."""
    versions: dict[str, str] = field(default_factory=dict)
    """Python and every library that a backend or problem of the run stands on."""
    settings: dict[str, Scalar] = field(default_factory=dict)
    """How it was timed: `burst`, `rounds`, `budget`, `precision`, `timeout`, `memory`."""
    git: dict[str, Scalar] = field(default_factory=dict)
    """`commit` and `dirty` of the calcbench that ran, where it runs from a repository."""
    cells: Count = 0
    """Cells that were due; fewer records mean that the run was interrupted."""

    def as_json(self) -> dict[str, Any]:
        """Give plain data for JSON, in which NaN and infinity are text (see `plain`)."""
        return {"schema": SCHEMA, "kind": "run", **plain(dataclasses.asdict(self))}


@dataclass(frozen=True)
class SavedRun:
    """The environments and records of a run: each cell once, as it was measured last."""

    environments: tuple[Environment, ...]
    records: tuple[Record, ...]
    cut: int = 0
    """Lines of the file that were cut short, and are lost."""

    @property
    def ok(self) -> bool:
        """Whether no cell failed."""
        return not any(record.status.failed for record in self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __bool__(self) -> bool:
        """Whether it is a run: it is, of no cells too."""
        return True

    def environment(self, record: Record) -> Environment | None:
        """Find the environment in which a record was measured; None where the run lacks it."""
        return next((e for e in self.environments if e.id == record.run), None)


class RunWriter:
    """A file of a run, open for appending; each line is on the disk before the next begins."""

    def __init__(self, path: Path | None, size: int | None = None) -> None:
        """Open the file, and make its folder; without a path, nothing is written.

        `size` is how many bytes it had when it was looked at, if it was. Raises `SelectorError`
        where the file cannot be opened, or another process writes to it, or has since.
        """
        self.file: IO[str] | None = None
        if path is None:
            return
        with refuse_unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a", encoding="utf-8")
            if not lock(file) or size not in (None, path.stat().st_size):
                file.close()
                raise SelectorError(
                    f"another calcbench writes to {str(path)!r}: choose another output"
                )
            if path.stat().st_size and not _ends_a_line(path):
                file.write("\n")  # what was cut short stays a line of its own
        self.file = file

    def write(self, entry: Environment | Record) -> None:
        """Append one line and flush it to the disk. Raises `SelectorError` where that fails."""
        if self.file is None:
            return
        with refuse_unwritable(Path(self.file.name)):
            self.file.write(write_json(entry.as_json()) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())

    def close(self) -> None:
        """Close the file."""
        if self.file is not None:
            with contextlib.suppress(OSError):  # what could not be written, `write` has said
                self.file.close()


def save(run: SavedRun, path: Path) -> None:
    """Write a whole run. Raises `SelectorError` where that fails, and leaves no half of one."""
    entries: list[Environment | Record] = [*run.environments, *run.records]
    with replacing(path) as part:
        text = "".join(f"{write_json(entry.as_json())}\n" for entry in entries)
        part.write_text(text, encoding="utf-8")


def load(path: str | Path) -> SavedRun:
    """Read a run. Raises `SelectorError` where the file is missing or is no run."""
    if not isinstance(path, (str, os.PathLike)):
        raise SelectorError(f"a run is given by the name of its file, got {short_repr(path)}")
    path = Path(path)
    environments: list[Environment] = []
    records: list[Record] = []
    cut = 0
    for number, line in enumerate(_read_lines(path), start=1):
        if not line.strip():
            continue
        entry = _read_entry(line, f"{path}:{number}")
        if entry is None:
            cut += 1
        elif isinstance(entry, Environment):
            environments.append(entry)
        else:
            records.append(entry)
    if not environments:
        raise SelectorError(f"{str(path)!r} is no calcbench run: no line says what ran where")
    return SavedRun(tuple(environments), _keep_last(records), cut)


def merge_runs(runs: Iterable[SavedRun]) -> SavedRun:
    """Make one run of several: all environments, and each cell as the last run has it."""
    environments: dict[str, Environment] = {}
    records: list[Record] = []
    cut = 0
    for run in runs:
        environments.update({e.id: e for e in run.environments})
        records += run.records
        cut += run.cut
    return SavedRun(tuple(environments.values()), _keep_last(records), cut)


def reusable_records(run: SavedRun) -> list[Record]:
    """Select the records that need not be run again, while their source and versions stay."""
    same_again = (Status.SKIPPED, Status.IMPRECISE)
    return [r for r in run.records if r.status.measured or r.status in same_again]


def _read_lines(path: Path) -> list[bytes]:
    """Read the lines of a file: bytes, cut at line feeds alone.

    For a line may end within a character, and a reason may hold what Python takes for another
    end of a line (U+2028).
    """
    check_name(path)
    try:
        return path.read_bytes().split(b"\n")
    except OSError as error:
        name = printable(repr(str(path)))
        raise SelectorError(f"cannot read the run {name}: {error.strerror}") from error


def _read_entry(line: bytes, place: str) -> Environment | Record | None:
    """Read one line; None where it was cut short. Raises `SelectorError` for any other line."""
    try:
        try:
            data = json.loads(line.decode("utf-8"))
        except ValueError:  # also what is not UTF-8
            return None
        if not isinstance(data, dict):
            raise FieldError("it is no object")
        return _environment(data) if data.get("kind") == "run" else Record.from_json(data)
    except SelectorError as error:
        raise SelectorError(f"{place}: {error}") from error
    except FieldError as error:
        raise SelectorError(f"{place} is no line of a calcbench run: {error}") from error
    except RecursionError:
        reason = "it is nested too deep"
        raise SelectorError(f"{place} is no line of a calcbench run: {reason}") from None


def _keep_last(records: Iterable[Record]) -> tuple[Record, ...]:
    """Keep each cell once, as it came last, in the order in which cells came first."""
    return tuple({record.key: record for record in records}.values())


def _environment(data: dict[str, Any]) -> Environment:
    check_schema(data, "run")
    environment: Environment = read(Environment, data)
    return environment


def _ends_a_line(path: Path) -> bool:
    """Whether a file is empty, or ends with a line feed."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
