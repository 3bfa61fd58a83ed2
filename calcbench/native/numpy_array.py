"""Traced: what a NumPy function is given in place of an array, which carries numbers with proof.

It is no `ndarray`; NumPy hands its functions over by two protocols (NEP 13 for ufuncs, NEP 18 for
the others). It has the numbers in a storage that it shares with its views, and the places of its
own numbers in that, as an array of integers. Whatever moves data is run by NumPy on these places;
so a view is a view, and a copy a copy, as NumPy says.

Until a number with proof is written into it, a storage is a plain array, and what is computed of
it is NumPy's own.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from calcbench.native import movement
from calcbench.native.elementwise import cast
from calcbench.native.function import PRECISION, Function, NotKnown
from calcbench.native.numpy_functions import (
    ATTRIBUTES,
    FILLS,
    FUNCTIONS,
    MOVES,
    PADDINGS,
    REDUCTIONS,
    SEVERAL,
    UFUNCS,
    WRITES,
)
from calcbench.native.rebinding import python_function
from calcbench.native.reductions import accumulate, reduce
from calcbench.native.values import Numbers, boxed, is_certified, lift


class Run:
    """One evaluation of a function: its vocabulary, and whom to report dtypes to."""

    def __init__(self, xp: Any, function: Function) -> None:
        """Take the vocabulary and the function."""
        self.xp, self.function = xp, function

    def wrap(self, numbers: Any, dtype: Any) -> Any:
        """Make a traced array of numbers with proof; truth values and integers stay.

        Raises `NotKnown` for plain floats: what depends on the argument would count as constant.
        """
        if isinstance(numbers, (list, tuple)):
            return type(numbers)(self.wrap(each, dtype) for each in numbers)
        if not is_certified(numbers):
            if np.asarray(numbers).dtype.kind not in "biu":
                raise NotKnown("an operation that loses numbers with proof")
            return numbers
        self.function.use(np.dtype(dtype).name)
        numbers = boxed(numbers)
        return Traced(self, Storage(self.xp.reshape(numbers, (-1,))), _count(numbers.shape), dtype)

    def library(self) -> str:
        """Name the function of a library that the user's own code has called, and is running."""
        own = python_function(getattr(self.function, "function", None))
        frame: FrameType | None = sys._getframe(2)
        called = ""
        while frame is not None and own is not None:
            if frame.f_code.co_filename == own.__code__.co_filename:
                return called
            module = frame.f_globals.get("__name__", "")
            if not module.startswith("calcbench."):
                called = _public_name(module, frame.f_code.co_qualname) or called
            frame = frame.f_back
        return ""

    def hold(self, array: np.ndarray) -> Traced:
        """Make an array to write into, of a plain one of floats."""
        return Traced(self, Storage(array.ravel()), _count(array.shape), array.dtype)


def _public_name(module: str, name: str) -> str:
    """Name a function as its users do; empty for one that is not theirs."""
    if "<locals>" in name or "._" in f".{name}" or "array_api" in module:
        return ""
    return ".".join([*(part for part in module.split(".") if not part.startswith("_")), name])


def _count(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(int(np.prod(shape, dtype=int))).reshape(shape)


class Storage:
    """The numbers of an array and of its views: a plain array, or numbers with proof."""

    __slots__ = ("numbers",)

    def __init__(self, numbers: Any) -> None:
        """Take the numbers, as a vector."""
        self.numbers = numbers

    @property
    def plain(self) -> bool:
        """Whether no number with proof was written into it."""
        return not is_certified(self.numbers)


class Traced(NDArrayOperatorsMixin):
    """An array of numbers with proof, as NumPy's code sees it."""

    __slots__ = ("dtype", "places", "run", "storage")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, run: Run, storage: Storage, places: np.ndarray, dtype: Any) -> None:
        """Take the storage, and where the numbers are in it."""
        self.run = run
        self.storage = storage
        self.places = places
        self.dtype = np.dtype(dtype)

    # `isinstance(x, np.ndarray)` asks for the class: code that is meant for arrays goes on.
    __class__ = property(lambda self: np.ndarray)

    # --- its numbers ---

    @property
    def numbers(self) -> Any:
        """The numbers with proof, or a plain array of floats, which is a view into the storage."""
        flat, places = self.storage.numbers, self.places
        if self.storage.plain:
            start = int(places.ravel()[0]) if places.size else 0
            steps = [step // places.itemsize * flat.itemsize for step in places.strides]
            return np.lib.stride_tricks.as_strided(flat[start:], places.shape, steps)
        if places.size == flat.shape[0] and np.array_equal(places.ravel(), np.arange(places.size)):
            return boxed(self.run.xp.reshape(flat, places.shape))
        return boxed(self.run.xp.take(flat, places))

    def write(self, key: Any, values: Any) -> None:
        """Write into the storage, where all views see it."""
        numbers = self._fitting(values)
        if self.storage.plain:
            if not is_certified(numbers):
                self.numbers[key] = numbers
                return
            self.storage.numbers = lift(self.run.xp, self.storage.numbers)
        self.storage.numbers = movement.replace(
            self.run.xp, self.storage.numbers, self.places[key], numbers
        )

    def _fitting(self, values: Any) -> Any:
        """Return the numbers of what is written, rounded if this array's dtype is coarser."""
        numbers = unwrap(values)
        if not is_certified(numbers) or not _is_coarser(self.dtype, values.dtype):
            return numbers
        self.run.function.use(self.dtype.name)
        return cast(self.run.xp, numbers)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Give NumPy the floats of what holds no number with proof."""
        if not self.storage.plain:
            raise NotKnown(self.run.library() or "a conversion that NumPy does not hand over")
        numbers: np.ndarray = self.numbers if dtype is None else self.numbers.astype(dtype)
        return numbers.copy() if copy else numbers

    # --- what every array has ---

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return self.places.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self.places.shape = shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.places.ndim

    @property
    def size(self) -> int:
        """The number of numbers."""
        return self.places.size

    @property
    def T(self) -> Traced:  # noqa: N802 (it is called so)
        """The array with its axes in reverse order."""
        return self._view(self.places.T)

    @property
    def mT(self) -> Traced:  # noqa: N802
        """The array with its last two axes swapped."""
        return self._view(self.places.mT)

    @property
    def real(self) -> Traced:
        """Itself."""
        return self

    @property
    def flat(self) -> Iterator[Any]:
        """Its numbers, one after the other."""
        return iter(self.reshape(-1))

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return self._moved(np.asarray(self.places[_index(key)]))

    def __setitem__(self, key: Any, values: Any) -> None:
        self.write(_index(key), values)

    def __float__(self) -> float:
        if self.storage.plain:
            return float(self.numbers)
        raise NotKnown(self.run.library() or "float() of a number of the argument")

    def __int__(self) -> int:
        if self.storage.plain:
            return int(self.numbers)
        raise NotKnown("int() of a number of the argument")

    def __index__(self) -> int:
        raise NotKnown("an index that is a float")

    def __complex__(self) -> complex:
        return complex(float(self))

    def __bool__(self) -> bool:
        return bool(unwrap(np.not_equal(self, 0.0)))

    def __round__(self, digits: int | None = None) -> Any:
        return np.round(self, digits or 0)

    def __repr__(self) -> str:
        return f"<array {self.shape} of numbers with proof>"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __getattr__(self, name: str) -> Any:
        # Reached only for what is not here: NumPy's methods, by the functions of the same name.
        if name in METHODS:
            return functools.partial(METHODS[name], self)
        if name.startswith("__"):
            raise AttributeError(name)
        raise _NoMethod(f"method {name} of arrays")

    # --- methods that are no functions ---

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """Give it another shape."""
        places: Any = self.places
        return self._moved(places.reshape(*shape, order=order))

    def transpose(self, *axes: Any) -> Traced:
        """Put the axes into another order."""
        return self._view(self.places.transpose(*axes))

    def flatten(self, order: str = "C") -> Any:
        """Copy it as a vector."""
        places: Any = self.places
        return self._moved(places.flatten(order))

    def astype(self, dtype: Any, copy: bool = True, **options: Any) -> Any:
        """Convert to another dtype of floats."""
        dtype = np.dtype(dtype)
        if self.storage.plain:
            return self.numbers.astype(dtype)
        if dtype.kind != "f":
            raise NotKnown(f"astype({dtype})")
        numbers = self.numbers
        if _is_coarser(dtype, self.dtype):
            numbers = cast(self.run.xp, numbers)
        return self.run.wrap(numbers, dtype)

    def item(self, *index: Any) -> Any:
        """Return a number, which stays one with proof."""
        return self.reshape(-1)[index[0] if index else 0] if self.ndim else self

    def fill(self, value: Any) -> None:
        """Write one number everywhere."""
        self.write(Ellipsis, value)

    def sort(self, axis: int = -1) -> None:
        """Sort in place."""
        self.write(Ellipsis, np.sort(self, axis))

    # --- NumPy's protocols ---

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Be asked by NumPy for a function element by element."""
        out = options.pop("out", None)
        operands = [unwrap(x) for x in inputs]
        if not any(map(is_certified, operands)):
            plain = None if out is None else tuple(unwrap(each) for each in out)
            if plain is not None:
                options["out"] = plain
            result = getattr(ufunc, method)(*operands, **options)
            return result if out is None else out[0]
        if method == "at":
            return self._add_at(ufunc, inputs)
        dtype = options.pop("dtype", None)
        found = _run_ufunc(self.run.xp, ufunc, method, operands, options)
        return self._finish(found, _result_dtype(inputs, dtype), out)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Be asked by NumPy for any other function."""
        if function in ATTRIBUTES:
            return function(*(_places_of(x) for x in inputs), **options)
        if function in LIKE:
            return LIKE[function](self.run, *inputs, **options)
        values, named = _deep(unwrap, inputs), _deep(unwrap, options)
        if not any(map(is_certified, _leaves([values, named]))):
            return function(*values, **named)
        if function in WRITES:
            return self._write_by(function, inputs, options)
        if function in MOVES:
            return self._move_by(function, inputs, options)
        if function not in FUNCTIONS:
            raise NotKnown(_full_name(function))
        out, dtype = named.pop("out", None), named.pop("dtype", None)
        handler = FUNCTIONS[function]
        try:
            inspect.signature(handler).bind(self.run.xp, *values, **named)
        except TypeError:
            raise NotKnown(f"{_full_name(function)} with these options") from None
        found = handler(self.run.xp, *values, **named)
        out = None if out is None else (options["out"],)
        return self._finish(found, _result_dtype([inputs, options], dtype), out)

    def _finish(self, found: Any, dtype: Any, out: Any) -> Any:
        """Wrap a result, or write it where it is to be."""
        if out is None:
            return self.run.wrap(found, dtype)
        (target,) = out if isinstance(out, tuple) else (out,)
        if not _is_traced(target):
            raise NotKnown("writing numbers of the argument into an array from outside")
        target.write(Ellipsis, self.run.wrap(found, dtype))
        return target

    def _add_at(self, ufunc: Any, inputs: Any) -> None:
        """Add numbers at an index in which places may come more than once."""
        target, key, values = inputs
        if ufunc is not np.add or not _is_traced(target):
            raise NotKnown(f"numpy.{ufunc.__name__}.at")
        places = target.places[_index(key)]
        numbers = lift(self.run.xp, unwrap(values))
        if numbers.shape != places.shape:
            numbers = movement.broadcast(self.run.xp, numbers, places.shape)
        storage = target.storage
        storage.numbers = movement.scatter_add(self.run.xp, storage.numbers, places, numbers)

    # --- movement ---

    def _view(self, places: np.ndarray) -> Traced:
        return Traced(self.run, self.storage, places, self.dtype)

    def _moved(self, places: np.ndarray) -> Any:
        """Make what has its numbers at some places: a view, if NumPy made one of the places."""
        if np.may_share_memory(places, self.places):
            return self._view(places)
        if self.storage.plain:
            return self.run.hold(self.storage.numbers[places])
        numbers = self.run.xp.take(self.storage.numbers, places)
        return self.run.wrap(boxed(numbers), self.dtype)

    def _move_by(self, function: Any, inputs: Any, options: Any) -> Any:
        """Run a function that computes nothing on the places of numbers."""
        moving = _Moving(self.run.xp, SEVERAL.get(function, (0,)), inputs)
        if any(map(is_certified, _leaves(_deep(unwrap, [moving.others(inputs), options])))):
            raise NotKnown(f"{_full_name(function)} by numbers of the argument")
        if len(moving.operands) == 1 and function not in FILLS:
            alone = moving.leaves[0]
            return _deep(alone._moved, function(*moving.put(inputs, [alone.places]), **options))
        options, fill = _padding(function, options)
        places = function(*moving.put(inputs, moving.indices), **options)
        dtype = _result_dtype(inputs, None)
        return _deep(lambda each: self.run.wrap(moving.pick(each, fill), dtype), places)

    def _write_by(self, function: Any, inputs: Any, options: Any) -> None:
        """Run a function that writes into its first argument on the places of numbers."""
        if not _is_traced(inputs[0]):
            raise NotKnown("writing numbers of the argument into an array from outside")
        moving = _Moving(self.run.xp, SEVERAL[function], inputs)
        places = moving.put(inputs, moving.indices)
        function(*places, **options)
        found = moving.pick(places[0], 0.0)
        inputs[0].write(Ellipsis, self.run.wrap(found, inputs[0].dtype))


class _Moving:
    """The numbers in what a function is given that moves them, and the places that stand for them.

    Places are counted from 1 on through all operands, so that 0 is what is filled in.
    """

    def __init__(self, xp: Any, positions: Any, inputs: Any) -> None:
        self.xp, self.positions = xp, positions
        self.leaves = _leaves([x for k, x in enumerate(inputs) if k in positions])
        self.operands = [lift(xp, unwrap(leaf)) for leaf in self.leaves]
        sizes = [int(np.prod(x.shape, dtype=int)) for x in self.operands]
        starts = np.cumsum([1, *sizes[:-1]])
        self.indices = [
            start + _count(x.shape) for x, start in zip(self.operands, starts, strict=True)
        ]

    def others(self, inputs: Any) -> list[Any]:
        """List the inputs that hold no numbers that move."""
        return [x for k, x in enumerate(inputs) if k not in self.positions]

    def put(self, inputs: Any, places: list[np.ndarray]) -> list[Any]:
        """Put places where the numbers are."""
        left = iter(places)
        return [
            _deep(lambda leaf: next(left), x) if k in self.positions else x
            for k, x in enumerate(inputs)
        ]

    def pick(self, places: Any, fill: float) -> Numbers:
        """Pick the numbers at places."""
        return movement.pick(self.xp, self.operands, np.asarray(places), fill)


def _padding(function: Any, options: Any) -> tuple[dict[str, Any], float]:
    """Take what `np.pad` pads with out of its options."""
    if function is not np.pad:
        return options, 0.0
    options = dict(options)
    fill = options.pop("constant_values", 0.0)
    if options.get("mode", "constant") not in PADDINGS or np.ndim(fill):
        raise NotKnown("numpy.pad with these options")
    return options, float(fill)


# --- what functions are given ---------------------------------------------------------------------


class _NoMethod(NotKnown, AttributeError):
    """Raised for a method that is not known."""


def _is_traced(x: Any) -> bool:
    return type(x) is Traced


def unwrap(x: Any) -> Any:
    """Return the numbers of a traced array; what is none stays as it is."""
    return x.numbers if _is_traced(x) else x


def _deep(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to what is in lists, tuples and dicts."""
    if isinstance(x, dict):
        return {key: _deep(function, value) for key, value in x.items()}
    if type(x) in (list, tuple):
        return type(x)(_deep(function, each) for each in x)
    return function(x)


def _leaves(x: Any) -> list[Any]:
    """List what is in lists, tuples and dicts."""
    found: list[Any] = []
    _deep(found.append, x)
    return found


def _is_coarser(dtype: np.dtype[Any], other: np.dtype[Any]) -> bool:
    return PRECISION.get(dtype.name, 0) < PRECISION.get(other.name, 0)


def _index(key: Any) -> Any:
    """Make an index of integers and truth values; numbers of the argument are none."""

    def plain(part: Any) -> Any:
        if _is_traced(part) and not part.storage.plain:
            raise NotKnown("an index that is a float")
        return np.asarray(part) if _is_traced(part) else part

    return tuple(map(plain, key)) if isinstance(key, tuple) else plain(key)


def _places_of(x: Any) -> Any:
    return x.places if _is_traced(x) else x


def _full_name(function: Any) -> str:
    return f"{function.__module__}.{function.__name__}"


def _result_dtype(inputs: Any, dtype: Any) -> np.dtype[Any]:
    """Return the dtype of what is computed of operands, as NumPy promotes it."""
    operands = [
        x.dtype if _is_traced(x) or isinstance(x, (np.ndarray, np.generic)) else x
        for x in _leaves(inputs)
        if _is_traced(x) or isinstance(x, (np.ndarray, np.generic, float))
    ]
    found: np.dtype[Any] = np.dtype(np.result_type(*operands) if dtype is None else dtype)
    return found if found.kind == "f" else np.dtype(float)


def _run_ufunc(xp: Any, ufunc: Any, method: str, operands: list[Any], options: Any) -> Any:
    """Run a ufunc, or one of its methods, on numbers with proof."""
    name = ufunc.__name__
    if method == "__call__" and name in UFUNCS and not options:
        return UFUNCS[name](xp, *operands)
    if method == "reduce" and name in REDUCTIONS and options.keys() <= {"axis", "keepdims"}:
        return reduce(xp, REDUCTIONS[name], operands[0], **_axes(options))
    if method == "accumulate" and name in UFUNCS and options.keys() <= {"axis"}:
        return accumulate(xp, name, operands[0], options.get("axis", 0))
    if method == "outer" and name in UFUNCS and not options:
        x, y = (lift(xp, operand) for operand in operands)
        return UFUNCS[name](xp, xp.reshape(x, x.shape + (1,) * y.ndim), y)
    module = "numpy" if hasattr(np, name) else "scipy.special"
    said = f"{module}.{name}" if method == "__call__" else f"{module}.{name}.{method}"
    raise NotKnown(f"{said} with these options" if options else said)


def _axes(options: Any) -> dict[str, Any]:
    return {"axes": options.get("axis", 0), "keepdims": options.get("keepdims", False)}


# --- arrays like others ---------------------------------------------------------------------------


def _like(make: Callable[..., np.ndarray]) -> Callable[..., Any]:
    """Make an array to write into, of the shape of another."""

    def apply(run: Run, prototype: Any, *values: Any, dtype: Any = None, shape: Any = None) -> Any:
        kind = np.dtype(prototype.dtype if dtype is None else dtype)
        size = prototype.shape if shape is None else shape
        if any(is_certified(unwrap(value)) for value in values):
            found = run.hold(np.zeros(size, kind))
            found.write(Ellipsis, values[0])
            return found
        array = make(size, *values, dtype=kind)
        return run.hold(array) if kind.kind == "f" else array

    return apply


LIKE: dict[Any, Callable[..., Any]] = {
    np.zeros_like: _like(np.zeros),
    np.ones_like: _like(np.ones),
    np.full_like: _like(np.full),
    np.empty_like: _like(np.zeros),
}
"""NumPy's functions that make an array of the shape of another."""

SAME = (
    "sum mean prod max min var std cumsum cumprod argmax argmin argsort clip dot trace swapaxes "
    "squeeze repeat take diagonal round ravel all any copy choose compress ptp"
)
"""Methods of arrays that NumPy has as functions of the same name."""

METHODS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in SAME.split()},
    "conj": np.conjugate,
    "conjugate": np.conjugate,
}
"""Method of arrays → the function that does it."""
