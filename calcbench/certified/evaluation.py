"""One evaluation of a cost on balls, and the reasons why there may be none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball, NotFinite, Number, Tape, TooSlow, Undecided
from calcbench.certified.jets import along, primal
from calcbench.certified.vocabulary import namespace
from calcbench.errors import ProblemError, Unsupported, first_line
from calcbench.problem.point import Point


class NotCertified(Unsupported):
    """There is no certified derivative here; the message is the reason."""


class NotSmoothHere(NotCertified):
    """There may be no derivative at this point: a branch that no precision decides."""


class NotFiniteHere(NotCertified):
    """The cost is not a number at this point."""


class Found(NamedTuple):
    """What one sweep finds of an operator, as flat vectors in the order of its layout."""

    values: Sequence[arb]
    magnitudes: np.ndarray
    """Σ |terms| of every number: what may cancel in it."""
    rough: np.ndarray
    """Whether every number is no derivative, because of a tie."""
    cost: arb | None
    """The cost; of a vector-valued problem None."""
    cost_magnitude: float
    """Σ |∂C/∂v · v| over all intermediate results v."""
    range_fault: str
    """An intermediate result that the dtype cannot hold, if there was one."""


@dataclass(frozen=True)
class Evaluation:
    """A cost evaluated on balls: the parameters' components, the outputs, and all between."""

    leaves: list[Ball]
    outputs: list[Ball]
    tape: Tape

    @cached_property
    def tied(self) -> np.ndarray:
        """Whether each component takes part in a comparison that ties."""
        ids = balls.ancestors(self.tape.ties)
        return np.array([id(leaf) in ids for leaf in self.leaves])


def evaluate(point: Point, deadline: float, directions: np.ndarray | None = None) -> Evaluation:
    """Evaluate the cost at the working precision; on jets along `directions` (components, k).

    Raises `NotCertified` where balls cannot do it (`guarded`), `ProblemError` for a cost that is
    not what the problem says.
    """
    tape = Tape(deadline)
    problem = point.problem
    values = lift_values(point, tape, directions)
    leaves = [ball for name in problem.parameters for ball in values[name].flat]
    parameters, data = problem.split(values)
    cost = guarded(lambda: problem.cost(namespace(balls), *parameters, **data))
    whole = isinstance(cost, (int, np.integer, np.bool_))
    problem.check_cost(np.shape(cost), "int64" if whole else "float64", point.value_shape)
    outputs = [balls.lift(number) for number in np.asarray(cost, dtype=object).flat]
    return Evaluation(leaves, outputs, tape)


def lift_values(
    point: Point, tape: Tape | None = None, directions: np.ndarray | None = None
) -> dict[str, Any]:
    """Lift all float values to object arrays of balls: parameters active on `tape`, data constant."""
    found: dict[str, Any] = {}
    row = 0
    for name in (*point.problem.parameters, *point.problem.data):
        array = point[name]
        if array.dtype.kind != "f":
            found[name] = array
            continue
        active = tape if name in point.shapes else None
        found[name] = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            value: Number = arb(float(array[index]))
            if active is not None and directions is not None:
                value, row = along(value, directions[row]), row + 1
            found[name][index] = Ball(value, (), active)
    return found


def lift_constants(array: np.ndarray) -> np.ndarray:
    """Lift floats to an object array of constant balls."""
    found = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        found[index] = Ball(arb(float(array[index])))
    return found


def guarded(evaluate: Callable[[], Any]) -> Any:
    """Evaluate user code on balls; what they cannot do is a reason, not a traceback."""
    try:
        return evaluate()
    except NotFinite as error:
        raise NotFiniteHere(str(error)) from error
    except TooSlow:
        raise NotCertified("it would take too long") from None
    except Unsupported as error:
        raise NotCertified(str(error)) from error
    except (Undecided, ProblemError):
        raise
    except Exception as error:
        raise NotCertified(f"{type(error).__name__}: {first_line(error)}") from error


def influence(order: Iterable[Ball]) -> float:
    """Σ |adjoint·value| over what a sweep went through: u times it is the rounding of a cost."""
    return sum(
        abs(float((primal(ball.adjoint) * primal(ball.value)).mid()))
        for ball in order
        if ball.adjoint is not None
    )


def range_fault(order: Iterable[Ball], scale: arb, dtype: str) -> str:
    """The first intermediate result that the dtype cannot hold, after a sweep in this order.

    One that overflows, or one that underflows and matters: to first order it contributes more to
    a cost of this scale than rounding does.
    """
    largest, smallest = (float(limit) for limit in (np.finfo(dtype).max, np.finfo(dtype).tiny))
    unit = float(np.finfo(dtype).eps)
    for ball in order:
        value, adjoint = primal(ball.value), primal(ball.adjoint)
        size = abs(value)
        lost = size < smallest and size > 0 and adjoint is not None
        if size > largest or (lost and abs(adjoint * value) > unit * scale):
            return f"an intermediate result is {value.str(3, radius=False)}"
    return ""
