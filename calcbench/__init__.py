"""calcbench: one cost function, many ways to its gradient.

    import calcbench as cb

    cb.problems(); cb.backends()                 # what there is, and why something is not
    cb.show("saddle")                            # formula, derivation, programs
    cb.gradient("batch_regression", backend="torch", at={"m": 0.9, "b": 0.1})
    cb.prepare("batch_regression", "jax")        # the same, prepared once and called with m=…, b=…
    cb.hessian("batch_regression", "jax")        # and other operators: hvp, pushforward, …
    cb.reference("batch_regression")             # the certified gradient, with its error bound
    cb.compare("batch_regression")               # by six backends: digits, verdict, time
    cb.check(f, grad, x)                         # a function and gradient of yours, as they are
    cb.check_same(f, g, x)                       # one model in two frameworks
    cb.benchmark("batch_regression")             # the same, timed so that the numbers repeat
    cb.descend("batch_regression", rate=0.04)    # gradient descent, the path drawn
    cb.plot("saddle")                            # surface, level curves, slices with tangents

Importing calcbench loads no framework; each one is imported when it is first used.
"""

from __future__ import annotations

from calcbench.workers import interrupt as _interrupt

_interrupt.begin()  # before the imports, which take a while

import importlib  # noqa: E402
from importlib.metadata import version as _version  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

# These packages first: importing them later would put them in the place of the functions of the
# same names.
for _name in ("backends", "problems", "problem", "show"):
    importlib.import_module(f"calcbench.{_name}")

from calcbench.catalogue.door import backends, problems  # noqa: E402
from calcbench.errors import (  # noqa: E402
    CalcbenchError,
    NotInstalled,
    ProblemError,
    SelectorError,
    Unsupported,
)
from calcbench.problem.native import CostRunner as _CostRunner  # noqa: E402
from calcbench.problem.native import run_by as _run_by  # noqa: E402

if TYPE_CHECKING:
    from calcbench.api import as_problem as as_problem
    from calcbench.api import assert_gradient as assert_gradient
    from calcbench.api import assert_same as assert_same
    from calcbench.api import benchmark as benchmark
    from calcbench.api import check as check
    from calcbench.api import check_same as check_same
    from calcbench.api import compare as compare
    from calcbench.api import cost as cost
    from calcbench.api import descend as descend
    from calcbench.api import gradient as gradient
    from calcbench.api import gradient_and_hvp as gradient_and_hvp
    from calcbench.api import hessian as hessian
    from calcbench.api import hvp as hvp
    from calcbench.api import jacobian as jacobian
    from calcbench.api import partial as partial
    from calcbench.api import plot as plot
    from calcbench.api import prepare as prepare
    from calcbench.api import pullback as pullback
    from calcbench.api import pushforward as pushforward
    from calcbench.api import reference as reference
    from calcbench.api import second_derivative as second_derivative
    from calcbench.api import show as show
    from calcbench.api import steps as steps
    from calcbench.api import value_and_gradient as value_and_gradient
    from calcbench.api import verify as verify
    from calcbench.backend.backend import Backend as Backend
    from calcbench.backend.prepared import Prepared as Prepared
    from calcbench.backend.transforming import Transforming as Transforming
    from calcbench.bench.rounds import QUICK as QUICK
    from calcbench.bench.rounds import Settings as Settings
    from calcbench.operators.function import Derived as Derived
    from calcbench.operators.function import Function as Function
    from calcbench.problem.function import problem as problem
    from calcbench.problem.inputs import own_point as own_point
    from calcbench.problem.point import Point as Point
    from calcbench.problem.problem import Problem as Problem
    from calcbench.problem.structure import DENSE as DENSE
    from calcbench.problem.structure import DIAGONAL as DIAGONAL
    from calcbench.problem.structure import TRIDIAGONAL as TRIDIAGONAL
    from calcbench.problem.structure import Banded as Banded
    from calcbench.problem.structure import BlockDiagonal as BlockDiagonal
    from calcbench.problem.structure import Coordinates as Coordinates
    from calcbench.problem.structure import Dense as Dense
    from calcbench.problem.structure import Structure as Structure
    from calcbench.record.run import SavedRun as SavedRun
    from calcbench.report.run import load as load
    from calcbench.show.pictures.bars import Bars as Bars
    from calcbench.show.pictures.drawing import draw as draw
    from calcbench.show.pictures.panel import Panel as Panel
    from calcbench.vocabulary.array import Array as Array
    from calcbench.vocabulary.namespace import Namespace as Namespace
    from calcbench.vocabulary.protocol import Vocabulary as Vocabulary

__version__ = _version("calcbench")

# NumPy takes most of the start-up time, and `calcbench list` does not need it: what does is
# imported when it is first asked for.
_HOME = {
    name: module
    for module, names in {
        "calcbench.api": (
            "as_problem assert_gradient assert_same benchmark check check_same compare cost "
            "descend gradient gradient_and_hvp hessian hvp jacobian partial plot prepare pullback "
            "pushforward reference second_derivative show steps value_and_gradient verify"
        ),
        "calcbench.backend.backend": "Backend",
        "calcbench.backend.prepared": "Prepared",
        "calcbench.backend.transforming": "Transforming",
        "calcbench.bench.rounds": "QUICK Settings",
        "calcbench.operators.function": "Derived Function",
        "calcbench.problem.function": "problem",
        "calcbench.problem.inputs": "own_point",
        "calcbench.problem.point": "Point",
        "calcbench.problem.problem": "Problem",
        "calcbench.problem.structure": (
            "DENSE DIAGONAL TRIDIAGONAL Banded BlockDiagonal Coordinates Dense Structure"
        ),
        "calcbench.record.run": "SavedRun",
        "calcbench.report.run": "load",
        "calcbench.show.pictures.bars": "Bars",
        "calcbench.show.pictures.drawing": "draw",
        "calcbench.show.pictures.panel": "Panel",
        "calcbench.vocabulary.array": "Array",
        "calcbench.vocabulary.namespace": "Namespace",
        "calcbench.vocabulary.protocol": "Vocabulary",
    }.items()
    for name in names.split()
}

__all__ = [
    "CalcbenchError",
    "NotInstalled",
    "ProblemError",
    "SelectorError",
    "Unsupported",
    "backends",
    "problems",
    *_HOME,
]


def _native_costs() -> _CostRunner:
    from calcbench.native import costs  # loads the certificate, and NumPy

    return costs


_run_by(_native_costs)

del problem, show  # the packages; `calcbench.problem` and `calcbench.show` are functions


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'calcbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
