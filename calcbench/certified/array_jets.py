"""ArrayJet: an array of balls with its derivatives along several directions at once.

What `jets` is to single numbers, this is to the tape of arrays (`arrays`). Where the arrays there
hold jets, an evaluation gives a Jacobian times directions, and the reverse sweep leaves in every
parameter's adjoint the gradient and, in its slopes, the Hessian times the directions (forward over
reverse: Griewank & Walther, Evaluating Derivatives, 2nd ed., chapter 5). The rules of that tape are
written in NumPy's functions, which find their way here by its protocols for arrays of others: so
they serve for second derivatives as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from flint import arb, arb_mat
from numpy.lib.mixins import NDArrayOperatorsMixin

from calcbench.certified.constants import convert_array
from calcbench.certified.elementary import apply_to_each
from calcbench.certified.jets import Jet
from calcbench.certified.rounded import MOVES, replace

ZERO, ONE = arb(0), arb(1)


class Slope(NamedTuple):
    """The derivatives of an array along one direction, as an array of its shape."""

    numbers: np.ndarray
    """Balls."""
    sizes: np.ndarray
    """Σ |terms| that each is the sum of, along all ways that lead to it: floats."""

    def apply(self, function: Callable[[Any], Any]) -> Slope:
        """Apply a linear function."""
        return Slope(np.asarray(function(self.numbers)), np.asarray(function(self.sizes)))

    def times(self, factor: Any, size: Any) -> Slope:
        """Multiply by numbers, of which `size` has the sizes."""
        return Slope(np.asarray(self.numbers * factor), np.asarray(self.sizes * size))

    def divided(self, divisor: Any, size: Any) -> Slope:
        """Divide by numbers, of which `size` has the sizes."""
        return Slope(np.asarray(self.numbers / divisor), np.asarray(self.sizes / size))

    def plus(self, other: Slope) -> Slope:
        """Add another one."""
        total = np.asarray(self.numbers + other.numbers)
        return Slope(total, np.asarray(self.sizes + other.sizes))


Slopes = Sequence[Slope | None]
"""For each direction the slope; None for zeros."""


class ArrayJet(NDArrayOperatorsMixin):
    """An array x + Σ εₖ·slopeₖ with εₖ·εₗ = 0, and NumPy's functions that the tape needs of it.

    Comparisons, and all questions of size and precision, are about x alone.
    """

    __slots__ = ("_sizes", "slopes", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, slopes: Slopes, sizes: np.ndarray | None = None) -> None:
        """Take x as an object array of balls, its slopes, and |x| in floats where that is known."""
        self.value = np.asarray(value, dtype=object)
        self.slopes = list(slopes)
        self._sizes = sizes

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, as of NumPy's arrays."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """The number of numbers."""
        return self.value.size

    @property
    def held(self) -> int:
        """The number of numbers with their slopes."""
        return self.size * (1 + sum(slope is not None for slope in self.slopes))

    @property
    def T(self) -> ArrayJet:  # noqa: N802 (it is called so)
        """The array with its axes in reverse order."""
        return _move(np.transpose, self)

    @property
    def sizes(self) -> np.ndarray:
        """|midpoint| of every number, as floats."""
        if self._sizes is None:
            self._sizes = _sizes(self.value)
        return self._sizes

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> ArrayJet:
        return _move(lambda x: x[key], self)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.value[key] = _element(np.asarray(primal(value), dtype=object))
        self._sizes = None
        moving = value.slopes if isinstance(value, ArrayJet) else [None] * len(self.slopes)
        for k, (mine, new) in enumerate(zip(self.slopes, moving, strict=True)):
            if mine is None and new is None:
                continue
            self.slopes[k] = mine = mine or _zero_slope(self.shape)
            mine.numbers[key] = ZERO if new is None else _element(new.numbers)
            mine.sizes[key] = 0.0 if new is None else new.sizes

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError("NumPy would take an array of jets for plain numbers")

    def ravel(self) -> ArrayJet:
        """Return the numbers as a vector."""
        return _move(np.ravel, self)

    def reshape(self, *shape: Any) -> ArrayJet:
        """Return the numbers in another shape."""
        return _move(lambda x: x.reshape(*shape), self)

    def astype(self, dtype: Any) -> np.ndarray:
        """Return the midpoints without their slopes."""
        return self.value.astype(dtype)

    def copy(self) -> ArrayJet:
        """Return an array to write into."""
        return _move(np.copy, self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Be asked by NumPy for a function element by element, or for sums."""
        if method == "__call__" and ufunc in OPERATIONS and not options:
            return OPERATIONS[ufunc](*inputs)
        if ufunc is np.add and method in ("reduce", "accumulate"):
            return linear(getattr(ufunc, method), *inputs, **options)
        return NotImplemented

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Be asked by NumPy to move numbers to other places."""
        return _move(function, *inputs, **options) if function in MOVES else NotImplemented


def primal(number: Any) -> Any:
    """Return the array of a jet without its slopes; anything else as it is."""
    return number.value if isinstance(number, ArrayJet) else number


def sizes_of(number: Any) -> np.ndarray:
    """Return |midpoint| of every number, as floats."""
    return number.sizes if isinstance(number, ArrayJet) else _sizes(np.asarray(number))


def _sizes(numbers: np.ndarray) -> np.ndarray:
    return np.abs(numbers.astype(np.float64))


def _element(numbers: np.ndarray) -> Any:
    """Return a number out of an array of no axes, for NumPy would store that array itself."""
    return numbers if numbers.ndim else numbers[()]


def zeros(shape: tuple[int, ...], like: ArrayJet) -> ArrayJet:
    """Make zeros to write into."""
    return ArrayJet(np.full(shape, ZERO, dtype=object), [None] * len(like.slopes))


def _zero_slope(shape: tuple[int, ...]) -> Slope:
    return Slope(np.full(shape, ZERO, dtype=object), np.zeros(shape))


# --- linear functions -----------------------------------------------------------------------------


def linear(function: Callable[..., Any], *inputs: Any, **options: Any) -> ArrayJet:
    """Apply a linear function of the jets and arrays of numbers among the inputs."""
    jets: list[ArrayJet] = []

    def value_of(x: Any) -> Any:
        if isinstance(x, ArrayJet):
            jets.append(x)
        return primal(x)

    def call(part: Callable[[Any], Any]) -> np.ndarray:
        return np.asarray(function(*(replace(x, NUMBERS, part) for x in inputs), **options))

    def slope_along(k: int) -> Slope | None:
        if all(jet.slopes[k] is None for jet in jets):
            return None
        return Slope(call(_numbers_along(k)), call(_sizes_along(k)))

    value = call(value_of)
    return ArrayJet(value, [slope_along(k) for k in range(len(jets[0].slopes))])


NUMBERS = (ArrayJet, np.ndarray)
"""What holds numbers, if it is no array of indices or conditions."""


def _numbers_along(k: int) -> Callable[[Any], Any]:
    """Build what picks an operand's slope along a direction."""

    def pick(x: Any) -> Any:
        slope = x.slopes[k] if isinstance(x, ArrayJet) else None
        if slope is not None:
            return slope.numbers
        return np.full(x.shape, ZERO, dtype=object) if _holds_numbers(x) else x

    return pick


def _sizes_along(k: int) -> Callable[[Any], Any]:
    """Build what picks the sizes of an operand's slope along a direction."""

    def pick(x: Any) -> Any:
        slope = x.slopes[k] if isinstance(x, ArrayJet) else None
        if slope is not None:
            return slope.sizes
        return np.zeros(x.shape) if _holds_numbers(x) else x

    return pick


def _holds_numbers(x: Any) -> bool:
    return isinstance(x, ArrayJet) or (isinstance(x, np.ndarray) and x.dtype == np.object_)


def _move(function: Callable[..., Any], *inputs: Any, **options: Any) -> ArrayJet:
    """Apply a function that computes nothing, to sizes that are known as well."""
    found = linear(function, *inputs, **options)
    first, *others = inputs
    known = isinstance(first, ArrayJet) and first._sizes is not None
    if known and not any(map(_holds_numbers, others)):
        found._sizes = np.asarray(function(first._sizes, *others, **options))
    return found


# --- the chain rule -------------------------------------------------------------------------------


def _chain(value: Any, *links: tuple[Any, Any]) -> ArrayJet:
    """Apply the chain rule: the slopes of a result are Σ partial·slope over its operands.

    `links` are (operand, partial); the operands that are no jets count for nothing.
    """
    value = np.asarray(value, dtype=object)
    terms = [
        (operand.slopes, primal(partial), sizes_of(partial))
        for operand, partial in links
        if isinstance(operand, ArrayJet)
    ]
    slopes = []
    for k in range(len(terms[0][0])):
        parts = [s.times(p, size) for along, p, size in terms if (s := along[k]) is not None]
        slopes.append(_total(parts))
    return ArrayJet(value, slopes)


def _total(parts: Sequence[Slope]) -> Slope | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else parts[0].plus(parts[1])


def _add(x: Any, y: Any) -> ArrayJet:
    return _plain_sum(primal(x) + primal(y), (x, 1), (y, 1))


def _subtract(x: Any, y: Any) -> ArrayJet:
    return _plain_sum(primal(x) - primal(y), (x, 1), (y, -1))


def _negative(x: ArrayJet) -> ArrayJet:
    return _plain_sum(-x.value, (x, -1))


def _plain_sum(value: Any, *links: tuple[Any, int]) -> ArrayJet:
    """Add up operands with their signs: as `_chain`, but nothing is multiplied by 1."""
    value = np.asarray(value, dtype=object)
    terms = [(x.slopes, sign) for x, sign in links if isinstance(x, ArrayJet)]

    def part(slope: Slope, sign: int) -> Slope:
        if slope.numbers.shape != value.shape:
            slope = slope.apply(lambda x: np.broadcast_to(x, value.shape))
        return slope if sign > 0 else Slope(np.asarray(-slope.numbers), slope.sizes)

    slopes = []
    for k in range(len(terms[0][0])):
        parts = [part(s, sign) for along, sign in terms if (s := along[k]) is not None]
        slopes.append(_total(parts))
    return ArrayJet(value, slopes)


def _multiply(x: Any, y: Any) -> ArrayJet:
    return _chain(primal(x) * primal(y), (x, y), (y, x))


def _divide(x: Any, y: Any) -> ArrayJet:
    divisor = primal(y)
    quotient = np.asarray(primal(x) / divisor, dtype=object)
    if not isinstance(y, ArrayJet):  # 6/3 is exact, where 6·(1/3) is not
        slopes = [None if s is None else s.divided(y, sizes_of(y)) for s in x.slopes]
        return ArrayJet(quotient, slopes)
    return _chain(quotient, (x, 1 / divisor), (y, -quotient / divisor))


def _power(x: ArrayJet, n: int) -> Any:
    """Raise to a whole power."""
    if n in (0, 1):  # by the rule below, the slope of x⁰ would be 0·∞ at x = 0
        return x if n else np.full(x.shape, ONE, dtype=object)
    return _chain(x.value**n, (x, n * x.value ** (n - 1)))


def _exp(x: ArrayJet) -> ArrayJet:
    value = np.asarray(np.exp(x.value), dtype=object)
    return _chain(value, (x, value))


def _log(x: ArrayJet) -> ArrayJet:
    return _chain(np.log(x.value), (x, 1 / x.value))


def _sqrt(x: ArrayJet) -> ArrayJet:
    root = np.asarray(np.sqrt(x.value), dtype=object)
    return _chain(root, (x, 1 / (2 * root)))


OPERATIONS: dict[Any, Callable[..., Any]] = {
    np.add: _add,
    np.subtract: _subtract,
    np.negative: _negative,
    np.multiply: _multiply,
    np.divide: _divide,
    np.power: _power,
    np.sqrt: _sqrt,
    np.exp: _exp,
    np.log: _log,
}
"""NumPy's functions that compute."""


def add_slopes(value: Any, *parts: Slopes | None) -> ArrayJet:
    """Make a jet of which the slopes are sums: by the factors of a product, of which some move."""
    moving = [slopes for slopes in parts if slopes is not None]
    along = zip(*moving, strict=True)
    return ArrayJet(value, [_total([s for s in each if s is not None]) for each in along])


# --- functions of single numbers ------------------------------------------------------------------


def apply_rule(rule: Callable[..., Sequence[Any]], results: int, *operands: Any) -> list[ArrayJet]:
    """Apply a rule of single numbers, such as x → (f(x), f′(x)), element by element.

    Each number goes in as a jet of slope 1, and comes out with the derivatives of all `results`.
    Operands that are plain arrays are constants; a result of None counts as 0.
    """
    places = [k for k, x in enumerate(operands) if isinstance(x, ArrayJet)]
    units = _unit_slopes(len(places))

    def derive(*numbers: arb) -> Any:
        given = list(numbers)
        for place, unit in zip(places, units, strict=True):
            given[place] = Jet(numbers[place], unit)
        return tuple(part for result in rule(*given) for part in _parts(result, len(places)))

    jets, step = [operands[place] for place in places], 1 + len(places)
    each = np.frompyfunc(derive, len(operands), results * step)
    found = apply_to_each(each, *(np.asarray(primal(x), dtype=object) for x in operands))
    return [
        _chain(found[k], *zip(jets, found[k + 1 : k + step], strict=True))
        for k in range(0, len(found), step)
    ]


def _unit_slopes(count: int) -> list[Any]:
    """Return the slopes of independent numbers: of a single one plain 1, which is quicker."""
    if count == 1:
        return [ONE]
    return [arb_mat(1, count, [int(k == j) for j in range(count)]) for k in range(count)]


def _parts(result: Any, count: int) -> list[arb]:
    """Return a result and its slopes."""
    if not isinstance(result, Jet):
        return [ZERO if result is None else result, *[ZERO] * count]
    slope = result.slope
    return [result.value, *([slope] if isinstance(slope, arb) else slope.entries())]


# --- making jets and reading them -----------------------------------------------------------------


def make(numbers: Any, sizes: np.ndarray, count: int, along: np.ndarray | None = None) -> ArrayJet:
    """Make a jet of `count` slopes: of a parameter its entries `along` (count, *shape), or zeros.

    `sizes` are those of the numbers.
    """
    slopes: list[Slope | None] = [None] * count
    for k, entries in enumerate(() if along is None else along):
        if np.any(entries):
            slopes[k] = Slope(convert_array(entries, arb), np.abs(entries))
    return ArrayJet(numbers, slopes, sizes)


def constant(numbers: Any, count: int) -> ArrayJet:
    """Make a jet that does not move."""
    return ArrayJet(numbers, [None] * count)


def slopes_along(jet: ArrayJet) -> Slope:
    """Return the slopes along all directions as the columns of matrices (size, k)."""
    found = [slope or _zero_slope(jet.shape) for slope in jet.slopes]
    numbers, sizes = ([part.ravel() for part in parts] for parts in zip(*found, strict=True))
    return Slope(np.stack(numbers, axis=1), np.stack(sizes, axis=1))
