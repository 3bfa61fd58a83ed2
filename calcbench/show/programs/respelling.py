"""Respelling: rewrite the code of a function, and leave its layout and comments as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import libcst as cst

from calcbench.show.programs.parentheses import fit
from calcbench.show.programs.source import Source
from calcbench.show.programs.templates import fill


class Respelling(cst.CSTTransformer):
    """Replace what the code of one function takes from `xp` and from `self`; keep all else.

    `xp.exp(z)` becomes `torch.exp(z)`, `norm(xp, w)` becomes `norm(w)`, `self.rate` becomes
    `rate`.
    """

    def __init__(
        self,
        source: Source,
        spell: Callable[[str, cst.Call | None], str],
        take: Callable[[str], str],
        keywords: Mapping[str, str],
    ) -> None:
        """Take how to spell a name of the vocabulary (at a call, if it is called).

        `take` makes an attribute of the problem available, and returns what it is called;
        `keywords` has the keyword arguments that are called differently.
        """
        super().__init__()
        self._source = source
        self._spell = spell
        self._take = take
        self._keywords = keywords

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> Any:
        """Respell a call of the vocabulary; pass `xp` on to nobody else."""
        name = vocabulary_name(original_node.func)
        if name:
            return self._respell(name, original_node, updated_node)
        kept = [a for a in updated_node.args if not is_name(a.value, "xp")]
        if kept and kept[-1] is not updated_node.args[-1]:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(args=kept)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> Any:
        """Respell a name of the vocabulary that is not called; take attributes of `self`."""
        parent = self._source.parents[original_node]
        inner = isinstance(parent, cst.Attribute) or getattr(parent, "func", None) is original_node
        name = vocabulary_name(original_node)
        if name and not inner:
            return fit(cst.parse_expression(self._spell(name, None)), original_node, parent)
        if is_name(original_node.value, "self"):
            name = self._take(original_node.attr.value)
            return cst.Name(name, lpar=updated_node.lpar, rpar=updated_node.rpar)
        return updated_node

    def _respell(self, name: str, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        expression = cst.parse_expression(self._spell(name, original))
        if isinstance(expression, cst.Lambda):
            filled = fill(expression, updated.args, name)
            return fit(filled, original, self._source.parents[original])
        if isinstance(expression, cst.Name):  # a helper, which takes the vocabulary's keywords
            return updated.with_changes(func=expression)
        return updated.with_changes(func=expression, args=[self._rename(a) for a in updated.args])

    def _rename(self, argument: cst.Arg) -> cst.Arg:
        if argument.keyword is None or argument.keyword.value not in self._keywords:
            return argument
        return argument.with_changes(keyword=cst.Name(self._keywords[argument.keyword.value]))


def vocabulary_name(node: cst.CSTNode) -> str:
    """Return `linalg.solve` for `xp.linalg.solve`; empty for anything that is not of `xp`."""
    path: list[str] = []
    while isinstance(node, cst.Attribute):
        path.insert(0, node.attr.value)
        node = node.value
    return ".".join(path) if is_name(node, "xp") else ""


def is_name(node: cst.CSTNode, name: str) -> bool:
    """Whether an expression is just this name."""
    return isinstance(node, cst.Name) and node.value == name
