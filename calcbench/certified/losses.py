"""Losses: how far libraries may be off the value of a special function, in units of roundoff.

Measured against balls, for SciPy 1.17, PyTorch 2.13, TensorFlow 2.21 and JAX 0.10
(tests/certified/test_losses.py), and as large as the way that they compute it explains:

erf, erfinv   a rational function each, in pieces
erfc          1 − erf below 1; in its tail a factor e^(−x²), of an x² that is rounded
gammaln       terms of the size of log x, and 1 at least, however small the sum
digamma       the same, and sums of up to ten 1/(x + k) below 10
polygamma     a series from 10 or so on, and up to there a sum of powers of 1/(x + k)
log_ndtr      what erfc loses, in its right tail where that is all there is
ive           series of Chebyshev polynomials, or of powers
"""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.vocabulary import numpy as plain


def loss_of_value(name: str, x: Any, value: Any) -> Any:
    """Return how many units of roundoff the value of a function at x may be off.

    Arrays of floats of one shape; absolute, in units of 1.
    """
    size = np.abs(value)
    if name in ("gammaln", "digamma"):
        many = 12.0 if name == "digamma" else 20.0
        return 2.0 * size + many * (1.0 + np.abs(np.log(np.abs(x))))
    if name == "erfc":
        near = np.where(np.abs(x) < 1, 4.0 * np.abs(1.0 - value), 0.0)
        return (4.0 + np.maximum(x, 0.0) ** 2) * size + near
    if name == "log_ndtr":
        return (8.0 + 2.0 * np.maximum(x, 0.0) ** 2) * size
    return FACTORS.get(name.rstrip("0123456789"), 2.0) * size


FACTORS = {"erf": 4.0, "erfinv": 4.0, "polygamma": 20.0, "ive": 8.0}
"""Function → how many times u·|f(x)| it may be off."""


def special_value(name: str, x: Any) -> Any:
    """Evaluate a function at floats, by SciPy; `polygamma2` and `ive0` have their order in it."""
    family = name.rstrip("0123456789")
    if family in ("polygamma", "ive"):
        return plain.special(family)(int(name.removeprefix(family)), x)
    return plain.special(name)(x)
