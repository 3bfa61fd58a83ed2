"""Inputs of a problem: its own values, and the points at which agreement is checked."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench import requirements
from calcbench.errors import (
    CalcbenchError,
    NotInstalled,
    ProblemError,
    SelectorError,
    first_line,
    nearest,
)
from calcbench.interfaces.problem import Arrays, Problem
from calcbench.interfaces.structure import Structure
from calcbench.operators import GRADIENT, Operator

RANDOM_POINTS = 2
EVERYWHERE = (-2.0, 2.0)
"""Where random parameters are drawn if the problem names no domain: the unit scale, both signs."""


def inputs(
    problem: Problem,
    size: int | None = None,
    seed: int = 0,
    at: Mapping[str, Any] | None = None,
) -> Arrays:
    """The problem's inputs at `size`, with the parameters replaced by `at` if it is given.

    Every array is float64, except NumPy integer arrays, which stay (they are indices).
    Raises `ProblemError` for inputs that do not fit the cost, `SelectorError` for a bad `at`.
    """
    reason = requirements.missing(problem.requires, problem.install)
    if reason:
        raise NotInstalled(f"problem {problem.name!r}: {reason}")
    if seed < 0:
        raise SelectorError(f"seed must be at least 0, got {seed}")
    number = chosen_size(problem, size)
    try:
        values = problem.inputs(number, np.random.default_rng(seed))
    except CalcbenchError:
        raise
    except Exception as error:  # whatever a user's code raises
        raise ProblemError(
            f"problem {problem.name!r}: inputs({number}, rng) raises "
            f"{type(error).__name__}: {first_line(error)}"
        ) from error
    if not isinstance(values, Mapping):
        raise ProblemError(
            f"problem {problem.name!r}: inputs must return a dict of argument name → value, "
            f"but it returned {_short(values)}"
        )
    arrays = _check(problem, values)
    return arrays if at is None else {**arrays, **_parameters(problem, arrays, at)}


def chosen_size(problem: Problem, size: int | None) -> int:
    """The size to run at: the one asked for, or the problem's first.

    Raises `SelectorError` for a size below 1, or another size of a problem that has only one.
    """
    if size is None:
        return problem.sizes[0]
    if not isinstance(size, (int, np.integer)) or size < 1:
        raise SelectorError(f"size must be a whole number of at least 1, got {size!r}")
    if len(problem.sizes) == 1 and size != problem.sizes[0]:
        raise SelectorError(f"problem {problem.name!r} has one size, {problem.sizes[0]}")
    return size


def points(
    problem: Problem,
    own: Arrays,
    seed: int = 0,
    operator: Operator = GRADIENT,
    direction: Mapping[str, Any] | None = None,
) -> dict[str, Arrays]:
    """The points at which to check agreement: the problem's own, zeros, and random ones.

    Zeros are left out where the problem's domain does not contain them. At random points the
    float data move too, by up to a tenth, so that data baked into a preparation show. An operator
    with a direction or cotangent gets a random one at every point, or the one given at the own
    point. Raises `SelectorError` for one that does not fit.
    """
    found = {"own": own}
    if all(low < 0 < high for low, high in _domains(problem).values()):
        found["zeros"] = {**own, **{name: np.zeros_like(own[name]) for name in problem.parameters}}
    rng = np.random.default_rng([seed, 1])
    for number in range(1, RANDOM_POINTS + 1):
        moved = {name: _nudge(own[name], rng) for name in problem.data}
        found[f"random-{number}"] = {**_draw(problem, own, rng), **moved}
    rng = np.random.default_rng([seed, 3])
    return {
        point: operator.seeded_at(problem, inputs, rng, direction if point == "own" else None)
        for point, inputs in found.items()
    }


def thinned(problem: Problem, inputs: Arrays, rows: int) -> Arrays:
    """The same inputs with about `rows` evenly spaced rows, if there are more."""
    if not problem.rows:
        return inputs
    step = len(inputs[problem.rows[0]]) // rows
    if step < 2:
        return inputs
    return {**inputs, **{name: inputs[name][::step].copy() for name in problem.rows}}


def parse_at(text: str, option: str = "at") -> dict[str, Any]:
    """Parse `m=0.9,b=0.1` or `w=[1,2,3]` into values by name; `option` is named in errors.

    Raises `SelectorError` for what is neither a number nor a bracketed list of numbers.
    """
    values: dict[str, Any] = {}
    for part in _split_outside_brackets(text):
        name, equals, literal = (piece.strip() for piece in part.partition("="))
        if not (name and equals and literal):
            raise SelectorError(
                f"--{option} {text!r}: {part.strip()!r} is not of the form NAME=VALUE"
            )
        if name in values:
            raise SelectorError(f"--{option} {text!r}: {name!r} is given twice")
        try:
            values[name] = json.loads(literal) if literal.startswith("[") else float(literal)
        except (ValueError, RecursionError):
            raise SelectorError(
                f"{option}: {name}={literal} is neither a number nor a list such as [1, 2]"
            ) from None
    return values


def _domains(problem: Problem) -> dict[str, tuple[float, float]]:
    return {name: problem.domain.get(name, EVERYWHERE) for name in problem.parameters}


def _draw(problem: Problem, own: Arrays, rng: np.random.Generator) -> Arrays:
    drawn = {}
    for name, (low, high) in _domains(problem).items():
        low, high = _bounded(low, high)
        drawn[name] = rng.uniform(low, high, own[name].shape)
    return {name: np.asarray(value) for name, value in drawn.items()}


def _nudge(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Float data, each number changed by up to a tenth of itself; indices as they are."""
    if array.dtype.kind != "f":
        return array
    return np.asarray(array * rng.uniform(0.9, 1.1, array.shape))


def _bounded(low: float, high: float) -> tuple[float, float]:
    """A bounded piece of a possibly unbounded interval, away from its ends."""
    if np.isinf(low) and np.isinf(high):
        return EVERYWHERE
    if np.isinf(high):
        return low + 0.1, low + 4.0
    if np.isinf(low):
        return high - 4.0, high - 0.1
    margin = 0.05 * (high - low)
    return low + margin, high - margin


def _check(problem: Problem, values: Mapping[str, Any]) -> Arrays:
    """The values as arrays, in the order of the signature."""
    names = (*problem.parameters, *problem.data)
    missing = [name for name in names if name not in values]
    extra = [name for name in values if name not in names]
    if missing:
        raise ProblemError(
            f"problem {problem.name!r}: no value for {', '.join(map(repr, missing))}"
        )
    if extra:
        raise ProblemError(
            f"problem {problem.name!r}: cost has no argument {extra[0]!r}: "
            f"{nearest(extra[0], names)}"
        )
    arrays = {name: _array(problem, name, values[name]) for name in names}
    for name in problem.rows:
        if name not in problem.data:
            data = ", ".join(problem.data) or "none"
            raise ProblemError(
                f"problem {problem.name!r}: rows names {name!r}, which is not data (data: {data})"
            )
    lengths = {name: arrays[name].shape[:1] for name in problem.rows}
    if len(set(lengths.values())) > 1 or () in lengths.values():
        raise ProblemError(
            f"problem {problem.name!r}: rows must be arrays of equal length, got "
            + ", ".join(f"{name} of shape {arrays[name].shape}" for name in problem.rows)
        )
    _check_matrix(problem, arrays)
    return arrays


def _check_matrix(problem: Problem, arrays: Arrays) -> None:
    """Raise `ProblemError` for outputs or a structure that are none."""
    subject = f"problem {problem.name!r}"
    if problem.vector_valued and problem.rows:
        raise ProblemError(f"{subject}: a vector-valued problem (outputs) has no rows to add up")
    columns = sum(arrays[name].size for name in problem.parameters)
    try:
        rows = problem.outputs(arrays) if problem.vector_valued else columns
        structure = problem.structure(arrays)
        whole = isinstance(rows, (int, np.integer)) and rows > 0
        sparse = whole and isinstance(structure, Structure) and structure.sparse
        if sparse and not structure.pattern(int(rows), columns)[0].size:
            raise ValueError("the structure stores no entry")
    except Exception as error:  # whatever a user's code raises
        raise ProblemError(
            f"{subject}: its outputs or structure raises {type(error).__name__}: "
            f"{first_line(error)}"
        ) from error
    if not isinstance(rows, (int, np.integer)) or rows < 1:
        raise ProblemError(f"{subject}: outputs must be a whole number of at least 1, got {rows!r}")
    if not isinstance(structure, Structure):
        raise ProblemError(
            f"{subject}: structure must be one of calcbench.interfaces.structure, such as DENSE, "
            f"got {_short(structure)}"
        )


def _array(problem: Problem, name: str, value: Any) -> np.ndarray:
    index = isinstance(value, np.ndarray) and value.dtype.kind in "iu" and name in problem.data
    try:
        array = np.array(value, dtype=np.int64) if index else _floats(value)
    except (TypeError, ValueError, OverflowError):
        raise ProblemError(
            f"problem {problem.name!r}: the value of {name!r} is not an array of real numbers: "
            f"{_short(value)}"
        ) from None
    if array.size == 0:
        raise ProblemError(f"problem {problem.name!r}: {name!r} is empty")
    if not np.all(np.isfinite(array)):
        raise ProblemError(f"problem {problem.name!r}: {name!r} contains NaN or infinity")
    return array


def _floats(value: Any) -> np.ndarray:
    """A new float64 array. Text is refused, where NumPy would read numbers out of it."""
    array = np.asarray(value)
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{array.dtype} is not real")
    return np.array(array, dtype=np.float64)


def _form(array: np.ndarray) -> str:
    if array.shape == ():
        return "a number"
    return f"numbers of shape ({', '.join(map(str, array.shape))})"


def _short(value: Any) -> str:
    """A value for a message: one line, however large it is."""
    return " ".join(reprlib.repr(value).split())


def _parameters(problem: Problem, own: Arrays, at: Mapping[str, Any]) -> Arrays:
    """Check the values of `at` against the problem's parameters."""
    for name in at:
        if name not in problem.parameters:
            raise SelectorError(
                f"at: problem {problem.name!r} has no parameter {name!r}: "
                f"{nearest(name, problem.parameters)}"
            )
    chosen = {}
    for name in problem.parameters:
        if name not in at:
            raise SelectorError(
                f"at: no value for parameter {name!r} of problem {problem.name!r} "
                f"(parameters: {', '.join(problem.parameters)})"
            )
        expected = _form(own[name])
        try:
            value = _floats(at[name])
        except (TypeError, ValueError, OverflowError):
            raise SelectorError(f"at: {name}={_short(at[name])} is not {expected}") from None
        if value.shape != own[name].shape:
            raise SelectorError(f"at: {name!r} must be {expected}, got {_form(value)}")
        if not np.all(np.isfinite(value)):
            raise SelectorError(f"at: {name}={_short(at[name])} is not finite")
        chosen[name] = value
    return chosen


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
