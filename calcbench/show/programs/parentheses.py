"""Parentheses: where an expression needs them, in the place of another one."""

from __future__ import annotations

import libcst as cst

STANDS_ALONE = (cst.Return, cst.Assign, cst.AugAssign, cst.Arg, cst.DictElement)
"""Where any expression may stand without parentheses, if it is on one line."""

ARITHMETIC = (
    (cst.Add, cst.Subtract),
    (cst.Multiply, cst.Divide, cst.MatrixMultiply),
    (cst.Power,),
)
"""Binary operators, in the order of how tightly they bind."""


def fit(
    expression: cst.BaseExpression, original: cst.BaseExpression, parent: cst.CSTNode
) -> cst.BaseExpression:
    """Return an expression as it has to stand in the place of `original`, below `parent`."""
    if original.lpar:
        return expression.with_changes(lpar=original.lpar, rpar=original.rpar)
    tighter = 0 < _tightness(parent) < _tightness(expression)
    if tighter or isinstance(parent, STANDS_ALONE):
        return join_lines(expression)
    return expression if is_atom(expression) else in_parentheses(expression)


def _tightness(node: cst.CSTNode) -> int:
    """Return how tightly the operator of an expression binds; 0 if it has none of arithmetic."""
    operator = getattr(node, "operator", None)
    found = (n for n, kinds in enumerate(ARITHMETIC, 1) if isinstance(operator, kinds))
    return next(found, 0)


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
