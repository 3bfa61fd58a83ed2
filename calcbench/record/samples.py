"""Samples: the times that `calcbench bench` measured of one cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calcbench.record.plain import number


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
    """The measurements of one cell by `calcbench bench`, before any statistics."""

    batch: str
    """Cells of one batch were visited in the same rounds; only their rounds pair up."""
    call: Samples
    """Of the operator: of the gradient, as a rule."""
    cost: Samples | None = None
    """Of the cost function alone, by the same backend; None where that was not timed."""
    memory: dict[str, int] = field(default_factory=dict)
    """`imported`: bytes resident after the imports; `peak`: bytes that converting, preparing
    and the first call took beyond what was resident before them. Where the system tells."""
    threads_busy: int | None = None
    """Threads that used at least a tenth of the CPU time of the busiest one."""


def timing(data: Mapping[str, Any] | None) -> Timing | None:
    """Read the plain data of a `Timing`; None stays None."""
    if data is None:
        return None
    cost = _samples(data["cost"]) if data["cost"] else None
    return Timing(**{**data, "call": _samples(data["call"]), "cost": cost})


def _samples(data: Mapping[str, Any]) -> Samples:
    seconds, cpu, pace = (
        tuple(map(number, data.get(name, ()))) for name in ("seconds", "cpu", "pace")
    )
    return Samples(data["calls"], tuple(data["round"]), seconds, cpu, pace)
