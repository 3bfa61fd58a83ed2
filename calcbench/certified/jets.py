"""Jet: a number with its derivatives along several directions at once.

This is forward mode inside the reverse sweep: where the numbers in `Ball` are jets, the sweep
leaves in every parameter's adjoint a partial of the cost, and in its slopes a row of the Hessian
times the directions (forward over reverse: Griewank & Walther, Evaluating Derivatives, 2nd ed.,
chapter 5).
What depends on no direction stays a plain `flint.arb`.
"""

# ruff: noqa: D102 (exp, sin, … are what they are called)
from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, arb_mat


class Jet:
    """x + ε·slope with ε² = 0, and the operations that `Ball` needs of its numbers.

    Comparisons, and all questions of size and precision, are about x alone.
    """

    __slots__ = ("_magnitudes", "slope", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: arb, slope: arb_mat) -> None:
        """Take x, and its slopes as a matrix of shape (1, directions)."""
        self.value = value
        self.slope = slope
        self._magnitudes: np.ndarray | None = None

    def magnitudes(self) -> np.ndarray:
        """Return |slope| along each direction, as floats of shape (directions,)."""
        if self._magnitudes is None:
            self._magnitudes = np.array([abs(float(ball)) for ball in self.slope.mid().entries()])
        return self._magnitudes

    # --- arithmetic, with jets and with constants ---

    def __add__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.value + other.value, self.slope + other.slope)
        return Jet(self.value + other, self.slope)

    __radd__ = __add__

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.value - other.value, self.slope - other.slope)
        return Jet(self.value - other, self.slope)

    def __rsub__(self, other: Any) -> Jet:
        return Jet(other - self.value, -self.slope)

    def __mul__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            slope = self.slope * other.value + other.slope * self.value
            return Jet(self.value * other.value, slope)
        return Jet(self.value * other, self.slope * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            quotient = self.value / other.value
            return Jet(quotient, (self.slope - other.slope * quotient) / other.value)
        return Jet(self.value / other, self.slope / other)

    def __rtruediv__(self, other: Any) -> Jet:
        quotient = other / self.value
        return Jet(quotient, self.slope * (-quotient / self.value))

    def __pow__(self, other: Any) -> Any:
        """Raise x to a power: a jet, an integer or a ball."""
        # By the rule below, the slope of x⁰ would be 0·∞ at x = 0.
        if isinstance(other, int) and other in (0, 1):
            return self if other else arb(1)
        exponent = other.value if isinstance(other, Jet) else other
        power = self.value**exponent
        slope = self.slope * (exponent * self.value ** (exponent - 1))
        if isinstance(other, Jet):
            slope += other.slope * (power * self.value.log())
        return Jet(power, slope)

    def __rpow__(self, other: arb) -> Jet:
        power = other**self.value
        return Jet(power, self.slope * (power * other.log()))

    # --- comparisons ---

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < primal(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > primal(other))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == primal(other))

    # --- functions ---

    def exp(self) -> Jet:
        value = self.value.exp()
        return Jet(value, self.slope * value)

    def expm1(self) -> Jet:
        return Jet(self.value.expm1(), self.slope * self.value.exp())

    def log(self) -> Jet:
        return Jet(logarithm(self.value), self.slope / self.value)

    def log1p(self) -> Jet:
        return Jet(self.value.log1p(), self.slope / (1 + self.value))

    def sqrt(self) -> Jet:
        root = self.value.sqrt()
        return Jet(root, self.slope / (2 * root))

    def sin_cos(self) -> tuple[Jet, Jet]:
        sine, cosine = self.value.sin_cos()
        return Jet(sine, self.slope * cosine), Jet(cosine, self.slope * -sine)

    def tan(self) -> Jet:
        return Jet(self.value.tan(), self.slope * self.value.sec() ** 2)

    def sec(self) -> Jet:
        secant = self.value.sec()
        return Jet(secant, self.slope * (secant * self.value.tan()))

    def sech(self) -> Jet:
        secant = self.value.sech()
        return Jet(secant, self.slope * (-secant * self.value.tanh()))

    def tanh(self) -> Jet:
        return Jet(self.value.tanh(), self.slope * self.value.sech() ** 2)

    # --- questions about the value alone ---

    def mid(self) -> arb:
        return self.value.mid()

    def is_exact(self) -> bool:
        return bool(self.value.is_exact())

    def is_finite(self) -> bool:
        return bool(self.value.is_finite())

    def is_integer(self) -> bool:
        return False  # as an exponent it varies

    def str(self, *arguments: Any, **options: Any) -> str:
        return str(self.value.str(*arguments, **options))


def logarithm(value: arb) -> arb:
    """Compute log x, which is −∞ at 0: what is masked, in log space."""
    return arb.neg_inf() if value.is_zero() else value.log()


def primal(number: Any) -> Any:
    """Return the value of a jet without its slopes; any other number as it is."""
    return number.value if isinstance(number, Jet) else number


def make_jet(value: arb, directions: np.ndarray) -> Any:
    """Make a parameter a jet with its entry of every direction as slopes; plain if all are 0."""
    if not np.any(directions):
        return value
    return Jet(value, arb_mat(1, len(directions), [arb(float(d)) for d in directions]))


def slopes(number: Any, count: int) -> list[arb]:
    """Return the slopes of a jet along each of `count` directions: zeros for a plain number."""
    if not isinstance(number, Jet):
        return [arb(0)] * count
    entries: list[arb] = number.slope.entries()
    return entries


def slope_magnitudes(adjoint: Any, partial: Any) -> Any:
    """Add up the sizes of the two terms in the slope of adjoint·partial, per direction."""
    terms: Any = 0.0
    if isinstance(adjoint, Jet):
        terms = adjoint.magnitudes() * abs(float(primal(partial).mid()))
    if isinstance(partial, Jet):
        terms = terms + partial.magnitudes() * abs(float(primal(adjoint).mid()))
    return terms
