"""calcbench: one cost function, many ways to its gradient.

    import calcbench as cb

    cb.problems(); cb.backends()                 # what there is, and why something is not
    cb.gradient("batch_regression", backend="torch", at={"m": 0.9, "b": 0.1})
    cb.hessian("batch_regression", "jax")        # and other operators: hvp, pushforward, …
    cb.reference("batch_regression")             # the certified gradient, with its error bound
    cb.compare("batch_regression")               # every backend: partials, digits, verdict, time
    cb.benchmark("batch_regression")             # the same, timed so that the numbers repeat

Importing calcbench loads no framework; each one is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# The two packages first: importing them later would put them in the place of the functions
# of the same names.
importlib.import_module("calcbench.backends")
importlib.import_module("calcbench.problems")

from calcbench.errors import (  # noqa: E402
    CalcbenchError,
    NotInstalled,
    ProblemError,
    SelectorError,
    Unsupported,
)
from calcbench.plugins import backends, problems  # noqa: E402

if TYPE_CHECKING:
    from calcbench.api import (
        benchmark,
        compare,
        gradient,
        hessian,
        hvp,
        jacobian,
        partial,
        pullback,
        pushforward,
        reference,
        second_derivative,
        value_and_gradient,
        verify,
    )
    from calcbench.bench.rounds import QUICK, Settings
    from calcbench.bench.saved import SavedRun, load
    from calcbench.interfaces import (
        Backend,
        Derived,
        Function,
        Prepared,
        Problem,
        Transforming,
        problem,
    )

__version__ = "0.1.0"

__all__ = [
    "QUICK",
    "Backend",
    "CalcbenchError",
    "Derived",
    "Function",
    "NotInstalled",
    "Prepared",
    "Problem",
    "ProblemError",
    "SavedRun",
    "SelectorError",
    "Settings",
    "Transforming",
    "Unsupported",
    "backends",
    "benchmark",
    "compare",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "load",
    "partial",
    "problem",
    "problems",
    "pullback",
    "pushforward",
    "reference",
    "second_derivative",
    "value_and_gradient",
    "verify",
]

_LAZY = {
    **dict.fromkeys(
        (
            "benchmark",
            "compare",
            "gradient",
            "hessian",
            "hvp",
            "jacobian",
            "partial",
            "pullback",
            "pushforward",
            "reference",
            "second_derivative",
            "value_and_gradient",
            "verify",
        ),
        "calcbench.api",
    ),
    **dict.fromkeys(("QUICK", "Settings"), "calcbench.bench.rounds"),
    **dict.fromkeys(("SavedRun", "load"), "calcbench.bench.saved"),
    **dict.fromkeys(
        ("Backend", "Derived", "Function", "Prepared", "Problem", "Transforming", "problem"),
        "calcbench.interfaces",
    ),
}


def __getattr__(name: str) -> Any:
    # NumPy takes most of the start-up time, and `calcbench list` does not need it.
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'calcbench' has no attribute {name!r}")
