"""The hand-derived formulas evaluated in balls: what they give without rounding."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from calcbench.certified import balls, budget
from calcbench.certified.array_vocabulary import array_namespace
from calcbench.certified.arrays import attempt, constant_values, exact
from calcbench.certified.balls import Tape, Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.constants import convert_array
from calcbench.certified.evaluation import NotCertified, convert_values, run_on_balls
from calcbench.certified.natural import natural_formulas
from calcbench.certified.rounded import rounded_arithmetic
from calcbench.certified.vocabulary import namespace
from calcbench.errors import FormulaError, ProblemError
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.composition import positions
from calcbench.operators.compression import compress
from calcbench.operators.entries import Product, Term
from calcbench.operators.hand_derived import (
    ORDER,
    apply_formula,
    entries_left_out,
    formula_for,
    lacks_entry,
)
from calcbench.problem.faults import describe
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.point import Point
from calcbench.vocabulary.namespace import Namespace

BITS = 128
"""The precision at which an entry is told from rounding."""


def evaluate_formula(
    point: Point,
    bits: int,
    operator: Operator = GRADIENT,
    tape: Tape | None = None,
    seconds: float = float("inf"),
    rounded: bool = False,
) -> dict[str, np.ndarray]:
    """Evaluate an operator by the hand-derived formulas, in balls of `bits` bits.

    With a tape, parameters are active on it: its `watch` is told of their comparisons. If
    `rounded`, the radii tell what rounding does to floats of so many bits, but for the additions in
    sums: these are computed with in place of balls, where arrays run.
    Returns name → object array of `flint.arb`, in the shapes of the operator's layout. Raises
    `NotCertified` where no formula gives the operator, or it takes longer than `seconds` of the
    processor's time; `FormulaError` for one of the wrong form.
    """
    if not gives(point, operator):
        raise NotCertified(f"no hand-derived formula gives the {operator.name}")
    layout = operator.layout(point)
    if len(operator.parts()) > 1:
        parts = (
            evaluate_formula(point, bits, part, tape, seconds, rounded) for part in operator.parts()
        )
        arrays = (array for part in parts for array in part.values())
        return dict(zip(layout.shapes, arrays, strict=True))
    terms = operator.terms(point)
    formula = formula_for(terms, point.problem)
    limited = budget.limit(time.thread_time() + seconds)
    floats = rounded_arithmetic(2.0**-bits, sums=False) if rounded else contextlib.nullcontext()
    with balls.precision(bits), natural_formulas(rounded), limited:
        try:
            numbers = _evaluate_terms(point, terms, formula, layout.size, tape, floats)
        except Undecided as error:
            raise NotCertified(f"the formula has a branch too near a tie: {error}") from error
        except TooSlow:
            raise NotCertified("it would take too long") from None
        return unflatten(numbers, layout.shapes)


def gives(point: Point, operator: Operator) -> bool:
    """Tell whether a hand-derived formula gives the operator, with nothing else.

    For a joint operator, one formula for each of its parts.
    """
    if len(operator.parts()) > 1:
        return all(gives(point, part) for part in operator.parts())
    terms = operator.terms(point)
    formula = formula_for(terms, point.problem)
    return bool(formula) and all(term.order == ORDER[formula] for term in terms)


class _Kind(NamedTuple):
    """What a formula is called with: numbers of one kind."""

    xp: Namespace
    values: Mapping[str, Any]
    constants: Callable[[np.ndarray], Any]
    """Converts floats."""


def _evaluate_terms(
    point: Point,
    terms: tuple[Term, ...],
    formula: str,
    size: int,
    tape: Tape | None,
    floats: contextlib.AbstractContextManager[Any],
) -> np.ndarray:
    """Add up the operator's terms, on arrays if they can, and there is no tape."""
    if tape is None:
        with floats:
            arrays = _Kind(array_namespace(), constant_values(point), exact)
            found = attempt(lambda: _add_terms(point, terms, formula, size, arrays))
        if found is not None:
            return found
    single = _Kind(namespace(balls), convert_values(point, tape), _to_balls)
    found = run_on_balls(lambda: _add_terms(point, terms, formula, size, single))
    return np.asarray(found)


def _to_balls(floats: np.ndarray) -> np.ndarray:
    return convert_array(floats, balls.convert)


def _add_terms(
    point: Point, terms: tuple[Term, ...], formula: str, size: int, kind: _Kind
) -> np.ndarray:
    """Add up the operator's terms, from a formula's stored entries or its product with the seed."""
    if formula == "hvp" and terms == (Product(2),):
        return _numbers(_products_with(point, kind, [point.seed])[0])
    stored = _stored_entries(point, formula, kind)
    total = np.full(size, balls.convert(0), dtype=object)
    for term in terms:
        total = total + _evaluate_term(point, term, stored, size)
    return _numbers(total)


def _stored_entries(point: Point, formula: str, kind: _Kind) -> np.ndarray:
    """Evaluate the matrix of partials that a formula gives: its stored entries, row by row."""
    if formula != "hvp":
        return flatten(_evaluate(point, formula, kind, None).values(), object)
    compression = compress(point.pattern(2), point.size) if point.sparse(2) else None
    vectors = np.eye(point.size) if compression is None else compression.vectors
    found = _products_with(point, kind, [point.unflatten(vector) for vector in vectors])
    if compression is None:
        return np.stack(found, axis=1).ravel()
    entries: np.ndarray = np.concatenate(found)[compression.places(point.size)]
    return entries


def _products_with(
    point: Point, kind: _Kind, directions: list[dict[str, np.ndarray]]
) -> list[np.ndarray]:
    """Evaluate the hand-derived Hessian-vector product along each direction, as a flat vector."""
    found = []
    for direction in directions:
        along = {name: kind.constants(part) for name, part in direction.items()}
        found.append(flatten(_evaluate(point, "hvp", kind, along).values(), object))
    return found


def _evaluate(point: Point, formula: str, kind: _Kind, along: Any) -> Any:
    """Call a formula; `along` is the direction of a Hessian-vector product."""
    try:
        return apply_formula(point, formula, kind.xp, kind.values, along)
    except ProblemError as error:
        raise FormulaError(f"{describe(error)}, evaluated on balls") from error


def check_stored(point: Point, formula: str, found: Any, seconds: float = 1.0) -> None:
    """Raise `ProblemError` for an entry of a formula's that the structure leaves out, and is not 0.

    `found` is what the formula gives on floats. Where that is not 0, but may be by rounding, for it
    is proved to be 0 to within balls, it is none; what cannot be proved in some seconds of the
    processor's time stays as the floats have it.
    """
    floats = entries_left_out(point, formula, found)
    suspected = np.argwhere(floats != 0)
    if not len(suspected):
        return
    proved = _left_out_on_balls(point, formula, time.thread_time() + seconds)
    for row, column in suspected.tolist():
        if proved is None or not balls.convert(proved[row, column]).value.contains(0):
            raise lacks_entry(point, formula, row, column, float(floats[row, column]))


def _left_out_on_balls(point: Point, formula: str, deadline: float) -> np.ndarray | None:
    """Evaluate what the structure leaves out in balls; None where that cannot be done."""
    parameters, data = point.problem.split(convert_values(point))
    function = getattr(point.problem, formula)
    with balls.precision(BITS), budget.limit(deadline):
        try:
            found = run_on_balls(lambda: function(namespace(balls), *parameters, **data))
            return entries_left_out(point, formula, found)
        except (NotCertified, Undecided, TooSlow, ProblemError):
            return None


def _evaluate_term(point: Point, term: Term, stored: np.ndarray, size: int) -> np.ndarray:
    """Evaluate a term: each number as one dot product of its partials and weights."""
    entries = term.entries(point) if isinstance(term, Product) else term
    out, row, column = entries.places
    order = np.argsort(out, kind="stable")
    where = positions(point, entries.order, row, column)[order]
    weights = convert_array(entries.weights(point.seed_vector), balls.convert)[order]
    ends = np.searchsorted(out[order], np.arange(size + 1))
    total = np.full(size, balls.convert(0), dtype=object)
    for k, (start, end) in enumerate(pairwise(ends)):
        mine = [(p, w) for p, w in zip(where[start:end], weights[start:end], strict=True) if p >= 0]
        # A partial that stands alone is not multiplied by 1: that would widen its ball.
        if len(mine) == 1 and entries.seed is None:
            total[k] = balls.convert(stored[mine[0][0]])
        elif mine:
            total[k] = balls.dot([balls.convert(stored[p]) for p, _ in mine], [w for _, w in mine])
    return total


def _numbers(found: np.ndarray) -> np.ndarray:
    """Convert a flat vector of balls or numbers to their `flint.arb` values."""
    values = np.empty(found.shape, dtype=object)
    for k, number in enumerate(found):
        values[k] = balls.convert(number).value
    return values
