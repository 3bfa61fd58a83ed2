"""One reverse sweep over arrays: the gradient of a cost, or a cotangent times the Jacobian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb

from calcbench.certified import budget
from calcbench.certified.array_vocabulary import array_namespace
from calcbench.certified.arrays import (
    Array,
    Scattered,
    add_up,
    attempt,
    balls_of,
    constant_values,
    exact,
    leaf,
    sizes_of,
)
from calcbench.certified.evaluation import Range, describe_fault, inputs_changed
from calcbench.certified.row_blocks import (
    FREE_ROWS,
    Swept,
    rows_per_block,
    sweep_in_blocks,
)
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point


def sweep_arrays(point: Point, weights: np.ndarray, dtype: str) -> Swept | None:
    """Differentiate the sum of outputs times weights, at the current precision.

    Rows of which the cost is the sum or mean are taken in blocks where all are too many. None where
    this takes single balls: where a comparison ties or is not decided, where the chain rule does
    not give numbers, and for code that arrays do not run. Raises `TooSlow`.
    """

    def sweep(part: Point) -> Swept | None:
        return _sweep_at_once(part, weights, dtype)

    if not point.problem.vector_valued and point.row_count > FREE_ROWS and not inputs_changed():
        size = rows_per_block(point, sweep)
        found = sweep_in_blocks(point, size, sweep) if size < point.row_count else None
        if found is not None:
            return found
    return sweep(point)


def _sweep_at_once(point: Point, weights: np.ndarray, dtype: str) -> Swept | None:
    tape: list[Array] = []
    budget.register(tape)
    values = constant_values(point)
    values |= {name: leaf(values[name].value, tape) for name in point.problem.parameters}
    output = attempt(lambda: _evaluate(point, values))
    if output is None or output.shape != weights.shape or not _are_finite(output.value):
        return None
    leaves: list[Array] = [values[name] for name in point.problem.parameters]
    found = attempt(lambda: _sweep(leaves, output, weights, tape, dtype))
    return found if found is not None and _are_finite(found.partials) else None


def _evaluate(point: Point, values: Mapping[str, Any]) -> Array | None:
    """Run the cost; None for one that is no array."""
    parameters, data = point.problem.split(values)
    output = point.problem.cost(array_namespace(), *parameters, **data)
    return output if isinstance(output, Array) else None


def _sweep(
    leaves: list[Array], output: Array, weights: np.ndarray, tape: list[Array], dtype: str
) -> Swept:
    """Go back over the tape, and free it on the way."""
    seed = exact(weights).value
    terms = output.value * seed
    value, scale = (add_up(np.asarray(part).ravel(), (0,))[()] for part in (terms, abs(terms)))
    output.adjoint, output.magnitude = seed, np.abs(weights)
    limits, influence, fault = Range.of(dtype), 0.0, ""
    while tape:
        node = tape.pop()
        if not node.view:
            influence += _influence(node)
            fault = fault or _range_fault(node, scale, limits)
        if node.adjoint is not None:
            _pull_back(node, node.adjoint)
        node.edges, node.adjoint = (), None
    partials = flatten([_or_zeros(each.adjoint, each, arb(0)) for each in leaves], object)
    magnitudes = flatten([_or_zeros(each.magnitude, each, 0.0) for each in leaves], float)
    return Swept(value, partials, magnitudes, influence, fault)


def _pull_back(node: Array, adjoint: np.ndarray) -> None:
    """Add what a node's adjoint amounts to in its operands, and what may cancel in parameters."""
    size = node.magnitude
    for operand, pull in node.edges:
        budget.expect(operand.value.size)
        term = pull(adjoint, balls_of)
        operand.adjoint = _added(operand.adjoint, term)
        if operand.moved:
            size = _sizes(adjoint) if size is None else size
            operand.magnitude = _added(operand.magnitude, _size(term, pull(size, sizes_of)))


def _added(total: np.ndarray | None, term: Any) -> np.ndarray:
    if isinstance(term, Scattered):
        return term.add_to(total)
    return np.asarray(term if total is None else total + term)


def _sizes(numbers: np.ndarray) -> np.ndarray:
    return np.abs(numbers.astype(np.float64))


def _size(term: Any, found: Any) -> Any:
    """Return what may cancel in a term: its own size at least, whatever floats make of factors."""
    return found if isinstance(term, Scattered) else np.fmax(found, _sizes(term))


def _or_zeros(found: np.ndarray | None, like: Array, zero: Any) -> np.ndarray:
    return np.full(like.shape, zero) if found is None else found


def _are_finite(numbers: np.ndarray) -> bool:
    return all(number.is_finite() for number in numbers.flat)


def _influence(node: Array) -> float:
    """Return Σ |adjoint·value| of a node."""
    if node.adjoint is None:
        return 0.0
    total = float(np.sum(_sizes(node.adjoint) * node.sizes))
    if np.isfinite(total):
        return total
    # One of the factors is beyond the range of floats, where the product need not be.
    products = np.asarray(node.adjoint * node.value)
    return float(np.sum(_sizes(products)))


def _range_fault(node: Array, scale: arb, limits: Range) -> str:
    """Name the first number of a node that the dtype cannot hold, if any."""
    there = np.asarray(np.not_equal(node.value, 0, dtype=object), dtype=bool)
    suspect = ~(node.sizes <= limits.largest) | ((node.sizes < limits.smallest) & there)
    if not suspect.any():
        return ""
    adjoints = _or_zeros(node.adjoint, node, None)
    for value, adjoint in zip(node.value[suspect], adjoints[suspect], strict=True):
        if limits.excludes(value, adjoint, scale):
            return describe_fault(value)
    return ""
