"""Checks of derivatives along a direction: the Hessian times one, and pushforwards."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.api.array_trials import ArrayTrial
from calcbench.api.trial import Proof, Trial
from calcbench.certified.certificate import Certificate
from calcbench.certified.kinks import Kink, find_kinks_along
from calcbench.judge.witnesses import ask_along
from calcbench.native.certifying import certify, certify_sum
from calcbench.native.function import Function, NoGradient, WrongGradient
from calcbench.native.outputs import Outputs, is_one_number
from calcbench.operators.cost import Cost
from calcbench.operators.hvp import Hvp
from calcbench.operators.operator import VALUE, Layout, Operator
from calcbench.operators.pushforward import Pushforward
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class ProductTrial(Trial):
    """One check of the Hessian times a direction."""

    operator = "hvp"
    what = "the hvp"
    form = "an hvp is called as grad({x}, v)"
    with_slopes: Operator | None = None
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
        call, claimed = self._differenced(told, rough)
        direction = flatten(self.direction.values(), np.float64)
        with contextlib.suppress(NoGradient):
            call(arguments)
            dtype = self.function.nearby
            return {"witness": ask_along(call, arguments, direction, claimed, dtype)}
        return {}

    def _differenced(
        self, told: np.ndarray, rough: np.ndarray | None
    ) -> tuple[Callable[[Arrays], Any], float]:
        """Return what to difference, and what its derivative is by the product: ∇f along a line."""
        line = np.random.default_rng(3).normal(size=told.shape)

        def slope(arguments: Arrays) -> Any:
            found = self.function.differentiate(arguments, None)
            return line @ flatten(found.values(), np.float64)

        return slope, float(line @ told)


class DirectionTrial(ProductTrial):
    """One check of the derivative along a direction, of a function that gives one number."""

    operator = "pushforward"
    what = "the pushforward"
    form = "a pushforward is called as grad({x}, v)"
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

    def _differenced(
        self, told: np.ndarray, rough: np.ndarray | None
    ) -> tuple[Callable[[Arrays], Any], float]:
        return self.function.call, float(told[0])


@dataclass(frozen=True)
class NativePushforward(Pushforward):
    """The pushforward of a function that gives arrays, whose numbers are named by their places."""

    outputs: Outputs

    def layout(self, point: Point) -> Layout:
        """Lay out as one vector, labelled `(J·v)[1, 2]`, or `(J·v).bias[3]` of a dict."""
        return Layout({VALUE: point.value_shape}, lambda k: self.outputs.label("(J·v)", k))


class ArraysDirectionTrial(DirectionTrial, ArrayTrial):
    """One check of the Jacobian times a direction, of a function that gives arrays."""

    provable = "f(x), summed with weights,"

    def __init__(self, function: Function, returned: Any, *what: Any) -> None:
        """Take what the function returned, and what every check takes."""
        super().__init__(function, *what)
        self.outputs = Outputs(function.name, returned, self.operator)
        self.count = self.outputs.count
        self.kind = NativePushforward(self.outputs)
        self.weights = self.outputs.draw(np.random.default_rng(4))
        if not self.outputs.single:
            self.function = self.outputs.join_those_of(function)

    def _own(self, arguments: Arrays) -> Arrays:
        return self.outputs.split(self.function.push(arguments, self.direction).ravel())

    def _read(self, arguments: Arrays, product: Callable[..., Any]) -> Arrays:
        read = self.outputs.read
        return self.outputs.split(self.function.call_along(arguments, lambda *x: read(product(*x))))

    def prove(self, arguments: Arrays) -> Proof:
        """Certify the sum of the value, each number times a weight, and the product."""
        function, seconds, shape = self.function, self.seconds, self.shape or ()
        value = certify_sum(function, arguments, self.weights, seconds).certificate
        found = certify(function, self.kind, arguments, self.direction, seconds, shape)
        return Proof(found, value.value[0], value.bound[0], 0)

    def _number_of(self, where: Any) -> str:
        return self.outputs.label("f(x)", int(np.argmax(where)))

    def _provable(self, value: Any) -> Any:
        return self.weights @ np.ravel(value)

    def _clear(self, proof: Proof) -> np.ndarray:
        return np.full(self.own.size, np.all(Trial._clear(self, proof)))

    def _find_kinks(
        self, certificate: Certificate, rough: list[int], dtype: str
    ) -> dict[int, Kink]:
        return find_kinks_along(certificate.point, rough, dtype, self.seconds, self.kind)

    def _differenced(
        self, told: np.ndarray, rough: np.ndarray | None
    ) -> tuple[Callable[[Arrays], Any], float]:
        """Difference the sum of all outputs that have a derivative, with weights."""
        weights = self.weights if rough is None else np.where(rough, 0.0, self.weights)
        return lambda arguments: weights @ self.function.call(arguments).ravel(), float(
            weights @ told
        )


def direction_trial(function: Function, *what: Any) -> DirectionTrial:
    """Make a check of the derivative along a direction: of one number, or of arrays."""
    one = DirectionTrial(function, *what)
    returned = one.returned(function.arguments)
    return one if is_one_number(returned) else ArraysDirectionTrial(function, returned, *what)
