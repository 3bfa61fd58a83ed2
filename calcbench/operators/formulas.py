"""The hand-derived formulas: what they give, checked, and in the form of an operator's result.

They run on numbers of any kind, in NumPy arrays: floats in the backend `by_hand`, balls for the
certificate, symbols for the proof.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.errors import ProblemError
from calcbench.operators.operator import direction, matrix, parameter_shapes
from calcbench.problem.problem import Arrays, Problem

WORDS = {
    "gradient": "gradient",
    "jacobian": "Jacobian",
    "hessian": "Hessian",
    "hvp": "Hessian-vector product",
}


def hand_derived(
    problem: Problem, formula: str, xp: Any, values: Mapping[str, Any], inputs: Arrays
) -> dict[str, Any]:
    """A hand-derived formula on numbers of any kind: floats, balls, symbols, in NumPy arrays.

    `values` has them by name, with the direction for `hvp`. In the form of the operator's
    result; `inputs` says of what shape and structure.
    """
    parameters, data = problem.split(values)
    along = {name: values.get(direction(name)) for name in problem.parameters}
    seeds = (along,) if formula == "hvp" else ()
    found = getattr(problem, formula)(xp, *seeds, *parameters, **data)
    check_formula(problem, formula, found, inputs)
    return arranged(problem, formula, found, inputs)


def arranged(problem: Problem, formula: str, found: Any, inputs: Arrays) -> dict[str, Any]:
    """What a hand-derived formula gave, in the form of the operator's result."""
    if formula in ("gradient", "hvp"):
        return {name: np.asarray(found[name]) for name in problem.parameters}
    whole = _whole(problem, formula, found, inputs)
    structure = problem.structure(inputs)
    return {formula: whole[structure.pattern(*whole.shape)] if structure.sparse else whole}


def _whole(problem: Problem, formula: str, found: Any, inputs: Arrays) -> np.ndarray:
    """The matrix in a hand-derived Jacobian or Hessian, stored or not."""
    if formula == "hessian":
        return square(found, parameter_shapes(problem, inputs))
    (rows,) = problem.value_shape(inputs)
    return matrix([found[name] for name in problem.parameters], rows)


def check_formula(problem: Problem, formula: str, found: Any, inputs: Arrays) -> None:
    """Raise `ProblemError` unless what a hand-derived formula gave has the right form."""
    shapes = parameter_shapes(problem, inputs)
    if formula == "gradient":
        problem.check_gradient(found, shapes)
    elif formula == "hessian":
        check_blocks(problem, found, shapes)
    else:
        rows = problem.value_shape(inputs) if formula == "jacobian" else ()
        check_parts(problem, WORDS[formula], found, {n: (*rows, *s) for n, s in shapes.items()})


def check_structure(problem: Problem, formula: str, found: Any, inputs: Arrays) -> None:
    """Raise `ProblemError` for an entry that is not 0, and left out by the structure."""
    structure = problem.structure(inputs)
    if formula not in ("jacobian", "hessian") or not structure.sparse:
        return
    whole = np.array(_whole(problem, formula, found, inputs))
    whole[structure.pattern(*whole.shape)] = 0.0
    if np.any(whole):
        row, column = np.argwhere(whole)[0]
        raise ProblemError(
            f"the structure of problem {problem.name!r} leaves out entry [{row}, {column}], which "
            f"is {whole[row, column]:.17g} in the hand-derived {WORDS[formula]}"
        )


def square(blocks: Mapping[tuple[str, str], Any], shapes: Mapping[str, Any]) -> np.ndarray:
    """A Hessian from its blocks, each pair of parameters once."""
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}

    def block(one: str, other: str) -> np.ndarray:
        if (one, other) in blocks:
            return np.reshape(blocks[one, other], (sizes[one], sizes[other]))
        return block(other, one).T

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
