"""Step: one equation of a jaxpr, as its rule is given it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from calcbench.native.function import Use
from calcbench.native.jax.framework import Framework
from calcbench.native.needs import VALUE, Needs

Rule = Callable[..., Any]
"""(step, *operands) → the result, or a list of all results."""


class Runs(Protocol):
    """What runs the jaxprs that an equation applies."""

    framework: Framework
    use: Use

    def run(
        self, jaxpr: Any, consts: Sequence[Any], operands: Sequence[Any], needs: Needs
    ) -> list[Any]:
        """Run a jaxpr; what is not needed of its results is None."""


class Step(NamedTuple):
    """One equation, as its rule is given it."""

    xp: Any
    equation: Any
    needs: Needs
    """What is needed of its results."""
    interpreter: Runs

    @property
    def params(self) -> Any:
        """The parameters of the primitive."""
        return self.equation.params

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first result."""
        return tuple(self.equation.outvars[0].aval.shape)

    @property
    def held(self) -> bool:
        """Whether no slope is needed."""
        return max(self.needs) == VALUE

    def run(self, jaxpr: Any, consts: Any, operands: Any, needs: Needs) -> list[Any]:
        """Run a jaxpr that the equation applies."""
        return self.interpreter.run(jaxpr, consts, operands, needs)

    def natively(self, *operands: Any) -> list[Any]:
        """Have JAX apply the equation to native arrays."""
        return self.interpreter.framework.apply(self.equation, operands)
