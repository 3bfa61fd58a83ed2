"""Conversion: an argument in the arrays of one framework ↔ of another."""

from __future__ import annotations

import contextlib
import importlib
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from calcbench.errors import ProblemError, first_line
from calcbench.native import trees
from calcbench.native.front_ends import call_undisturbed, framework_of, loaded
from calcbench.native.function import NotKnown
from calcbench.problem.faults import RAISED

MAKE: dict[str, Callable[[Any, np.ndarray], Any]] = {
    "torch": lambda torch, array: torch.tensor(array),
    "jax": lambda jax, array: jax.numpy.asarray(array),
    "tensorflow": lambda tf, array: tf.constant(array),
}
"""Framework → what makes its array of NumPy's: (the module, the array). JAX makes float32 of
float64, unless its switch for that is on."""

WORDS = {"numpy": "NumPy", "torch": "torch", "jax": "JAX", "tensorflow": "TensorFlow"}
"""Framework → what it is called in messages."""


def double_precision(framework: str) -> contextlib.AbstractContextManager[Any]:
    """Open the context in which a framework keeps float64: JAX's, without its global switch."""
    if framework != "jax":
        return contextlib.nullcontext()
    jax = sys.modules["jax"]
    home = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")
    context: contextlib.AbstractContextManager[Any] = home.enable_x64(True)  # below JAX 0.8
    return context


class Taken(NamedTuple):
    """An argument as a function takes it."""

    framework: str
    x: Any


def to_numpy(array: Any) -> np.ndarray:
    """Make NumPy's array of a framework's. Raises `NotKnown` for a dtype that NumPy has not."""
    if hasattr(array, "detach"):  # torch's, which is not read where autograd watches
        array = array.detach().cpu().resolve_conj().resolve_neg()
    try:
        found = np.asarray(array)
    except TypeError as error:
        raise NotKnown(f"dtype {array.dtype}") from error
    if found.dtype.kind not in "fiubc":
        raise NotKnown(f"dtype {found.dtype}")
    return found


def convert(x: Any, framework: str) -> Any:
    """Convert all arrays in an argument to a framework's. Text and whole numbers stay as they are.

    So do Python's floats, but for torch and TensorFlow, which have no derivatives by them.
    """
    leaves = trees.name_leaves(convert, x).values()
    return trees.rebuild(x, [_convert_leaf(leaf, framework) for leaf in leaves])


def _convert_leaf(leaf: Any, framework: str) -> Any:
    if isinstance(leaf, float) and framework in ("numpy", "jax"):
        return leaf
    if not isinstance(leaf, (float, np.ndarray, np.generic)) and framework_of([leaf]) == "numpy":
        return leaf
    array = to_numpy(leaf)
    if framework == "numpy":
        return array.copy()
    return MAKE[framework](sys.modules[framework], array)


def as_taken(function: Callable[..., Any], x: Any, meant: bool = True) -> Taken:
    """Give an argument the arrays that a function takes: those it has, or those of another.

    Arrays of a framework are what the function takes if they give a result of that framework.
    NumPy's are tried first, and then those of the frameworks that are loaded. Where none will do,
    they are what it takes if they are `meant` for it, which it may take in another way, such as
    TensorFlow's variables. Raises `ProblemError` with what was raised last if not.
    """
    own = framework_of(trees.name_leaves(function, x).values())
    tried = dict.fromkeys([own, "numpy", *loaded()])
    raised: BaseException | None = None
    for framework in tried:
        given = x if framework == own else convert(x, framework)
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                result = call_undisturbed(function, given)
        except RAISED as error:
            raised = error
            continue
        found = framework_of([result])
        if found == framework:
            return Taken(framework, given)
        if framework == "numpy":  # what takes NumPy's arrays, and makes its own of them
            return Taken(found, convert(x, found))
    if meant and own != "numpy":
        return Taken(own, x)
    names = ", ".join(WORDS[framework] for framework in tried)
    said = f": {type(raised).__name__}: {first_line(raised)}" if raised else ""
    raise ProblemError(
        f"{trees.function_name(function)} does not take this argument in arrays of {names}{said}"
    )
