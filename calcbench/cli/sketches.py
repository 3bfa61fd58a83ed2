"""Sketches of the commands: as much of their options as a shell needs to complete a line.

A command itself imports what it runs, NumPy at least, which takes longer than anybody waits after
a Tab. A test holds each sketch against its command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from calcbench.catalogue.door import backends, problems

COMPARISON = (
    "PROBLEM* -p/--problem=problem* -b/--backend/--backends=backend* --operator=operator"
    " --direction=value --at=value --size=value --seed=value --dtype=float64|float32"
    " --timeout=value --traceback --wide --no-missing --json"
)

SKETCHES = {
    "list": "problems|backends --no-missing --json",
    "compare": f"{COMPARISON} --html=file",
    "verify": COMPARISON,
}
"""Command → its arguments, as kinds of value, and its options, each with the kind of its value.

`*` stands after what may be repeated; a kind is a name of `KINDS`, or choices.
"""
