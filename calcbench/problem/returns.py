"""A function without `return`, found by its byte code before anything is run."""

from __future__ import annotations

import dis
import inspect
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from calcbench.errors import ProblemError

GENERATES = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""Flags of functions whose call gives something, whatever they return."""


def check_returns(subject: str, wanted: str, function: Callable[..., Any]) -> None:
    """Raise `ProblemError`, with the line, for a function that can only return None.

    `subject` is how to call it, and `wanted` what it must return: "a number".
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or code.co_flags & GENERATES:
        return
    returned = _returned(code)
    if returned and not any(returned):
        raise ProblemError(
            f"{Path(code.co_filename).name}:{code.co_firstlineno}: {subject} must return {wanted}, "
            "but it returned None: its `return` is missing"
        )


def _returned(code: Any) -> list[bool]:
    """For each end of a function, tell whether it returns anything but None."""
    steps = [None, *dis.get_instructions(code)]
    found = []
    for before, step in itertools.pairwise(steps):
        assert step is not None
        if step.opname == "RETURN_CONST":  # Python 3.12 and 3.13
            found.append(step.argval is not None)
        elif step.opname == "RETURN_VALUE":
            constant = before is not None and before.opname == "LOAD_CONST"
            found.append(not constant or before is None or before.argval is not None)
    return found
