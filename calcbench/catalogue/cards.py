"""Cards: what the source of a problem or backend says of it, read without running it.

One card per problem or backend. Names, first docstring lines and declared requirements come
from the syntax tree, so listing imports no framework and runs nobody's code; `card.load()` does.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calcbench.errors import CalcbenchError, first_line, missing


@dataclass(frozen=True)
class Card:
    """What the source of a problem or backend says, before it is imported."""

    name: str
    theme: str
    """The folder that it lies in, or the distribution that brings it."""
    load: Callable[[], Any] = field(repr=False)
    summary: str = ""
    declared: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Literal class attributes, by name."""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Annotated fields with their `Literal` choices: a backend's options."""
    default: bool = True
    """Whether it takes part when no problem is named; of backends `default_backends` says it."""
    broken: str | None = None
    """Why its source cannot be read."""

    @property
    def missing(self) -> str | None:
        """Why it cannot be used here, or None."""
        if self.broken:
            return self.broken
        return missing(self.declared.get("requires", ()), self.declared.get("install", ""))


def describe_error(error: BaseException) -> str:
    """Describe an exception: its type and the first line of its message."""
    return f"{type(error).__name__}: {first_line(error)}"


def read_card(name: str, theme: str, path: Path, load: Callable[[], Any], target: str = "") -> Card:
    """Read a card off the file at `path`.

    It describes the class or decorated function called `target`, or, without one, that whose
    name is `name` but for case and underscores (`finite_difference` → `FiniteDifference`).
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (OSError, SyntaxError, ValueError) as error:  # not there, not Python, not text
        return Card(name, theme, load, broken=f"{path.name}: {describe_error(error)}")
    wanted = _normalize(target or name)
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and _normalize(node.name) == wanted:
            return Card(
                name,
                theme,
                load,
                summary=(ast.get_docstring(node) or "").split("\n", 1)[0],
                declared=_literals(node),
                options=_options(node),
            )
    if target and _may_define(tree, target):  # made elsewhere, perhaps: loading it will tell
        return Card(name, theme, load)
    if target:
        return Card(name, theme, load, broken=f"{path.name} defines no {target}")
    return Card(name, theme, load, broken=f"{path.name} defines no class named like the file")


def find(module: Any, name: str) -> Any:
    """Find the object in `module` that `read_card` describes.

    Raises `CalcbenchError` where there is none.
    """
    from calcbench.problem.problem import Problem

    for key, value in vars(module).items():
        defined_here = getattr(value, "__module__", None) == module.__name__
        belongs = defined_here or isinstance(value, Problem)
        if belongs and _normalize(key) == _normalize(name):
            return value
    raise CalcbenchError(f"{module.__name__} defines no class named like {name!r}")


def _may_define(tree: ast.Module, target: str) -> bool:
    """Tell whether a module may have a name: one that nothing in it mentions, it has not."""
    wanted, mentioned = target.partition(".")[0], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            mentioned |= {node.asname or node.name.partition(".")[0]}
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            mentioned |= {node.name}
        elif isinstance(node, ast.Name):
            mentioned |= {node.id}
    return bool(mentioned & {wanted, "*", "__getattr__", "globals"})


def _normalize(name: str) -> str:
    """Make one form of `finite_difference` and `FiniteDifference`."""
    return name.replace("_", "").lower()


def _literals(node: ast.ClassDef | ast.FunctionDef) -> dict[str, Any]:
    """Read the class attributes whose values are literals, by name."""
    found = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            targets: list[ast.expr] = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        try:
            value = ast.literal_eval(statement.value or ast.Name("nothing"))
        except ValueError:
            continue
        found.update({t.id: value for t in targets if isinstance(t, ast.Name)})
    return found


def _options(node: ast.ClassDef | ast.FunctionDef) -> dict[str, tuple[str, ...]]:
    """Read the annotated attributes that are not ClassVar, with the choices of their `Literal`."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in node.body:
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        head, _, choices = ast.unparse(statement.annotation).partition("[")
        if head.endswith("ClassVar"):
            continue
        found[statement.target.id] = ()
        if head.endswith("Literal"):
            with contextlib.suppress(ValueError):  # choices that are not spelled out
                found[statement.target.id] = tuple(ast.literal_eval(f"[{choices}"))
    return found


def entry_point_card(entry: Any) -> Card:
    """Read the card of a third-party entry point off the module that it names."""
    origin = entry.dist.name if entry.dist else "entry point"
    source = _source(entry.module)
    if source is None:
        reason = f"there is no module {entry.module}"
        return Card(entry.name, origin, entry.load, broken=reason)
    if source.suffix != ".py":  # compiled: nothing to read
        return Card(entry.name, origin, entry.load)
    return read_card(entry.name, origin, source, entry.load, entry.attr)


def _source(module: str) -> Path | None:
    """Find the file of a module without importing the packages that it lies in."""
    head, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(head)
        for part in rest:
            head = f"{head}.{part}"
            places = spec.submodule_search_locations if spec else None
            spec = importlib.machinery.PathFinder.find_spec(head, places) if places else None
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin else None
