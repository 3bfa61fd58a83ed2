"""First derivatives in balls: one reverse sweep for every output, or for a cotangent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball
from calcbench.certified.evaluation import Evaluation, SweepResult, evaluate, influence, range_fault
from calcbench.certified.sums import Sums
from calcbench.operators.entries import Entries, Product, Term
from calcbench.problem.point import Point

ZERO = arb(0)


class Row(NamedTuple):
    """A row of the Jacobian: the partials of one output, by the position of the component.

    A component that the output does not depend on is missing: its partial is 0.
    """

    partials: dict[int, arb]
    magnitudes: dict[int, float]
    influence: float
    """Σ |∂output/∂v · v| over all intermediate results v."""
    range_fault: str


def first_order(
    point: Point, terms: tuple[Term, ...], size: int, dtype: str, deadline: float
) -> SweepResult:
    """Evaluate terms of values and first partials in balls, at the current precision.

    `size` is that of the operator's flat result, `deadline` is in seconds of `time.thread_time()`.
    Raises as `evaluate`; `TooSlow` past the deadline, `ProblemError` for a declared structure of
    the Jacobian that leaves out an entry that is not 0.
    """
    run = evaluate(point, deadline)
    if terms == (Product(1, transposed=True),):
        # One sweep serves all outputs, weighted by the cotangent, where the Jacobian would take one
        # for each. What it gives is a single row of partials, as of a cost.
        rows = [_weighted_row(run, point.seed_vector, dtype)]
        each = np.arange(point.size)
        terms = (Entries(1, each, 0, each),)
    else:
        rows = list(_rows(run, dtype))
        _check_structure(point, rows)
    sums = Sums(size)
    for term in terms:
        _add(sums, term, point, run, rows)
    cost = None if point.problem.vector_valued else run.outputs[0].value
    fault = next((row.range_fault for row in rows if row.range_fault), "")
    return SweepResult(sums.values, sums.magnitudes, sums.rough, cost, rows[0].influence, fault)


def _rows(run: Evaluation, dtype: str) -> Iterator[Row]:
    """Compute the Jacobian row by row; of a cost, one row."""
    places = {id(leaf): k for k, leaf in enumerate(run.leaves)}
    for output in run.outputs:
        # One output of many depends on a part of the tape: its sweep goes through that alone.
        single = len(run.outputs) == 1
        order = list(reversed(run.tape)) if single else balls.recorded_ancestors(output)
        balls.reverse([(output, arb(1))], order)
        yield _read_row(places, [output], order, abs(output.value), dtype)
        balls.reset_adjoints([output], order)


def _weighted_row(run: Evaluation, cotangent: np.ndarray, dtype: str) -> Row:
    """Multiply the cotangent (m,) by the Jacobian (m, n), in one sweep."""
    places = {id(leaf): k for k, leaf in enumerate(run.leaves)}
    weights = [arb(float(weight)) for weight in cotangent]
    order = list(reversed(run.tape))
    balls.reverse(zip(run.outputs, weights, strict=True), order)
    pairs = zip(run.outputs, weights, strict=True)
    scale = sum((abs(output.value * weight) for output, weight in pairs), ZERO)
    return _read_row(places, run.outputs, order, scale, dtype)


def _read_row(
    places: dict[int, int], outputs: list[Ball], order: list[Ball], scale: arb, dtype: str
) -> Row:
    """Collect the adjoints that a sweep has left in the parameters that it reached."""
    reached = [operand for ball in order for operand, _ in ball.edges if not operand.edges]
    partials, magnitudes = {}, {}
    for ball in (*outputs, *reached):
        if id(ball) in places and ball.adjoint is not None:
            partials[places[id(ball)]] = ball.adjoint
            magnitudes[places[id(ball)]] = float(ball.magnitude)
    return Row(partials, magnitudes, influence(order), range_fault(order, scale, dtype))


def _add(sums: Sums, term: Term, point: Point, run: Evaluation, rows: list[Row]) -> None:
    """Add a term's partials to the numbers that they belong to."""
    if isinstance(term, Product):
        _add_product(sums, term, point.seed_vector, run, rows)
        return
    out, row, column = term.places
    weights = term.weights(point.seed_vector)
    places = zip(out.tolist(), row.tolist(), column.tolist(), weights.tolist(), strict=True)
    for k, i, j, weight in places:
        if term.order == 0:
            sums.add(k, run.outputs[i].value, rows[i].influence, False, weight)
        else:
            partial, magnitude = rows[i].partials.get(j, ZERO), rows[i].magnitudes.get(j, 0.0)
            sums.add(k, partial, magnitude, bool(run.tied[j]), weight)


def _add_product(
    sums: Sums, term: Product, seed: np.ndarray, run: Evaluation, rows: list[Row]
) -> None:
    """Add J v or Jᵀu, partial by partial from the rows."""
    for i, row in enumerate(rows):
        for j, partial in row.partials.items():
            k, weight = (j, seed[i]) if term.transposed else (i, seed[j])
            sums.add(k, partial, row.magnitudes[j], bool(run.tied[j]), weight)


def _check_structure(point: Point, rows: list[Row]) -> None:
    """Raise `ProblemError` for a partial that is not 0, and that the declared structure lacks."""
    if not point.sparse(1):
        return
    row, column = point.pattern(1)
    stored = set(zip(row.tolist(), column.tolist(), strict=True))
    for i, found in enumerate(rows):
        for j, partial in found.partials.items():
            if (i, j) not in stored and not partial.contains(0):
                raise point.lacks_entry(f"∂C[{i}]/∂{point.component(j)}, in the row of C[{i}]")
