"""Files that a problem reads its data from: where they are, and how records name them.

A problem reads files where its constructor takes `data`: their folder, or one of them.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import NamedTuple

from calcbench.errors import CalcbenchError, ProblemError, SelectorError
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.problem import Problem


class Files(NamedTuple):
    """A folder or file of data."""

    told: str
    """As the user named it."""
    path: Path
    """Absolute."""


def name_files(told: str | Path) -> str:
    """Name files for a record: a relative path as it is, the last part of an absolute one.

    For a record has no folders of its user's in it.
    """
    path = Path(told).expanduser()
    return path.name if path.is_absolute() else path.as_posix()


def takes_data(kind: type[Problem]) -> bool:
    """Tell whether the constructor of a problem takes `data`, and needs nothing else."""
    arguments = _arguments(kind)
    return "data" in arguments and not [n for n in arguments if n != "data" and arguments[n]]


def needs_data(kind: type[Problem]) -> bool:
    """Tell whether the constructor of a problem needs `data`, and nothing else."""
    return takes_data(kind) and _arguments(kind)["data"]


def make(found: Problem | type[Problem], files: Files | None = None) -> Problem:
    """Make a problem of its class; one that reads files, of those that are given.

    A problem that is made already is made anew of them. Raises `SelectorError` for a class that
    needs files where none are given, and `ProblemError` for what a constructor raises over them.
    """
    kind = found if isinstance(found, type) else type(found)
    if files is not None and takes_data(kind):
        return _read(kind, files)
    if isinstance(found, Problem):
        return found
    if needs_data(kind):
        raise SelectorError(f"{kind.__name__} reads its data from files: say where, by --data DIR")
    return found()


def _read(kind: type[Problem], files: Files) -> Problem:
    """Make a problem of its files."""
    try:
        made: Problem = kind(data=files.path)  # type: ignore[call-arg]
    except CalcbenchError:
        raise
    except RAISED as error:  # whatever a plugin does with a file
        raise ProblemError(
            f"{kind.__name__} cannot read its data from {files.told!r}: {describe(error)}"
        ) from error
    made.read_from = name_files(files.told)
    return made


def _arguments(kind: type[Problem]) -> dict[str, bool]:
    """List what a constructor takes: name → whether it has no default."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    try:
        arguments = inspect.signature(kind).parameters.values()
    except ValueError:  # a compiled class may have none
        return {}
    return {a.name: a.default is a.empty for a in arguments if a.kind not in several}
