"""Sweeps over arrays: gradients, cotangents times the Jacobian, and Hessians times directions.

One reverse sweep gives the gradient of a cost, or a cotangent times the Jacobian. Over jets
(`array_jets`) it gives the Hessian times some directions; without the way back, an evaluation gives
the Jacobian times them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import array_jets, budget
from calcbench.certified.array_jets import ArrayJet, primal, slopes_along
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
from calcbench.certified.matrices import zeros
from calcbench.certified.rounded import Rounded
from calcbench.certified.row_blocks import (
    FITTING_ROWS,
    Sweep,
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

    return _by_rows(point, lambda part: _sweep_at_once(part, weights, dtype))


DIRECTIONS_PER_SWEEP = 64
"""Directions in one sweep, to bound the memory: every array has a slope for each."""


def sweep_products(point: Point, directions: np.ndarray, dtype: str) -> Swept | None:
    """Multiply the Hessian of a cost by every column of `directions` (components, k).

    The partials that are given, and their magnitudes, are matrices (components, k). As
    `sweep_arrays` otherwise.
    """
    return _in_parts(
        directions, lambda along: _by_rows(point, lambda part: _products(part, along, dtype))
    )


def push_forward(point: Point, directions: np.ndarray, dtype: str) -> Swept | None:
    """Multiply the Jacobian by every column of `directions` (components, k), by evaluating alone.

    The partials that are given, and their magnitudes, are matrices (outputs, k). As `sweep_arrays`
    otherwise; None too for numbers of a size that only a sweep can tell the importance of.
    """
    return _in_parts(directions, lambda along: _pushforward(point, along, dtype))


def _in_parts(directions: np.ndarray, sweep: Callable[[np.ndarray], Swept | None]) -> Swept | None:
    """Take some directions at a time, and put what they give side by side."""
    parts, count = [], directions.shape[1]
    for start in range(0, count, DIRECTIONS_PER_SWEEP):
        # What the last part has made stays counted: it is what a sweep takes.
        last = start + DIRECTIONS_PER_SWEEP >= count
        with contextlib.nullcontext() if last else budget.passing():
            found = sweep(directions[:, start : start + DIRECTIONS_PER_SWEEP])
        if found is None:
            return None
        parts.append(found)
    return parts[0]._replace(
        partials=np.concatenate([part.partials for part in parts], axis=1),
        magnitudes=np.concatenate([part.magnitudes for part in parts], axis=1),
        range_fault=next((part.range_fault for part in parts if part.range_fault), ""),
    )


def _by_rows(point: Point, sweep: Sweep) -> Swept | None:
    """Sweep over all rows at once, or in blocks of them where all are too many."""
    if not point.problem.vector_valued and point.row_count > FITTING_ROWS and not inputs_changed():
        size = rows_per_block(point, sweep)
        found = sweep_in_blocks(point, size, sweep) if size < point.row_count else None
        if found is not None:
            return found
    return sweep(point)


def _sweep_at_once(point: Point, weights: np.ndarray, dtype: str) -> Swept | None:
    recorded = _record(point, weights.shape)
    if recorded is None:
        return None
    found = attempt(lambda: _sweep(recorded, weights, dtype))
    return found if found is not None and _are_finite(found.partials) else None


def _products(point: Point, directions: np.ndarray, dtype: str) -> Swept | None:
    recorded = _record(point, (), directions)
    if recorded is None:
        return None
    found = attempt(lambda: _sweep_jets(recorded, directions.shape[1], dtype))
    return found if found is not None and _are_finite(found.partials) else None


def _pushforward(point: Point, directions: np.ndarray, dtype: str) -> Swept | None:
    recorded = _record(point, point.value_shape, directions)
    if recorded is None:
        return None
    limits, output = Range.of(dtype), recorded.output
    vague = any(_may_underflow(node, limits) for node in recorded.tape)
    faults = (_range_fault(node, arb(0), limits) for node in recorded.tape)
    fault = next((fault for fault in faults if fault), "")
    recorded.tape.clear()
    numbers = output.value if isinstance(output.value, ArrayJet) else None
    if vague or numbers is None:
        return None
    found = slopes_along(numbers)
    value = add_up(numbers.value.ravel(), (0,))[()]
    return Swept(value, found.numbers, found.sizes, 0.0, fault)


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
    recorded = _record(point, weights.shape)
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


def _record(
    point: Point, shape: tuple[int, ...], directions: np.ndarray | None = None
) -> _Recorded | None:
    """Evaluate the cost, on jets if there are directions (components, k).

    None where the result has not the shape that was expected, or is not finite.
    """
    tape: list[Array] = []
    budget.register(tape)
    values = constant_values(point)
    if directions is not None:
        _make_jets(point, values, directions)
    values |= {name: leaf(values[name], tape) for name in point.problem.parameters}
    output = attempt(lambda: _evaluate(point, values))
    if output is None or output.shape != shape or not _are_finite(output.value):
        return None
    return _Recorded([values[name] for name in point.problem.parameters], output, tape)


def _make_jets(point: Point, values: dict[str, Any], directions: np.ndarray) -> None:
    """Give the numbers slopes: parameters the directions, and data none."""
    entries = point.unflatten(directions.T)
    for name, array in values.items():
        if isinstance(array, Array):
            along = entries.get(name)
            jet = array_jets.make(array.value, array.sizes, directions.shape[1], along)
            array.value = jet


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


def _sweep_jets(recorded: _Recorded, count: int, dtype: str) -> Swept:
    """Go back over the tape of jets: the slopes of adjoints are the Hessian times directions."""
    leaves, output, _ = recorded
    value, limits, fault = primal(output.value)[()], Range.of(dtype), ""
    output.adjoint = array_jets.constant(exact(np.ones(())).value, count)

    def measure(node: Array) -> None:
        nonlocal fault
        if not node.view:
            fault = fault or _range_fault(node, abs(value), limits)

    _go_back(recorded, measure)
    found = [slopes_along(_or_zeros(each.adjoint, each)) for each in leaves]
    partials, magnitudes = (np.concatenate(part) for part in zip(*found, strict=True))
    return Swept(value, partials, magnitudes, 0.0, fault)


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
    # Jets have the sizes of their terms with them, and rounded floats need none.
    size, floats = node.magnitude, isinstance(adjoint, Rounded)
    measured = isinstance(adjoint, np.ndarray)
    for operand, pull in node.edges:
        budget.expect(operand.value.size, floats)
        term = pull(adjoint, numbers_of)
        operand.adjoint = _added(operand.adjoint, term)
        if operand.moved and measured:
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
    if isinstance(numbers, ArrayJet):
        parts = [numbers.value, *(slope.numbers for slope in numbers.slopes if slope is not None)]
        return all(map(_are_finite, parts))
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
    value: Any = primal(node.value)
    there = np.asarray(np.not_equal(value, 0, dtype=object), dtype=bool)
    suspect = ~(node.sizes <= limits.largest) | ((node.sizes < limits.smallest) & there)
    if not suspect.any():
        return ""
    adjoints = np.full(node.shape, None) if node.adjoint is None else primal(node.adjoint)
    for number, adjoint in zip(value[suspect], adjoints[suspect], strict=True):
        if limits.excludes(number, adjoint, scale):
            return describe_fault(number)
    return ""


def _may_underflow(node: Array, limits: Range) -> bool:
    """Tell whether a node has numbers that are so small that a dtype may not hold them."""
    small: Any = node.sizes < limits.smallest
    return bool(np.any(np.not_equal(primal(node.value)[small], 0, dtype=object)))
