"""Programs of hand-derived formulas: the problem's own code, in NumPy."""

from __future__ import annotations

import inspect

import numpy as np

from calcbench.errors import Unsupported
from calcbench.operators import Operator
from calcbench.operators.hand_derived import WORDS
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Arrays, Problem
from calcbench.show.programs.layout import format_dict, quote
from calcbench.show.programs.numpy_spelling import SPELLING, numpy_value
from calcbench.show.programs.results import print_result
from calcbench.show.programs.writer import Writer

from .derivatives import ByHand

PROGRAMS = {
    "gradient": "gradient",
    "partial": "gradient",
    "jacobian": "jacobian",
    "hvp": "hvp",
    "hessian": "hessian",
    "second_derivative": "hessian",
    "cost": "",
}
"""Operator → the problem's method that its program copies; none for the cost."""


def program(backend: ByHand, problem: Problem, operator: Operator) -> str:
    """Write the program: the formula of the problem, at its own inputs."""
    formula = PROGRAMS[operator.name]
    if formula == "gradient" and problem.vector_valued:
        formula = "jacobian"
    if formula and not problem.derives(formula):
        raise Unsupported(f"the problem has no hand-derived {WORDS[formula]}")
    function = getattr(problem, formula) if formula else None
    along = _direction_of_ones(problem) if formula == "hvp" else {}
    writer = Writer(problem, backend.name, SPELLING, operator, function=function, before=along)
    result = {"": writer.value, "hvp": "product"}.get(formula, formula)
    picked = ""
    if operator.name == "partial":
        picked = f"\npartial = {writer.pick_component(f'{result}[{_key(writer)}]')}"
    elif len(problem.parameters) == 1 and formula in ("jacobian", "hessian"):
        result = writer.fresh("blocks", "parts")
        picked = f"\n{operator.name} = {result}[{_key(writer)}]"
    *needs, body = writer.body(result)
    ones = format_dict("", {name: f"np.ones_like({name})" for name in problem.parameters})
    lines = [f"# A direction of ones.\n{name}{ones}" for name in along]
    return writer.compose(
        *writer.data(numpy_value), *lines, *needs, body + picked, print_result(writer)
    )


def _key(writer: Writer) -> str:
    """Return the key of a partial, or of the only block of a matrix, in the formula's dict."""
    if writer.operator.name == "partial":
        return quote(writer.place[0])
    name = quote(writer.problem.parameters[0])
    return name if writer.operator.name == "jacobian" else f"{name}, {name}"


def _direction_of_ones(problem: Problem) -> dict[str, Arrays]:
    """Return a direction of ones, under the name that it has in the signature of `hvp`."""
    name = list(inspect.signature(problem.hvp).parameters)[1]
    inputs = own_point(problem).values
    return {name: {parameter: np.ones_like(inputs[parameter]) for parameter in problem.parameters}}
