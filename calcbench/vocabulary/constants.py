"""Constants: numbers that every vocabulary has, as a Python float or as something better."""

from __future__ import annotations

import math

CONSTANTS = {
    "pi": (math.pi, "The circle constant π."),
    "e": (math.e, "Euler's number e."),
    "inf": (math.inf, "Infinity."),
}
"""Name → its value in double precision, and what it is."""
