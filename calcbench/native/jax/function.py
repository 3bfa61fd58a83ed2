"""JaxFunction: a JAX function at an argument, as it is."""

from __future__ import annotations

import contextlib
import functools
import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from calcbench.errors import first_line, short_repr
from calcbench.native import trees
from calcbench.native.function import Function, NotKnown, WrongGradient, returns_other
from calcbench.native.jax.demand import Planner
from calcbench.native.jax.framework import Framework
from calcbench.native.jax.interpreter import Interpreter
from calcbench.native.keeping import kept
from calcbench.native.needs import SLOPE
from calcbench.problem.flat import Shape
from calcbench.problem.problem import Arrays

UNTRACEABLE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)
"""What JAX raises where Python needs a number that is not there yet."""


class JaxFunction(Function):
    """A JAX function at an argument: an array, any pytree of them, or a tuple of arguments."""

    how = "jaxpr on balls"
    holds = "stop_gradient"

    def __init__(self, function: Callable[..., Any], x: Any, name: str = "") -> None:
        """Take the function, its argument, and a name to call it by.

        Raises `NotKnown` for dtypes that are not certified.
        """
        self.function, self.x = function, trees.as_tuple(x)
        paths, self._tree = jax.tree_util.tree_flatten_with_path(self.x)
        self._leaves = [leaf for _, leaf in paths]
        self._wide = bool(jax.config.jax_enable_x64) or any(map(_is_wide, self._leaves))
        _check_real(self._leaves)
        names = trees.argument_names(function, len(self.x))
        with self.precision():
            arrays = {k: jax.numpy.asarray(v) for k, v in enumerate(self._leaves) if _is_float(v)}
        self._dtypes = {k: array.dtype for k, array in arrays.items()}
        self._places = {_name(paths[k][0], names): k for k in arrays}
        super().__init__(
            name or trees.function_name(function),
            {n: np.asarray(arrays[k], np.float64) for n, k in self._places.items()},
            {n: str(arrays[k].dtype) for n, k in self._places.items()},
        )
        self._planner, self._framework = Planner(), Framework()
        self._other = ""
        """The kind of what the function returns, if that is no array of JAX."""

    def precision(self) -> contextlib.AbstractContextManager[Any]:
        """Open the context in which JAX keeps float64, if there is any, and its switch is off."""
        if not self._wide or jax.config.jax_enable_x64:
            return contextlib.nullcontext()
        home = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")
        context: contextlib.AbstractContextManager[Any] = home.enable_x64(True)  # below JAX 0.8
        return context

    @contextlib.contextmanager
    def undisturbed(self, gradient: Callable[..., Any] | None = None) -> Iterator[None]:
        """Leave all as it was; what the caller's code computes is float64, too."""
        with super().undisturbed(gradient), self.precision():
            yield

    def run(self, arguments: Arrays, read: Callable[[Any], Any]) -> Any:
        """Call the function at these numbers, and read what it returns."""
        with self.precision():
            return read(self._flat(*self._native(arguments)))

    def to_numpy(self, returned: Any) -> np.ndarray:
        """Make an array of what the function returned, and remember what else that is."""
        found = np.asarray(returned)
        if not isinstance(returned, jax.Array):
            self._other = type(returned).__name__
        return found.astype(np.float64) if found.dtype.kind == "V" else found  # as bfloat16

    def call_along(self, arguments: Arrays, derivative: Callable[..., Any]) -> np.ndarray:
        """Call a derivative along a direction at these numbers."""
        with self.precision():
            return np.asarray(derivative(*self._arguments(self._native(arguments))))

    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        """Call the gradient, or `jax.grad` of the function: name → float64 array."""
        return self._differentiate(arguments, gradient, (), jax.grad)

    def differentiate_outputs(
        self, arguments: Arrays, jacobian: Callable[..., Any] | None, shape: Shape
    ) -> Arrays:
        """Call the Jacobian, or `jax.jacrev` of the function: name → float64 array."""
        return self._differentiate(arguments, jacobian, shape, jax.jacrev)

    def multiply(self, arguments: Arrays, direction: Arrays) -> Arrays:
        """Multiply the Hessian by a direction: `jax.vjp` of `jax.grad` of the function.

        Not `jax.jvp`: JAX refuses that of a `custom_vjp` whose forward rule calls the function.
        """
        floats = self._native(arguments)
        with self.precision():
            gradient = jax.grad(self._flat, argnums=tuple(range(len(floats))))
            _, back = jax.vjp(gradient, *floats)
            found = back(tuple(self._native(direction)))
        parts = zip(self.arguments.items(), found, strict=True)
        return {name: trees.read_part(name, part, a.shape) for (name, a), part in parts}

    def push(self, arguments: Arrays, direction: Arrays) -> np.ndarray:
        """Take the derivative along a direction: `jax.jvp` of the function."""
        with self.precision():
            floats, along = self._native(arguments), self._native(direction)
            return np.asarray(jax.jvp(self._flat, floats, along)[1])

    def pull(self, arguments: Arrays, cotangent: Any) -> Arrays:
        """Multiply a cotangent by the Jacobian: `jax.vjp` of the function."""

        def by_vjp(function: Callable[..., Any], argnums: Any) -> Callable[..., Any]:
            return lambda *floats: jax.vjp(function, *floats)[1](cotangent)

        return self._differentiate(arguments, None, (), by_vjp)

    def _differentiate(
        self,
        arguments: Arrays,
        derivative: Callable[..., Any] | None,
        shape: Shape,
        derive: Callable[..., Any],
    ) -> Arrays:
        floats = self._native(arguments)
        with self.precision():
            if derivative is None:
                if self._other and not self._is_traceable():
                    raise WrongGradient(f"JAX has no gradient: {returns_other(self._other)}")
                found = derive(self._flat, argnums=tuple(range(len(floats))))(*floats)
            else:
                found = self._pick(derivative(*self._arguments(floats)))
        parts = zip(self.arguments.items(), found, strict=True)
        return {name: trees.read_part(name, part, a.shape, shape) for (name, a), part in parts}

    def native(self, arguments: Arrays) -> Any:
        """Give numbers the form of the argument."""
        given = self._arguments(self._native(arguments))
        return given[0] if len(given) == 1 else given

    def call_complex(self, arguments: Arrays) -> np.ndarray:
        """Call the function at complex arrays, of which each is as precise."""
        kinds = {np.dtype(np.float64): np.complex128, np.dtype(np.float32): np.complex64}
        with self.precision(), warnings.catch_warnings(action="ignore"):
            numbers = [
                jax.numpy.asarray(arguments[name], kinds[self._dtypes[k]])
                for name, k in self._places.items()
            ]
            return np.asarray(self._flat(*numbers))

    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Any:
        """Run the function's jaxpr on numbers with proof."""
        with self.precision():
            interpreter = Interpreter(xp, self._planner, self._framework, self.use)
            numbers = [arguments[name] for name in self._places]
            jaxpr = self._traced
            (value,) = interpreter.run(jaxpr.jaxpr, jaxpr.consts, numbers, (SLOPE,))
            return value

    def _is_traceable(self) -> bool:
        """Tell whether the function can be traced: what it returns may be a constant."""
        try:
            return self._traced is not None
        except NotKnown:
            return False

    @functools.cached_property
    def _traced(self) -> Any:
        """Trace the function: all numbers of this shape and dtype have the same jaxpr."""
        try:
            with kept(self.function):  # it would keep what has no numbers
                found = jax.make_jaxpr(self._flat)(*self._native(self.arguments))
        except UNTRACEABLE as error:
            if self._other:
                raise NotKnown(returns_other(self._other)) from error
            raise NotKnown(f"what JAX does not trace: {first_line(error)}") from error
        if len(found.jaxpr.outvars) != 1:
            count = len(found.jaxpr.outvars)
            raise TypeError(f"{self.name} returns {count} arrays: one is differentiated")
        return found

    # --- between names and the function's own arguments ---

    def _native(self, arguments: Arrays) -> list[Any]:
        """Make the arrays of floats that the function is given; Python's numbers stay these."""
        with self.precision():
            return [
                float(arguments[name])
                if isinstance(self._leaves[k], float)
                else jax.numpy.asarray(arguments[name], self._dtypes[k])
                for name, k in self._places.items()
            ]

    def _arguments(self, floats: Sequence[Any]) -> Any:
        """Put floats into the function's arguments."""
        leaves = list(self._leaves)
        for k, value in zip(self._places.values(), floats, strict=True):
            leaves[k] = value
        return jax.tree_util.tree_unflatten(self._tree, leaves)

    def _flat(self, *floats: Any) -> Any:
        return self.function(*self._arguments(floats))

    def _pick(self, gradient: Any) -> list[Any]:
        """Pick what belongs to floats from a gradient.

        It is like the arguments, or like those of them that hold floats, or like the only one.
        Raises `WrongGradient` for another.
        """
        structure, leaves = jax.tree_util.tree_structure, jax.tree_util.tree_leaves(gradient)
        real = tuple(
            part for part in self.x if any(map(_is_float, jax.tree_util.tree_leaves(part)))
        )
        for like in (self.x, real):
            forms = (like, list(like), *(like if len(like) == 1 else ()))
            if structure(gradient) in map(structure, forms):
                wanted = map(_is_float, jax.tree_util.tree_leaves(like))
                return [leaf for leaf, moves in zip(leaves, wanted, strict=True) if moves]
        raise WrongGradient(
            f"the gradient must be in the form of x, a derivative by each of "
            f"{', '.join(self._places)}, but it is {short_repr(gradient)}"
            + (": jax.grad needs argnums for more than the first" if len(real) > 1 else "")
        )


def _check_real(leaves: Sequence[Any]) -> None:
    for leaf in leaves:
        dtype = np.complex128 if isinstance(leaf, complex) else getattr(leaf, "dtype", None)
        if dtype is not None and jax.numpy.issubdtype(dtype, np.complexfloating):
            raise NotKnown(f"dtype {np.dtype(dtype)}")


def _is_float(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)
    if dtype is None:
        return isinstance(leaf, float)
    return bool(jax.numpy.issubdtype(dtype, np.floating))


def _is_wide(leaf: Any) -> bool:
    """Tell whether a leaf is an array of JAX's with float64 in it."""
    return isinstance(leaf, jax.Array) and leaf.dtype == np.float64


def _name(path: Sequence[Any], arguments: Sequence[str]) -> str:
    """Name a leaf by where it is, as `trees` does: `layers.0.weight`."""
    first, *rest = path
    parts = [str(_key(key)) for key in rest]
    alone = len(arguments) == 1 and rest and isinstance(rest[0], jax.tree_util.DictKey)
    return ".".join(parts if alone else [arguments[first.idx], *parts])


def _key(key: Any) -> Any:
    """Read the part of a path: of a list, a dict, a class, or something else."""
    found = (getattr(key, attribute, None) for attribute in ("key", "name", "idx"))
    return next(part for part in found if part is not None)
