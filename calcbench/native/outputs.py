"""Outputs: what a function gives, an array or several, and cotangents and products of that form."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np

from calcbench.errors import ProblemError, short_repr
from calcbench.native import trees
from calcbench.native.front_ends import framework_of_tree, make
from calcbench.native.function import Function, OtherForm, WrongGradient
from calcbench.native.numpy.function import as_arrays
from calcbench.native.rebinding import without_cache
from calcbench.problem.point import component_name
from calcbench.problem.problem import Arrays

ALONE = "value"
"""The name of what a function gives that is one array."""


def is_one_number(returned: Any) -> bool:
    """Tell whether a function returned one number, or an array of one, and in no tuple or dict."""
    found = as_arrays(returned) if framework_of_tree(returned) == "numpy" else returned
    plain = isinstance(found, (Number, np.ndarray)) or hasattr(found, "shape")
    return plain and math.prod(np.shape(found)) == 1


class Outputs:
    """What a function gives: one array, or several in a tuple, list or dict, or any pytree of JAX.

    A list of numbers is an array of them in NumPy, as it is in an argument.
    """

    def __init__(self, name: str, returned: Any, operator: str) -> None:
        """Take what a function of this name returned, of which an operator is wanted.

        Raises `ProblemError` where that is not floating-point numbers alone.
        """
        self._name = name
        self.framework = framework_of_tree(returned)
        self._form = self._read_form(returned)
        self._parts = self._flatten(self._form)
        for part in self._parts:
            if not _is_float(part):
                kind = getattr(part, "dtype", type(part).__name__)
                raise ProblemError(
                    f"{name} gives {getattr(kind, 'name', kind)}, and a {operator} is of "
                    "floating-point numbers: return these alone"
                )
        self._sizes = [math.prod(np.shape(part)) for part in self._parts]
        if not any(self._sizes):
            raise ProblemError(f"{name} gives no number of which there is a {operator}")

    @property
    def single(self) -> bool:
        """Whether it is one array or number, and in no tuple or dict."""
        return len(self._parts) == 1 and self._parts[0] is self._form

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return sum(self._sizes)

    def label(self, name: str, position: int) -> str:
        """Name a number of what has this form, such as `f[1, 2]`, or `f.bias[3]` in a dict."""
        starts = np.cumsum([0, *self._sizes])
        k = int(np.searchsorted(starts, position, side="right")) - 1
        place = np.unravel_index(position - int(starts[k]), np.shape(self._parts[k]))
        return component_name(name + self._suffix(k), tuple(int(at) for at in place))

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a number for each, as the dtype of its array holds it: a float64 vector."""
        drawn = self._fill(rng.normal(size=self.count))
        return np.concatenate([np.ravel(_floats(part)) for part in drawn])

    def give(self, numbers: np.ndarray) -> Any:
        """Give a vector of numbers the form of what the function gives: a cotangent."""
        parts = self._fill(numbers)
        if self.framework == "jax":
            tree = sys.modules["jax"].tree_util
            return tree.tree_unflatten(tree.tree_structure(self._form), parts)
        return trees.rebuild(self._form, parts)

    def join(self, returned: Any) -> Any:
        """Make one array of the framework of all numbers in what the function returned.

        In the order of what it returned first, such as that of a dict's keys. Raises `OtherForm`
        for what has other keys, or is nested otherwise.
        """
        return JOIN[self.framework](sys.modules[self.framework], self._flatten_like_first(returned))

    def split(self, numbers: np.ndarray) -> Arrays:
        """Split a vector of numbers into arrays by name: `value`, or by where each is in a tree."""
        vectors = np.split(numbers, np.cumsum(self._sizes)[:-1])
        named = zip(self._names, vectors, self._parts, strict=True)
        return {name: vector.reshape(np.shape(part)) for name, vector, part in named}

    def read(self, product: Any) -> np.ndarray:
        """Read what is to have the form of what the function gives, as a float64 vector.

        Raises `WrongGradient` where it has another.
        """
        found = self._match(self._read_form(product))
        read = [self._read_part(k, part) for k, part in enumerate(found)]
        return np.concatenate([np.ravel(array) for array in read])

    def join_those_of(self, function: Function) -> Function:
        """Make a function that gives one array of what another one gives."""
        inner = without_cache(function.function)

        def joined(*x: Any) -> Any:
            return self.join(inner(*x))

        joined.__wrapped__ = inner  # type: ignore[attr-defined] # whose globals and closures count
        return make(self.framework, joined, function.x, function.name)

    def _flatten_like_first(self, returned: Any) -> list[Any]:
        if self.framework == "jax":
            structure = sys.modules["jax"].tree_util.tree_structure
            same = structure(returned) == structure(self._form)
            found = self._flatten(returned) if same else None
        else:
            found = trees.list_like(self._form, returned)
        if found is None:
            forms = (short_repr(self._sketch(each)) for each in (returned, self._form))
            raise OtherForm(
                "{} gives another form here: {}, and gave {}".format(self._name, *forms)
            )
        return found

    def _sketch(self, returned: Any) -> Any:
        """Put shapes in the place of arrays."""
        if self.framework == "jax":
            return sys.modules["jax"].tree_util.tree_map(np.shape, returned)
        return trees.rebuild(returned, list(map(np.shape, trees.list_leaves(returned))))

    @cached_property
    def _names(self) -> list[str]:
        if self.single:
            return [ALONE]
        if self.framework != "jax":
            return list(trees.name_parts(self._form))
        tree = sys.modules["jax"].tree_util
        paths = [path for path, _ in tree.tree_flatten_with_path(self._form)[0]]
        return trees.distinct(tree.keystr(p, simple=True, separator=".") for p in paths)

    def _suffix(self, k: int) -> str:
        return "" if self.single else f".{self._names[k]}"

    def _read_form(self, returned: Any) -> Any:
        return as_arrays(returned) if self.framework == "numpy" else returned

    def _match(self, product: Any) -> list[Any]:
        """List what a product has for each array that the function gives."""
        found = trees.match_parts(self._form, product, "J·v")
        if self.framework == "jax":  # whose own order this is, and which knows more trees
            found = self._flatten(trees.rebuild(self._form, found))
        if len(found) != len(self._parts):
            raise WrongGradient(
                f"J·v must have the form of f(x), a number for each of that, but it is "
                f"{short_repr(product)}"
            )
        return found

    def _read_part(self, k: int, part: Any) -> np.ndarray:
        found, shape, place = _plain(part), np.shape(self._parts[k]), self._suffix(k)
        if found.dtype.kind not in "fiuV":
            raise WrongGradient(f"(J·v){place} must be real numbers, got {short_repr(part)}")
        if found.shape != shape:
            raise WrongGradient(
                f"(J·v){place} has the shape {found.shape}, but f(x){place} has the shape {shape}"
            )
        return found.astype(np.float64)

    def _flatten(self, returned: Any) -> list[Any]:
        if self.framework == "jax":
            return list(sys.modules["jax"].tree_util.tree_leaves(returned))
        return trees.list_leaves(returned)

    def _fill(self, numbers: np.ndarray) -> list[Any]:
        """Make arrays like those that the function gives, with other numbers."""
        vectors = np.split(numbers, np.cumsum(self._sizes)[:-1])
        return [
            _like(part, vector.reshape(np.shape(part)))
            for part, vector in zip(self._parts, vectors, strict=True)
        ]


def _join_tensors(tf: Any, parts: Sequence[Any]) -> Any:
    """Join tensors of TensorFlow, in the widest of their dtypes."""
    tensors = [tf.convert_to_tensor(part) for part in parts]
    widest = max((tensor.dtype for tensor in tensors), key=lambda dtype: dtype.size)
    return tf.concat([tf.reshape(tf.cast(tensor, widest), (-1,)) for tensor in tensors], 0)


JOIN: dict[str, Callable[[Any, Sequence[Any]], Any]] = {
    "numpy": lambda numpy, parts: np.concatenate([np.ravel(part) for part in parts]),
    "torch": lambda torch, parts: torch.cat([part.reshape(-1) for part in parts]),
    "jax": lambda jax, parts: jax.numpy.concatenate([jax.numpy.ravel(part) for part in parts]),
    "tensorflow": _join_tensors,
}
"""Framework → what makes one array of several: (the module, the arrays)."""

LIKE: dict[str, Callable[[Any, Any, np.ndarray], Any]] = {
    "numpy": lambda numpy, part, array: array.astype(part.dtype)[()],
    "torch": lambda torch, part, array: torch.tensor(array).to(part),
    "jax": lambda jax, part, array: jax.numpy.asarray(array, part.dtype),
    "tensorflow": lambda tf, part, array: tf.constant(array, part.dtype),
}
"""Framework → what makes an array like another one: (the module, that one, NumPy's array)."""


def _like(part: Any, numbers: np.ndarray) -> Any:
    """Make an array, or a number of Python, like another one."""
    if isinstance(part, float) and not isinstance(part, np.floating):
        return float(numbers)
    framework = framework_of_tree(part)
    return LIKE[framework](sys.modules[framework], part, numbers)


def _is_float(part: Any) -> bool:
    """Tell whether an array or number is of floats, also of those that NumPy does not know."""
    if hasattr(part, "is_floating_point"):  # torch's
        return bool(part.is_floating_point())
    return np.asarray(part).dtype.kind in "fV"


def _floats(part: Any) -> np.ndarray:
    """Return the numbers of an array as float64."""
    return _plain(part).astype(np.float64)


def _plain(part: Any) -> np.ndarray:
    """Make NumPy's array of any, also of one on a graphics processor."""
    if not hasattr(part, "detach"):
        return np.asarray(part)
    tensor = part.detach().cpu()
    return np.asarray(tensor.double() if tensor.is_floating_point() else tensor)
