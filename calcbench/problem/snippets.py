"""Snippets: the statement in which something was raised, and the expression within it.

Python 3.11 and later know of every instruction where in the source its expression stands.
"""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any, NamedTuple

Span = tuple[int, int, int, int]
"""First line, last line, first byte in the one, and last byte in the other."""


class Snippet(NamedTuple):
    """A statement of a user's code."""

    statement: ast.stmt | None
    """None where the source is not to be had."""
    raised: ast.AST | None
    """The expression within it that raised; None where only the line is known."""
    names: Mapping[str, Any]
    """The names of its module, where it is known."""

    @property
    def expressions(self) -> list[ast.AST]:
        """Every expression of the statement, the outer one first; not those of its body."""
        return [] if self.statement is None else list(_walk(self.statement))

    def around(self, expression: ast.AST) -> list[ast.AST]:
        """List the expressions that an expression is a part of, itself included."""
        return [
            outer
            for outer in self.expressions
            if any(inner is expression for inner in ast.walk(outer))
        ]


def find_snippet(file: str, line: int, span: Span | None, names: Mapping[str, Any]) -> Snippet:
    """Find the statement of a line, and the expression at a span."""
    text = "".join(linecache.getlines(file, dict(names) or None))
    here = [node for node in _statements(text) if node.lineno <= line <= _end(node)[0]]
    if span is None:
        here = [node for node in here if node.lineno == line][:1] or here
        return Snippet(here[-1] if here else None, None, names)
    here = [node for node in here if _holds(node, span)]
    found = Snippet(here[-1] if here else None, None, names)
    raised = [
        node for node in found.expressions if isinstance(node, ast.expr) and _is_at(node, span)
    ]
    return found._replace(raised=raised[0] if raised else None)


def span_of(code: CodeType, instruction: int) -> Span | None:
    """Return where the expression of an instruction stands, if that is known."""
    first, last, start, end = list(code.co_positions())[instruction // 2]
    if first is None or last is None or start is None or end is None:
        return None
    return first, last, start, end


@functools.lru_cache(maxsize=8)
def _statements(text: str) -> list[ast.stmt]:
    """List the statements of a source, the outer ones first; none if it is no Python."""
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return []


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions below a node, but for those of statements in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            continue
        if isinstance(child, ast.expr):
            yield child
        yield from _walk(child)


def _end(node: ast.stmt | ast.expr) -> tuple[int, int]:
    """Return the last line of a node, and where it ends there."""
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _holds(node: ast.stmt, span: Span) -> bool:
    """Tell whether a span lies within a statement."""
    first, last, start, end = span
    return (node.lineno, node.col_offset) <= (first, start) and (last, end) <= _end(node)


def _is_at(node: ast.expr, span: Span) -> bool:
    """Tell whether an expression stands at a span."""
    first, last, start, end = span
    return (node.lineno, node.col_offset) == (first, start) and (last, end) == _end(node)
