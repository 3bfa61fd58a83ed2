"""A run as JSON: the numbers of the report, with its environments."""

from __future__ import annotations

import dataclasses
from typing import Any

from calcbench.record.plain import plain
from calcbench.record.run import SavedRun
from calcbench.record.writing import write_json
from calcbench.report import break_even, provenance, scaling
from calcbench.report.fields import fields
from calcbench.report.groups import by_size
from calcbench.report.sections import Section, sections


def write(run: SavedRun) -> str:
    """Write rows, break-even stages, fits and environments. NaN is null; infinity is `"inf"`."""
    data = {
        "provenance": provenance.line(run),
        "environments": [environment.as_json() for environment in run.environments],
        "cut": run.cut,
        "sections": [_section(run, section) for section in sections(run)],
    }
    # Not the text "nan" of saved runs: other programs read this, and null is what they take for
    # a number that is missing.
    return write_json(plain(data, nan=None), indent=2) + "\n"


def _section(run: SavedRun, section: Section) -> dict[str, Any]:
    return {
        **dataclasses.asdict(section.place),
        "title": section.title,
        "rows": [
            {**fields(run, row), "fastest": row.fastest, "told_apart": row.distinct}
            for row in section.rows
        ],
        "break_even": [
            {"size": size, "stages": [_stage(stage) for stage in break_even.stages(records)]}
            for size, records in by_size(section.records).items()
        ],
        "growth": [dataclasses.asdict(growth) for growth in scaling.growths(section)],
    }


def _stage(stage: break_even.Stage) -> dict[str, Any]:
    return {
        "backend": stage.line.record.backend,
        "after": stage.after,
        "setup_seconds": stage.line.setup,
        "seconds": stage.line.steady,
    }
