"""The hand-derived formulas in balls: what they claim, free of rounding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball, Undecided
from calcbench.certified.evaluation import NotCertified, guarded, lifted
from calcbench.certified.vocabulary import namespace
from calcbench.colouring import compress
from calcbench.errors import ProblemError
from calcbench.interfaces.problem import Arrays, Problem
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.operator import components, cut, direction, parameter_shapes


def claimed(
    problem: Problem, inputs: Arrays, bits: int, operator: Operator = GRADIENT
) -> dict[str, np.ndarray]:
    """What the hand-derived formulas say an operator is: its result's names → arrays of balls.

    The Hessian follows from the Hessian-vector product as well, and the other way round. Raises
    `NotCertified` where no formula gives the operator, `ProblemError` for one of the wrong form.
    """
    formula = derived(problem, inputs, operator)
    with balls.precision(bits):
        values = lifted(problem, inputs)
        try:
            whole = guarded(lambda: RULES[operator.name, formula](problem, inputs, values))
        except Undecided as error:
            raise NotCertified(f"the formula has a branch too near a tie: {error}") from error
        shapes = operator.layout(problem, inputs).shapes
        return dict(zip(shapes, _pieces(whole, shapes), strict=True))


def derived(problem: Problem, inputs: Arrays, operator: Operator) -> str:
    """The hand-derived formula that gives an operator: its own first.

    Raises `NotCertified` if there is none.
    """
    others = {"hessian": "hvp", "hvp": "hessian"}
    for formula in (operator.formula, others.get(operator.formula, "")):
        if formula and problem.derives(formula):
            return formula
    raise NotCertified(f"no hand-derived formula gives the {operator.name}")


def _named(problem: Problem, inputs: Arrays, values: dict[str, Any]) -> np.ndarray:
    parameters, data = problem.split(values)
    found = problem.gradient(namespace(balls), *parameters, **data)
    problem.check_gradient(found, parameter_shapes(problem, inputs))
    return _flat([found[name] for name in problem.parameters])


def _jacobian(problem: Problem, inputs: Arrays, values: dict[str, Any]) -> np.ndarray:
    """The rows end to end, or the stored entries."""
    parameters, data = problem.split(values)
    found = problem.jacobian(namespace(balls), *parameters, **data)
    (rows,) = problem.value_shape(inputs)
    parts = [
        _shaped(problem, found, name, (rows, *shape)).reshape(rows, -1)
        for name, shape in parameter_shapes(problem, inputs).items()
    ]
    return _entries(problem, inputs, np.concatenate(parts, axis=1))


def _hessian(problem: Problem, inputs: Arrays, values: dict[str, Any]) -> np.ndarray:
    return _entries(problem, inputs, _matrix(problem, inputs, values))


def _hessian_times_direction(
    problem: Problem, inputs: Arrays, values: dict[str, Any]
) -> np.ndarray:
    along = _flat([values[direction(name)] for name in problem.parameters])
    rows = _matrix(problem, inputs, values)
    products = [balls.dot([balls.lift(entry) for entry in row], list(along)) for row in rows]
    return np.array(products, dtype=object)


def _hvp(problem: Problem, inputs: Arrays, values: dict[str, Any]) -> np.ndarray:
    return _product(
        problem, inputs, values, {name: values[direction(name)] for name in problem.parameters}
    )


def _hessian_by_products(problem: Problem, inputs: Arrays, values: dict[str, Any]) -> np.ndarray:
    """A product for every component, or every colour, of a sparse one."""
    count = components(problem, inputs)
    structure = problem.structure(inputs)
    compression = compress(structure.pattern(count, count), count) if structure.sparse else None
    seeds = np.eye(count) if compression is None else compression.seeds
    shapes = parameter_shapes(problem, inputs)
    found = []
    for seed in seeds:
        parts = cut(tuple(shapes.values()), seed)
        along = {name: _constants(part) for name, part in zip(shapes, parts, strict=True)}
        found.append(_product(problem, inputs, values, along))
    if compression is None:
        return np.stack(found, axis=1).ravel()
    return np.concatenate(found)[compression.places(count)]


RULES = {
    ("gradient", "gradient"): _named,
    ("jacobian", "jacobian"): _jacobian,
    ("hessian", "hessian"): _hessian,
    ("hessian", "hvp"): _hessian_by_products,
    ("hvp", "hvp"): _hvp,
    ("hvp", "hessian"): _hessian_times_direction,
}
"""(operator, formula) → the operator's result from it, as a flat vector."""


# --- pieces --------------------------------------------------------------------------------


def _product(
    problem: Problem, inputs: Arrays, values: dict[str, Any], along: dict[str, Any]
) -> np.ndarray:
    """The hand-derived Hessian-vector product, as one vector."""
    parameters, data = problem.split(values)
    found = problem.hvp(namespace(balls), along, *parameters, **data)
    shapes = parameter_shapes(problem, inputs)
    return _flat([_shaped(problem, found, name, shape) for name, shape in shapes.items()])


def _matrix(problem: Problem, inputs: Arrays, values: dict[str, Any]) -> np.ndarray:
    """The Hessian from its hand-derived blocks, each pair of parameters once."""
    parameters, data = problem.split(values)
    found = problem.hessian(namespace(balls), *parameters, **data)
    shapes = parameter_shapes(problem, inputs)
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}

    def block(one: str, other: str) -> np.ndarray:
        if (one, other) not in found and (other, one) in found:
            return block(other, one).T
        given = _shaped(problem, found, (one, other), (*shapes[one], *shapes[other]))
        return given.reshape(sizes[one], sizes[other])

    return np.concatenate(
        [np.concatenate([block(one, other) for other in shapes], axis=1) for one in shapes]
    )


def _entries(problem: Problem, inputs: Arrays, matrix: np.ndarray) -> np.ndarray:
    """A matrix row by row; of a sparse one the stored entries."""
    structure = problem.structure(inputs)
    return matrix[structure.pattern(*matrix.shape)] if structure.sparse else matrix.ravel()


def _shaped(problem: Problem, found: Any, key: Any, shape: tuple[int, ...]) -> np.ndarray:
    """One array of what a formula gave. Raises `ProblemError` for another form."""
    given = np.asarray(found[key], dtype=object) if _holds(found, key) else None
    if given is None or given.shape != shape:
        told = "is missing" if given is None else f"has the shape {given.shape}, not {shape}"
        raise ProblemError(f"problem {problem.name!r}: in the hand-derived formula {key} {told}")
    return given


def _holds(found: Any, key: Any) -> bool:
    return isinstance(found, Mapping) and key in found


def _flat(parts: list[Any]) -> np.ndarray:
    return np.concatenate([np.asarray(part, dtype=object).ravel() for part in parts])


def _constants(array: np.ndarray) -> np.ndarray:
    found = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        found[index] = Ball(arb(float(array[index])))
    return found


def _pieces(whole: np.ndarray, shapes: Mapping[str, tuple[int, ...]]) -> list[np.ndarray]:
    """A flat vector cut into arrays of these shapes, of the values of its balls."""
    values = np.empty(whole.shape, dtype=object)
    for k, number in enumerate(whole):
        values[k] = balls.lift(number).value
    return list(cut(tuple(shapes.values()), values))
