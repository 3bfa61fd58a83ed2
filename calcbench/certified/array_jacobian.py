"""Jacobians on arrays: column by column, by evaluating on jets, or row by row, by reverse sweeps.

One evaluation on jets gives several columns, or other products J·v; one reverse sweep gives a row,
or another product uᵀJ. What takes less is done. Of a declared structure, columns (or rows) that
never meet share a product (`directions`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from calcbench.certified.array_sweep import push_forward, sweep_arrays
from calcbench.certified.directions import Directions
from calcbench.certified.evaluation import SweepResult
from calcbench.certified.sums import Sums
from calcbench.operators.colouring import transpose
from calcbench.operators.entries import Entries, Product, Term
from calcbench.problem.point import Point

SWEEP = 3
"""Directions that an evaluation on jets takes forward in the time of one reverse sweep."""


class _Products(NamedTuple):
    """The Jacobian times directions; or its transpose times cotangents."""

    values: np.ndarray
    """Balls: (outputs, directions), or (components, cotangents)."""
    magnitudes: np.ndarray
    """Σ |terms| of each."""
    range_fault: str


def sweep_jacobian(
    point: Point, terms: tuple[Term, ...], size: int, dtype: str
) -> SweepResult | None:
    """Evaluate terms of first partials of a vector-valued cost, at the current precision.

    `size` is that of the operator's flat result. None where this takes single balls, as in
    `array_sweep.sweep_arrays`, and for terms that are no first partials. Raises `TooSlow`, and
    `ProblemError` for a declared structure that leaves out an entry that is not 0.
    """
    if terms == (Product(1),):
        return _push_seed(point, size, dtype)
    picked = [term for term in terms if isinstance(term, Entries) and term.order == 1]
    if len(picked) < len(terms):
        return None
    forward = _goes_forward(point, picked)
    directions = _directions(point, picked, forward)
    found = _multiply(point, directions.vectors, dtype, forward)
    if found is None:
        return None
    _check_structure(point, directions, found.values, dtype, forward)
    sums = Sums(size)
    for term in picked:
        out, *places = term.places
        row, column = places if forward else reversed(places)
        kept = directions.holds(row, column)
        place = row[kept], directions.place[column[kept]]
        weights = term.weights(point.seed_vector)[kept]
        sums.add_all(out[kept], found.values[place], found.magnitudes[place], weights)
    return sums.result(cost=None, range_fault=found.range_fault)


def _push_seed(point: Point, size: int, dtype: str) -> SweepResult | None:
    """Multiply the Jacobian by the direction."""
    found = _multiply(point, point.seed_vector[None], dtype, forward=True)
    if found is None:
        return None
    sums, each = Sums(size), np.arange(size)
    sums.add_all(each, found.values[:, 0], found.magnitudes[:, 0], np.ones(size))
    return sums.result(cost=None, range_fault=found.range_fault)


def _goes_forward(point: Point, terms: list[Entries]) -> bool:
    """Tell whether evaluations on jets take less than reverse sweeps.

    By the columns and rows that are asked for; or the colours of a declared structure, of which
    there are at least as many as entries in one row, or in one column.
    """
    rows, columns = (np.unique(np.concatenate([t.places[k] for t in terms])) for k in (1, 2))
    row, column = point.pattern(1) if point.sparse(1) else (columns[:0], rows[:0])
    by_row, by_column = (int(np.bincount(p, minlength=1).max()) for p in (row, column))
    forward = min(len(columns), by_row) if by_row else len(columns)
    return forward <= SWEEP * (min(len(rows), by_column) if by_column else len(rows))


def _directions(point: Point, terms: list[Entries], forward: bool) -> Directions:
    """Choose the vectors that give the entries: directions, or cotangents."""
    length = point.size if forward else point.outputs
    wanted = np.unique(np.concatenate([term.places[2 if forward else 1] for term in terms]))
    if not point.sparse(1) or len(wanted) == 1:
        return Directions.units(wanted, length)
    pattern = point.pattern(1)
    return Directions.coloured(pattern if forward else transpose(pattern)[0], length)


def _multiply(point: Point, vectors: np.ndarray, dtype: str, forward: bool) -> _Products | None:
    """Multiply the Jacobian by directions (k, components), or its transpose by cotangents."""
    if forward:
        found = push_forward(point, vectors.T, dtype)
        return found and _Products(found.partials, found.magnitudes, found.range_fault)
    swept = []
    for cotangent in vectors:
        row = sweep_arrays(point, cotangent, dtype)
        if row is None:
            return None
        swept.append(row)
    values, magnitudes = (np.stack([part[k] for part in swept], axis=1) for k in (1, 2))
    return _Products(values, magnitudes, next((s.range_fault for s in swept if s.range_fault), ""))


def _check_structure(
    point: Point, directions: Directions, values: np.ndarray, dtype: str, forward: bool
) -> None:
    """Raise `ProblemError` for a partial that is not 0, and that the declared structure lacks."""
    lacking = directions.row_that_lacks_an_entry(values)
    if lacking is None:
        return
    length = point.outputs if forward else point.size
    single = _multiply(point, np.eye(length)[[lacking]], dtype, not forward)
    assert single is not None  # it is computed as the others were
    each = np.arange(len(single.values))
    for k in each[~directions.holds(np.full_like(each, lacking), each)].tolist():
        if not single.values[k, 0].contains(0):
            i, j = (lacking, k) if forward else (k, lacking)
            output = f"{point.problem.letter}[{i}]"
            raise point.lacks_entry(f"∂{output}/∂{point.component(j)}, in the row of {output}")
