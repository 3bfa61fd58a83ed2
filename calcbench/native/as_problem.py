"""Native functions as a problem, so that the harness compares and times them as any other."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from calcbench.errors import SelectorError, nearest, short_repr
from calcbench.native import trees
from calcbench.native.conversion import as_taken, convert, double_precision, to_numpy
from calcbench.native.front_ends import call_undisturbed, framework_of
from calcbench.problem.arguments import check_function, check_text
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import Shape
from calcbench.problem.native import FRAMEWORKS, run_native
from calcbench.problem.problem import Arrays, Problem

Functions = Callable[..., Any] | Mapping[str, Callable[..., Any]]
"""A function, or several by framework, which are to be the same."""


class FunctionsAsProblem(Problem):
    """Functions of one argument: its arrays of floats are the parameters, integers the data."""

    parameters: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    cost = run_native

    def __init__(self, functions: Mapping[str, Callable[..., Any]], x: Any, name: str) -> None:
        """Take the functions by framework, the argument of all, and what to call them."""
        self._name, self._order = name, tuple(functions)
        leaves = trees.name_leaves(next(iter(functions.values())), x)
        arrays = {n: to_numpy(leaf) for n, leaf in leaves.items() if _is_array(leaf)}
        self.parameters = tuple(n for n, array in arrays.items() if array.dtype.kind == "f")
        if not self.parameters:
            raise SelectorError(f"x holds no floating-point number, got {short_repr(x)}")
        named = {n: n if n in self.parameters else _identifier(n, k) for k, n in enumerate(leaves)}
        self.data = tuple(named[n] for n in arrays if n not in self.parameters)
        self.dtype = "float32" if any(a.dtype == np.float32 for a in arrays.values()) else "float64"
        self._values = {named[n]: array for n, array in arrays.items()}
        plain = {named[n]: None if n in arrays else leaf for n, leaf in leaves.items()}
        form = trees.rebuild(x, list(plain))
        for framework, function in functions.items():
            setattr(self, f"cost_{framework}", _flat(function, form, plain, self.parameters))

    @property
    def name(self) -> str:
        """What the functions are called."""
        return self._name

    @cached_property
    def native_costs(self) -> dict[str, Callable[..., Any]]:
        """The functions by framework, in the order given: the first is the reference."""
        return {framework: getattr(self, f"cost_{framework}") for framework in self._order}

    @property
    def summary(self) -> str:
        """Whose code it is."""
        return f"{self.name} in the code of {', '.join(self.native_costs)}."

    @property
    def letter(self) -> str:
        """What derivatives are written of: ∂f/∂x."""
        return "f"

    def inputs(self, size: int, rng: np.random.Generator) -> Arrays:
        """Return the numbers of the argument."""
        return self._values


class VectorFunctionsAsProblem(FunctionsAsProblem):
    """Functions that give a vector of numbers."""

    def __init__(
        self, functions: Mapping[str, Callable[..., Any]], x: Any, name: str, count: int
    ) -> None:
        """Take what others take, and how many numbers the functions give."""
        super().__init__(functions, x, name)
        self._count = count

    def outputs(self, inputs: Arrays) -> int:
        """Return how many numbers the functions give."""
        return self._count


def as_problem(functions: Functions, x: Any, name: str | None = None) -> FunctionsAsProblem:
    """Make a problem of a function as it is, or of several that are to be the same.

    `functions` is one function of NumPy, torch, JAX or TensorFlow, or a dict of framework →
    function, of which the first that can be certified is the reference. `x` is what all of them
    take, in the arrays of any: a tuple is several arguments.
    Its arrays of floats are the parameters. Functions give one number, or a vector, of which there
    are a Jacobian, a pullback and a pushforward. A problem is compared and timed by the backends of
    these frameworks; NumPy's functions are differenced. `name` is what to call it in tables.

        >>> model = calcbench.as_problem({"torch": torch_loss, "jax": jax_loss}, weights)
        >>> calcbench.compare(model, ["torch", "torch[mode=func]", "jax"])

    Raises `SelectorError` for what is no function, and for an `x` without floats, `ProblemError`
    where no framework's arrays are what a function takes.
    """
    if x is None:
        raise TypeError("as_problem needs x, what the functions take: as_problem(f, x)")
    if name is not None:
        check_text("name", name, "'logistic'")
    if isinstance(functions, Mapping):
        _check_functions(functions)
        chosen = dict(functions)
    else:
        check_function("f", functions)
        taken = as_taken(functions, x)
        chosen, x = {taken.framework: functions}, taken.x
    called = name or trees.function_name(next(iter(chosen.values()))).strip("<>")
    shape = _shape_given(chosen, x)
    if len(shape) > 1:
        raise SelectorError(
            f"{called} gives an array of shape {shape}, and a problem is of one number or a vector "
            "of them: return it as one, by reshape(-1)"
        )
    if shape:
        return VectorFunctionsAsProblem(chosen, x, called, shape[0])
    return FunctionsAsProblem(chosen, x, called)


def _shape_given(functions: Mapping[str, Callable[..., Any]], x: Any) -> Shape:
    """Find the shape of what functions give, by the first whose framework is loaded.

    That of one number where it raises, or none is: then comparing tells.
    """
    for framework, function in functions.items():
        if framework == "numpy" or framework in sys.modules:
            with contextlib.suppress(*RAISED), double_precision(framework):
                given = call_undisturbed(function, convert(x, framework))
                return to_numpy(given).shape if trees.items(given) is None else ()
            break
    return ()


def native_backends(problem: Problem) -> list[str]:
    """Name the backends that run the native costs of a problem: differences, of NumPy's."""
    return ["finite_difference" if name == "numpy" else name for name in problem.native_costs]


def _check_functions(functions: Mapping[Any, Any]) -> None:
    if not functions:
        raise SelectorError("as_problem needs a function, such as {'torch': loss}")
    for framework, function in functions.items():
        if framework not in FRAMEWORKS:
            raise SelectorError(
                f"{short_repr(framework)} is no framework: {nearest(str(framework), FRAMEWORKS)}"
            )
        check_function(framework, function)


def _is_array(leaf: Any) -> bool:
    """Tell whether a leaf is an array of a framework or of NumPy, or a float of Python."""
    return isinstance(leaf, (float, np.ndarray, np.floating)) or framework_of([leaf]) != "numpy"


def _identifier(name: str, position: int) -> str:
    """Make a name of data one of Python, by which it can be given."""
    found = re.sub(r"\W", "_", name)
    return found if found.isidentifier() else f"data_{position}"


def _flat(
    function: Callable[..., Any], form: Any, plain: Mapping[str, Any], parameters: tuple[str, ...]
) -> Callable[..., Any]:
    """Make a function of one argument one of its arrays: parameters in order, data by name.

    `form` is the argument with the name of each leaf in its place; `plain` has those leaves that
    are no arrays, by name.
    """
    if form == parameters[0] or (type(form) is tuple and form == parameters):
        return function

    def call(*arrays: Any, **data: Any) -> Any:
        values = {**plain, **dict(zip(parameters, arrays, strict=True)), **data}
        return function(*trees.as_tuple(_fill(form, values)))

    call.__wrapped__ = function  # type: ignore[attr-defined] # whose globals and closures count
    return call


def _fill(form: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(form, str):
        return values[form]
    inside = trees.items(form)
    assert inside is not None
    parts = [_fill(part, values) for _, part in inside]
    kind: Any = type(form)
    if isinstance(form, Mapping):
        return kind(zip(form, parts, strict=True))
    return kind(*parts) if hasattr(form, "_fields") else kind(parts)
