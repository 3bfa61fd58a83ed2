"""The array vocabulary on numbers that know slopes, and a backend of such numbers.

Arrays are NumPy's, with Python objects in them. What looks at several numbers at once (sums,
products of matrices, factorisations) is the same as for balls (`calcbench.certified.vocabulary`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from calcbench.backend.transforming import Transforming
from calcbench.certified.decompositions import batched, perturb
from calcbench.certified.vocabulary import of_numbers
from calcbench.operators.function import Function
from calcbench.problem.problem import Problem
from calcbench.vocabulary import rules
from calcbench.vocabulary.duals import on_duals
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import LOWEST, NUMPY, special

from . import _rules

Number: Any = _rules.Number
"""A number that knows slopes. (Its file has no types, to be read by people who learn calculus.)"""

OWN = ("exp", "log", "sqrt", "sin", "cos", "tanh")
"""Functions that a `Number` has as methods."""

Slope = Callable[[Any, Any], Any]


def apply(name: str, x: Any) -> Any:
    """Evaluate a function of a number, however deep its slopes are nested, or of a plain one."""
    if not isinstance(x, Number):
        return _value(name)(x)
    if name in OWN:
        return getattr(x, name)()
    y = apply(name, x.value)
    return x.made(y, (x, _slope(name, x.value, y)))


def _value(name: str) -> Callable[[Any], Any]:
    """Find a function of plain numbers; `polygamma1` is SciPy's polygamma of order 1."""
    family = name.rstrip("0123456789")
    if family in ("polygamma", "ive"):
        return functools.partial(special(family), int(name.removeprefix(family)))
    found: Callable[[Any], Any] = getattr(NUMPY, name)
    return found


def _slope(name: str, x: Any, y: Any) -> Any:
    """Evaluate the slope of y = f(x)."""
    if name in SLOPES:
        return SLOPES[name](x, y)
    if name.startswith("ive"):  # e^−x Iₙ(x) of x ≥ 0, by its neighbours; I₋₁ is I₁
        n = int(name.removeprefix("ive"))
        return 0.5 * (apply(f"ive{abs(n - 1)}", x) + apply(f"ive{n + 1}", x)) - y
    order = 0 if name == "digamma" else int(name.removeprefix("polygamma"))
    return apply(f"polygamma{order + 1}", x)


class _Functions:
    """The functions that slopes are made of, for numbers whose slopes are nested."""

    pi = math.pi

    def __getattr__(self, name: str) -> Any:
        return functools.partial(apply, name)


def _by_rule(name: str) -> Slope:
    return functools.partial(rules.SLOPES[name], _Functions())


SLOPES: dict[str, Slope] = {
    # By its own value, which takes no further function.
    "expm1": lambda x, y: y + 1,
    "sigmoid": lambda x, y: y * (1 - y),
    **{name: _by_rule(name) for name in ("tan", "log1p", "atan", "softplus", "gammaln")},
    **{name: _by_rule(name) for name in ("erf", "erfc", "erfinv", "log_ndtr")},
}
"""The slopes of what a `Number` has no method for, but for digamma and its like."""

ELEMENTWISE = (*OWN, *SLOPES, "digamma")


def plain(x: Any) -> Any:
    """Take the plain number out of one whose slopes may be nested."""
    while isinstance(x, Number):
        x = x.value
    return x


class Arithmetic:
    """What the vocabulary needs of a kind of number, beyond its methods."""

    def __init__(self, kind: Any) -> None:
        """Take the class of numbers."""
        self.kind = kind

    def convert(self, number: Any) -> Any:
        """Make a number of this kind, which does not change, of a plain one."""
        if isinstance(number, self.kind):
            return number
        return self.kind(number if isinstance(number, np.floating) else float(number))

    def index(self, place: int, numbers: Sequence[Any]) -> int:
        """Return an index as it is: it does not change with the numbers that decided it."""
        return place

    def is_finite(self, number: Any) -> bool:
        """Tell whether it is a number, and not infinite."""
        return bool(np.isfinite(plain(number)))

    def is_nan(self, number: Any) -> bool:
        """Tell whether it is none."""
        return bool(np.isnan(plain(number)))

    def total(self, terms: Sequence[Any]) -> Any:
        """Add numbers up."""
        return functools.reduce(lambda a, b: a + b, terms) if terms else 0.0

    def dot(self, xs: Sequence[Any], ys: Sequence[Any]) -> Any:
        """Add up the products xₖ·yₖ."""
        pairs = zip(xs, ys, strict=True)
        return self.total([x * y if isinstance(x, Number) else y * x for x, y in pairs])

    def logsumexp(self, terms: Sequence[Any]) -> Any:
        """Compute log Σ eˣ, shifted by the largest."""
        shift = max(LOWEST, *map(plain, terms))
        return apply("log", self.total([apply("exp", term - shift) for term in terms])) + shift

    def pi(self) -> float:
        """Return π."""
        return float(np.pi)

    def e(self) -> float:
        """Return Euler's number e."""
        return float(np.e)

    def special(self, name: str, number: Any) -> Any:
        """Evaluate a special function."""
        return apply(name, number)

    def select(self, holds: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
        """Take one of two numbers: the other one has no part in the slope."""
        return x if holds(x, y) else y

    def floor(self, number: Any) -> Any:
        """Round down: the slope is 0."""
        return self.convert(np.floor(plain(number)))

    def round(self, number: Any) -> Any:
        """Round to the nearest whole number, of two to the even one: the slope is 0."""
        return self.convert(np.round(plain(number)))

    def hold(self, number: Any) -> Any:
        """Hold a number constant: the slope is 0."""
        return self.convert(plain(number))

    def size(self, number: Any) -> float:
        """Return |number|, to choose a pivot by."""
        return abs(float(plain(number)))


class OnNumbers(Transforming):
    """A backend whose arrays hold numbers of its own kind."""

    number: ClassVar[Any]
    """The class of its numbers."""

    def namespace(self) -> Namespace:
        return vocabulary(self.number)

    def convert(self, array: np.ndarray) -> Any:
        """Keep floats as NumPy's numbers: theirs divide by 0 as those of other backends do."""
        array = self.cast(array)
        if array.dtype.kind != "f":
            return array
        numbers = np.empty(array.shape, dtype=object)
        for place in np.ndindex(array.shape):
            numbers[place] = array[place]
        return numbers

    def check(self, problem: Problem, function: Function, native: tuple[Any, ...]) -> None:
        count = len(function.parameters)
        value = np.asarray(function.apply(native[:count], native[count:]))
        dtype = self.dtype if value.dtype == object else value.dtype
        problem.check_cost(value.shape, dtype, function.value)

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        return lambda native: self.numpy(function(*native)), None

    def to_numpy(self, native: Any) -> np.ndarray:
        return np.array(on_each(plain, native), dtype=self.dtype)


@functools.cache
def vocabulary(kind: Any) -> Namespace:
    """Build the vocabulary for a kind of number."""
    spelled: dict[str, Any] = {
        name: np.frompyfunc(functools.partial(apply, name), 1, 1) for name in ELEMENTWISE
    }
    spelled["abs"] = np.frompyfunc(abs, 1, 1)
    spelled["i0e"] = np.frompyfunc(lambda x: apply("ive0", abs(x)), 1, 1)
    arithmetic = Arithmetic(kind)
    own = of_numbers(arithmetic)
    spelled["linalg.eigh"] = batched(functools.partial(_eigh, arithmetic))
    for name in ("cholesky", "solve", "slogdet"):
        spelled[f"linalg.{name}"] = _of_numbers(arithmetic, getattr(own.linalg, name))
    return Namespace.over(own, {name: on_duals(name, f) for name, f in spelled.items()})


def _of_numbers(arithmetic: Arithmetic, function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function of arrays nothing but numbers of the kind: it calls their methods."""
    return lambda *arrays: function(*(on_each(arithmetic.convert, array) for array in arrays))


def _eigh(arithmetic: Arithmetic, x: Any) -> tuple[Any, Any]:
    """Find eigenvalues and eigenvectors at the point by NumPy, and beside it by perturbation."""
    a = on_each(arithmetic.convert, (x + np.matrix_transpose(x)) / 2)
    vectors = np.linalg.eigh(on_each(plain, a).astype(float))[1]
    fixed = on_each(arithmetic.convert, vectors)
    return perturb(arithmetic, fixed, np.matmul(np.matmul(fixed.T, a), fixed))


def on_each(function: Callable[..., Any], *arrays: Any) -> Any:
    """Apply a function to every number of arrays, or of tuples of arrays, however nested."""
    if isinstance(arrays[0], (tuple, list)):
        return tuple(on_each(function, *parts) for parts in zip(*arrays, strict=True))
    return np.frompyfunc(function, len(arrays), 1)(*arrays)
