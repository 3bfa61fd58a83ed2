"""Operator: a derivative that a backend can compute."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.errors import SelectorError, Unsupported
from calcbench.operators import composition as compositions
from calcbench.operators.composition import Primitives
from calcbench.operators.entries import Entries, Product, Term
from calcbench.operators.function import Derived, Function
from calcbench.problem.arguments import check_names, real_array
from calcbench.problem.flat import Shape
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.structure import Pattern

VALUE = "C"
"""The name of the cost in results; beside a parameter called C, `value_name` writes `C(·)`."""


@dataclass(frozen=True)
class Layout:
    """The form of an operator's result: its arrays, and a name for each number in them."""

    shapes: dict[str, Shape]
    """Name → shape, in order."""
    label: Callable[[int], str]
    """Position in the flat vector → `∂C/∂w[3]`."""

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(map(math.prod, self.shapes.values()))


@dataclass(frozen=True)
class Operator(ABC):
    """A derivative to compute: the gradient, the Hessian, … Written as its `selector`.

    A file for each: `terms` says what the operator is, `layout` what its result looks like. All
    backends follow from that. Where something is faster than what follows, the page of compositions
    has a function of the operator's name.
    """

    name: ClassVar[str]

    seeded: ClassVar[Literal["", "direction", "cotangent"]] = ""
    """What it takes beside the point: a direction (an array for each parameter) or a cotangent
    (an array of the value's shape)."""

    @property
    def selector(self) -> str:
        """How it is written: its name, and `partial[w[3]]`."""
        return self.name

    def resolve(self, point: Point) -> Operator:
        """Fill in what the problem decides, such as which component comes first.

        Raises `Unsupported` where the problem has no such derivative, `SelectorError` for a
        component that it does not have.
        """
        return self

    @abstractmethod
    def terms(self, point: Point) -> tuple[Term, ...]:
        """State what the operator is: its result is the sum of these terms."""

    def parts(self) -> tuple[Operator, ...]:
        """List the operators whose results, end to end, are this one's; as it stands, itself."""
        return (self,)

    @abstractmethod
    def layout(self, point: Point) -> Layout:
        """Describe the form of the result."""

    def arguments(self) -> tuple[Any, ...]:
        """List what a backend's own `prepare_…` takes beside the point."""
        return ()

    def collector(self, point: Point) -> Callable[[Any], Arrays]:
        """Build what gives names to the NumPy arrays that `compose` returns, in nested tuples."""
        names = tuple(self.layout(point).shapes)
        return lambda parts: dict(zip(names, _leaves(parts), strict=True))

    def compose(self, backend: Primitives, function: Function, point: Point) -> Derived:
        """Derive the operator of a native function, as a native function.

        By the backend's own method of the operator's name, or by the function of that name on the
        page of compositions; by the operator's terms, where there is neither. Raises `Unsupported`
        where the backend's primitives do not suffice.
        """
        composition = getattr(compositions, self.name, None)
        if composition is not None:
            return compositions.derive(backend, composition, function)
        own = getattr(backend, self.name, None)
        found: Derived | None = own(function) if own else None
        if found is not None:
            return found
        shapes = self.layout(point).shapes.values()
        return compositions.from_terms(backend, function, point, self.terms(point), shapes)

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> Any:
        """Give a result as the public function of the operator's name does: arrays by name.

        `sparse` is for matrices.
        """
        return found

    # --- directions and cotangents ---

    def seed_shapes(self, point: Point) -> dict[str, Shape]:
        """Name → shape of what the direction or cotangent holds."""
        if self.seeded == "direction":
            return point.shapes
        return {VALUE: point.value_shape} if self.seeded == "cotangent" else {}

    def seed_point(
        self, point: Point, rng: np.random.Generator, given: Mapping[str, Any] | None = None
    ) -> Point:
        """Return the point with a direction or cotangent: the one `given`, or a random one.

        Directions are named by parameter, a cotangent is `C`. Raises `SelectorError` for one
        that does not fit.
        """
        shapes = self.seed_shapes(point)
        if given is None:
            return point.with_seed({n: np.array(rng.uniform(-1, 1, s)) for n, s in shapes.items()})
        if not shapes:
            raise SelectorError(f"operator {self.name!r} takes no direction")
        check_names("direction", given)
        if set(given) != set(shapes):
            raise SelectorError(
                f"direction: operator {self.name!r} needs a value for "
                f"{', '.join(shapes)}, got {', '.join(given) or 'none'}"
            )
        return point.with_seed({n: _check_seed(n, given[n], s) for n, s in shapes.items()})


def single(found: Arrays) -> np.ndarray:
    """Return the one array of a result."""
    (array,) = found.values()
    return array


def highest_order(terms: tuple[Term, ...]) -> int:
    """Find the highest order of the partials in an operator's terms: 0, 1 or 2."""
    return max(term.order for term in terms)


def orders(operator: Operator, point: Point) -> np.ndarray:
    """Find for each number of an operator's result the highest order of the partials in it."""
    found = np.zeros(operator.layout(point).size, dtype=int)
    for term in operator.terms(point):
        places = term.places(point) if isinstance(term, Product) else term.places[0]
        found[places] = np.maximum(found[places], term.order)
    return found


def require_cost(point: Point, operator: str) -> None:
    """Raise `Unsupported` for a vector-valued problem."""
    if point.problem.vector_valued:
        raise Unsupported(
            f"problem {point.problem.name!r} is vector-valued: it has a Jacobian, and no {operator}"
        )


def value_name(problem: Problem) -> str:
    """Name the cost in results: `C`, or `C(·)` beside a parameter C."""
    return f"{VALUE}(·)" if VALUE in problem.parameters else VALUE


def by_component(point: Point, form: str) -> Layout:
    """Lay a result out as an array for each parameter, labelled by a form such as `∂C/∂{}`."""
    return Layout(point.shapes, lambda k: form.format(point.component(k)))


def matrix_layout(name: str, point: Point, order: int, label: Callable[[int, int], str]) -> Layout:
    """Lay a matrix out, labelled by row and column; a sparse one as its stored entries."""
    extent = point.extent(order)
    if not point.sparse(order):
        return Layout({name: extent}, lambda k: label(*divmod(k, extent[1])))
    row, column = point.pattern(order)
    return Layout({name: row.shape}, lambda k: label(int(row[k]), int(column[k])))


def whole_product(terms: tuple[Term, ...]) -> Product | None:
    """Return the product that an operator is, if it is a product and nothing else."""
    return terms[0] if len(terms) == 1 and isinstance(terms[0], Product) else None


def picked_partials(terms: tuple[Term, ...]) -> Pattern:
    """Return row and column of the partials that an operator picks, in the order of its result."""
    (term,) = terms
    assert isinstance(term, Entries)
    assert term.picks
    out, row, column = term.places
    order = np.argsort(out)
    return row[order], column[order]


def stored_order(operator: Operator, point: Point) -> int | None:
    """Return the order of the sparse matrix whose stored entries an operator is, or None."""
    terms = operator.terms(point)
    if len(terms) != 1 or isinstance(terms[0], Product) or not point.sparse(terms[0].order):
        return None
    term = terms[0]
    whole = term.picks and len(term.places[0]) == len(point.pattern(term.order)[0])
    return term.order if whole else None


def _leaves(parts: Any) -> list[Any]:
    """List the arrays in nested tuples, in order."""
    if isinstance(parts, (tuple, list)):
        return [leaf for part in parts for leaf in _leaves(part)]
    return [parts]


def _check_seed(name: str, value: Any, shape: Shape) -> np.ndarray:
    try:
        array = real_array(value)
    except ValueError:
        raise SelectorError(f"direction: {name} is not numbers of shape {shape}") from None
    if array.shape != shape:
        raise SelectorError(f"direction: {name} must have shape {shape}, got {array.shape}")
    if not np.all(np.isfinite(array)):
        raise SelectorError(f"direction: {name} is not finite")
    return array
