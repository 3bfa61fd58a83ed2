"""A learner's own derivation: it is judged as the hand-derived gradient of the problem."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from calcbench.api import verify
from calcbench.catalogue import door
from calcbench.errors import FormulaError, SelectorError, short_repr
from calcbench.exercises import expression
from calcbench.problem.native import takes_xp
from calcbench.problem.problem import Problem
from calcbench.record.record import Record

FUNCTIONS: Mapping[str, str] = {
    **{name: name for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: name for name in ("sinh", "cosh", "tanh", "abs")},
    "ln": "log",
    "Abs": "abs",
}
"""Function of an expression → its name in the vocabulary."""


def judge_gradient(problem: str, handed: Callable[..., Any] | Sequence[Any]) -> Record:
    """Judge a gradient, a function or an expression for each parameter, by `calcbench.verify`."""
    derived = copy.copy(door.problems()[problem])
    if callable(handed):
        formula = _from_function(derived, handed)
    else:
        formula = _from_expressions(derived, handed)
    vars(derived)["gradient"] = formula  # comes before that of the class
    (record,) = verify(derived, ["by_hand"])
    return record


def _from_function(problem: Problem, function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a formula of a function of the arguments, with `xp` first if it needs it."""
    needs_xp = takes_xp(function)

    def gradient(xp: Any, *parameters: Any, **data: Any) -> Mapping[str, Any]:
        found = function(*((xp,) if needs_xp else ()), *parameters, **data)
        return _by_parameter(problem.parameters, found)

    return gradient


def _by_parameter(names: Sequence[str], found: Any) -> Mapping[str, Any]:
    """Give partials by name: they come so, in the order of the parameters, or as the only one."""
    if isinstance(found, Mapping):
        return found
    is_array = getattr(found, "shape", None) not in (None, ())
    several = isinstance(found, (tuple, list)) or (is_array and len(names) > 1)
    if not several and len(names) == 1:
        return {names[0]: found}
    if not several or len(found) != len(names):
        raise FormulaError(f"a gradient returns the partials by {', '.join(names)}, in that order")
    return dict(zip(names, found, strict=True))


def _as_text(value: Any) -> str:
    """Give the text of an expression, which SymPy's are, too."""
    if isinstance(value, str):
        return value
    if getattr(value, "free_symbols", None) is None:
        raise SelectorError(f"{short_repr(value)} is no expression: give text, or a function")
    return str(value)


def _from_expressions(problem: Problem, handed: Sequence[Any]) -> Callable[..., Any]:
    """Make a formula of an expression for each parameter, in the letters of the problem."""
    parsed = [expression.parse(_as_text(value)) for value in handed]
    trees = dict(zip(problem.parameters, parsed, strict=True))
    letters = {*expression.CONSTANTS, *problem.parameters, *problem.data}
    for tree in trees.values():
        expression.check_names(tree, letters, FUNCTIONS)

    def gradient(xp: Any, *parameters: Any, **data: Any) -> Mapping[str, Any]:
        own = dict(zip(problem.parameters, parameters, strict=True))
        scope = {**expression.CONSTANTS, **own, **data}
        functions = {name: getattr(xp, spelled) for name, spelled in FUNCTIONS.items()}
        return {
            name: expression.evaluate(tree, scope, functions, operator.pos)
            for name, tree in trees.items()
        }

    return gradient
