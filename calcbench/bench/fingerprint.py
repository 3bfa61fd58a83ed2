"""Hashes of what was run: where the source has changed, a record is out of date."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from typing import Any

import cloudpickle

from calcbench.interfaces import Backend, Problem
from calcbench.interfaces.problem import FunctionProblem

LENGTH = 16
"""Hexadecimal digits of SHA-256 that are kept."""


def fingerprint(part: Problem | Backend) -> str:
    """A hash of the file that defines a problem's or backend's class, or its function.

    Of the whole file, for constants and helpers beside the class count as well. What has no file
    (a notebook's cell) is hashed by its own source, and what has none by its pickled code.
    """
    defined: Any = part._function if isinstance(part, FunctionProblem) else type(part)
    values = repr(part._values) if isinstance(part, FunctionProblem) else ""
    return hashlib.sha256(_source(defined, part) + values.encode()).hexdigest()[:LENGTH]


def _source(defined: Any, part: Problem | Backend) -> bytes:
    try:
        return Path(inspect.getsourcefile(defined) or "").read_bytes()
    except (OSError, TypeError):
        pass
    try:
        return inspect.getsource(defined).encode()
    except (OSError, TypeError):
        return cloudpickle.dumps(part)
