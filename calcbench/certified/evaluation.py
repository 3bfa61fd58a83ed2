"""The evaluation of a cost on balls, and the reasons why it may not be possible."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball, NotFinite, Number, Tape, Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.constants import convert_input
from calcbench.certified.jets import primal
from calcbench.certified.vocabulary import namespace
from calcbench.errors import ProblemError, Unsupported
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.point import Point

Watch = Callable[[Ball, Ball, bool], None]
"""Told of a comparison: its two sides, and whether it holds."""


class NotCertified(Unsupported):
    """Raised where no derivative can be certified; the message is the reason."""


class TookTooLong(NotCertified):
    """Raised where an evaluation or a sweep takes longer, or more memory, than it may."""


class NotSmoothHere(NotCertified):
    """Raised where there is no derivative: those from both sides differ."""


class UndecidedHere(NotCertified):
    """Raised where no precision decides a comparison, as at a tie of numbers that are rounded."""


class NotFiniteHere(NotCertified):
    """Raised where the cost is not a finite number at this point."""


class SweepResult(NamedTuple):
    """An operator's result as sweeps give it: flat vectors in the order of its layout."""

    values: Sequence[arb] | np.ndarray
    magnitudes: np.ndarray
    """Σ |terms| that each number is the sum of: its rounding is relative to that."""
    rough: np.ndarray
    """For each number, whether it is no derivative: one-sided ones differ."""
    open: np.ndarray
    """For each number, whether it is not certified, though the others are."""
    beside: np.ndarray
    """For each number, whether it is certified by its limits beside the point."""
    reasons: np.ndarray
    """For each number that is open or a limit, why, such as `0·∞ in the chain rule at sqrt`."""
    cost: arb | None
    """The cost; None for a vector-valued problem."""
    range_fault: str
    """An intermediate result that the dtype cannot hold, if there was one."""


@dataclass(frozen=True)
class Evaluation:
    """A cost evaluated on balls: the components of the parameters, the outputs, and the tape."""

    leaves: list[Ball]
    outputs: list[Ball]
    tape: Tape

    @cached_property
    def tie_counts(self) -> Counter[tuple[int, ...]]:
        """How many comparisons tie that depend on the components at these positions."""
        places = {id(leaf): k for k, leaf in enumerate(self.leaves)}
        behind = (balls.ancestors(pair) & places.keys() for pair in self.tape.ties)
        # Numbers that were rounded tie without consequence.
        return Counter(tuple(sorted(places[ball] for ball in ids)) for ids in behind if ids)

    @property
    def ties(self) -> list[list[int]]:
        """The positions of the components that comparisons that tie depend on, each group once."""
        return [list(positions) for positions in self.tie_counts]

    @cached_property
    def tied(self) -> np.ndarray:
        """For each component, whether a comparison that ties depends on it."""
        found = np.zeros(len(self.leaves), dtype=bool)
        for positions in self.ties:
            found[positions] = True
        return found


Lift = Callable[[arb, int], Number]
"""(value, position) → the number for that component of the parameters: a jet, or a germ."""


def evaluate(
    point: Point, deadline: float, lift: Lift | None = None, watch: Watch | None = None
) -> Evaluation:
    """Evaluate the cost at the current precision; with `lift`, on other numbers than balls.

    `watch` is told of every comparison in which a parameter takes part. `deadline` is in seconds of
    `time.thread_time()`. Raises `NotCertified` where the cost cannot be evaluated on balls
    (`run_on_balls`), `Undecided` for a branch that this precision leaves open, `ProblemError` for a
    cost that is not what the problem says.
    """
    tape = Tape(deadline)
    tape.watch = watch
    problem = point.problem
    values = convert_values(point, tape, lift)
    parameters, data = problem.split(values)
    cost = run_on_balls(lambda: problem.cost(namespace(balls), *parameters, **data))
    problem.check_returned(cost)
    whole = isinstance(cost, (int, np.integer, np.bool_))
    problem.check_cost(np.shape(cost), "int64" if whole else "float64", point.value_shape)
    outputs = [balls.convert(number) for number in np.asarray(cost, dtype=object).flat]
    return Evaluation(tape.leaves, outputs, tape)


def convert_values(
    point: Point, tape: Tape | None = None, lift: Lift | None = None
) -> dict[str, Any]:
    """Convert float values to object arrays of balls: parameters active on `tape`, data constant.

    Other arrays, such as indices, stay as they are. `lift` is applied to the parameters' numbers.
    """
    found: dict[str, Any] = {}
    position = 0
    for name in (*point.problem.parameters, *point.problem.data):
        array = point[name]
        if array.dtype.kind != "f":
            found[name] = array
            continue
        active = tape if name in point.shapes else None
        if active is None and name not in _changes:
            found[name] = convert_input(point, name, balls.convert).copy()  # a cost may write
            continue
        numbers = exact_numbers(point, name)
        found[name] = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            value: Number = numbers[index]
            if active is not None and lift is not None:
                value, position = lift(value, position), position + 1
            found[name][index] = ball = Ball(value, (), active)
            if active is not None:
                active.leaves.append(ball)
    return found


def exact_numbers(point: Point, name: str) -> np.ndarray:
    """Convert the floats of an input to `flint.arb`, which are exact, and shared."""
    numbers = convert_input(point, name, arb)
    return np.asarray(numbers + numbers * _changes[name]) if name in _changes else numbers


_changes: Mapping[str, np.ndarray] = {}
"""Name of an input → how its numbers are changed, relatively; like the precision, it is global."""


@contextlib.contextmanager
def change_inputs(relative: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Change inputs by less than a float can hold: name → array of `flint.arb`, relative to 1."""
    global _changes
    before, _changes = _changes, relative
    try:
        yield
    finally:
        _changes = before


def inputs_changed() -> bool:
    """Tell whether inputs are changed by less than a float can hold."""
    return bool(_changes)


def run_on_balls(function: Callable[[], Any]) -> Any:
    """Call a user's code on balls; what it raises there becomes the reason of a `NotCertified`.

    `NotFiniteHere` for what is not a number; `Undecided` and `ProblemError` pass through.
    """
    try:
        return function()
    except NotFinite as error:
        where = f" at {error.place}" if error.place else ""
        raise NotFiniteHere(f"{error}{where}") from error
    except TooSlow:
        raise TookTooLong("it would take too long") from None
    except Unsupported as error:
        raise NotCertified(str(error)) from error
    except (Undecided, ProblemError):
        raise
    except RAISED as error:
        raise NotCertified(describe(error)) from error


def influence(order: Iterable[Ball]) -> float:
    """Return Σ |adjoint·value| over the balls of a sweep: u times it is the rounding of the output.

    To first order, an error of u·|v| in an intermediate result v moves the output by |∂C/∂v|·u·|v|.
    """
    return sum(
        abs(float((primal(ball.adjoint) * primal(ball.value)).mid()))
        for ball in order
        if ball.adjoint is not None
    )


def _is_infinite(value: Any) -> bool:
    """Tell whether a value is ∞ or −∞ and no number: what is masked, in log space."""
    return bool(not value.mid().is_finite() and value.rad().is_finite() and not value.is_nan())


class Range(NamedTuple):
    """What a dtype can hold."""

    largest: float
    smallest: float
    unit: float

    @classmethod
    def of(cls, dtype: str) -> Range:
        """Read the limits of a dtype."""
        kind = np.finfo(dtype)
        return cls(float(kind.max), float(kind.tiny), float(kind.eps))

    def excludes(self, value: arb, adjoint: arb | None, scale: arb) -> bool:
        """Tell whether an intermediate result overflows, or underflows and matters.

        That is, to first order it contributes more to an output of size `scale` than rounding does.
        """
        size = abs(value)
        underflows = size < self.smallest and size > 0 and adjoint is not None
        return bool(
            (size > self.largest and not _is_infinite(value))
            or (underflows and abs(adjoint * value) > self.unit * scale)
        )


def describe_fault(value: arb) -> str:
    """Say which intermediate result a dtype cannot hold."""
    text = value.str(3, radius=False) if value.is_finite() else "infinite"
    return f"an intermediate result is {text}"


def range_fault(order: Iterable[Ball], scale: arb, dtype: str) -> str:
    """Name the first intermediate result that the dtype cannot hold, after a sweep, if any."""
    limits = Range.of(dtype)
    for ball in order:
        value = primal(ball.value)
        if limits.excludes(value, primal(ball.adjoint), scale):
            return describe_fault(value)
    return ""
