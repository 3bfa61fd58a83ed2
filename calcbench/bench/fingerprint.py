"""Hashes of what was run: where the source has changed, a record is out of date."""

from __future__ import annotations

import hashlib
import inspect
import types
from pathlib import Path
from typing import Any

from calcbench.backend.backend import Backend
from calcbench.problem.function import FunctionProblem
from calcbench.problem.problem import Arrays, Problem

LENGTH = 16
"""Hexadecimal digits of SHA-256 that are kept."""


def fingerprint(part: Problem | Backend) -> str:
    """A hash of the file that defines a problem's or backend's class, or its function.

    Of the whole file, for constants and helpers beside the class count as well. What has no file
    (a notebook's cell) is hashed by its own source, and what has none by its compiled code.
    """
    defined: Any = part._function if isinstance(part, FunctionProblem) else type(part)
    values = repr(part._values) if isinstance(part, FunctionProblem) else ""
    return _digest(_source(defined) + values.encode())


def digest(inputs: Arrays) -> str:
    """A hash of a problem's inputs."""
    return _digest(*(array.tobytes() for array in inputs.values()))


def _digest(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()[:LENGTH]


def _source(defined: Any) -> bytes:
    try:
        return Path(inspect.getsourcefile(defined) or "").read_bytes()
    except (OSError, TypeError):
        pass
    try:
        return inspect.getsource(defined).encode()
    except (OSError, TypeError):
        members = [defined] if not isinstance(defined, type) else vars(defined).values()
        return repr([_code(m.__code__) for m in members if hasattr(m, "__code__")]).encode()


def _code(code: types.CodeType) -> tuple[Any, ...]:
    """What a function does, without where it stands."""
    constants = [_code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return code.co_code, constants, code.co_names, code.co_varnames
