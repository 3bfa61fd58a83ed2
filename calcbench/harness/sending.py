"""Problems and backends as bytes: what a process gets that cannot import the file they are in."""

from __future__ import annotations

import inspect
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
    sent = part if whole is None else whole
    modules = [sys.modules[name] for name in _modules(part) if name in sys.modules]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(sent))
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _modules(part: Problem | Backend) -> set[str]:
    """Name the files that hold the code of a problem or backend."""
    code: list[Any] = [part._function if isinstance(part, FunctionProblem) else type(part)]
    if isinstance(part, Problem):
        code += map(inspect.unwrap, part.native_costs.values())
    names = {str(getattr(each, "__module__", "")) for each in code}
    return {name for name in names if name.startswith(FILE_MODULE)}
