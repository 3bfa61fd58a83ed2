"""One reverse sweep over arrays: the gradient of a cost, or a cotangent times the Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import budget
from calcbench.certified.array_vocabulary import array_namespace
from calcbench.certified.arrays import (
    Array,
    Scattered,
    add_up,
    attempt,
    constant_values,
    exact,
    join,
    leaf,
    numbers_of,
    sizes_of,
)
from calcbench.certified.evaluation import Range, describe_fault, inputs_changed
from calcbench.certified.matrices import ZERO, zeros
from calcbench.certified.rounded import Rounded
from calcbench.certified.row_blocks import (
    FITTING_ROWS,
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

    if not point.problem.vector_valued and point.row_count > FITTING_ROWS and not inputs_changed():
        size = rows_per_block(point, sweep)
        found = sweep_in_blocks(point, size, sweep) if size < point.row_count else None
        if found is not None:
            return found
    return sweep(point)


def _sweep_at_once(point: Point, weights: np.ndarray, dtype: str) -> Swept | None:
    recorded = _record(point, weights)
    if recorded is None:
        return None
    found = attempt(lambda: _sweep(recorded, weights, dtype))
    return found if found is not None and _are_finite(found.partials) else None


class SweptFloats(NamedTuple):
    """What one sweep gives in rounded floats."""

    value: Rounded
    """The cost, or the weighted sum of outputs."""
    partials: Rounded
    """A flat vector in the order of the components."""


def sweep_floats(point: Point, weights: np.ndarray) -> SweptFloats | None:
    """Differentiate the sum of outputs times weights in the chosen `rounded_arithmetic`.

    None where `sweep_arrays` gives None, and where floats do not decide a comparison, or do not
    hold a number. Raises `TooSlow`.
    """
    recorded = _record(point, weights)
    if recorded is None:
        return None
    found = attempt(lambda: _partials_of(recorded, weights))
    if found is None or not _are_finite(found[1]):
        return None
    return SweptFloats(*found)


class _Recorded(NamedTuple):
    """A cost evaluated on arrays."""

    leaves: list[Array]
    output: Array
    tape: list[Array]


def _record(point: Point, weights: np.ndarray) -> _Recorded | None:
    """Evaluate the cost; None where the result is not what was expected, or not finite."""
    tape: list[Array] = []
    budget.register(tape)
    values = constant_values(point)
    values |= {name: leaf(values[name], tape) for name in point.problem.parameters}
    output = attempt(lambda: _evaluate(point, values))
    if output is None or output.shape != weights.shape or not _are_finite(output.value):
        return None
    return _Recorded([values[name] for name in point.problem.parameters], output, tape)


def _evaluate(point: Point, values: Mapping[str, Any]) -> Array | None:
    """Run the cost; None for one that is no array."""
    parameters, data = point.problem.split(values)
    output = point.problem.cost(array_namespace(), *parameters, **data)
    return output if isinstance(output, Array) else None


def _partials_of(recorded: _Recorded, weights: np.ndarray) -> tuple[Rounded, Rounded]:
    """Go back over the tape: the weighted sum of outputs, and its partials."""
    leaves, output, _ = recorded
    output.adjoint = exact(weights).value
    plain = weights.ndim == 0 and weights == 1
    value: Any = output.value if plain else add_up((output.value * output.adjoint).ravel(), (0,))
    _go_back(recorded, lambda node: None)
    partials: Any = np.concatenate([_or_zeros(each.adjoint, each).ravel() for each in leaves])
    return value, partials


def _sweep(recorded: _Recorded, weights: np.ndarray, dtype: str) -> Swept:
    """Go back over the tape, and measure on the way what is said of a gradient."""
    leaves, output, _ = recorded
    seed = exact(weights).value
    terms = output.value * seed
    value, scale = (add_up(np.asarray(part).ravel(), (0,))[()] for part in (terms, abs(terms)))
    output.adjoint, output.magnitude = seed, np.abs(weights)
    limits, influence, fault = Range.of(dtype), 0.0, ""

    def measure(node: Array) -> None:
        nonlocal influence, fault
        if not node.view:
            influence += _influence(node)
            fault = fault or _range_fault(node, scale, limits)

    _go_back(recorded, measure)
    partials = flatten([_or_zeros(each.adjoint, each) for each in leaves], object)
    magnitudes = flatten([_magnitudes(each) for each in leaves], float)
    return Swept(value, partials, magnitudes, influence, fault)


def _go_back(recorded: _Recorded, visit: Callable[[Array], None]) -> None:
    """Pull adjoints back to the parameters, and free the tape on the way."""
    while recorded.tape:
        node = recorded.tape.pop()
        visit(node)
        if node.adjoint is not None:
            _pull_back(node, node.adjoint)
        node.edges, node.adjoint = (), None


def _pull_back(node: Array, adjoint: Any) -> None:
    """Add what a node's adjoint amounts to in its operands, and what may cancel in parameters."""
    size, floats = node.magnitude, isinstance(adjoint, Rounded)
    for operand, pull in node.edges:
        budget.expect(operand.value.size, floats)
        term = pull(adjoint, numbers_of)
        operand.adjoint = _added(operand.adjoint, term)
        if operand.moved and not floats:
            size = _sizes(adjoint) if size is None else size
            operand.magnitude = _added(operand.magnitude, _size(term, pull(size, sizes_of)))


def _added(total: Any, term: Any) -> Any:
    if isinstance(term, Scattered):
        return term.add_to(total)
    return term if total is None else join(total, term)


def _sizes(numbers: np.ndarray) -> np.ndarray:
    return np.abs(numbers.astype(np.float64))


def _size(term: Any, found: Any) -> Any:
    """Return what may cancel in a term: its own size at least, whatever floats make of factors."""
    return found if isinstance(term, Scattered) else np.fmax(found, _sizes(term))


def _or_zeros(adjoint: Any, like: Array) -> Any:
    return zeros(like.shape, like=like.value) if adjoint is None else adjoint


def _magnitudes(leaf: Array) -> np.ndarray:
    return np.zeros(leaf.shape) if leaf.magnitude is None else leaf.magnitude


def _are_finite(numbers: Any) -> bool:
    if isinstance(numbers, Rounded):
        return bool(np.isfinite(numbers.mid).all())
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
    value: Any = node.value
    suspect = np.asarray(~(node.sizes <= limits.largest) | (node.sizes < limits.smallest))
    if not suspect.any():
        return ""
    suspect[suspect] = np.not_equal(value[suspect], ZERO, dtype=object).astype(bool)
    adjoints = np.full(node.shape, None) if node.adjoint is None else node.adjoint
    for number, adjoint in zip(value[suspect], adjoints[suspect], strict=True):
        if limits.excludes(number, adjoint, scale):
            return describe_fault(number)
    return ""
