"""Inputs: what the problem is evaluated at, as statements at the head of a program."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import libcst as cst
import numpy as np

from calcbench.errors import Unsupported
from calcbench.problem.function import FunctionProblem
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.size import NamedSize
from calcbench.show.programs.copying import LITERALS, Copier
from calcbench.show.programs.layout import names_in, wrap
from calcbench.show.programs.parentheses import join_lines
from calcbench.show.programs.source import Source, read_source

Kind = Literal["number", "list", "array"]


@dataclass(frozen=True)
class Value:
    """The value of one input, as source text."""

    name: str
    text: str
    kind: Kind
    """The text of a number or list is a literal; that of an array evaluates to one of NumPy's."""
    parameter: bool
    integer: bool


Native = Callable[[Value], str]
"""The expression that makes the framework's array of a value."""


def write_inputs(problem: Problem, inputs: Arrays, copier: Copier) -> tuple[str, list[Value]]:
    """Return the statements of `inputs` before its return, and the values that it returns.

    Where the source of `inputs` does not end in a dict, the values are stated as literals.
    """
    source = _source_of_inputs(problem)
    entries = source.returned_dict() if source else None
    if source is None or entries is None or set(entries) != set(inputs):
        return "", _as_literals(problem, inputs)
    returned = problem.inputs(problem.sizes[0], np.random.default_rng(0))
    respelling, values = copier.respelling(source), []
    for name, node in entries.items():  # in this order, for each may draw from rng
        text = source.module.code_for_node(join_lines(node.visit(respelling)))  # type: ignore
        values.append(_value(problem, inputs, name, returned[name], text))
    arrays = [value.text for value in values if value.kind == "array"]
    return _statements(problem, source, copier, arrays), values


def _source_of_inputs(problem: Problem) -> Source | None:
    if isinstance(problem, FunctionProblem):
        return None
    try:
        return read_source(problem.inputs)
    except Unsupported:
        return None


def _as_literals(problem: Problem, inputs: Arrays) -> list[Value]:
    count = sum(array.size for array in inputs.values())
    if count > LITERALS:
        raise Unsupported(
            f"no program: inputs does not end in a returned dict of its {count} numbers, "
            f"and a program states at most {LITERALS}"
        )
    return [
        _value(problem, inputs, name, array, repr(array.tolist())) for name, array in inputs.items()
    ]


def _value(problem: Problem, inputs: Arrays, name: str, returned: Any, text: str) -> Value:
    """Describe one input; everything but literals is made an array of float64 (or indices)."""
    array = inputs[name]
    kind: Kind = "array"
    if _is_literal(text):
        kind, text = ("list" if array.ndim else "number"), repr(array.tolist())
    elif isinstance(returned, (bool, int, float)) and not isinstance(returned, np.generic):
        kind, text = "number", text if isinstance(returned, float) else f"float({text})"
    elif getattr(returned, "dtype", None) != array.dtype:
        text = f"np.array({text}, dtype=float)"
    return Value(name, text, kind, name in problem.parameters, array.dtype.kind == "i")


def _is_literal(text: str) -> bool:
    """Whether an expression is made of numbers alone, perhaps inside `np.array(…)`."""
    node = ast.parse(f"({text})", mode="eval").body
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.array", "np.asarray"):
        node = node.args[0]
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _statements(problem: Problem, source: Source, copier: Copier, arrays: list[str]) -> str:
    """Return all but the return, with `size` and `rng` stated and imports lifted out."""
    *statements, last = source.statements
    kept = []
    for statement in statements:
        parts = statement.body if isinstance(statement, cst.SimpleStatementLine) else [statement]
        if all(isinstance(part, (cst.Import, cst.ImportFrom)) for part in parts):
            copier.imports.update(map(source.module.code_for_node, parts))
        else:
            kept.append(statement.visit(copier.respelling(source)))
    text = source.code(kept, footer=last.leading_lines)
    used = names_in("\n".join([text, *arrays]))
    size, rng = list(inspect.signature(problem.inputs).parameters)[:2]
    starts = {size: _format_size(problem.sizes[0]), rng: "np.random.default_rng(0)"}
    for name in source.free_names():
        if name in used:
            copier.define_name(problem.inputs, name)
    lines = [f"{name} = {start}" for name, start in starts.items() if name in used]
    return "\n".join([*lines, text]).strip("\n")


def _format_size(size: int) -> str:
    """Write a size as source text: a number, or a dict by name."""
    return repr(size.names) if isinstance(size, NamedSize) else f"{size:_}"


def assign(values: list[Value], native: Native) -> tuple[list[str], list[str]]:
    """Return the lines that assign the native values, and the names that stay Python numbers."""
    lines = [(value, native(value)) for value in values]
    # `x = torch.tensor(x)` must wait until nothing else is made from the NumPy x.
    lines.sort(key=lambda line: line[0].text == line[0].name and _is_read(line[0].name, values))
    return list(_assignments(lines)), [v.name for v, native in lines if _is_plain(v, native)]


def _is_read(name: str, values: list[Value]) -> bool:
    """Whether another value is made from an input."""
    return any(value.name != name and name in names_in(value.text) for value in values)


def _is_plain(value: Value, native: str) -> bool:
    """Whether a value stays a Python number."""
    return value.kind == "number" and native == value.text


def _assignments(lines: list[tuple[Value, str]]) -> Iterator[str]:
    """Format `name = expression`, with up to five numbers that follow each other in one line."""
    together: list[tuple[Value, str]] = []
    for value, native in lines:
        plain = _is_plain(value, native)
        joins = plain and together and together[0][0].parameter == value.parameter
        if together and not (joins and len(together) < 5):
            yield _on_one_line(together)
            together = []
        if plain:
            together.append((value, native))
        elif native != value.name:
            yield wrap(f"{value.name} = {native}")
    if together:
        yield _on_one_line(together)


def _on_one_line(lines: list[tuple[Value, str]]) -> str:
    names = ", ".join(value.name for value, _ in lines)
    return f"{names} = {', '.join(native for _, native in lines)}"
