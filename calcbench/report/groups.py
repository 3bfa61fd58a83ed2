"""Groups of cells that are compared: one problem, size, seed, data, dtype, number of threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from calcbench.errors import printable
from calcbench.record.record import Record
from calcbench.report.numbers import plural

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Place:
    """The properties that all rows of one table share; cells of one size are compared in it."""

    problem: str
    operator: str
    seed: int
    read_from: str
    """The files of its data, if any."""
    dtype: str
    """Empty where the problem could not be run."""
    threads: int | None
    """None where none were set."""


def group_by(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Group items by a key, in the order in which keys appear first."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def place(record: Record) -> Place:
    """Name the table to which a record belongs."""
    return Place(
        record.problem,
        record.operator,
        record.seed,
        record.read_from,
        record.dtype,
        record.threads,
    )


def by_size(records: Iterable[Record]) -> dict[int, list[Record]]:
    """Group records by the size of the problem, smallest first."""
    return dict(sorted(group_by(records, lambda record: record.size).items()))


def title(where: Place, among: Iterable[Place]) -> str:
    """Name the problem, and what else tells this table from the others of the run."""
    others = list(among)
    words = [where.problem]
    if where.operator != "gradient":
        words.append(where.operator)
    if where.read_from:
        words.append(f"data {printable(where.read_from)}")
    if len({o.seed for o in others}) > 1:
        words.append(f"seed {where.seed}")
    if len({o.dtype for o in others}) > 1:
        words.append(where.dtype or "no dtype")
    if len({o.threads for o in others}) > 1:
        words.append(format_threads(where.threads))
    return ", ".join(words)


def format_threads(number: int | None) -> str:
    """Write `1 thread`, `4 threads` or `threads not set`."""
    return "threads not set" if number is None else f"{number} {plural(number, 'thread')}"
