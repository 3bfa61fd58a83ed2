"""Special functions and their slopes in balls, for numbers with and without slopes of their own.

The derivatives are those of the NIST Digital Library of Mathematical Functions: 4.24.9 (atan),
7.2.1 (erf), 5.2.2 (log Γ) and 5.15.1 (polygamma).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flint import acb, arb, arb_series, ctx

from calcbench.certified.jets import Jet, primal

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


def value(name: str, x: Number) -> Number:
    """Evaluate a function at a number; at a jet, with the slopes that follow."""
    if isinstance(x, Jet):
        return Jet(value(name, x.value), x.slope * slope(name, x.value))
    if not isinstance(x, arb):  # a germ, just beside a point
        return x.apply(functools.partial(expand, name))
    if name in PLAIN:
        return PLAIN[name](x)
    return _polygamma(_order(name))(x)


def slope(name: str, x: Number) -> Number:
    """Evaluate the derivative of a function at a number."""
    if name in SLOPES:
        return SLOPES[name](x)
    return value(f"polygamma{_order(name) + 1}", x)


def loss(name: str, x: Number) -> arb:
    """Enclose what libraries lose of a function and its slope where these are small.

    They add up log Γ and ψ from terms of the size of log x, and 1 at least, however small the sum.
    """
    if name not in ("gammaln", "digamma"):
        return arb(0)
    size = 1 + abs(abs(primal(x).mid()).log())
    return arb(0, size * arb(2) ** -ctx.prec)


PLAIN: dict[str, Callable[[arb], arb]] = {
    "atan": arb.atan,
    "erf": arb.erf,
    "erfc": arb.erfc,
    "gammaln": lambda x: x.lgamma() if x > 0 else abs(x.gamma()).log(),
}

SLOPES: dict[str, Callable[[Number], Number]] = {
    "atan": lambda x: 1 / (1 + x * x),
    "erf": _gauss,
    "erfc": lambda x: -_gauss(x),
    "gammaln": lambda x: value("digamma", x),
}

NAMES = (*PLAIN, "digamma")


def _log_gamma(x: arb_series) -> arb_series:
    """Expand log |Γ|, which python-flint has of numbers above 0 alone."""
    if x[0] > 0:
        return x.lgamma()
    gamma = x.gamma()
    return (gamma if gamma[0] > 0 else -gamma).log()


def expand(name: str, x: arb_series | arb) -> arb_series | arb:
    """Evaluate a function of a Taylor series."""
    if isinstance(x, arb):
        return value(name, x)
    if name == "gammaln":
        return _log_gamma(x)
    if name in PLAIN:
        return getattr(x, name)()
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
