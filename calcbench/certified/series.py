"""Series: a truncated Taylor series over an interval, to bound derivatives there.

Evaluating the cost on x + t, with x a ball as wide as a difference step and t the variable,
gives coefficients cₖ = f⁽ᵏ⁾/k! as balls that contain every value over the interval: what the
truncation error of a difference quotient needs (Moore, Kearfott & Cloud, Introduction to
Interval Analysis, chapter 8).
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from flint import arb, arb_series, ctx

from calcbench.certified import balls, budget
from calcbench.certified import special as functions
from calcbench.certified.balls import Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.constants import convert_input
from calcbench.certified.jets import logarithm
from calcbench.certified.vocabulary import namespace
from calcbench.errors import Unsupported
from calcbench.problem.point import Point
from calcbench.vocabulary.duals import Dual

T = TypeVar("T")

BITS = 80
"""Working precision: of a bound, a few digits are enough, but cancellation takes some."""


def taylor_bounds(
    point: Point, name: str, index: tuple[int, ...], reach: float, order: int
) -> np.ndarray:
    """Bound |f⁽ᵏ⁾|/k! for k = 0 … order, as one component moves by up to `reach` either way.

    `name` and `index` say which component of which parameter. Returns an array (order + 1,),
    infinite where the enclosure does not exist: a pole, a kink or an undecided branch within
    reach, or a cost that leaves the vocabulary. Raises `TooSlow` beyond the budget.
    """
    with balls.precision(BITS), _series_length(order + 1):
        lifted = {
            key: array if array.dtype.kind != "f" else convert_input(point, key, convert).copy()
            for key, array in point.values.items()
        }
        moved = lifted[name].copy()
        moved[index] = Series(arb_series([arb(float(point[name][index]), reach), 1]))
        parameters, data = point.problem.split({**lifted, name: moved})
        try:
            cost = point.problem.cost(namespace(sys.modules[__name__]), *parameters, **data)
        except TooSlow:
            raise
        except Exception:  # whatever a cost does with numbers that it was not written for
            return np.full(order + 1, np.inf)
        number = convert(np.asarray(cost, dtype=object)[()])
        series = arb_series([0]) + number.series  # a constant cost has a plain ball there
        bounds = [float(series[k].abs_upper()) for k in range(order + 1)]
        return np.nan_to_num(bounds, nan=np.inf, posinf=np.inf)


def _operator(function: Callable[[Series, Series], T]) -> Callable[[Series, Any], T]:
    """Make a method of two series accept exact numbers too, and leave arrays to NumPy."""

    def apply(self: Series, other: Any) -> T:
        if isinstance(other, (np.ndarray, Dual)):
            declined: T = NotImplemented  # Python asks the array next
            return declined
        return function(self, convert(other))

    return apply


class Series:
    """A Taylor series with balls for coefficients, and the vocabulary's functions as methods."""

    __slots__ = ("series",)

    def __init__(self, series: arb_series | arb) -> None:
        """Wrap a python-flint series, or a plain ball: a constant, which is much quicker."""
        budget.spend()
        self.series = series

    __add__ = _operator(lambda self, other: Series(self.series + other.series))
    __sub__ = _operator(lambda self, other: Series(self.series - other.series))
    __mul__ = _operator(lambda self, other: Series(self.series * other.series))
    __truediv__ = _operator(lambda self, other: Series(self.series / other.series))
    __radd__ = _operator(lambda self, other: other + self)
    __rsub__ = _operator(lambda self, other: other - self)
    __rmul__ = _operator(lambda self, other: other * self)
    __rtruediv__ = _operator(lambda self, other: other / self)

    @_operator
    def __pow__(self, other: Series) -> Series:
        exponent = other.series
        if isinstance(exponent, arb) and exponent.is_integer():
            return self._power(int(exponent.mid().fmpz()))
        return (other * self.log()).exp()

    __rpow__ = _operator(lambda self, other: other**self)

    def _power(self, n: int) -> Series:
        """Raise to a whole power by repeated squaring, which a base of 0 or below allows too."""
        if n < 0:
            return Series(1 / self._power(-n).series)
        result, square = arb(1), self.series
        while n:
            if n & 1:
                result = result * square
            square, n = square * square, n >> 1
        return Series(result)

    def __neg__(self) -> Series:
        return Series(-self.series)

    __lt__ = _operator(lambda self, other: _compare(self, other) < 0)
    __le__ = _operator(lambda self, other: _compare(self, other) <= 0)
    __gt__ = _operator(lambda self, other: _compare(self, other) > 0)
    __ge__ = _operator(lambda self, other: _compare(self, other) >= 0)

    def __eq__(self, other: object) -> Any:
        """Compare with a number, or element by element with an array."""
        return self._equals(other) if isinstance(other, NUMBERS) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return not self._equals(other) if isinstance(other, NUMBERS) else NotImplemented

    __hash__ = object.__hash__
    _equals = _operator(lambda self, other: _compare(self, other) == 0)

    def exp(self) -> Series:
        return Series(self.series.exp())

    def expm1(self) -> Series:
        return Series(self.series.exp() - 1)

    def log(self) -> Series:
        plain = isinstance(self.series, arb)
        return Series(logarithm(self.series) if plain else self.series.log())

    def log1p(self) -> Series:
        return Series((self.series + 1).log())

    def sqrt(self) -> Series:
        return Series(self.series.sqrt())

    def sin(self) -> Series:
        return Series(self.series.sin())

    def cos(self) -> Series:
        return Series(self.series.cos())

    def tan(self) -> Series:
        return Series(self.series.tan())

    def tanh(self) -> Series:
        return 2 * (2 * self).sigmoid() - 1

    def sigmoid(self) -> Series:
        if self.mid() > 0:
            return 1 / (1 + (-self).exp())
        decay = self.exp()
        return decay / (1 + decay)

    def softplus(self) -> Series:
        return self + (-self).exp().log1p() if self.mid() > 0 else self.exp().log1p()

    def abs(self) -> Series:
        return self if self > 0 else -self

    def mid(self) -> float:
        """Return the midpoint of the constant term, which is the value itself."""
        return float(_value(self.series).mid())


NUMBERS = (Series, int, float, np.generic)
"""What a series compares with."""


def convert(number: Any) -> Series:
    """Convert an exact number to a constant series. A series stays as it is."""
    if isinstance(number, Series):
        return number
    return Series(arb(number if isinstance(number, int) else float(number)))


def total(terms: Sequence[Series]) -> Series:
    """Add series up."""
    result = arb(0)
    for term in terms:
        result = result + term.series
    return Series(result)


def dot(xs: Sequence[Series], ys: Sequence[Series]) -> Series:
    """Add up the products xₖ·yₖ of two sequences of series."""
    result = arb(0)
    for x, y in zip(xs, ys, strict=True):
        result = result + x.series * y.series
    return Series(result)


def logsumexp(terms: Sequence[Series]) -> Series:
    """Compute log Σ eˣ, shifted by an exact number near the largest term.

    Terms of −∞ add nothing; of such terms alone it is −∞.
    """
    present = [term for term in terms if term.mid() > -math.inf]
    if not present:
        return Series(arb.neg_inf())
    shift = max(term.mid() for term in present)
    return total([(term - shift).exp() for term in present]).log() + shift


def pi() -> Series:
    """Return π at the current precision."""
    return Series(arb.pi())


def e() -> Series:
    """Return Euler's number at the current precision."""
    return Series(arb.const_e())


def special(name: str, x: Series) -> Series:
    """Evaluate a special function (`certified.special`)."""
    return Series(functions.expand(name, x.series))


def floor(x: Series) -> Series:
    """Round down to a constant. Raises `Undecided` where that changes over the interval."""
    value = _value(x.series)
    low, high = value.lower().floor(), value.upper().floor()
    if low != high or value.contains(low):
        raise Undecided("a whole number lies within the step")
    return Series(low)


def round(x: Series) -> Series:
    """Round to the nearest whole number; as `floor`."""
    return floor(x + 0.5)


def select(holds: Callable[[Series, Series], bool], x: Series, y: Series) -> Series:
    """Take x or y, as a comparison says: over the whole interval it is the same."""
    return x if holds(x, y) else y


def hold(x: Series) -> Series:
    """Hold a series constant: at any of its values over the interval."""
    return Series(_value(x.series))


def index(place: int, numbers: Sequence[Series]) -> int:
    """Return an index: what compares numbers is decided over the whole interval."""
    return place


def is_finite(number: Series) -> bool:
    """Tell whether it is a number, and not infinite."""
    return bool(_value(number.series).is_finite())


def is_nan(number: Series) -> bool:
    """Tell whether it is none."""
    return bool(_value(number.series).is_nan())


def size(number: Series) -> float:
    """Return |midpoint| as a float, to choose a pivot by."""
    return abs(number.mid())


def constant(ball: arb) -> Series:
    """Make a constant of a ball."""
    return Series(ball)


def enclosure(x: Series) -> arb:
    """Return the ball of a constant. Raises `Unsupported` for a number that varies."""
    if not isinstance(x.series, arb):
        raise Unsupported("a decomposition of a matrix has no series")
    return x.series


def add_unknown(
    numbers: Sequence[Series], others: Sequence[Series], bounds: tuple[arb, arb, arb]
) -> list[Series]:
    """Add functions, of numbers that do not vary, whose values are within a ball around 0."""
    return [Series(x.series + bounds[0]) for x in numbers]


def middle(number: Series) -> float:
    """Return the midpoint as a float."""
    return number.mid()


def _value(series: arb_series | arb) -> arb:
    return series if isinstance(series, arb) else series[0]


def _compare(one: Series, other: Series) -> int:
    """Return −1, 0 or 1, as over the whole interval. Raises `Undecided` where that changes."""
    here, there = _value(one.series), _value(other.series)
    if here < there:
        return -1
    if here > there:
        return 1
    constant = isinstance(one.series, arb) and isinstance(other.series, arb)
    if constant and here == there:
        return 0
    raise Undecided("a branch changes within the step")


@contextlib.contextmanager
def _series_length(terms: int) -> Iterator[None]:
    """Compute with series of `terms` terms, and restore the length afterwards: it is global."""
    before = ctx.cap
    ctx.cap = terms
    try:
        yield
    finally:
        ctx.cap = before
