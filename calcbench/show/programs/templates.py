"""Templates: put the arguments of a call into an expression such as `lambda x, y: x @ y`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import libcst as cst

from calcbench.errors import Unsupported
from calcbench.show.programs.parentheses import in_parentheses, is_atom


def fill(template: cst.Lambda, arguments: Sequence[cst.Arg], name: str) -> cst.BaseExpression:
    """Put the arguments of a call of xp.`name` in the place of the parameters of a lambda.

    Raises `Unsupported` where they do not fit.
    """
    positional = [a.value for a in arguments if a.keyword is None]
    keywords = {a.keyword.value: a.value for a in arguments if a.keyword is not None}
    if any(a.star for a in arguments):
        raise Unsupported(f"no program: xp.{name} is called with starred arguments")
    try:
        bound = _signature(template).bind(*positional, **keywords)
    except TypeError as error:
        raise Unsupported(f"no program: the short spelling of xp.{name}: {error}") from None
    bound.apply_defaults()
    return _Fill(bound.arguments).put_in(template.body)


def _signature(template: cst.Lambda) -> inspect.Signature:
    kind, empty = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    return inspect.Signature(
        [
            inspect.Parameter(p.name.value, kind, default=p.default or empty)
            for p in template.params.params
        ]
    )


class _Fill(cst.CSTTransformer):
    """Replace names by expressions, in parentheses except where these stand alone."""

    def __init__(self, given: Mapping[str, cst.BaseExpression]) -> None:
        super().__init__()
        self._given = given

    def put_in(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """Return an expression that stands alone, with the names in it replaced."""
        if isinstance(node, cst.Name):
            return self._given.get(node.value, node)
        filled = node.visit(self)
        assert isinstance(filled, cst.BaseExpression)
        return filled

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> Any:
        given = self._given.get(original_node.value, updated_node)
        return given if is_atom(given) else in_parentheses(given)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> Any:
        """Keep the name of an attribute."""
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> Any:
        """Keep the name of a keyword; the value needs no parentheses, unless it is starred."""
        updated_node = updated_node.with_changes(keyword=original_node.keyword)
        return updated_node if original_node.star else self._alone(original_node, updated_node)

    def leave_Element(self, original_node: cst.Element, updated_node: cst.Element) -> Any:
        """Put an element of a list in without parentheses."""
        return self._alone(original_node, updated_node)

    def _alone(self, original: Any, updated: Any) -> Any:
        if not isinstance(original.value, cst.Name):
            return updated
        return updated.with_changes(value=self.put_in(original.value))
