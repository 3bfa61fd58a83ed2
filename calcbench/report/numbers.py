"""Numbers as text, with as many digits as a reader can use."""

from __future__ import annotations

import math

NOTHING = "–"
"""What stands where nothing was measured, or where there is nothing to say."""


def format_duration(seconds: float | None) -> str:
    """Write seconds with three digits and a unit: `3.14 µs`, `46 µs`, `2.01 ms`, `1.2 s`."""
    if seconds is None:
        return NOTHING
    rounded = float(f"{seconds:.3g}")  # first, so that 999.9 µs is 1 ms and not 1e+03 µs
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if rounded >= scale:
            number = rounded / scale
            return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
    return f"{rounded / 1e-9:.3g} ns"


def format_ratio(value: float) -> str:
    """Write a ratio with three digits: `0.052`, `1.50`, `46.0`, `12,300`."""
    rounded = float(f"{value:.3g}")
    if rounded < 1:
        return f"{rounded:.3g}"
    return f"{rounded:,.{max(0, 2 - math.floor(math.log10(rounded)))}f}"


def format_percent(spread: float) -> str:
    """Write a share in per cent with two digits; `–` where it is not known."""
    if not math.isfinite(spread):
        return NOTHING
    rounded = float(f"{100 * spread:.2g}")
    return f"{rounded:.0f} %" if rounded >= 10 else f"{rounded:.2g} %"


def format_digits(digits: float | None) -> str:
    """Write how many digits are right, to a tenth; `–` where that is not known."""
    return NOTHING if digits is None or math.isnan(digits) else f"{digits:.1f}"


def plural(number: int, noun: str) -> str:
    """Give the noun the ending that a number of things takes: `cell`, `cells`."""
    return noun if number == 1 else f"{noun}s"
