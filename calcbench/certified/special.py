"""Special functions and their slopes in balls, for numbers with and without slopes of their own.

The derivatives are those of the NIST Digital Library of Mathematical Functions: 4.24.9 (atan),
7.2.1 (erf), 5.2.2 (log Γ), 5.15.1 (polygamma) and 10.29.1 (Bessel functions). Polygamma functions
and Bessel functions have their order in their names: `polygamma1`, `ive0`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from flint import acb, arb, arb_series, ctx

from calcbench.certified.jets import Jet, primal
from calcbench.certified.losses import loss_of_value

Number = Any
"""A `flint.arb` or a `Jet`."""


def _gauss(x: Number) -> Number:
    """Compute the slope of erf, 2/√π · e^(−x²)."""
    return (-(x * x)).exp() * (2 / arb.pi().sqrt())


def _polygamma(n: int) -> Callable[[arb], arb]:
    """Build ψ⁽ⁿ⁾, the (n + 1)-th derivative of log Γ."""
    return lambda x: acb(x).polygamma(acb(n)).real


def _order(name: str) -> int:
    return 0 if name == "digamma" else int(name.removeprefix("polygamma"))


def _bessel_order(name: str) -> int:
    """Return the n of `ive{n}`, e^−x Iₙ(x) of x ≥ 0; −1 for any other name."""
    return int(name[3:]) if name.startswith("ive") else -1


def _bessel_slope(n: int, x: Number) -> Number:
    """Compute the slope of e^−x Iₙ(x), as libraries do: by its neighbours, where I₋₁ is I₁."""
    before, after = value(f"ive{abs(n - 1)}", x), value(f"ive{n + 1}", x)
    return (before + after) / 2 - value(f"ive{n}", x)


def _log_ndtr(x: Number) -> Number:
    """Compute log Φ of a ball or a series, from the tail that is the smaller one."""
    root = arb(2).sqrt()
    if (x if isinstance(x, arb) else x[0]) > 0:
        return _log_beside_one((x / root).erfc() / 2)
    return ((x / -root).erfc() / 2).log()


def _log_beside_one(missing: Number) -> Number:
    """Compute log(1 − x), accurate for small x if that is a ball."""
    return (-missing).log1p() if isinstance(missing, arb) else (1 - missing).log()


def _plain(name: str) -> Callable[[arb], arb]:
    """Find what evaluates a function at a ball."""
    if name in PLAIN:
        return PLAIN[name]
    n = _bessel_order(name)
    return _polygamma(_order(name)) if n < 0 else lambda x: x.bessel_i(n, scaled=True)


def value(name: str, x: Number) -> Number:
    """Evaluate a function at a number; at a jet, with the slopes that follow."""
    if isinstance(x, Jet):
        return Jet(value(name, x.value), x.slope * slope(name, x.value))
    if not isinstance(x, arb):  # a germ, just beside a point
        return x.apply(functools.partial(expand, name))
    return _plain(name)(x)


def slope(name: str, x: Number) -> Number:
    """Evaluate the derivative of a function at a number."""
    if name in SLOPES:
        return SLOPES[name](x)
    n = _bessel_order(name)
    return value(f"polygamma{_order(name) + 1}", x) if n < 0 else _bessel_slope(n, x)


def loss(name: str, x: Number, value: Number) -> arb:
    """Enclose what libraries lose of a function (`certified.losses`)."""
    at, found = (float(primal(number).mid()) for number in (x, value))
    return arb(0, float(loss_of_value(name, at, found))) * arb(2) ** -ctx.prec


def loss_of_slope(name: str, x: Number, slope: Number) -> arb:
    """Enclose what libraries lose of a slope beyond the roundings of its formula."""
    n = _bessel_order(name)
    if n >= 0:
        return loss(name, x, value(name, x)) + loss(f"ive{n + 1}", x, value(f"ive{n + 1}", x))
    if name == "gammaln":
        return loss("digamma", x, slope)
    if name == "digamma" or name.startswith("polygamma"):
        return loss(f"polygamma{_order(name) + 1}", x, slope)
    return arb(0)


PLAIN: dict[str, Callable[[arb], arb]] = {
    "atan": arb.atan,
    "erf": arb.erf,
    "erfc": arb.erfc,
    "erfinv": arb.erfinv,
    "log_ndtr": _log_ndtr,
    "gammaln": lambda x: x.lgamma() if x > 0 else abs(x.gamma()).log(),
}

SLOPES: dict[str, Callable[[Number], Number]] = {
    "atan": lambda x: 1 / (1 + x * x),
    "erf": _gauss,
    "erfc": lambda x: -_gauss(x),
    "erfinv": lambda x: 1 / _gauss(value("erfinv", x)),
    "log_ndtr": lambda x: (x * x / -2 - value("log_ndtr", x)).exp() / (2 * arb.pi()).sqrt(),
    "gammaln": lambda x: value("digamma", x),
}

NAMES = (*PLAIN, "digamma")


def _log_gamma(x: arb_series) -> arb_series:
    """Expand log |Γ|, which python-flint has of numbers above 0 alone."""
    if x[0] > 0:
        return x.lgamma()
    gamma = x.gamma()
    return (gamma if gamma[0] > 0 else -gamma).log()


def _expand_erfinv(x: arb_series) -> arb_series:
    """Expand y = erf⁻¹(x), one power after the other, by y′ = √π/2·e^(y²)·x′."""
    y, scale = arb_series([x[0].erfinv()]), arb.pi().sqrt() / 2
    for _ in range(ctx.cap - 1):
        y = y[0] + ((y * y).exp() * x.derivative() * scale).integral()
    return y


def _expand_bessel(n: int, x: arb_series) -> arb_series:
    """Expand e^−x Iₙ(x), by the Taylor coefficients of Iₙ, which are those of its neighbours.

    The k-th derivative is 2⁻ᵏ Σ C(k, j) I₍ₙ₋ₖ₊₂ⱼ₎ (DLMF 10.29.5), where I₋ₘ is Iₘ.
    """
    t = arb_series([0, *(x[k] for k in range(1, x.length()))])
    scaled = {m: x[0].bessel_i(m, scaled=True) for m in range(n + ctx.cap + 1)}
    coefficients = [
        sum((scaled[abs(n - k + 2 * j)] * math.comb(k, j) for j in range(k + 1)), arb(0))
        / (math.factorial(k) * 2**k)
        for k in range(ctx.cap)
    ]
    return arb_series(coefficients)(t) * (-t).exp()


EXPANDED: dict[str, Callable[[arb_series], arb_series]] = {
    "gammaln": _log_gamma,
    "erfinv": _expand_erfinv,
    "log_ndtr": _log_ndtr,
}


def expand(name: str, x: arb_series | arb) -> arb_series | arb:
    """Evaluate a function of a Taylor series."""
    if isinstance(x, arb):
        return value(name, x)
    if name in EXPANDED:
        return EXPANDED[name](x)
    if name in PLAIN:
        return getattr(x, name)()
    if _bessel_order(name) >= 0:
        return _expand_bessel(_bessel_order(name), x)
    # ψ⁽ⁿ⁾(a + t), from the series of log Γ with n + 1 terms more, at t = x − a. Of a ball a, a − a
    # is no 0: t begins with its second term.
    terms, derivatives = ctx.cap, _order(name) + 1
    ctx.cap = terms + derivatives
    try:
        around = _log_gamma(arb_series([x[0], 1]))
        for _ in range(derivatives):
            around = around.derivative()
    finally:
        ctx.cap = terms
    return around(arb_series([0, *(x[k] for k in range(1, x.length()))]))
