"""The array vocabulary on arrays of balls (`certified.arrays`).

Every name is listed here, or follows from others; what is neither is refused, and the cost goes to
single balls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb

from calcbench.certified import balls, matrices, natural, rounded
from calcbench.certified.array_jets import ArrayJet, primal
from calcbench.certified.arrays import (
    Array,
    Pull,
    Read,
    add_up,
    as_array,
    at_rest,
    choose,
    compare,
    decide,
    element_by_element,
    exact,
    gather,
    lift,
    matmul,
    record,
    reshape,
    scaled,
    sizes_of,
    transpose,
)
from calcbench.certified.balls import Ball, Undecided
from calcbench.certified.elementary import RULES
from calcbench.certified.ordering import keep_integers, keep_integers_along
from calcbench.certified.rounded import Rounded
from calcbench.errors import Unsupported
from calcbench.vocabulary.axes import running_axis
from calcbench.vocabulary.loops import branch_on, loop_while
from calcbench.vocabulary.namespace import Namespace


def array_namespace() -> Namespace:
    """Build the vocabulary, with its constants at the current precision."""
    return Namespace(
        {
            **{name: element_by_element(name) for name in RULES},
            "pi": lift(arb.pi()),
            "e": lift(arb.const_e()),
            "inf": float("inf"),
            "abs": lambda x: abs(lift(x)),
            "floor": _floor,
            "round": _round,
            "equal": lambda x, y: np.asarray(compare(x, y) == 0),
            "not_equal": lambda x, y: np.asarray(compare(x, y) != 0),
            "isfinite": _classify(arb.is_finite, np.isfinite),
            "isnan": _classify(arb.is_nan, np.isnan),
            "logical_and": lambda p, q: _holds(p) & _holds(q),
            "logical_or": lambda p, q: _holds(p) | _holds(q),
            "logical_not": lambda p: ~_holds(p),
            "maximum": keep_integers(np.maximum, _maximum),
            "minimum": keep_integers(np.minimum, _minimum),
            "logaddexp": _logaddexp,
            "where": _where,
            "sum": _sum,
            "mean": _mean,
            "max": keep_integers_along(np.max, _max),
            "argmax": _argmax,
            "argsort": _argsort,
            "logsumexp": _logsumexp,
            "cumulative_sum": _cumulative_sum,
            "matmul": matmul,
            "einsum": _einsum,
            "matrix_transpose": _matrix_transpose,
            "asarray": _asarray,
            "reshape": lambda x, shape: reshape(lift(x), shape),
            "concat": keep_integers_along(np.concat, _concat),
            "stack": keep_integers_along(np.stack, _stack),
            "take": _take,
            "take_along_axis": _take_along_axis,
            "linalg.cholesky": _cholesky,
            "linalg.solve": _solve,
            "linalg.slogdet": _slogdet,
            "cond": branch_on(lambda condition: bool(_holds(condition))),
            "while_loop": loop_while(lambda condition: bool(_holds(condition))),
            "stop_gradient": lambda x: Array(primal(lift(x).value)),
            "polygamma": lambda n, x: element_by_element(f"polygamma{n}" if n else "digamma")(x),
            "i0e": lambda x: element_by_element("ive0")(abs(lift(x))),
            "linalg.expm": _leave_to_single_balls,
        }
    )


def _leave_to_single_balls(x: Any) -> Array:
    """Refuse: the definition leaves out what float64 cannot tell, which is no proof."""
    raise Unsupported("xp.linalg.expm on arrays of balls")


def _asarray(value: Any) -> Any:
    """Make an array of a constant; integers and truth values stay what they are."""
    if isinstance(value, Array):
        return value
    array = np.asarray(value)
    return exact(array) if array.dtype.kind == "f" else array


# --- comparisons ----------------------------------------------------------------------------------


def _first(outcome: np.ndarray) -> np.ndarray:
    return np.asarray(outcome > 0)


def _holds(condition: Any) -> np.ndarray:
    """Tell where conditions hold: of numbers, where they are not 0."""
    if isinstance(condition, Array):
        return np.asarray(condition != 0)
    return np.asarray(condition).astype(bool)


def _where(condition: Any, x: Any, y: Any) -> Any:
    holds = _holds(condition)

    def choose_integers(x: Any, y: Any) -> Any:
        return np.where(holds, x, y)

    def choose_numbers(x: Any, y: Any) -> Array:
        return choose(holds, lift(x), lift(y))

    return keep_integers(choose_integers, choose_numbers)(x, y)


def _maximum(x: Any, y: Any) -> Array:
    return choose(_first(compare(x, y)), lift(x), lift(y))


def _minimum(x: Any, y: Any) -> Array:
    return choose(_first(compare(y, x)), lift(x), lift(y))


def _classify(
    holds: Callable[[arb], bool], of_floats: Callable[[np.ndarray], np.ndarray]
) -> Callable[[Any], np.ndarray]:
    """Build a question about each number, for which nothing is compared."""

    def ask(x: Any) -> np.ndarray:
        numbers = primal(lift(x).value)
        if isinstance(numbers, Rounded):
            return of_floats(numbers.mid)
        return np.asarray(np.frompyfunc(holds, 1, 1)(numbers), dtype=bool)

    return ask


def _each(x: Array, function: Callable[[Ball], Ball]) -> Array:
    return Array(np.frompyfunc(lambda number: function(Ball(number)).value, 1, 1)(primal(x.value)))


def _floor(x: Any) -> Array:
    """Round down to constants. At a whole number of a parameter that is a tie, and raises `Tie`."""
    x = lift(x)
    floats = isinstance(x.value, Rounded)
    whole = Array(rounded.floor(x.value)) if floats else _each(x, balls.floor)
    if x.tape is not None:
        compare(x, whole)
    return whole


def _round(x: Any) -> Array:
    x = lift(x)
    if x.tape is not None:
        return _floor(x + 0.5)
    if isinstance(x.value, Rounded):
        if not x.value.exact:
            raise Undecided("a constant that is rounded twice")
        return Array(Rounded(np.rint(x.value.mid), exact=True))
    return _each(x, balls.round)


# --- along axes -----------------------------------------------------------------------------------


def _axes(x: Array, axis: Any) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    return tuple(int(a) % x.ndim for a in np.atleast_1d(axis))


def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
    x = lift(x)
    axes = _axes(x, axis)

    def back(adjoint: Any, read: Read) -> Any:
        kept = adjoint if keepdims else np.expand_dims(adjoint, axes)
        return np.broadcast_to(kept, x.shape)

    return record(add_up(x.value, axes, keepdims), ((x, back),))


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
    x = lift(x)
    count = math.prod(x.shape[a] for a in _axes(x, axis))
    average: Array = _sum(x, axis, keepdims) / count
    return average


def _lanes(x: Array, axis: Any) -> Array:
    """Bring axes together, as the last one."""
    axes = _axes(x, axis)
    kept = tuple(k for k in range(x.ndim) if k not in axes)
    count = math.prod(x.shape[a] for a in axes)
    last = (*kept, *axes)
    moved = x if last == tuple(range(x.ndim)) else transpose(x, last)
    return reshape(moved, (*(x.shape[k] for k in kept), count))


def _reduced(found: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """Give what comes of lanes the axes of length 1 that are asked for."""
    axes = _axes(x, axis)
    if not keepdims:
        return found
    return reshape(found, tuple(1 if k in axes else n for k, n in enumerate(x.shape)))


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
    x = lift(x)
    lanes = _lanes(x, axis)
    return _reduced(_take_along_axis(lanes, _places(lanes), axis=-1)[..., 0], x, axis, keepdims)


def _argmax(x: Any, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    """Find the place of the largest, the first of equals; it does not move with the numbers."""
    x = lift(x)
    places = _places(_lanes(x, axis))[..., 0]
    return np.expand_dims(places, _axes(x, axis)) if keepdims else places


def _places(lanes: Array) -> np.ndarray:
    """Find the place of the largest number of every lane, as an array with a last axis of 1."""
    numbers = primal(lanes.value)
    best = np.argmax(numbers.astype(np.float64), axis=-1)[..., None]
    others = np.ones(lanes.shape, dtype=bool)
    np.put_along_axis(others, best, False, axis=-1)
    top = np.broadcast_to(np.take_along_axis(numbers, best, axis=-1), lanes.shape)

    def rest() -> np.ndarray:
        still = at_rest(lanes)
        return np.asarray((still & np.take_along_axis(still, best, axis=-1))[others])

    if np.any(decide(top[others], numbers[others], rest) < 0):
        raise Undecided(ALIKE)
    return np.asarray(best)


def _argsort(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> np.ndarray:
    """Find the indices that sort, of equals the first first; they do not move with the numbers."""
    x = lift(x)
    floats = x.value.astype(np.float64)
    order = np.argsort(-floats if descending else floats, axis=axis, kind="stable")
    ordered = np.moveaxis(np.take_along_axis(primal(x.value), order, axis=axis), axis, -1)
    before, after = ordered[..., :-1], ordered[..., 1:]
    outcome = decide(before, after, lambda: np.full(before.shape, x.tape is None))
    if np.any(outcome < 0 if descending else outcome > 0):
        raise Undecided(ALIKE)
    return np.asarray(order)


ALIKE = "numbers that are one in double precision"


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
    x = lift(x)
    lanes = _lanes(x, axis)
    # Any exact number near the largest keeps the exponentials from overflow.
    shift = np.max(lanes.value.astype(np.float64), axis=-1, keepdims=True)
    if not np.all(np.isfinite(shift)):
        raise Unsupported("the logarithm of nothing")
    parts = np.exp(lanes.value - shift)
    whole = add_up(parts, (parts.ndim - 1,), keepdims=True)
    value = shift + np.log(whole)
    if natural.chosen() and isinstance(value, ArrayJet):
        softmax = np.exp(primal(lanes.value) - primal(value))
        moved = add_up(softmax * lanes.value, (parts.ndim - 1,), keepdims=True)
        value = ArrayJet(value.value, moved.slopes)
    as_libraries = isinstance(value, Rounded) or natural.chosen()
    slopes = np.exp(lanes.value - value) if as_libraries else parts / whole

    def back(adjoint: Any, read: Read) -> Any:
        return adjoint[..., None] * read(partial)

    partial = Array(slopes)
    return _reduced(record(value[..., 0], ((lanes, back),)), x, axis, keepdims)


def _logaddexp(x: Any, y: Any) -> Array:
    x, y = lift(x), lift(y)
    shape = np.broadcast_shapes(x.shape, y.shape)
    return _logsumexp(_stack([_broadcast(x, shape), _broadcast(y, shape)]), axis=0)


def _broadcast(x: Array, shape: tuple[int, ...]) -> Array:
    if x.shape == shape:
        return x
    return choose(np.ones(shape, dtype=bool), x, lift(0.0))


def _cumulative_sum(x: Any, axis: int | None = None) -> Array:
    x = lift(x)
    along = running_axis(x, axis)

    def back(adjoint: Any, read: Read) -> Any:
        last_first = np.flip(adjoint, along)
        return np.flip(np.add.accumulate(last_first, axis=along), along)

    return record(np.add.accumulate(x.value, axis=along), ((x, back),))


# --- the same numbers in other places -------------------------------------------------------------


def _matrix_transpose(x: Any) -> Array:
    x = lift(x)
    axes = [*range(x.ndim)]
    axes[-2:] = axes[-1], axes[-2]
    return transpose(x, tuple(axes))


def _part(axis: int, k: Any) -> Pull:
    """Pull an adjoint back to one of several operands: its part along an axis."""

    return lambda adjoint, read: as_array(adjoint[(slice(None),) * axis + (k,)])


def _concat(arrays: Sequence[Any], axis: int = 0) -> Array:
    parts = [lift(a) for a in arrays]
    along = axis % parts[0].ndim
    ends = np.cumsum([part.shape[along] for part in parts]).tolist()
    starts = [0, *ends[:-1]]
    edges = [
        (part, _part(along, slice(start, end)))
        for part, start, end in zip(parts, starts, ends, strict=True)
    ]
    return record(
        np.concatenate([part.value for part in parts], axis=along),
        edges,
        view=True,
        rest=lambda: np.concatenate([at_rest(part) for part in parts], axis=along),
    )


def _stack(arrays: Sequence[Any], axis: int = 0) -> Array:
    parts = [lift(a) for a in arrays]
    along = axis % (parts[0].ndim + 1)
    edges = [(part, _part(along, k)) for k, part in enumerate(parts)]
    return record(
        np.stack([part.value for part in parts], axis=along),
        edges,
        view=True,
        rest=lambda: np.stack([at_rest(part) for part in parts], axis=along),
    )


def _take(x: Any, indices: Any, axis: int = 0) -> Array:
    x = lift(x)
    places = np.arange(x.value.size).reshape(x.shape)
    return gather(x, np.take(places, indices, axis=axis))


def _take_along_axis(x: Any, indices: Any, axis: int) -> Array:
    x = lift(x)
    places = np.arange(x.value.size).reshape(x.shape)
    return gather(x, np.take_along_axis(places, np.asarray(indices), axis=axis))


# --- products over named axes ---------------------------------------------------------------------


def _einsum(subscripts: str, *operands: Any) -> Array:
    """Multiply and add up as `np.einsum`, two operands after the other."""
    if "." in subscripts:
        raise Unsupported("einsum with an ellipsis")
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not arrow:
        output = "".join(sorted(c for c in {*inputs} - {","} if inputs.count(c) == 1))
    arrays = [
        _simplify(lift(x), term, {*output}.union(*terms[:k], *terms[k + 1 :]))
        for k, (x, term) in enumerate(zip(operands, terms, strict=True))
    ]
    found, letters = arrays[0]
    for k, (other, more) in enumerate(arrays[1:], start=2):
        needed = {*output}.union(*(term for _, term in arrays[k:]))
        found, letters = _contract(found, letters, other, more, needed)
    return _arranged(found, letters, output)


def _simplify(x: Array, letters: str, needed: set[str]) -> tuple[Array, str]:
    """Take diagonals of repeated letters, and add up along those that nothing else needs."""
    for letter in sorted({c for c in letters if letters.count(c) > 1}):
        places = [k for k, c in enumerate(letters) if c == letter]
        rest = [k for k in range(x.ndim) if k not in places]
        along = np.arange(x.shape[places[0]])
        x = transpose(x, (*places, *rest))[(along,) * len(places)]
        letters = letter + "".join(letters[k] for k in rest)
    gone = tuple(k for k, c in enumerate(letters) if c not in needed)
    kept = "".join(c for c in letters if c in needed)
    return (_sum(x, axis=gone) if gone else x), kept


def _contract(x: Array, mine: str, y: Array, theirs: str, needed: set[str]) -> tuple[Array, str]:
    """Multiply two arrays, and add up along the letters that nothing needs any more."""
    shared = [c for c in mine if c in theirs]
    batch = "".join(c for c in shared if c in needed)
    summed = "".join(c for c in shared if c not in needed)
    rows = "".join(c for c in mine if c not in theirs)
    columns = "".join(c for c in theirs if c not in mine)
    length = {**dict(zip(theirs, y.shape, strict=True)), **dict(zip(mine, x.shape, strict=True))}

    def block(x: Array, letters: str, *groups: str) -> Array:
        moved = _arranged(x, letters, "".join((batch, *groups)))
        sizes = [math.prod(length[c] for c in group) for group in groups]
        return reshape(moved, (*(length[c] for c in batch), *sizes))

    found = matmul(block(x, mine, rows, summed), block(y, theirs, summed, columns))
    letters = batch + rows + columns
    return reshape(found, tuple(length[c] for c in letters)), letters


def _arranged(x: Array, letters: str, wanted: str) -> Array:
    return x if letters == wanted else transpose(x, tuple(letters.index(c) for c in wanted))


# --- linear algebra -------------------------------------------------------------------------------


def _cholesky(x: Any) -> Array:
    x = lift(x)
    factor = Array(matrices.cholesky(x.value))

    def back(adjoint: Any, read: Read) -> Any:
        if read is sizes_of:
            return matrices.cholesky_sizes(factor.value.astype(np.float64), adjoint)
        return matrices.cholesky_adjoint(factor.value, adjoint)

    return record(factor.value, ((x, back),))


def _solve(a: Any, b: Any) -> Array:
    a, b = lift(a), lift(b)
    if a.ndim != 2 or b.ndim > 2:
        raise Unsupported("a batch of equations")
    if b.ndim == 1:
        return reshape(_solve(a, reshape(b, (*b.shape, 1))), b.shape)
    x = Array(matrices.solve(a.value, b.value))

    solved: list[Any] = []  # both operands ask for it

    def to_right(adjoint: Any, read: Read) -> Any:
        if read is sizes_of:
            inverse = np.linalg.inv(a.value.astype(np.float64))
            return np.asarray(np.abs(inverse).T @ adjoint)
        if not solved:
            solved.append(matrices.solve(a.value.T, adjoint))
        return solved[0]

    def to_left(adjoint: Any, read: Read) -> Any:
        found = matrices.product(to_right(adjoint, read), read(x).T)
        return found if read is sizes_of else -found

    return record(x.value, ((a, to_left), (b, to_right)))


def _slogdet(a: Any) -> tuple[Array, Array]:
    """Compute (sign, log |det|); the slope of the logarithm is the inverse, transposed."""
    a = lift(a)
    if a.ndim != 2:
        raise Unsupported("a batch of determinants")
    sign, value = matrices.log_determinant(a.value)
    if a.tape is None:
        return exact(sign), Array(value)
    inverse = matrices.solve(a.value, exact(np.eye(len(a))).value)
    return exact(sign), record(value, ((a, scaled(Array(inverse.T), a.shape)),))
