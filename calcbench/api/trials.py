"""One check of a gradient under way: at a point, and at others around it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from calcbench.api.checked import (
    NOT_CERTIFIED,
    Check,
    at_place,
    describe_held,
    describe_no_number,
    describe_worst,
)
from calcbench.api.kinks import AtKinks
from calcbench.certified.evaluation import NotCertified, NotFiniteHere
from calcbench.certified.kinks import find_kinks
from calcbench.errors import ProblemError, short_repr
from calcbench.judge.result import judge_result
from calcbench.judge.witnesses import ask_along, ask_complex_step, ask_differences
from calcbench.native.certifying import Certified, certify, point_of
from calcbench.native.function import Function, NoGradient, NotKnown, WrongGradient
from calcbench.native.held import find_held
from calcbench.native.reasons import describe_raised
from calcbench.operators.cost import Cost
from calcbench.operators.hvp import Hvp
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.matrix import side_by_side
from calcbench.operators.operator import Layout, Operator, matrix_layout
from calcbench.operators.pushforward import Pushforward
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import Shape, flatten, unflatten
from calcbench.problem.point import Point, component_name
from calcbench.problem.problem import Arrays
from calcbench.problem.sampling import draw_nearby
from calcbench.record.record import Record, Status


class Proof(NamedTuple):
    """What is proved at one point."""

    found: Certified
    value: Any
    """The function's value, a number or an array, ..."""
    allowed: Any
    """... and how far from it rounding may carry a call."""
    start: int
    """How many numbers of the certificate stand before those that are checked."""


def _shown(found: np.ndarray) -> str:
    """Say what a function gives that is not one real number."""
    if found.size != 1:
        return f"an array of shape {found.shape}, of which operator='jacobian' checks the Jacobian"
    return f"{found.dtype}" if found.dtype.kind == "c" else short_repr(found.item())


def _first(one: Any, other: Any, where: Any) -> tuple[float, float]:
    """Return the first two numbers of a pair of arrays where something holds."""
    k = int(np.argmax(where))
    return float(np.ravel(one)[k]), float(np.ravel(other)[k])


def _not_so_by_itself(value: Any, error: NotFiniteHere) -> str:
    """Say what is no number on numbers with proof alone: the function has a finite value here."""
    given = f"{value:.17g}" if np.ndim(value) == 0 else "finite"
    return f"f(x) is {given}, but {str(error).replace('the cost', 'f on numbers with proof')}"


class Trial:
    """One check of a gradient under way."""

    operator = "gradient"

    def __init__(
        self, function: Function, grad: Callable[..., Any] | None, seconds: float, started: float
    ) -> None:
        """Take what is checked, the seconds that a sweep may take, and when the check began."""
        self.function, self.grad = function, grad
        self.seconds, self.started = seconds, started
        self.own = point_of(function)

    @property
    def count(self) -> int:
        """How many numbers are checked."""
        return self.own.size

    @property
    def _share(self) -> float:
        """What differences may take: complex steps, which are of the same components, as much."""
        return self.seconds / 2

    def at_points(self, points: int) -> Check:
        """Check at x, and at other points around it until one is wrong.

        Points that nobody asked for count where the function has a value.
        """
        value = self.value(self.function.arguments)
        if not np.all(np.isfinite(value)):
            return self._end(Status.ERROR, f"no verdict: f(x) is {short_repr(value)}")
        found = self._at("own", self.function.arguments, value)
        rng = np.random.default_rng(0)
        known = [found]
        for number in range(1, points if found.ok or found.witnessed else 1):
            there = self._around(f"random-{number}", rng)
            if there is not None:
                known.append(there)
            if there is not None and there.refuted:
                found = there
                break
        return replace(
            found,
            seconds=time.thread_time() - self.started,
            asked=points,
            points=len(known),
            proved=sum(each.ok for each in known),
            agreeing=sum(each.witnessed for each in known),
        )

    def _around(self, place: str, rng: np.random.Generator) -> Check | None:
        """Check at a point that is drawn; None where the function has no value there."""
        drawn = self.function.representable(draw_nearby(self.own, rng))
        with contextlib.suppress(ProblemError):
            value = self.value(drawn)
            if np.all(np.isfinite(value)):
                return self._at(place, drawn, value)
        return None

    def _at(self, place: str, arguments: Arrays, value: Any) -> Check:
        """Check at one point."""
        try:
            gradient = self.derivative(arguments)
        except (NoGradient, NotKnown):
            raise
        except WrongGradient as error:
            return self._end(Status.ERROR, f"{error}{at_place(place)}")
        except RAISED as error:
            return self._end(
                Status.ERROR, f"the gradient raises {describe_raised(error)}{at_place(place)}"
            )
        again = self.value(arguments)
        if np.any(again != value):
            first, then = _first(value, again, np.not_equal(value, again))
            reason = f"f gives another value at the same x: {first:.17g}, then {then:.17g}"
            return self._end(NOT_CERTIFIED, reason + at_place(place))
        return self._judge(place, arguments, value, gradient)

    def derivative(self, arguments: Arrays) -> Arrays:
        """Call what is checked."""
        return self.function.differentiate(arguments, self.grad)

    def prove(self, arguments: Arrays) -> Proof:
        """Certify the value and what is checked."""
        found = certify(self.function, arguments=arguments, seconds=self.seconds)
        certificate = found.certificate
        return Proof(found, certificate.value[0], certificate.bound[0], 1)

    def value(self, arguments: Arrays) -> Any:
        """Call the function: one real number."""
        found = self._call(arguments)
        if found.size != 1 or found.dtype.kind not in "fiu":
            raise ProblemError(
                f"{self.function.name} must give one real number, but it gives {_shown(found)}"
            )
        return float(found.reshape(()))

    def _call(self, arguments: Arrays) -> np.ndarray:
        try:
            return self.function.call(arguments)
        except RAISED as error:
            raise ProblemError(f"{self.function.name} raises {describe_raised(error)}") from error

    def _judge(self, place: str, arguments: Arrays, value: Any, gradient: Arrays) -> Check:
        """Hold a gradient against the certificate, or else against difference quotients."""
        try:
            proof = self.prove(arguments)
        except NotFiniteHere as error:
            return self._ask(place, arguments, _not_so_by_itself(value, error), gradient)
        except NotCertified as error:
            return self._ask(place, arguments, str(error), gradient)
        off = ~(np.abs(value - proof.value) <= proof.allowed)
        if np.any(off):
            given, proved = _first(value, proof.value, off)
            reason = (
                f"f(x) is {given:.17g}, and its operations on numbers with proof give {proved:.17g}"
            )
            return self._ask(place, arguments, reason, gradient)
        held = find_held(self.function, arguments, value, self._without_slope(proof))
        if len(held) == len(arguments):
            return self._ask(place, arguments, describe_held(), gradient)
        found = self._report(place, proof, arguments, gradient)
        return replace(found, held=held)

    def _without_slope(self, proof: Proof) -> list[str]:
        """List the arguments by which all derivatives are 0, and none is a limit or not there."""
        certificate, start = proof.found.certificate, proof.start
        clear = certificate.judged & ~certificate.beside & (certificate.value == 0)
        parts = unflatten(clear[start:], self.own.shapes)
        return [name for name, part in parts.items() if part.size and np.all(part)]

    def _report(self, place: str, proof: Proof, arguments: Arrays, gradient: Arrays) -> Check:
        """Judge by a certificate that the value confirms."""
        certificate, start = proof.found.certificate, proof.start
        shapes = {name: array.shape for name, array in gradient.items()}
        function = self.function
        record = Record(function.name, function.how, self.operator, proof.found.dtype, Status.OK)
        numbers = np.concatenate(
            [certificate.value[:start], flatten(gradient.values(), np.float64)]
        )
        counted = np.arange(len(numbers)) >= start
        judged = judge_result(record, place, certificate, numbers, counted)
        rough = certificate.rough[start:]
        chosen = self._hold_against_kinks(place, proof, numbers)
        status, reason = judged.record.status, judged.record.reason
        if judged.record.disagreement is not None:
            reason = describe_worst(judged, judged.record.disagreement, self.count)
        elif not np.all(np.isfinite(numbers[start:][rough])):
            reason = describe_no_number(place, certificate, numbers)
            return self._end(Status.ERROR, reason, value=gradient)
        elif chosen.missed:
            status, reason = Status.DISAGREE, chosen.describe(self.count)
        elif certificate.open[start:].any():
            return self._ask(place, arguments, certificate.open_reason, gradient, rough)
        elif not judged.counted.any():
            return self._ask(place, arguments, chosen.describe_none(), gradient)
        return self._end(
            status,
            reason,
            digits=chosen.digits(judged),
            needed=judged.needed,
            outside=int(judged.outside.sum()) + len(chosen.missed),
            no_derivative=int(rough.sum()),
            chosen=len(chosen.kinks) - len(chosen.missed),
            value=gradient,
            reference=unflatten(certificate.value[start:], shapes),
            bound=unflatten(judged.compared.allowed[start:], shapes),
        )

    def _hold_against_kinks(self, place: str, proof: Proof, numbers: np.ndarray) -> AtKinks:
        """Hold numbers where there is no derivative against the slopes on both sides."""
        certificate, start = proof.found.certificate, proof.start
        rough = np.flatnonzero(certificate.rough[start:])
        kinks = {}
        if rough.size and self.operator == "gradient":
            point, dtype = certificate.point, proof.found.dtype
            kinks = find_kinks(point, rough.tolist(), dtype, self.seconds)
        return AtKinks(place, self.own, kinks, numbers[start:], int(rough.size))

    def _ask(
        self,
        place: str,
        arguments: Arrays,
        reason: str,
        gradient: Arrays,
        rough: np.ndarray | None = None,
    ) -> Check:
        """Ask differences, where nothing is certified; none of roundings that nobody knows."""
        told = {} if self.function.unbounded else self._witnesses(arguments, gradient, rough)
        return self._end(NOT_CERTIFIED, reason + at_place(place), value=gradient, **told)

    def _witnesses(
        self, arguments: Arrays, gradient: Arrays, rough: np.ndarray | None
    ) -> dict[str, Any]:
        """Take differences of the function. Of what is no derivative there is none."""
        claimed = flatten(gradient.values(), np.float64)
        function, dtype = self.function, self.function.dtype
        witness = ask_differences(function.call, arguments, claimed, dtype, rough, self._share)
        step = None
        if dtype == "float64":  # what is computed in complex128
            step = ask_complex_step(function.call_complex, arguments, claimed, witness)
        return {"witness": witness, "step": step}

    def _end(self, status: str, reason: str = "", **known: Any) -> Check:
        return Check(
            self.function.name,
            str(status),
            reason,
            self.function.how,
            self.function.dtype,
            self.count,
            seconds=time.thread_time() - self.started,
            **known,
        )


class ProductTrial(Trial):
    """One check of the Hessian times a direction."""

    operator = "hvp"
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
            dtype = self.function.dtype
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

    def _without_slope(self, proof: Proof) -> list[str]:
        certificate = proof.found.certificate
        clear = certificate.judged & ~certificate.beside & (certificate.value == 0)
        return list(self.function.arguments) if np.all(clear) else []

    def _differenced(self, told: np.ndarray) -> tuple[Callable[[Arrays], Any], float]:
        return self.function.call, float(told[0])


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


class JacobianTrial(Trial):
    """One check of the Jacobian of a function that gives an array."""

    operator = "jacobian"

    def __init__(self, *what: Any) -> None:
        """Take what every check takes, and see what the function gives."""
        super().__init__(*what)
        self.shape: Shape = ()
        self.shape = self.value(self.function.arguments).shape
        NativeJacobian().resolve(point_of(self.function, outputs=self.shape))

    @property
    def count(self) -> int:
        """How many partials are checked."""
        return math.prod(self.shape) * self.own.size

    def value(self, arguments: Arrays) -> Any:
        """Call the function: an array of real numbers."""
        found = self._call(arguments)
        if not found.ndim or not found.size or found.dtype.kind not in "fiu":
            kind = (
                f"one number ({short_repr(found.item())})" if not found.ndim else "no real numbers"
            )
            raise ProblemError(
                f"{self.function.name} gives {kind}, and a Jacobian is of an array of them: "
                "operator='gradient' checks the gradient of one"
            )
        if self.shape and found.shape != self.shape:
            raise ProblemError(f"{self.function.name} gives {found.shape}, and gave {self.shape}")
        return found.astype(np.float64)

    def derivative(self, arguments: Arrays) -> Arrays:
        """Call the Jacobian: a row for each number of the value, end to end."""
        parts = self.function.differentiate_outputs(arguments, self.grad, self.shape)
        return {"jacobian": side_by_side(parts.values(), math.prod(self.shape))}

    def prove(self, arguments: Arrays) -> Proof:
        """Certify the numbers of the value, and the Jacobian."""
        value, found = (
            certify(self.function, kind, arguments, None, self.seconds, self.shape)
            for kind in (Cost(), NativeJacobian(self.shape))
        )
        proved = value.certificate
        values, bounds = (a.reshape(self.shape) for a in (proved.value, proved.bound))
        return Proof(found, values, bounds, 0)

    def _without_slope(self, proof: Proof) -> list[str]:
        return []  # each output may have its own

    def _witnesses(
        self, arguments: Arrays, gradient: Arrays, rough: np.ndarray | None
    ) -> dict[str, Any]:
        """Take differences of a sum of all outputs, with weights that are drawn."""
        weights = np.random.default_rng(4).normal(size=math.prod(self.shape))
        function, dtype = self.function, self.function.dtype
        claimed = weights @ gradient["jacobian"]

        def weighted(call: Callable[[Arrays], np.ndarray]) -> Callable[[Arrays], Any]:
            return lambda arguments: weights @ np.ravel(call(arguments))

        call = weighted(function.call)
        witness = ask_differences(call, arguments, claimed, dtype, seconds=self._share)
        step = None
        if dtype == "float64":
            call = weighted(function.call_complex)
            step = ask_complex_step(call, arguments, claimed, witness)
        return {"witness": witness, "step": step}


TRIALS = {each.operator: each for each in (Trial, DirectionTrial, ProductTrial, JacobianTrial)}
"""Operator → how it is checked."""
