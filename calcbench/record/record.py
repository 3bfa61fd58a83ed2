"""Record: what running one cell gave. A failure is a record too, never a missing row."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from calcbench.errors import SelectorError, write_apart
from calcbench.record.plain import plain
from calcbench.record.reading import Count, Positive, Size, echo, read
from calcbench.record.samples import Timing

SCHEMA = 4
"""Version of the fields below, in every line that is saved; another version is not read."""


class Status(StrEnum):
    """How a cell ended: one backend on one problem of one size."""

    OK = "ok"
    IMPRECISE = "imprecise"
    """Neither right nor wrong: the bound leaves no digit of the result that it could vouch for."""
    DISAGREE = "disagree"
    ERROR = "error"
    TIMEOUT = "timeout"
    CRASH = "crash"
    OUT_OF_MEMORY = "out_of_memory"
    SKIPPED = "skipped"
    NOT_INSTALLED = "not_installed"
    NOISY = "noisy"
    """The result is right, but its time could not be measured to 5 %."""

    @property
    def failed(self) -> bool:
        """Whether something is wrong, rather than not there to be tried."""
        return self not in (
            Status.OK,
            Status.IMPRECISE,
            Status.NOISY,
            Status.SKIPPED,
            Status.NOT_INSTALLED,
        )

    @property
    def measured(self) -> bool:
        """Whether there is a right result, so that its time means something."""
        return self in (Status.OK, Status.NOISY)

    @property
    def words(self) -> str:
        """The status as words: `out of memory`."""
        return self.value.replace("_", " ")


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
    chance: float | None = None
    """Where the bound is an estimate, how probable it is at most that a right result is as far off;
    None where the bound is proved."""

    def __str__(self) -> str:
        """Name the component and the point, with both values, their distance and the bound."""
        place = "" if self.point == "own" else f" at {self.point}"
        value, expected = write_apart(self.value, self.expected)
        return (
            f"{self.component}{place} is {value}, expected {expected} "
            f"(off by {abs(self.value - self.expected):.2g}, allowed {self.bound:.2g}"
            f"{self.estimate()})"
        )

    def estimate(self) -> str:
        """Say that the bound is an estimate, and how probably a right result lies as far outside.

        Nothing is added for what no luck explains, such as NaN.
        """
        if self.chance is None:
            return ""
        if self.chance == 0:
            return " by estimate"
        if self.chance == 1:
            return " by an estimate without a known probability"
        chance = f"{max(self.chance, 1e-99):.0e}"
        return f" by estimate; a right result is that far off with probability {chance} at most"


@dataclass(frozen=True)
class Record:
    """The result of one cell: one backend on one problem, with its verdict and its times."""

    problem: str
    backend: str
    """The selector, with options."""
    operator: str
    """What was computed: `gradient`, `hessian`, `partial[m]`."""
    dtype: str
    """Of the floats that the backend computed with: `float64` or `float32`."""
    status: Status
    size: Size = 1
    """A number, or numbers by name (`NamedSize`), which are an object in JSON."""
    seed: int = 0
    read_from: str = ""
    """The files that the problem read its data from: a relative path as it was told, or the last
    part of an absolute one, which has folders of the user's in it. Empty where there are none."""
    reason: str = ""
    """Why the status is not `ok`; empty where it is."""
    method: str = ""
    """How the backend takes the derivative: `reverse`, `forward over reverse, 3 colours`."""
    components: Count | None = None
    """How many numbers the parameters hold together: the partials of a gradient."""
    at: dict[str, np.ndarray] = field(default_factory=dict)
    """Parameter name → its value at the problem's own point."""
    direction: dict[str, np.ndarray] = field(default_factory=dict)
    """The direction by parameter name, or the cotangent as `C`, for operators that take one."""
    value: dict[str, np.ndarray] | None = None
    """The result at the problem's own point. Of a gradient, parameter name → partial derivative;
    in general, the arrays of the operator's layout by name."""
    labels: tuple[str, ...] = ()
    """Names of the first numbers of the result: `∂C/∂m`, `∂C/∂w[0]`, …"""
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
    """Why the verdict is not certified, or for which part of the problem it is; else empty."""
    data: str = ""
    """What the data were at the points that calcbench chose; empty for a problem without data."""
    condition: float | None = None
    """Relative change of the result per relative change of its inputs, at the own point."""
    disagreement: Disagreement | None = None
    """The worst component, where the status is `disagree`."""
    proof: str = ""
    """For a hand-derived formula: `proved`, or why it could not be proved."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Seconds, where they were measured. `import`: the framework; `load`: NumPy → native;
    `prepare`: trace, derive and compile; `compile`: the part of it that compiled, where the
    backend can tell; `first`: the first call; `call`: one call in the steady state; `cost`: one
    call of the cost alone; `unload`: native → NumPy; `total`: the whole cell."""
    threads: Positive | None = None
    """The threads that the backend was given; None where none were set."""
    timing: Timing | None = None
    """The samples, where the benchmark (`calcbench.bench`) ran the cell."""
    source: dict[str, str] = field(default_factory=dict)
    """`problem`, `backend`: a hash of the source that was run; `data`: of the inputs, where they
    were read from files."""
    versions: dict[str, str] = field(default_factory=dict)
    """Library → version, of those that the cell stands on."""
    run: str = ""
    """The run that it belongs to: where its environment is to be found."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What identifies the cell: two records of equal key are of the same cell."""
        return (
            self.problem,
            self.size,
            self.seed,
            self.read_from,
            self.backend,
            self.operator,
            self.dtype,
            self.threads,
        )

    def as_json(self) -> dict[str, Any]:
        """Give plain data for JSON, in which NaN and infinity are text (see `plain`)."""
        return {"schema": SCHEMA, **plain(dataclasses.asdict(self))}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """Read what `as_json` gave.

        Raises `SelectorError` for data of another schema, and `FieldError` for a field that is
        missing or of another type.
        """
        check_schema(data, "record")
        record: Record = read(cls, data)
        return record


def check_schema(data: Mapping[str, Any], what: str) -> None:
    """Raise `SelectorError` for a line of a saved run that is of another schema."""
    found = data.get("schema")
    if found != SCHEMA:
        raise SelectorError(
            f"a {what} of schema {echo(found)}, where this calcbench reads {SCHEMA}"
        )
