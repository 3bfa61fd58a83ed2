"""The operators: derivatives that a backend can compute, one file for each.

`OPERATORS` has their classes by name; `find_operator` reads `hessian` or `partial[w[3]]`.
"""

from __future__ import annotations

import importlib
import re

from calcbench.errors import SelectorError, nearest, short_repr
from calcbench.operators.cost import Cost
from calcbench.operators.gradient import Gradient
from calcbench.operators.hessian import Hessian
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.operator import Layout, Operator
from calcbench.operators.partial import Partial
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem

__all__ = [
    "GRADIENT",
    "OPERATORS",
    "Layout",
    "Operator",
    "find_operator",
    "first_derivative",
    "matrix_operator",
]

NAMES = (
    "gradient",
    "value_and_gradient",
    "partial",
    "pushforward",
    "pullback",
    "jacobian",
    "hvp",
    "gradient_and_hvp",
    "hessian",
    "second_derivative",
    "laplacian",
    "cost",
)
"""The files of operators, in the order of tables; each holds one class of that `name`."""


def _load(name: str) -> type[Operator]:
    module = importlib.import_module(f"calcbench.operators.{name}")
    (kind,) = (k for k in vars(module).values() if getattr(k, "name", None) == name)
    found: type[Operator] = kind
    return found


OPERATORS: dict[str, type[Operator]] = {name: _load(name) for name in NAMES}

GRADIENT = Gradient()


def first_derivative(problem: Problem) -> Operator:
    """Return the operator that is all first partials: gradient, or Jacobian if vector-valued."""
    return Jacobian() if problem.vector_valued else GRADIENT


def matrix_operator(point: Point, order: int) -> Operator:
    """Return the operator that is all partials of an order: cost, gradient or Jacobian, Hessian."""
    if order == 0:
        return Cost()
    if order == 2:
        return Hessian()
    return first_derivative(point.problem)


SYNONYMS = {"jvp": "pushforward", "vjp": "pullback", "grad": "gradient", "jac": "jacobian"}
"""The name of an operator in other tools → its name here."""


def find_operator(operator: str | Operator) -> Operator:
    """Find the operator of this name: `gradient`, `hessian`, `partial[w[3]]`.

    Raises `SelectorError` for one that there is not.
    """
    if isinstance(operator, Operator):
        return operator
    if not isinstance(operator, str):
        raise SelectorError(f"an operator is a name such as 'hessian', got {short_repr(operator)}")
    name, bracket, rest = operator.strip().partition("[")
    if name in SYNONYMS:
        raise SelectorError(f"no operator {name!r}: it is called {SYNONYMS[name]!r} here")
    if name not in OPERATORS:
        raise SelectorError(f"no operator {short_repr(name)}: {nearest(name, OPERATORS)}")
    if not bracket:
        return OPERATORS[name]()
    if name != Partial.name:
        raise SelectorError(f"operator {short_repr(operator)}: only partial[…] names a component")
    component = re.fullmatch(r"(.+)\]", rest)
    if component is None:
        raise SelectorError(
            f"operator {short_repr(operator)} is not of the form partial[m] or partial[w[3]]"
        )
    return Partial(re.sub(r"\s", "", component[1]).replace(",", ", "))
