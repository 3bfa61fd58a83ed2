"""An operator's terms evaluated on stored partials: for backends that compute in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.operators.composition import positions
from calcbench.operators.entries import Entries, Product, Term
from calcbench.operators.operator import Operator
from calcbench.problem.point import Point

Stored = Mapping[int, np.ndarray]
"""Order → the stored entries of its matrix of partials as one vector, in row-major order."""

Evaluate = Callable[[Stored, Any], np.ndarray]
"""(stored partials, flat seed or None) → the flat result."""


def prepare_evaluation(operator: Operator, point: Point) -> Evaluate:
    """Prepare to evaluate an operator on stored partials; the result is in its layout's order."""
    size = operator.layout(point).size
    parts = [_prepare_term(term, point, size) for term in operator.terms(point)]
    if len(parts) == 1:
        return parts[0]

    def evaluate(stored: Stored, seed: Any) -> np.ndarray:
        total = parts[0](stored, seed)
        for part in parts[1:]:
            total = total + part(stored, seed)
        return total

    return evaluate


def _prepare_term(term: Term, point: Point, size: int) -> Evaluate:
    if isinstance(term, Product):
        multiply, places = prepare_product(term, point), term.places(point)
        if len(places) == size:
            return lambda stored, seed: multiply(stored[term.order], seed)
        return lambda stored, seed: add_up(places, multiply(stored[term.order], seed), size)
    return _prepare_entries(term, point, size)


def prepare_product(term: Product, point: Point) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Prepare the product of a matrix's stored entries, or of its transpose, and a vector."""
    extent = point.extent(term.order)
    if point.sparse(term.order):
        row, column = point.pattern(term.order)
        if term.transposed:
            row, column, extent = column, row, extent[::-1]
        return lambda stored, vector: add_up(row, stored * vector[column], extent[0])
    if term.transposed:
        return lambda stored, vector: vector @ stored.reshape(extent)
    return lambda stored, vector: stored.reshape(extent) @ vector


def _prepare_entries(entries: Entries, point: Point, size: int) -> Evaluate:
    out, row, column = entries.places
    where = positions(point, entries.order, row, column)
    kept = where >= 0
    out, where = out[kept], where[kept]
    in_order = len(out) == size and np.array_equal(out, np.arange(size))

    def evaluate(stored: Stored, seed: Any) -> np.ndarray:
        found = stored[entries.order][where]
        if entries.seed is not None:
            found = found * seed[np.broadcast_to(np.asarray(entries.seed), kept.shape)[kept]]
        return found if in_order else add_up(out, found, size)

    return evaluate


def add_up(out: np.ndarray, terms: np.ndarray, size: int) -> np.ndarray:
    """Add up terms by the number that each belongs to: shape (size,), in the terms' dtype."""
    return np.bincount(out, terms, size).astype(terms.dtype, copy=False)
