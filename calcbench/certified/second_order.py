"""Second derivatives in balls: the reverse sweep on jets, along many directions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.evaluation import Found, evaluate, influence, range_fault
from calcbench.certified.first_order import direction_of
from calcbench.certified.jets import primal, slope_terms, slopes
from calcbench.errors import ProblemError
from calcbench.operators import Operator
from calcbench.operators.colouring import Compression, compress
from calcbench.operators.operator import component, components, parameter_shapes
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.structure import Pattern

AT_ONCE = 64
"""Directions in one sweep. More would gain little, and every intermediate result has as many
slopes, twice over: a bound on memory."""


@dataclass(frozen=True)
class Products:
    """H·S for the directions S, the columns of a matrix (components, k)."""

    values: np.ndarray
    """(components, k): balls."""
    magnitudes: np.ndarray
    """(components, k): Σ |terms|."""
    tied: np.ndarray
    cost: arb
    cost_magnitude: float
    range_fault: str


def second_order(
    problem: Problem, inputs: Arrays, operator: Operator, dtype: str, deadline: float
) -> Found:
    """An operator of second order in balls, at the working precision.

    Raises as `evaluate`; `TooSlow` past the deadline, `ProblemError` for a declared structure of
    the Hessian that leaves out an entry that is not 0.
    """
    count = components(problem, inputs)
    if operator.name == "hvp":
        return _vector(problem, inputs, direction_of(problem, inputs, operator), dtype, deadline)
    if operator.name == "second_derivative":
        return _vector(problem, inputs, np.ones(1), dtype, deadline)
    structure = problem.structure(inputs)
    if structure.sparse:
        pattern = structure.pattern(count, count)
        return _sparse(problem, inputs, pattern, dtype, deadline)
    found = products(problem, inputs, np.eye(count), dtype, deadline)
    rough = found.tied[:, None] | found.tied
    return _found(found, found.values.ravel(), found.magnitudes.ravel(), rough.ravel())


def products(
    problem: Problem, inputs: Arrays, directions: np.ndarray, dtype: str, deadline: float
) -> Products:
    """The Hessian times every column of `directions` (components, k)."""
    parts = [
        _sweep(problem, inputs, directions[:, start : start + AT_ONCE], dtype, deadline)
        for start in range(0, directions.shape[1], AT_ONCE)
    ]
    values = np.concatenate([part.values for part in parts], axis=1)
    magnitudes = np.concatenate([part.magnitudes for part in parts], axis=1)
    first = parts[0]
    return Products(
        values, magnitudes, first.tied, first.cost, first.cost_magnitude, first.range_fault
    )


def _sweep(
    problem: Problem, inputs: Arrays, directions: np.ndarray, dtype: str, deadline: float
) -> Products:
    """One evaluation on jets and one reverse sweep."""
    run = evaluate(problem, inputs, deadline, directions)
    (output,) = run.outputs
    order = list(reversed(run.tape))
    balls.reverse([(output, arb(1))], order, slope_terms)
    count = directions.shape[1]
    values = np.empty(directions.shape, dtype=object)
    magnitudes = np.empty(directions.shape)
    for k, leaf in enumerate(run.leaves):
        values[k] = slopes(leaf.adjoint, count)
        magnitudes[k] = leaf.magnitude
    cost = primal(output.value)
    fault = range_fault(order, abs(cost), dtype)
    return Products(values, magnitudes, run.tied, cost, influence(order), fault)


def _vector(problem: Problem, inputs: Arrays, v: np.ndarray, dtype: str, deadline: float) -> Found:
    """H·v. Where v moves what ties, no component is known to have a derivative along it."""
    found = products(problem, inputs, v[:, None], dtype, deadline)
    rough = found.tied | np.any(found.tied & (v != 0))
    return _found(found, found.values[:, 0], found.magnitudes[:, 0], rough)


def _sparse(
    problem: Problem, inputs: Arrays, pattern: Pattern, dtype: str, deadline: float
) -> Found:
    """The stored entries, from a direction for every colour and one to check the structure by."""
    row, column = pattern
    count = components(problem, inputs)
    compression = compress(pattern, count)
    check = np.random.default_rng(0).uniform(-1, 1, count)
    directions = np.concatenate([compression.seeds, check[None]]).T
    found = products(problem, inputs, directions, dtype, deadline)
    _check_structure(problem, inputs, found, compression, column, check)
    values = found.values[row, compression.colour]
    magnitudes = found.magnitudes[row, compression.colour]
    return _found(found, values, magnitudes, found.tied[row] | found.tied[column])


def _check_structure(
    problem: Problem,
    inputs: Arrays,
    found: Products,
    compression: Compression,
    column: np.ndarray,
    check: np.ndarray,
) -> None:
    """Raise `ProblemError` where the stored entries times a direction are not H times it."""
    totals = [arb(0)] * len(check)
    for i, j, colour in zip(compression.row, column, compression.colour, strict=True):
        totals[i] = totals[i] + found.values[i, colour] * arb(float(check[j]))
    for i, total in enumerate(totals):
        if not total.overlaps(found.values[i, -1]):
            told = component(parameter_shapes(problem, inputs), i)
            raise ProblemError(
                f"problem {problem.name!r}: the declared structure leaves out an entry that is "
                f"not 0, in the row of {told}"
            )


def _found(found: Products, values: np.ndarray, magnitudes: np.ndarray, rough: np.ndarray) -> Found:
    return Found(
        list(values), magnitudes, rough, found.cost, found.cost_magnitude, found.range_fault
    )
