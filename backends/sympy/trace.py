"""Trace: a cost as SymPy expressions, and their derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.errors import Unsupported
from calcbench.operators import Operator
from calcbench.operators.partial import Partial
from calcbench.problem.problem import Arrays, Problem

LARGEST_EXPRESSION = 100_000
"""Operations beyond which differentiating and compiling takes minutes; refused with a reason."""


@dataclass(frozen=True)
class Trace:
    """A cost as a SymPy expression, with the symbols that stand for its inputs."""

    problem: Problem
    symbols: dict[str, Any]
    """Argument name → object array of symbols (or integer array, baked in)."""
    values: list[Any]
    """The cost; of a vector-valued problem, each of its outputs."""
    seeds: dict[str, Any]
    """Name among the inputs → symbols of the direction or cotangent."""

    @property
    def cost(self) -> Any:
        """The expression of the cost."""
        return self.values[0]

    @property
    def fixed(self) -> list[str]:
        """Data arguments that are symbols and the same for every row."""
        return [
            name
            for name in self.problem.data
            if name not in self.problem.rows and self.symbols[name].dtype == object
        ]

    def check_size(self) -> None:
        """Raise `Unsupported` for a cost that would take minutes to differentiate or compile."""
        operations = sum(count_operations(value) for value in self.values)
        if operations > LARGEST_EXPRESSION:
            raise Unsupported(
                f"the formula has {operations:,} operations, over {LARGEST_EXPRESSION:,}"
            )

    def slope(self, row: int, symbol: Any) -> Any:
        """The derivative of one output by one symbol; of a sum, of the terms that it occurs in."""
        import sympy

        return sympy.Add(*(term.diff(symbol) for term in self._terms[row].get(symbol, ())))

    @functools.cached_property
    def _terms(self) -> list[dict[Any, list[Any]]]:
        """For each output: symbol → the terms of the sum that it occurs in."""
        import sympy

        found: list[dict[Any, list[Any]]] = [{} for _ in self.values]
        for value, terms in zip(self.values, found, strict=True):
            for term in sympy.Add.make_args(value):
                for symbol in term.free_symbols:
                    terms.setdefault(symbol, []).append(term)
        return found

    def gradient(self) -> dict[str, np.ndarray]:
        """Parameter name → object array of the partial derivatives of the cost."""
        self.check_size()
        partials = {}
        for name in self.problem.parameters:
            symbols = self.symbols[name]
            partials[name] = np.empty(symbols.shape, dtype=object)
            for index in np.ndindex(symbols.shape):
                partials[name][index] = self.slope(0, symbols[index])
        return partials

    def expressions(
        self, operator: Operator, inputs: Arrays, positions: Iterable[int]
    ) -> list[Any]:
        """The operator's result at these positions of its layout.

        Raises `Unsupported` for what would take minutes to derive or compile.
        """
        self.check_size()
        places = list(positions)
        if operator.name in ("hessian", "hvp"):
            self._check_second(inputs, len(places) / operator.layout(self.problem, inputs).size)
        entry = self._entry(operator, inputs)
        return [entry(k) for k in places]

    def _check_second(self, inputs: Arrays, share: float) -> None:
        """Refuse second derivatives that would be too long together, of which a share is wanted.

        Each is about as long as the first derivative that it is the derivative of.
        """
        lengths = [count_operations(e) for array in self.gradient().values() for e in array.flat]
        n = len(lengths)
        stored = len(self.problem.structure(inputs).pattern(n, n)[0])
        operations = int(sum(lengths) * stored / n / 2 * share)
        if operations > LARGEST_EXPRESSION:
            raise Unsupported(
                f"the formulas of the second derivatives have about {operations:,} operations, "
                f"over {LARGEST_EXPRESSION:,}"
            )

    def _entry(self, operator: Operator, inputs: Arrays) -> Callable[[int], Any]:
        """The operator's result: position in its layout → expression."""
        import sympy

        values, problem = self.values, self.problem
        variables = list(scalars(self.symbols[name] for name in problem.parameters))
        seeds = list(scalars(self.seeds.values()))
        rows = len(values) if problem.vector_valued else len(variables)
        row, column = (p.tolist() for p in problem.structure(inputs).pattern(rows, len(variables)))
        stored = list(zip(row, column, strict=True))

        @functools.cache
        def slope(row: int, k: int) -> Any:
            return self.slope(row, variables[k])

        @functools.cache
        def curvature(one: int, other: int) -> Any:
            return slope(0, one).diff(variables[other])

        def second(one: int, other: int) -> Any:
            return curvature(min(one, other), max(one, other))  # it is symmetric

        def product(factor: Callable[[int], Any], places: Iterable[int]) -> Any:
            return sympy.Add(*(factor(k) * seeds[k] for k in places))

        if isinstance(operator, Partial):
            position = operator.position(problem, inputs)
            return lambda k: slope(k, position)
        every, position_of = range(len(seeds)), {v: k for k, v in enumerate(variables)}

        def neighbours(k: int) -> list[int]:
            """The variables that the k-th slope depends on."""
            found = slope(0, k).free_symbols
            return sorted(position_of[symbol] for symbol in found if symbol in position_of)

        entries: dict[str, Callable[[int], Any]] = {
            "cost": lambda k: values[k],
            "gradient": lambda k: slope(0, k),
            "value_and_gradient": lambda k: slope(0, k - 1) if k else values[0],
            "jacobian": lambda k: slope(*stored[k]),
            "hessian": lambda k: second(*stored[k]),
            "second_derivative": lambda k: second(0, 0),
            "pushforward": lambda k: product(lambda column: slope(k, column), every),
            "pullback": lambda k: product(lambda row: slope(row, k), every),
            "hvp": lambda k: product(lambda other: second(k, other), neighbours(k)),
        }
        return entries[operator.name]


def count_operations(expression: Any) -> int:
    """The operations of an expression written out in full, without writing it out.

    Subexpressions are shared: SymPy's own count visits each as often as it occurs, which after
    thirty steps of x·(1 − x) is a billion times.
    """
    counts: dict[Any, int] = {}
    left = [expression]
    while left:
        node = left[-1]
        waiting = [child for child in node.args if child not in counts]
        if waiting:
            left += waiting
        else:
            counts[left.pop()] = bool(node.args) + sum(counts[child] for child in node.args)
    return counts[expression]


def scalars(arrays: Any) -> Iterator[Any]:
    for array in arrays:
        yield from array.flat
