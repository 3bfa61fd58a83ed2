"""Which cells belong beside each other: one problem, size, seed, dtype, number of threads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calcbench.record.record import Record


@dataclass(frozen=True)
class Place:
    """What all rows of one table share; within it, cells of one size are compared."""

    problem: str
    operator: str
    seed: int
    dtype: str
    """Empty where the problem could not be run."""
    threads: int | None
    """None where none were set."""


def place(record: Record) -> Place:
    """The table to which a record belongs."""
    return Place(record.problem, record.operator, record.seed, record.dtype, record.threads)


def by_place(records: Iterable[Record]) -> dict[Place, list[Record]]:
    """Records of one table, in the order in which tables appeared first."""
    found: dict[Place, list[Record]] = {}
    for record in records:
        found.setdefault(place(record), []).append(record)
    return found


def by_size(records: Iterable[Record]) -> dict[int, list[Record]]:
    """Records by the size of the problem, smallest first."""
    found: dict[int, list[Record]] = {}
    for record in records:
        found.setdefault(record.size, []).append(record)
    return dict(sorted(found.items()))


def title(where: Place, among: Iterable[Place]) -> str:
    """The problem, and what else tells this table from the others of the run."""
    others = list(among)
    words = [where.problem]
    if where.operator != "gradient":
        words.append(where.operator)
    if len({o.seed for o in others}) > 1:
        words.append(f"seed {where.seed}")
    if len({o.dtype for o in others}) > 1:
        words.append(where.dtype or "no dtype")
    if len({o.threads for o in others}) > 1:
        words.append(threads(where.threads))
    return ", ".join(words)


def threads(number: int | None) -> str:
    """`1 thread`, `4 threads`, `threads not set`."""
    if number is None:
        return "threads not set"
    return f"{number} thread" + ("s" if number != 1 else "")
