"""Step: one operation of a graph, as its rule is given it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from calcbench.native.needs import SLOPE, VALUE, Needs

Rule = Callable[..., Any]
"""(step, *operands) → the result, or a list of all results."""


class Runs(Protocol):
    """What runs the graphs that an operation applies."""

    framework: Any

    def run(
        self, graph: Any, operands: Sequence[Any], needs: Needs, after: Needs = ()
    ) -> list[Any]:
        """Run a graph; what is not needed of its results is None."""


class Step(NamedTuple):
    """One operation, as its rule is given it."""

    xp: Any
    operation: Any
    needs: Needs
    """What is needed of its results."""
    after: Needs
    """What is needed of its operands after it: of variables, which it may write."""
    interpreter: Runs

    @property
    def name(self) -> str:
        """The operation's name, which is its kind."""
        return str(self.operation.type)

    def attribute(self, name: str) -> Any:
        """Return an attribute; text is text."""
        found = self.operation.get_attr(name)
        return found.decode() if isinstance(found, bytes) else found

    @property
    def dtype(self) -> Any:
        """The dtype of the first result, as NumPy has it."""
        return self.operation.outputs[0].dtype.as_numpy_dtype

    @property
    def held(self) -> bool:
        """Whether no slope is needed."""
        return max(self.needs, default=SLOPE) == VALUE

    def callee(self, attribute: str) -> Any:
        """Return the graph of a function that the operation applies."""
        return self.interpreter.framework.graph_of(self.operation, attribute)

    def run(self, graph: Any, operands: Sequence[Any], needs: Needs, after: Needs) -> list[Any]:
        """Run a graph that the operation applies."""
        return self.interpreter.run(graph, operands, needs, after)

    def natively(self, *operands: Any) -> list[Any]:
        """Have TensorFlow apply the operation to native arrays."""
        found: list[Any] = self.interpreter.framework.apply(self.operation, operands)
        return found

    def of_indices(self, places: Sequence[int], *operands: Any) -> list[Any]:
        """Have TensorFlow apply it with indices, int64, as these operands."""
        found: list[Any] = self.interpreter.framework.apply(self.operation, operands, places)
        return found
