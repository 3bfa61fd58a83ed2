"""Selectors: from names, options and paths to problems and backends."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from calcbench.backend.backend import Backend
from calcbench.catalogue import door
from calcbench.catalogue.available import make_backend
from calcbench.catalogue.files import load_file, resolve
from calcbench.errors import NotInstalled, SelectorError, nearest, short_repr
from calcbench.problem.arguments import list_of
from calcbench.problem.declarations import check_declarations
from calcbench.problem.faults import RAISED
from calcbench.problem.files import Files, locate, takes_data
from calcbench.problem.problem import Problem


@dataclass(frozen=True)
class WithData:
    """A selection by name, theme or file, whose problems read the files of a folder."""

    selector: str
    data: str
    """The folder, or a file. Problems that read none keep their own data."""


ProblemSelector = str | Path | Problem | WithData

BackendSelector = str | Backend


def select_problems(selectors: Iterable[ProblemSelector]) -> list[Problem]:
    """Find problems from names, themes, paths to `.py` files, or problems themselves, each once.

    Raises `SelectorError` for what is none of these, and for two problems of one name,
    `ProblemError` for a bad declaration.
    """
    chosen: dict[str, Found] = {}
    files: set[Path] = set()
    # Absolute before any is imported, for that may change the directory.
    for selector, path, data in [_locate(selector) for selector in selectors]:
        for found in _find(selector, path, data, files):
            check_declarations(found.problem)
            before = chosen.setdefault(found.problem.name, found)
            if before.identity != found.identity:
                raise SelectorError(
                    f"two problems are called {found.problem.name!r}, in {before.origin} and in "
                    f"{found.origin}: records tell them apart by name; rename one, or run them one "
                    "by one"
                )
    return [found.problem for found in chosen.values()]


class Found(NamedTuple):
    """A problem, and where it was found."""

    problem: Problem
    origin: str
    identity: Any
    """What is equal for the same problem, found twice."""


def _locate(selector: Any) -> tuple[Any, Path | None, Files | None]:
    """Split a selector into itself, the file that it is, and the files that its problems read."""
    if not isinstance(selector, WithData):
        return selector, _as_path(selector), None
    return selector.selector, _as_path(selector.selector), _find_files(selector.data)


def _find_files(told: str) -> Files:
    """Find a folder or file of data. Raises `SelectorError` where there is none."""
    path = locate(told)
    if not path.exists():
        beside: list[str] = []
        with contextlib.suppress(OSError):  # no folder, or one that may not be read
            beside = [other.name for other in path.parent.iterdir()]
        close = difflib.get_close_matches(path.name, beside, n=1)
        hint = "".join(f"; did you mean {str(Path(told).parent / name)!r}?" for name in close)
        raise SelectorError(f"--data: there is no folder or file {short_repr(told)}{hint}")
    return Files(told, path)


def _as_path(selector: Any) -> Path | None:
    """Return the absolute path that a selector is, if it is one."""
    text = isinstance(selector, str) and is_path(selector)
    return Path(selector).absolute() if text or isinstance(selector, Path) else None


def is_path(selector: str) -> bool:
    """Tell whether a selector is a path to a file, rather than a name or a theme."""
    return selector.endswith(".py") or "/" in selector


def _find(selector: Any, path: Path | None, data: Files | None, files: set[Path]) -> list[Found]:
    """Find the problems of one selector; none of a file that is among `files` already.

    With `data`, one of them at least must read files.
    """
    if isinstance(selector, Problem):
        return [Found(selector, type(selector).__module__, id(selector))]
    if path is not None:
        found = _find_in_file(Path(str(selector)), path, data, files)
    elif isinstance(selector, str):
        named = _named_problems(selector, data)
        found = [Found(p, "calcbench list", (p.name, p.read_from)) for p in named]
    else:
        raise SelectorError(_no_problem(selector))
    if data is not None and found and not any(takes_data(type(f.problem)) for f in found):
        raise SelectorError(f"--data: {short_repr(selector)} reads no files; {_readers()}")
    return found


def _find_in_file(told: Path, path: Path, data: Files | None, files: set[Path]) -> list[Found]:
    """Find the problems of a file that messages call `told`; none if it was read already."""
    resolved = resolve(path)
    if resolved in files:
        return []
    files.add(resolved)
    return [Found(problem, str(told), id(problem)) for problem in load_file(path, told, data)]


def _readers() -> str:
    """Say which problems of the catalogue read files."""
    found = []
    for name, card in door.problems().cards.items():
        with contextlib.suppress(*RAISED):  # whatever a plugin does when it is imported
            loaded = card.load()
            kind = loaded if isinstance(loaded, type) else type(loaded)
            found += [name] if issubclass(kind, Problem) and takes_data(kind) else []
    return f"those that do are {', '.join(found)}" if found else "no problem of the catalogue does"


def _no_problem(found: Any) -> str:
    """Say what to write in place of something that is no problem."""
    if isinstance(found, type) and issubclass(found, Problem):
        return f"a problem is an instance of its class: write {found.__name__}()"
    if callable(found):
        name = short_repr(getattr(found, "__name__", found))
        return (
            f"{name} is a function: decorate it with @calcbench.problem(x=…), a value for each, or "
            "make a problem of it as it is: calcbench.as_problem(f, x)"
        )
    return (
        "a problem is a name, a path to a .py file or a calcbench.Problem, "
        f"and not {short_repr(found)}"
    )


ALL = "all"
"""The selector of every backend that there is, beyond the default ones too."""


def select_backends(selectors: Iterable[BackendSelector], **options: Any) -> list[Backend]:
    """Make backends from selectors: `torch`, `torch[mode=compile,dtype=float32]`, `all`.

    `options` are applied to those selected by name, where the selector does not set them. One of
    `all` that cannot be used here is a stand-in, whose row says why.
    Raises `SelectorError` for an unknown name, option or value.
    """
    chosen: list[Backend] = []
    for selector in selectors:
        if isinstance(selector, Backend):
            chosen.append(selector)
        elif not isinstance(selector, str):
            raise SelectorError(_no_backend(selector))
        elif selector == ALL:
            chosen += [make_backend(name, options) for name in door.backends()]
        else:
            chosen.append(_backend(selector, options))
    return chosen


def _no_backend(found: Any) -> str:
    """Say what to write in place of something that is no backend."""
    if isinstance(found, type) and issubclass(found, Backend):
        return f"a backend is an instance of its class: write {found.__name__}()"
    return f"a backend is a name such as 'jax' or a calcbench.Backend, and not {short_repr(found)}"


def _named_problems(selector: str, data: Files | None) -> list[Problem]:
    catalogue = door.problems() if data is None else door.problems_reading(data)
    if selector in catalogue:
        return [catalogue[selector]]
    themes = {card.theme for card in catalogue.cards.values()}
    if selector in themes:
        names = [name for name, card in catalogue.cards.items() if card.theme == selector]
        return [catalogue[name] for name in names]
    known = nearest(selector, {*catalogue, *themes}, "calcbench list problems")
    raise SelectorError(f"no problem {short_repr(selector)}: {known}")


def _backend(selector: str, defaults: dict[str, Any]) -> Backend:
    """Make an instance from `name[option=value,…]`."""
    name, bracket, rest = selector.strip().partition("[")
    backend = door.backends()[name]
    if bracket and not rest.endswith("]"):
        raise SelectorError(f"backend {short_repr(selector)}: the options lack their closing ]")
    given: dict[str, Any] = {}
    known = backend.options()
    for part in filter(None, rest.removesuffix("]").split(",")):
        option, equals, value = (piece.strip() for piece in part.partition("="))
        if option not in known:
            raise SelectorError(
                f"backend {name!r} has no option {short_repr(option)}: {nearest(option, known)}"
            )
        if not equals:
            raise SelectorError(
                f"backend {name!r}: {short_repr(part)} is not of the form OPTION=VALUE"
            )
        if option in given:
            raise SelectorError(f"backend {name!r}: {option!r} is given twice")
        given[option] = value if known[option] else _number(name, option, value)
    found: Backend = backend(**{**defaults, **given})
    return found


def _number(name: str, option: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise SelectorError(
            f"backend {name!r}: {option}={short_repr(value)} is not a number"
        ) from None


def choose_backends(
    backends: BackendSelector | Iterable[BackendSelector] | None,
    dtype: str | None = None,
    load: bool = True,
) -> list[Backend]:
    """Select the backends asked for, or else the default ones, each in its default mode.

    Raises `NotInstalled` where one asked for by name is missing or, with `load`, does not import;
    one of `all` or of the default ones has a row that says so.
    """
    options = {} if dtype is None else {"dtype": dtype}
    selectors = list_selectors(backends, "backend")
    if selectors is None:
        return [make_backend(name, options) for name in door.default_backends()]
    chosen: list[Backend] = []
    for number, selector in enumerate(selectors):
        if isinstance(selector, str) and selector in selectors[:number]:
            continue
        found = select_backends([selector], **options)
        if selector != ALL:
            _check_installed(found, load)
        chosen += found
    return chosen


def _check_installed(backends: Iterable[Backend], load: bool) -> None:
    """Raise `NotInstalled` where a framework is missing or, with `load`, does not import."""
    for backend in backends:
        reason = backend.missing()
        if reason:
            raise NotInstalled(f"backend {backend.name!r}: {reason}")
        if backend.requires and load:
            backend.framework()


def find_problem(problem: ProblemSelector) -> Problem:
    """Select a single problem. Raises `SelectorError` for a file or theme of several."""
    found = select_problems([problem])
    if len(found) != 1:
        names = ", ".join(p.name for p in found)
        raise SelectorError(f"{short_repr(problem)} is {len(found)} problems ({names}): name one")
    return found[0]


def find_backend(backend: BackendSelector) -> Backend:
    """Select a single backend. Raises `SelectorError` for `all`."""
    found = select_backends([backend])
    if len(found) != 1:
        raise SelectorError(f"{short_repr(backend)} is {len(found)} backends: name one")
    return found[0]


def list_selectors(selectors: Any, noun: str) -> list[Any] | None:
    """List one selector or several; None, which is the default selection, stays None."""
    if selectors is None:
        return None
    many = list_of(f"the selection of {noun}s", selectors, is_one)
    if not many:
        raise SelectorError(f"no {noun} is selected; leave the selection out for the default")
    return many


def is_one(selector: Any) -> bool:
    """Whether a selection is a single selector, or what could only be one, and no list."""
    return not isinstance(selector, Iterable) or isinstance(selector, (str, bytes, Problem, type))
