"""The derivatives derived by hand, evaluated with NumPy."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.calling import direct
from calcbench.backend.numpy_cost import prepare_numpy_cost
from calcbench.backend.prepared import Prepared
from calcbench.backend.rows import adds_up, blockwise, row_count
from calcbench.errors import Unsupported
from calcbench.operators import named
from calcbench.operators.formulas import WORDS, arranged, check_formula, check_structure
from calcbench.operators.hessian import Hessian
from calcbench.operators.jacobian import stored_times
from calcbench.operators.operator import COTANGENT, VALUE, components, direction, parameter_shapes
from calcbench.operators.pushforward import seeded
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.structure import Pattern
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import NUMPY


@dataclass(frozen=True)
class ByHand(Backend):
    """The hand-derived formulas of the problem, in NumPy."""

    name: ClassVar[str] = "by_hand"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "exact"
    hand_derived: ClassVar[bool] = True

    def namespace(self) -> Namespace:
        return NUMPY

    def convert(self, array: np.ndarray) -> np.ndarray:
        return self.cast(array)

    def prepare_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, "gradient", "hand-derived formula")

    def prepare_jacobian(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, "jacobian", "hand-derived formula")

    def prepare_hessian(self, problem: Problem, inputs: Arrays) -> Prepared:
        if problem.derives("hvp") and not problem.derives("hessian"):
            return Hessian().fallback(self, problem, inputs)
        return self._prepare(problem, inputs, "hessian", "hand-derived formula")

    def prepare_hvp(self, problem: Problem, inputs: Arrays) -> Prepared:
        if not problem.derives("hvp"):
            whole = self._prepare(problem, inputs, "hessian", "hand-derived Hessian")
            blocks = whole.run(whole.load(inputs))
            return self._multiplied(problem, inputs, "hvp", whole, blocks)
        names = problem.parameters

        def seed(inputs: Any) -> Arrays:
            return {name: self.convert(inputs[direction(name)]) for name in names}

        whole = self._prepare(
            problem, inputs, "hvp", "hand-derived Hessian-vector product", (seed(inputs),)
        )
        return dataclasses.replace(
            whole, load=lambda inputs: (whole.load(inputs), seed(inputs)), seed=seed
        )

    def prepare_pushforward(self, problem: Problem, inputs: Arrays) -> Prepared:
        whole = self.prepare(problem, inputs, "jacobian" if problem.vector_valued else "gradient")
        return self._multiplied(problem, inputs, "pushforward", whole, problem.parameters)

    def prepare_pullback(self, problem: Problem, inputs: Arrays) -> Prepared:
        whole = self.prepare(problem, inputs, "jacobian" if problem.vector_valued else "gradient")
        return self._multiplied(problem, inputs, "pullback", whole, problem.parameters)

    def _multiplied(
        self, problem: Problem, inputs: Arrays, name: str, whole: Prepared, blocks: Iterable[Any]
    ) -> Prepared:
        """The blocks that `whole` gives, times a direction or cotangent."""
        operator, terms = named(name), _terms(problem, inputs, name, blocks)
        parts, seeds = operator.layout(problem, inputs).shapes, operator.seeds(problem, inputs)

        def seed(inputs: Any) -> Arrays:
            return {key: self.convert(inputs[key]) for key in seeds}

        def multiply(found: Any, along: Arrays) -> dict[str, Any]:
            sums: dict[str, Any] = {}
            for term in terms:
                product = term.times(found[term.block], along[term.seed])
                sums[term.part] = sums[term.part] + product if term.part in sums else product
            return sums

        def unload(sums: dict[str, Any]) -> Arrays:
            return {part: self.to_numpy(sums[part]) for part in parts}

        return seeded(whole, seed, multiply, unload, f"times the {operator.seeded}")

    def _prepare(
        self,
        problem: Problem,
        inputs: Arrays,
        formula: str,
        method: str,
        seeds: tuple[Arrays, ...] = (),
    ) -> Prepared:
        """The problem's formula of that name; evaluated once, to check what it gives.

        With a direction (`seeds`), `run` takes ((parameters, data), direction).
        """
        if not problem.derives(formula):
            raise Unsupported(f"the problem has no hand-derived {WORDS[formula]}")
        function, load = getattr(problem, formula), self.loader(problem, inputs)
        parameters, data = load(inputs)
        first = function(NUMPY, *seeds, *parameters, **data)
        check_formula(problem, formula, first, inputs)
        check_structure(problem, formula, first, inputs)

        def unload(found: Any) -> Arrays:
            found = {key: self.to_numpy(part) for key, part in found.items()}
            return arranged(problem, formula, found, inputs)

        def listed(*arguments: Any, **data: Any) -> list[Any]:
            found = function(NUMPY, *arguments, **data)
            return [self.to_numpy(found[key]) for key in first]

        def in_blocks(native: Any, *along: Any) -> Arrays:
            sums = blockwise(problem, functools.partial(listed, *along), rows)
            return dict(zip(first, sums(native), strict=True))

        def at_once(native: Any, *along: Any) -> Any:
            return function(NUMPY, *along, *native[0], **native[1])

        rows = row_count(problem, inputs)
        blocks = adds_up(problem, inputs, functools.partial(listed, *seeds))
        call: Callable[..., Any] = in_blocks if blocks else at_once
        if seeds:
            return Prepared(load, lambda native: call(*native), unload, method=method)
        if not blocks:
            call = direct(problem, functools.partial(function, NUMPY))
        return Prepared(load, call, unload, method=method)

    def prepare_cost(self, problem: Problem, inputs: Arrays) -> Prepared:
        prepared = prepare_numpy_cost(self, problem, inputs)
        cost = problem.cost_on(self.name, NUMPY)

        def value(*parameters: Any, **data: Any) -> list[Any]:
            return [self.to_numpy(cost(*parameters, **data))]

        if not adds_up(problem, inputs, value):
            return prepared
        # In blocks, like the gradient: the one is timed against the other.
        blocks = blockwise(problem, value, row_count(problem, inputs))
        return dataclasses.replace(prepared, run=lambda native: blocks(native)[0])


# --- products with a direction or cotangent ------------------------------------------------


class Term(NamedTuple):
    """One block of a matrix, times one part of a seed."""

    block: Any
    """What the hand-derived formula calls it: a parameter, or a pair of them."""
    part: str
    """The part of the result that the product adds to."""
    seed: str
    """The part of the seed."""
    times: Callable[[Any, np.ndarray], Any]


def _terms(problem: Problem, inputs: Arrays, name: str, blocks: Iterable[Any]) -> list[Term]:
    """The products that make up an operator, from what the formula calls its blocks."""
    if name == "hvp":
        pattern = _pattern(problem, inputs, components(problem, inputs))
        terms = []
        for one, other in blocks:
            times = _times(problem, inputs, pattern, (one, other))
            terms.append(Term((one, other), one, direction(other), times))
            if one != other:  # the matrix is symmetric, and each pair is given once
                times = _times(problem, inputs, pattern, (one, other), transposed=True)
                terms.append(Term((one, other), other, direction(one), times))
        return terms
    pattern = None
    if problem.vector_valued:
        pattern = _pattern(problem, inputs, *problem.value_shape(inputs))
    if name == "pushforward":
        return [
            Term(block, VALUE, direction(block), _times(problem, inputs, pattern, ("", block)))
            for block in blocks
        ]
    return [
        Term(block, block, COTANGENT, _times(problem, inputs, pattern, ("", block), True))
        for block in blocks
    ]


def _pattern(problem: Problem, inputs: Arrays, rows: int) -> Pattern | None:
    """The stored entries of a Hessian or Jacobian; None for a dense one."""
    structure = problem.structure(inputs)
    return structure.pattern(rows, components(problem, inputs)) if structure.sparse else None


def _times(
    problem: Problem,
    inputs: Arrays,
    pattern: Pattern | None,
    ends: tuple[str, str],
    transposed: bool = False,
) -> Callable[[Any, np.ndarray], Any]:
    """Prepare the product of one block of a matrix, or of its transpose, and part of a seed.

    A block has the rows of one parameter, or of the value (`""`), and the columns of another.
    """
    shapes = {"": problem.value_shape(inputs), **parameter_shapes(problem, inputs)}
    one, other = (shapes[end] for end in ends)
    size = (math.prod(one), math.prod(other))
    result, seed = (other, one) if transposed else (one, other)
    if pattern is not None:
        row, column = _inside(problem, inputs, pattern, ends)
        stored = (column, row) if transposed else (row, column)
        product = stored_times(stored, math.prod(result))
        return lambda block, part: product(
            np.reshape(block, size)[row, column], part.ravel()
        ).reshape(result)
    if not seed:
        return lambda block, part: block * part
    if not result:
        return np.vdot
    if len(one) == len(other) == 1:
        return (lambda block, part: part @ block) if transposed else np.matmul
    if transposed:
        return lambda block, part: (part.ravel() @ np.reshape(block, size)).reshape(result)
    return lambda block, part: (np.reshape(block, size) @ part.ravel()).reshape(result)


def _inside(
    problem: Problem, inputs: Arrays, pattern: Pattern, ends: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """The stored entries within one block, counted from its corner."""
    places, inside = [], np.ones(len(pattern[0]), bool)
    for place, end in zip(pattern, ends, strict=True):
        before = problem.parameters[: problem.parameters.index(end)] if end else ()
        place = place - sum(inputs[name].size for name in before)
        inside &= (place >= 0) & (not end or place < inputs[end].size)
        places.append(place)
    return places[0][inside], places[1][inside]
