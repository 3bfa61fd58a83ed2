"""Problems and backends as bytes: what a process gets that cannot import the file they are in."""

from __future__ import annotations

import sys
from typing import Any

import cloudpickle

from calcbench.backend.backend import Backend
from calcbench.catalogue.files import FILE_MODULE
from calcbench.problem.function import FunctionProblem
from calcbench.problem.problem import Problem


def pickle_with_code(part: Problem | Backend, whole: Any = None) -> bytes:
    """Pickle a problem or backend, or the `whole` that holds it.

    One that came from a file or a notebook goes with its code: the other process could not import
    the module that defines it. Raises whatever an object raises that cannot be pickled.
    """
    kind: Any = part._function if isinstance(part, FunctionProblem) else type(part)
    module = sys.modules.get(kind.__module__)
    sent = part if whole is None else whole
    if module is None or not kind.__module__.startswith(FILE_MODULE):
        return bytes(cloudpickle.dumps(sent))
    cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(sent))
    finally:
        cloudpickle.unregister_pickle_by_value(module)
