"""Gradient descent by any backend: the path, and the cost along it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.errors import SelectorError, Unsupported, short_repr
from calcbench.operators.operator import VALUE
from calcbench.problem.arguments import real_array, whole_number
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.flat import cut, flatten
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays
from calcbench.record.plain import plain
from calcbench.report.picture import Picture, can_draw, check_ending
from calcbench.report.tables.table import Entry, Table
from calcbench.show.pictures.descent import draw_descent
from calcbench.show.pictures.style import place, write_number

KEPT = 50_000_000
"""How many numbers the paths of one descent may hold."""

SHOWN = 4
"""Components in a table."""


@dataclass(frozen=True, eq=False)
class Descent:
    """A path of gradient descent: θ ← θ − rate · ∇C, step by step. It plots itself.

    It stops before `steps` where the cost or its gradient is no longer a finite number.
    """

    start: Point
    backend: str
    """The selector of the backend that took the gradients."""
    rate: float
    positions: np.ndarray
    """Where it was at the start and after every step: shape (steps + 1, components)."""
    costs: np.ndarray
    """The cost there: shape (steps + 1,)."""
    stopped: str = ""
    """Why it ended early, or nothing."""

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.costs) - 1

    @property
    def parameters(self) -> Arrays:
        """Parameter name → its values at the start and after every step, along the first axis."""
        shapes = self.start.shapes
        return dict(zip(shapes, cut(self.positions, shapes.values()), strict=True))

    @property
    def end(self) -> Arrays:
        """Parameter name → its value after the last step."""
        return {name: np.array(values[-1]) for name, values in self.parameters.items()}

    def picture(self) -> Picture:
        """Draw the path on the level curves, the cost per step and, for a regression, its curve."""
        return draw_descent([self])

    def save(self, path: str | Path) -> None:
        """Save the picture: .svg, .png, .pdf or .html."""
        check_ending(path)  # before it is drawn
        self.picture().save(path)

    def as_json(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        data: dict[str, Any] = plain(
            {
                "problem": self.start.problem.name,
                "backend": self.backend,
                "rate": self.rate,
                "steps": self.steps,
                "costs": self.costs,
                "parameters": self.parameters,
                "stopped": self.stopped,
            }
        )
        return data

    def _repr_svg_(self) -> str | None:
        return self.picture().svg() if can_draw() else None

    def __str__(self) -> str:
        """Say in a line where the path began and ended, and what became of the cost."""
        letter = self.start.problem.letter
        first, last = write_number(self.costs[0], 6), write_number(self.costs[-1], 6)
        said = (
            f"{self.steps} steps at rate {write_number(self.rate)}: {letter} from {first} to {last}"
        )
        if self.start.size <= SHOWN:
            names = [self.start.component(k) for k in range(self.start.size)]
            said += f" at {place(names, self.positions[-1])}"
        return f"{said}{self.note}"

    @property
    def note(self) -> str:
        """What went wrong, to be put behind a sentence: nothing if the cost fell."""
        if self.stopped:
            return f"; stopped: {self.stopped}"
        if self.costs[-1] > self.costs[0]:
            return "; the cost grew: the rate is too large"
        return ""

    __repr__ = __str__


@dataclass(frozen=True, eq=False, repr=False)
class Descents:
    """Paths at several rates, from one start; they are drawn in one picture."""

    paths: tuple[Descent, ...]

    def __iter__(self) -> Iterator[Descent]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int) -> Descent:
        return self.paths[place]

    def picture(self) -> Picture:
        """Draw all paths side by side."""
        return draw_descent(self.paths)

    def save(self, path: str | Path) -> None:
        """Save the picture: .svg, .png, .pdf or .html."""
        check_ending(path)  # before it is drawn
        self.picture().save(path)

    def _repr_svg_(self) -> str | None:
        return self.picture().svg() if can_draw() else None

    def __str__(self) -> str:
        """Say in a line each what became of a path."""
        return "\n".join(map(str, self.paths))

    __repr__ = __str__


def descend(point: Point, backend: Backend, rates: Iterable[float], steps: int) -> Descents:
    """Descend from a point at every rate; the backend is prepared once.

    Raises `SelectorError` for a rate or number of steps that is none, `Unsupported` where the cost
    is not finite at the start, and what `Backend.prepare` raises.
    """
    chosen = [_check_rate(rate) for rate in rates]
    if not chosen:
        raise SelectorError("no rate is given")
    steps = whole_number("steps", steps, 1)
    if len(chosen) * (steps + 1) * point.size > KEPT:
        raise SelectorError(
            f"{short_repr(steps)} steps of {point.size:,} components at {len(chosen)} rates are "
            "too many to keep: take fewer"
        )
    with np.errstate(all="ignore"):
        prepared = backend.prepare(point, "value_and_gradient")

        def evaluate(vector: np.ndarray) -> tuple[float, np.ndarray]:
            found = prepared.evaluate(point.with_values(point.unflatten(vector)))
            return float(found.pop(VALUE)), flatten(found.values(), np.float64)

        return Descents(tuple(_follow(point, backend, rate, steps, evaluate) for rate in chosen))


def _follow(point: Point, backend: Backend, rate: float, steps: int, evaluate: Any) -> Descent:
    """Take the steps of one path, as far as they are finite."""
    vector, stopped = point.vector, ""
    cost, slope = evaluate(vector)
    if not np.isfinite(cost):
        raise Unsupported(
            f"the cost of problem {point.problem.name!r} is not a finite number at the start: "
            "choose another point by `at`"
        )
    positions, costs = [vector], [cost]
    for step in range(1, steps + 1):
        if not np.all(np.isfinite(slope)):
            stopped = f"the gradient is not finite after {step - 1} steps"
            break
        vector = vector - rate * slope
        try:
            cost, slope = evaluate(vector) if np.all(np.isfinite(vector)) else (np.nan, slope)
        except RAISED as error:  # whatever a user's code raises
            stopped = f"after {step} steps the cost raises {describe(error)}"
            break
        if not np.isfinite(cost):
            stopped = f"the cost is not finite after {step} steps: the rate may be too large"
            break
        positions.append(vector)
        costs.append(cost)
    return Descent(point, backend.selector, rate, np.array(positions), np.array(costs), stopped)


def _check_rate(rate: Any) -> float:
    """Read a rate. Raises `SelectorError` for what is no positive number."""
    try:
        found = real_array(rate)
    except ValueError:
        found = np.array(np.nan)
    if found.shape or not (np.isfinite(found) and found > 0):
        raise SelectorError(f"a rate must be a positive number, got {short_repr(rate)}")
    return float(found)


def table(path: Descent) -> Table:
    """Tabulate a path: the cost and the first components at a few steps."""
    names = [path.start.component(k) for k in range(min(path.start.size, SHOWN))]
    rows = [
        [
            Entry(f"{step:,}"),
            Entry(f"{path.costs[step]:.9g}"),
            *(Entry(f"{value:.9g}") for value in path.positions[step, : len(names)]),
        ]
        for step in shown_steps(path.steps)
    ]
    title = f"{path.start.problem.name}: gradient descent ({path.backend}), rate {path.rate:g}"
    more = path.start.size - len(names)
    notes = [f"{len(names)} of {path.start.size} components; --json gives all"] if more else []
    if path.note:
        notes.append(path.note.removeprefix("; "))
    return Table(title, ["step", path.start.problem.letter, *names], rows, notes)


def shown_steps(last: int) -> list[int]:
    """List a few steps: 0, 1, 2, 5, 10, 20, 50, …, and the last."""
    powers = (m * 10**k for k in range(len(str(last))) for m in (1, 2, 5))
    return sorted({0, last, *(step for step in powers if step < last)})
