"""Samples: the times that `calcbench bench` measured of one cell."""

from __future__ import annotations

from dataclasses import dataclass, field

from calcbench.record.reading import Count, Positive


@dataclass(frozen=True)
class Samples:
    """Timed bursts of one prepared call, column by column: a burst in every round."""

    calls: Positive
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

    def __post_init__(self) -> None:
        """Raise `ValueError` where the columns are of different lengths; `pace` may be empty."""
        lengths = {len(column) for column in (self.round, self.seconds, self.cpu)}
        if len(lengths) > 1 or (self.pace and len(self.pace) not in lengths):
            raise ValueError("`round`, `seconds`, `cpu` and `pace` must be equally long")


@dataclass(frozen=True)
class Timing:
    """The measurements of one cell by `calcbench bench`, before any statistics."""

    batch: str
    """Cells of one batch were visited in the same rounds; only their rounds pair up."""
    call: Samples
    """Of the operator: of the gradient, as a rule."""
    cost: Samples | None = None
    """Of the cost function alone, by the same backend; None where that was not timed."""
    memory: dict[str, Count] = field(default_factory=dict)
    """`imported`: bytes resident after the imports; `peak`: bytes that converting, preparing
    and the first call took beyond what was resident before them. Where the system tells."""
    threads_busy: Count | None = None
    """Threads that used at least a tenth of the CPU time of the busiest one."""
