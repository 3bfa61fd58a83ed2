"""Inputs of a problem: its own values, checked, at a size and perhaps other parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from calcbench.errors import (
    CalcbenchError,
    NotInstalled,
    ProblemError,
    SelectorError,
    missing,
    nearest,
    short_repr,
)
from calcbench.problem.arguments import check_names, real_array, whole_number
from calcbench.problem.declarations import check_declarations
from calcbench.problem.faults import RAISED, defining_line, describe, describe_method, raising_line
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.returns import check_returns
from calcbench.problem.size import SizeLike, fit, read_size
from calcbench.problem.static import Static, is_static, wrap_static
from calcbench.problem.structure import BadStructure, Structure


def own_point(
    problem: Problem,
    size: SizeLike | None = None,
    seed: int = 0,
    at: Mapping[str, Any] | None = None,
) -> Point:
    """Draw the problem's inputs at `size`; replace those parameters that `at` names.

    Every array is float64, except NumPy integer arrays, which stay (they are indices).
    Raises `ProblemError` for inputs that do not fit the cost, `SelectorError` for a bad `at`.
    """
    if not isinstance(problem, Problem):
        raise SelectorError(
            f"a point is of a calcbench.Problem, such as calcbench.problems()['saddle'], "
            f"got {short_repr(problem)}"
        )
    check_declarations(problem)
    reason = missing(problem.requires, problem.install)
    if reason:
        raise NotInstalled(f"problem {problem.name!r}: {reason}")
    seed = whole_number("seed", seed, 0)
    number = resolve_size(problem, size)
    general = [] if problem.native else [getattr(problem, "_function", problem.cost)]
    for function in (*general, *problem.native_costs.values()):
        check_returns(f"the cost of problem {problem.name!r}", "a number", function)
    own = draw_point(problem, number, seed)
    return own if at is None else own.with_values(read_parameters(own, at))


def draw_point(problem: Problem, size: int, seed: int) -> Point:
    """Draw the problem's inputs. Raises `ProblemError` for what does not fit the cost."""
    try:
        values = problem.inputs(size, np.random.default_rng(seed))
    except CalcbenchError:
        raise
    except RAISED as error:
        raise ProblemError(
            f"problem {problem.name!r}: inputs({short_repr(size)}, rng) raises {describe(error)}"
        ) from error
    if not isinstance(values, Mapping):
        raise ProblemError(
            f"problem {problem.name!r}: inputs must return a dict of argument name → value, "
            f"but it returned {short_repr(values)}"
        )
    return Point(problem, _check(problem, values), drawn=(size, seed))


def make_point(problem: Problem, values: Mapping[str, Any]) -> Point:
    """Make a point of values for all arguments, in any shapes that fit the cost.

    Raises `ProblemError` for a name that is missing or too many, and for what is no array.
    """
    return Point(problem, _check(problem, values))


def point_of_another_size(own: Point) -> Point | None:
    """Draw the smallest other size that the problem declares; None where it declares none."""
    if own.drawn is None:
        return None
    size, seed = own.drawn
    others = [other for other in own.problem.sizes if other != size]
    return draw_point(own.problem, min(others), seed) if others else None


def resolve_size(problem: Problem, size: SizeLike | None) -> int:
    """Return the size to run at: the one given, or the problem's first.

    Of sizes by name, those that are not given are the first's. Raises `SelectorError` for a size
    below 1, another size of a problem that has only one, and names that the problem has not.
    """
    if size is None:
        first: int = problem.sizes[0]
        return first
    size = fit(f"problem {problem.name!r}", read_size(size), problem.sizes[0])
    if problem.one_size and size != problem.sizes[0]:
        raise SelectorError(f"problem {problem.name!r} has one size, {problem.sizes[0]}")
    return size


def _check(problem: Problem, values: Mapping[str, Any]) -> Arrays:
    """Convert the values to arrays, in the order of the signature."""
    names = (*problem.parameters, *problem.data)
    absent = [name for name in names if name not in values]
    extra = [name for name in values if name not in names]
    if absent:
        raise ProblemError(f"problem {problem.name!r}: no value for {', '.join(map(repr, absent))}")
    if extra:
        option = ", and there is no such option" if problem.options else ""
        raise ProblemError(
            f"problem {problem.name!r}: cost has no argument {extra[0]!r}{option}: "
            f"{nearest(extra[0], (*names, *problem.options))}"
        )
    arrays = {name: _array(problem, name, values[name]) for name in names}
    lengths = {name: arrays[name].shape[:1] for name in problem.rows}
    if len(set(lengths.values())) > 1 or () in lengths.values():
        raise ProblemError(
            f"problem {problem.name!r}: rows must be arrays of equal length, got "
            + ", ".join(f"{name} of shape {arrays[name].shape}" for name in problem.rows)
        )
    _check_matrix(problem, arrays)
    return arrays


def _check_matrix(problem: Problem, arrays: Arrays) -> None:
    """Raise `ProblemError` for `outputs` or a `structure` that make no sense."""
    subject = f"problem {problem.name!r}"
    if problem.vector_valued and problem.rows:
        raise ProblemError(f"{subject}: a vector-valued problem (outputs) has no rows to add up")
    columns = sum(arrays[name].size for name in problem.parameters)
    rows = _outputs(problem, arrays) if problem.vector_valued else columns
    with _blamed_on_structure(problem, arrays):
        structure = problem.structure(arrays)
        whole = isinstance(rows, (int, np.integer)) and rows > 0
        sparse = whole and isinstance(structure, Structure) and structure.sparse
        if sparse and not structure.pattern(int(rows), columns)[0].size:
            raise BadStructure("it stores no entry")
    if not isinstance(rows, (int, np.integer)) or rows < 1:
        raise ProblemError(f"{subject}: outputs must be a whole number of at least 1, got {rows!r}")
    if not isinstance(structure, Structure):
        raise ProblemError(
            f"{subject}: structure must be one of calcbench.problem.structure, such as DENSE, "
            f"got {short_repr(structure)}"
        )


def _outputs(problem: Problem, arrays: Arrays) -> Any:
    """Ask a vector-valued problem for its length. Raises `ProblemError` for what that raises."""
    try:
        return problem.outputs(arrays)
    except RAISED as error:
        told = describe_method("outputs(inputs)", arrays, error)
        raise ProblemError(f"problem {problem.name!r}: {told}") from error


@contextlib.contextmanager
def _blamed_on_structure(problem: Problem, arguments: Iterable[str]) -> Iterator[None]:
    """Raise `ProblemError` for what `structure` raises, or for entries of no matrix.

    Those are found out later than where they are stated: the line is that of `structure`.
    """
    subject = f"problem {problem.name!r}"
    try:
        yield
    except BadStructure as error:
        line = raising_line(error) or defining_line(problem.structure)
        place = f"{line}: " if line else ""
        raise ProblemError(f"{subject}: {place}its structure: {error}") from error
    except RAISED as error:
        told = describe_method("structure(inputs)", arguments, error)
        raise ProblemError(f"{subject}: {told}") from error


def _array(problem: Problem, name: str, value: Any) -> np.ndarray:
    if name in problem.data and is_static(value):
        return wrap_static(value)
    index = isinstance(value, np.ndarray) and value.dtype.kind in "iu" and name in problem.data
    try:
        array = np.array(value, dtype=np.int64) if index else real_array(value)
    except (ValueError, OverflowError):
        raise ProblemError(
            f"problem {problem.name!r}: the value of {name!r} is not an array of real numbers: "
            f"{short_repr(value)}"
        ) from None
    if array.size == 0:
        raise ProblemError(f"problem {problem.name!r}: {name!r} is empty")
    if name in problem.parameters and not np.all(np.isfinite(array)):
        raise ProblemError(f"problem {problem.name!r}: {name!r} contains NaN or infinity")
    return array


def _form(array: np.ndarray) -> str:
    if array.shape == ():
        return "a number"
    return f"numbers of shape ({', '.join(map(str, array.shape))})"


def read_parameters(own: Point, at: Mapping[str, Any], what: str = "at") -> Arrays:
    """Read values of parameters; the others keep their own.

    Raises `SelectorError`, which begins with `what`.
    """
    problem = own.problem
    check_names(what, at)
    for name in at:
        if name not in problem.parameters:
            raise SelectorError(
                f"{what}: problem {problem.name!r} has no parameter {short_repr(name)}: "
                f"{nearest(name, problem.parameters)}"
            )
    chosen = {}
    for name in at:
        chosen[name] = _read_like(own[name], name, at[name], what)
    return chosen


def read_data(own: Point, given: Mapping[str, Any], what: str) -> Arrays:
    """Read other data of the same shapes. Raises `SelectorError`, which begins with `what`."""
    found = {name: _read_like(own[name], name, value, what) for name, value in given.items()}
    for name, array in found.items():
        if own[name].dtype.kind == "i":
            whole = array.astype(np.int64)
            if np.any(whole != array):
                raise SelectorError(f"{what}: {name!r} must be whole numbers, for it is an index")
            found[name] = whole
    return found


def _read_like(own: np.ndarray, name: str, given: Any, what: str) -> np.ndarray:
    """Read numbers of the same shape as the problem's own; for static data, others of the kind."""
    if isinstance(own, Static):
        kind = type(own.item())
        if type(given) is kind and is_static(given):
            return wrap_static(given)
        said = {int: "a whole number", str: "text", tuple: "a tuple of whole numbers"}[kind]
        raise SelectorError(f"{what}: {name}={short_repr(given)} is not {said}")
    expected = _form(own)
    try:
        value = real_array(given)
    except ValueError:
        raise SelectorError(f"{what}: {name}={short_repr(given)} is not {expected}") from None
    if value.shape != own.shape:
        raise SelectorError(f"{what}: {name!r} must be {expected}, got {_form(value)}")
    if np.any(~np.isfinite(value) & np.isfinite(own)):
        raise SelectorError(f"{what}: {name}={short_repr(given)} is not finite")
    return value
