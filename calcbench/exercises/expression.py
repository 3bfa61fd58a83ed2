"""Numbers and formulas written as text: `4 + 4*log(2)`, `-sqrt(2)/4`, `2*x`.

Text is read as Python reads it, in the spelling of SymPy, and evaluated piece by piece: numbers,
names, four operations, powers and the functions below. Nothing else is run, whoever wrote it.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from calcbench.errors import SelectorError, nearest, printable

LONGEST = 300
"""Characters of an expression."""

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "π": math.pi, "E": math.e, "e": math.e}

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "sqrt": math.sqrt,
    "cbrt": math.cbrt,
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "abs": abs,
    "Abs": abs,
    "Rational": operator.truediv,
}
"""Functions of numbers: SymPy's names, and the other names that people have for some."""

SIGNS = {"−": "-", "·": "*", "×": "*", "^": "**", "√": "sqrt"}
"""What people write, and how it is read."""

OPERATORS: Mapping[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def parse(text: str) -> ast.expr:
    """Read an expression. Raises `SelectorError` with what is wrong with it."""
    if len(text) > LONGEST:
        raise SelectorError(f"an expression has at most {LONGEST} characters, not {len(text):,}")
    spelled = text.strip()
    for sign, meaning in SIGNS.items():
        spelled = spelled.replace(sign, meaning)
    try:
        return ast.parse(spelled, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise SelectorError(
            f"{_quoted(text)} is no number and no expression such as 3*pi/2 or sqrt(2) (times is *)"
        ) from None


def number(text: str, at: Mapping[str, float] | None = None) -> float:
    """Evaluate an expression of numbers. Raises `SelectorError` unless it is a finite number.

    `at` has the values of letters in it.
    """
    tree = parse(text)
    try:
        value = float(evaluate(tree, {**CONSTANTS, **(at or {})}, FUNCTIONS))
    except SelectorError as error:
        raise SelectorError(f"{_quoted(text)}: {error}") from None
    except OverflowError:
        raise SelectorError(f"{_quoted(text)} is too large a number") from None
    except (ArithmeticError, ValueError, TypeError) as error:
        raise SelectorError(f"{_quoted(text)} is no real number: {error}") from None
    if not math.isfinite(value):
        raise SelectorError(f"{_quoted(text)} is {value}, which is no number")
    return value


def evaluate(
    tree: ast.expr,
    names: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    literal: Callable[[float], Any] = float,
) -> Any:
    """Evaluate an expression with values for its names. Raises `SelectorError` for what is none.

    `literal` makes a value of a number in the text: a float, for in integers 9**9**9 never ends.
    """

    def value(tree: ast.expr) -> Any:
        if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)):
            return literal(tree.value)
        if isinstance(tree, ast.Name):
            return look_up(names, tree.id, "name")
        if isinstance(tree, ast.UnaryOp) and type(tree.op) in OPERATORS:
            return OPERATORS[type(tree.op)](value(tree.operand))
        if isinstance(tree, ast.BinOp) and type(tree.op) in OPERATORS:
            return OPERATORS[type(tree.op)](value(tree.left), value(tree.right))
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.keywords:
            return look_up(functions, tree.func.id, "function")(*map(value, tree.args))
        if isinstance(tree, ast.Tuple):
            raise SelectorError("write one number, with a decimal point and no comma")
        raise SelectorError(f"{_quoted(ast.unparse(tree))} is no part of an expression")

    return value(tree)


def check_names(tree: ast.expr, names: Iterable[str], functions: Iterable[str]) -> None:
    """Raise `SelectorError` for a name in an expression that stands for nothing."""
    known, callables = set(names), set(functions)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in known | callables:
            raise SelectorError(f"there is no {_quoted(node.id)} here; {nearest(node.id, known)}")


def look_up(known: Mapping[str, Any], name: str, what: str) -> Any:
    """Find what a name stands for. Raises `SelectorError` with the nearest one there is."""
    if name not in known:
        raise SelectorError(f"there is no {what} {_quoted(name)} here; {nearest(name, known)}")
    return known[name]


def _quoted(text: str) -> str:
    return printable(repr(text))
