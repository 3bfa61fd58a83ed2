"""Native costs of a problem, run in their framework on NumPy's numbers, or on numbers with proof.

`Problem.cost` comes here where a problem has native costs alone (`problem.native.run_by`). On
numbers with proof it is the first that its front end knows all of: NumPy's before JAX's, torch's
and TensorFlow's. Data are arguments as well as parameters are, of which nothing is differentiated:
what a cost makes of them is rounded, too.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.catalogue.selection import find_backend
from calcbench.certified.certificate import SECONDS
from calcbench.errors import Unsupported
from calcbench.native.certifying import certify
from calcbench.native.constants import round_constants
from calcbench.native.conversion import convert, double_precision, to_numpy
from calcbench.native.front_ends import make
from calcbench.native.function import Function, NotKnown
from calcbench.native.values import is_certified, midpoints
from calcbench.operators.cost import Cost
from calcbench.problem.faults import RAISED
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.static import unwrap_static


@dataclass
class Made:
    """A native cost as a function, with what it was traced of."""

    function: Function
    origin: tuple[Any, ...]
    """Its problem and constants: kept, so that no other is at their addresses."""
    refusal: str = ""
    """Why nothing is certified by it, if its framework computes another value."""


_made: dict[Any, Made] = {}
"""(The problem, by its identity; framework, shapes and constants) → its function.

They are for one certificate: what a cost reads besides its arguments may change until the next.
"""


def evaluate(
    problem: Problem, xp: Any, parameters: tuple[Any, ...], data: Mapping[str, Any]
) -> Any:
    """Evaluate a native cost; numbers with proof give one with proof, and NumPy's one of NumPy's.

    Raises `Unsupported` where no native cost can be run so, with the reason for each.
    """
    values = {**dict(zip(problem.parameters, parameters, strict=True)), **data}
    if not any(map(is_certified, values.values())):
        return _run_plainly(problem, values)
    reasons = {}
    for framework in _installed(problem):
        try:
            return _run_with_proof(problem, framework, xp, values)
        except Unsupported as error:
            reasons[framework] = str(error)
    raise NotKnown("; ".join(f"cost_{name}: {reason}" for name, reason in reasons.items()))


def get_ready(problem: Problem, values: Arrays) -> None:
    """Import what a certificate needs, trace the cost anew, and hold its value against its proof.

    That is of the first framework whose cost can be certified, and whose value is confirmed.
    """
    _made.clear()
    given = {name: unwrap_static(x) for name, x in values.items()}
    for framework in _installed(problem):
        with contextlib.suppress(Unsupported):
            _import(framework)
            made = _make(problem, framework, given)
            made.refusal = _differs(made.function)
            if not made.refusal:
                return


def _differs(function: Function) -> str:
    """Say how far a framework's value is from what its operations give with proof; "" if it isn't.

    Raises `NotCertified` where there is no proof.
    """
    try:
        with function.undisturbed():
            value = function.call(function.arguments)
    except RAISED:  # which its evaluation tells
        return ""
    proof = certify(function, Cost(), seconds=SECONDS, outputs=value.shape).certificate
    off = ~(np.abs(np.ravel(value) - proof.value) <= proof.bound)
    if not np.any(off):
        return ""
    given, proved = (float(np.ravel(numbers)[off][0]) for numbers in (value, proof.value))
    return f"it gives {given:.17g}, and its operations on numbers with proof give {proved:.17g}"


def _run_plainly(problem: Problem, values: Mapping[str, Any]) -> Any:
    """Run a cost on NumPy's numbers: NumPy's own, or that of a framework that is loaded."""
    costs = problem.native_costs
    order = sorted(
        _installed(problem), key=lambda name: name != "numpy" and name not in sys.modules
    )
    framework = order[0]
    parameters, data = problem.split(values)
    if framework == "numpy":
        return costs["numpy"](*parameters, **data)
    _import(framework)
    with double_precision(framework):
        arguments, named = convert([list(parameters), dict(data)], framework)
        return to_numpy(costs[framework](*arguments, **named))


def _run_with_proof(problem: Problem, framework: str, xp: Any, values: Mapping[str, Any]) -> Any:
    """Run a cost on numbers with proof. Raises `NotKnown` for one that computes in less than 64."""
    _import(framework)
    plain = {name: midpoints(x) if is_certified(x) else x for name, x in values.items()}
    made = _make(problem, framework, plain)
    if made.refusal:
        raise NotKnown(made.refusal)
    function = made.function
    moving = [name for name, x in plain.items() if _moves(x)]
    numbers = dict(zip(function.arguments, (values[name] for name in moving), strict=True))
    found = function.evaluate(round_constants(xp), numbers)
    if function.dtype != "float64":
        raise NotKnown(f"it computes in {function.dtype} on the way")
    return found


def _make(problem: Problem, framework: str, values: Mapping[str, Any]) -> Made:
    """Make a native cost a function of its floats, parameters and data: once for these shapes."""
    fixed = {name: x for name, x in values.items() if not _moves(x)}
    moving = {name: np.asarray(x, np.float64) for name, x in values.items() if name not in fixed}
    key = (
        id(problem),
        framework,
        tuple((name, x.shape) for name, x in moving.items()),
        tuple((name, _identify(x)) for name, x in fixed.items()),
    )
    if key not in _made:
        with double_precision(framework):
            constant = convert(fixed, framework)
            run = _positional(problem, framework, tuple(moving), constant)
            x = convert(tuple(moving.values()), framework)
            _made[key] = Made(make(framework, run, x, problem.name), (problem, fixed))
    return _made[key]


def _positional(
    problem: Problem, framework: str, moving: tuple[str, ...], constant: Mapping[str, Any]
) -> Callable[..., Any]:
    """Make a cost a function of its floats alone, in their order."""
    cost = problem.native_costs[framework]

    def run(*arrays: Any) -> Any:
        values = {**constant, **dict(zip(moving, arrays, strict=True))}
        parameters, data = problem.split(values)
        return cost(*parameters, **data)

    run.__wrapped__ = cost  # type: ignore[attr-defined] # whose globals and closures count
    return run


def _moves(x: Any) -> bool:
    """Tell whether an input is an array of floats."""
    return is_certified(x) or (
        isinstance(x, (float, np.ndarray)) and np.asarray(x).dtype.kind == "f"
    )


def _identify(x: Any) -> Any:
    """Return what tells a constant from another."""
    if isinstance(x, np.ndarray) and x.dtype != object:
        return x.dtype.str, x.shape, x.tobytes()
    return (type(x), repr(x)) if isinstance(x, SCALARS) else id(x)


SCALARS = (bool, int, float, complex, str, np.generic)
"""Constants that are made anew for each call; others are the same objects."""


def _installed(problem: Problem) -> list[str]:
    """List the frameworks of native costs that are there. Raises `Unsupported` if none is."""
    costs = problem.native_costs
    found = [n for n in costs if n in sys.modules or importlib.util.find_spec(n) is not None]
    if not found:
        raise Unsupported(f"none of {', '.join(costs)} is installed")
    return found


def _import(framework: str) -> None:
    """Import a framework as its backend does, which is quiet. Raises `NotInstalled`."""
    if framework not in sys.modules:
        find_backend(framework).framework()
