"""Array: an array of balls that remembers how it was computed, all at once.

The tape of `balls` has an entry for every number; this one has an entry for every operation on
arrays, with a rule that takes the adjoint of its result to those of its operands. So the cost of
many rows takes a few entries, and NumPy loops over the numbers. It serves where no comparison
ties, and the chain rule gives numbers; elsewhere `balls` does.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from flint import arb

from calcbench.certified import array_jets, budget, elementary, rounded, rounded_functions
from calcbench.certified.array_jets import ArrayJet, primal
from calcbench.certified.balls import NotFinite, Undecided
from calcbench.certified.constants import convert_array
from calcbench.certified.evaluation import exact_numbers, inputs_changed
from calcbench.certified.matrices import Numbers, product, swap, zeros
from calcbench.certified.rounded import Rounded
from calcbench.errors import Unsupported
from calcbench.problem.faults import RAISED
from calcbench.problem.point import Point

T = TypeVar("T")

Read = Callable[["Array"], Any]
"""What is taken of a partial: its numbers, or their sizes in floats."""

Pull = Callable[[Any, Read], Any]
"""(adjoint of the result, what to read of partials) → what it adds to the adjoint of an operand.

With sizes in place of balls, that is how much may cancel there."""


Rest = Callable[[], np.ndarray]
"""Tells for each number whether it is at rest; it is asked where a comparison ties."""


class Tie(ArithmeticError):
    """Raised where a comparison ties in which a parameter takes part: there are two slopes."""


class Array:
    """An array of numbers known to within a radius; active if it depends on a parameter."""

    __slots__ = (
        "_sizes", "adjoint", "edges", "magnitude", "moved", "rest", "tape", "value", "view",
    )  # fmt: skip
    __array_ufunc__ = None  # so that NumPy leaves operators to this class
    __hash__ = object.__hash__

    def __init__(
        self,
        value: Any,
        edges: Iterable[tuple[Array, Pull]] = (),
        tape: list[Array] | None = None,
        view: bool = False,
    ) -> None:
        """Make a constant or, with a tape, an active array; `edges` are (operand, pull) pairs.

        A `view` has numbers of its operands, and computes none.
        """
        self.value = as_numbers(value)
        budget.spend_array(0 if view else _held(self.value), rounded.chosen())
        self.edges = tuple(edges)
        self.tape = tape
        self.view = view
        self.moved: bool = view and any(operand.moved for operand, _ in self.edges)
        """Whether it has numbers of the parameters themselves."""
        self.adjoint: Any = None
        self.magnitude: np.ndarray | None = None
        """Σ |terms of the adjoint|, of what has numbers of the parameters."""
        self.rest: Rest | np.ndarray | None = None
        """Tells which of its numbers are at rest (`at_rest`), if any may be."""
        self._sizes: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, as of NumPy's arrays."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """What NumPy says of balls: they are objects."""
        return np.dtype(object)

    @property
    def T(self) -> Array:  # noqa: N802 (it is called so)
        """The array with its axes in reverse order."""
        return transpose(self, tuple(reversed(range(self.ndim))))

    @property
    def sizes(self) -> np.ndarray:
        """|midpoint| of every number, as floats."""
        if isinstance(self.value, ArrayJet):
            return self.value.sizes
        if self._sizes is None:
            self._sizes = np.abs(self.value.astype(np.float64))
        return self._sizes

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Give NumPy the balls of a constant. A parameter's would lose what they depend on."""
        if self.tape is not None:
            raise TypeError("NumPy would take an array of balls for plain numbers")
        return self.value.balls() if isinstance(self.value, Rounded) else primal(self.value).copy()

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        raise TypeError("an array of balls is neither true nor false")

    def _beside(self, other: Any) -> Array:
        """Make an operand an array, unless the result would be too large."""
        found = lift(other)
        same = self.shape == found.shape
        shape = self.shape if same else np.broadcast_shapes(self.shape, found.shape)
        slopes = len(self.value.slopes) if isinstance(self.value, ArrayJet) else 0
        budget.expect(math.prod(shape) * (1 + slopes), isinstance(found.value, Rounded))
        return found

    # --- arithmetic ---

    def __add__(self, other: Any) -> Array:
        other = self._beside(other)
        edges = ((self, passed(self.shape)), (other, passed(other.shape)))
        return record(self.value + other.value, edges, rest=_both_at_rest(self, other))

    def __sub__(self, other: Any) -> Array:
        other = self._beside(other)
        edges = ((self, passed(self.shape)), (other, negated(other.shape)))
        return record(self.value - other.value, edges, rest=_both_at_rest(self, other))

    def __mul__(self, other: Any) -> Array:
        other = self._beside(other)
        edges = ((self, scaled(other, self.shape)), (other, scaled(self, other.shape)))
        return record(self.value * other.value, edges, rest=_product_at_rest(self, other))

    def __truediv__(self, other: Any) -> Array:
        other = self._beside(other)
        quotient = self.value / other.value
        edges = [(self, divided(other, self.shape))]
        if other.tape is not None:
            edges.append((other, scaled(Array(-quotient / other.value), other.shape)))
        return record(quotient, edges)

    def __pow__(self, other: Any) -> Array:
        other = self._beside(other)
        n = _whole_exponent(other)
        if n is not None:
            return _power(self, n)
        value, *partials = _fractional_power(self, other)
        edges = [
            (operand, scaled(Array(partial), operand.shape))
            for operand, partial in zip((self, other), partials, strict=True)
            if operand.tape is not None
        ]
        return record(value, edges)

    def __neg__(self) -> Array:
        return record(-self.value, ((self, negated(self.shape)),), rest=lambda: at_rest(self))

    def __abs__(self) -> Array:
        return choose(np.asarray(compare(self, 0) > 0), self, -self)

    def __radd__(self, other: Any) -> Array:
        return lift(other) + self

    def __rsub__(self, other: Any) -> Array:
        return lift(other) - self

    def __rmul__(self, other: Any) -> Array:
        return lift(other) * self

    def __rtruediv__(self, other: Any) -> Array:
        return lift(other) / self

    def __rpow__(self, other: Any) -> Array:
        return lift(other) ** self

    def __matmul__(self, other: Any) -> Array:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Array:
        return matmul(other, self)

    # --- comparisons: decided by the balls, or not at all ---

    def __lt__(self, other: Any) -> Any:
        return compare(self, other) < 0

    def __le__(self, other: Any) -> Any:
        return compare(self, other) <= 0

    def __gt__(self, other: Any) -> Any:
        return compare(self, other) > 0

    def __ge__(self, other: Any) -> Any:
        return compare(self, other) >= 0

    def __eq__(self, other: object) -> Any:
        return compare(self, other) == 0

    def __ne__(self, other: object) -> Any:
        return compare(self, other) != 0

    # --- parts ---

    def __getitem__(self, key: Any) -> Array:
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, (list, np.ndarray)) for part in parts):
            places = np.arange(self.value.size).reshape(self.shape)[key]
            return gather(self, np.asarray(places))
        edges = ((self, lambda adjoint, read: Scattered(key, adjoint, self.shape)),)
        return record(self.value[key], edges, view=True, rest=lambda: at_rest(self)[key])


class Scattered(NamedTuple):
    """What is added to a part of an adjoint: at an index without repetitions."""

    key: Any
    term: Any
    shape: tuple[int, ...]

    def add_to(self, total: Any) -> Any:
        """Return the total with the term added; the total itself may be another array's too."""
        found = zeros(self.shape, like=self.term) if total is None else total.copy()
        term = self.term if total is None else join(found[self.key], self.term)
        found[self.key] = term if self.term.ndim else term[()]
        return found


# --- making arrays --------------------------------------------------------------------------------


def as_numbers(value: Any) -> Numbers:
    """Make an array of balls; one of rounded floats or of jets stays as it is."""
    return value if isinstance(value, OTHERS) else np.asarray(value, dtype=object)


OTHERS = (Rounded, ArrayJet)
"""What may take the place of an object array of balls."""


def as_array(found: Any) -> Any:
    """Make an array again of what NumPy gives; of numbers without an axis it gives no array."""
    return found if isinstance(found, OTHERS) else np.asarray(found)


def _held(numbers: Numbers) -> int:
    """Count numbers, with their slopes."""
    return numbers.held if isinstance(numbers, ArrayJet) else numbers.size


_from_integers = np.frompyfunc(arb, 1, 1)


def exact(numbers: Any) -> Array:
    """Make a constant of floats, integers or truth values, which count as exact."""
    array = np.asarray(numbers)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"no array of numbers: {type(numbers).__name__}")
    if rounded.chosen():
        return Array(rounded.as_rounded(array))
    if array.dtype.kind != "f":
        return Array(_from_integers(array.astype(object) + 0))
    array = array.astype(np.float64)
    found = Array(convert_array(array, arb))
    found._sizes = np.abs(array)
    return found


def constant_values(point: Point) -> dict[str, Any]:
    """Convert an evaluation's floats to constants; other arrays, such as indices, stay."""
    return {
        name: _input_values(point, name) if array.dtype.kind == "f" else array
        for name, array in point.values.items()
    }


def _input_values(point: Point, name: str) -> Array:
    if rounded.chosen():
        return exact(point[name])
    found = Array(exact_numbers(point, name))
    if not inputs_changed():
        found._sizes = np.abs(np.asarray(point[name], np.float64))
    return found


def attempt(function: Callable[[], T]) -> T | None:
    """Call a user's code on arrays; None where it raises, and is to be called on single balls."""
    with np.errstate(all="ignore"):
        try:
            return function()
        except budget.TooSlow:
            raise
        except RAISED:
            return None


def lift(number: Any) -> Array:
    """Make an array of a number or of NumPy's array; one of balls stays as it is."""
    if isinstance(number, Array):
        return number
    if isinstance(number, arb):
        return Array(rounded.near(float(number)) if rounded.chosen() else number)
    if isinstance(number, (int, float, np.generic, np.ndarray)):
        return exact(number)
    raise TypeError(f"no array of numbers: {type(number).__name__}")


def record(
    value: Any,
    edges: Iterable[tuple[Array, Pull]],
    view: bool = False,
    rest: Rest | None = None,
) -> Array:
    """Make the array computed from operands; tape it if one of them is active.

    `rest` tells which of its numbers are at rest, if any may be (`at_rest`).
    """
    active = [edge for edge in edges if edge[0].tape is not None]
    tape = active[0][0].tape if active else None
    found = Array(value, active, tape, view)
    if tape is not None:
        found.rest = rest
        tape.append(found)
    return found


def leaf(constant: Array, tape: list[Array]) -> Array:
    """Make a parameter."""
    numbers = constant.value
    if isinstance(numbers, Rounded):
        numbers = rounded.variable(numbers.mid)
    found = Array(numbers, (), tape, view=True)
    found.moved = True
    return found


# --- rules ----------------------------------------------------------------------------------------


def numbers_of(partial: Array) -> Numbers:
    """Read the numbers of a partial."""
    return partial.value


def sizes_of(partial: Array) -> np.ndarray:
    """Read the sizes of a partial."""
    return partial.sizes


def passed(shape: tuple[int, ...]) -> Pull:
    """Pull an adjoint back as it is."""
    return lambda adjoint, read: collapse(adjoint, shape)


def negated(shape: tuple[int, ...]) -> Pull:
    """Pull an adjoint back with the other sign."""
    return lambda adjoint, read: collapse(adjoint if read is sizes_of else -adjoint, shape)


def scaled(partial: Array, shape: tuple[int, ...]) -> Pull:
    """Pull an adjoint back through an operation element by element, by its partials."""
    return lambda adjoint, read: collapse(adjoint * read(partial), shape)


def divided(divisor: Array, shape: tuple[int, ...]) -> Pull:
    """Pull an adjoint back through a division."""
    return lambda adjoint, read: collapse(adjoint / read(divisor), shape)


def collapse(adjoint: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: add up along the axes that it has stretched."""
    found = as_array(adjoint)
    if found.shape == shape:
        return found
    first = found.ndim - len(shape)
    stretched = [first + k for k, n in enumerate(shape) if n == 1 != found.shape[first + k]]
    return add_up(found, (*range(first), *stretched)).reshape(shape)


def add_up(x: Any, axes: tuple[int, ...], keepdims: bool = False) -> Any:
    """Add up along axes, one number after the other."""
    if x.size == 0:
        return zeros(np.zeros(x.shape).sum(axes, keepdims=keepdims).shape, like=x)
    return as_array(np.add.reduce(x, axes, keepdims=keepdims))  # type: ignore[call-overload]


def join(total: Any, term: Any) -> Any:
    """Add a term to a sum of several, in whatever order."""
    return rounded.join(total, term) if isinstance(total, Rounded) else as_array(total + term)


def scatter(x: Any, places: np.ndarray, size: int) -> Any:
    """Add numbers up by their places in a vector of `size`."""
    if isinstance(x, Rounded):
        return rounded.scatter(x, places, size)
    if isinstance(x, ArrayJet):
        return array_jets.linear(lambda numbers: scatter(numbers, places, size), x)
    found = zeros((size,), like=x)
    np.add.at(found, places, x)
    return found


def _whole_exponent(exponent: Array) -> int | None:
    """Return an exponent that is one whole number, and constant."""
    if exponent.tape is not None or exponent.shape:
        return None
    if isinstance(exponent.value, Rounded):
        number = float(exponent.value.mid)
        return int(number) if exponent.value.exact and number.is_integer() else None
    ball: arb = exponent.value[()]
    return int(ball.mid().fmpz()) if ball.is_integer() else None


def _power(x: Array, n: int) -> Array:
    if n == 0:
        return exact(np.ones(x.shape))
    value: Any
    if isinstance(x.value, Rounded):
        value, slope = rounded_functions.whole_power(x.value, n)
    else:
        value = _raised(x.value, n)
        slope = arb(n) * _raised(x.value, n - 1) if x.tape is not None else 0
    return record(value, ((x, scaled(Array(slope), x.shape)),) if x.tape is not None else ())


def _raised(numbers: Any, n: int) -> Any:
    """Raise balls to a whole power; the first two in a third of the time that Arb's power takes."""
    return numbers if n == 1 else numbers * numbers if n == 2 else numbers**n


def _fractional_power(x: Array, y: Array) -> Sequence[Any]:
    """Compute xʸ, and its partials by what is active."""
    active = x.tape is not None, y.tape is not None
    if isinstance(x.value, Rounded) and isinstance(y.value, Rounded):
        return rounded_functions.fractional_power(x.value, y.value, *active)

    def rule(base: Any, exponent: Any) -> Sequence[Any]:
        return elementary.power(base, exponent, *active)

    x_value, y_value = _numbers_for_rules(x), _numbers_for_rules(y)
    if any(isinstance(numbers, ArrayJet) for numbers in (x_value, y_value)):
        return array_jets.apply_rule(rule, 3, x_value, y_value)
    value, *partials = np.frompyfunc(rule, 2, 3)(x_value, y_value)
    return value, *map(_without_none, partials)


def _numbers_for_rules(x: Array) -> Any:
    """Return the numbers of an array, of a constant without its slopes, which are all 0."""
    return primal(x.value) if x.tape is None else x.value


def _without_none(partials: Any) -> np.ndarray:
    """Put 0 where a power is a constant, for its exponent is 0."""
    return np.asarray(np.frompyfunc(lambda p: arb(0) if p is None else p, 1, 1)(partials))


def element_by_element(name: str) -> Callable[[Any], Array]:
    """Build an elementary function (`certified.elementary`) of arrays."""
    rule = elementary.rule_of(name)
    of_balls, of_floats = np.frompyfunc(rule, 1, 2), rounded_functions.rule_of(name)

    def evaluate(numbers: Any) -> Sequence[Any]:
        if of_floats and isinstance(numbers, Rounded):
            return of_floats(numbers)
        if isinstance(numbers, ArrayJet):
            return array_jets.apply_rule(rule, 2, numbers)
        return elementary.apply_to_each(of_balls, numbers)

    def apply(x: Any) -> Array:
        x = lift(x)
        if of_floats is None and isinstance(x.value, Rounded):
            raise Unsupported(f"xp.{name} of rounded floats")
        value, slope = evaluate(_numbers_for_rules(x))
        edges = ((x, scaled(Array(slope), x.shape)),) if x.tape is not None else ()
        return record(value, edges, rest=lambda: at_rest(x))

    return apply


def matmul(x: Any, y: Any) -> Array:
    """Multiply matrices, or vectors on either side."""
    x, y = lift(x), lift(y)
    rows = x if x.ndim > 1 else reshape(x, (1, *x.shape))
    columns = y if y.ndim > 1 else reshape(y, (*y.shape, 1))
    found = record(
        product(rows.value, columns.value),
        (
            (rows, lambda g, read: collapse(product(g, swap(read(columns))), rows.shape)),
            (columns, lambda g, read: collapse(product(swap(read(rows)), g), columns.shape)),
        ),
    )
    kept = (
        *found.shape[:-2],
        *((found.shape[-2],) if x.ndim > 1 else ()),
        *((found.shape[-1],) if y.ndim > 1 else ()),
    )
    return found if kept == found.shape else reshape(found, kept)


# --- the same numbers in other places -------------------------------------------------------------


def reshape(x: Array, shape: Any) -> Array:
    """Give an array another shape."""
    edges = ((x, lambda adjoint, read: adjoint.reshape(x.shape)),)
    return record(
        np.reshape(x.value, shape), edges, view=True, rest=lambda: at_rest(x).reshape(shape)
    )


def transpose(x: Array, axes: tuple[int, ...]) -> Array:
    """Put the axes into another order."""
    back = tuple(np.argsort(axes).tolist())
    edges = ((x, lambda adjoint, read: np.transpose(adjoint, back)),)
    return record(
        np.transpose(x.value, axes), edges, view=True, rest=lambda: at_rest(x).transpose(axes)
    )


def gather(x: Array, places: np.ndarray) -> Array:
    """Take numbers by their places in the flat array; a place may come more than once."""

    def back(adjoint: Any, read: Read) -> Any:
        return scatter(adjoint, places, x.value.size).reshape(x.shape)

    return record(
        x.value.ravel()[places], ((x, back),), view=True, rest=lambda: at_rest(x).ravel()[places]
    )


def choose(condition: np.ndarray, x: Array, y: Array) -> Array:
    """Take numbers from x where a condition holds, elsewhere from y."""

    def back(holds: np.ndarray, shape: tuple[int, ...]) -> Pull:
        return lambda g, read: collapse(np.where(holds, g, zeros((), like=g)), shape)

    edges = ((x, back(condition, x.shape)), (y, back(~condition, y.shape)))
    return record(
        np.where(condition, x.value, y.value),
        edges,
        view=True,
        rest=lambda: np.where(condition, at_rest(x), at_rest(y)),
    )


# --- numbers at rest ------------------------------------------------------------------------------


def at_rest(x: Array) -> np.ndarray:
    """Tell for each number whether it is known to stay where it is, whatever the parameters do.

    A constant is, and so is a product with a 0 that is at rest, as of what is masked. Where two
    such numbers tie in a comparison, nothing changes beside the point.
    """
    if x.tape is None:
        return np.ones(x.shape, dtype=bool)
    if callable(x.rest):
        for node in x.tape:  # operands come first, so that no rule has to ask another one
            if callable(node.rest):
                node.rest = np.asarray(node.rest())
            if node is x:
                break
    return np.zeros(x.shape, dtype=bool) if x.rest is None else np.asarray(x.rest)


def _both_at_rest(x: Array, y: Array) -> Rest:
    return lambda: at_rest(x) & at_rest(y)


def _product_at_rest(x: Array, y: Array) -> Rest:
    def rest() -> np.ndarray:
        one, other = at_rest(x), at_rest(y)
        return np.asarray((one & other) | (one & _is_zero(x)) | (other & _is_zero(y)))

    return rest


def _is_zero(x: Array) -> np.ndarray:
    """Tell for each number whether it is exactly 0."""
    value = primal(x.value)
    if isinstance(value, Rounded):
        return np.asarray((value.mid == 0) & (value.radii == 0))
    return np.asarray(np.equal(value, 0, dtype=object), dtype=bool)


# --- comparisons ----------------------------------------------------------------------------------


def compare(x: Any, y: Any) -> np.ndarray:
    """Return −1, 0 or 1 for every pair of numbers, as x is smaller, equal or larger.

    Raises `Undecided` where the balls overlap, `NotFinite` for a NaN, `Tie` for an exact tie in
    which a parameter takes part.
    """
    x, y = lift(x), lift(y)
    return decide(x.value, y.value, _both_at_rest(x, y))


def decide(left: Any, right: Any, rest: Rest) -> np.ndarray:
    """Compare as `compare` does; `rest` tells which pairs are at rest, so that ties do no harm."""
    outcome = _outcomes(primal(left), primal(right))
    if not np.all(outcome) and np.any((outcome == 0) & ~rest()):
        raise Tie
    return outcome


def _outcomes(left: Any, right: Any) -> np.ndarray:
    if isinstance(left, Rounded):
        return rounded.outcomes(left, right)
    below, above = (
        np.asarray(relation(left, right, dtype=object), dtype=bool)
        for relation in (np.less, np.greater)
    )
    outcome = above.astype(np.int8) - below
    if np.all(outcome):
        return np.asarray(outcome)
    left, right = np.broadcast_arrays(left, right)
    equal = outcome == 0
    for one, other in zip(left[equal], right[equal], strict=True):
        _check_tie(one, other)
    return np.asarray(outcome)


def _check_tie(one: arb, other: arb) -> None:
    if one.is_nan() or other.is_nan():
        raise NotFinite("the cost compares with what is not a number")
    if not (one.is_exact() and other.is_exact() and operator.eq(one, other)):
        raise Undecided(f"{one.str(5)} against {other.str(5)}")
