"""Compositions: every operator from a pullback, a pushforward or both, on one page.

A backend whose framework transforms functions states the primitives that it has; the rest follows.
A method of the backend's own, of the same name as a function here, takes precedence (`derive`).
This is the design of DifferentiationInterface.jl (Dalle & Hill, JMLR 27 (2026)).

Every function takes a native function of (parameters, data), and gives its derivative as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from calcbench.errors import Unsupported
from calcbench.operators.colouring import format_colours
from calcbench.operators.compression import (
    Bidirectional,
    choose_side,
    compress_jacobian,
    compress_symmetric,
)
from calcbench.operators.entries import Entries, Product, Term
from calcbench.operators.function import Derived, Function
from calcbench.operators.gathered import Gathered, Sweep, find_gathered, look_up
from calcbench.problem.flat import Shape, cut
from calcbench.problem.point import Point


class Primitives(Protocol):
    """The part of a backend that compositions use."""

    @property
    def name(self) -> str:
        """The name in selectors and tables."""

    def namespace(self) -> Any:
        """Return the vocabulary in the backend's spelling."""

    def convert(self, array: np.ndarray) -> Any:
        """Convert one NumPy array to a native one."""

    def pullback(self, function: Function) -> Derived | None:
        """Give (parameters, data, cotangent u) → uᵀJ, or None."""

    def pushforward(self, function: Function) -> Derived | None:
        """Give (parameters, data, direction v) → J v, or None."""


Composition = Callable[[Primitives, Function], Derived]


def derive(backend: Primitives, composition: Composition, function: Function) -> Derived:
    """Take a derivative by the backend's own method of the composition's name, or compose it."""
    own = getattr(backend, composition.__name__, None)
    found: Derived | None = None if own is None else own(function)
    return composition(backend, function) if found is None else found


# --- first order ---------------------------------------------------------------------------


def cost(backend: Primitives, function: Function) -> Derived:
    """Return the function itself."""
    return Derived(function.apply, "")


def pullback(backend: Primitives, function: Function) -> Derived:
    """Multiply the cotangent by the pushforward along every component."""
    push = _pushforward(backend, function)
    xp, units = backend.namespace(), list(unit_directions(backend, function.parameters))

    def apply(parameters: Any, data: Any, cotangent: Any) -> Any:
        slopes = [xp.sum(cotangent * push.apply(parameters, data, unit)) for unit in units]
        return assemble(xp, function.parameters, slopes)

    return Derived(apply, f"{push.method}, component by component")


def pushforward(backend: Primitives, function: Function) -> Derived:
    """Pull the pullback back.

    u ↦ Jᵀu is linear, so its own pullback, at any u, is v ↦ J v (Townsend, "A new trick for
    calculating Jacobian vector products", 2017).
    """
    pull = _pullback(backend, function)
    anywhere = backend.convert(np.zeros(function.value))

    def transposed(cotangent: Any, point: Any) -> Any:
        count = len(function.parameters)
        return pull.apply(point[:count], point[count:], cotangent[0])

    linear = Function(transposed, (function.value,), function.parameters)
    twice = _pullback(backend, linear)

    def apply(parameters: Any, data: Any, direction: Any) -> Any:
        return twice.apply((anywhere,), (*parameters, *data), direction)[0]

    return Derived(apply, f"{pull.method}, transposed")


def gradient(backend: Primitives, function: Function) -> Derived:
    """Pull 1 back; without a pullback, push every unit vector forward."""
    pull = backend.pullback(function)
    if pull is not None:
        apply_pull, one = pull.apply, backend.convert(np.ones(()))
        return Derived(lambda p, d: apply_pull(p, d, one), pull.method)
    push = _pushforward(backend, function)
    xp, units = backend.namespace(), list(unit_directions(backend, function.parameters))

    def apply(parameters: Any, data: Any) -> Any:
        slopes = [push.apply(parameters, data, unit) for unit in units]
        return assemble(xp, function.parameters, slopes)

    return Derived(apply, f"{push.method}, component by component")


def value_and_gradient(backend: Primitives, function: Function) -> Derived:
    """Call the function, then its gradient; a framework that shares their work does better."""
    slopes = derive(backend, gradient, function)
    return Derived(
        lambda p, d: (function.apply(p, d), slopes.apply(p, d)), f"{slopes.method}, and the cost"
    )


def partial(backend: Primitives, function: Function, point: Point, component: str) -> Derived:
    """Push one unit vector forward; without a pushforward, pick an entry of the gradient.

    (Of a vector-valued function without a pushforward, the pushforward that follows from its
    pullback.)
    """
    if backend.pushforward(function) is None and function.value == ():
        name, index = point.split_component(component)
        slopes = derive(backend, gradient, function)
        number = point.problem.parameters.index(name)
        return Derived(
            lambda p, d: slopes.apply(p, d)[number][index],
            f"{slopes.method}, one component of the gradient",
        )
    push = derive(backend, pushforward, function)
    unit = np.zeros(function.components)
    unit[point.position(component)] = 1.0
    direction = native_direction(backend, function.parameters, unit)
    return Derived(lambda p, d: push.apply(p, d, direction), push.method)


def jacobian(backend: Primitives, function: Function) -> Derived:
    """Go row by row with the pullback where there is one, else column by column."""
    xp, (rows,) = backend.namespace(), function.value
    pull = backend.pullback(function)
    if pull is not None:
        apply_pull, units = pull.apply, [backend.convert(row) for row in np.eye(rows)]

        def by_rows(parameters: Any, data: Any) -> Any:
            found = [apply_pull(parameters, data, unit) for unit in units]
            return tuple(xp.stack(row) for row in zip(*found, strict=True))

        return Derived(by_rows, f"{pull.method}, row by row")
    push = derive(backend, pushforward, function)
    directions = list(unit_directions(backend, function.parameters))

    def by_columns(parameters: Any, data: Any) -> Any:
        columns = [push.apply(parameters, data, v) for v in directions]
        return assemble(xp, function.parameters, columns, (rows,))

    return Derived(by_columns, f"{push.method}, column by column")


def pullbacks(backend: Primitives, function: Function) -> Derived:
    """Multiply several cotangents by the Jacobian, one after the other.

    (parameters, data, cotangents of shape (k, m)) → an array (k, *shape) for each parameter. A
    framework that takes them all at once does better.
    """
    pull, xp = derive(backend, pullback, function), backend.namespace()

    def apply(parameters: Any, data: Any, cotangents: Any) -> Any:
        several = range(cotangents.shape[0])
        found = [pull.apply(parameters, data, cotangents[k]) for k in several]
        return tuple(xp.stack(parts) for parts in zip(*found, strict=True))

    return Derived(apply, pull.method)


def pushforwards(backend: Primitives, function: Function) -> Derived:
    """Multiply the Jacobian by several directions, one after the other.

    (parameters, data, directions: an array (k, *shape) for each parameter) → (k, m).
    """
    push, xp = derive(backend, pushforward, function), backend.namespace()

    def apply(parameters: Any, data: Any, directions: Any) -> Any:
        several = range(directions[0].shape[0])
        return xp.stack([push.apply(parameters, data, _kth(directions, k)) for k in several])

    return Derived(apply, push.method)


def columns(backend: Primitives, function: Function) -> Derived:
    """Multiply the Jacobian by several directions: the products are the columns of a table.

    (parameters, data, directions: an array (k, *shape) for each parameter) → (m, k).
    """
    push, xp = derive(backend, pushforwards, function), backend.namespace()
    return Derived(lambda p, d, v: xp.matrix_transpose(push.apply(p, d, v)), push.method)


def sparse_jacobian(backend: Primitives, function: Function, point: Point) -> Derived:
    """Read the stored entries off a few products: whatever needs fewest of them.

    With directions and cotangents (`operators/compression.py`), or with cotangents alone, of the
    Jacobian by what the cost looks up in its parameters (`operators/gathered.py`).
    """
    (rows,), pattern = function.value, point.pattern(1)
    forward = backend.pushforward(function) is not None
    reverse = backend.pullback(function) is not None
    side = choose_side(pattern, rows, function.components, forward, reverse)
    looks_up = reverse and function.over is not None
    gathered = find_gathered(point, backend.name) if looks_up else None
    if gathered is not None and gathered.colours < side.products:
        return _gathered_rows(backend, function, point, gathered)
    sizes = list(map(math.prod, function.parameters))
    chosen = compress_jacobian(pattern, rows, sizes, side)
    back = backend.convert(chosen.cotangents)
    full = chosen.full
    pushes = _push_sweeps(backend, function, chosen, columns if full else pushforwards)
    pull = derive(backend, pullbacks, function) if len(chosen.cotangents) else None
    places, xp = backend.convert(chosen.places), backend.namespace()

    def apply(parameters: Any, data: Any) -> Any:
        found = [push.apply(parameters, data) for push in pushes]
        if full:  # side by side, where entries would be looked up one by one
            return _side_by_side(xp, found, rows)
        if pull:
            found.extend(pull.apply(parameters, data, back))
        return xp.take(_flat(xp, found), places)

    methods = []
    if pushes:
        methods.append(f"{pushes[0].method}, {format_colours(len(chosen.directions))} of columns")
    if pull:
        methods.append(f"{pull.method}, {format_colours(len(chosen.cotangents))} of rows")
    return Derived(apply, " and ".join(methods), fixed=True)


def _push_sweeps(
    backend: Primitives, function: Function, chosen: Bidirectional, composition: Composition
) -> list[Derived]:
    """Push directions forward that move the same parameters, by those alone."""
    found, first = [], 0
    ends = np.cumsum(list(map(math.prod, function.parameters)))[:-1]
    for parts, count in chosen.sweeps:
        which = tuple(parts.tolist())
        moved = np.split(chosen.directions[first : first + count], ends, axis=1)
        vectors = np.concatenate([moved[k] for k in which], axis=1)
        found.append(_push_some(backend, function, which, vectors, composition))
        first += count
    return found


def _push_some(
    backend: Primitives,
    function: Function,
    which: tuple[int, ...],
    vectors: np.ndarray,
    composition: Composition,
) -> Derived:
    """Push vectors (k, n) of some parameters' numbers forward."""
    some = _by_some(function, which)
    push = derive(backend, composition, some)
    along = _directions(backend, some.parameters, vectors)

    def apply(parameters: Any, data: Any) -> Any:
        return push.apply(tuple(parameters[k] for k in which), (*parameters, *data), along)

    return Derived(apply, push.method)


def _by_some(function: Function, which: tuple[int, ...]) -> Function:
    """Make a function one of some of its parameters. Its data are all of them, and the data."""
    count, over = len(function.parameters), function.over

    def apply(some: Any, everything: Any) -> Any:
        parameters = list(everything[:count])
        for k, value in zip(which, some, strict=True):
            parameters[k] = value
        return function.apply(tuple(parameters), everything[count:])

    shapes = tuple(function.parameters[k] for k in which)
    again = None if over is None else lambda xp: _by_some(over(xp), which)
    return Function(apply, shapes, function.value, again)


def _holds_constant(backend: Primitives) -> bool:
    """Tell whether a backend has `stop_gradient`; Enzyme's is not right everywhere."""
    xp = backend.namespace()
    try:
        xp.stop_gradient(backend.convert(np.zeros(1)))
    except Unsupported:
        return False
    return True


def _gathered_rows(
    backend: Primitives, function: Function, point: Point, gathered: Gathered
) -> Derived:
    """Read the stored entries off pullbacks to what the cost looks up in its parameters."""
    xp, places = backend.namespace(), backend.convert(gathered.places)
    pulls = [_pull_sweep(backend, function, point, gathered, sweep) for sweep in gathered.sweeps]
    nothing = backend.convert(np.zeros(1))

    def apply(parameters: Any, data: Any) -> Any:
        found = [pull.apply(parameters, data) for pull in pulls]
        terms = [xp.take(_flat(xp, (*found, nothing)), place) for place in each]
        return sum(terms[1:], terms[0])

    each = [places[k] for k in range(len(gathered.places))]
    method = f"{pulls[0].method}, {format_colours(gathered.colours)} of rows"
    return Derived(apply, f"{method} of looked-up parameters", fixed=True)


def _pull_sweep(
    backend: Primitives, function: Function, point: Point, gathered: Gathered, sweep: Sweep
) -> Derived:
    """Pull the cotangents of a sweep back to its inputs: an array (k, *shape) for each of them."""
    holds = _holds_constant(backend)
    inner = look_up(sweep, gathered.calls, point, function, backend.namespace(), holds)
    pull = derive(backend, pullbacks, inner)
    zeros = tuple(backend.convert(np.zeros(shape)) for shape in sweep.taken.values())
    back = backend.convert(sweep.cotangents)

    def apply(parameters: Any, data: Any) -> Any:
        inputs = (*(parameters[k] for k in sweep.direct), *zeros)
        return pull.apply(inputs, (*parameters, *data), back)

    return Derived(apply, pull.method)


# --- second order --------------------------------------------------------------------------


def hvp(backend: Primitives, function: Function) -> Derived:
    """Push the gradient forward; without a pushforward, pull it back.

    The Hessian is symmetric, so the two are the same.
    """
    slopes = derive(backend, gradient, function)
    inner = Function(slopes.apply, function.parameters, function.parameters)
    outer = backend.pushforward(inner) or backend.pullback(inner)
    assert outer is not None  # or there would be no gradient
    return Derived(outer.apply, f"{outer.method} over {slopes.method}")


def gradient_and_hvp(backend: Primitives, function: Function) -> Derived:
    """Take the gradient, then the product; a framework that shares their work does better."""
    slopes, product = derive(backend, gradient, function), derive(backend, hvp, function)
    return Derived(
        lambda p, d, v: (slopes.apply(p, d), product.apply(p, d, v)),
        f"{product.method}, and the gradient",
    )


def hessian(backend: Primitives, function: Function) -> Derived:
    """Take a Hessian-vector product for every component."""
    product, xp = derive(backend, hvp, function), backend.namespace()
    directions = list(unit_directions(backend, function.parameters))

    def apply(parameters: Any, data: Any) -> Any:
        # Each product is a column; the matrix is symmetric, so it is a row as well.
        rows = iter([product.apply(parameters, data, v) for v in directions])
        found = []
        for shape in function.parameters:
            mine = [next(rows) for _ in range(math.prod(shape))]
            stacked = [xp.stack(block) for block in zip(*mine, strict=True)]
            ends = zip(stacked, function.parameters, strict=True)
            found.append(tuple(xp.reshape(block, (*shape, *other)) for block, other in ends))
        return tuple(found)

    return Derived(apply, f"{product.method}, column by column")


def hvps(backend: Primitives, function: Function) -> Derived:
    """Multiply the Hessian by several directions, one after the other.

    (parameters, data, directions: an array (k, *shape) for each parameter) → the same form.
    """
    product, xp = derive(backend, hvp, function), backend.namespace()

    def apply(parameters: Any, data: Any, directions: Any) -> Any:
        several = range(directions[0].shape[0])
        found = [product.apply(parameters, data, _kth(directions, k)) for k in several]
        return tuple(xp.stack(parts) for parts in zip(*found, strict=True))

    return Derived(apply, product.method)


def sparse_hessian(backend: Primitives, function: Function, point: Point) -> Derived:
    """Read the stored entries off a few coloured Hessian-vector products."""
    compression = compress_symmetric(point.pattern(2), function.components)
    products, xp = derive(backend, hvps, function), backend.namespace()
    along = _directions(backend, function.parameters, compression.vectors)
    sizes = list(map(math.prod, function.parameters))
    places = backend.convert(compression.places_in_parts(sizes))

    def apply(parameters: Any, data: Any) -> Any:
        return xp.take(_flat(xp, products.apply(parameters, data, along)), places)

    method = f"{products.method}, {format_colours(compression.colours)}"
    return Derived(apply, method, fixed=True)


def second_derivative(backend: Primitives, function: Function) -> Derived:
    """Take the Hessian-vector product along 1, of a function of a single number."""
    product = derive(backend, hvp, function)
    one = native_direction(backend, function.parameters, np.ones(1))
    return Derived(lambda p, d: product.apply(p, d, one), product.method)


# --- whatever else an operator states ------------------------------------------------------


def from_terms(
    backend: Primitives,
    function: Function,
    point: Point,
    terms: tuple[Term, ...],
    shapes: Iterable[Shape],
) -> Derived:
    """Evaluate an operator's terms on the value, Jacobian and Hessian of the function.

    The result is cut into native arrays of `shapes`. For operators that this page has nothing
    better for.
    """
    orders = sorted({term.order for term in terms})
    matrices = {order: _stored(backend, function, point, order) for order in orders}
    xp, pieces = backend.namespace(), list(shapes)
    size = sum(map(math.prod, pieces))
    written = [t.entries(point) if isinstance(t, Product) else t for t in terms]
    sums = [_segments(backend, entries, point, size) for entries in written]

    def apply(parameters: Any, data: Any, *seeds: Any) -> Any:
        stored = {order: matrices[order].apply(parameters, data) for order in orders}
        seed = _flat(xp, seeds) if seeds else None
        parts = [s(stored[e.order], seed) for s, e in zip(sums, written, strict=True)]
        return tuple(_cut_native(xp, sum(parts[1:], parts[0]), pieces))

    method = ", ".join(matrices[order].method for order in orders if order)
    return Derived(apply, method, any(matrix.fixed for matrix in matrices.values()))


def _stored(backend: Primitives, function: Function, point: Point, order: int) -> Derived:
    """Give the stored entries of a matrix of partials as one vector, in row-major order."""
    xp = backend.namespace()
    if order == 0:
        return Derived(lambda p, d: xp.reshape(function.apply(p, d), (-1,)), "")
    if point.sparse(order):
        return (sparse_hessian if order == 2 else sparse_jacobian)(backend, function, point)
    if order == 1 and function.value == ():
        slopes = derive(backend, gradient, function)
        return Derived(lambda p, d: _flat(xp, slopes.apply(p, d)), slopes.method)
    whole = derive(backend, hessian if order == 2 else jacobian, function)

    def apply(parameters: Any, data: Any) -> Any:
        blocks = whole.apply(parameters, data)
        if order == 1:
            return _side_by_side(xp, blocks, function.value[0])
        sizes = map(math.prod, function.parameters)
        rows = [_side_by_side(xp, b, size) for b, size in zip(blocks, sizes, strict=True)]
        return xp.concat(rows)

    return Derived(apply, whole.method)


def _segments(
    backend: Primitives, entries: Entries, point: Point, size: int
) -> Callable[[Any, Any], Any]:
    """Add up entries by the number that they belong to: (stored vector, seed) → (size,).

    Entries are gathered into a rectangle, a row for each number, its rest filled with zeros.
    """
    out, row, column = entries.places
    where = positions(point, entries.order, row, column)
    rank = _rank_within(out)
    rectangle = np.full((size, int(rank.max(initial=0)) + 1), -1)
    rectangle[out, rank] = where
    stored_size = len(point.pattern(entries.order)[0])
    rectangle[rectangle < 0] = stored_size  # the zero that is put at the end
    xp, zero = backend.namespace(), backend.convert(np.zeros(1))
    gather = backend.convert(rectangle.ravel())
    weigh = None
    if entries.seed is not None:
        factors = np.zeros(rectangle.shape, dtype=np.int64)
        factors[out, rank] = np.broadcast_to(np.asarray(entries.seed), out.shape)
        weigh = backend.convert(factors.ravel())

    def apply(stored: Any, seed: Any) -> Any:
        found = xp.take(xp.concat([stored, zero]), gather)
        if weigh is not None:
            found = found * xp.take(seed, weigh)
        return xp.sum(xp.reshape(found, rectangle.shape), axis=1)

    return apply


def _rank_within(out: np.ndarray) -> np.ndarray:
    """Count, for each entry, how many before it have the same `out`: 0, 1, 2, …."""
    order = np.argsort(out, kind="stable")
    sorted_out = out[order]
    starts = np.searchsorted(sorted_out, sorted_out)
    rank = np.empty_like(out)
    rank[order] = np.arange(len(out)) - starts
    return rank


def positions(point: Point, order: int, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Find entries of a matrix of partials among its stored ones; −1 for one that is not stored."""
    _, columns = point.extent(order)
    wanted: np.ndarray = row * columns + column
    if not point.sparse(order):
        return wanted
    stored_row, stored_column = point.pattern(order)
    stored = stored_row * columns + stored_column  # in ascending order
    found = np.minimum(np.searchsorted(stored, wanted), len(stored) - 1)
    return np.where(stored[found] == wanted, found, -1)


# --- native arrays -------------------------------------------------------------------------


def unit_directions(backend: Primitives, shapes: tuple[Shape, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the unit vector of every component in turn, as a native direction."""
    total = sum(map(math.prod, shapes))
    for position in range(total):
        unit = np.zeros(total)
        unit[position] = 1.0
        yield native_direction(backend, shapes, unit)


def native_direction(
    backend: Primitives, shapes: tuple[Shape, ...], vector: np.ndarray
) -> tuple[Any, ...]:
    """Convert a flat vector to a native array for each parameter."""
    return tuple(backend.convert(part) for part in cut(vector, shapes))


def _directions(backend: Primitives, shapes: tuple[Shape, ...], vectors: np.ndarray) -> Any:
    """Convert flat vectors (k, n) to a native array (k, *shape) for each parameter."""
    ends = np.cumsum(list(map(math.prod, shapes)))[:-1]
    parts = zip(np.split(vectors, ends, axis=1), shapes, strict=True)
    return tuple(backend.convert(part.reshape(-1, *shape)) for part, shape in parts)


def _kth(directions: Any, k: int) -> Any:
    """Take the k-th of several directions."""
    return tuple(part[k] for part in directions)


def assemble(xp: Any, shapes: tuple[Shape, ...], slopes: Iterable[Any], lead: Shape = ()) -> Any:
    """Join slopes by every component, each of shape `lead`, to a native array for each parameter.

    Of shape (*lead, *the parameter's shape).
    """
    left = iter(slopes)
    return tuple(
        xp.reshape(
            xp.stack([next(left) for _ in range(math.prod(shape))], axis=-1), (*lead, *shape)
        )
        for shape in shapes
    )


def _flat(xp: Any, parts: Any) -> Any:
    """Put native arrays, in tuples however nested, end to end."""
    return xp.concat([xp.reshape(part, (-1,)) for part in _leaves(parts)])


def _leaves(parts: Any) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, (tuple, list)):
            yield from _leaves(part)
        else:
            yield part


def _side_by_side(xp: Any, blocks: Any, rows: int) -> Any:
    """Put blocks of the same rows side by side, and give the matrix as one vector."""
    return xp.reshape(xp.concat([xp.reshape(b, (rows, -1)) for b in blocks], axis=1), (-1,))


def _cut_native(xp: Any, vector: Any, shapes: list[Shape]) -> Iterator[Any]:
    start = 0
    for shape in shapes:
        end = start + math.prod(shape)
        yield xp.reshape(vector[start:end], shape)
        start = end


def _pullback(backend: Primitives, function: Function) -> Derived:
    found = backend.pullback(function)
    if found is None:
        raise _nothing_stated(backend)
    return found


def _pushforward(backend: Primitives, function: Function) -> Derived:
    found = backend.pushforward(function)
    if found is None:
        raise _nothing_stated(backend)
    return found


def _nothing_stated(backend: Primitives) -> Unsupported:
    return Unsupported(f"backend {backend.name!r} states neither a pullback nor a pushforward")
