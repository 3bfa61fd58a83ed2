"""Native costs: the cost of a problem in the code of a framework, `cost_torch` and the like.

A problem that has such costs, and none in the array vocabulary, is differentiated by those
frameworks alone. On numbers with proof its costs are run by the front ends of `calcbench.native`,
which this room does not know: they are found by name, when a cost is first run so.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from calcbench.errors import ProblemError

if TYPE_CHECKING:
    from calcbench.problem.problem import Problem

FRAMEWORKS = ("numpy", "jax", "torch", "tensorflow")
"""Whose code a native cost may be; the reference is that of the first that can be certified."""

FRONT_ENDS = "calcbench.native.costs"
"""The module that runs native costs."""

Cost = Callable[..., Any]


def takes_xp(function: Cost) -> bool:
    """Whether a function's first argument is the array namespace, `xp`."""
    try:
        return next(iter(inspect.signature(function).parameters), None) == "xp"
    except (TypeError, ValueError):  # what is no function, and some that are built in
        return False


def native_costs(problem: Problem) -> dict[str, Cost]:
    """Find the costs of a problem that are a framework's own code: framework → function.

    Those that take `xp` are written in the vocabulary. Raises `ProblemError` for what is no
    function.
    """
    found = {}
    for framework in FRAMEWORKS:
        cost = getattr(problem, f"cost_{framework}", None)
        if cost is not None and not callable(cost):
            raise ProblemError(f"problem {problem.name!r}: cost_{framework} must be a function")
        if cost is not None and not takes_xp(cost):
            found[framework] = cost
    return found


def defines_native_costs(problem: type[Problem]) -> bool:
    """Whether a class defines a cost in a framework's own code."""
    costs = (getattr(problem, f"cost_{framework}", None) for framework in FRAMEWORKS)
    return any(callable(cost) for cost in costs)


def run_native(self: Problem, xp: Any, *parameters: Any, **data: Any) -> Any:
    """Run the cost of a problem that has native ones alone, in NumPy or on numbers with proof."""
    return importlib.import_module(FRONT_ENDS).evaluate(self, xp, parameters, data)


def get_ready(problem: Problem, values: Any) -> None:
    """Import what running a native cost on numbers with proof needs, which takes a while."""
    importlib.import_module(FRONT_ENDS).get_ready(problem, values)


def native_signature(problem: Problem) -> list[inspect.Parameter]:
    """List the arguments that all native costs of a problem take.

    Raises `ProblemError` where two do not take the same.
    """
    costs = problem.native_costs
    if not costs:
        raise ProblemError(
            f"problem {problem.name!r} has no cost: define cost(self, xp, …), or cost_torch(self, "
            "…) and the like"
        )
    found = {
        name: list(inspect.signature(cost).parameters.values()) for name, cost in costs.items()
    }
    (first, wanted), *others = found.items()
    for name, arguments in others:
        if [(a.name, a.kind) for a in arguments] != [(a.name, a.kind) for a in wanted]:
            raise ProblemError(
                f"problem {problem.name!r}: cost_{name} takes {_write(arguments)}, and "
                f"cost_{first} {_write(wanted)}: all must take the same"
            )
    return wanted


def _write(arguments: list[inspect.Parameter]) -> str:
    return str(inspect.Signature(arguments))
