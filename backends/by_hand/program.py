"""Programs of hand-derived formulas: the problem's own code, in NumPy."""

from __future__ import annotations

import inspect

import numpy as np

from calcbench.backends.by_hand.derivatives import ByHand
from calcbench.errors import Unsupported
from calcbench.operators import Operator
from calcbench.operators.hand_derived import WORDS
from calcbench.operators.partial import Partial
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Arrays, Problem
from calcbench.show.programs.numpy import SPELLING, numpy_value
from calcbench.show.programs.writer import Writer, asked, indexed, mapping, prints, quoted
from calcbench.vocabulary.numpy import NUMPY

# --- a program without calcbench -----------------------------------------------------------


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


def program(backend: ByHand, problem: Problem, operator: Operator | None = None) -> str:
    """Write a short stand-alone program that computes an operator this way.

    Without `operator`, the gradient. Raises `Unsupported` with the reason where there is none.
    """
    return _write(problem, asked(problem, operator, PROGRAMS))


def _write(problem: Problem, operator: Operator) -> str:
    formula = PROGRAMS[operator.name]
    if formula == "gradient" and problem.vector_valued:
        formula = "jacobian"
    if formula and not problem.derives(formula):
        raise Unsupported(f"the problem has no hand-derived {WORDS[formula]}")
    function = getattr(problem, formula) if formula else None
    along = _direction_of_ones(problem) if formula == "hvp" else {}
    writer = Writer(problem, ByHand.name, SPELLING, NUMPY, None, function, operator, along)
    result = {"": writer.value, "hvp": "product"}.get(formula, formula)
    picked = ""
    if operator.name == "partial":
        picked = f"\npartial = {indexed(writer, f'{result}[{_key(writer)}]')}"
    elif len(problem.parameters) == 1 and formula in ("jacobian", "hessian"):
        result = writer.fresh("blocks", "parts")
        picked = f"\n{operator.name} = {result}[{_key(writer)}]"
    *needs, body = writer.body(result)
    ones = mapping("", {name: f"np.ones_like({name})" for name in problem.parameters})
    lines = [f"# A direction of ones.\n{name}{ones}" for name in along]
    return writer.compose(*writer.data(numpy_value), *lines, *needs, body + picked, prints(writer))


def _key(writer: Writer) -> str:
    """Where a partial, or the only block of a matrix, is in what the formula gives."""
    problem, operator = writer.problem, writer.operator
    if isinstance(operator, Partial):
        return quoted(writer.point.split_component(operator.component)[0])
    name = quoted(problem.parameters[0])
    return name if operator.name == "jacobian" else f"{name}, {name}"


def _direction_of_ones(problem: Problem) -> dict[str, Arrays]:
    """By the name that it has in the signature of the problem's `hvp`."""
    name = list(inspect.signature(problem.hvp).parameters)[1]
    inputs = own_point(problem).values
    return {name: {parameter: np.ones_like(inputs[parameter]) for parameter in problem.parameters}}
