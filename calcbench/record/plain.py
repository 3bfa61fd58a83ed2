"""Plain data: what JSON can hold, and the way back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from calcbench.problem.size import NamedSize


def plain(value: Any, nan: str | None = "nan") -> Any:
    """Turn arrays into lists, and what is not finite into text, so that JSON can hold it.

    Infinity becomes `"inf"` or `"-inf"`. NaN becomes `"nan"`, which `number` reads back; data
    that nobody reads back into calcbench may have `nan=None`, the `null` of JSON, instead.
    """
    if isinstance(value, NamedSize):
        return value.names
    if isinstance(value, dict):
        return {key: plain(item, nan) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), nan)
    if isinstance(value, (list, tuple)):
        return [plain(item, nan) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return nan if math.isnan(value) else str(value)
    return value


def number(value: Any) -> Any:
    """Read a float that `plain` wrote as text; return anything else as it is."""
    return float(value) if value in ("nan", "inf", "-inf") else value
