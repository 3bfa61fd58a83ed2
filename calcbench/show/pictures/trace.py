"""The operations of a cost, one by one: what each is called, its value and its slopes.

The cost is run on numbers that carry a ball of the certificate along. Values, the slope of every
operation by its operands, and the slope of the result by every operation are those of the
certified tape; only the names are added.
"""

from __future__ import annotations

import operator
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball, Tape, Undecided
from calcbench.certified.evaluation import NotCertified, run_on_balls
from calcbench.certified.vocabulary import METHODS, namespace
from calcbench.problem.point import Point, component_name
from calcbench.vocabulary.duals import Dual

BITS = 64
"""Precision: a picture shows a few digits."""

SECONDS = 2.0
"""Processor time that a cost may take; one that takes more has too many operations to draw."""


class Node:
    """A number in a cost: a parameter, a piece of data, a constant, or an operation on others."""

    def __init__(self, label: str, ball: Ball, operands: Sequence[Node] = ()) -> None:
        """Name a ball; its operands are what it was computed from."""
        self.label, self.ball, self.operands = label, ball, operands

    @property
    def active(self) -> bool:
        """Whether it depends on a parameter."""
        return self.ball.tape is not None

    @property
    def value(self) -> float:
        """Its value."""
        return float(self.ball.value.mid())

    @property
    def slope(self) -> float:
        """The slope of the result by it, after a reverse sweep."""
        return 0.0 if self.ball.adjoint is None else float(self.ball.adjoint.mid())

    def slope_by(self, operand: Node) -> float:
        """Give its slope by one of its operands."""
        if self.ball is operand.ball:  # |x| where x is positive
            return 1.0
        found = (partial for ball, partial in self.ball.edges if ball is operand.ball)
        return float(sum(found, arb(0)).mid())

    def __neg__(self) -> Node:
        return _apply("−", -self.ball, (self,))

    __hash__ = object.__hash__


def convert(number: Any) -> Node:
    """Make a constant of an exact number; a node stays as it is."""
    return number if isinstance(number, Node) else Node("", balls.convert(number))


def total(terms: Sequence[Node]) -> Node:
    """Add nodes up."""
    return _apply("Σ", balls.total([term.ball for term in terms]), terms)


def dot(xs: Sequence[Node], ys: Sequence[Node]) -> Node:
    """Add up the products of two sequences."""
    found = balls.dot([x.ball for x in xs], [y.ball for y in ys])
    return _apply("Σ·", found, (*xs, *ys))


def logsumexp(terms: Sequence[Node]) -> Node:
    """Compute log Σ eˣ."""
    return _apply("log Σ e", balls.logsumexp([term.ball for term in terms]), terms)


def pi() -> Node:
    """Return π."""
    return Node("π", balls.pi())


def e() -> Node:
    """Return Euler's number."""
    return Node("e", balls.e())


def special(name: str, number: Node) -> Node:
    """Evaluate a special function."""
    return _apply(name, balls.special(name, number.ball), (number,))


def floor(number: Node) -> Node:
    """Round down: to a constant, for its slope is 0."""
    return Node("", balls.floor(number.ball))


def round(number: Node) -> Node:
    """Round to the nearest whole number; as `floor`."""
    return Node("", balls.round(number.ball))


def select(holds: Callable[[Node, Node], bool], x: Node, y: Node) -> Node:
    """Take one of two numbers: the other one is not in the picture."""
    return x if holds(x, y) else y


def hold(number: Node) -> Node:
    """Hold a number constant: the slope is 0."""
    return Node("", balls.hold(number.ball))


def index(place: int, numbers: Sequence[Node]) -> int:
    """Return an index, which has no slope and is no box of the graph."""
    return place


def is_finite(number: Node) -> bool:
    """Tell whether it is a number, and not infinite."""
    return balls.is_finite(number.ball)


def is_nan(number: Node) -> bool:
    """Tell whether it is none."""
    return balls.is_nan(number.ball)


def size(number: Node) -> float:
    """Return roughly |number|, to choose a pivot by."""
    return abs(number.value)


def middle(number: Node) -> float:
    """Return the midpoint."""
    return number.value


def constant(ball: arb) -> Node:
    """Make a constant of a ball."""
    return Node("", balls.constant(ball))


def enclosure(number: Node) -> arb:
    """Return the ball of a number."""
    return balls.enclosure(number.ball)


def add_unknown(
    numbers: Sequence[Node], others: Sequence[Node], bounds: tuple[arb, arb, arb]
) -> Sequence[Node]:
    """Leave out what is left out of a series, which a picture does not show."""
    return numbers


def _apply(label: str, ball: Ball, operands: Sequence[Node]) -> Node:
    """Make the node of an operation; one of constants alone is a constant."""
    return Node(label, ball, tuple(operands)) if ball.tape is not None else Node("", ball)


def _binary(label: str, function: Callable[[Ball, Ball], Ball], swapped: bool = False) -> Any:
    """Make a method of two nodes, or of a node and an exact number; arrays are NumPy's."""

    def apply(self: Node, other: Any) -> Any:
        if isinstance(other, (np.ndarray, Dual)):
            return NotImplemented
        pair = (convert(other), self) if swapped else (self, convert(other))
        return _apply(label, function(pair[0].ball, pair[1].ball), pair)

    return apply


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Node, Any], Any]:
    """Make a comparison with a node or a number; arrays are NumPy's."""

    def apply(self: Node, other: Any) -> Any:
        if not isinstance(other, (Node, *balls.NUMBERS)):
            return NotImplemented
        return compare(self.ball, convert(other).ball)

    return apply


def _unary(name: str) -> Callable[[Node], Node]:
    label = {"abs": "|·|", "sqrt": "√", "sigmoid": "σ"}.get(name, name)
    return lambda self: _apply(label, getattr(self.ball, name)(), (self,))


for _name, _label, _function in (
    ("add", "+", lambda x, y: x + y),
    ("sub", "−", lambda x, y: x - y),
    ("mul", "×", lambda x, y: x * y),
    ("truediv", "÷", lambda x, y: x / y),
    ("pow", "^", lambda x, y: x**y),
):
    setattr(Node, f"__{_name}__", _binary(_label, _function))
    setattr(Node, f"__r{_name}__", _binary(_label, _function, swapped=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Node, f"__{_name}__", _comparison(getattr(operator, _name)))
for _name in METHODS:
    setattr(Node, _name, _unary(_name))


def trace(point: Point) -> Node:
    """Run the cost once, sweep backwards, and return the node of its result.

    Raises `NotCertified` where the cost cannot be evaluated on balls at the point.
    """
    with balls.precision(BITS):
        tape = Tape(time.thread_time() + SECONDS)
        problem = point.problem
        values = {name: _nodes(point, name, tape) for name in (*problem.parameters, *problem.data)}
        parameters, data = problem.split(values)
        kind: Any = sys.modules[__name__]
        try:
            cost = run_on_balls(lambda: problem.cost(namespace(kind), *parameters, **data))
        except (NotCertified, Undecided) as error:
            raise NotCertified(f"problem {problem.name!r} has no graph here: {error}") from error
        result = convert(np.asarray(cost, dtype=object).item())
        balls.reverse([(result.ball, arb(1))], list(reversed(tape)))
        return result


def _nodes(point: Point, name: str, tape: Tape) -> Any:
    """Convert the values of a parameter or of data to named nodes; indices stay as they are."""
    array = point[name]
    if array.dtype.kind != "f":
        return array
    found = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        ball = Ball(arb(float(array[index])), (), tape if name in point.shapes else None)
        found[index] = Node(component_name(name, index), ball)
    return found
