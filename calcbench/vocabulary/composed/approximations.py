"""Special functions by series, recurrences and Newton's method, spelled as in `scipy.special`.

The formulas are those of the NIST Digital Library of Mathematical Functions (DLMF); what is left
out of an infinite series is less than float64 can tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from calcbench.vocabulary.array import Array

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)
"""The Bernoulli numbers B₂, B₄, …, B₁₈."""


def polygamma(xp: Vocabulary, n: int, x: Array) -> Array:
    """Compute the n-th derivative of digamma, of x > 0; n is a Python integer, 0 for digamma."""
    if n == 0:
        return xp.digamma(x)
    # Far out, an asymptotic series (DLMF 5.15.9); up to there, by the recurrence 5.15.5.
    shift = 16 + 2 * n
    near = sum(math.factorial(n) / (x + k) ** (n + 1) for k in range(shift))
    z = x + shift
    series = math.factorial(n - 1) + 0.5 * math.factorial(n) / z
    for j, b in enumerate(BERNOULLI, 1):
        series = series + b * math.factorial(2 * j + n - 1) / math.factorial(2 * j) / z ** (2 * j)
    return (1.0 if n % 2 else -1.0) * (near + series / z**n)


def erfinv(xp: Vocabulary, x: Array) -> Array:
    """Compute the inverse of erf, of |x| < 1."""
    # Halley's method from a rough start, which triples its digits and those of its slopes.
    sign = xp.where(x < 0, -1.0, 1.0)
    size = sign * x
    outer = size > 0.5
    middle = size * (0.886227 + size * size * (0.232014 + size * size * 0.127556))
    log = xp.log1p(-xp.where(outer, size * size, 0.5))
    half = 2.0 / (xp.pi * 0.147) + 0.5 * log  # by Winitzki's formula, to three digits
    y = xp.where(outer, xp.sqrt(xp.sqrt(half * half - log / 0.147) - half), middle)
    for _ in range(3):
        # 1 − x is exact where x is beside 1, and erfc has all digits there.
        error = xp.where(outer, (1.0 - size) - xp.erfc(y), xp.erf(y) - size)
        step = 0.5 * error * xp.exp(y * y) / xp.sqrt(xp.asarray(1.0) / xp.pi)
        y = y - step / (1.0 + y * step)
    return sign * y


def log_ndtr(xp: Vocabulary, x: Array) -> Array:
    """Compute the logarithm of `ndtr`, accurate in its left tail too."""
    root = xp.sqrt(xp.asarray(0.5))
    right = xp.log1p(-0.5 * xp.erfc(root * xp.where(x > 0, x, 0.0)))
    left = xp.log(0.5 * xp.erfc(-root * xp.where(x > 0, 0.0, xp.where(x < -10, -10.0, x))))
    far = xp.where(x < -10, x, -10.0)
    series: Any = 0.0
    t = 1.0 / (far * far)  # DLMF 7.12.1
    for k in reversed(range(24)):
        series = -(2 * k + 1) * t * (1.0 + series)
    scale = 0.5 * xp.log(xp.asarray(0.5) / xp.pi)
    tail = scale + xp.log1p(series) - 0.5 * far * far - xp.log(-far)
    return xp.where(x < -10, tail, xp.where(x > 0, right, left))


def i0e(xp: Vocabulary, x: Array) -> Array:
    """Compute e^−|x| I₀(x), with the modified Bessel function of the first kind, of order 0."""
    size = xp.abs(x)
    near = xp.where(size < 20, size, 20.0)
    series: Any = 0.0
    square = 0.25 * near * near  # DLMF 10.25.2
    for k in reversed(range(1, 50)):
        series = square / k**2 * (1.0 + series)
    far = xp.where(size < 20, 20.0, size)
    tail: Any = 0.0  # DLMF 10.40.1
    for k in reversed(range(1, 30)):
        tail = (2 * k - 1) ** 2 / (8.0 * k) / far * (1.0 + tail)
    distant = (1.0 + tail) / xp.sqrt(2.0 * xp.pi * far)
    return xp.where(size < 20, xp.exp(-near) * (1.0 + series), distant)
