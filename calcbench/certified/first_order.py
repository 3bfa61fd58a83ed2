"""First derivatives in balls: one reverse sweep for every output, or for a cotangent.

On arrays of balls (`array_sweep`, `array_jacobian`), if they can. Single numbers take over where
arrays give nothing: at ties and where the chain rule gives 0·∞, which are settled beside the point,
number by number; and for costs that do with their arrays what those have not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from flint import arb

from calcbench.certified import balls, natural
from calcbench.certified.array_jacobian import sweep_jacobian
from calcbench.certified.array_sweep import sweep_arrays
from calcbench.certified.balls import Ball
from calcbench.certified.evaluation import Evaluation, SweepResult, evaluate, influence, range_fault
from calcbench.certified.one_sided import (
    TIE,
    Side,
    Weights,
    approach,
    first_limit,
    is_past,
    line_slope,
    settle,
    settling_deadline,
)
from calcbench.certified.row_blocks import Swept
from calcbench.certified.sums import Partial, Sums
from calcbench.operators.entries import Entries, Product, Term
from calcbench.problem.point import Point

NONE = Partial(arb(0), 0.0)
"""The partial of an output that does not depend on the component."""


@dataclass(frozen=True)
class Row:
    """A row of the Jacobian, or of a cotangent times it."""

    weights: Weights
    value: arb
    """The output, or the weighted sum of outputs."""
    partials: dict[int, Partial]
    """Position of the component → partial. What the output does not depend on is missing: 0."""
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
    weighted = terms == (Product(1, transposed=True),)
    if weighted:
        # One sweep serves all outputs, weighted by the cotangent, where the Jacobian would take one
        # for each. What it gives is a single row of partials, as of a cost.
        each = np.arange(point.size)
        terms = (Entries(1, each, 0, each),)
    # Arrays have no formulas of libraries: rounded floats take their place there.
    if not natural.chosen() and (weighted or not point.problem.vector_valued):
        swept = sweep_arrays(point, point.seed_vector if weighted else np.ones(()), dtype)
        if swept is not None:
            return _sum_swept(point, terms, size, swept)
    if point.problem.vector_valued and not weighted:
        found = sweep_jacobian(point, terms, size, dtype)
        if found is not None:
            return found
    run = evaluate(point, deadline)
    rows = [_weighted_row(run, point.seed_vector, dtype)] if weighted else list(_rows(run, dtype))
    if any(term.order for term in terms):
        settle_partials(point, run, rows, deadline)
    if not weighted:
        _check_structure(point, rows)
    sums = Sums(size)
    for term in terms:
        _add(sums, term, point, rows)
    cost = None if point.problem.vector_valued else run.outputs[0].value
    fault = next((row.range_fault for row in rows if row.range_fault), "")
    return sums.result(cost=cost, range_fault=fault)


def _sum_swept(point: Point, terms: tuple[Term, ...], size: int, swept: Swept) -> SweepResult:
    """Add up terms of a single row of partials, and of the value that it belongs to."""
    sums = Sums(size)
    for term in terms:
        entries = term.entries(point) if isinstance(term, Product) else term
        out, _, column = entries.places
        weights = entries.weights(point.seed_vector)
        if entries.order == 0:
            for k, weight in zip(out.tolist(), weights.tolist(), strict=True):
                sums.add(k, Partial(swept.value, swept.influence), weight)
        else:
            sums.add_all(out, swept.partials[column], swept.magnitudes[column], weights)
    return sums.result(
        cost=None if point.problem.vector_valued else swept.value,
        range_fault=swept.range_fault,
    )


def cost_row(point: Point, dtype: str, deadline: float) -> Row:
    """Evaluate the gradient of a cost, as a row of partials."""
    run = evaluate(point, deadline)
    rows = list(_rows(run, dtype))
    settle_partials(point, run, rows, deadline)
    return rows[0]


def _rows(run: Evaluation, dtype: str) -> Iterator[Row]:
    """Compute the Jacobian row by row; of a cost, one row."""
    places = {id(leaf): k for k, leaf in enumerate(run.leaves)}
    for i, output in enumerate(run.outputs):
        # One output of many depends on a part of the tape: its sweep goes through that alone.
        single = len(run.outputs) == 1
        order = list(reversed(run.tape)) if single else balls.recorded_ancestors(output)
        balls.reverse([(output, arb(1))], order)
        partials = _read_partials(places, [output], order)
        fault = range_fault(order, abs(output.value), dtype)
        yield Row([(i, arb(1))], output.value, partials, influence(order), fault)
        balls.reset_adjoints([output], order)


def _weighted_row(run: Evaluation, cotangent: np.ndarray, dtype: str) -> Row:
    """Multiply the cotangent (m,) by the Jacobian (m, n), in one sweep."""
    places = {id(leaf): k for k, leaf in enumerate(run.leaves)}
    weights = [arb(float(weight)) for weight in cotangent]
    order = list(reversed(run.tape))
    balls.reverse(zip(run.outputs, weights, strict=True), order)
    terms = [o.value * w for o, w in zip(run.outputs, weights, strict=True)]
    partials = _read_partials(places, run.outputs, order)
    fault = range_fault(order, sum(map(abs, terms), arb(0)), dtype)
    value = sum(terms, arb(0))
    return Row(list(enumerate(weights)), value, partials, influence(order), fault)


def _read_partials(
    places: dict[int, int], outputs: list[Ball], order: list[Ball]
) -> dict[int, Partial]:
    """Collect the adjoints that a sweep has left in the parameters that it reached."""
    reached = (operand for ball in order for operand, _ in ball.edges if not operand.edges)
    # Many balls may have the same operand: it is read once.
    different = {id(ball): ball for ball in (*outputs, *reached)}
    return {
        places[number]: Partial(ball.adjoint, float(ball.magnitude))
        for number, ball in different.items()
        if number in places and ball.adjoint is not None
    }


def settle_partials(point: Point, run: Evaluation, rows: list[Row], deadline: float) -> None:
    """Settle, beside the point, the partials where a comparison ties or 0·∞ turns up."""
    unclear = _mark_unclear(run, rows)
    if not unclear or not all(output.value.is_finite() for output in run.outputs):
        return
    deadline = settling_deadline(deadline)
    separate = _settle_together(point, run, rows, _separate(run, rows), deadline)
    for j in sorted(set(unclear).difference(separate)):
        _settle_along(point, run, rows, [j], deadline)
    for group in run.ties:
        if len(group) > 1 and not is_past(deadline):
            _check_linearity(point, group, rows, deadline)


def _separate(run: Evaluation, rows: list[Row]) -> list[int]:
    """Return the components whose ties depend on nothing else: each may pick its side for itself.

    They are settled on one line, along which all of them move.
    """
    shared = {j for group in run.ties if len(group) > 1 for j in group}
    single = {j for group in run.ties for j in group} - shared
    return [j for j in sorted(single) if all(row.partials[j].value.is_finite() for row in rows)]


def _settle_together(
    point: Point, run: Evaluation, rows: list[Row], separate: list[int], deadline: float
) -> list[int]:
    """Settle partials on one line, and return those that a line of other signs does not change.

    What depends on a branch of the user's own by the side that is not taken is not on the tape: the
    outer tie of max(y − where(x > 0, x, 0), 0) on x. The others are left as they were.
    """
    before = [dict(row.partials) for row in rows]
    if not _settle_along(point, run, rows, separate, deadline):
        return []
    if len(separate) == 1:
        return separate
    once = [dict(row.partials) for row in rows]
    _restore(rows, before, separate)
    signs = (-1.0) ** np.arange(len(separate))
    _settle_along(point, run, rows, separate, deadline, signs)
    pairs = list(zip(rows, once, strict=True))
    kept = [j for j in separate if all(_agree(found[j], row.partials[j]) for row, found in pairs)]
    _restore(rows, before, sorted(set(separate).difference(kept)))
    return kept


def _restore(rows: list[Row], before: list[dict[int, Partial]], positions: list[int]) -> None:
    for row, partials in zip(rows, before, strict=True):
        row.partials.update({j: partials[j] for j in positions})


def _agree(one: Partial, other: Partial) -> bool:
    """Tell whether two lines say the same of a partial: that there is none, or what it is."""
    if (one.rough, one.open) != (other.rough, other.open):
        return False
    return one.rough or one.open or bool(one.value.overlaps(other.value))


def _settle_along(
    point: Point,
    run: Evaluation,
    rows: list[Row],
    moving: list[int],
    deadline: float,
    signs: np.ndarray | float = 1.0,
) -> bool:
    """Settle partials on a line along which their components move, if there is time.

    Tell whether the cost could be evaluated on both sides.
    """
    if not moving or is_past(deadline):
        return False
    line = np.zeros(point.size)
    line[moving] = signs
    sides = approach(point, line, [row.weights for row in rows], 0, deadline)
    for row, both in zip(rows, sides, strict=True):
        for j in moving:
            limits = [first_limit(side, j, own_line=len(moving) == 1) for side in both]
            row.partials[j] = settle(limits, row.value, row.partials[j])
    return all(isinstance(side, Side) for both in sides for side in both)


def _mark_unclear(run: Evaluation, rows: list[Row]) -> list[int]:
    """Mark what ties, or is not finite, as open: return these components."""
    endless = {j for row in rows for j, p in row.partials.items() if not p.value.is_finite()}
    unclear = sorted(endless.union(np.flatnonzero(run.tied).tolist()))
    reason = balls.endless_operation(run.tape) if endless else ""
    for row in rows:
        for j in unclear:
            plain = row.partials.get(j, NONE)
            if run.tied[j]:
                row.partials[j] = plain.leave_open(TIE)
            elif not plain.value.is_finite():
                row.partials[j] = plain.leave_open(reason)
            else:  # in another row it is not
                row.partials[j] = plain
    return unclear


def _check_linearity(point: Point, group: list[int], rows: list[Row], deadline: float) -> None:
    """Mark partials as rough that all exist, but of a cost that is not smooth all the same.

    Of max(x + y, 0) − max(x, 0) − max(y, 0) at 0 both are 0, and along (1, −1) it is −|t|. Programs
    differ there by convention. The slope along a line between the axes must be what they give.
    """
    draw = np.random.default_rng(0)
    alternating = (-1.0) ** np.arange(len(group))
    for signs in (abs(alternating), alternating, *draw.choice((-1.0, 1.0), (2, len(group)))):
        along = np.zeros(point.size)
        along[group] = signs * draw.uniform(0.5, 1.0, len(group))
        sides = approach(point, along, [row.weights for row in rows], 0, deadline)
        for row, both in zip(rows, sides, strict=True):
            if not all(_is_linear(row, along, side) for side in both if isinstance(side, Side)):
                for j in group:
                    row.partials[j] = row.partials[j]._replace(rough=True, open=False)


def _is_linear(row: Row, along: np.ndarray, side: Side) -> bool:
    """Tell whether the slope along a direction may be what the partials give, if they all exist."""
    steps = [(row.partials[j], float(along[j])) for j in np.flatnonzero(along).tolist()]
    if any(p.rough or p.open or not p.value.is_finite() for p, _ in steps):
        return True
    expected = sum((p.value * arb(step) for p, step in steps), arb(0))
    return bool(line_slope(side).overlaps(expected))


def _add(sums: Sums, term: Term, point: Point, rows: list[Row]) -> None:
    """Add a term's partials to the numbers that they belong to."""
    if isinstance(term, Product):
        _add_product(sums, term, point.seed_vector, rows)
        return
    out, row, column = term.places
    weights = term.weights(point.seed_vector)
    places = zip(out.tolist(), row.tolist(), column.tolist(), weights.tolist(), strict=True)
    for k, i, j, weight in places:
        found = rows[i]
        value = Partial(found.value, found.influence)
        sums.add(k, value if term.order == 0 else found.partials.get(j, NONE), weight)


def _add_product(sums: Sums, term: Product, seed: np.ndarray, rows: list[Row]) -> None:
    """Add J v or Jᵀu, partial by partial from the rows."""
    for i, row in enumerate(rows):
        for j, partial in row.partials.items():
            k, weight = (j, seed[i]) if term.transposed else (i, seed[j])
            sums.add(term.start + k, partial, weight)


def _check_structure(point: Point, rows: list[Row]) -> None:
    """Raise `ProblemError` for a partial that is not 0, and that the declared structure lacks."""
    if not point.sparse(1):
        return
    row, column = point.pattern(1)
    stored = set(zip(row.tolist(), column.tolist(), strict=True))
    for i, found in enumerate(rows):
        for j, partial in found.partials.items():
            if (i, j) not in stored and not partial.value.contains(0):
                output = f"{point.problem.letter}[{i}]"
                raise point.lacks_entry(f"∂{output}/∂{point.component(j)}, in the row of {output}")
