"""A case: a call of one function of the vocabulary at one point, and what it must give."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calcbench.conformance.exact import elementwise, exact_numbers, floats, mp

EPS = float(np.finfo(np.float64).eps)

CLOSE = 64 * EPS
"""1.4e-14, in units of the case's natural scale. A correctly rounded library function is off by
½ unit in the last place; a derivative chains a handful of functions that are each off by 1–4
(vectorised ones, as in XLA, are the worst), and sums of up to a dozen terms."""

CLOSE_COMPOSED = 1e-13
"""Likewise, of a chain of such functions."""

CLOSE_LINALG = 1e-12
"""Factorisations of these matrices lose at most the condition number, about 10, squared."""


class Wrong(AssertionError):
    """Raised for a backend that gives something else than the exact numbers."""


class Failed(Wrong):
    """Raised for a backend that gives no numbers: its vocabulary raises an exception."""


@dataclass(frozen=True)
class Case:
    """One call of a function at one point, with what it must give."""

    what: str
    call: Callable[..., Any]
    """call(xp, *arguments, **data) → array, as a cost would write it."""
    at: tuple[np.ndarray, ...]
    exact: Callable[..., Any]
    """The same function of object arrays of mpmath numbers."""
    slope: Callable[[Any], Any] | None = None
    """Its derivative in closed form, for a function of one number."""
    scale: float = 0.0
    """The natural scale of the derivative where that is not the derivative itself."""
    close: float = CLOSE
    data: dict[str, np.ndarray] = field(default_factory=dict)

    @functools.cached_property
    def expected(self) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """Weights, value of the function, and the weighted derivative by each argument.

        A derivative without a closed form is a central difference whose error is below 1e-190.
        """
        at = [exact_numbers(x) for x in self.at]
        value = np.asarray(self.exact(*at, **self.data), dtype=object)
        weights = 1.0 + np.arange(value.size, dtype=float).reshape(value.shape) / 8.0
        if self.slope:
            slope = elementwise(self.slope)(at[0]) * exact_numbers(weights)
            return weights, floats(value), [floats(slope)]
        return weights, floats(value), [self._difference(at, weights, k) for k in range(len(at))]

    def _difference(self, at: list[Any], weights: np.ndarray, position: int) -> np.ndarray:
        step = mp.mpf(10) ** -100

        def cost(index: tuple[int, ...], by: Any) -> Any:
            moved = [x.copy() for x in at]
            moved[position][index] += by
            return np.sum(exact_numbers(weights) * self.exact(*moved, **self.data))

        slope = np.empty(at[position].shape, dtype=object)
        for index in np.ndindex(slope.shape):
            slope[index] = (cost(index, step) - cost(index, -step)) / (2 * step)
        return floats(slope)


class Table:
    """The cases of a theme, by name; calling it adds one."""

    def __init__(self, close: float = CLOSE) -> None:
        """Start with none, of which each is compared this closely unless it says otherwise."""
        self.cases: dict[str, list[Case]] = {}
        self._close = close

    def __call__(
        self, name: str, call: Callable[..., Any], at: Any, exact: Any, **options: Any
    ) -> None:
        """Add a case of `name`; `at` is a list of arguments.

        Array functions here have entries of order 1, and sums of them; that is their scale.
        """
        cases = self.cases.setdefault(name, [])
        arrays = tuple(np.array(x, dtype=float) for x in at)
        options = {"scale": 1.0, "close": self._close, **options}
        cases.append(Case(f"{name}, case {len(cases)}", call, arrays, exact, **options))

    def elementary(self, name: str, exact: Any, at: list[float], *more: Any) -> None:
        """Add cases of a function of one number: of a vector, and of a number."""

        def call(xp: Any, x: Any) -> Any:
            return getattr(xp, name)(x, *more)

        self(name, call, [at], elementwise(exact))
        self(name, call, [at[0]], elementwise(exact))
