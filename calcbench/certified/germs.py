"""Germ: a number just beside a point, as a series in powers of the distance t > 0.

At a point where a comparison ties, or where the chain rule gives 0·∞, the cost is evaluated beside
the point: at x + t along a line, for all t small enough. There √(t²) is t, t > 0 is true, and
1/t · t is 1. Powers may be negative or fractional (Puiseux series; Griewank & Walther, Evaluating
Derivatives, 2nd ed., chapter 14); coefficients are balls.
What cannot be expanded so (log t, e^(1/t), an unknown first coefficient) is NaN.
"""

# ruff: noqa: D102 (exp, sin, … are what they are called)
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from flint import arb, arb_series, ctx

from calcbench.errors import Unsupported

Power = int | Fraction
"""A power of t: an integer where it is whole, for fractions are slow."""

Exponent = Power | float
"""A power of t; infinity where there is none."""

LENGTH = 6
"""The power of t up to which functions are expanded."""

MOST_TERMS = 8
"""The most terms of a germ; those beyond are unknown."""

LONGEST = 24
"""The longest Taylor series of a function, for arguments such as √√t."""

ENOUGH = 3
"""Germs without a difference below this power are taken as equal along the line."""


class Unordered(Unsupported):
    """Raised by a comparison whose first difference is not known to be one."""


class Germ:
    """Σ cₖ·tᵏ + O(t^order), for t > 0 small enough, and the operations that `Ball` needs."""

    __slots__ = ("order", "terms")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, terms: Mapping[Power, arb], order: Exponent = math.inf) -> None:
        """Take the coefficients by power; those of `order` and beyond are unknown."""
        if any(c.is_nan() for c in terms.values()):
            terms, order = {}, -math.inf  # what is not finite may hide any power
        found = {power: c for power, c in terms.items() if not c.is_zero()}
        if len(found) > MOST_TERMS:
            order = min(order, sorted(found)[MOST_TERMS])
        self.order = order
        self.terms = {power: c for power, c in found.items() if power < order}

    @property
    def lead(self) -> Any:
        """The first power, or that from which nothing is known; infinite for 0."""
        return min(self.terms, default=self.order)

    # --- arithmetic ---

    def __add__(self, other: Any) -> Germ:
        other = as_germ(other)
        terms: dict[Power, arb] = dict(self.terms)
        for power, c in other.terms.items():
            terms[power] = terms[power] + c if power in terms else c
        return Germ(terms, min(self.order, other.order))

    __radd__ = __add__

    def __neg__(self) -> Germ:
        return Germ({power: -c for power, c in self.terms.items()}, self.order)

    def __sub__(self, other: Any) -> Germ:
        return self.__add__(as_germ(other).__neg__())

    def __rsub__(self, other: Any) -> Germ:
        return as_germ(other).__sub__(self)

    def __mul__(self, other: Any) -> Germ:
        other = as_germ(other)
        terms: dict[Power, arb] = {}
        for p, c in self.terms.items():
            for q, d in other.terms.items():
                terms[p + q] = terms[p + q] + c * d if p + q in terms else c * d
        return Germ(terms, min(_shift(self.order, other.lead), _shift(other.order, self.lead)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Germ:
        if isinstance(other, arb):  # 6/3 is exact, where 6·(1/3) is not
            return Germ({power: c / other for power, c in self.terms.items()}, self.order)
        return self * Germ._power(as_germ(other), -1)

    def __rtruediv__(self, other: Any) -> Germ:
        return as_germ(other).__mul__(self._power(-1))

    def __pow__(self, other: Any) -> Any:
        """Raise to a power: an integer, a ball or a germ."""
        if isinstance(other, Germ):
            return (other * self.log()).exp()
        if isinstance(other, int) and other >= 0:
            return math.prod([self] * other, start=arb(1))
        exact = isinstance(other, int) or other.is_exact()
        return self._power(_fraction(other)) if exact else (other * self.log()).exp()

    def __rpow__(self, other: arb) -> Germ:
        return self.__mul__(other.log()).exp()

    def _power(self, exponent: Power) -> Germ:
        """Raise to an exact power: the first term, times a series in what follows it."""
        lead = self.lead
        c = self.terms.get(lead)
        if c is None or c.contains(0):
            return UNKNOWN
        if c < 0 and exponent.denominator > 1:
            return UNDEFINED
        first = c ** _ball(exponent)
        rest = Germ(
            {power - lead: d / c for power, d in self.terms.items() if power != lead},
            _shift(self.order, -lead),
        )
        factor = _compose(lambda one: _series_power(one, exponent), arb(1), rest)
        return Germ({_whole(lead * exponent): first}) * factor

    # --- comparisons: by the first difference ---

    def _sign(self) -> int:
        """Return the sign for all small t; 0 for what is 0 as far as it is known."""
        if not self.terms:
            if self.order < ENOUGH:
                raise Unordered("too little is known of a difference")
            return 0
        c = self.terms[min(self.terms)]
        if c > 0 or c < 0:
            return 1 if c > 0 else -1
        raise Unordered("the first difference may be 0")

    def __lt__(self, other: Any) -> bool:
        return Germ._sign(self - other) < 0

    def __gt__(self, other: Any) -> bool:
        return Germ._sign(self - other) > 0

    def __eq__(self, other: object) -> bool:
        infinite = isinstance(other, arb) and not other.is_finite()
        return not infinite and Germ._sign(self - other) == 0

    # --- functions ---

    def apply(self, function: Callable[[arb_series], arb_series]) -> Germ:
        """Apply an analytic function: its Taylor series at the value that t → 0 gives."""
        if self.lead < 0 or self.order <= 0:
            return UNKNOWN
        here = self.terms.get(0, arb(0))
        rest = Germ({power: c for power, c in self.terms.items() if power > 0}, self.order)
        return _compose(function, here, rest)

    def exp(self) -> Germ:
        return self.apply(arb_series.exp)

    def expm1(self) -> Germ:
        return self.exp() - 1

    def log(self) -> Germ:
        c = self.terms.get(self.lead)
        return UNDEFINED if c is not None and c < 0 else self.apply(arb_series.log)

    def log1p(self) -> Germ:
        return (self + 1).log()

    def sqrt(self) -> Any:
        # A root of 0 itself is 0, though no power of it has a first term.
        return arb(0) if not self.terms and self.order == math.inf else self._power(Fraction(1, 2))

    def sin_cos(self) -> tuple[Germ, Germ]:
        return self.apply(arb_series.sin), self.apply(arb_series.cos)

    def tan(self) -> Germ:
        return self.apply(arb_series.tan)

    def sec(self) -> Germ:
        return 1 / self.apply(arb_series.cos)

    def sech(self) -> Germ:
        return 2 / (self.exp() + (-self).exp())

    def tanh(self) -> Germ:
        return self.apply(_tanh)

    def floor(self) -> arb:
        """Round down, as for all small t: beside a whole number, that is decided by the side."""
        here = expansion(self, 0)[0]
        whole = here.floor()
        if not (whole.is_finite() and whole.is_exact()):
            raise Unordered("the whole number below is not known")
        return whole - 1 if here == whole and self < whole else whole

    # --- questions about the value that t → 0 gives ---

    def mid(self) -> arb:
        return expansion(self, 0)[0].mid()

    def is_exact(self) -> bool:
        return True  # as far as a comparison asks: a difference that is not exact is `Unordered`

    def is_nan(self) -> bool:
        return self.order == -math.inf

    def is_integer(self) -> bool:
        return False  # as an exponent it varies

    def str(self, *arguments: Any, **options: Any) -> str:
        return str(expansion(self, 0)[0].str(*arguments, **options))


UNKNOWN = Germ({}, -math.inf)

UNDEFINED = Germ({}, -math.inf)
"""The root or logarithm of what is below 0 for all small t: no real number."""


def as_germ(number: Any) -> Germ:
    """Make a constant a germ; a germ stays as it is."""
    return number if isinstance(number, Germ) else Germ({0: arb(number)})


def beside(value: Any, slope: float, power: int = 1) -> Any:
    """Return value + slope·t^power; the value alone for a slope of 0."""
    return value + Germ({power: arb(slope)}) if slope else value


def expansion(number: Any, degree: int) -> list[arb]:
    """Return the coefficients of 1, t, …, t^degree.

    Where a power between them comes first, such as √t before t, all that follow are ±∞: derivatives
    are. What is unknown is NaN.
    """
    germ = as_germ(number)
    found: list[arb] = []
    for whole in range(degree + 1):
        between = [p for p in germ.terms if (whole == 0 or p > whole - 1) and p < whole]
        if between or germ.order <= whole:
            steep = germ.terms[min(between)] if between else arb(0)
            return found + [_endless(steep)] * (degree + 1 - whole)
        found.append(germ.terms.get(whole, arb(0)))
    return found


def _endless(steep: arb) -> arb:
    """Return ±∞ with the sign of a ball; NaN where that is not known."""
    if steep > 0:
        return arb.pos_inf()
    return arb.neg_inf() if steep < 0 else arb.nan()


def _compose(function: Callable[[arb_series], arb_series], here: arb, rest: Germ) -> Germ:
    """Expand f(here + rest) by the Taylor series of f; `rest` has powers above 0 alone."""
    if not rest.terms and rest.order == math.inf:
        count = 0
    else:
        count = min(math.ceil(LENGTH / rest.lead), LONGEST)
    taylor = _taylor(function, here, count + 1)
    result = Germ({0: taylor[-1]})
    for c in reversed(taylor[:-1]):
        result = result * rest + c
    return Germ(result.terms, min(result.order, (count + 1) * rest.lead))


def _taylor(function: Callable[[arb_series], arb_series], here: arb, length: int) -> list[arb]:
    """Return the first Taylor coefficients of a function at a ball."""
    before = ctx.cap
    ctx.cap = length
    try:
        series = function(arb_series([here, 1]))
        return [series[k] for k in range(length)]
    finally:
        ctx.cap = before


def _series_power(base: arb_series, exponent: Power) -> arb_series:
    return (base.log() * _ball(exponent)).exp()


def _tanh(x: arb_series) -> arb_series:
    """Compute tanh from y′ = 1 − y², which keeps the digits of its first coefficients."""
    (here, *_), length = x.coeffs(), ctx.cap
    y = [here.tanh()]
    for k in range(length - 1):
        square = sum((y[i] * y[k - i] for i in range(k + 1)), arb(0))
        y.append(((1 if k == 0 else 0) - square) / (k + 1))
    return arb_series(y)


def _shift(order: Exponent, power: Exponent) -> Exponent:
    """Return the order of O(t^order)·t^power: of what is exact or unknown, the same."""
    return order if math.isinf(order) else order + power


def _whole(power: Power) -> Power:
    """Write a power as an integer, if it is whole."""
    return int(power) if power.denominator == 1 else power


def _fraction(number: Any) -> Fraction:
    """Convert an exact ball or an integer to a fraction."""
    if isinstance(number, int):
        return Fraction(number)
    mantissa, exponent = number.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _ball(exponent: Power) -> arb:
    return arb(exponent.numerator) / exponent.denominator
