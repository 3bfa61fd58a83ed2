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
from calcbench.native.function import Function, NotKnown
from calcbench.native.numpy.dtypes import dtype_of, is_coarser, result_dtype
from calcbench.native.numpy.flat import Flat
from calcbench.native.numpy.functions import ATTRIBUTES, FUNCTIONS
from calcbench.native.numpy.moving import (
    COPIES,
    FILLS,
    MOVES,
    SEVERAL,
    WRITES,
    Moving,
    count,
    deep,
    leaves,
    padding,
)
from calcbench.native.numpy.storage import Storage
from calcbench.native.numpy.ufuncs import run_ufunc
from calcbench.native.rebinding import python_function
from calcbench.native.values import boxed, is_certified, lift


class Run:
    """One evaluation of a function: its vocabulary, and whom to report dtypes to."""

    def __init__(self, xp: Any, function: Function) -> None:
        """Take the vocabulary and the function."""
        self.xp, self.function = xp, function
        self.refusal: NotKnown | None = None
        """The first conversion that was refused: code in C may drop what is raised."""

    def wrap(self, numbers: Any, dtype: Any) -> Any:
        """Make a traced array of numbers with proof; truth values and integers stay.

        Raises `NotKnown` for plain floats: what depends on the argument would count as constant.
        """
        if isinstance(numbers, (list, tuple)):
            parts = [self.wrap(each, dtype) for each in numbers]
            return type(numbers)(*parts) if hasattr(numbers, "_fields") else type(numbers)(parts)
        if not is_certified(numbers):
            if np.asarray(numbers).dtype.kind not in "biu":
                raise NotKnown("an operation that loses numbers with proof")
            return numbers
        self.function.use(np.dtype(dtype).name)
        numbers = boxed(numbers)
        return Traced(self, Storage(self.xp.reshape(numbers, (-1,))), count(numbers.shape), dtype)

    def refuse(self, otherwise: str) -> NotKnown:
        """Make the error of a conversion: by the library that wants it, if one does."""
        error = NotKnown(self._library() or otherwise)
        self.refusal = self.refusal or error
        return error

    def _library(self) -> str:
        """Name the function of a library that the user's own code has called, and is running."""
        own = python_function(getattr(self.function, "function", None))
        frame: FrameType | None = sys._getframe(3)
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
        """Make an array to write into, of a plain one of floats.

        Raises `NotKnown` for another, which would cut off what is written into it.
        """
        if array.dtype.kind != "f":
            raise NotKnown(f"numbers of the argument as {array.dtype}")
        return Traced(self, Storage(array.ravel()), count(array.shape), array.dtype)


def _public_name(module: str, name: str) -> str:
    """Name a function as its users do; empty for one that is not theirs."""
    if "<locals>" in name or "._" in f".{name}" or "array_api" in module:
        return ""
    return ".".join([*(part for part in module.split(".") if not part.startswith("_")), name])


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
        if self.storage.plain:
            return self.storage.view(self.places)
        return self.storage.read(self.run.xp, self.places)

    def write(self, key: Any, values: Any) -> None:
        """Write into the storage, where all views see it."""
        numbers = self._fitting(values)
        if self.storage.plain and not is_certified(numbers):
            self.numbers[key] = numbers
        else:
            self.storage.write(self.run.xp, np.asarray(self.places[key]), numbers)

    def _fitting(self, values: Any) -> Any:
        """Return the numbers of what is written, rounded if this array's dtype is coarser."""
        numbers = unwrap(values)
        if not is_certified(numbers) or not is_coarser(self.dtype, values.dtype):
            return numbers
        self.run.function.use(self.dtype.name)
        return cast(self.run.xp, numbers)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Give NumPy the floats of what holds no number with proof."""
        if not self.storage.plain:
            raise self.run.refuse("a conversion that NumPy does not hand over")
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
    def flat(self) -> Flat:
        """Its numbers, one after the other."""
        return Flat(self._view(self.places.reshape(-1)))

    @flat.setter
    def flat(self, values: Any) -> None:
        self.flat[:] = values

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
        raise self.run.refuse("float() of a number of the argument")

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
        if dtype == self.dtype and not copy:
            return self
        if self.storage.plain:
            plain = self.numbers.astype(dtype)
            return self.run.hold(plain) if dtype.kind == "f" else plain
        if dtype.kind != "f":
            raise NotKnown(f"astype({dtype})")
        numbers = self.numbers
        if is_coarser(dtype, self.dtype):
            numbers = cast(self.run.xp, numbers)
        return self.run.wrap(numbers, dtype)

    def item(self, *index: Any) -> Any:
        """Return a number, which stays one with proof."""
        return self.reshape(-1)[index[0] if index else 0] if self.ndim else self

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: Any) -> Any:
        return np.copy(self)

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
            result = getattr(ufunc, method)(*operands, **options)
            return result if out is None else self._put_into(out, result)
        if method == "at":
            return self._add_at(ufunc, inputs)
        dtype = options.pop("dtype", None)
        found = run_ufunc(self.run.xp, ufunc, method, operands, options)
        return self._finish(found, result_dtype(inputs, dtype), out)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Be asked by NumPy for any other function."""
        if function in ATTRIBUTES:
            return function(*(_places_of(x) for x in inputs), **options)
        if function in LIKE:
            return LIKE[function](self.run, *inputs, **options)
        values, named = deep(unwrap, inputs), deep(unwrap, options)
        plain = not any(map(is_certified, leaves([values, named])))
        if function in MOVES and not (plain and function in COPIES):
            return self._move_by(function, inputs, options)
        if plain:
            return function(*values, **named)
        if function in WRITES:
            return self._write_by(function, inputs, options)
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
        return self._finish(found, result_dtype([inputs, options], dtype), out)

    def _finish(self, found: Any, dtype: Any, out: Any) -> Any:
        """Wrap a result, or write it where it is to be."""
        result = self.run.wrap(found, dtype)
        return result if out is None else self._put_into(out, result)

    def _put_into(self, out: Any, result: Any) -> Any:
        """Write a result where it is to be."""
        (target,) = out if isinstance(out, tuple) else (out,)
        if _is_traced(target):
            target.write(Ellipsis, result)
        elif _is_traced(result):
            raise NotKnown("writing numbers of the argument into an array from outside")
        else:
            target[...] = result
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
        every = np.arange(target.storage.source.size)
        whole = Traced(self.run, target.storage, every, target.dtype)
        added = movement.scatter_add(self.run.xp, whole.numbers, places, numbers)
        whole.write(Ellipsis, self.run.wrap(added, target.dtype))

    # --- movement ---

    def _view(self, places: np.ndarray) -> Traced:
        return Traced(self.run, self.storage, places, self.dtype)

    def _moved(self, places: np.ndarray) -> Any:
        """Make what has its numbers at some places: a view, if NumPy made one of the places."""
        if np.may_share_memory(places, self.places):
            return self._view(places)
        if self.storage.plain:
            return self.run.hold(self.storage.parts[0][places])
        return self.run.wrap(self.storage.read(self.run.xp, places), self.dtype)

    def _move_by(self, function: Any, inputs: Any, options: Any) -> Any:
        """Run a function that computes nothing on the places of numbers."""
        moving = Moving(self.run.xp, SEVERAL.get(function, (0,)), inputs, unwrap)
        if any(map(is_certified, leaves(deep(unwrap, [moving.others(inputs), options])))):
            raise NotKnown(f"{_full_name(function)} by numbers of the argument")
        if options.get("out") is not None:
            raise NotKnown(f"{_full_name(function)} with out")
        given = dtype_of(inputs[0]) if function is np.insert else options.get("dtype")
        options = {key: value for key, value in options.items() if key not in CONVERTING}
        if len(moving.operands) == 1 and function not in FILLS and given is None:
            alone = moving.leaves[0]
            return deep(alone._moved, function(*moving.put(inputs, [alone.places]), **options))
        options, fill = padding(function, options)
        places = function(*moving.put(inputs, moving.indices), **options)
        dtype = result_dtype(inputs, None)

        def wrapped(each: Any) -> Any:
            found = self.run.wrap(moving.pick(each, fill), dtype)
            return found if given is None else found.astype(given, copy=False)

        return deep(wrapped, places)

    def _write_by(self, function: Any, inputs: Any, options: Any) -> None:
        """Run a function that writes into its first argument on the places of numbers."""
        if not _is_traced(inputs[0]):
            raise NotKnown("writing numbers of the argument into an array from outside")
        moving = Moving(self.run.xp, SEVERAL[function], inputs, unwrap)
        places = moving.put(inputs, moving.indices)
        function(*places, **options)
        found = moving.pick(places[0], 0.0)
        inputs[0].write(Ellipsis, self.run.wrap(found, inputs[0].dtype))


CONVERTING = ("dtype", "casting", "out")
"""Options of functions that compute nothing which say what to make of the result."""


# --- what functions are given ---------------------------------------------------------------------


class _NoMethod(NotKnown, AttributeError):
    """Raised for a method that is not known."""


def _is_traced(x: Any) -> bool:
    return type(x) is Traced


def unwrap(x: Any) -> Any:
    """Return the numbers of a traced array; what is none stays as it is."""
    return x.numbers if _is_traced(x) else x


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
