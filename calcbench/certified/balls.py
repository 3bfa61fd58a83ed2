"""Ball: one number with a rigorous error radius, which remembers how it was computed.

The operations on active balls are recorded on a tape with their partial derivatives, also balls;
`reverse` sweeps it backwards (reverse mode: Griewank & Walther, Evaluating Derivatives, 2nd ed.,
chapter 3). Inactive balls are constants and leave no record.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from flint import arb, ctx

Number = Any
"""The numbers in balls: `flint.arb`, or a `Jet`, where second derivatives are wanted."""

CHECKED = 16
"""Steps between two looks at the clock."""


class NotFinite(ArithmeticError):
    """A number that is none: the logarithm of −1, say."""


class TooSlow(Exception):
    """The sweep has taken longer than its deadline allows."""


class Tape(list["Ball"]):
    """The active balls in the order of their making."""

    def __init__(self, deadline: float = float("inf")) -> None:
        """Take the `time.thread_time()` at which to give up: a busy machine changes no verdict."""
        super().__init__()
        self.deadline = deadline
        self.ties: list[Ball] = []
        """Balls in comparisons that tied exactly: what depends on them has no derivative."""

    def add(self, ball: Ball) -> None:
        """Record a ball. Raises `TooSlow` past the deadline."""
        ball.place = len(self)
        self.append(ball)
        self.look(ball.place)

    def look(self, step: int) -> None:
        """Look at the clock at some of the steps. Raises `TooSlow` past the deadline."""
        if step % CHECKED == 0 and time.thread_time() > self.deadline:
            raise TooSlow


class Undecided(ArithmeticError):
    """A comparison that balls of this precision do not decide."""


def _operator(function: Callable[[Ball, Ball], Any]) -> Callable[[Ball, Any], Any]:
    """A binary operator on balls and exact numbers, which leaves arrays to NumPy."""

    def apply(self: Ball, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return function(self, lift(other))

    return apply


class Ball:
    """A real number known to within a radius; active if it depends on a parameter."""

    __slots__ = ("adjoint", "edges", "magnitude", "place", "tape", "value")

    def __init__(
        self,
        value: Number,
        edges: Sequence[tuple[Ball, Number]] = (),
        tape: Tape | None = None,
    ) -> None:
        """Take the value and, for an active ball, (operand, partial) pairs and the tape."""
        self.value = value
        self.edges = edges
        self.tape = tape
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
        return record(quotient, ((self, 1 / other.value), (other, -quotient / other.value)))

    @_operator
    def __pow__(self, other: Ball) -> Ball:
        if other.tape is None and other.value.is_integer():
            return self._power(int(other.value.mid().fmpz()))
        # xʸ = e^(y·log x): a fractional power has a positive base.
        value = self.value**other.value
        edges = [(self, other.value * self.value ** (other.value - 1))]
        if other.tape is not None:
            edges.append((other, value * self.value.log()))
        return record(value, edges)

    def _power(self, n: int) -> Ball:
        if n == 0:
            return Ball(arb(1))
        return record(self.value**n, ((self, n * self.value ** (n - 1)),))

    def __neg__(self) -> Ball:
        return record(-self.value, ((self, -ONE),))

    __radd__ = _operator(lambda self, other: other + self)
    __rsub__ = _operator(lambda self, other: other - self)
    __rmul__ = _operator(lambda self, other: other * self)
    __rtruediv__ = _operator(lambda self, other: other / self)
    __rpow__ = _operator(lambda self, other: other**self)

    # --- comparisons: decided by the balls, or not at all ---

    __lt__ = _operator(lambda self, other: self._compare(other) < 0)
    __le__ = _operator(lambda self, other: self._compare(other) <= 0)
    __gt__ = _operator(lambda self, other: self._compare(other) > 0)
    __ge__ = _operator(lambda self, other: self._compare(other) >= 0)

    def _compare(self, other: Ball) -> int:
        """−1, 0 or 1. An exact tie is decided, and remembered if a parameter is in it."""
        if self.value < other.value:
            return -1
        if self.value > other.value:
            return 1
        if not (self.value.is_finite() and other.value.is_finite()):
            raise NotFinite("the cost compares with what is not a number")
        if self.value.is_exact() and other.value.is_exact() and self.value == other.value:
            for ball in (self, other):
                if ball.tape is not None:
                    ball.tape.ties.append(ball)
            return 0
        raise Undecided(f"{self.value.str(5)} against {other.value.str(5)}")

    # --- functions; NumPy's ufuncs call these by name on object arrays ---

    def exp(self) -> Ball:
        value = self.value.exp()
        return record(value, ((self, value),))

    def expm1(self) -> Ball:
        return record(self.value.expm1(), ((self, self.value.exp()),))

    def log(self) -> Ball:
        return record(self.value.log(), ((self, 1 / self.value),))

    def log1p(self) -> Ball:
        return record(self.value.log1p(), ((self, 1 / (1 + self.value)),))

    def sqrt(self) -> Ball:
        root = self.value.sqrt()
        return record(root, ((self, 1 / (2 * root)),))

    def sin(self) -> Ball:
        sine, cosine = self.value.sin_cos()
        return record(sine, ((self, cosine),))

    def cos(self) -> Ball:
        sine, cosine = self.value.sin_cos()
        return record(cosine, ((self, -sine),))

    def tan(self) -> Ball:
        return record(self.value.tan(), ((self, self.value.sec() ** 2),))

    def tanh(self) -> Ball:
        value = self.value.tanh()
        if isinstance(self.value, arb):
            return record(value, ((self, self.value.sech() ** 2),))
        # To be differentiated again: as frameworks do it, whose terms y′(1−y) − (1+y)y′ cancel.
        return record(value, ((self, (1 + value) * (1 - value)),))

    def sigmoid(self) -> Ball:
        up, down = _sigmoid(self.value), _sigmoid(-self.value)
        return record(up, ((self, up * down),))  # σ(x)·σ(−x): no cancellation in 1 − σ

    def softplus(self) -> Ball:
        return record(_softplus(self.value), ((self, _sigmoid(self.value)),))

    def abs(self) -> Ball:
        return self if self > 0 else -self


ONE = arb(1)


def lift(number: Any) -> Ball:
    """A ball from a ball or an exact number (a float is exactly what it is)."""
    if isinstance(number, Ball):
        return number
    return Ball(arb(number if isinstance(number, int) else float(number)))


def record(value: Number, edges: Iterable[tuple[Ball, Number]]) -> Ball:
    """A ball computed from others; it goes on the tape if one of them is active."""
    active = [edge for edge in edges if edge[0].tape is not None]
    if not active:
        return Ball(value)
    tape = active[0][0].tape
    assert tape is not None
    ball = Ball(value, active, tape)
    tape.add(ball)
    return ball


def total(terms: Sequence[Ball]) -> Ball:
    """Σ terms, as one entry on the tape."""
    value = arb(0)
    for term in terms:
        value += term.value
    return record(value, [(term, ONE) for term in terms])


def dot(xs: Sequence[Ball], ys: Sequence[Ball]) -> Ball:
    """Σ xₖ·yₖ, as one entry on the tape."""
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
    """log Σ eˣ, shifted by the exact midpoint of the largest; its partials are the softmax."""
    shift = max((term.value.mid() for term in terms), key=float)
    shifted = [(term.value - shift).exp() for term in terms]
    whole = sum(shifted[1:], shifted[0])
    return record(
        shift + whole.log(), [(t, e / whole) for t, e in zip(terms, shifted, strict=True)]
    )


def terms(adjoint: Number, partial: Number) -> Any:
    """|adjoint·partial|, as a float: what one edge adds to a first derivative."""
    return abs(float((adjoint * partial).mid()))


def reverse(
    outputs: Iterable[tuple[Ball, Number]],
    order: Iterable[Ball],
    sizes: Callable[[Number, Number], Any] = terms,
) -> None:
    """Sweep backwards, leaving ∂(Σ wᵢ·outputᵢ)/∂ball in every `adjoint`.

    Takes the outputs with their weights, and the balls on the tape that they were computed from,
    the latest first (`cone`, or the whole tape reversed). `sizes` measures what one edge adds to
    the derivatives of a parameter. Raises `TooSlow` past the tape's deadline.
    """
    for output, weight in outputs:
        if output.tape is not None:  # it is not a constant
            output.adjoint = weight if output.adjoint is None else output.adjoint + weight
            if not output.edges:  # it is a parameter itself
                output.magnitude = output.magnitude + sizes(ONE, weight)
    for step, ball in enumerate(order):
        if ball.adjoint is None:
            continue
        assert ball.tape is not None
        ball.tape.look(step)
        for operand, partial in ball.edges:
            share = ball.adjoint if partial is ONE else ball.adjoint * partial
            operand.adjoint = share if operand.adjoint is None else operand.adjoint + share
            if not operand.edges:
                operand.magnitude = operand.magnitude + sizes(ball.adjoint, partial)


def cone(output: Ball) -> list[Ball]:
    """The balls on the tape that this one was computed from, itself included, the latest first."""
    found: dict[int, Ball] = {}
    left = [output]
    while left:
        ball = left.pop()
        if ball.place >= 0 and ball.place not in found:
            found[ball.place] = ball
            left += [operand for operand, _ in ball.edges]
            if ball.tape is not None:
                ball.tape.look(len(found))
    return [found[place] for place in sorted(found, reverse=True)]


def forget(outputs: Iterable[Ball], order: Iterable[Ball]) -> None:
    """Reset the adjoints that a sweep has left, for the next one."""
    for ball in (*outputs, *order):
        for reached in (ball, *(operand for operand, _ in ball.edges)):
            reached.adjoint, reached.magnitude = None, 0.0


def ancestors(balls: Iterable[Ball]) -> set[int]:
    """The ids of all balls that the given ones were computed from, themselves included."""
    found: set[int] = set()
    left = list(balls)
    while left:
        ball = left.pop()
        if id(ball) not in found:
            found.add(id(ball))
            left += [operand for operand, _ in ball.edges]
    return found


@contextlib.contextmanager
def precision(bits: int) -> Iterator[None]:
    """Ball arithmetic at `bits` bits, restored afterwards (python-flint keeps it globally)."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def _sigmoid(x: Number) -> Number:
    # The two forms are the same number; each is the accurate one on its side.
    if x.mid() > 0:
        return 1 / (1 + (-x).exp())
    decay = x.exp()
    return decay / (1 + decay)


def _softplus(x: Number) -> Number:
    return x + (-x).exp().log1p() if x.mid() > 0 else x.exp().log1p()


def pi() -> Ball:
    """π at the working precision of the moment it is used."""
    return Ball(arb.pi())


def size(number: Ball) -> float:
    """|midpoint|, to choose a pivot by."""
    return abs(float(number.value.mid()))
