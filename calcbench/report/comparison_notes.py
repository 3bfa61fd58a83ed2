"""The notes below the table of a comparison: what does not fit into a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from calcbench.record.record import Record
from calcbench.report.groups import group_by
from calcbench.report.numbers import plural


def notes(records: Sequence[Record], hidden: int, *, wide: bool) -> list[str]:
    """Say with what, how and how surely it was compared, and how many components are hidden.

    How well conditioned the operator is, is said in a wide table alone.
    """
    first = records[0]
    return [
        *(["vector-valued: compared by its Jacobian"] if first.operator == "jacobian" else []),
        *_directions(first),
        *_methods(records),
        *_reasons(records),
        *([first.judged] if first.judged else []),
        *([f"data: {first.data}"] if first.data else []),
        *(_condition(first) if wide else []),
        *(f"{r.backend}: {r.proof}" for r in records if r.proof not in ("", "proved")),
        *_hidden(first, hidden),
    ]


def format_values(values: Mapping[str, np.ndarray]) -> str:
    """Write values by name: `m = 0.9, b = 0.1`; of a large array, the first number."""
    return ", ".join(f"{name} = {_value(value)}" for name, value in values.items())


def _value(value: np.ndarray) -> str:
    if value.ndim == 0:
        return f"{value:.6g}"
    if value.size <= 3:
        return np.array2string(value, separator=", ", formatter={"float": "{:.6g}".format})
    return f"[{value.flat[0]:.4g}, … {value.size} values]"


def _directions(record: Record) -> list[str]:
    """Say with which direction a product was taken."""
    what = "cotangent" if record.operator == "pullback" else "direction"
    return [f"{what}: {format_values(record.direction)}"] if record.direction else []


def _methods(records: Sequence[Record]) -> list[str]:
    """Say how each backend took the derivative, where there are several ways to do so."""
    several = [r for r in records if r.method and r.operator != "gradient"]
    ways = group_by(several, lambda record: record.method)
    return [f"{', '.join(r.backend for r in those)}: {way}" for way, those in ways.items()]


def _reasons(records: Sequence[Record]) -> list[str]:
    """Give each reason once, after the names of those whom it concerns, unless it names them."""
    failures = group_by((r for r in records if r.reason), lambda record: record.reason)
    return [
        _reason(reason, [record.backend or record.problem for record in those])
        for reason, those in failures.items()
    ]


def _reason(reason: str, names: Sequence[str]) -> str:
    if reason.startswith((f"backend {names[0]!r}", f"problem {names[0]!r}")):
        return reason
    return f"{', '.join(names)}: {reason}"


def _condition(record: Record) -> list[str]:
    if record.condition is None:
        return []
    return [f"condition number of the {record.operator}: {record.condition:.2g}"]


def _hidden(record: Record, number: int) -> list[str]:
    """Say how many components the table leaves out."""
    if number <= 0:
        return []
    what = "partial" if record.operator == "gradient" else "component"
    return [f"… and {number:,} more {plural(number, what)} (--json gives all)"]
