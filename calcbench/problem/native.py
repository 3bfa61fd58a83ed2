"""Native costs: the cost of a problem in the code of a framework, `cost_torch` and the like.

A problem that has such costs, and none in the array vocabulary, is differentiated by those
frameworks alone. What runs its costs, on NumPy's numbers and on numbers with proof, is further down
than this room, which does not know it: it is told by whoever puts the rooms together (`run_by`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from calcbench.errors import ProblemError

if TYPE_CHECKING:
    from calcbench.problem.problem import Problem

FRAMEWORKS = ("numpy", "jax", "torch", "tensorflow")
"""Whose code a native cost may be; the reference is that of the first that can be certified."""

Cost = Callable[..., Any]


class CostRunner(Protocol):
    """What runs native costs, in their framework."""

    def evaluate(
        self, problem: Problem, xp: Any, parameters: tuple[Any, ...], data: Mapping[str, Any]
    ) -> Any:
        """Evaluate a cost on numbers of any kind, in arrays."""

    def get_ready(self, problem: Problem, values: Any) -> None:
        """Import what running a cost on numbers with proof needs, which takes a while."""


_find_runner: Callable[[], CostRunner] | None = None


def run_by(find: Callable[[], CostRunner]) -> None:
    """Name what runs native costs: a function that gives it, called when a cost is run."""
    global _find_runner
    _find_runner = find


def _runner() -> CostRunner:
    assert _find_runner is not None, "calcbench names what runs native costs as it is imported"
    return _find_runner()


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
    return _runner().evaluate(self, xp, parameters, data)


def get_ready(problem: Problem, values: Any) -> None:
    """Import what running a native cost on numbers with proof needs, which takes a while."""
    _runner().get_ready(problem, values)


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
