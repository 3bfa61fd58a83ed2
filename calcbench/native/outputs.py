"""Outputs: what a function gives, an array or several, and cotangents of that form."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.errors import ProblemError, short_repr
from calcbench.native import trees
from calcbench.native.front_ends import framework_of_tree, make
from calcbench.native.function import Function, OtherForm
from calcbench.native.numpy.function import as_arrays
from calcbench.native.rebinding import without_cache


class Outputs:
    """What a function gives: one array, or several in a tuple, list or dict, or any pytree of JAX.

    A list of numbers is an array of them in NumPy, as it is in an argument.
    """

    def __init__(self, name: str, returned: Any) -> None:
        """Take what a function of this name returned.

        Raises `ProblemError` where that is not floating-point numbers alone.
        """
        self._name = name
        self.framework = framework_of_tree(returned)
        self._form = as_arrays(returned) if self.framework == "numpy" else returned
        self._parts = self._flatten(self._form)
        for part in self._parts:
            if not _is_float(part):
                kind = getattr(part, "dtype", type(part).__name__)
                raise ProblemError(
                    f"{name} gives {getattr(kind, 'name', kind)}, and a pullback is of "
                    "floating-point numbers: return these alone"
                )
        self._sizes = [math.prod(np.shape(part)) for part in self._parts]
        if not any(self._sizes):
            raise ProblemError(f"{name} gives no number of which there is a pullback")

    @property
    def single(self) -> bool:
        """Whether it is one array or number, and in no tuple or dict."""
        return len(self._parts) == 1 and self._parts[0] is self._form

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a number for each, as the dtype of its array holds it: a float64 vector."""
        drawn = self._fill(rng.normal(size=sum(self._sizes)))
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
    """Return the numbers of an array as float64, also of one on a graphics processor."""
    plain = part.detach().cpu().double() if hasattr(part, "detach") else part
    return np.asarray(plain).astype(np.float64)
