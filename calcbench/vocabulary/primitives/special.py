"""Special functions, spelled as in `scipy.special`, and defined as in the DLMF."""

from __future__ import annotations

from calcbench.vocabulary.array import Array


def erf(x: Array) -> Array:
    """2/√π ∫₀ˣ e^(−t²) dt.

    The error function (DLMF 7.2.1): −1 at −∞, 1 at ∞.
    """


def erfc(x: Array) -> Array:
    """1 − erf(x), accurate for large x.

    The complementary error function (DLMF 7.2.2): 2 at −∞, 0 at ∞.
    """


def gammaln(x: Array) -> Array:
    """log |Γ(x)|.

    The logarithm of the gamma function (DLMF 5.2.1): infinite at 0 and at whole numbers below.
    """


def digamma(x: Array) -> Array:
    """Compute the derivative of gammaln.

    The logarithmic derivative of the gamma function (DLMF 5.2.2), which has poles at 0 and at whole
    numbers below.
    """
