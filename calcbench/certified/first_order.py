"""First derivatives in balls: one reverse sweep for every output, or for a cotangent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball
from calcbench.certified.evaluation import Evaluation, Found, evaluate, influence, range_fault
from calcbench.errors import ProblemError
from calcbench.operators import Operator
from calcbench.operators.operator import COTANGENT, component, parameter_shapes
from calcbench.operators.partial import Partial
from calcbench.problem.problem import Arrays, Problem

ZERO = arb(0)


class Row(NamedTuple):
    """The partials of one output: of the components that it depends on, by position."""

    partials: dict[int, arb]
    magnitudes: dict[int, float]
    influence: float
    """Σ |∂output/∂v · v| over all intermediate results v."""
    range_fault: str

    def dense(self, count: int) -> tuple[list[arb], list[float]]:
        """The partials and magnitudes of all components."""
        return (
            [self.partials.get(k, ZERO) for k in range(count)],
            [self.magnitudes.get(k, 0.0) for k in range(count)],
        )


def first_order(
    problem: Problem, inputs: Arrays, operator: Operator, dtype: str, deadline: float
) -> Found:
    """An operator of first order (or the cost) in balls, at the working precision.

    Raises as `evaluate`; `TooSlow` past the deadline, `ProblemError` for a declared structure of
    the Jacobian that leaves out an entry that is not 0.
    """
    run = evaluate(problem, inputs, deadline)
    if operator.name == "pullback":
        rows = [_weighted(run, inputs[COTANGENT], dtype)]
    else:
        rows = list(_rows(run, dtype))
    values, magnitudes, rough = METHODS[operator.name](problem, inputs, operator, run, rows)
    cost = None if problem.vector_valued else run.outputs[0].value
    fault = next((row.range_fault for row in rows if row.range_fault), "")
    return Found(values, np.array(magnitudes, dtype=float), rough, cost, rows[0].influence, fault)


def _rows(run: Evaluation, dtype: str) -> Iterator[Row]:
    """The Jacobian row by row; of a cost, one row."""
    places = {id(leaf): k for k, leaf in enumerate(run.leaves)}
    for output in run.outputs:
        order = list(reversed(run.tape)) if len(run.outputs) == 1 else balls.cone(output)
        balls.reverse([(output, arb(1))], order)
        yield _read(places, [output], order, abs(output.value), dtype)
        balls.forget([output], order)


def _weighted(run: Evaluation, cotangent: np.ndarray, dtype: str) -> Row:
    """The cotangent times the Jacobian, in one sweep."""
    places = {id(leaf): k for k, leaf in enumerate(run.leaves)}
    weights = [arb(float(weight)) for weight in np.ravel(cotangent)]
    order = list(reversed(run.tape))
    balls.reverse(zip(run.outputs, weights, strict=True), order)
    pairs = zip(run.outputs, weights, strict=True)
    scale = sum((abs(output.value * weight) for output, weight in pairs), ZERO)
    return _read(places, run.outputs, order, scale, dtype)


def _read(
    places: dict[int, int], outputs: list[Ball], order: list[Ball], scale: arb, dtype: str
) -> Row:
    """What a sweep has left in the parameters that it reached."""
    reached = [operand for ball in order for operand, _ in ball.edges if not operand.edges]
    partials, magnitudes = {}, {}
    for ball in (*outputs, *reached):
        if id(ball) in places and ball.adjoint is not None:
            partials[places[id(ball)]] = ball.adjoint
            magnitudes[places[id(ball)]] = float(ball.magnitude)
    return Row(partials, magnitudes, influence(order), range_fault(order, scale, dtype))


# --- the operators, from the rows ----------------------------------------------------------

Vectors = tuple[list[arb], list[float], np.ndarray]
"""Values, magnitudes, and whether each is no derivative, in the order of the layout."""


def _cost(
    problem: Problem, inputs: Arrays, operator: Operator, run: Evaluation, rows: list[Row]
) -> Vectors:
    values = [output.value for output in run.outputs]
    return values, [row.influence for row in rows], np.zeros(len(values), dtype=bool)


def _gradient(
    problem: Problem, inputs: Arrays, operator: Operator, run: Evaluation, rows: list[Row]
) -> Vectors:
    return *rows[0].dense(len(run.leaves)), run.tied


def _value_and_gradient(
    problem: Problem, inputs: Arrays, operator: Operator, run: Evaluation, rows: list[Row]
) -> Vectors:
    values, magnitudes = rows[0].dense(len(run.leaves))
    rough = np.concatenate([[False], run.tied])
    return [run.outputs[0].value, *values], [rows[0].influence, *magnitudes], rough


def _partial(
    problem: Problem, inputs: Arrays, operator: Operator, run: Evaluation, rows: list[Row]
) -> Vectors:
    assert isinstance(operator, Partial)
    k = operator.position(problem, inputs)
    values = [row.partials.get(k, ZERO) for row in rows]
    magnitudes = [row.magnitudes.get(k, 0.0) for row in rows]
    return values, magnitudes, np.full(len(rows), run.tied[k])


def _pushforward(
    problem: Problem, inputs: Arrays, operator: Operator, run: Evaluation, rows: list[Row]
) -> Vectors:
    """J v from the rows: its radius covers the rounding of each partial, as forward mode needs."""
    v = direction_of(problem, inputs, operator)
    values = [
        sum((slope * arb(float(v[k])) for k, slope in row.partials.items()), ZERO) for row in rows
    ]
    magnitudes = [
        float(sum(size * abs(v[k]) for k, size in row.magnitudes.items())) for row in rows
    ]
    return values, magnitudes, np.full(len(rows), np.any(run.tied & (v != 0)))


def _jacobian(
    problem: Problem, inputs: Arrays, operator: Operator, run: Evaluation, rows: list[Row]
) -> Vectors:
    count = len(run.leaves)
    structure = problem.structure(inputs)
    row, column = structure.pattern(len(rows), count)
    if structure.sparse:
        _check_structure(
            problem, inputs, rows, set(zip(row.tolist(), column.tolist(), strict=True))
        )
    places = list(zip(row.tolist(), column.tolist(), strict=True))
    values = [rows[i].partials.get(j, ZERO) for i, j in places]
    magnitudes = [rows[i].magnitudes.get(j, 0.0) for i, j in places]
    return values, magnitudes, run.tied[column]


METHODS: dict[str, Callable[..., Vectors]] = {
    "cost": _cost,
    "gradient": _gradient,
    "value_and_gradient": _value_and_gradient,
    "partial": _partial,
    "pushforward": _pushforward,
    "pullback": _gradient,
    "jacobian": _jacobian,
}


def direction_of(problem: Problem, inputs: Arrays, operator: Operator) -> np.ndarray:
    """The direction among the inputs, as one vector over all components."""
    return np.concatenate([inputs[name].ravel() for name in operator.seeds(problem, inputs)])


def _check_structure(
    problem: Problem, inputs: Arrays, rows: list[Row], stored: set[tuple[int, int]]
) -> None:
    """Raise `ProblemError` for an entry that is not 0, and not stored."""
    for i, row in enumerate(rows):
        for j, slope in row.partials.items():
            if (i, j) not in stored and not slope.contains(0):
                told = component(parameter_shapes(problem, inputs), j)
                raise ProblemError(
                    f"problem {problem.name!r}: the declared structure leaves out an entry that "
                    f"is not 0, ∂C[{i}]/∂{told}, in the row of C[{i}]"
                )
