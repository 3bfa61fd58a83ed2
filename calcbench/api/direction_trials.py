"""Checks of derivatives along a direction: the Hessian times one, and the pushforward."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.api.trial import Proof, Trial
from calcbench.judge.witnesses import ask_along
from calcbench.native.certifying import certify
from calcbench.native.function import NoGradient, WrongGradient
from calcbench.operators.cost import Cost
from calcbench.operators.hvp import Hvp
from calcbench.operators.operator import Operator
from calcbench.operators.pushforward import Pushforward
from calcbench.problem.flat import flatten
from calcbench.problem.problem import Arrays


class ProductTrial(Trial):
    """One check of the Hessian times a direction."""

    operator = "hvp"
    with_slopes = None
    kind: Operator = Hvp()

    def __init__(self, *what: Any) -> None:
        """Take what every check takes, and draw the direction."""
        super().__init__(*what)
        rng = np.random.default_rng(1)
        drawn = {n: np.asarray(rng.normal(size=shape)) for n, shape in self.own.shapes.items()}
        self.direction = self.function.representable(drawn)

    def derivative(self, arguments: Arrays) -> Arrays:
        """Call the product with the direction."""
        product = self.grad
        if product is None:
            return self._own(arguments)
        v = self.function.native(self.direction)
        return self._read(arguments, lambda *x: product(*x, v))

    def _own(self, arguments: Arrays) -> Arrays:
        """Take the framework's own product."""
        return self.function.multiply(arguments, self.direction)

    def _read(self, arguments: Arrays, product: Callable[..., Any]) -> Arrays:
        """Call a product, whose direction is given, and read what it returns."""
        return self.function.differentiate(arguments, product)

    def prove(self, arguments: Arrays) -> Proof:
        """Certify the value, and the product."""
        value = certify(self.function, Cost(), arguments, seconds=self.seconds).certificate
        found = certify(self.function, self.kind, arguments, self.direction, self.seconds)
        return Proof(found, value.value[0], value.bound[0], 0)

    def _witnesses(
        self, arguments: Arrays, gradient: Arrays, rough: np.ndarray | None
    ) -> dict[str, Any]:
        """Take differences along the direction: of the function, or its own gradient."""
        told = flatten(gradient.values(), np.float64)
        call, claimed = self._differenced(told)
        direction = flatten(self.direction.values(), np.float64)
        with contextlib.suppress(NoGradient):
            call(arguments)
            dtype = self.function.nearby
            return {"witness": ask_along(call, arguments, direction, claimed, dtype)}
        return {}

    def _differenced(self, told: np.ndarray) -> tuple[Callable[[Arrays], Any], float]:
        """Return what to difference, and what its derivative is by the product: ∇f along a line."""
        line = np.random.default_rng(3).normal(size=told.shape)

        def slope(arguments: Arrays) -> Any:
            found = self.function.differentiate(arguments, None)
            return line @ flatten(found.values(), np.float64)

        return slope, float(line @ told)


class DirectionTrial(ProductTrial):
    """One check of the derivative along a direction."""

    operator = "pushforward"
    kind: Operator = Pushforward()
    count = 1

    def _own(self, arguments: Arrays) -> Arrays:
        return self._number(self.function.push(arguments, self.direction))

    def _read(self, arguments: Arrays, product: Callable[..., Any]) -> Arrays:
        return self._number(self.function.call_along(arguments, product))

    def _number(self, found: np.ndarray) -> Arrays:
        if found.size != 1 or found.dtype.kind not in "fiu":
            raise WrongGradient("the derivative along a direction must be one real number")
        return {"value": found.astype(np.float64).reshape(())}

    def _clear(self, proof: Proof) -> np.ndarray:
        return np.repeat(super()._clear(proof), self.own.size)

    def _differenced(self, told: np.ndarray) -> tuple[Callable[[Arrays], Any], float]:
        return self.function.call, float(told[0])
