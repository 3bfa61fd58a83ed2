"""Record: what running one cell gave. A failure is a record too, never a missing row."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

SCHEMA = 1


class Status(StrEnum):
    """How a cell ended."""

    OK = "ok"
    DISAGREE = "disagree"
    ERROR = "error"
    SKIPPED = "skipped"
    NOT_INSTALLED = "not_installed"

    @property
    def failed(self) -> bool:
        """Whether this is a fault, as against something that could not be tried."""
        return self in (Status.DISAGREE, Status.ERROR)


@dataclass(frozen=True)
class Disagreement:
    """The worst component of a gradient that is wrong."""

    point: str
    """The name of the point: `own`, `zeros`, `random-1`, …"""
    component: str
    """`m`, or `w[3]`."""
    value: float
    expected: float
    bound: float
    """How far an honest evaluation by this method may lie from `expected`."""

    def __str__(self) -> str:
        """Both values, and where."""
        place = "" if self.point == "own" else f" at {self.point}"
        return (
            f"∂C/∂{self.component}{place} is {self.value:.10g}, expected {self.expected:.10g} "
            f"(off by {abs(self.value - self.expected):.2g}, allowed {self.bound:.2g})"
        )


@dataclass(frozen=True)
class Record:
    """One backend on one problem."""

    problem: str
    backend: str
    """The selector, with options."""
    operator: str
    dtype: str
    status: Status
    size: int = 1
    seed: int = 0
    reason: str = ""
    """Why the status is not ok; for `ok`, nothing."""
    at: dict[str, Any] = field(default_factory=dict)
    """Parameter name → its value at the problem's own point."""
    gradient: dict[str, np.ndarray] | None = None
    """Parameter name → partial derivative at the problem's own point."""
    digits: float | None = None
    """−log₁₀ of the largest error over all points, relative to the largest component there."""
    digits_median: float | None = None
    """The median over components of their digits, at the own point."""
    ulps: float | None = None
    """The largest error at the own point, in units in the last place."""
    bound: dict[str, np.ndarray] | None = None
    """Parameter name → how far from the reference each partial may be, at the own point."""
    reference: dict[str, np.ndarray] | None = None
    """Parameter name → the certified partial at the own point, where there is one."""
    certified_digits: float | None = None
    """Digits to which the reference is certified; infinite where it is exact."""
    judged: str = ""
    """Why the verdict is not certified, or on how much of the problem it is; else nothing."""
    condition: float | None = None
    """Relative change of the gradient per relative change of its inputs, at the own point."""
    disagreement: Disagreement | None = None
    proof: str = ""
    """For a hand-derived formula: `proved`, or why it could not be proved."""
    seconds: dict[str, float] = field(default_factory=dict)
    """`import`, `prepare`, `first`, `call`: seconds, where they were measured."""

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON; what is not finite becomes a string, for JSON has no word for it."""
        return {"schema": SCHEMA, **plain(dataclasses.asdict(self))}


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
