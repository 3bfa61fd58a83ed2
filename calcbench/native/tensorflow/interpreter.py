"""An interpreter of graphs, on numbers with proof.

Floats are numbers with proof, or NumPy's arrays: constants, which are exact. Integers and truth
values are native arrays always. What is computed of these alone, TensorFlow computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.certified.balls import NotFinite
from calcbench.native.elementwise import cast
from calcbench.native.function import NotKnown
from calcbench.native.needs import SLOPE, UNUSED, Needs
from calcbench.native.tensorflow.demand import CONSTANT, Planned, Planner
from calcbench.native.tensorflow.framework import Framework, is_real, place_of
from calcbench.native.tensorflow.rules import EXACT, OF_ALL, RULES
from calcbench.native.tensorflow.step import Step
from calcbench.native.values import boxed, hold, is_active, is_certified, midpoints


class Interpreter:
    """Runs graphs on numbers with proof in one vocabulary."""

    def __init__(
        self,
        xp: Any,
        planner: Planner,
        framework: Framework,
        use: Callable[[str], None],
        coarsest: int,
    ) -> None:
        """Take the vocabulary, what plans graphs and what runs TensorFlow's own operations.

        `use` is told the dtype of each active operation; `coarsest` is how many bytes the coarsest
        float among the arguments has.
        """
        self.xp = xp
        self.planner = planner
        self.framework = framework
        self.use = use
        self.coarsest = coarsest

    def run(
        self, graph: Any, operands: Sequence[Any], needs: Needs, after: Needs = ()
    ) -> list[Any]:
        """Run a graph; what is not needed of its results is None."""
        plan = self.planner.plan(graph, needs, after)
        known: list[Any] = [None] * plan.size
        known[: len(operands)] = operands
        for planned in plan.steps:
            try:
                results = self._apply(planned, [known[k] for k in planned.operands])
            except (NotKnown, NotFinite) as error:
                error.place = error.place or place_of(planned.operation)
                raise
            for k, value in zip(planned.results, results, strict=True):
                known[k] = value
        return [known[k] if need else None for k, need in zip(plan.outputs, needs, strict=True)]

    def _apply(self, planned: Planned, operands: list[Any]) -> list[Any]:
        operation, needs = planned.operation, planned.needs
        name = planned.kind
        if name == "Const":
            return [self.framework.constant(operation)]
        step = Step(self.xp, operation, needs, planned.after, self)
        if name in OF_ALL:
            return _listed(RULES[name](step, *operands))
        rule = RULES.get(name)
        if rule is None or _odd_dtypes(operation) or self._is_native(operation, operands):
            return self._natively(operation, operands)
        if max(needs) < SLOPE:
            operands = self._held(operands)
        results = _listed(rule(step, *operands))
        _check(operation, operands, results, needs)
        self._report(operation, operands)
        return results

    def _is_native(self, operation: Any, operands: Sequence[Any]) -> bool:
        """Tell whether TensorFlow itself computes an operation: no number with proof is in it.

        Floats of constants are computed exactly, as those of arguments are, so that their rounding
        is allowed for; but what is rounded to a coarser dtype than that of an argument is a
        constant of its own.
        """
        if any(map(is_certified, operands)):
            return False
        floats = [t.dtype.size for t in (*operation.inputs, *operation.outputs) if is_real(t)]
        computes = operation.type not in EXACT and any(map(is_real, operation.inputs))
        results = any(map(is_real, operation.outputs))
        return not (computes and results and min(floats) >= self.coarsest)

    def _held(self, operands: Sequence[Any]) -> list[Any]:
        """Hold numbers constant, each once: one that comes twice is still one."""
        found = {id(x): hold(self.xp, x) for x in operands if is_certified(x)}
        return [found.get(id(x), x) for x in operands]

    def _natively(self, operation: Any, operands: Sequence[Any]) -> list[Any]:
        """Leave to TensorFlow what has no rule.

        Raises `NotKnown` if an argument takes part in it, or if it draws numbers.
        """
        name = operation.type
        if any(map(is_active, operands)):
            odd = _odd_dtypes(operation)
            what = f"dtype {odd[0]}" if odd else f"operation {name}"
            raise NotKnown(what, place_of(operation))
        if operation.op_def.is_stateful and not _is_seeded(operation):
            raise NotKnown(f"operation {name}, which keeps a state")
        pairs = zip(operands, operation.inputs, strict=True)
        native = [
            midpoints(x).astype(t.dtype.as_numpy_dtype) if is_certified(x) else x for x, t in pairs
        ]
        found = self.framework.apply(operation, native)
        if not any(map(is_certified, operands)):
            return found
        return [
            cast(self.xp, x) if is_real(t) else x
            for x, t in zip(found, operation.outputs, strict=True)
        ]

    def _report(self, operation: Any, operands: Sequence[Any]) -> None:
        """Tell the dtypes of an operation in which an argument takes part."""
        found = {t.dtype.name for t in operation.outputs if is_real(t)}
        if found and any(map(is_active, operands)):
            for dtype in found:
                self.use(dtype)


def _listed(found: Any) -> list[Any]:
    return [boxed(x) for x in (found if isinstance(found, list) else [found])]


def _is_seeded(operation: Any) -> bool:
    """Tell whether an operation draws numbers from a seed: after it was begun anew, the same."""
    known = operation.node_def.attr
    return any(known[name].i for name in ("seed", "seed2") if name in known)


def _odd_dtypes(operation: Any) -> list[str]:
    """List the dtypes of operands and results that are complex."""
    dtypes = [t.dtype for t in (*operation.inputs, *operation.outputs)]
    return [dtype.name for dtype in dtypes if dtype.is_complex]


def _check(operation: Any, operands: Sequence[Any], results: Sequence[Any], needs: Needs) -> None:
    """Make sure that a rule gives what TensorFlow would: results of that shape, and all of them.

    Floats have a proof where an argument takes part.
    """
    moves = operation.type not in CONSTANT and any(map(is_active, operands))
    for tensor, found, need in zip(operation.outputs, results, needs, strict=True):
        if need == UNUSED:
            continue
        if not tensor.shape.is_compatible_with(np.shape(found)):
            raise AssertionError(f"{operation.type}: {np.shape(found)}")
        if moves and is_real(tensor) and not is_certified(found):
            raise AssertionError(f"{operation.type}: floats without proof")
