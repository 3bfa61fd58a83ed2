"""Special functions, spelled as in `scipy.special`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcbench.vocabulary.array import Array

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def expit(xp: Vocabulary, x: Array) -> Array:
    """1 / (1 + e⁻ˣ): another name of sigmoid."""
    return xp.sigmoid(x)


def logit(xp: Vocabulary, x: Array) -> Array:
    """log(x / (1 − x)), of 0 < x < 1: the inverse of sigmoid."""
    return xp.log(x) - xp.log1p(-x)


def xlogy(xp: Vocabulary, x: Array, y: Array) -> Array:
    """x log y, and 0 where both are 0."""
    return x * xp.log(xp.where(xp.abs(x) <= 0, xp.where(y <= 0, 1.0, y), y))


def xlog1py(xp: Vocabulary, x: Array, y: Array) -> Array:
    """x log(1 + y), and 0 where x is 0 and y is −1."""
    return x * xp.log1p(xp.where(xp.abs(x) <= 0, xp.where(y <= -1, 0.0, y), y))


def entr(xp: Vocabulary, x: Array) -> Array:
    """−x log x of x > 0, 0 at 0: a term of an entropy."""
    return -xp.xlogy(x, x)


def rel_entr(xp: Vocabulary, x: Array, y: Array) -> Array:
    """x log(x/y), and 0 where both are 0: a term of a relative entropy."""
    return xp.xlogy(x, x) - xp.xlogy(x, y)


def betaln(xp: Vocabulary, a: Array, b: Array) -> Array:
    """log |B(a, b)| = log |Γ(a) Γ(b) / Γ(a + b)|."""
    return xp.gammaln(a) + xp.gammaln(b) - xp.gammaln(a + b)


def ndtr(xp: Vocabulary, x: Array) -> Array:
    """Compute the distribution function of the standard normal distribution."""
    return 0.5 * xp.erfc(-x / xp.sqrt(xp.asarray(2.0)))
