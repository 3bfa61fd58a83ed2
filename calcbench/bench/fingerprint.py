"""Fingerprints: hashes of source and inputs. A record whose source has changed is out of date."""

from __future__ import annotations

import hashlib
import inspect
import types
from pathlib import Path
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.problem.function import FunctionProblem
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.static import Static

LENGTH = 16
"""Hexadecimal digits of SHA-256 that are kept."""


def fingerprint(part: Problem | Backend) -> str:
    """Hash the file that defines a problem's or backend's class, or its function.

    The whole file, since constants and helpers beside the class count as well. A definition
    without a file (in a notebook's cell) is hashed by its own source, or else by its compiled code.
    """
    defined: Any = part._function if isinstance(part, FunctionProblem) else type(part)
    values = repr(part._values) if isinstance(part, FunctionProblem) else ""
    return _digest(_source(defined) + values.encode())


def digest(inputs: Arrays) -> str:
    """Hash the values of a problem's inputs."""
    return _digest(*map(_bytes, inputs.values()))


def _bytes(array: np.ndarray) -> bytes:
    """Give what an array holds; of static data their text, as their bytes are an address."""
    return repr(array.item()).encode() if isinstance(array, Static) else array.tobytes()


def _digest(*parts: bytes) -> str:
    """Return the first digits of the SHA-256 of some bytes."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()[:LENGTH]


def _source(defined: Any) -> bytes:
    """Return the file, the source or the code of a class or function."""
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
    """Reduce a code object to what it does, without file names and line numbers."""
    constants = [_code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return code.co_code, constants, code.co_names, code.co_varnames
