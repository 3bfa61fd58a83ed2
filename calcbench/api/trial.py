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
from calcbench.judge.witnesses import Witness, ask_complex_step, ask_differences
from calcbench.native.certifying import Certified, certify, find_slopes, point_of
from calcbench.native.function import (
    Function,
    NoGradient,
    NotAnArray,
    NotKnown,
    NoWay,
    OtherForm,
    WrongGradient,
)
from calcbench.native.held import find_cut, moves
from calcbench.native.reasons import describe_raised
from calcbench.native.trees import argument_names, as_tuple, items
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.point import component_name
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
    what = "the gradient"
    """What is checked, ..."""
    form = ""
    """... and how it is called, if with more than x."""
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
            odd = ~np.isfinite(value)
            number, _ = _first(value, value, odd)
            return self._end(Status.ERROR, f"no verdict: {self._number_of(odd)} is {number}")
        own = self._at("own", self.function.arguments, value)
        found, known = check_around(own, self.own, points, self._around)
        return replace(
            found,
            seconds=time.thread_time() - self.started,
            asked=points,
            points=len(known),
            proved=sum(each.ok for each in known),
            agreeing=sum(each.witnessed for each in known),
            not_judged=tuple(name for each in known for name in each.not_judged),
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
            return self._end(
                Status.ERROR, describe_no_way(error, self.function, moving) + at_place(place)
            )
        except WrongGradient as error:
            reason = f"{error.told_of(self.what)}{at_place(place)}{self._form()}"
            return self._end(Status.ERROR, reason)
        except RAISED as error:
            raised = f"{self.what} raises {describe_raised(error)}{at_place(place)}"
            return self._end(Status.ERROR, raised + self._form())
        again = self.value(arguments)
        changed = np.not_equal(value, again)
        if np.any(changed):
            first, then = _first(value, again, changed)
            which = f"{self._number_of(changed)} is " if np.ndim(value) else ""
            reason = f"f gives another value at the same x: {which}{first:.17g}, then {then:.17g}"
            return self._end(NOT_CERTIFIED, reason + at_place(place))
        return self._judge(place, arguments, value, gradient)

    def _form(self) -> str:
        """Say how what is checked is called, where it takes more than x and is the user's own."""
        if self.grad is None or not self.form:
            return ""
        function = self.function
        names = argument_names(function.function, len(as_tuple(function.x)))
        return f"; {self.form.format(x=', '.join(names))}"

    def _number_of(self, where: Any) -> str:
        """Name the first number of the value of which something holds, such as `f(x)[1, 2]`."""
        place = np.unravel_index(int(np.argmax(where)), np.shape(where))
        return component_name("f(x)", tuple(int(k) for k in place))

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
            found = self.function.call(arguments)
        except OtherForm as error:
            raise ProblemError(str(error)) from error
        except NotAnArray as error:
            if items(error.returned) is None:
                raise self._raises(error.__cause__ or error) from error
            raise self._several(error.returned) from error
        except RAISED as error:
            raise self._raises(error) from error
        if found.dtype == object and not found.ndim and items(found.item()) is not None:
            raise self._several(found.item())
        return found

    def _several(self, returned: Any) -> ProblemError:
        return ProblemError(
            f"{self.function.name} gives a {type(returned).__name__}, and one array or number "
            "is differentiated: return it alone, or check operator='pullback' or 'pushforward', "
            "which take all"
        )

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
        still = self._without_slope(proof)
        cut = find_cut(self.function, arguments, value, still, self.seconds)
        if cut.is_all_of(arguments):
            found = self._ask(place, arguments, describe_held(self.function), gradient)
            return replace(found, unused=cut.unused)
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
        beside = self._hold_against_kinks(place, proof, numbers)
        status, reason = judged.record.status, judged.record.reason
        if judged.record.disagreement is not None:
            reason = describe_worst(judged, judged.record.disagreement, self.count)
        elif not np.all(np.isfinite(numbers[start:][rough])):
            reason = describe_no_number(place, certificate, numbers)
            return self._end(Status.ERROR, reason, value=gradient)
        elif beside.missed:
            status, reason = Status.DISAGREE, beside.describe(self.count)
        elif certificate.open[start:].any():
            return self._ask(place, arguments, certificate.open_reason, gradient, rough)
        elif not judged.counted.any():
            return self._ask(place, arguments, beside.describe_none(), gradient)
        return self._end(
            status,
            reason,
            digits=beside.digits(judged),
            needed=judged.needed,
            outside=int(judged.outside.sum()) + len(beside.missed),
            no_derivative=int(rough.sum()),
            chosen=len(beside.chosen),
            not_judged=beside.not_judged,
            value=gradient,
            reference=unflatten(certificate.value[start:], shapes),
            bound=unflatten(judged.compared.allowed[start:], shapes),
        )

    def _hold_against_kinks(self, place: str, proof: Proof, numbers: np.ndarray) -> AtKinks:
        """Hold numbers where there is no derivative against the slopes on both sides."""
        certificate, start = proof.found.certificate, proof.start
        rough = np.flatnonzero(certificate.rough[start:]).tolist()
        kinks = {}
        if rough:
            kinks = find_slopes(
                self.function, lambda dtype: self._find_kinks(certificate, rough, dtype)
            )
        label = certificate.operator.layout(certificate.point).label
        return AtKinks(place, lambda k: label(start + k), kinks, numbers[start:], rough)

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
        function, dtype = self.function, self.function.nearby

        def call(arguments: Arrays) -> Any:
            return reduce(function.call(arguments))

        def call_complex(arguments: Arrays) -> Any:
            return reduce(function.call_complex(arguments))

        witness = ask_differences(call, arguments, claimed, dtype, rough, self._share)
        step = None
        if dtype == "float64":  # what is computed in complex128
            step = ask_complex_step(call_complex, arguments, claimed, witness)
        return {"witness": self._named(witness), "step": step and self._named(step)}

    def _named(self, found: Witness) -> Witness:
        """Name the component that is farthest outside of what differences allow."""
        k = found.worst
        if not found.outside.any() or k >= len(found.positions):  # along a direction
            return found
        return replace(found, name=self._label(self.own.component(int(found.positions[k]))))

    def _label(self, component: str) -> str:
        """Name what is differenced by a component of x."""
        return f"∂f/∂{component}"

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
