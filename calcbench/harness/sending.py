"""Problems and backends as bytes: what a process gets that cannot import the file they are in."""

from __future__ import annotations

import inspect
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from calcbench.backend.backend import Backend
from calcbench.catalogue.files import FILE_MODULE, modules_beside
from calcbench.problem.function import FunctionProblem
from calcbench.problem.problem import Problem


def pickle_with_code(part: Problem | Backend, whole: Any = None) -> bytes:
    """Pickle a problem or backend, or the `whole` that holds it.

    One that came from a file or a notebook goes with its code: the other process could not import
    the module that defines it. Raises whatever an object raises that cannot be pickled.
    """
    sent = part if whole is None else whole
    modules = [sys.modules[name] for name in _modules(part) if name in sys.modules]
    for module in [*modules]:
        modules += modules_beside(Path(str(module.__file__)).parent)
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        packed = bytes(cloudpickle.dumps((sent, part)))
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
    return pickle.dumps(_Parcel(packed))


class _Parcel:
    """What is sent, and opened on arrival."""

    def __init__(self, packed: bytes) -> None:
        self.packed = packed

    def __reduce__(self) -> tuple[Any, ...]:
        return _open, (self.packed,)


def _open(packed: bytes) -> Any:
    """Unpickle what was sent, and have its code found by the name of its module.

    A compiler such as torch's looks up the module of a function whose globals it reads.
    """
    sent, part = pickle.loads(packed)
    for function in filter(inspect.isfunction, _code(part)):
        name = str(function.__module__)
        if name.startswith(FILE_MODULE) and name not in sys.modules:
            sys.modules[name] = ModuleType(name)
        if name.startswith(FILE_MODULE):
            vars(sys.modules[name]).update(function.__globals__)
    return sent


def _modules(part: Problem | Backend) -> set[str]:
    """Name the files that hold the code of a problem or backend."""
    names = {str(getattr(each, "__module__", "")) for each in _code(part)}
    return {name for name in names if name.startswith(FILE_MODULE)}


def _code(part: Problem | Backend) -> list[Any]:
    """List the functions and classes that a problem or backend consists of."""
    if isinstance(part, FunctionProblem):
        code: list[Any] = [part._function]
    else:
        code = [each for kind in type(part).__mro__ for each in (kind, *vars(kind).values())]
    if isinstance(part, Problem):
        code += map(inspect.unwrap, part.native_costs.values())
    return code
