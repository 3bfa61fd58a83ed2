"""The hand-derived formulas in balls: what they claim, free of rounding."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball, Undecided
from calcbench.certified.evaluation import NotCertified, guarded, lifted
from calcbench.certified.vocabulary import namespace
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.colouring import compress
from calcbench.operators.formulas import hand_derived
from calcbench.operators.operator import components, cut, direction, parameter_shapes
from calcbench.problem.problem import Arrays, Problem


def claimed(
    problem: Problem, inputs: Arrays, bits: int, operator: Operator = GRADIENT
) -> dict[str, np.ndarray]:
    """What the hand-derived formulas say an operator is: its result's names → arrays of balls.

    The Hessian follows from the Hessian-vector product as well, and the other way round. Raises
    `NotCertified` where no formula gives the operator, `ProblemError` for one of the wrong form.
    """
    formula = derived(problem, operator)
    with balls.precision(bits):
        values = lifted(problem, inputs)
        try:
            if formula == operator.formula:
                whole = _flat(_evaluated(problem, formula, values, inputs))
            elif formula == "hvp":
                whole = _hessian_by_products(problem, values, inputs)
            else:
                whole = _hessian_times_direction(problem, values, inputs)
        except Undecided as error:
            raise NotCertified(f"the formula has a branch too near a tie: {error}") from error
        shapes = operator.layout(problem, inputs).shapes
        return dict(zip(shapes, _pieces(whole, shapes), strict=True))


def derived(problem: Problem, operator: Operator) -> str:
    """The hand-derived formula that gives an operator: its own first.

    Raises `NotCertified` if there is none.
    """
    others = {"hessian": "hvp", "hvp": "hessian"}
    for formula in (operator.formula, others.get(operator.formula, "")):
        if formula and problem.derives(formula):
            return formula
    raise NotCertified(f"no hand-derived formula gives the {operator.name}")


def _evaluated(
    problem: Problem, formula: str, values: Mapping[str, Any], inputs: Arrays
) -> dict[str, Any]:
    return guarded(lambda: hand_derived(problem, formula, namespace(balls), values, inputs))


def _hessian_times_direction(
    problem: Problem, values: Mapping[str, Any], inputs: Arrays
) -> np.ndarray:
    (entries,) = _evaluated(problem, "hessian", values, inputs).values()
    along = np.concatenate([values[direction(name)].ravel() for name in problem.parameters])
    count = len(along)
    row, column = problem.structure(inputs).pattern(count, count)
    flat = np.asarray(entries, dtype=object).ravel()
    ends = np.searchsorted(row, np.arange(count + 1))  # rows stand one after the other
    products = [
        balls.dot(list(map(balls.lift, flat[start:end])), list(along[column[start:end]]))
        for start, end in pairwise(ends)
    ]
    return np.array(products, dtype=object)


def _hessian_by_products(problem: Problem, values: Mapping[str, Any], inputs: Arrays) -> np.ndarray:
    """A product for every component, or every colour, of a sparse one."""
    count = components(problem, inputs)
    structure = problem.structure(inputs)
    compression = compress(structure.pattern(count, count), count) if structure.sparse else None
    seeds = np.eye(count) if compression is None else compression.seeds
    shapes = tuple(parameter_shapes(problem, inputs).values())
    found = []
    for seed in seeds:
        parts = zip(problem.parameters, cut(shapes, seed), strict=True)
        along = {direction(name): _constants(part) for name, part in parts}
        found.append(_flat(_evaluated(problem, "hvp", {**values, **along}, inputs)))
    if compression is None:
        return np.stack(found, axis=1).ravel()
    return np.concatenate(found)[compression.places(count)]


def _flat(named: Mapping[str, Any]) -> np.ndarray:
    return np.concatenate([np.asarray(part, dtype=object).ravel() for part in named.values()])


def _constants(array: np.ndarray) -> np.ndarray:
    found = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        found[index] = Ball(arb(float(array[index])))
    return found


def _pieces(whole: np.ndarray, shapes: Mapping[str, tuple[int, ...]]) -> list[np.ndarray]:
    """A flat vector cut into arrays of these shapes, of the values of its balls."""
    values = np.empty(whole.shape, dtype=object)
    for k, number in enumerate(whole):
        values[k] = balls.lift(number).value
    return list(cut(tuple(shapes.values()), values))
