"""Formats of a report: a file each, whose `write(run)` gives the text.

A new format is a new file, and its name in `FORMATS`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcbench.record.run import SavedRun

FORMATS = ("table", "html", "markdown", "latex", "csv", "json", "pyperf")
"""The names of the formats, which are those of their files."""


def write(run: SavedRun, form: str) -> str:
    """Write a run in one of `FORMATS`, importing no other."""
    text: str = importlib.import_module(f"{__name__}.{form}").write(run)
    return text
