"""Plain data: what JSON can hold, and the way back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Data that JSON can hold: arrays as lists, NaN and infinity as strings."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def number(value: Any) -> Any:
    """A float that `plain` wrote as a string; anything else as it is."""
    return float(value) if value in ("nan", "inf", "-inf") else value


def arrays(data: Mapping[str, Any] | None) -> dict[str, np.ndarray] | None:
    """Lists of numbers, NaN and infinity as strings, → float64 arrays."""
    if data is None:
        return None
    return {name: np.array(value, dtype=np.float64) for name, value in data.items()}
