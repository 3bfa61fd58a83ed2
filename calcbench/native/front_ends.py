"""The front end for a function: by the arrays in its argument, or in what it returns."""

from __future__ import annotations

import contextlib
import copy
import importlib
import importlib.util
import operator
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from calcbench.native import trees
from calcbench.native.function import Function, NotKnown
from calcbench.native.keeping import kept, seeds_kept, variables_reached
from calcbench.problem.faults import RAISED


class FrontEnd(NamedTuple):
    """Where a framework's arrays are, and what runs its functions."""

    array: str
    """The class of its arrays."""
    module: str
    function: str
    """The subclass of `Function`, made of (function, x, name)."""


FRONT_ENDS = {
    "torch": FrontEnd("Tensor", "calcbench.native.torch", "TorchFunction"),
    "jax": FrontEnd("Array", "calcbench.native.jax.function", "JaxFunction"),
    "tensorflow": FrontEnd(
        "__internal__.types.Tensor", "calcbench.native.tensorflow", "TensorflowFunction"
    ),
}
"""Framework → its front end; without one of these, it is NumPy's."""


def build(function: Callable[..., Any], x: Any, name: str = "") -> Function:
    """Make a function at an argument ready to be run on numbers with proof.

    Frameworks that are not loaded are not imported. Raises `NotKnown` for arrays of another
    framework, and for what its front end refuses.
    """
    framework = framework_of(trees.name_leaves(function, x).values())
    if framework == "numpy" and loaded():
        framework = framework_of_tree(_result(function, x))
    return make(framework, function, x, name)


def make(framework: str, function: Callable[..., Any], x: Any, name: str = "") -> Function:
    """Make a function of a framework's arrays ready to be run on numbers with proof, as `build`."""
    if framework == "numpy":
        from calcbench.native.numpy.function import NumpyFunction  # loads all of NumPy's modules

        return NumpyFunction(function, x, name)
    front_end = FRONT_ENDS[framework]
    if importlib.util.find_spec(front_end.module) is None:
        raise NotKnown(f"{framework}, which has no front end yet")
    made: Function = getattr(importlib.import_module(front_end.module), front_end.function)(
        function, x, name
    )
    return made


def _result(function: Callable[..., Any], x: Any) -> Any:
    """Call the function at a copy of its argument; None where it raises, which shows later on."""
    try:
        return call_undisturbed(function, copy.deepcopy(x))
    except RAISED:
        return None


def call_undisturbed(function: Callable[..., Any], x: Any) -> Any:
    """Call a function, and leave what it keeps, seeds and modes as they were."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(np.errstate())
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(seeds_kept())
        stack.enter_context(kept(function))
        if "torch" in sys.modules:
            from calcbench.native.torch import keeping

            before = stack.enter_context(keeping.unchanged())
            stack.enter_context(keeping.Keeping(before))
        if "tensorflow" in sys.modules:
            from calcbench.native.tensorflow.keeping import unchanged

            stack.enter_context(unchanged(v.handle for v in variables_reached(function)))
        return function(*trees.as_tuple(x))


def loaded() -> list[str]:
    """List the frameworks that are imported."""
    return [name for name in FRONT_ENDS if name in sys.modules]


def framework_of(arrays: Any) -> str:
    """Name the framework of the first array that is not NumPy's; "numpy" where there is none."""
    for array in arrays:
        for name in loaded():
            if isinstance(array, _array_class(name)):
                return name
    return "numpy"


def framework_of_tree(x: Any) -> str:
    """Name the framework of the first array in tuples, lists, dicts, or a pytree of JAX's."""
    found = framework_of(trees.list_leaves(x))
    if found == "numpy" and "jax" in loaded():
        return framework_of(sys.modules["jax"].tree_util.tree_leaves(x))
    return found


def _array_class(framework: str) -> Any:
    """Return the class of a framework's arrays; none of one that is half imported."""
    try:
        return operator.attrgetter(FRONT_ENDS[framework].array)(sys.modules[framework])
    except AttributeError:
        return ()
