"""Elementary functions, element by element."""

from __future__ import annotations

from typing import Any


def square(xp: Any, x: Any) -> Any:
    """x²."""
    return x * x


def reciprocal(xp: Any, x: Any) -> Any:
    """1/x."""
    return 1.0 / x


def pow(xp: Any, x: Any, y: Any) -> Any:
    """xʸ; where y is not a whole number, of x > 0."""
    return x**y


def exp2(xp: Any, x: Any) -> Any:
    """2ˣ."""
    return 2.0**x


def log2(xp: Any, x: Any) -> Any:
    """Compute the logarithm to base 2."""
    return xp.log(x) / xp.log(xp.asarray(2.0))


def log10(xp: Any, x: Any) -> Any:
    """Compute the logarithm to base 10."""
    return xp.log(x) / xp.log(xp.asarray(10.0))


def hypot(xp: Any, x: Any, y: Any) -> Any:
    """√(x² + y²)."""
    return xp.sqrt(x * x + y * y)


def sinh(xp: Any, x: Any) -> Any:
    """Compute the hyperbolic sine, accurate near 0."""
    return 0.5 * (xp.expm1(x) - xp.expm1(-x))


def cosh(xp: Any, x: Any) -> Any:
    """Compute the hyperbolic cosine."""
    return 0.5 * (xp.exp(x) + xp.exp(-x))


def asinh(xp: Any, x: Any) -> Any:
    """Compute the inverse of sinh, accurate near 0."""
    sign = xp.where(x < 0, -1.0, 1.0)  # not that of 0 at 0, where the slope would be lost
    size = sign * x
    return sign * xp.log1p(size + size * (size / (1.0 + xp.sqrt(1.0 + size * size))))


def acosh(xp: Any, x: Any) -> Any:
    """Compute the inverse of cosh, of x > 1, accurate near 1."""
    t = x - 1.0
    return xp.log1p(t + xp.sqrt(t * (x + 1.0)))


def atanh(xp: Any, x: Any) -> Any:
    """Compute the inverse of tanh, of |x| < 1, accurate near 0."""
    return 0.5 * (xp.log1p(x) - xp.log1p(-x))


def sign(xp: Any, x: Any) -> Any:
    """−1, 0 or 1; its derivative is 0."""
    return xp.where(x > 0, 1.0, xp.where(x < 0, -1.0, 0.0))


def clip(xp: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    """x, but no less than low and no more than high, where these are given."""
    raised = x if low is None else xp.maximum(x, low)
    return raised if high is None else xp.minimum(raised, high)


def ceil(xp: Any, x: Any) -> Any:
    """Round up to a whole number; its derivative is 0."""
    return -xp.floor(-x)


def remainder(xp: Any, x: Any, y: Any) -> Any:
    """Compute what is left of x after whole multiples of y; it has the sign of y."""
    return x - xp.floor(x / y) * y


def asin(xp: Any, x: Any) -> Any:
    """Compute the inverse of sin, of |x| < 1."""
    return xp.atan(x / xp.sqrt((1.0 - x) * (1.0 + x)))


def acos(xp: Any, x: Any) -> Any:
    """Compute the inverse of cos, of |x| < 1, accurate near 1."""
    return 2.0 * xp.atan(xp.sqrt((1.0 - x) / (1.0 + x)))


def atan2(xp: Any, y: Any, x: Any) -> Any:
    """Compute the angle of the point (x, y), between −π and π."""
    steep = xp.abs(y) > xp.abs(x)
    angle = xp.atan(xp.where(steep, x, y) / xp.where(steep, y, x))
    half, whole = xp.where(y < 0, -xp.pi / 2, xp.pi / 2), xp.where(y < 0, -xp.pi, xp.pi)
    return xp.where(steep, half - angle, xp.where(x < 0, whole, 0.0) + angle)


def equal(xp: Any, x: Any, y: Any) -> Any:
    """Tell whether x = y."""
    return xp.logical_and(x <= y, x >= y)


def not_equal(xp: Any, x: Any, y: Any) -> Any:
    """Tell whether x ≠ y."""
    return xp.logical_not(xp.equal(x, y))
