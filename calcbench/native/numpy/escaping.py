"""What NumPy does not hand over: makers of arrays, conversions, `math`, and SciPy's own functions.

They are put in the place of the real ones among a function's globals, while it runs (`rebinding`).
"""

from __future__ import annotations

import functools
import inspect
import math
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np

from calcbench.native import products
from calcbench.native.elementwise import elementwise
from calcbench.native.function import NotKnown
from calcbench.native.numpy.array import Run, Traced, unwrap
from calcbench.native.numpy.functions import FUNCTIONS
from calcbench.native.reductions import log_softmax, reduce, softmax
from calcbench.native.values import Numbers, boxed, is_certified, lift

Escaping = tuple[tuple[ModuleType, ...], dict[Any, Any], dict[str, Any]]
"""Modules that hold such functions; function → what to call instead; names beside globals."""


def what_escapes(run: Run) -> Escaping:
    """List what is put in the place of what, for one run. No module is imported for that."""
    scipy = {name: sys.modules.get(name) for name in ("scipy", *SCIPY)}
    modules = (np, np.linalg, math, *(module for module in scipy.values() if module is not None))
    replaced: dict[Any, Any] = {
        make: functools.partial(_make, run, make) for make in (np.zeros, np.ones, np.full)
    }
    replaced[np.empty] = functools.partial(_make, run, np.zeros)
    for convert in (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray):
        replaced[convert] = functools.partial(_convert, run, convert)
    replaced |= {np.float64: Float64, np.float32: Float32, float: Float}
    for name, own in MATH.items():
        function = getattr(math, name)
        replaced[function] = functools.partial(_math, run, function, own)
    replaced[math.log] = functools.partial(_log, run)
    replaced[math.fsum] = functools.partial(_fsum, run)
    replaced[math.hypot] = functools.partial(_hypot, run)
    for ask, ufunc in ASKED.items():
        replaced[ask] = functools.partial(_asked, ask, ufunc)
    for name, handlers in SCIPY.items():
        module = scipy[name]
        for key, handler in handlers.items() if module is not None else ():
            function = getattr(module, key, None)
            if function is not None:
                replaced[function] = functools.partial(_library, run, name, function, handler)
    return modules, replaced, {"float": Float}


# --- makers and conversions -----------------------------------------------------------------------


def _make(run: Run, make: Callable[..., Any], *values: Any, **options: Any) -> Any:
    """Make an array to write into; what fills it may be a number with proof."""
    given = dict(zip(FULL, values, strict=False)) | options
    if make is np.full and _holds_traced(given.get("fill_value")):
        _refuse(make, given.keys() - set(FULL))
        fill = _convert(run, np.asarray, given["fill_value"])
        dtype = given.get("dtype")
        found = run.hold(np.zeros(given["shape"], fill.dtype if dtype is None else dtype))
        found.write(Ellipsis, fill)
        return found
    array = make(*values, **options)
    return run.hold(array) if array.dtype.kind == "f" else array


FULL = ("shape", "fill_value", "dtype", "order")
"""What `np.full` is given."""


def _refuse(function: Callable[..., Any], options: Iterable[str]) -> None:
    for name in sorted(options):
        raise NotKnown(f"numpy.{function.__name__} with {name}")


def _convert(
    run: Run, convert: Callable[..., Any], x: Any, dtype: Any = None, **options: Any
) -> Any:
    """Make an array of traced ones in lists."""
    if not _holds_traced(x):
        return convert(x, dtype, **options)
    _refuse(convert, options.keys() - {"copy", "order", "subok", "ndmin"})
    if isinstance(x, (list, tuple)):
        x = np.stack([_convert(run, np.asarray, each) for each in x])
    elif type(x) is not Traced:
        x = convert(x)
    elif convert is np.array and options.get("copy", True):
        x = x.copy()
    x = x if dtype is None else x.astype(dtype, copy=False)
    return x.reshape((1,) * (options.get("ndmin", 0) - x.ndim) + x.shape)


def to_array(run: Run, x: Any) -> Any:
    """Make one array of lists and tuples with traced ones in them, nested as NumPy takes them."""
    return _convert(run, np.asarray, x) if isinstance(x, (list, tuple)) else x


def _holds_traced(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_holds_traced, x))
    return type(x) is Traced


class _Conversion(type):
    """The class of a conversion that leaves numbers with proof what they are.

    To everything else it is the real one: an instance of it, its dtype, a call.
    """

    real: Any

    def __call__(cls, *values: Any) -> Any:
        if values and type(values[0]) is Traced and not values[0].storage.plain:
            return values[0].astype(cls.real)
        return cls.real(*map(unwrap, values))

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.real) or (type(instance) is Traced and not instance.ndim)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.real

    def __hash__(cls) -> int:
        return hash(cls.real)


class Float(metaclass=_Conversion):
    """`float`."""

    real = float
    dtype = np.dtype(float)


class Float64(metaclass=_Conversion):
    """`numpy.float64`."""

    real = np.float64
    dtype = np.dtype(np.float64)


class Float32(metaclass=_Conversion):
    """`numpy.float32`."""

    real = np.float32
    dtype = np.dtype(np.float32)


# --- math -----------------------------------------------------------------------------------------

SAME = (
    "exp expm1 exp2 log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh asin acos atan asinh "
    "acosh atanh atan2 erf erfc floor ceil pow"
)
"""Functions of `math` that the core has under the same name; `cbrt` and `exp2` are new there."""

MATH = {
    **{name: name for name in SAME.split() if hasattr(math, name)},
    "fabs": "abs",
    "lgamma": "gammaln",
}
"""Function of `math` → the core's."""


ASKED = {math.isnan: np.isnan, math.isinf: np.isinf, math.isfinite: np.isfinite}
"""Question of `math` → NumPy's."""


def _asked(ask: Callable[[Any], bool], ufunc: Any, x: Any) -> bool:
    return bool(ufunc(x)) if type(x) is Traced else ask(x)


def _math(run: Run, function: Callable[..., Any], own: str, *operands: Any) -> Any:
    numbers = [unwrap(x) for x in operands]
    if not any(map(is_certified, numbers)):
        return function(*numbers)
    return run.wrap(elementwise(run.xp, own, *numbers), np.float64)


def _log(run: Run, x: Any, *base: Any) -> Any:
    """Take a logarithm as `math.log` does, to another base as the quotient of two."""
    numbers, *bases = (_math(run, math.log, "log", each) for each in (x, *base))
    return numbers / bases[0] if bases else numbers


def _hypot(run: Run, *coordinates: Any) -> Any:
    """Take the length of a vector, of any number of coordinates."""
    pairs = functools.partial(_math, run, math.hypot, "hypot")
    return functools.reduce(pairs, coordinates, 0.0)


def _fsum(run: Run, values: Any) -> Any:
    values = list(values)
    return np.sum(_convert(run, np.array, values)) if _holds_traced(values) else math.fsum(values)


# --- SciPy ----------------------------------------------------------------------------------------


def _logsumexp(xp: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Numbers:
    return reduce(xp, "logsumexp", a, axis, keepdims)


def _polygamma(xp: Any, n: Any, x: Any) -> Numbers:
    return boxed(xp.polygamma(int(n), lift(xp, x)))


def _cholesky(xp: Any, a: Any, lower: bool = False, check_finite: bool = True) -> Numbers:
    return products.cholesky(xp, a, upper=not lower)


def _cho_factor(xp: Any, a: Any, lower: bool = False, check_finite: bool = True) -> Any:
    return _cholesky(xp, a, lower), lower


def _cho_solve(xp: Any, c_and_lower: Any, b: Any, check_finite: bool = True) -> Numbers:
    factor, lower = c_and_lower
    half = _solve_triangular(xp, factor, b, trans=0 if lower else 1, lower=lower)
    return _solve_triangular(xp, factor, half, trans=1 if lower else 0, lower=lower)


def _solve_triangular(
    xp: Any,
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    check_finite: bool = True,
) -> Numbers:
    a, b = lift(xp, a), lift(xp, b)
    if trans not in (0, "N"):
        a, lower = boxed(xp.matrix_transpose(a)), not lower
    columns = b if b.ndim > 1 else boxed(xp.reshape(b, (-1, 1)))
    found = products.solve_triangular(xp, a, columns, lower, unit_diagonal)
    return found if b.ndim > 1 else boxed(found[..., 0])


SCIPY: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.special": {
        "logsumexp": _logsumexp,
        "softmax": lambda xp, x, axis=None: softmax(xp, x, axis),
        "log_softmax": lambda xp, x, axis=None: log_softmax(xp, x, axis),
        "polygamma": _polygamma,
        "softplus": lambda xp, x: elementwise(xp, "softplus", x),
    },
    "scipy.linalg": {
        "cholesky": _cholesky,
        "cho_factor": _cho_factor,
        "cho_solve": _cho_solve,
        "solve_triangular": _solve_triangular,
        "solve": FUNCTIONS[np.linalg.solve],
        "inv": FUNCTIONS[np.linalg.inv],
        "det": FUNCTIONS[np.linalg.det],
        "norm": FUNCTIONS[np.linalg.norm],
        "expm": lambda xp, A: boxed(xp.linalg.expm(lift(xp, A))),
    },
}
"""Module → its functions that are no ufuncs → what they do."""


def _library(
    run: Run,
    module: str,
    function: Callable[..., Any],
    handler: Any,
    *operands: Any,
    **options: Any,
) -> Any:
    """Call a function of SciPy, or its handler where numbers with proof are given to it."""
    numbers = [_unwrap_all(x) for x in operands]
    traced = [x for x in (*operands, *options.values()) if _holds_traced(x)]
    if not any(not each.storage.plain for x in traced for each in _traced_in(x)):
        return function(*numbers, **{key: _unwrap_all(x) for key, x in options.items()})
    try:
        inspect.signature(handler).bind(run.xp, *numbers, **options)
    except TypeError:
        raise NotKnown(f"{module}.{function.__name__} with these options") from None
    found = handler(run.xp, *numbers, **{key: _unwrap_all(x) for key, x in options.items()})
    dtype = np.result_type(*(each.dtype for x in traced for each in _traced_in(x)))
    return run.wrap(found, dtype)


def _traced_in(x: Any) -> list[Traced]:
    if isinstance(x, (list, tuple)):
        return [each for part in x for each in _traced_in(part)]
    return [x] if type(x) is Traced else []


def _unwrap_all(x: Any) -> Any:
    return type(x)(map(_unwrap_all, x)) if isinstance(x, (list, tuple)) else unwrap(x)
