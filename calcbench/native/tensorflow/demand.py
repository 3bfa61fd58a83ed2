"""What is needed of the operations of a graph: nothing, values alone, or slopes too.

Operations are in the order in which they were made, which is that of the program: a variable is
read after what was written into it before.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from calcbench.native.needs import SLOPE, UNUSED, VALUE, Needs
from calcbench.native.tensorflow import smooth
from calcbench.native.tensorflow.framework import Framework

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
BRANCHES = {
    "If": ("then_branch", "else_branch"),
    "StatelessIf": ("then_branch", "else_branch"),
}
LOOPS = frozenset({"While", "StatelessWhile"})
SWITCHES = frozenset({"Case", "StatelessCase"})
"""Operations that apply functions."""

CONSTANT = frozenset(
    {"StopGradient", "Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike",
     "BroadcastGradientArgs"}
)  # fmt: skip
"""Operations whose results have no slope, whatever is needed of them."""


class Planned(NamedTuple):
    """An operation that is needed."""

    operation: Any
    kind: str
    """Its name, or that of what it ends (`smooth`)."""
    operands: list[int]
    """Where its operands are among the numbers of the graph."""
    results: list[int]
    needs: Needs
    """What is needed of its results, ..."""
    after: Needs
    """... and of its operands after it."""


class Plan(NamedTuple):
    """The operations of a graph that are needed, in order, and for what."""

    steps: list[Planned]
    size: int
    """How many numbers there are on the way; the first are the arguments."""
    outputs: list[int]
    inputs: Needs
    """What is needed of the arguments."""


class Planner:
    """Makes plans, each once."""

    def __init__(self, framework: Framework) -> None:
        """Take what knows the graphs of functions."""
        self._framework = framework
        self.plan = functools.cache(self._plan)

    def _plan(self, graph: Any, wanted: Needs, after: Needs = ()) -> Plan:
        """Plan for results of which this is wanted, and of variables afterwards."""
        places: dict[int, int] = {}

        def place(tensor: Any) -> int:
            return places.setdefault(id(tensor), len(places))

        inputs, outputs = [*map(place, graph.inputs)], [*map(place, graph.outputs)]
        needs = dict(zip(inputs, after, strict=False))
        for k, need in zip(outputs, wanted, strict=True):
            needs[k] = max(need, needs.get(k, UNUSED))
        steps = []
        made = {id(tensor.op) for tensor in graph.inputs}
        for operation in reversed(graph.get_operations()):
            kind, tensors = smooth.read(operation)
            operands = [*map(place, tensors)]
            results = [*map(place, operation.outputs)]
            of_results = tuple(needs.get(k, UNUSED) for k in results)
            afterwards = tuple(needs.get(k, UNUSED) for k in operands)
            if id(operation) in made or not (
                any(of_results) or _writes(operation, tensors, afterwards)
            ):
                continue
            wanted_of = self._operands(operation, tensors, of_results, afterwards)
            for k, need in zip(operands, wanted_of, strict=True):
                needs[k] = max(need, needs.get(k, UNUSED))
            steps.append(Planned(operation, kind, operands, results, of_results, afterwards))
        return Plan(steps[::-1], len(places), outputs, tuple(needs.get(k, UNUSED) for k in inputs))

    def _operands(
        self, operation: Any, tensors: Sequence[Any], results: Needs, after: Needs
    ) -> Sequence[int]:
        """Return what an operation needs of its operands."""
        name, count = operation.type, len(tensors)
        most = max((*results, *_of_variables(tensors, after)), default=UNUSED)
        if name in CONSTANT:
            return (VALUE,) * count
        if name in CALLS:
            graph = self._framework.graph_of(operation, "f")
            return self.plan(graph, results, after).inputs
        if name in BRANCHES:
            graphs = [self._framework.graph_of(operation, a) for a in BRANCHES[name]]
            found = [self.plan(g, results, after[1:]).inputs for g in graphs]
            return (most, *map(max, *found)) if count > 1 else (most,)
        return (most,) * count


def _of_variables(tensors: Sequence[Any], needs: Needs) -> list[int]:
    pairs = zip(tensors, needs, strict=True)
    return [need for tensor, need in pairs if tensor.dtype.name == "resource"]


def _writes(operation: Any, tensors: Sequence[Any], after: Needs) -> bool:
    """Tell whether an operation may write into a variable that is read later."""
    return operation.op_def.is_stateful and any(_of_variables(tensors, after))


def all_slopes(count: int) -> Needs:
    """Return the needs of so many numbers of which all is needed."""
    return (SLOPE,) * count
