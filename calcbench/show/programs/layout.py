"""Layout: how source text is written, one way for all programs."""

from __future__ import annotations

import ast
import itertools
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping

WIDTH = 88
"""Columns after which a list of numbers, or a dict, is broken."""

Key = str | tuple[str, ...]


def names_in(text: str) -> set[str]:
    """Return every name that occurs in source text, but for attributes and arguments."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def quote(name: str) -> str:
    """Format a name as a string of Python's: `"m"`."""
    return f'"{name}"'


def quote_all(names: Iterable[str]) -> str:
    """Format names as a list of strings: `["m", "b"]`."""
    return f"[{', '.join(map(quote, names))}]"


def format_dict(name: str, entries: Mapping[str, str] | Mapping[Key, str]) -> str:
    """Format `name = {"m": …, "b": …}`, on one line if it fits; a key may be a tuple of names."""
    items = [f"{_key(key)}: {text}" for key, text in entries.items()]
    line = f"{name} = {{{', '.join(items)}}}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name} = {{", *(f"    {item}," for item in items), "}"])


def _key(key: Key) -> str:
    return quote(key) if isinstance(key, str) else f"({', '.join(map(quote, key))})"


def format_comprehension(name: str, value: str, over: str, key: str = "name") -> str:
    """Format `name = {key: value for …}`, on one line if it fits."""
    line = f"{name} = {{{key}: {value} for {over}}}"
    return line if len(line) <= WIDTH else f"{name} = {{\n    {key}: {value}\n    for {over}\n}}"


def wrap(line: str) -> str:
    """Break a line that holds a long list of numbers: rows of a matrix, or as many as fit."""
    if len(line) <= WIDTH or "[" not in line:
        return line
    start, end = line.index("[") + 1, line.rindex("]")
    inner = line[start:end]
    if inner.startswith("["):
        items = re.sub(r"\](, )(\[+)", r"],\n\2", inner)
    else:
        items = textwrap.fill(inner, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return f"{line[:start]}\n{textwrap.indent(items, '    ')},\n{line[end:]}"


def sort_imports(imports: Iterable[str]) -> list[str]:
    """Format import statements as blocks in the usual order: the standard library comes first."""
    ordered = sorted(imports, key=lambda line: (line.startswith("from"), line.split()[1]))
    standard = [line for line in ordered if _is_standard(line)]
    others = [line for line in ordered if line not in standard]
    return ["\n".join(lines) for lines in (standard, others) if lines]


def _is_standard(line: str) -> bool:
    return line.split()[1].partition(".")[0] in sys.stdlib_module_names


def join_blocks(blocks: list[str]) -> str:
    """Join blocks by a blank line, and functions by two."""
    text = blocks[0]
    for before, block in itertools.pairwise(blocks):
        around = any(b.startswith(("def ", "@")) for b in (before, block))
        text += ("\n\n\n" if around else "\n\n") + block
    return text
