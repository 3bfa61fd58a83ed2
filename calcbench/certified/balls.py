"""Ball: one number with a rigorous error radius, which remembers how it was computed.

A ball is active if it depends on a parameter. Operations on active balls are recorded on a tape
with their partial derivatives, which are balls too; `reverse` sweeps the tape backwards (reverse
mode: Griewank & Walther, Evaluating Derivatives, 2nd ed., chapter 3). Balls that are not active
are constants and leave no record.
"""

from __future__ import annotations

import contextlib
import operator
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

from calcbench.certified import budget, conditions, elementary
from calcbench.certified.budget import TooSlow
from calcbench.certified.jets import Jet, primal
from calcbench.certified.ordering import INDEX
from calcbench.errors import Unsupported
from calcbench.vocabulary.duals import Dual

Number = Any
"""The number inside a ball: a `flint.arb`, or a `Jet` where second derivatives are wanted."""

CLOCK_INTERVAL = 16
"""Steps between two readings of the clock, which would cost as much as a step if read at each."""


class NotFinite(ArithmeticError):
    """Raised where an operation has no finite result, such as the logarithm of −1."""

    place = ""
    """Where in a user's code that is, if it is known."""


class Tape(list["Ball"]):
    """The active balls in the order in which they were computed."""

    def __init__(self, deadline: float = float("inf")) -> None:
        """Start an empty tape that gives up at `deadline`.

        In seconds of `time.thread_time()`, so that a busy machine changes no verdict.
        """
        super().__init__()
        budget.register(self)
        self.deadline = deadline
        self.ties: list[tuple[Ball, Ball]] = []
        """Comparisons that tied exactly: the parameters behind one may have no derivative."""
        self.kinks = 0
        """How many of these were made to take the larger or smaller of two, or |x|."""
        self.last_ties = False
        """Whether the last comparison tied."""
        self.leaves: list[Ball] = []
        """The components of the parameters, in order."""
        self.watch: Callable[[Ball, Ball, bool], None] | None = None
        """What to tell of every comparison in which a parameter takes part (`branches`)."""

    def add(self, ball: Ball) -> None:
        """Append a ball, and set its place. Raises `TooSlow` past the deadline."""
        ball.place = len(self)
        self.append(ball)
        self.check_deadline(ball.place)

    def at_kink(self) -> bool:
        """Tell whether the last comparison ties, which was made for a maximum or the like."""
        self.kinks += self.last_ties
        return self.last_ties

    def check_deadline(self, step: int) -> None:
        """Read the clock at every `CLOCK_INTERVAL`-th step. Raises `TooSlow` past the deadline."""
        if step % CLOCK_INTERVAL == 0 and time.thread_time() > self.deadline:
            raise TooSlow


class Undecided(ArithmeticError):
    """Raised by a comparison whose two sides overlap at this precision."""


def _operator(function: Callable[[Ball, Ball], Any]) -> Callable[[Ball, Any], Any]:
    """Make a method of two balls accept exact numbers too, and leave arrays to NumPy."""

    def apply(self: Ball, other: Any) -> Any:
        if isinstance(other, (np.ndarray, Dual)):
            return NotImplemented
        return function(self, convert(other))

    return apply


def _comparison(holds: Callable[[int, int], bool]) -> Callable[[Ball, Any], Any]:
    """Make a comparison of balls, from the same comparison of −1, 0 or 1 with 0."""

    def compare(self: Ball, other: Ball) -> bool:
        tape = self.tape if self.tape is not None else other.tape
        if tape is not None:
            tape.last_ties = False
        if self._is_missing() or other._is_missing():
            return holds is operator.ne  # as of floats
        outcome = holds(self._compare(other), 0)
        if tape is not None and tape.watch is not None:
            tape.watch(self, other, outcome)
        return outcome

    return _operator(compare)


def _elementary(name: str) -> Callable[[Ball], Ball]:
    """Make a method of an elementary function."""
    return lambda self: special(name, self)


class Ball:
    """A real number known to within a radius; active if it depends on a parameter."""

    __slots__ = ("adjoint", "edges", "magnitude", "operation", "place", "tape", "value")

    def __init__(
        self,
        value: Number,
        edges: Sequence[tuple[Ball, Number]] = (),
        tape: Tape | None = None,
    ) -> None:
        """Make a constant or, with a tape, an active ball; `edges` are (operand, partial) pairs."""
        budget.spend()
        self.value = value
        self.edges = edges
        self.tape = tape
        self.operation = ""  # the name of one whose slope may be infinite
        self.place = -1  # on the tape
        self.adjoint: Number | None = None
        self.magnitude: Any = 0.0  # Σ |terms of the adjoint|, for the parameters themselves

    # --- arithmetic ---

    @_operator
    def __add__(self, other: Ball) -> Ball:
        return record(self.value + other.value, ((self, ONE), (other, ONE)))

    @_operator
    def __sub__(self, other: Ball) -> Ball:
        return record(self.value - other.value, ((self, ONE), (other, -ONE)))

    @_operator
    def __mul__(self, other: Ball) -> Ball:
        return record(self.value * other.value, ((self, other.value), (other, self.value)))

    @_operator
    def __truediv__(self, other: Ball) -> Ball:
        quotient = self.value / other.value
        edges = ((self, 1 / other.value), (other, -quotient / other.value))
        return record(quotient, edges, "/")

    @_operator
    def __pow__(self, other: Ball) -> Ball:
        active = self.tape is not None, other.tape is not None
        value, by_base, by_exponent = elementary.power(self.value, other.value, *active)
        edges = [(x, p) for x, p in ((self, by_base), (other, by_exponent)) if p is not None]
        return record(value, edges, "**")

    def __neg__(self) -> Ball:
        return record(-self.value, ((self, -ONE),))

    __radd__ = _operator(lambda self, other: other + self)
    __rsub__ = _operator(lambda self, other: other - self)
    __rmul__ = _operator(lambda self, other: other * self)
    __rtruediv__ = _operator(lambda self, other: other / self)
    __rpow__ = _operator(lambda self, other: other**self)

    # --- comparisons: decided by the balls, or not at all ---

    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    def __eq__(self, other: object) -> Any:
        """Compare with a number, or element by element with an array."""
        return self._equals(other) if isinstance(other, NUMBERS) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self._differs(other) if isinstance(other, NUMBERS) else NotImplemented

    __hash__ = object.__hash__
    _equals, _differs = _comparison(operator.eq), _comparison(operator.ne)

    def _is_missing(self) -> bool:
        """Tell whether this is NaN in the data: a number that is missing."""
        return self.tape is None and isinstance(self.value, arb) and self.value.is_nan()

    def _compare(self, other: Ball) -> int:
        """Return −1, 0 or 1. Raises `Undecided` where the balls overlap, `NotFinite` for a NaN.

        An exact tie is decided, and kept on the tape if a parameter takes part in it.
        """
        if self.value < other.value:
            return -1
        if self.value > other.value:
            return 1
        if primal(self.value).is_nan() or primal(other.value).is_nan():
            raise NotFinite("the cost compares with what is not a number")
        if self is other:  # rounded or not, and beside the point as well: nothing hangs on it
            return 0
        if self.value.is_exact() and other.value.is_exact() and self.value == other.value:
            tape = self.tape if self.tape is not None else other.tape
            if tape is not None:
                tape.ties.append((self, other))
                tape.last_ties = True
            return 0
        raise Undecided(f"{self.value.str(5)} against {other.value.str(5)}")

    # --- functions; NumPy's ufuncs call these by name on object arrays ---

    exp, expm1, log, log1p = map(_elementary, ("exp", "expm1", "log", "log1p"))
    sqrt, sin, cos, tan = map(_elementary, ("sqrt", "sin", "cos", "tan"))
    tanh, sigmoid, softplus = map(_elementary, ("tanh", "sigmoid", "softplus"))

    def __index__(self) -> int:
        """Return the integer of an index that an order gave (`index`); nothing else is one."""
        if self.operation != INDEX:
            raise TypeError("a number that no order gave is no index")
        return int(self.value.unique_fmpz())

    def abs(self) -> Ball:
        if _in_condition(self):
            moves = self.value * EITHER_SIGN
            return record(_moving(abs(primal(self.value)), moves), ((self, EITHER_SIGN),))
        first = self > 0
        if self.tape is not None:
            self.tape.at_kink()
        return self if first else -self

    __abs__ = abs


NUMBERS = (Ball, int, float, np.generic)
"""What a ball compares with."""

ZERO, ONE, MINUS_INFINITY = arb(0), arb(1), arb.neg_inf()

STILL = arb(0)
"""The slope of what was rounded: it does not move, even where 0·∞ would be the product."""

ASIDE = arb(0)
"""The slope by an operand that a tie leaves aside: beside the point it may be the one taken."""

EITHER_SIGN, ANY_SHARE = arb(0, 1), arb(0.5, 0.5)
"""The slopes of |x|, and of max(x, y) by each, whichever side is taken: [−1, 1] and [0, 1]."""


def convert(number: Any) -> Ball:
    """Convert a number to a constant ball; a float counts as exact. A ball stays as it is."""
    if isinstance(number, Ball):
        return number
    if isinstance(number, arb):
        return Ball(number)
    return Ball(arb(number if isinstance(number, int) else float(number)))


def record(value: Number, edges: Iterable[tuple[Ball, Number]], operation: str = "") -> Ball:
    """Make the ball computed from (operand, partial) pairs; tape it if an operand is active."""
    active = [edge for edge in edges if edge[0].tape is not None]
    if not active:
        return Ball(value)
    tape = active[0][0].tape
    assert tape is not None
    ball = Ball(value, active, tape)
    ball.operation = operation
    tape.add(ball)
    return ball


def select(holds: Callable[[Ball, Ball], bool], x: Ball, y: Ball) -> Ball:
    """Take x where a comparison of the two, `gt` or `lt`, holds, and y elsewhere.

    Where it ties, the result depends on both, since the other one may be taken beside the point. So
    what ties further on is known to depend on what, as in max(y − max(x, 0), 0) at 0.
    """
    if _in_condition(x, y):
        return _either(holds, x, y)
    taken, aside = (x, y) if holds(x, y) else (y, x)
    tape = x.tape if x.tape is not None else y.tape
    if tape is None or not tape.at_kink():
        return taken
    return record(taken.value, ((taken, ONE), (aside, ASIDE)))


def _in_condition(*operands: Ball) -> bool:
    """Tell whether nothing is wanted of these balls but whether a condition holds.

    Beside a point (`germs`) every side is known.
    """
    return conditions.inside() and all(isinstance(primal(x.value), arb) for x in operands)


def _either(holds: Callable[[Ball, Ball], bool], x: Ball, y: Ball) -> Ball:
    """Enclose the larger of two, or the smaller, without asking which that is."""
    one, other = primal(x.value), primal(y.value)
    value = one.max(other) if holds is operator.gt else one.min(other)
    moves = x.value * ANY_SHARE + y.value * ANY_SHARE
    return record(_moving(value, moves), ((x, ANY_SHARE), (y, ANY_SHARE)))


def _moving(value: arb, like: Number) -> Number:
    """Give a number the slopes of another one, if that is a jet."""
    return Jet(value, like.slope) if isinstance(like, Jet) else value


def leaves_aside(ball: Ball) -> bool:
    """Tell whether a ball is what was taken at a tie, and depends on what was not."""
    return any(partial is ASIDE for _, partial in ball.edges)


def total(terms: Sequence[Ball]) -> Ball:
    """Add balls up, as one entry on the tape."""
    value = arb(0)
    for term in terms:
        value += term.value
    return record(value, [(term, ONE) for term in terms])


def dot(xs: Sequence[Ball], ys: Sequence[Ball]) -> Ball:
    """Add up the products xₖ·yₖ of two sequences of balls, as one entry on the tape."""
    value = arb(0)
    edges = []
    for x, y in zip(xs, ys, strict=True):
        value += x.value * y.value
        if x.tape is not None:
            edges.append((x, y.value))
        if y.tape is not None:
            edges.append((y, x.value))
    return record(value, edges)


def logsumexp(terms: Sequence[Ball]) -> Ball:
    """Compute log Σ eˣ as one entry on the tape; its partials are the softmax.

    Terms of −∞, such as what is masked, add nothing; of such terms alone it is −∞.
    """
    absent = [term for term in terms if _is_minus_infinity(term.value)]
    present = [term for term in terms if not _is_minus_infinity(term.value)]
    edges: list[tuple[Ball, Number]] = [(term, ZERO) for term in absent]
    if not present:
        return record(MINUS_INFINITY, edges)
    value, slopes = elementary.logsumexp([term.value for term in present])
    return record(value, [*zip(present, slopes, strict=True), *edges])


def _is_minus_infinity(value: Number) -> bool:
    return bool(primal(value) == MINUS_INFINITY)


def reverse(
    outputs: Iterable[tuple[Ball, Number]],
    order: Iterable[Ball],
    measure: Callable[[Number, Number], Any] | None = None,
) -> None:
    """Sweep backwards, leaving ∂(Σ wᵢ·outputᵢ)/∂ball in every `adjoint`.

    `outputs` are (ball, weight) pairs; `order` has the balls on the tape that they were computed
    from, the latest first (`recorded_ancestors`, or the whole tape reversed). `measure` gives the
    size of what one edge adds to the derivatives of a parameter, from the adjoint and the partial;
    without it, that is the size of their product. Adjoints that an earlier sweep has
    left count as part of this one: `reset_adjoints` removes them. Raises `TooSlow` past the tape's
    deadline.
    """
    # An output may be listed twice, and may itself be an operand of another one: weights add up.
    for output, weight in outputs:
        if output.tape is not None:  # it is not a constant
            output.adjoint = weight if output.adjoint is None else output.adjoint + weight
            if not output.edges:  # it is a parameter itself
                size = measure(ONE, weight) if measure else abs(float(weight.mid()))
                output.magnitude = output.magnitude + size
    # Latest first, every ball comes after all that were computed from it, so that its adjoint is
    # complete when it is passed on. Only parameters, which have no operands, add up magnitudes.
    for step, ball in enumerate(order):
        if ball.adjoint is None:  # no output depends on it
            continue
        assert ball.tape is not None
        ball.tape.check_deadline(step)
        for operand, partial in ball.edges:
            if partial is STILL or partial is ASIDE:
                continue
            # Most edges of a sum are 1, and a product with it would double the cost of the sweep.
            share = ball.adjoint if partial is ONE else ball.adjoint * partial
            operand.adjoint = share if operand.adjoint is None else operand.adjoint + share
            if not operand.edges:
                size = measure(ball.adjoint, partial) if measure else abs(float(share.mid()))
                operand.magnitude = operand.magnitude + size


def recorded_ancestors(output: Ball) -> list[Ball]:
    """Return the taped balls that this one was computed from, itself included, latest first."""
    found: dict[int, Ball] = {}
    left = [output]  # a stack, not recursion: a chain of operations may be thousands long
    while left:
        ball = left.pop()
        if ball.place >= 0 and ball.place not in found:
            found[ball.place] = ball
            left += [operand for operand, _ in ball.edges]
            if ball.tape is not None:
                ball.tape.check_deadline(len(found))
    return [found[place] for place in sorted(found, reverse=True)]


def reset_adjoints(outputs: Iterable[Ball], order: Iterable[Ball]) -> None:
    """Clear the adjoints and magnitudes that a sweep has left, for the next one."""
    for ball in (*outputs, *order):
        for reached in (ball, *(operand for operand, _ in ball.edges)):
            reached.adjoint, reached.magnitude = None, 0.0


def endless_operation(tape: Tape) -> str:
    """Say which operation has the slope that makes 0·∞ of the chain rule: the first on the tape."""
    for ball in tape:
        if any(not primal(partial).is_finite() for _, partial in ball.edges):
            return f"0·∞ in the chain rule at {ball.operation or 'an operation'}"
    return "0·∞ in the chain rule"


def ancestors(balls: Iterable[Ball]) -> set[int]:
    """Return the ids of all balls that the given ones move with, themselves included."""
    found: set[int] = set()
    left = list(balls)
    while left:
        ball = left.pop()
        if id(ball) not in found:
            found.add(id(ball))
            left += [operand for operand, partial in ball.edges if partial is not STILL]
    return found


@contextlib.contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with balls at `bits` bits, and restore the precision afterwards: it is global."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def pi() -> Ball:
    """Return π at the current precision."""
    return Ball(arb.pi())


def e() -> Ball:
    """Return Euler's number at the current precision."""
    return Ball(arb.const_e())


def special(name: str, x: Ball) -> Ball:
    """Evaluate a function by its rule (`certified.elementary`)."""
    value, slope = elementary.rule_of(name)(x.value)
    return record(value, ((x, slope),), name)


def floor(x: Ball) -> Ball:
    """Round down to what does not move. At a whole number that is a tie, between two of these."""
    value = primal(x.value)
    whole = _floor(value) if isinstance(value, arb) else value.floor()  # a germ's
    if x.tape is not None:
        if value == whole:
            x.tape.ties.append((x, Ball(whole)))
        if x.tape.watch is not None:  # whether it is 0 or −1, which rounding up makes 0
            x.tape.watch(x, Ball(ONE), bool(whole < 1))
            x.tape.watch(x, Ball(ZERO), bool(whole < 0))
            x.tape.watch(x, Ball(-ONE), bool(whole < -1))
    return record(whole, ((x, STILL),))


def _floor(value: arb) -> arb:
    if not value.is_finite():
        raise NotFinite("the cost rounds what is not a number")
    low, high = value.lower().floor(), value.upper().floor()
    if low != high:
        raise Undecided(f"the whole number below {value.str(5)}")
    return low


def round(x: Ball) -> Ball:
    """Round to the nearest whole number, of two to the even one; as `floor`."""
    shifted = x + 0.5
    whole = floor(shifted)
    half = bool(primal(shifted.value) == whole.value)
    return whole - 1 if half and int(whole.value.unique_fmpz()) % 2 else whole


def hold(x: Ball) -> Ball:
    """Hold a ball constant: what its number is at the point, whatever moves there."""
    value = primal(x.value)
    return Ball(value if isinstance(value, arb) else value.start())


def index(place: int, numbers: Sequence[Ball]) -> Ball | int:
    """Make an index that depends on numbers, and does not move with them, as in `floor`.

    Where no parameter takes part in them, it is an integer.
    """
    active = next((number for number in numbers if number.tape is not None), None)
    return place if active is None else record(arb(place), ((active, STILL),), INDEX)


def is_finite(number: Ball) -> bool:
    """Tell whether it is a number, and not infinite."""
    value = primal(number.value)
    return bool(value.is_finite()) if isinstance(value, arb) else not value.is_nan()  # a germ's


def is_nan(number: Ball) -> bool:
    """Tell whether it is none."""
    return bool(primal(number.value).is_nan())


def size(number: Ball) -> float:
    """Return |midpoint| as a float, to choose a pivot by."""
    return abs(float(number.value.mid()))


def constant(ball: arb) -> Ball:
    """Make a constant of a ball."""
    return Ball(ball)


def enclosure(x: Ball) -> arb:
    """Return the ball of a number. Raises `Unsupported` beside a point, where it is a series."""
    value = primal(x.value)
    if not isinstance(value, arb):
        raise Unsupported("a decomposition of a matrix has no series")
    return value


def add_unknown(
    numbers: Sequence[Ball], others: Sequence[Ball], bounds: tuple[arb, arb, arb]
) -> list[Ball]:
    """Add functions of other numbers of which value, slopes and second slopes are bounded.

    The bounds are balls around 0. The functions need not be known otherwise.
    """
    rows = [other.value.slope for other in others if isinstance(other.value, Jet)]
    value: Number = bounds[0]
    slope: Number = bounds[1]
    if rows:
        value, slope = Jet(value, _spread(rows, slope)), Jet(slope, _spread(rows, bounds[2]))
    # Every slope by another number is a part of `slope`: so one entry on the tape serves all.
    part = record(ZERO, [(other, arb(0, 1)) for other in others])
    return [record(x.value + value, ((x, ONE), (part, slope))) for x in numbers]


def _spread(rows: list[arb_mat], slope: arb) -> arb_mat:
    """Add up slopes, each times an unknown number of the ball `slope`."""
    products = [row * slope for row in rows]
    return sum(products[1:], products[0])


def middle(number: Ball) -> float:
    """Return the midpoint as a float."""
    return float(number.value.mid())
