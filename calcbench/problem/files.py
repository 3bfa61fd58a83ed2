"""Files that a problem reads its data from: where they are, and how records name them.

A problem reads files where its constructor takes `data`: their folder, or one of them.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import NamedTuple

from calcbench.errors import CalcbenchError, ProblemError, SelectorError, first_line, short_repr
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.problem import Problem


class Files(NamedTuple):
    """A folder or file of data."""

    told: str
    """As the user named it."""
    path: Path
    """Absolute."""


def locate(told: str | Path) -> Path:
    """Find where a folder or file would be, `~` being the home folder; an absolute path.

    Raises `SelectorError` for one that no system could have, for the home of nobody, and for an
    empty text, which is not the current folder (that is `.`).
    """
    if not str(told):
        raise SelectorError(
            "data: name a folder or a file, not an empty text; the current folder is '.'"
        )
    try:
        path = Path(told).expanduser().resolve()
        path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # too long, NUL, a loop, no such user
        raise SelectorError(
            f"data: there can be no folder or file {short_repr(str(told))}: {first_line(error)}"
        ) from error
    return path


def name_files(told: str | Path) -> str:
    """Name files for a record: a relative path as it is, the last part of an absolute one.

    For a record has no folders of its user's in it, nor the user's name: a home folder is `~`.
    """
    path = Path(told).expanduser()
    if not path.is_absolute():
        return path.as_posix()
    somebody = str(Path(told)).startswith("~") and len(Path(told).parts) == 1
    home = somebody or path == Path(os.path.expanduser("~"))
    return "~" if home else path.name or path.as_posix()


def takes_data(kind: type[Problem]) -> bool:
    """Tell whether the constructor of a problem takes `data`, files, and needs nothing else.

    Where `data` has a default, that is None or a path: one whose default is an array has its
    data in memory.
    """
    arguments = _arguments(kind)
    if "data" not in arguments or _without_value(kind, but="data"):
        return False
    default = arguments["data"].default
    return _needed(arguments["data"]) or default is None or isinstance(default, (str, os.PathLike))


def needs_data(kind: type[Problem]) -> bool:
    """Tell whether the constructor of a problem needs `data`, and nothing else."""
    return takes_data(kind) and _needed(_arguments(kind)["data"])


def make(found: Problem | type[Problem], files: Files | None = None) -> Problem:
    """Make a problem of its class; one that reads files, of those that are given.

    Raises `SelectorError` for a class that needs files where none are given, or another argument,
    and for files given to a problem that is made already, for what else its constructor was given
    is not known; `ProblemError` for what a constructor raises over files.
    """
    if isinstance(found, Problem):
        if files is not None and takes_data(type(found)):
            raise SelectorError(
                f"--data: problem {found.name!r} is made already, and would lose what else it was "
                f"made of: give it data=… there, {type(found).__name__}(data=…)"
            )
        return found
    missing = _without_value(found, but="data")
    if missing:
        raise SelectorError(
            f"{found.__name__} cannot be made: its constructor has no value for "
            f"{' and '.join(missing)}; give a default, or make it in the file: "
            f"mine = {found.__name__}(…)"
        )
    if files is not None and takes_data(found):
        return _read(found, files)
    if needs_data(found):
        raise SelectorError(f"{found.__name__} reads its data from files: say where, by --data DIR")
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
    object.__setattr__(made, "read_from", name_files(files.told))  # of a frozen dataclass, too
    return made


def _needed(argument: inspect.Parameter) -> bool:
    """Tell whether an argument has no default.

    A dataclass takes `Problem.data`, which lists arguments, for the default of its field `data`.
    """
    return argument.default is argument.empty or argument.default is vars(Problem)["data"]


def _without_value(kind: type[Problem], but: str) -> list[str]:
    """List the arguments of a constructor that have no default, `but` for one."""
    return [n for n, argument in _arguments(kind).items() if n != but and _needed(argument)]


def _arguments(kind: type[Problem]) -> dict[str, inspect.Parameter]:
    """List what a constructor takes, by name."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    try:
        arguments = inspect.signature(kind).parameters.values()
    except ValueError:  # a compiled class may have none
        return {}
    return {a.name: a for a in arguments if a.kind not in several}
