"""Elementary functions, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcbench.vocabulary.array import Array, Condition, Number

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def square(xp: Vocabulary, x: Array) -> Array:
    """x²."""
    return x * x


def reciprocal(xp: Vocabulary, x: Array) -> Array:
    """1/x."""
    return 1.0 / x


def pow(xp: Vocabulary, x: Number, y: Number) -> Array:
    """xʸ; where y is not a whole number, of x > 0."""
    return x**y


def exp2(xp: Vocabulary, x: Array) -> Array:
    """2ˣ."""
    return 2.0**x


def log2(xp: Vocabulary, x: Array) -> Array:
    """Compute the logarithm to base 2."""
    return xp.log(x) / xp.log(xp.asarray(2.0))


def log10(xp: Vocabulary, x: Array) -> Array:
    """Compute the logarithm to base 10."""
    return xp.log(x) / xp.log(xp.asarray(10.0))


def minimum(xp: Vocabulary, x: Number, y: Number) -> Array:
    """Take the smaller, element by element; one of both may be a number.

    At a tie it has a kink, as `maximum`.
    """
    return -xp.maximum(-x, -y)


def logaddexp(xp: Vocabulary, x: Number, y: Number) -> Array:
    """log(eˣ + eʸ), without overflow; one of both may be a number.

    −∞ beside y is y; at ties it is smooth.
    """
    first = x >= y
    larger, smaller = xp.where(first, x, y), xp.where(first, y, x)
    return larger + xp.softplus(smaller - xp.where(larger > -xp.inf, larger, 0.0))


def hypot(xp: Vocabulary, x: Array, y: Array) -> Array:
    """√(x² + y²)."""
    return xp.sqrt(x * x + y * y)


def sinh(xp: Vocabulary, x: Array) -> Array:
    """Compute the hyperbolic sine, accurate near 0."""
    return 0.5 * (xp.expm1(x) - xp.expm1(-x))


def cosh(xp: Vocabulary, x: Array) -> Array:
    """Compute the hyperbolic cosine."""
    return 0.5 * (xp.exp(x) + xp.exp(-x))


def asinh(xp: Vocabulary, x: Array) -> Array:
    """Compute the inverse of sinh, accurate near 0."""
    sign = xp.where(x < 0, -1.0, 1.0)  # not that of 0 at 0, where the slope would be lost
    size = sign * x
    return sign * xp.log1p(size + size * (size / (1.0 + xp.sqrt(1.0 + size * size))))


def acosh(xp: Vocabulary, x: Array) -> Array:
    """Compute the inverse of cosh, of x > 1, accurate near 1."""
    t = x - 1.0
    return xp.log1p(t + xp.sqrt(t * (x + 1.0)))


def atanh(xp: Vocabulary, x: Array) -> Array:
    """Compute the inverse of tanh, of |x| < 1, accurate near 0."""
    return 0.5 * (xp.log1p(x) - xp.log1p(-x))


def sign(xp: Vocabulary, x: Array) -> Array:
    """−1, 0 or 1; its derivative is 0."""
    return xp.where(x > 0, 1.0, xp.where(x < 0, -1.0, 0.0))


def clip(xp: Vocabulary, x: Array, low: Number | None = None, high: Number | None = None) -> Array:
    """x, but no less than low and no more than high, where these are given."""
    raised = x if low is None else xp.maximum(x, low)
    return raised if high is None else xp.minimum(raised, high)


def ceil(xp: Vocabulary, x: Array) -> Array:
    """Round up to a whole number; its derivative is 0."""
    return -xp.floor(-x)


def remainder(xp: Vocabulary, x: Array, y: Number) -> Array:
    """Compute what is left of x after whole multiples of y; it has the sign of y."""
    return x - xp.floor(x / y) * y


def asin(xp: Vocabulary, x: Array) -> Array:
    """Compute the inverse of sin, of |x| < 1."""
    return xp.atan(x / xp.sqrt((1.0 - x) * (1.0 + x)))


def acos(xp: Vocabulary, x: Array) -> Array:
    """Compute the inverse of cos, of |x| < 1, accurate near 1."""
    return 2.0 * xp.atan(xp.sqrt((1.0 - x) / (1.0 + x)))


def atan2(xp: Vocabulary, y: Array, x: Array) -> Array:
    """Compute the angle of the point (x, y), between −π and π."""
    steep = xp.abs(y) > xp.abs(x)
    angle = xp.atan(xp.where(steep, x, y) / xp.where(steep, y, x))
    half, whole = xp.where(y < 0, -xp.pi / 2, xp.pi / 2), xp.where(y < 0, -xp.pi, xp.pi)
    return xp.where(steep, half - angle, xp.where(x < 0, whole, 0.0) + angle)


def logical_or(xp: Vocabulary, p: Condition, q: Condition) -> Array:
    """Tell where one of two conditions holds, or both: of numbers, where they are not 0."""
    return xp.logical_not(xp.logical_and(xp.logical_not(p), xp.logical_not(q)))


def equal(xp: Vocabulary, x: Number, y: Number) -> Array:
    """Tell whether x = y."""
    return xp.logical_and(x <= y, x >= y)


def not_equal(xp: Vocabulary, x: Number, y: Number) -> Array:
    """Tell whether x ≠ y."""
    return xp.logical_not(xp.equal(x, y))
