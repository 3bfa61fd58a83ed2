"""One check of a gradient under way: at a point, and at others around it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from calcbench.api.checked import (
    NOT_CERTIFIED,
    Check,
    at_place,
    describe_held,
    describe_no_number,
    describe_no_way,
    describe_worst,
)
from calcbench.api.kinks import AtKinks
from calcbench.api.points import check_around
from calcbench.certified.certificate import Certificate
from calcbench.certified.evaluation import NotCertified, NotFiniteHere
from calcbench.certified.kinks import Kink, find_kinks
from calcbench.errors import ProblemError, short_repr
from calcbench.judge.result import judge_result
from calcbench.judge.witnesses import ask_complex_step, ask_differences
from calcbench.native.certifying import Certified, certify, point_of
from calcbench.native.function import Function, NoGradient, NotKnown, NoWay, WrongGradient
from calcbench.native.held import find_cut, moves
from calcbench.native.reasons import describe_raised
from calcbench.native.trees import items
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.problem import Arrays
from calcbench.record.record import Record, Status


class Proof(NamedTuple):
    """What is proved at one point."""

    found: Certified
    value: Any
    """The function's value, a number or an array, or what stands for it, ..."""
    allowed: Any
    """... and how far from it rounding may carry a call."""
    start: int
    """How many numbers of the certificate stand before those that are checked."""


def _shown(found: np.ndarray) -> str:
    """Say what a function gives that is not one real number."""
    if found.size != 1:
        return (
            f"an array of shape {found.shape}, of which operator='jacobian' checks the Jacobian, "
            "operator='pullback' a cotangent times that, and operator='pushforward' that times a "
            "direction"
        )
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
    provable = "f(x)"
    """What of the function's value is held against its proof."""
    with_slopes: Operator | None = GRADIENT
    """Whose numbers are held against the slopes at a kink; None where that is not done."""

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
        own = self._at("own", self.function.arguments, value)
        found, known = check_around(own, self.own, points, self._around)
        return replace(
            found,
            seconds=time.thread_time() - self.started,
            asked=points,
            points=len(known),
            proved=sum(each.ok for each in known),
            agreeing=sum(each.witnessed for each in known),
        )

    def _around(self, place: str, drawn: Arrays) -> Check | None:
        """Check at a point that is drawn; None where the function has no value there."""
        there = self.function.representable(drawn)
        with contextlib.suppress(ProblemError):
            value = self.value(there)
            if np.all(np.isfinite(value)):
                return self._at(place, there, value)
        return None

    def _at(self, place: str, arguments: Arrays, value: Any) -> Check:
        """Check at one point."""
        try:
            gradient = self.derivative(arguments)
        except (NoGradient, NotKnown):
            raise
        except NoWay as error:
            moving = any(moves(self.function, arguments, value, name) for name in arguments)
            return self._end(Status.ERROR, describe_no_way(error, moving) + at_place(place))
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
            returned = self.returned(arguments)  # which raises, if that is what raised
            if items(returned) is None:
                raise self._raises(error) from error
            raise ProblemError(
                f"{self.function.name} gives a {type(returned).__name__} of several, and one is "
                "differentiated: return it alone, or check operator='pullback' or 'pushforward', "
                "which take all"
            ) from error

    def returned(self, arguments: Arrays) -> Any:
        """Call the user's function. Raises `ProblemError` where it raises."""
        try:
            return self.function.returned(arguments)
        except RAISED as error:
            raise self._raises(error) from error

    def _raises(self, error: BaseException) -> ProblemError:
        return ProblemError(f"{self.function.name} raises {describe_raised(error)}")

    def _judge(self, place: str, arguments: Arrays, value: Any, gradient: Arrays) -> Check:
        """Hold a gradient against the certificate, or else against difference quotients."""
        try:
            proof = self.prove(arguments)
        except NotFiniteHere as error:
            return self._ask(place, arguments, _not_so_by_itself(value, error), gradient)
        except NotCertified as error:
            return self._ask(place, arguments, str(error), gradient)
        own = self._provable(value)
        off = ~(np.abs(own - proof.value) <= proof.allowed)
        if np.any(off):
            given, proved = _first(own, proof.value, off)
            reason = (
                f"{self.provable} is {given:.17g}, and its operations on numbers with proof give "
                f"{proved:.17g}"
            )
            return self._ask(place, arguments, reason, gradient)
        cut = find_cut(self.function, arguments, value, self._without_slope(proof))
        if len(cut.held) == len(arguments):
            return self._ask(place, arguments, describe_held(), gradient)
        found = self._report(place, proof, arguments, gradient)
        return replace(found, held=cut.held, unused=cut.unused)

    def _provable(self, value: Any) -> Any:
        """Return what of the function's value is held against its proof."""
        return value

    def _without_slope(self, proof: Proof) -> list[str]:
        """List the arguments by which all derivatives are 0."""
        parts = unflatten(self._clear(proof), self.own.shapes)
        return [name for name, part in parts.items() if part.size and np.all(part)]

    def _clear(self, proof: Proof) -> np.ndarray:
        """Tell of each number whether the derivative by it is 0, and no limit and there at all."""
        certificate = proof.found.certificate
        clear = certificate.judged & ~certificate.beside & (certificate.value == 0)
        return np.asarray(clear[proof.start :])

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
        if rough.size:
            kinks = self._find_kinks(certificate, rough.tolist(), proof.found.dtype)
        label = certificate.operator.layout(certificate.point).label
        return AtKinks(place, lambda k: label(start + k), kinks, numbers[start:], int(rough.size))

    def _find_kinks(
        self, certificate: Certificate, rough: list[int], dtype: str
    ) -> dict[int, Kink]:
        """Find the slopes beside the point, as far as that is done for this operator."""
        if self.with_slopes is None:
            return {}
        return find_kinks(certificate.point, rough, dtype, self.seconds, self.with_slopes)

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
        return self._take_differences(arguments, claimed, rough, lambda found: found)

    def _take_differences(
        self,
        arguments: Arrays,
        claimed: np.ndarray,
        rough: np.ndarray | None,
        reduce: Callable[[np.ndarray], Any],
    ) -> dict[str, Any]:
        """Take differences of a number that is made of what the function gives."""
        function, dtype = self.function, self.function.dtype

        def call(arguments: Arrays) -> Any:
            return reduce(function.call(arguments))

        def call_complex(arguments: Arrays) -> Any:
            return reduce(function.call_complex(arguments))

        witness = ask_differences(call, arguments, claimed, dtype, rough, self._share)
        step = None
        if dtype == "float64":  # what is computed in complex128
            step = ask_complex_step(call_complex, arguments, claimed, witness)
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
