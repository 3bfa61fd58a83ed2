"""Relation: which number of one function's argument is which of another's.

The same model has its parameters in other orders, names and shapes in another framework. A function
that makes one argument of the other tells where each number goes, by being run on their positions.
Two arguments that are given side by side are related by the names of their arrays, or else by the
numbers in them.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.errors import ProblemError, SelectorError, write_apart
from calcbench.native import trees
from calcbench.native.certifying import point_of
from calcbench.native.conversion import MAKE, Taken, as_taken, convert, to_numpy
from calcbench.native.front_ends import framework_of, make
from calcbench.native.function import Function
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.flat import flatten
from calcbench.problem.problem import Arrays

SUGGESTION = "give y, a function that makes the argument of g of that of f: y=lambda x: …"


Related = tuple[Function, np.ndarray]
"""The second function, and for each of its numbers the position among those of the first."""


def is_translation(y: Any) -> bool:
    """Tell whether y is a function that makes an argument, and not an argument itself."""
    return inspect.isroutine(y) or isinstance(y, functools.partial)


def relate(
    f: Function, x: Any, g_function: Callable[..., Any], y: Any, name: str, meant: bool
) -> Related:
    """Make the second function at its own argument, and say which number is which of the first's.

    `x` is the first one's argument; `y` is the second one's, in any arrays, or a function that
    makes it of x; `meant` says that it is given for this function. Raises `SelectorError` where the
    two cannot be related.
    """
    if is_translation(y):
        framework, moved = _as_taken(g_function, _translate(y, x))
        g = make(framework, g_function, moved, name)
        numbered = convert(_translate(y, _numbered(f, x)), framework)
        return g, _positions(g, make(framework, g_function, numbered), f)
    framework, taken = _as_taken(g_function, y, meant)
    g = make(framework, g_function, taken, name)
    places, wanted = _placed(f, x), _placed(g, taken)
    if {n: a.shape for n, a in places.items()} == {n: a.shape for n, a in wanted.items()}:
        starts = dict(zip(places, np.cumsum([0, *(a.size for a in places.values())]), strict=False))
        order = np.concatenate([starts[n] + np.arange(a.size) for n, a in wanted.items()])
    else:
        order = _by_numbers(f, g)
    _check_numbers(f, g, order)
    return g, order


def _as_taken(g: Callable[..., Any], y: Any, meant: bool = True) -> Taken:
    try:
        return as_taken(g, y, meant)
    except ProblemError as error:
        raise ProblemError(f"{error}; {SUGGESTION}") from error


def _translate(y: Callable[..., Any], x: Any) -> Any:
    try:
        return y(*trees.as_tuple(x))
    except RAISED as error:
        raise SelectorError(f"y, which makes an argument of x, raises {describe(error)}") from error


def _numbered(f: Function, x: Any) -> Any:
    """Put into every array of floats the positions of its numbers, in the order of the function."""
    leaves, places = trees.name_leaves(f.function, x), _leaves_of(f, x)
    start, found = 0, dict(leaves)
    if places is None:
        raise SelectorError(
            "x must hold its arrays in tuples, lists and dicts, where y is a function"
        )
    for name, array in f.arguments.items():
        numbers = np.arange(start, start + array.size, dtype=np.float64).reshape(array.shape)
        found[places[name]] = _like(leaves[places[name]], numbers)
        start += array.size
    return trees.rebuild(x, list(found.values()))


def _leaves_of(function: Function, x: Any) -> dict[str, str] | None:
    """Say which leaf of an argument each of a function's arrays is; None where that is not clear.

    They go by the leaf's name, or by one of their own, as TensorFlow's variables do, in order.
    """
    leaves = trees.name_leaves(function.function, x)
    if function.arguments.keys() <= leaves.keys():
        return {name: name for name in function.arguments}
    alike = [array.shape for array in function.arguments.values()]
    if [getattr(leaf, "shape", ()) for leaf in leaves.values()] != alike:
        return None
    return dict(zip(function.arguments, leaves, strict=True))


def _like(leaf: Any, numbers: np.ndarray) -> Any:
    """Make what holds these numbers in the dtype of a leaf, of which each is to be exact."""
    framework = framework_of([leaf])
    dtype = to_numpy(leaf).dtype
    cast = numbers.astype(dtype)
    if np.any(cast != numbers):
        raise SelectorError(f"there are more numbers in x than {dtype} can count")
    if isinstance(leaf, float):
        return float(numbers)
    if framework == "numpy":
        return cast
    return MAKE[framework](sys.modules[framework], cast)


def _positions(g: Function, numbered: Function, f: Function) -> np.ndarray:
    """Read where a translation has put each number."""
    found = flatten(numbered.arguments.values(), np.float64)
    count = sum(array.size for array in f.arguments.values())
    same = {n: a.shape for n, a in g.arguments.items()} == {
        n: a.shape for n, a in numbered.arguments.items()
    }
    if not same or not np.array_equal(np.sort(found), np.arange(count)):
        raise SelectorError(
            "y must put each number of x into one place, and compute nothing: reshape, transpose, "
            "rename, split or stack"
        )
    return found.astype(np.intp)


def _placed(function: Function, x: Any) -> Arrays:
    """Name the arrays by where they are, with the number of an argument in place of its name."""
    arguments = trees.as_tuple(x)
    names = trees.argument_names(function.function, len(arguments))
    alone = len(arguments) == 1 and isinstance(x, Mapping)
    leaves = _leaves_of(function, x) or {name: name for name in function.arguments}

    def place(name: str) -> str:
        head, _, rest = name.partition(".")
        return name if alone or head not in names else f"{names.index(head)}.{rest}"

    return {place(leaves[name]): array for name, array in function.arguments.items()}


def _by_numbers(f: Function, g: Function) -> np.ndarray:
    """Find each number of the second argument in the first, where no two are equal."""
    one, two = _numbers(f, g)
    if one.size != two.size:
        raise SelectorError(
            f"{f.name} has {one.size:,} numbers, and {g.name} {two.size:,}: {SUGGESTION}"
        )
    first, second = np.argsort(one, kind="stable"), np.argsort(two, kind="stable")
    for numbers in (one[first], two[second]):
        equal = np.flatnonzero(np.diff(numbers) == 0)
        if equal.size:
            raise SelectorError(
                f"the arrays of {f.name} ({_names(f)}) have other names or shapes than those of "
                f"{g.name} ({_names(g)}), and {numbers[equal[0]]:g} is in them twice, so that "
                f"numbers do not tell which is which: {SUGGESTION}"
            )
    order = np.empty(two.size, dtype=np.intp)
    order[second] = first
    return order


def _check_numbers(f: Function, g: Function, order: np.ndarray) -> None:
    """Raise `SelectorError` where the second argument holds other numbers than the first."""
    one, two = _numbers(f, g)
    other = np.flatnonzero(one[order] != two)
    if other.size:
        k = int(other[0])
        first, second = write_apart(one[order][k], two[k], digits=9)
        raise SelectorError(
            f"y holds other numbers than x: {point_of(g).component(k)} is {first} in x "
            f"and {second} in y"
        )


def _numbers(f: Function, g: Function) -> tuple[np.ndarray, np.ndarray]:
    """List the numbers of both arguments, as both can hold them."""
    dtype = "float32" if "float32" in (f.dtype, g.dtype) else "float64"
    one, two = (flatten(each.arguments.values(), np.float64) for each in (f, g))
    return one.astype(dtype), two.astype(dtype)


def _names(function: Function) -> str:
    names = list(function.arguments)
    return ", ".join(names[:3]) + (", …" if names[3:] else "")
