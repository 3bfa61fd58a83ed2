"""Operators that follow from others, for a backend that defines only a few.

An operator is evaluated, in NumPy, on the value, the gradient (or Jacobian) and the Hessian that
the backend has; a Hessian follows from Hessian-vector products.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calcbench.backend.prepared import Prepared
from calcbench.errors import Unsupported
from calcbench.operators import Operator, matrix_operator
from calcbench.operators.colouring import format_colours
from calcbench.operators.compression import compress_symmetric
from calcbench.operators.entries import Entries, Term
from calcbench.operators.evaluation import prepare_evaluation
from calcbench.operators.hand_derived import WORDS
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays

if TYPE_CHECKING:
    from calcbench.backend.backend import Backend


def prepare_from_terms(backend: Backend, operator: Operator, point: Point) -> Prepared:
    """Prepare an operator from the value, gradient (or Jacobian) and Hessian of a backend.

    A joint operator is prepared part by part. Raises `Unsupported` where the backend lacks one that
    the operator needs.
    """
    if len(operator.parts()) > 1:
        return _prepare_parts(backend, operator, point)
    terms = operator.terms(point)
    orders = sorted({term.order for term in terms})
    sources = [_prepare_matrix(backend, operator, point, order) for order in orders]
    evaluate = prepare_evaluation(operator, point)
    shapes = operator.layout(point).shapes
    # What only picks from what is there computes nothing, and has no place in the timed call.
    computes = not all(isinstance(term, Entries) and term.picks for term in terms)

    def seed(point: Point) -> np.ndarray:
        return backend.cast(point.seed_vector)

    def load(point: Point) -> Any:
        natives = [source.load(point) for source in sources]
        return (natives, seed(point)) if operator.seeded else (natives, None)

    def result(found: list[Any], seed: Any) -> np.ndarray:
        unloaded = (s.unload(f).values() for s, f in zip(sources, found, strict=True))
        stored = dict(zip(orders, map(flatten, unloaded), strict=True))
        return evaluate(stored, seed)

    def run(native: Any) -> Any:
        found = [s.run(n) for s, n in zip(sources, native[0], strict=True)]
        return result(found, native[1]) if computes else found

    def unload(found: Any) -> Arrays:
        flat = found if computes else result(found, None)
        return {name: part.copy() for name, part in unflatten(flat, shapes).items()}

    method = _describe(operator, terms, point, sources)
    seconds, own_seed = _add_seconds(sources), seed if operator.seeded else None
    return Prepared(load, run, unload, seconds, method, own_seed)


def _add_seconds(parts: list[Prepared]) -> float | None:
    """Add up the seconds that went into compiling; None where nothing is compiled."""
    seconds = [part.compile_seconds for part in parts if part.compile_seconds is not None]
    return sum(seconds) if seconds else None


def _prepare_parts(backend: Backend, operator: Operator, point: Point) -> Prepared:
    """Prepare every part of a joint operator; `run` lists what they give."""
    parts = [backend.prepare(point, part) for part in operator.parts()]
    names, calls = list(operator.layout(point).shapes), [part.run for part in parts]

    def load(point: Point) -> list[Any]:
        return [part.load(point) for part in parts]

    def run(natives: list[Any]) -> list[Any]:
        return [call(native) for call, native in zip(calls, natives, strict=True)]

    def unload(found: list[Any]) -> Arrays:
        unloaded = [part.unload(native) for part, native in zip(parts, found, strict=True)]
        return dict(zip(names, (a for each in unloaded for a in each.values()), strict=True))

    return Prepared(load, run, unload, _add_seconds(parts), _describe_parts(operator, parts))


def _describe_parts(operator: Operator, parts: list[Prepared]) -> str:
    """Say how the last part is taken, and how those before it are."""
    *others, last = (
        (part.name, prepared.method) for part, prepared in zip(operator.parts(), parts, strict=True)
    )
    also = [f"and the {name}" + (f" by {method}" if method else "") for name, method in others]
    return ", ".join((last[1], *also))


def prepare_by_products(backend: Backend, point: Point) -> Prepared:
    """Prepare a Hessian from Hessian-vector products: for every component, or every colour."""
    zeros = point.with_seed({name: np.zeros(shape) for name, shape in point.shapes.items()})
    hvp = backend.prepare(zeros, "hvp")
    seed = hvp.seed
    if seed is None:
        raise Unsupported(
            f"backend {backend.name!r}: its prepare_hvp gives no Prepared.seed, by which the "
            "hessian's directions would be loaded"
        )
    compression = compress_symmetric(point.pattern(2), point.size) if point.sparse(2) else None
    vectors = np.eye(point.size) if compression is None else compression.vectors
    seeds = [seed(point.with_seed(point.unflatten(vector))) for vector in vectors]

    def run(native: Any) -> list[Any]:
        return [hvp.run((native, along)) for along in seeds]

    def unload(results: Any) -> Arrays:
        products = [flatten(hvp.unload(result).values()) for result in results]
        if compression is None:
            return {"hessian": np.stack(products, axis=1)}
        return {"hessian": np.concatenate(products)[compression.places(point.size)]}

    ending = format_colours(compression.colours) if compression else "column by column"
    return Prepared(
        lambda point: hvp.load(point.with_seed(zeros.seed))[0],
        run,
        unload,
        hvp.compile_seconds,
        f"{hvp.method}, {ending}" if hvp.method else ending,
    )


def _prepare_matrix(backend: Backend, operator: Operator, point: Point, order: int) -> Prepared:
    """Prepare all partials of an order: as the backend defines them, or by products."""
    matrix = matrix_operator(point, order)
    if hasattr(backend, f"prepare_{matrix.name}"):
        return backend.prepare(point, matrix)
    if order == 2 and hasattr(backend, "prepare_hvp"):
        return prepare_by_products(backend, point)
    if order == 0 and operator == matrix:
        raise Unsupported(
            f"backend {backend.name!r} does not evaluate the cost alone: it defines no prepare_cost"
        )
    raise Unsupported(
        f"backend {backend.name!r} has no {operator.name}: it defines no prepare_{operator.name}, "
        "and nothing that it would follow from"
    )


def _describe(
    operator: Operator, terms: tuple[Term, ...], point: Point, sources: list[Prepared]
) -> str:
    """Say how the operator is taken: the method of its matrix, and what is made of that."""
    highest = sources[-1].method
    ending = f"times the {operator.seeded}" if operator.seeded else _describe_entries(terms, point)
    return ", ".join(part for part in (highest, ending) if part)


def _describe_entries(terms: tuple[Term, ...], point: Point) -> str:
    """Say which entries are picked or added up, for an operator without a seed."""
    if len(terms) > 1:
        return ""
    (term,) = terms
    matrix = WORDS.get(matrix_operator(point, term.order).name, "cost")
    assert isinstance(term, Entries)
    out, _, column = term.places
    if not term.picks:
        return f"entries of the {matrix} added up"
    if term.order == 1 and len(set(column.tolist())) == 1:
        return f"one {'column' if point.problem.vector_valued else 'component'} of the {matrix}"
    everything = len(out) == len(point.pattern(term.order)[0])
    return "" if everything else f"entries of the {matrix}"
