"""The difference quotients of one variable, and the steps at which their error is least."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from calcbench.certified.difference_bounds import Arm, Scheme

Quotient = Callable[[Any, Any, Any], Any]
"""(function of one number, x, step) → slope."""

# The error of a difference quotient is truncation, growing as hᵖ, plus rounding, growing as
# u/h; the sum is least near h = u^(1/(p+1)) in the units of the parameter. Nocedal & Wright,
# Numerical Optimization, 2nd ed., section 8.1.
SCHEMES = {
    "forward": Scheme(1, 2.0),
    "central": Scheme(2, 1.0),
    "complex": Scheme(2, 0.0),
    "richardson": Scheme(6, (1 + 20 * 2 + 64 * 4) / 45),
}

WEIGHTS = {1: Fraction(1, 45), 2: Fraction(-20, 45), 4: Fraction(64, 45)}
"""Divisor of the step → weight of that central quotient in `richardson`."""

# Complex step: no subtraction, hence no rounding over h, and h can be so small that the
# truncation h² underflows, so that even a partial of 0 comes out as 0. Squire & Trapp, SIAM
# Review 40 (1998) 110-112.
TINY = {"float64": 1e-165, "float32": 1e-23}

EVALUATIONS = {"forward": 2, "central": 2, "complex": 1, "richardson": 6}
"""Scheme → evaluations of the function in one quotient."""

WORDS = {
    "forward": "forward differences",
    "central": "central differences",
    "complex": "complex steps",
    "richardson": "extrapolated central differences",
}


def quotient(scheme: str, stretch: float = 1.0) -> Quotient:
    """Return the quotient of a scheme, at `stretch` times the step."""
    chosen = QUOTIENTS[scheme]
    return lambda function, x, step: chosen(function, x, stretch * step)


def forward(function: Any, x: Any, step: Any) -> Any:
    """Compute (f(x + h) − f(x)) / h, with h as far as x really moves."""
    ahead = x + x.dtype.type(step)
    return (function(ahead) - function(x)) / (ahead - x)


def central(function: Any, x: Any, step: Any) -> Any:
    """Compute (f(x + h) − f(x − h)) / 2h."""
    step = x.dtype.type(step)
    ahead, behind = x + step, x - step
    return (function(ahead) - function(behind)) / (ahead - behind)


def richardson(function: Any, x: Any, step: Any) -> Any:
    """Extrapolate three central differences to h = 0: an error of order h⁶."""
    d1, d2, d4 = (central(function, x, step / k) for k in (1.0, 2.0, 4.0))
    e1, e2 = (4 * d2 - d1) / 3, (4 * d4 - d2) / 3
    return (16 * e2 - e1) / 15


def complex_step(function: Any, x: Any, step: Any) -> Any:
    """Compute Im f(x + ih) / h."""
    return np.imag(function(x + 1j * step)) / step


QUOTIENTS: dict[str, Quotient] = {
    "forward": forward,
    "central": central,
    "complex": complex_step,
    "richardson": richardson,
}


def arms(scheme: str, x: Any, step: Any) -> list[Arm]:
    """List the quotients that a scheme of real steps adds up at x, a number of NumPy's.

    None where x ± h is beyond the largest number.
    """
    if not abs(x) <= np.finfo(x.dtype).max - 2 * abs(step):
        return []
    weights = WEIGHTS if scheme == "richardson" else {1: Fraction(1)}
    found = []
    for divisor, weight in weights.items():
        h = x.dtype.type(step / divisor)
        behind = x if scheme == "forward" else x - h
        here, low, high = (Fraction(float(number)) for number in (x, behind, x + h))
        found.append(Arm(weight, high - here, here - low))
    return found


def best_step(
    x: float, room: tuple[float, float], power: float, unit: float, margin: float
) -> float:
    """Choose the step u^(1/power), scaled by |x|, that stays inside an open interval.

    Clear of its ends by a factor `margin`: error bounds take twice the step.
    """
    low, high = room
    step: float = unit ** (1.0 / power) * max(abs(float(x)), 1.0)
    return min(step, (x - low) / margin, (high - x) / margin) if low < x < high else step
