"""NumPy: functions of NumPy arrays, with SciPy's special functions, on numbers with proof."""

from __future__ import annotations

import functools
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.native import trees
from calcbench.native.elementwise import elementwise
from calcbench.native.function import Function, NoGradient, NotKnown
from calcbench.native.numpy_array import Run, Traced, unwrap
from calcbench.native.rebinding import rebound
from calcbench.native.reductions import reduce
from calcbench.native.values import Numbers, boxed, is_certified, lift
from calcbench.problem.problem import Arrays


class NumpyFunction(Function):
    """A function of NumPy arrays and Python numbers."""

    how = "NumPy on balls"

    def __init__(self, function: Callable[..., Any], x: Any, name: str = "") -> None:
        """Take the function, its argument (a tuple: its arguments), and a name to call it by.

        Raises `NotKnown` for an argument without floats, and for dtypes that are not certified.
        """
        self.function, self.x = function, as_arrays(x)
        leaves = trees.name_leaves(function, self.x)
        self.moving = {n: np.asarray(leaf) for n, leaf in leaves.items() if _is_float(leaf)}
        self.leaves = leaves
        super().__init__(
            name or trees.function_name(function),
            {n: array.astype(np.float64) for n, array in self.moving.items()},
            {n: array.dtype.name for n, array in self.moving.items()},
        )

    def call(self, arguments: Arrays) -> np.ndarray:
        """Call the function at copies of these numbers."""
        with np.errstate(all="ignore"):
            return np.asarray(self.function(*self._inputs(arguments)))

    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        """Call the gradient at copies of these numbers; NumPy has none of its own."""
        if gradient is None:
            raise NoGradient("a NumPy function has no gradient of its own: check(f, grad, x)")
        with np.errstate(all="ignore"):
            found = gradient(*self._inputs(arguments))
        return trees.read_gradient(self.x, self.leaves, self.arguments, found)

    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Numbers:
        """Run the function on traced arrays."""
        run = Run(xp, self)
        inputs = trees.rebuild(
            self.x,
            [
                run.wrap(lift(xp, arguments[n]), self.moving[n].dtype)
                if n in arguments
                else _copy(leaf)
                for n, leaf in self.leaves.items()
            ],
        )
        with rebound(self.function, _modules(), _replaced(run)), np.errstate(all="ignore"):
            found = unwrap(self.function(*trees.as_tuple(inputs)))
        found = lift(xp, found)
        return xp.reshape(found, ()) if math.prod(found.shape) == 1 else found

    def _inputs(self, arguments: Arrays) -> tuple[Any, ...]:
        """Build the arguments with these numbers, each array a copy of its own dtype."""
        return trees.as_tuple(
            trees.rebuild(
                self.x,
                [
                    _like(leaf, arguments[n]) if n in arguments else _copy(leaf)
                    for n, leaf in self.leaves.items()
                ],
            )
        )


def as_arrays(x: Any) -> Any:
    """Make an array of a list of numbers, as SciPy does of what it is given."""
    if isinstance(x, list) and x:
        numbers = all(isinstance(item, (int, float, np.number, list)) for item in x)
        array = np.asarray(x) if numbers else None
        if array is not None and array.dtype.kind in "fiu":
            return array.astype(np.float64)
    return x


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, (float, np.floating)) or (
        isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc"
    )


def _copy(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _like(leaf: Any, numbers: np.ndarray) -> Any:
    if isinstance(leaf, np.ndarray):
        return numbers.astype(leaf.dtype)
    return type(leaf)(numbers)


# --- what NumPy does not hand over ----------------------------------------------------------------


def _modules() -> tuple[Any, ...]:
    """List the modules under whose names other functions are put; none is imported for that."""
    special = sys.modules.get("scipy.special")
    scipy = sys.modules.get("scipy")
    return tuple(m for m in (np, math, scipy, special, np.linalg) if m is not None)


def _replaced(run: Run) -> dict[Any, Callable[..., Any]]:
    """List functions that NumPy does not hand over → what to call instead."""
    found: dict[Any, Callable[..., Any]] = {
        make: functools.partial(_make, run, make) for make in (np.zeros, np.ones, np.full)
    }
    found[np.empty] = functools.partial(_make, run, np.zeros)
    for convert in (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray):
        found[convert] = functools.partial(_convert, run, convert)
    for name, own in MATH.items():
        found[getattr(math, name)] = functools.partial(_math, run, getattr(math, name), own)
    found[math.log] = functools.partial(_log, run)
    special = sys.modules.get("scipy.special")
    if special is not None:
        for name, handler in SPECIAL.items():
            if hasattr(special, name):
                function = getattr(special, name)
                found[function] = functools.partial(_special, run, function, handler)
    return found


def _make(run: Run, make: Callable[..., Any], *values: Any, **options: Any) -> Any:
    """Make an array to write into; what fills it may be a number with proof."""
    fill = [x for x in (*values[1:], *options.values()) if _holds_traced(x)]
    if fill:
        found = run.hold(np.zeros(values[0] if values else options["shape"]))
        found.write(Ellipsis, fill[0])
        return found
    array = make(*values, **options)
    return run.hold(array) if array.dtype.kind == "f" else array


def _convert(
    run: Run, convert: Callable[..., Any], x: Any, dtype: Any = None, **options: Any
) -> Any:
    """Make an array of traced ones in lists."""
    if not _holds_traced(x):
        return convert(x, dtype, **options)
    if isinstance(x, (list, tuple)):
        x = np.stack([_convert(run, convert, each) for each in x])
    elif type(x) is not Traced:
        x = convert(x)
    elif convert is np.array and options.get("copy", True):
        x = x.copy()
    return x if dtype is None else x.astype(dtype)


def _holds_traced(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_holds_traced, x))
    return type(x) is Traced


SAME = (
    "exp expm1 exp2 log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh asin acos atan asinh "
    "acosh atanh atan2 hypot erf erfc floor ceil pow"
)
"""Functions of `math` that the core has under the same name; `cbrt` and `exp2` are new there."""

MATH = {
    **{name: name for name in SAME.split() if hasattr(math, name)},
    "fabs": "abs",
    "lgamma": "gammaln",
}
"""Function of `math` → the core's."""


def _math(run: Run, function: Callable[..., Any], own: str, *operands: Any) -> Any:
    numbers = [unwrap(x) for x in operands]
    if not any(map(is_certified, numbers)):
        return function(*numbers)
    return run.wrap(elementwise(run.xp, own, *numbers), np.float64)


def _log(run: Run, x: Any, *base: Any) -> Any:
    """Take a logarithm as `math.log` does, to another base as the quotient of two."""
    numbers, *bases = (_math(run, math.log, "log", each) for each in (x, *base))
    return numbers / bases[0] if bases else numbers


def _logsumexp(xp: Any, a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Numbers:
    if b is not None:
        raise NotKnown("scipy.special.logsumexp with b=…")
    return reduce(xp, "logsumexp", a, axis, keepdims)


def _softmax(xp: Any, x: Any, axis: Any = None) -> Numbers:
    return elementwise(xp, "exp", _log_softmax(xp, x, axis))


def _log_softmax(xp: Any, x: Any, axis: Any = None) -> Numbers:
    return elementwise(xp, "subtract", x, reduce(xp, "logsumexp", x, axis, keepdims=True))


def _polygamma(xp: Any, n: Any, x: Any) -> Numbers:
    return boxed(xp.polygamma(int(n), lift(xp, x)))


SPECIAL: dict[str, Callable[..., Numbers]] = {
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "polygamma": _polygamma,
    "softplus": lambda xp, x: elementwise(xp, "softplus", x),
}
"""Function of `scipy.special` that is no ufunc → what it does."""


def _special(
    run: Run,
    function: Callable[..., Any],
    handler: Callable[..., Any],
    *operands: Any,
    **options: Any,
) -> Any:
    numbers = [unwrap(x) for x in operands]
    if not any(map(is_certified, numbers)):
        return function(*numbers, **options)
    try:
        inspect.signature(handler).bind(run.xp, *numbers, **options)
    except TypeError:
        raise NotKnown(f"scipy.special.{function.__name__} with these options") from None
    dtype = next(x.dtype for x in operands if type(x) is Traced)
    return run.wrap(handler(run.xp, *numbers, **options), dtype)
