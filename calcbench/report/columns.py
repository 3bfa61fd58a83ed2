"""Records as plain columns, name → list, and as data frames of pandas and Polars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from calcbench.errors import NotInstalled, missing
from calcbench.record.record import Record
from calcbench.record.run import SavedRun
from calcbench.report.fields import NO_ROW, fields, identify
from calcbench.report.sections import sections

TIMED_ONCE = ("import", "prepare", "compile", "first")
"""Parts of `Record.seconds` that a comparison measures, beside `call`."""

Columns = dict[str, list[Any]]
"""Name → a value for each row; None where there is none."""


def run_columns(run: SavedRun) -> Columns:
    """Give a run as the format CSV has it: a row per cell, times in seconds, memory in bytes."""
    rows = [fields(run, row) for section in sections(run) for row in section.rows]
    return {name: [row[name] for row in rows] for name in fields(run, NO_ROW)}


def comparison_columns(records: Sequence[Record]) -> Columns:
    """Give a row per record: cell, verdict, accuracy and times.

    The components of the result follow, such as `∂C/∂m`, where all records are of one problem.
    """
    rows = [_comparison_fields(record) for record in records]
    columns = {name: [row[name] for row in rows] for name in _comparison_fields(NO_ROW.record)}
    return {**columns, **_components(records)}


def _comparison_fields(record: Record) -> dict[str, Any]:
    """Give the fields of a record; a name that `fields` has too means the same."""
    return {
        **identify(record),
        "status": record.status.value,
        "reason": " ".join(record.reason.split()),
        "method": record.method,
        "components": record.components,
        "digits": record.digits,
        "digits_median": record.digits_median,
        "ulps": record.ulps,
        "certified_digits": record.certified_digits,
        "condition": record.condition,
        "judged": record.judged,
        "proof": record.proof,
        "seconds": record.seconds.get("call"),
        **{f"{name}_seconds": record.seconds.get(name) for name in TIMED_ONCE},
    }


def _components(records: Sequence[Record]) -> Columns:
    """Give the components that have a name, where all records are of one problem and operator."""
    if len({(record.problem, record.operator, record.size) for record in records}) != 1:
        return {}
    labels = next((record.labels for record in records if record.labels), ())
    values = [_flat(record) for record in records]
    return {
        label: [value[place] if place < len(value) else None for value in values]
        for place, label in enumerate(labels)
    }


def _flat(record: Record) -> list[float]:
    """List the numbers of a result; none where there is no result."""
    arrays = (record.value or {}).values()
    return [float(number) for array in arrays for number in np.ravel(array)]


# --- data frames -------------------------------------------------------------------------------


def to_pandas(columns: Columns) -> Any:
    """Make a `pandas.DataFrame`. Raises `NotInstalled` without pandas."""
    _require("pandas")
    import pandas

    return pandas.DataFrame(
        {
            name: pandas.Series(_filled(values), dtype=_PANDAS[_kind(values)])
            for name, values in columns.items()
        }
    )


def to_polars(columns: Columns) -> Any:
    """Make a `polars.DataFrame`. Raises `NotInstalled` without Polars."""
    _require("polars")
    import polars

    kinds = {"text": polars.String, "whole": polars.Int64, "number": polars.Float64}
    schema = {name: kinds[_kind(values)] for name, values in columns.items()}
    return polars.DataFrame(columns, schema=schema, strict=False)


_PANDAS: Mapping[str, Any] = {"text": None, "whole": np.int64, "number": np.float64}


def _filled(values: list[Any]) -> list[Any]:
    """Put NaN in the place of a number that is not there."""
    if _kind(values) != "number":
        return values
    return [math.nan if value is None else float(value) for value in values]


def _kind(values: list[Any]) -> str:
    """Tell what a column holds: text, whole numbers, or numbers of which some may be missing."""
    if any(isinstance(value, str) for value in values):
        return "text"
    whole = all(isinstance(value, int) and abs(value) < 2**63 for value in values)
    return "whole" if whole and values else "number"


def _require(package: str) -> None:
    reason = missing([package], f"python -m pip install {package}")
    if reason:
        raise NotInstalled(reason)
