"""A run as comma-separated values, for a spreadsheet or pandas."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

from calcbench.record.run import SavedRun
from calcbench.report.fields import NO_ROW, fields
from calcbench.report.sections import sections


def write(run: SavedRun) -> str:
    """Write one line per record, under a line of names.

    What was not measured, or is no number, is empty. The environment stands in every line.
    """
    rows = [fields(run, row) for section in sections(run) for row in section.rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(fields(run, NO_ROW)), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _empty_if_none(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _empty_if_none(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value
