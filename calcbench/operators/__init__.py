"""The operators: what can be asked of a backend about a problem, one file for each.

`OPERATORS` has their classes by name; `named` reads `hessian` or `partial[w[3]]`.
"""

from __future__ import annotations

import re

from calcbench.errors import SelectorError, nearest
from calcbench.operators.cost import Cost
from calcbench.operators.gradient import Gradient
from calcbench.operators.hessian import Hessian
from calcbench.operators.hvp import Hvp
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.operator import Layout, Operator
from calcbench.operators.partial import Partial
from calcbench.operators.pullback import Pullback
from calcbench.operators.pushforward import Pushforward
from calcbench.operators.second_derivative import SecondDerivative
from calcbench.operators.value_and_gradient import ValueAndGradient

__all__ = ["GRADIENT", "OPERATORS", "Layout", "Operator", "named"]

OPERATORS: dict[str, type[Operator]] = {
    kind.name: kind
    for kind in (
        Gradient,
        ValueAndGradient,
        Partial,
        Pushforward,
        Pullback,
        Jacobian,
        Hvp,
        Hessian,
        SecondDerivative,
        Cost,
    )
}

GRADIENT = Gradient()

ELSEWHERE = {"jvp": "pushforward", "vjp": "pullback", "grad": "gradient", "jac": "jacobian"}
"""What other tools call them."""


def named(operator: str | Operator) -> Operator:
    """The operator of this name: `gradient`, `hessian`, `partial[w[3]]`.

    Raises `SelectorError` for one that there is not.
    """
    if isinstance(operator, Operator):
        return operator
    if not isinstance(operator, str):
        raise SelectorError(f"an operator is a name such as 'hessian', got {operator!r}")
    name, bracket, rest = operator.strip().partition("[")
    if name in ELSEWHERE:
        raise SelectorError(f"no operator {name!r}: it is called {ELSEWHERE[name]!r} here")
    if name not in OPERATORS:
        raise SelectorError(f"no operator {name!r}: {nearest(name, OPERATORS)}")
    if not bracket:
        return OPERATORS[name]()
    if name != Partial.name:
        raise SelectorError(f"operator {operator!r}: only partial[…] names a component")
    component = re.fullmatch(r"(.+)\]", rest)
    if component is None:
        raise SelectorError(f"operator {operator!r} is not of the form partial[m] or partial[w[3]]")
    return Partial(re.sub(r"\s", "", component[1]).replace(",", ", "))
