"""The matrix of cells, in groups whose backends are timed against each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from calcbench.backend.backend import Backend
from calcbench.errors import SelectorError
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.problem import Problem
from calcbench.problem.size import fit, parse_named


@dataclass(frozen=True)
class Group:
    """The cells of one problem, size, dtype and thread count: one for each of its backends."""

    problem: Problem
    size: int
    seed: int
    dtype: str
    threads: int
    backends: tuple[Backend, ...]
    operator: Operator = GRADIENT

    @property
    def title(self) -> str:
        """The problem, its size and the operator, as progress shows them."""
        name = f"{self.problem.name}[{self.size:,}]" if self.size > 1 else self.problem.name
        return name if self.operator == GRADIENT else f"{name}, {self.operator.selector}"

    def key(self, backend: Backend) -> tuple[object, ...]:
        """Return the key of the record that one of its cells gives (`Record.key`)."""
        return (
            self.problem.name,
            self.size,
            self.seed,
            self.problem.read_from,
            backend.selector,
            self.operator.selector,
            backend.dtype,
            self.threads,
        )


def groups(
    problems: Sequence[Problem],
    backends: Sequence[Backend],
    sizes: Sequence[int] | None,
    threads: Iterable[int],
    seed: int,
    operator: Operator = GRADIENT,
) -> list[Group]:
    """Combine problems, backends, sizes and threads; each dtype makes groups of its own.

    Without `sizes`, those that each problem declares. A problem of one size keeps it, unless it
    is the only one: then another size raises `SelectorError`, as it does for `compare`. Threads and
    dtype vary slowest, for each combination needs processes of its own.
    """
    by_dtype: dict[str, list[Backend]] = {}
    for backend in backends:
        by_dtype.setdefault(backend.dtype, []).append(backend)
    return [
        Group(problem, size, seed, dtype, number, tuple(engines), operator)
        for number in threads
        for dtype, engines in by_dtype.items()
        for problem in problems
        for size in _sizes(problem, sizes, alone=len(problems) == 1)
    ]


def _sizes(problem: Problem, sizes: Sequence[int] | None, alone: bool) -> Sequence[int]:
    """Choose a problem's sizes; `alone` says that there is no other problem."""
    if sizes is None or (problem.one_size and not alone):
        return problem.sizes
    subject = f"problem {problem.name!r}"
    sizes = [fit(subject, size, problem.sizes[0]) for size in sizes]
    if problem.one_size and set(sizes) != set(problem.sizes):
        raise SelectorError(f"{subject} has one size, {problem.sizes[0]}")
    return sizes


def shard(chosen: Sequence[Group], text: str) -> list[Group]:
    """Take every N-th group from the I-th, for text `I/N`; a group is never divided.

    Raises `SelectorError` for text that is not of that form.
    """
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
    if not found:
        raise SelectorError(f"shard {text!r} is not of the form I/N, such as 1/4")
    index, count = map(int, found.groups())
    if not 1 <= index <= count:
        raise SelectorError(f"shard {text!r}: the first number must be from 1 to {count}")
    return list(chosen[index - 1 :: count])


def parse_sizes(text: str) -> list[int]:
    """Parse `1000`, `8,1e3,1e6`, or a range: `10:1e7:log` by decades, `8:1024:log2` by doubling.

    Or sizes by name: `n=1000,d=10`, of which several stand in as many options. Raises
    `SelectorError` for what is none of these.
    """
    if "=" in text:
        return [parse_named(text, _whole)]
    found: list[int] = []
    for part in text.split(","):
        found += _range(part.strip()) if ":" in part else [_whole(part.strip())]
    return list(dict.fromkeys(found))


FACTORS = {"log": 10, "log2": 2}
"""Kind of range → what each size is multiplied by for the next."""


def _range(text: str) -> Iterator[int]:
    """Parse `START:STOP:log` or `START:STOP:log2`."""
    pieces = text.split(":")
    if len(pieces) != 3 or pieces[2] not in FACTORS:
        raise SelectorError(
            f"size {text!r} is not of the form START:STOP:log (by decades) or START:STOP:log2"
        )
    low, high = _whole(pieces[0]), _whole(pieces[1])
    if low > high:
        raise SelectorError(f"size {text!r}: it starts at {low}, beyond its end, {high}")
    while low <= high:
        yield low
        low *= FACTORS[pieces[2]]


def _whole(text: str) -> int:
    """Parse a whole number of at least 1, which may be written as `1e6`."""
    for read in (int, float):
        try:
            number = read(text)
            if number >= 1 and number == int(number):
                return int(number)
        except (ValueError, OverflowError):
            continue
    raise SelectorError(f"size {text!r} is not a whole number of at least 1")
