"""Checks of functions that give arrays: their Jacobians and pullbacks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.api.trial import Proof, Trial
from calcbench.errors import ProblemError, short_repr
from calcbench.native.certifying import certify, certify_sum, point_of
from calcbench.native.outputs import Outputs
from calcbench.operators.cost import Cost
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.matrix import side_by_side
from calcbench.operators.operator import VALUE, Layout, Operator, matrix_layout
from calcbench.operators.pullback import Pullback
from calcbench.problem.flat import Shape, flatten
from calcbench.problem.point import Point, component_name
from calcbench.problem.problem import Arrays


@dataclass(frozen=True)
class NativeJacobian(Jacobian):
    """The Jacobian of a function that gives an array, whose numbers are named by their places."""

    shape: Shape = ()

    def layout(self, point: Point) -> Layout:
        """Lay out as a matrix, labelled `∂f[1, 2]/∂w[3]`."""

        def label(row: int, column: int) -> str:
            place = tuple(int(k) for k in np.unravel_index(row, self.shape))
            return f"∂{component_name('f', place)}/∂{point.component(column)}"

        return matrix_layout(self.name, point, 1, label)


class ArrayTrial(Trial):
    """One check of what is derived of a function that gives an array."""

    with_slopes: Operator | None = None
    shape: Shape | None = None
    """The shape of what the function gives, which is that of its first value."""

    def value(self, arguments: Arrays) -> Any:
        """Call the function: an array of real numbers."""
        found = self._call(arguments)
        self._check(found)
        if self.shape is None:
            self.shape = found.shape
        elif found.shape != self.shape:
            raise ProblemError(f"{self.function.name} gives {found.shape}, and gave {self.shape}")
        return found.astype(np.float64)

    def _check(self, found: np.ndarray) -> None:
        """Raise `ProblemError` for what is not differentiated."""
        if not found.size or found.dtype.kind not in "fiu":
            raise ProblemError(f"{self.function.name} gives no real numbers")


class JacobianTrial(ArrayTrial):
    """One check of the Jacobian of a function that gives an array."""

    operator = "jacobian"
    what = "the Jacobian"

    def __init__(self, *what: Any) -> None:
        """Take what every check takes, and see what the function gives."""
        super().__init__(*what)
        shape = self.value(self.function.arguments).shape
        NativeJacobian().resolve(point_of(self.function, outputs=shape))

    @property
    def count(self) -> int:
        """How many partials are checked."""
        return math.prod(self.shape or ()) * self.own.size

    def _check(self, found: np.ndarray) -> None:
        if not found.ndim or not found.size or found.dtype.kind not in "fiu":
            kind = (
                f"one number ({short_repr(found.item())})" if not found.ndim else "no real numbers"
            )
            raise ProblemError(
                f"{self.function.name} gives {kind}, and a Jacobian is of an array of them: "
                "operator='gradient' checks the gradient of one"
            )

    def derivative(self, arguments: Arrays) -> Arrays:
        """Call the Jacobian: a row for each number of the value, end to end."""
        assert self.shape is not None
        parts = self.function.differentiate_outputs(arguments, self.grad, self.shape)
        return {"jacobian": side_by_side(parts.values(), math.prod(self.shape))}

    def prove(self, arguments: Arrays) -> Proof:
        """Certify the numbers of the value, and the Jacobian."""
        shape = self.shape or ()
        value, found = (
            certify(self.function, kind, arguments, None, self.seconds, shape)
            for kind in (Cost(), NativeJacobian(shape))
        )
        proved = value.certificate
        values, bounds = (part.reshape(shape) for part in (proved.value, proved.bound))
        return Proof(found, values, bounds, 0)

    def _label(self, component: str) -> str:
        return f"that of a sum of f(x) with weights by {component}"

    def _clear(self, proof: Proof) -> np.ndarray:
        of_each = super()._clear(proof).reshape(-1, self.own.size)
        return np.asarray(np.all(of_each, axis=0))

    def _witnesses(
        self, arguments: Arrays, gradient: Arrays, rough: np.ndarray | None
    ) -> dict[str, Any]:
        """Take differences of a sum of all outputs, with weights that are drawn."""
        weights = np.random.default_rng(4).normal(size=math.prod(self.shape or ()))
        claimed = weights @ gradient["jacobian"]
        return self._take_differences(
            arguments, claimed, None, lambda found: weights @ found.ravel()
        )


class PullbackTrial(ArrayTrial):
    """One check of a cotangent times the Jacobian, of a function that gives arrays or a number."""

    operator = "pullback"
    what = "the pullback"
    form = "a pullback is called as grad({x}, u)"
    provable = "u·f(x)"
    with_slopes = Pullback()

    def __init__(self, *what: Any) -> None:
        """Take what every check takes, see what the function gives, and draw the cotangent."""
        super().__init__(*what)
        function = self.function
        self.outputs = Outputs(function.name, self.returned(function.arguments), self.operator)
        if not self.outputs.single:
            self.function = self.outputs.join_those_of(function)
        self.cotangent = self.outputs.draw(np.random.default_rng(1))

    def derivative(self, arguments: Arrays) -> Arrays:
        """Call the pullback with the cotangent."""
        pullback, given = self.grad, self.outputs.give(self.cotangent)
        if pullback is None:
            own = given if self.outputs.single else self.outputs.join(given)
            return self.function.pull(arguments, own)
        return self.function.differentiate(arguments, lambda *x: pullback(*x, given))

    def prove(self, arguments: Arrays) -> Proof:
        """Certify the cotangent times the value, and times the Jacobian."""
        shape = self.shape or ()
        seed = {VALUE: self.cotangent if shape else self.cotangent.reshape(())}
        found = certify(self.function, Pullback(), arguments, seed, self.seconds, shape)
        value = certify_sum(self.function, arguments, self.cotangent, self.seconds).certificate
        return Proof(found, value.value[0], value.bound[0], 0)

    def _label(self, component: str) -> str:
        return f"(Jᵀu)[{component}]"

    def _number_of(self, where: Any) -> str:
        return self.outputs.label("f(x)", int(np.argmax(where)))

    def _provable(self, value: Any) -> Any:
        return self.cotangent @ np.ravel(value)

    def _witnesses(
        self, arguments: Arrays, gradient: Arrays, rough: np.ndarray | None
    ) -> dict[str, Any]:
        """Take differences of the sum of all outputs, each times its cotangent."""
        claimed = flatten(gradient.values(), np.float64)
        return self._take_differences(arguments, claimed, rough, self._provable)
