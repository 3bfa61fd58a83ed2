"""Respelling: rewrite the code of a function, and leave its layout and comments as they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import libcst as cst

from calcbench.errors import Unsupported
from calcbench.show.programs.source import Source


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

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> Any:  # noqa: N802
        """Respell a call of the vocabulary; pass `xp` on to nobody else."""
        name = vocabulary_name(original_node.func)
        if name:
            return self._respell(name, original_node, updated_node)
        kept = [a for a in updated_node.args if not is_name(a.value, "xp")]
        if kept and kept[-1] is not updated_node.args[-1]:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(args=kept)

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> Any:
        """Respell a name of the vocabulary that is not called; take attributes of `self`."""
        parent = self._source.parents[original_node]
        inner = isinstance(parent, cst.Attribute) or getattr(parent, "func", None) is original_node
        name = vocabulary_name(original_node)
        if name and not inner:
            return self._fit(original_node, cst.parse_expression(self._spell(name, None)))
        if is_name(original_node.value, "self"):
            name = self._take(original_node.attr.value)
            return cst.Name(name, lpar=updated_node.lpar, rpar=updated_node.rpar)
        return updated_node

    def _respell(self, name: str, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        spelled = cst.parse_expression(self._spell(name, original))
        if isinstance(spelled, cst.Lambda):
            return self._fit(original, fill(spelled, updated.args, name))
        return updated.with_changes(func=spelled, args=[self._rename(a) for a in updated.args])

    def _rename(self, argument: cst.Arg) -> cst.Arg:
        if argument.keyword is None or argument.keyword.value not in self._keywords:
            return argument
        return argument.with_changes(keyword=cst.Name(self._keywords[argument.keyword.value]))

    def _fit(
        self, original: cst.BaseExpression, expression: cst.BaseExpression
    ) -> cst.BaseExpression:
        """Put an expression into the place of another, in parentheses where it needs them."""
        if original.lpar:
            return expression.with_changes(lpar=original.lpar, rpar=original.rpar)
        parent = self._source.parents[original]
        tighter = 0 < _tightness(parent) < _tightness(expression)
        if tighter or isinstance(parent, STANDS_ALONE):
            return join_lines(expression)
        return expression if is_atom(expression) else in_parentheses(expression)


STANDS_ALONE = (cst.Return, cst.Assign, cst.AugAssign, cst.Arg, cst.DictElement)
"""Where any expression may stand without parentheses, if it is on one line."""


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


# --- templates ---------------------------------------------------------------------------------


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

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> Any:  # noqa: N802
        given = self._given.get(original_node.value, updated_node)
        return given if is_atom(given) else in_parentheses(given)

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> Any:
        """Keep the name of an attribute."""
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> Any:  # noqa: N802
        """Keep the name of a keyword; the value needs no parentheses, unless it is starred."""
        updated_node = updated_node.with_changes(keyword=original_node.keyword)
        return updated_node if original_node.star else self._alone(original_node, updated_node)

    def leave_Element(  # noqa: N802
        self, original_node: cst.Element, updated_node: cst.Element
    ) -> Any:
        """Put an element of a list in without parentheses."""
        return self._alone(original_node, updated_node)

    def _alone(self, original: Any, updated: Any) -> Any:
        if not isinstance(original.value, cst.Name):
            return updated
        return updated.with_changes(value=self.put_in(original.value))


# --- parentheses -------------------------------------------------------------------------------


def in_parentheses(expression: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression with parentheses around it."""
    return expression.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def join_lines(expression: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression with parentheses around it where its lines would fall apart."""
    broken = "\n" in cst.Module([]).code_for_node(expression)
    return in_parentheses(expression) if broken and not is_atom(expression) else expression


def is_atom(expression: cst.BaseExpression) -> bool:
    """Whether an expression needs no parentheses anywhere."""
    atoms = (cst.Call, cst.Name, cst.Attribute, cst.Subscript, cst.BaseNumber, cst.BaseString)
    return bool(expression.lpar) or isinstance(expression, atoms)


_ARITHMETIC = (
    (cst.Add, cst.Subtract),
    (cst.Multiply, cst.Divide, cst.MatrixMultiply),
    (cst.Power,),
)


def _tightness(node: cst.CSTNode) -> int:
    """Return how tightly the operator of an expression binds; 0 if it has none of arithmetic."""
    operator = getattr(node, "operator", None)
    found = (n for n, kinds in enumerate(_ARITHMETIC, 1) if isinstance(operator, kinds))
    return next(found, 0)
