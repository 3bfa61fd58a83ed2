"""Equations that JAX computes itself: those in which no argument of the function takes part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import numpy as np
from jax.extend.core import Literal

from calcbench.problem.faults import find_place

T = TypeVar("T")

INTEGERS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
"""Primitive → NumPy's function, which does the same with integers and truth values, but need not
be compiled."""

EXACT = frozenset({"bitcast_convert_type"})
"""Primitives without a rule whose floats are not rounded."""


def place_of(equation: Any) -> str:
    """Find the line of a user's code that an equation stands for: `model.py:9`, or ""."""
    traceback = getattr(equation.source_info, "traceback", None)
    frames = [] if traceback is None else traceback.frames
    return find_place((frame.file_name, frame.line_num) for frame in frames)


def is_real(aval: Any) -> bool:
    """Tell whether a variable holds floats."""
    return bool(jax.numpy.issubdtype(aval.dtype, np.floating))


def is_discrete(aval: Any) -> bool:
    """Tell whether a variable holds integers, truth values or keys, which no slope passes."""
    return not jax.numpy.issubdtype(aval.dtype, np.inexact)


def has_discrete_operands(equation: Any) -> bool:
    """Tell whether an equation computes with discrete variables and literals alone."""
    return all(isinstance(v, Literal) or is_discrete(v.aval) for v in equation.invars)


def plain(value: Any) -> Any:
    """Make NumPy's array of one of JAX's; keys of random numbers stay."""
    if jax.numpy.issubdtype(getattr(value, "dtype", np.float64), jax.dtypes.prng_key):
        return value
    return np.asarray(value)


def literal(variable: Any) -> np.ndarray:
    """Read a number in the text of a jaxpr, as its dtype holds it."""
    return np.asarray(variable.val, variable.aval.dtype)


class Framework:
    """Has JAX compute equations. It compiles every new one, in a twentieth of a second."""

    def __init__(self) -> None:
        """Start without any."""
        self._remembered: dict[tuple[str, int], tuple[Any, Any]] = {}

    def apply(self, equation: Any, operands: Sequence[Any]) -> list[Any]:
        """Apply one equation to native arrays."""
        given = {
            variable: value
            for variable, value in zip(equation.invars, operands, strict=True)
            if not isinstance(variable, Literal)
        }
        apply = self.remember("compiled", equation, lambda: _compile(equation, [*given]))
        return [plain(value) for value in apply(*given.values())]

    def remember(self, what: str, part: Any, build: Callable[[], T]) -> T:
        """Return what is built for a part of a jaxpr, which is built once."""
        key = what, id(part)
        if key not in self._remembered:
            self._remembered[key] = part, build()  # the part too, or another had its id
        found: T = self._remembered[key][1]
        return found


def _compile(equation: Any, inputs: Sequence[Any]) -> Callable[..., Any]:
    primitive = equation.primitive
    found = primitive.get_bind_params(equation.params)
    functions, params = found if isinstance(found, tuple) else ((), found)  # before JAX 0.10

    def apply(*arrays: Any) -> Any:
        known = dict(zip(inputs, arrays, strict=True))
        operands = [literal(v) if isinstance(v, Literal) else known[v] for v in equation.invars]
        results = primitive.bind(*functions, *operands, **params)
        return results if primitive.multiple_results else [results]

    compiled: Callable[..., Any] = jax.jit(apply)
    return compiled
