"""A row of a run as flat data, name → value: what the formats CSV and JSON have of it."""

from __future__ import annotations

from typing import Any

from calcbench.bench.intervals import Estimate
from calcbench.record.entrant import NOBODY, start_record
from calcbench.record.record import Record, Status
from calcbench.record.run import SavedRun
from calcbench.report import scaling
from calcbench.report.sections import Measurement

SECONDS = ("import", "prepare", "compile", "first", "load", "unload", "total")
"""Parts of `Record.seconds` that are measured once."""

NO_RECORD = start_record("", NOBODY, "", Status.SKIPPED)
NO_ROW = Measurement(NO_RECORD, None, None, None, None, False)
"""A row in which nothing was measured; its fields have all names."""


def fields(run: SavedRun, row: Measurement) -> dict[str, Any]:
    """Give the fields of a row. Times are in seconds, memory is in bytes."""
    return {
        **identify(row.record),
        **_outcome(row.record),
        **_times(row),
        **_accuracy(row.record),
        **{f"{name}_seconds": row.record.seconds.get(name) for name in SECONDS},
        **_resources(row.record),
        **_origin(run, row.record),
    }


def identify(record: Record) -> dict[str, Any]:
    """Return the fields that say which cell of which matrix a record is of."""
    return {
        "problem": record.problem,
        "size": record.size,
        "seed": record.seed,
        "backend": record.backend,
        "operator": record.operator,
        "dtype": record.dtype,
        "threads": record.threads,
    }


def _outcome(record: Record) -> dict[str, Any]:
    return {"status": record.status.value, "reason": " ".join(record.reason.split())}


def _times(row: Measurement) -> dict[str, Any]:
    return {
        **_bounds("seconds", row.time),
        "samples": row.time.used if row.time else None,
        "disturbed": row.time.disturbed if row.time else None,
        **_bounds("times_fastest", row.times_fastest),
        **_bounds("cost_seconds", row.cost),
        **_bounds("per_cost", row.per_cost),
    }


def _bounds(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    """Name a median and the ends of its 95 % interval."""
    values = (estimate.median, estimate.low, estimate.high) if estimate else (None,) * 3
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _accuracy(record: Record) -> dict[str, Any]:
    return {
        "digits": record.digits,
        "certified_digits": record.certified_digits,
        "parameters": scaling.parameters(record) or None,
    }


def _resources(record: Record) -> dict[str, Any]:
    timing = record.timing
    return {
        "memory_imported": timing.memory.get("imported") if timing else None,
        "memory_peak": timing.memory.get("peak") if timing else None,
        "threads_busy": timing.threads_busy if timing else None,
    }


def _origin(run: SavedRun, record: Record) -> dict[str, Any]:
    """Give sources, versions and environment, without which a time means nothing."""
    environment = run.environment(record)
    machine = environment.machine if environment else {}
    return {
        "read_from": record.read_from,
        "data_source": record.source.get("data"),
        "problem_source": record.source.get("problem"),
        "backend_source": record.source.get("backend"),
        "versions": "; ".join(f"{name} {version}" for name, version in record.versions.items()),
        "run": record.run,
        "started": environment.started if environment else None,
        "calcbench": environment.calcbench if environment else None,
        **{name: machine.get(name) for name in ("cpu", "cores", "system")},
    }
