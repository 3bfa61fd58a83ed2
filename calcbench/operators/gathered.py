"""Gathered parameters: a Jacobian whose rows each look up a few of the parameters.

Where a cost begins with `take(cameras, camera_of)`, a camera stands in many rows: in as many as
there are observations of it, and by rows nothing could be compressed. But each row that was looked
up is used by its own observation alone. Differentiated by what was looked up, in place of what it
was looked up in, the Jacobian has as many colours of rows as there are residuals of an observation;
every stored entry is one of its entries, or a sum of them. (Partial separability: Griewank & Toint,
in Nonlinear Optimization 1981, 301-312.)

Which rows use what is found by running the cost once, on arrays whose numbers carry with them what
they depend on (`reach`). It holds for all values of parameters and of data with fractions, but for
the same indices only: what is prepared by it is prepared anew for others (`Transforming`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from calcbench.errors import ProblemError
from calcbench.operators.colouring import colour_columns
from calcbench.operators.compression import group_products, indicators, places_in_parts
from calcbench.operators.function import Function
from calcbench.operators.reach import Reaching, reaching_vocabulary
from calcbench.problem.flat import Shape
from calcbench.problem.point import Point

ROOM = 8
"""How many entries by what was looked up are listed, at most, for each stored entry."""


class Looking:
    """A vocabulary of which each call of `take` by the cost itself is seen, in order."""

    def __init__(self, xp: Any, see: Callable[[int, Any, Any, int], Any]) -> None:
        """Take the vocabulary, and what gives a result: of the call's number, x, indices, axis."""
        self._xp = xp
        self._see = see
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, name)

    def take(self, x: Any, indices: Any, axis: int = 0) -> Any:
        """Take slices by integer index."""
        self.calls += 1
        return self._see(self.calls - 1, x, indices, axis)


@dataclass(frozen=True)
class Sweep:
    """Some rows of the Jacobian, by the inputs that they have entries by."""

    direct: tuple[int, ...]
    """The parameters that are used as they stand, by number."""
    taken: dict[int, Shape]
    """Call of `take` → the shape of what it looks up, for those that look up parameters."""
    cotangents: np.ndarray
    """(colours, m): what the Jacobian by these inputs is multiplied by."""


@dataclass(frozen=True)
class Gathered:
    """A Jacobian by inputs that rows do not share: parameters, and what was looked up in them."""

    sweeps: tuple[Sweep, ...]
    calls: int
    """How often the cost calls `take`."""
    places: np.ndarray
    """(terms, stored entries): where the terms stand of which each stored entry is the sum, in the
    products of all sweeps, each cut by input; behind the last is the place of a 0."""

    @property
    def colours(self) -> int:
        """Count the products that are needed."""
        return sum(len(sweep.cotangents) for sweep in self.sweeps)


class Entries(NamedTuple):
    """The entries of the Jacobian by inputs: arrays of one length, a number for each entry."""

    row: np.ndarray
    part: np.ndarray
    """The input, by its number among those that are used."""
    position: np.ndarray
    """Where the entry stands in its input, flattened."""
    stored: np.ndarray
    """The stored entry of the Jacobian by parameters that it counts for; −1 for none."""


def find_gathered(point: Point, backend: str) -> Gathered | None:
    """Find how a sparse Jacobian follows from what its cost looks up; None where it does not."""
    run = _try_run(point, backend)
    if run is None:
        return None
    value, sources, calls = run
    used = [source for source in sources if source in value.reach]
    entries = _list_entries(point, value, [(sources[s], *value.reach[s]) for s in used])
    if entries is None:
        return None
    sizes = np.array([sources[s].size for s in used])
    colour = _colour_rows(entries, sizes, len(value))
    groups = _group_colours(entries, colour)
    places, zero = _place(entries, colour[entries.row], groups, sizes)
    counts = entries.stored >= 0
    terms = _stack(places[counts], entries.stored[counts], len(point.pattern(1)[0]), zero)
    if terms is None:
        return None
    cotangents = indicators(colour)
    sweeps = [
        _sweep([used[k] for k in parts], sources, len(point.shapes), cotangents[colours])
        for parts, colours in groups
    ]
    return Gathered(tuple(sweeps), calls, terms)


def _try_run(point: Point, backend: str) -> tuple[Reaching, dict[int, np.ndarray], int] | None:
    """Run the cost as `_run` does; None where that fails, or it looks up no parameters."""
    try:
        with np.errstate(all="ignore"):
            value, sources, calls = _run(point, backend)
    except Exception:  # whatever a cost does with arrays that are not its backend's own
        return None
    if not sources.keys() - range(len(point.shapes)) or not isinstance(value, Reaching):
        return None
    return (value, sources, calls) if value.shape == point.value_shape else None


def _colour_rows(entries: Entries, sizes: np.ndarray, rows: int) -> np.ndarray:
    """Give rows one colour, and so one product, that have no entry by the same number."""
    starts = np.cumsum(sizes) - sizes
    colour: np.ndarray = colour_columns(
        (starts[entries.part] + entries.position, entries.row), rows
    )
    return colour


def _group_colours(entries: Entries, colour: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Put colours together that have entries by the same inputs: (those inputs, these colours)."""
    meets = np.zeros((int(colour.max()) + 1, int(entries.part.max()) + 1), dtype=bool)
    meets[colour[entries.row], entries.part] = True
    return group_products(meets)


def _place(
    entries: Entries,
    colour: np.ndarray,
    groups: list[tuple[np.ndarray, np.ndarray]],
    sizes: np.ndarray,
) -> tuple[np.ndarray, int]:
    """Find each entry, of a colour, in the products of all groups, and where these end."""
    places, end = np.empty(len(colour), dtype=np.int64), 0
    for parts, colours in groups:
        inside = np.isin(colour, colours)
        starts = np.cumsum(sizes[parts]) - sizes[parts]
        column = starts[np.searchsorted(parts, entries.part[inside])] + entries.position[inside]
        product = np.searchsorted(colours, colour[inside])
        places[inside] = end + places_in_parts(product, column, sizes[parts], len(colours))
        end += len(colours) * int(sizes[parts].sum())
    return places, end


def _sweep(
    inputs: list[int], sources: dict[int, np.ndarray], parameters: int, cotangents: np.ndarray
) -> Sweep:
    """Make the products of some colours by some inputs; the first numbers are parameters."""
    direct = tuple(source for source in inputs if source < parameters)
    taken = {s - parameters: sources[s].shape for s in inputs if s >= parameters}
    return Sweep(direct, taken, cotangents)


def look_up(
    sweep: Sweep, calls: int, point: Point, function: Function, xp: Any, holds: bool
) -> Function:
    """Make the cost a function of what is used as it stands, and of what is looked up.

    Its data are all parameters, and the data of the cost. For each look-up that counts, it takes an
    input that is added to what is looked up, itself held constant: at zeros there, its derivative
    by that input is the derivative by what is looked up. `calls` is how often it calls `take`. A
    vocabulary that holds nothing constant runs the cost at its data first, to see what it looks up.
    """
    numbers = {call: k for k, call in enumerate(sweep.taken, len(sweep.direct))}
    shapes = list(point.shapes.values())

    def run(parameters: Any, data: Any, see: Any) -> Any:
        looking = Looking(xp, see)
        assert function.over is not None
        value = function.over(looking).apply(tuple(parameters), data)
        if looking.calls != calls:
            raise _changed(point)
        return value

    # Where no gradient can be stopped, what is looked up comes from a run of which the inputs are
    # no part, so that nothing is differentiated through it.
    def find(parameters: Any, data: Any) -> dict[int, Any]:
        found = {}

        def see(call: int, x: Any, indices: Any, axis: int) -> Any:
            looked = xp.take(x, indices, axis)
            if call in numbers:
                found[call] = looked
            return looked

        run(parameters, data, see)
        return found

    def apply(inputs: Any, everything: Any) -> Any:
        parameters, data = list(everything[: len(shapes)]), everything[len(shapes) :]
        constant = {} if holds else find(parameters, data)

        def see(call: int, x: Any, indices: Any, axis: int) -> Any:
            if call not in numbers:
                return xp.take(x, indices, axis)
            found = xp.take(xp.stop_gradient(x), indices, axis) if holds else constant[call]
            if tuple(found.shape) != sweep.taken[call]:
                raise _changed(point)
            return found + inputs[numbers[call]]

        for number, value in zip(sweep.direct, inputs, strict=False):
            parameters[number] = value
        return run(parameters, data, see)

    inputs = (*(shapes[k] for k in sweep.direct), *sweep.taken.values())
    return Function(apply, inputs, function.value)


def _changed(point: Point) -> ProblemError:
    return ProblemError(
        f"problem {point.problem.name!r}: its cost calls xp.take otherwise than before, at the "
        "same integer data"
    )


def _run(point: Point, backend: str) -> tuple[Any, dict[int, np.ndarray], int]:
    """Run the cost: its value, the components that each input holds, and the calls of `take`.

    The parameters are inputs 0, 1, …, and those after them what the calls of `take` look up.
    """
    sources: dict[int, np.ndarray] = {}
    xp, count = reaching_vocabulary(), len(point.shapes)

    def begin(source: int, value: Any, components: np.ndarray) -> Reaching:
        sources[source] = components
        own = np.arange(components.size).reshape(components.shape)
        return Reaching(value, {source: (own, own)}, components)

    def see(call: int, x: Any, indices: Any, axis: int) -> Any:
        found = xp.take(x, indices, axis)
        if not isinstance(found, Reaching) or found.components is None:
            return found
        return begin(count + call, found.value, found.components)

    components = point.unflatten(np.arange(point.size))
    given = [
        begin(k, value, components[name])
        for k, (name, value) in enumerate(point.parameters.items())
    ]
    # What depends on data with fractions is not known; indices are not made of them.
    data = {n: Reaching(v, {}) if v.dtype.kind == "f" else v for n, v in point.data.items()}
    looking = Looking(xp, see)
    value = point.problem.cost_on(backend, looking)(*given, **{**data, **point.statics})
    return value, sources, looking.calls


def _list_entries(
    point: Point, value: Reaching, inputs: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> Entries | None:
    """List the entries by inputs.

    An entry by an input that alone reaches what is not stored is 0, as that is; it is left out.
    Where several reach it, only their sum is 0 (x - take(x, i), where i is the own number): they
    are listed, for the colouring, and count for no entry, −1. None where there are too many, or
    none at all.
    """
    row, column = point.pattern(1)
    room = ROOM * len(row)
    listed = []
    for part, (components, first, last) in enumerate(inputs):
        width = np.where(last >= first, last - first + 1, 0)
        room -= int(width.sum())
        if room < 0:
            return None
        rows = np.repeat(np.arange(len(width)), width)
        begins = np.cumsum(width) - width
        position = np.arange(len(rows)) - np.repeat(begins - np.where(width, first, 0), width)
        reached = rows * point.size + components.ravel()[position]
        listed.append((rows, np.full(len(rows), part), position, reached))
    if not listed:
        return None
    rows, parts, positions, reached = (np.concatenate(each) for each in zip(*listed, strict=True))
    entry = _find(reached, row * point.size + column)
    kept = entry >= 0
    kept[~kept] = _several(reached[~kept])
    found = Entries(rows[kept], parts[kept], positions[kept], entry[kept])
    return found if len(found.row) else None


def _find(wanted: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Find where numbers stand among others, which are in order; −1 where they do not."""
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    return np.where(ordered[place] == wanted, place, -1)


def _several(numbers: np.ndarray) -> np.ndarray:
    """Tell of each number whether it is there more than once."""
    _, which, count = np.unique(numbers, return_inverse=True, return_counts=True)
    several: np.ndarray = count[which] > 1
    return several


def _stack(places: np.ndarray, entry: np.ndarray, entries: int, zero: int) -> np.ndarray | None:
    """Put the places of each entry's terms into a column; None where there are too many."""
    order = np.argsort(entry, kind="stable")
    ordered = entry[order]
    rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    terms = int(rank.max(initial=0)) + 1
    if terms > ROOM:
        return None
    stacked = np.full((terms, entries), zero)
    stacked[rank, ordered] = places[order]
    return stacked
