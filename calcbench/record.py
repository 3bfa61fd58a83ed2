"""Record: what running one cell gave. A failure is a record too, never a missing row."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from calcbench.errors import SelectorError

SCHEMA = 3


class Status(StrEnum):
    """How a cell ended."""

    OK = "ok"
    DISAGREE = "disagree"
    ERROR = "error"
    TIMEOUT = "timeout"
    CRASH = "crash"
    OUT_OF_MEMORY = "out_of_memory"
    SKIPPED = "skipped"
    NOT_INSTALLED = "not_installed"
    NOISY = "noisy"
    """The result is right, but its time could not be told closely enough."""

    @property
    def failed(self) -> bool:
        """Whether this is a fault, as against something that could not be tried."""
        return self not in (Status.OK, Status.NOISY, Status.SKIPPED, Status.NOT_INSTALLED)

    @property
    def measured(self) -> bool:
        """Whether the result is there and right, so that its time means something."""
        return self in (Status.OK, Status.NOISY)


@dataclass(frozen=True)
class Disagreement:
    """The worst component of a result that is wrong."""

    point: str
    """The name of the point: `own`, `zeros`, `random-1`, …"""
    component: str
    """`∂C/∂m`, or `∂²C/∂w[3]∂b`."""
    value: float
    expected: float
    bound: float
    """How far an honest evaluation by this method may lie from `expected`."""

    def __str__(self) -> str:
        """Both values, and where."""
        place = "" if self.point == "own" else f" at {self.point}"
        return (
            f"{self.component}{place} is {self.value:.10g}, expected {self.expected:.10g} "
            f"(off by {abs(self.value - self.expected):.2g}, allowed {self.bound:.2g})"
        )


@dataclass(frozen=True)
class Samples:
    """Timed bursts of one prepared call, column by column: a burst in every round."""

    calls: int
    """Calls in each burst."""
    round: tuple[int, ...]
    """The round in which each burst ran; a round that was lost leaves a gap."""
    seconds: tuple[float, ...]
    """Wall-clock seconds of one call: of the burst, divided by `calls`."""
    cpu: tuple[float, ...]
    """CPU seconds of one call, over all threads of the process."""
    pace: tuple[float, ...] = ()
    """The machine's speed around each burst, relative to the best of the run until then: 1 is
    full speed. That of a fixed loop, timed before and after the burst in the same process."""


@dataclass(frozen=True)
class Timing:
    """What the harness that times measured of one cell, raw."""

    batch: str
    """Cells of one batch were visited in the same rounds; only their rounds pair up."""
    call: Samples
    """The operator that was asked for."""
    cost: Samples | None = None
    """The cost function alone, by the same backend; None where it has none of its own."""
    memory: dict[str, int] = field(default_factory=dict)
    """`imported`: bytes resident after the imports; `peak`: bytes that converting, preparing
    and the first call took beyond what was resident before them. Where the system tells."""
    threads_busy: int | None = None
    """Threads that burned at least a tenth of the CPU time of the busiest one."""


@dataclass(frozen=True)
class Record:
    """One backend on one problem."""

    problem: str
    backend: str
    """The selector, with options."""
    operator: str
    """What was asked for: `gradient`, `hessian`, `partial[m]`."""
    dtype: str
    status: Status
    size: int = 1
    seed: int = 0
    reason: str = ""
    """Why the status is not ok; for `ok`, nothing."""
    method: str = ""
    """How the backend takes the derivative: `reverse`, `forward over reverse, 3 colours`."""
    components: int | None = None
    """The numbers that the parameters hold together: the partials of a gradient."""
    at: dict[str, Any] = field(default_factory=dict)
    """Parameter name → its value at the problem's own point."""
    direction: dict[str, Any] = field(default_factory=dict)
    """The direction by parameter name, or the cotangent as `C`, for operators that take one."""
    value: dict[str, np.ndarray] | None = None
    """The result at the problem's own point. Of a gradient, parameter name → partial derivative;
    in general, the arrays of the operator's layout by name."""
    labels: tuple[str, ...] = ()
    """What the first numbers of the result are called: `∂C/∂m`, `∂C/∂w[0]`, …"""
    digits: float | None = None
    """−log₁₀ of the largest error over all points, relative to the largest component there."""
    digits_median: float | None = None
    """The median over components of their digits, at the own point."""
    ulps: float | None = None
    """The largest error at the own point, in units in the last place."""
    bound: dict[str, np.ndarray] | None = None
    """As `value`: how far from the reference each number may be, at the own point."""
    reference: dict[str, np.ndarray] | None = None
    """As `value`: the certified result at the own point, where there is one."""
    certified_digits: float | None = None
    """Digits to which the reference is certified; infinite where it is exact."""
    judged: str = ""
    """Why the verdict is not certified, or on how much of the problem it is; else nothing."""
    condition: float | None = None
    """Relative change of the result per relative change of its inputs, at the own point."""
    disagreement: Disagreement | None = None
    proof: str = ""
    """For a hand-derived formula: `proved`, or why it could not be proved."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Seconds, where they were measured. `import`: the framework; `load`: NumPy → native;
    `prepare`: trace, derive and compile; `compile`: the part of it that compiled, where the
    backend can tell; `first`: the first call; `call`: one call in the steady state; `cost`: one
    call of the cost alone; `unload`: native → NumPy; `total`: the whole cell."""
    threads: int | None = None
    """The threads that the backend was given; None where none were set."""
    timing: Timing | None = None
    """The samples, where the harness that times (`calcbench.bench`) ran the cell."""
    source: dict[str, str] = field(default_factory=dict)
    """`problem`, `backend`: a hash of the source that was run."""
    versions: dict[str, str] = field(default_factory=dict)
    """Library → version, of those that the cell stands on."""
    run: str = ""
    """The run that it belongs to: where its environment is to be found."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same cell in another run."""
        return (
            self.problem,
            self.size,
            self.seed,
            self.backend,
            self.operator,
            self.dtype,
            self.threads,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON; what is not finite becomes a string, for JSON has no word for it."""
        return {"schema": SCHEMA, **plain(dataclasses.asdict(self))}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """Read what `as_json` wrote. Raises `SelectorError` for data of another schema."""
        if data.get("schema") != SCHEMA:
            raise SelectorError(
                f"a record of schema {data.get('schema')!r}, where this calcbench reads {SCHEMA}"
            )
        names = {entry.name for entry in dataclasses.fields(cls)}
        values = {name: value for name, value in data.items() if name in names}
        for name in ("digits", "digits_median", "ulps", "certified_digits", "condition"):
            values[name] = _number(data.get(name))
        values["seconds"] = {n: _number(value) for n, value in data.get("seconds", {}).items()}
        values["status"] = Status(data["status"])
        for name in ("value", "bound", "reference"):
            values[name] = _arrays(data.get(name))
        values["labels"] = tuple(data.get("labels", ()))
        for name in ("at", "direction"):
            values[name] = _arrays(data.get(name)) or {}
        if data.get("disagreement"):
            numbers = {name: _number(data["disagreement"][name]) for name in _COMPARED}
            values["disagreement"] = Disagreement(**{**data["disagreement"], **numbers})
        values["timing"] = _timing(data.get("timing"))
        return cls(**values)


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


_COMPARED = ("value", "expected", "bound")
"""The numbers of a `Disagreement`."""


def _number(value: Any) -> Any:
    """A float that `plain` wrote as a string; anything else as it is."""
    return float(value) if value in ("nan", "inf", "-inf") else value


def _arrays(data: Mapping[str, Any] | None) -> dict[str, np.ndarray] | None:
    """Lists of numbers, NaN and infinity as strings, → float64 arrays."""
    if data is None:
        return None
    return {name: np.array(value, dtype=np.float64) for name, value in data.items()}


def _timing(data: Mapping[str, Any] | None) -> Timing | None:
    if data is None:
        return None
    cost = _samples(data["cost"]) if data["cost"] else None
    return Timing(**{**data, "call": _samples(data["call"]), "cost": cost})


def _samples(data: Mapping[str, Any]) -> Samples:
    seconds, cpu, pace = (
        tuple(map(_number, data.get(name, ()))) for name in ("seconds", "cpu", "pace")
    )
    return Samples(data["calls"], tuple(data["round"]), seconds, cpu, pace)
