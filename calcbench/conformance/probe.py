"""A probe: one problem of several cases, of whose gradient a backend computes values and slopes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from calcbench.conformance.case import Case, Wrong
from calcbench.problem.problem import Problem


class Probe(Problem):
    """Σ weights · f(x) over several cases.

    Its partials by the weights are the values of f, and its partials by x are the derivatives
    (weighted, so that no two entries can be mistaken for each other).
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        """Take the cases; equal names among their data are the same data."""
        self.cases = cases
        self.values: dict[str, np.ndarray] = {}
        for number, case in enumerate(cases):
            weights, _, _ = case.expected
            self.values[f"weights{number}_"] = weights
            self.values |= {f"x{number}_{k}_": x for k, x in enumerate(case.at)}
        self.parameters = tuple(self.values)
        self.values |= {name: a for case in cases for name, a in case.data.items()}
        self.data = tuple(self.values)[len(self.parameters) :]
        self.dtypes: set[str] = set()
        """What the functions have given, as it was seen while the cost ran."""
        self.trying = self.any = f"{cases[0].what}, or one of its like"
        """The case that is being evaluated, while that is one of them."""

    def inputs(self, size: Any, rng: Any) -> dict[str, Any]:
        """Return weights, points and data."""
        return dict(self.values)

    def weighted(self, xp: Any, parameters: Any, data: Any) -> Iterator[tuple[Any, Any]]:
        """Evaluate every case: (weights, value). Raises `Wrong` for another shape."""
        left = list(parameters)
        for case in self.cases:
            self.trying = case.what
            weights, arguments = left[0], left[1 : 1 + len(case.at)]
            left = left[1 + len(case.at) :]
            value = case.call(xp, *arguments, **{name: data[name] for name in case.data})
            check_shape(case.what, value, shape(weights))
            self.dtypes.add(dtype_of(value))
            yield weights, value
        self.trying = self.any

    def cost(self, xp: Any, *parameters: Any, **data: Any) -> Any:
        """Add up what is weighted."""
        total: Any = 0.0
        for weights, value in self.weighted(xp, parameters, data):
            total = total + xp.sum(weights * value)
        return total

    def gradient(self, xp: Any, *parameters: Any, **data: Any) -> dict[str, Any]:
        """Give a backend that has no derivatives of its own the values, and zeros."""
        values = iter([value for _, value in self.weighted(xp, parameters, data)])
        return {
            name: next(values) if name.startswith("weights") else 0 * parameter
            for name, parameter in zip(self.parameters, parameters, strict=True)
        }


def check_shape(what: str, value: Any, expected: tuple[int, ...]) -> None:
    """Raise `Wrong` for a value of another shape than expected."""
    if shape(value) == expected:
        return
    if not hasattr(value, "shape"):
        kind = type(value).__name__
        raise Wrong(f"{what}: a {kind}, which has no attribute `shape`: it should be {expected}")
    raise Wrong(f"{what}: shape {shape(value)}, not {expected}")


def shape(value: Any) -> tuple[int, ...]:
    """Return the shape; a scalar that SymPy has computed with is a bare expression without one."""
    return tuple(getattr(value, "shape", ()))


def dtype_of(value: Any) -> str:
    """Return the name of a dtype, without that of its library."""
    dtype = str(getattr(value, "dtype", "object"))
    return re.sub(r"torch\.|<dtype: '|'>", "", dtype)
