"""The derivatives derived by hand, evaluated with NumPy."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calcbench.backend.backend import Backend
from calcbench.backend.calling import unpack_call
from calcbench.backend.from_terms import prepare_by_products, prepare_from_terms
from calcbench.backend.numpy_cost import prepare_numpy_cost
from calcbench.backend.prepared import Prepared
from calcbench.backend.rows import blockwise, splits_into_blocks
from calcbench.certified.formulas import check_stored
from calcbench.errors import Unsupported
from calcbench.operators import find_operator
from calcbench.operators.hand_derived import WORDS, check_formula, to_layout
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import numpy_in


@dataclass(frozen=True)
class ByHand(Backend):
    """The hand-derived formulas of the problem, in NumPy."""

    name = "by_hand"
    kind = "exact"
    hand_derived = True

    def namespace(self) -> Namespace:
        return numpy_in(self.dtype)

    def prepare_gradient(self, point: Point) -> Prepared:
        return self._prepare(point, "gradient")

    def prepare_jacobian(self, point: Point) -> Prepared:
        return self._prepare(point, "jacobian")

    def prepare_hessian(self, point: Point) -> Prepared:
        if point.problem.derives("hvp") and not point.problem.derives("hessian"):
            return prepare_by_products(self, point)
        return self._prepare(point, "hessian")

    def prepare_hvp(self, point: Point) -> Prepared:
        if not point.problem.derives("hvp"):
            product = prepare_from_terms(self, find_operator("hvp"), point)
            method = "hand-derived Hessian, times the direction"
            return dataclasses.replace(product, method=method)

        def seed(point: Point) -> Arrays:
            return {name: self.convert(point.seed[name]) for name in point.shapes}

        whole = self._prepare(point, "hvp", (seed(point),))
        return dataclasses.replace(
            whole,
            load=lambda point: (whole.load(point), seed(point)),
            seed=seed,
            method="hand-derived Hessian-vector product",
        )

    def prepare_cost(self, point: Point) -> Prepared:
        prepared = prepare_numpy_cost(self, point)
        cost = point.problem.cost_on(self.name, self.namespace(), numpy=True)

        def value(*parameters: Any, **data: Any) -> list[Any]:
            return [self.to_numpy(cost(*parameters, **data))]

        if not splits_into_blocks(point, value):
            return prepared
        # In blocks, like the gradient: the one is timed against the other.
        blocks = blockwise(point, value, point.row_count)
        return dataclasses.replace(prepared, run=lambda native: blocks(native)[0])

    def _prepare(self, point: Point, formula: str, seeds: tuple[Arrays, ...] = ()) -> Prepared:
        """Prepare the problem's formula of that name; evaluate it once, to check what it gives.

        With a direction (`seeds`), `run` takes ((parameters, data), direction).
        """
        problem = point.problem
        if not problem.derives(formula):
            raise Unsupported(f"the problem has no hand-derived {WORDS[formula]}")
        function, load = getattr(problem, formula), self.loader(point)
        parameters, data = load(point)
        first = function(self.namespace(), *seeds, *parameters, **data)
        check_formula(point, formula, first)
        check_stored(point, formula, first)

        def unload(found: Any) -> Arrays:
            found = {key: self.to_numpy(part) for key, part in found.items()}
            return to_layout(point, formula, found)

        run = self._call(point, function, list(first), seeds)
        return Prepared(load, run, unload, method="hand-derived formula")

    def _call(
        self, point: Point, function: Callable[..., Any], keys: list[Any], seeds: tuple[Arrays, ...]
    ) -> Callable[[Any], Any]:
        """Call a formula on what the loader gives: on all rows at once, or in blocks of many."""

        xp = self.namespace()

        def listed(*arguments: Any, **data: Any) -> list[Any]:
            found = function(xp, *arguments, **data)
            return [self.to_numpy(found[key]) for key in keys]

        def in_blocks(native: Any, *direction: Any) -> Arrays:
            part = functools.partial(listed, *direction)
            sums = blockwise(point, part, point.row_count)
            return dict(zip(keys, sums(native), strict=True))

        def at_once(native: Any, *direction: Any) -> Any:
            return function(xp, *direction, *native[0], **native[1])

        blocks = splits_into_blocks(point, functools.partial(listed, *seeds))
        if seeds:
            call = in_blocks if blocks else at_once
            return lambda native: call(*native)
        if blocks:
            return in_blocks
        return unpack_call(point.problem, functools.partial(function, xp))
