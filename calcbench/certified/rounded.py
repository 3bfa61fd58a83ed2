"""Rounded: float64 arrays that know what rounding may do to them.

A result v of an operation is off by u·loc at most, where u is the unit roundoff and `loc` is

    |v|                  of + − × ÷ and √, which round correctly
    2|v|                 of an elementary function: a unit in the last place, or more where told
    √n·Σ|terms|          of a sum of n terms, in whatever order, or more (`certified.additions`)
    (√n + 1)·Σ|x||y|     of a dot product

There are two ways to add all that up. *Bounded*: every number has a radius, to which those of its
operands amount, plus u·loc. *Simulated*: every result becomes v + 8u·ξ·loc with a random ξ, and
several evaluations show what comes of it (Parker, "Monte Carlo arithmetic", UCLA CSD-970002, 1997).
Like the precision of balls, the choice is global. These arrays take the place of balls in
`certified.arrays`: NumPy's functions find their way here by its protocols for arrays of others.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from flint import arb
from numpy.lib.mixins import NDArrayOperatorsMixin

from calcbench.certified import additions
from calcbench.certified.balls import NotFinite, Undecided

AMPLIFIED = 8.0
"""How many times larger than real ones simulated roundings are, so that they stand out of these."""

UPWARDS = 1 + 2.0**-49
"""Times what a radius is computed as: it is rounded itself."""

Draw = Callable[[tuple[int, ...]], Any]
"""A shape → random numbers ξ of mean square 1."""


@dataclass
class Made:
    """What has been computed: what it takes can be told from that, whatever the clock says."""

    operations: int = 0
    """On arrays."""
    numbers: int = 0
    """In their results, and the terms of long sums."""


class _Arithmetic(NamedTuple):
    unit: float
    """The unit roundoff."""
    draw: Draw | None
    """None where radii are kept."""
    sums: bool
    """Whether additions in sums and products of matrices are rounded."""
    made: Made

    def loss(self, of: Callable[..., Any], *what: Any) -> Any:
        """Return what is lost in additions (`certified.additions`), if that counts."""
        return of(*what, self.unit) if self.sums else 0.0


_chosen: list[_Arithmetic] = []
"""The arithmetics that are under way, the innermost last."""


def chosen() -> bool:
    """Tell whether numbers are to be floats that are rounded, and not balls."""
    return bool(_chosen)


@contextlib.contextmanager
def rounded_arithmetic(unit: float, draw: Draw | None = None, sums: bool = True) -> Iterator[Made]:
    """Compute with rounded floats, and count what is made.

    They are bounded, or simulated where `draw` gives random numbers. Without `sums`, what is added
    up in these is not rounded, but its terms are.
    """
    _chosen.append(_Arithmetic(unit, draw, sums, Made()))
    try:
        yield _chosen[-1].made
    finally:
        _chosen.pop()


class Rounded(NDArrayOperatorsMixin):
    """An array of floats, each off by no more than its radius."""

    __slots__ = ("exact", "mid", "rad")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, mid: Any, rad: Any = 0.0, exact: bool = False) -> None:
        """Make an array; `rad` is 0.0 where no radii are kept, or none is above 0.

        `exact` is for constants: what is computed of whole ones has no rounding either.
        """
        self.mid = np.asarray(mid, dtype=np.float64)
        self.rad = rad if type(rad) is float else np.asarray(rad)
        self.exact = exact

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, as of NumPy's arrays."""
        return self.mid.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.mid.ndim

    @property
    def size(self) -> int:
        """The number of numbers."""
        return self.mid.size

    @property
    def T(self) -> Rounded:  # noqa: N802 (it is called so)
        """The array with its axes in reverse order."""
        return _moved(np.transpose, self)

    @property
    def radii(self) -> np.ndarray:
        """The radius of every number; infinite where none is known."""
        radii = np.broadcast_to(self.rad, self.shape)
        return np.where(np.isnan(radii), np.inf, radii)

    def __len__(self) -> int:
        return len(self.mid)

    def __getitem__(self, key: Any) -> Rounded:
        rad = self.rad[key] if isinstance(self.rad, np.ndarray) else self.rad
        return Rounded(self.mid[key], rad, self.exact)

    def __setitem__(self, key: Any, value: Any) -> None:
        value = as_rounded(value)
        self.mid[key] = value.mid
        if isinstance(self.rad, np.ndarray):
            self.rad[key] = value.rad

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError("NumPy would take an array of rounded numbers for plain ones")

    def ravel(self) -> Rounded:
        """Return the numbers as a vector."""
        return _moved(np.ravel, self)

    def reshape(self, *shape: Any) -> Rounded:
        """Return the numbers in another shape."""
        return _moved(lambda x: x.reshape(*shape), self)

    def astype(self, dtype: Any) -> np.ndarray:
        """Return the floats without what is known of them."""
        return self.mid.astype(dtype)

    def balls(self) -> np.ndarray:
        """Return the numbers with their radii as an object array of `flint.arb`."""
        return np.asarray(np.frompyfunc(arb, 2, 1)(self.mid, self.radii), dtype=object)

    def copy(self) -> Rounded:
        """Return an array to write into."""
        found = zeros(self.shape)
        found[...] = self
        return found

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Be asked by NumPy for a function element by element, or for sums."""
        if method == "__call__" and ufunc in OPERATIONS and not options:
            return OPERATIONS[ufunc](*map(as_rounded, inputs))
        if ufunc is np.add and method == "reduce":
            return _sum(*inputs, **options)
        if ufunc is np.add and method == "accumulate":
            return _running_sum(*inputs, **options)
        return NotImplemented

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Be asked by NumPy to move numbers to other places."""
        return _moved(function, *inputs, **options) if function in MOVES else NotImplemented


MOVES = {
    np.broadcast_to, np.concatenate, np.diagonal, np.expand_dims, np.flip, np.moveaxis, np.ravel,
    np.reshape, np.stack, np.swapaxes, np.take, np.take_along_axis, np.transpose, np.where,
}  # fmt: skip
"""NumPy's functions that compute nothing."""


def _moved(function: Callable[..., Any], *inputs: Any, **options: Any) -> Rounded:
    """Move numbers, and their radii with them."""
    operands: list[Rounded] = []

    def mid_of(x: Rounded) -> np.ndarray:
        operands.append(x)
        return x.mid

    def rad_of(x: Rounded) -> np.ndarray:
        return np.broadcast_to(x.rad, x.shape)

    mid = function(*(replace(value, Rounded, mid_of) for value in inputs), **options)
    rad: Any = 0.0
    exact = all(x.exact for x in operands)
    if any(isinstance(x.rad, np.ndarray) for x in operands):
        wide = [replace(value, Rounded, rad_of) for value in inputs]
        rad = np.asarray(function(*wide, **options))
    return Rounded(mid, rad, exact)


def replace(value: Any, kind: Any, function: Callable[[Any], Any]) -> Any:
    """Replace what is of a kind: the value itself, or those in a list."""
    if isinstance(value, kind):
        return function(value)
    if isinstance(value, (list, tuple)) and any(isinstance(each, kind) for each in value):
        return [replace(each, kind, function) for each in value]
    return value


# --- making arrays --------------------------------------------------------------------------------


def as_rounded(number: Any) -> Rounded:
    """Make a constant of floats, which count as exact."""
    return number if isinstance(number, Rounded) else Rounded(number, exact=True)


def variable(numbers: np.ndarray) -> Rounded:
    """Make a parameter: what is computed of it is rounded, even where it happens not to be."""
    return Rounded(numbers)


def near(number: float) -> Rounded:
    """Make a constant of a number that floats do not hold, such as π."""
    return _round(np.asarray(number), abs(number), lambda: 0.0)


def zeros(shape: tuple[int, ...]) -> Rounded:
    """Make zeros to write into."""
    return Rounded(np.zeros(shape), np.zeros(shape) if _chosen[-1].draw is None else 0.0)


def _round(
    mid: Any, loc: Any, reach: Callable[[], Any], operands: Sequence[Rounded] = ()
) -> Rounded:
    """Round a result, which is off by u·loc, and by what the radii of operands reach.

    Raises `FloatingPointError` for what is beyond the range of floats: infinity comes of infinity
    alone, such as what is masked.
    """
    mid = np.asarray(mid)
    unit, draw, _, made = _chosen[-1]
    made.operations += 1
    made.numbers += mid.size
    finite: Any = True
    if not _are_finite(mid):
        if all(_are_finite(x.mid) for x in operands):
            raise FloatingPointError("beyond the range of floats")
        finite = np.isfinite(mid)
        loc = np.where(finite, loc, 0.0)
    if draw is not None:
        return Rounded(mid + (AMPLIFIED * unit) * draw(mid.shape) * loc)
    rad = np.asarray((reach() + unit * loc) * UPWARDS)
    if finite is not True:
        rad = np.where(finite, rad, 0.0)
    return Rounded(mid, rad if rad.shape == mid.shape else np.broadcast_to(rad, mid.shape))


def _are_finite(numbers: Any) -> bool:
    """Tell whether all numbers are finite; of one, Python tells that in a tenth of the time."""
    return bool(np.isfinite(numbers).all()) if numbers.ndim else math.isfinite(numbers)


def _are_whole(size: Any, *operands: Rounded) -> bool:
    """Tell whether the result is exact: of constants that are whole numbers, up to `size`."""
    for x in operands:
        if not x.exact:
            return False
    return all(np.array_equal(x.mid, np.rint(x.mid)) for x in operands) and bool(
        np.all(size * _chosen[-1].unit <= 1)
    )


# --- arithmetic -----------------------------------------------------------------------------------


def _add(x: Rounded, y: Rounded) -> Rounded:
    return _sum_of_two(x.mid + y.mid, x, y)


def _subtract(x: Rounded, y: Rounded) -> Rounded:
    return _sum_of_two(x.mid - y.mid, x, y)


def _sum_of_two(mid: Any, x: Rounded, y: Rounded) -> Rounded:
    size = np.abs(mid)
    if _are_whole(size, x, y):
        return Rounded(mid, exact=True)
    return _round(mid, size, lambda: x.rad + y.rad, (x, y))


def _negative(x: Rounded) -> Rounded:
    return Rounded(-x.mid, x.rad, x.exact)


def join(total: Rounded, term: Rounded) -> Rounded:
    """Add a term to a sum of several, in whatever order: each may be rounded at its own size."""
    size = np.abs(total.mid) + np.abs(term.mid)
    return _round(total.mid + term.mid, size, lambda: total.rad + term.rad, (total, term))


def _multiply(x: Rounded, y: Rounded) -> Rounded:
    mid = x.mid * y.mid
    size = np.abs(mid)
    if _are_whole(size, x, y):
        return Rounded(mid, exact=True)
    return _round(mid, size, lambda: _reach_of_product(x, y), (x, y))


def _reach_of_product(x: Rounded, y: Rounded) -> Any:
    return x.rad * (np.abs(y.mid) + y.rad) + np.abs(x.mid) * y.rad


def _divide(x: Rounded, y: Rounded) -> Rounded:
    mid = x.mid / y.mid
    size = np.abs(mid)

    def reach() -> Any:
        gap = np.abs(y.mid) - y.rad
        return np.where(gap > 0, (x.rad + size * y.rad) / np.where(gap > 0, gap, 1.0), np.inf)

    return _round(mid, size, reach, (x, y))


def _absolute(x: Rounded) -> Rounded:
    return Rounded(np.abs(x.mid), x.rad, x.exact)


def _sum(x: Rounded, axis: Any = 0, keepdims: bool = False, **_: Any) -> Rounded:
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis) % max(x.ndim, 1))
    mid, size = (np.sum(part, axes, keepdims=keepdims) for part in (x.mid, np.abs(x.mid)))
    if _are_whole(size, x):
        return Rounded(mid, exact=True)

    def reach() -> Any:
        if not isinstance(x.rad, np.ndarray):
            return 0.0
        return np.sum(x.rad, axes, keepdims=keepdims) * (1 + x.size * 2.0**-52)

    loss = _chosen[-1].loss(additions.loss_of_sum, x.mid, axes, size)
    return _round(mid, loss, reach, (x,))


def _running_sum(x: Rounded, axis: int = 0) -> Rounded:
    mid, size = (np.add.accumulate(part, axis=axis) for part in (x.mid, np.abs(x.mid)))
    if _are_whole(size, x):
        return Rounded(mid, exact=True)

    def reach() -> Any:
        radii = np.broadcast_to(x.rad, x.shape)
        return np.add.accumulate(radii, axis=axis) * (1 + x.size * 2.0**-52)

    loss = _chosen[-1].loss(additions.loss_of_running_sum, x.mid, axis, size)
    return _round(mid, loss, reach, (x,))


def scatter(x: Rounded, places: np.ndarray, size: int) -> Rounded:
    """Add numbers up by their places in a vector of `size`."""
    flat = places.ravel()

    def total(numbers: Any) -> np.ndarray:
        spread = np.broadcast_to(numbers, x.shape).ravel()
        return np.bincount(flat, spread, size)

    terms = np.maximum(np.bincount(flat, minlength=size), 1)
    loc = (terms - 1) * total(np.abs(x.mid)) * _chosen[-1].sums
    return _round(total(x.mid), loc, lambda: total(x.rad) * (1 + flat.size * 2.0**-52), (x,))


def _matmul(x: Rounded, y: Rounded) -> Rounded:
    mid, size = x.mid @ y.mid, np.abs(x.mid) @ np.abs(y.mid)
    if _are_whole(size, x, y):
        return Rounded(mid, exact=True)

    def reach() -> Any:
        found: Any = 0.0
        if isinstance(x.rad, np.ndarray):
            found = found + x.rad @ (np.abs(y.mid) + y.rad)
        if isinstance(y.rad, np.ndarray):
            found = found + np.abs(x.mid) @ y.rad
        return found * (1 + x.shape[-1] * 2.0**-51)

    loss = _chosen[-1].loss(additions.loss_of_product, x.mid, y.mid, size)
    _chosen[-1].made.numbers += x.size * (y.shape[-1] if y.ndim > 1 else 1)
    return _round(mid, size + loss, reach, (x, y))


def power(x: Rounded, n: int) -> Rounded:
    """Raise to a whole power, by as many products as that may take."""
    if n == 1:
        return x
    mid = x.mid**n if n >= 0 else 1.0 / x.mid**-n
    size = np.abs(mid)
    if n >= 0 and _are_whole(size, x):
        return Rounded(mid, exact=True)

    def reach() -> Any:
        if n >= 0:
            return n * x.rad * (np.abs(x.mid) + x.rad) ** (n - 1)
        low = np.abs(x.mid) - x.rad
        return np.where(low > 0, -n * x.rad * np.where(low > 0, low, 1.0) ** (n - 1), np.inf)

    return _round(mid, (n - 1 if n > 1 else abs(n)) * size, reach, (x,))


def apply(
    function: Callable[[np.ndarray], np.ndarray],
    x: Rounded,
    slope: Callable[[], Any],
    loss: Any = 2.0,
) -> Rounded:
    """Apply a function element by element.

    `slope` gives the largest |f′| over what lies within the radii; `loss` is how many times
    u·|f(x)| a library may be off.
    """
    value = function(x.mid)
    return _round(value, loss * np.abs(value), lambda: x.rad * slope() * (1 + 2.0**-40), (x,))


def round_to(mid: Any, loc: Any, reach: Callable[[], Any], *operands: Rounded) -> Rounded:
    """Round what a function of several operands gives, as `_round`."""
    return _round(mid, loc, reach, operands)


def sqrt(x: Rounded) -> Rounded:
    """Compute √x."""
    value = np.sqrt(x.mid)

    def reach() -> Any:  # √m − √(m − r) ≤ r/√m
        inside = (x.rad < x.mid) | (np.broadcast_to(x.rad, x.shape) == 0)
        return np.where(inside, x.rad / np.where(value > 0, value, 1.0), np.inf)

    return _round(value, value, reach, (x,))


def exp(x: Rounded) -> Rounded:
    """Compute eˣ."""
    value = np.exp(x.mid)

    def reach() -> Any:  # of what underflows no multiple is known
        tiny = value < np.finfo(float).smallest_normal
        moved = np.where(tiny & (x.rad > 0), np.exp(x.mid + x.rad), value * np.expm1(x.rad))
        return moved * (1 + 2.0**-40)

    return _round(value, 2 * value, reach, (x,))


def log(x: Rounded) -> Rounded:
    """Compute log x."""
    return apply(np.log, x, lambda: steepest_reciprocal(x.mid, x.rad))


def steepest_reciprocal(mid: Any, rad: Any) -> Any:
    """Bound 1/x within the radius; infinite where that contains 0."""
    low = mid - rad
    return np.where(low > 0, 1 / np.where(low > 0, low, 1.0), np.inf)


OPERATIONS: dict[Any, Callable[..., Rounded]] = {
    np.add: _add,
    np.subtract: _subtract,
    np.negative: _negative,
    np.absolute: _absolute,
    np.multiply: _multiply,
    np.divide: _divide,
    np.matmul: _matmul,
    np.sqrt: sqrt,
    np.exp: exp,
    np.log: log,
}
"""NumPy's functions that compute."""


# --- comparisons ----------------------------------------------------------------------------------


def outcomes(x: Rounded, y: Rounded) -> np.ndarray:
    """Return −1, 0 or 1 for every pair, as x is smaller, equal or larger.

    Raises `Undecided` where the radii overlap, `NotFinite` for a NaN.
    """
    if np.isnan(x.mid).any() or np.isnan(y.mid).any():
        raise NotFinite("the cost compares with what is not a number")
    apart = np.abs(x.mid - y.mid)
    radius = (x.rad + y.rad) * UPWARDS
    equal = (x.mid == y.mid) & (radius == 0)
    if not np.all(equal | (apart > radius)):
        raise Undecided("floats that may be one")
    return np.sign(np.where(equal, 0.0, x.mid - y.mid)).astype(np.int8)


def floor(x: Rounded) -> Rounded:
    """Round down to whole numbers, which are exact."""
    low, high = np.floor(x.mid - x.rad), np.floor(x.mid + x.rad)
    if not np.array_equal(low, high):
        raise Undecided("the whole number below")
    return Rounded(low, exact=True)
