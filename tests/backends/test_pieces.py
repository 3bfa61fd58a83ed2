"""Pieces of an expression: every way its comparisons may go, and none that cannot be."""

import pytest
import sympy

from calcbench.backends.sympy.pieces import split, ties

x, y = sympy.symbols("x y", real=True)


def where(condition, yes, no):
    return sympy.Piecewise((yes, condition), (no, True))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (x + 1, [x + 1]),
        (where(x > 1, x, 2), [x, 2]),
        (sympy.Abs(x), [x, -x]),
        (sympy.sign(x) + sympy.Heaviside(x), [2, -1]),
        (sympy.DiracDelta(x), [0]),
        (sympy.Max(x, y), [x, y]),
        (sympy.Abs(where(x > 1, x, -2)), [x, 2]),
        # Of the parameter x there is no piece in which x is 0.
        (where(x >= 0, 3, 4) - where(x > 0, 1, 2), [2, 2]),
        (where(x**2 <= 0, 1, 2), [2]),
        (where(sympy.Eq(x, 1), 1, 2), [2]),
        # What is no parameter may well be 0.
        (where(y >= 0, 3, 4) * where(y > 0, 1, 2), [3, 6, 8]),
        (where(sympy.Eq(y, 1), 1, 2), [1, 2]),
        # y = 3 may well be, though y > 0 leaves out its own end.
        (where(y > 0, where(y >= 3, where(y <= 3, 1, 2), 3), 4), [1, 2, 3, 4]),
        (where(y > 3, where(y <= 3, 1, 2), 3), [2, 3]),
        # x > −1 and x < −4 cannot hold together, however they are written.
        (where(2 * x + 2 > 0, where(-x > 4, 1, 2), 3), [2, 3, 3]),
    ],
)
def test_pieces(expression, expected):
    assert sorted(map(str, (p for p, _ in split(expression, {x})))) == sorted(map(str, expected))


def test_a_piece_counts_where_its_condition_holds():
    expression = sympy.Abs(x - 1) + where(x < 3, x**2, 7)
    for number in (-2, 0, 2, 4):
        here = {x: sympy.Integer(number)}
        (piece,) = (p for p, when in split(expression, {x}) if when.xreplace(here))
        assert piece.xreplace(here) == expression.xreplace(here)


@pytest.mark.parametrize(
    ("expression", "number", "tied"),
    [
        (sympy.Abs(x), 0, True),
        (sympy.Abs(x), 1, False),
        (sympy.Max(x, 2), 2, True),
        (sympy.Heaviside(sympy.sin(x)), 0, True),
        (where(x <= 2, x, 1), 2, True),
        (where(x <= 2, x, 1), 3, False),
        (x**2, 0, False),
    ],
)
def test_a_comparison_ties(expression, number, tied):
    assert ties(expression, {x: sympy.Integer(number)}) is tied
