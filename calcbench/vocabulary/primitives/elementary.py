"""Elementary functions, element by element."""

from __future__ import annotations

from calcbench.vocabulary.array import Array, Number


def exp(x: Array) -> Array:
    """eˣ.

    0 at −∞; infinite where it overflows, from 710 on in float64.
    """


def expm1(x: Array) -> Array:
    """eˣ − 1, accurate near 0."""


def log(x: Array) -> Array:
    """Compute the natural logarithm, of x > 0.

    −∞ at 0, NaN below.
    """


def log1p(x: Array) -> Array:
    """log(1 + x), accurate near 0, of x > −1.

    −∞ at −1, NaN below.
    """


def sqrt(x: Array) -> Array:
    """Compute the square root, of x ≥ 0.

    At 0 it has an end, where its slope is infinite; NaN below.
    """


def sin(x: Array) -> Array:
    """Compute the sine of an angle in radians."""


def cos(x: Array) -> Array:
    """Compute the cosine of an angle in radians."""


def tan(x: Array) -> Array:
    """Compute the tangent of an angle in radians."""


def tanh(x: Array) -> Array:
    """Compute the hyperbolic tangent."""


def atan(x: Array) -> Array:
    """Compute the inverse of tan, between −π/2 and π/2."""


def abs(x: Array) -> Array:
    """|x|.

    At 0 it has a kink, with the slopes −1 and 1 on its sides: each library answers in its own way.
    """


def floor(x: Array) -> Array:
    """Round down to a whole number; its derivative is 0.

    It jumps at whole numbers, where libraries say 0 too.
    """


def round(x: Array) -> Array:
    """Round to the nearest whole number, of two to the even one; its derivative is 0.

    It jumps between whole numbers, where libraries say 0 too.
    """


def maximum(x: Number, y: Number) -> Array:
    """Take the larger, element by element; one of both may be a number.

    At a tie it has a kink, with slopes between (0, 1) and (1, 0): each library answers in its own
    way.
    """
