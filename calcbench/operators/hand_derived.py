"""Hand-derived formulas: evaluated, checked, and in the form of an operator's result.

They run on numbers of any kind, in NumPy arrays: floats in the backend `by_hand`, balls for the
certificate, symbols for the proof.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.errors import DeclarationError, ProblemError
from calcbench.operators.entries import Product, Term
from calcbench.operators.matrix import side_by_side
from calcbench.operators.operator import highest_order
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.problem.returns import check_returns

WORDS = {
    "gradient": "gradient",
    "jacobian": "Jacobian",
    "hessian": "Hessian",
    "hvp": "Hessian-vector product",
}

ORDER = {"gradient": 1, "jacobian": 1, "hessian": 2, "hvp": 2}
"""Formula → the order of its partials."""


def formula_for(terms: tuple[Term, ...], problem: Problem) -> str:
    """Choose the hand-derived method that an operator's terms are evaluated from, or "".

    `gradient` or `jacobian` for first partials; for second ones `hessian` or `hvp`, whichever is
    nearer to what is wanted first. Nothing for an operator of values alone.
    """
    order = highest_order(terms)
    if order == 0:
        return ""
    if order == 1:
        choices = ["jacobian" if problem.vector_valued else "gradient"]
    else:
        choices = ["hessian", "hvp"]
        if all(isinstance(term, Product) for term in terms if term.order == 2):
            choices.reverse()
    return next((formula for formula in choices if problem.derives(formula)), "")


def apply_formula(
    point: Point, formula: str, xp: Any, values: Mapping[str, Any], direction: Any
) -> Any:
    """Evaluate a hand-derived formula on numbers of any kind, in the form of the operator's result.

    `values` has the numbers by name: floats, balls or symbols, in NumPy arrays; `direction` has
    an array by parameter, for `hvp`. Raises `ProblemError` for a result of the wrong form.
    """
    parameters, data = point.problem.split(values)
    seeds = (direction,) if formula == "hvp" else ()
    found = getattr(point.problem, formula)(xp, *seeds, *parameters, **data)
    check_formula(point, formula, found)
    return to_layout(point, formula, found)


def to_layout(point: Point, formula: str, found: Any) -> dict[str, Any]:
    """Arrange what a hand-derived formula gave as the operator's result: name → array."""
    if formula in ("gradient", "hvp"):
        return {name: np.asarray(found[name]) for name in point.shapes}
    whole = _whole(point, formula, found)
    order = ORDER[formula]
    return {formula: whole[point.pattern(order)] if point.sparse(order) else whole}


def _whole(point: Point, formula: str, found: Any) -> np.ndarray:
    """Assemble the dense matrix in a hand-derived Jacobian or Hessian."""
    if formula == "hessian":
        return square(found, point.shapes)
    return side_by_side([found[name] for name in point.shapes], point.outputs)


def check_formula(point: Point, formula: str, found: Any) -> None:
    """Raise `ProblemError` unless what a hand-derived formula gave has the right form."""
    problem, shapes = point.problem, point.shapes
    if found is None:
        subject = f"the hand-derived {WORDS[formula]} of problem {problem.name!r}"
        check_returns(subject, "a dict", getattr(problem, formula))
    if formula == "gradient":
        problem.check_gradient(found, shapes)
    elif formula == "hessian":
        check_blocks(problem, found, shapes)
    else:
        rows = point.value_shape if formula == "jacobian" else ()
        check_parts(problem, WORDS[formula], found, {n: (*rows, *s) for n, s in shapes.items()})


def entries_left_out(point: Point, formula: str, found: Any) -> np.ndarray:
    """Return the matrix that a formula gives, with 0 for what the structure stores.

    Empty where the formula gives no matrix, or no structure is declared.
    """
    order = ORDER[formula]
    if formula not in ("jacobian", "hessian") or not point.sparse(order):
        return np.zeros((0, 0))
    whole = np.array(_whole(point, formula, found))
    whole[point.pattern(order)] = 0.0
    return whole


def lacks_entry(
    point: Point, formula: str, row: int, column: int, entry: float
) -> DeclarationError:
    """Make the error for an entry of a formula's that the structure leaves out."""
    return point.lacks_entry(
        f"[{row}, {column}], which is {entry:.17g} in the hand-derived {WORDS[formula]}"
    )


def square(blocks: Mapping[tuple[str, str], Any], shapes: Mapping[str, Any]) -> np.ndarray:
    """Assemble a Hessian from its blocks, each pair of parameters once."""
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}

    def block(one: str, other: str) -> np.ndarray:
        if (one, other) in blocks:
            return np.reshape(blocks[one, other], (sizes[one], sizes[other]))
        return block(other, one).T

    if len(shapes) == 1:
        (name,) = shapes
        return block(name, name)
    return np.concatenate([np.concatenate([block(n, m) for m in shapes], axis=1) for n in shapes])


def check_parts(
    problem: Problem, what: str, found: Any, shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Raise `ProblemError` unless there is an array of the right shape for every parameter."""
    subject = f"the hand-derived {what} of problem {problem.name!r}"
    _check_names(subject, found, list(shapes), list(shapes))
    for name, shape in shapes.items():
        _check_shape(subject, repr(name), np.shape(found[name]), shape)


def check_blocks(problem: Problem, found: Any, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise `ProblemError` unless every pair of parameters has one block, of the right shape."""
    subject = f"the hand-derived Hessian of problem {problem.name!r}"
    pairs = list(itertools.product(shapes, shapes))
    given = found if isinstance(found, Mapping) else {}
    needed = [
        pair
        for pair in itertools.combinations_with_replacement(shapes, 2)
        if pair[::-1] not in given
    ]
    _check_names(subject, found, needed, pairs)
    for one, other in found:
        if one != other and (other, one) in found:
            raise ProblemError(
                f"{subject} has both {(one, other)} and {(other, one)}: each pair goes in once"
            )
        _check_shape(
            subject, str((one, other)), np.shape(found[one, other]), (*shapes[one], *shapes[other])
        )


def _check_names(subject: str, found: Any, needed: list[Any], known: list[Any]) -> None:
    if not isinstance(found, Mapping):
        raise ProblemError(f"{subject} must be a dict, but it is a {type(found).__name__}")
    missing = [key for key in needed if key not in found]
    extra = [key for key in found if key not in known]
    if missing:
        raise ProblemError(f"{subject} lacks {', '.join(map(repr, missing))}")
    if extra:
        raise ProblemError(
            f"{subject} names {', '.join(map(repr, extra))}, and there is only "
            f"{', '.join(map(repr, known))}"
        )


def _check_shape(
    subject: str, name: str, shape: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    if shape != expected:
        raise ProblemError(f"{subject} gives {name} the shape {shape}, and it must be {expected}")
