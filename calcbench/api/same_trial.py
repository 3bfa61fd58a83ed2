"""One check of two functions under way: each one's numbers held against the other's certificate."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from calcbench.api.checked import NOT_CERTIFIED, at_place, describe_no_number
from calcbench.api.checked_same import (
    UNKNOWN,
    Same,
    describe_difference,
    describe_lacking,
    describe_nothing,
    describe_values,
    describe_wrong,
)
from calcbench.api.points import check_around
from calcbench.api.same_kinks import SameKinks, at_kinks
from calcbench.api.trial import Trial
from calcbench.certified.certificate import Certificate
from calcbench.certified.evaluation import NotCertified
from calcbench.certified.kinks import Kink, find_kinks
from calcbench.errors import CalcbenchError, ProblemError
from calcbench.judge.result import Judged, judge_result
from calcbench.native.certifying import find_slopes, point_of
from calcbench.native.constants import WithRoundedConstants
from calcbench.native.function import Function, NoGradient, NotKnown, WrongGradient
from calcbench.native.reasons import describe_raised
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.problem import Arrays
from calcbench.record.record import Record, Status

Gradient = Callable[..., Any] | None


class Numbers(NamedTuple):
    """What a function gives at a point: its value, and its partials in the order of the first."""

    value: float
    partials: np.ndarray | None
    """None where it has no gradient."""

    @property
    def all(self) -> np.ndarray:
        """The value and the partials in one vector."""
        return np.append(self.value, [] if self.partials is None else self.partials)


class _NoNumbers(CalcbenchError):
    """Raised where a gradient does not come."""


class Side:
    """One of the two functions, whose numbers are counted as those of the first."""

    def __init__(
        self, function: Function, grad: Gradient, order: np.ndarray, seconds: float, started: float
    ) -> None:
        """Take the function, its gradient, and where the first function has each of its numbers."""
        self.function = WithRoundedConstants(function)
        self.how = function.how
        self.order = order
        self.trial = Trial(self.function, grad, seconds, started)
        self.shapes = {name: array.shape for name, array in function.arguments.items()}

    @property
    def name(self) -> str:
        """What the function is called."""
        return self.function.name

    @property
    def unbounded(self) -> bool:
        """Whether it computes in a dtype without known bounds, so that nothing judges it."""
        return bool(self.function.unbounded or self.function.inner.unbounded)

    def arguments(self, common: np.ndarray) -> Arrays:
        """Give numbers their places among the function's arguments, in its own dtypes."""
        return self.function.representable(unflatten(common[self.order], self.shapes))

    def common(self, arguments: Arrays) -> np.ndarray:
        """Put numbers in the order of the first function."""
        found = np.empty(self.order.size)
        found[self.order] = flatten(arguments.values(), np.float64)
        return found

    def numbers(self, common: np.ndarray, place: str) -> Numbers:
        """Call the function and its gradient. Raises `_NoNumbers` where the gradient is none."""
        arguments = self.arguments(common)
        with self.function.undisturbed(self.trial.grad):
            value = self.trial.value(arguments)
            found: np.ndarray | None = None
            try:
                found = self.common(self.trial.derivative(arguments))
            except NoGradient:
                pass
            except (WrongGradient, NotKnown) as error:
                raise _NoNumbers(
                    f"the gradient of {self.name}: {error}{at_place(place)}"
                ) from error
            except RAISED as error:
                raise _NoNumbers(
                    f"the gradient of {self.name} raises {describe_raised(error)}{at_place(place)}"
                ) from error
            again = self.trial.value(arguments)
        if again != value and not math.isnan(value):
            raise _Changes(
                f"{self.name} gives another value at the same x: {value:.17g}, then {again:.17g}"
            )
        return Numbers(value, found)

    def certify(self, common: np.ndarray, value: float) -> Certificate:
        """Certify the value and the partials. Raises `NotCertified`, where that fails."""
        with self.function.undisturbed(self.trial.grad):
            proof = self.trial.prove(self.arguments(common))
        certificate = proof.found.certificate
        if not abs(value - proof.value) <= proof.allowed:
            raise NotCertified(
                f"f(x) is {value:.17g}, and its operations on numbers with proof give "
                f"{proof.value:.17g}"
            )
        if certificate.open.any():
            raise NotCertified(certificate.open_reason)
        return certificate

    def kinks(self, common: np.ndarray, rough: np.ndarray) -> dict[int, Kink]:
        """Find the slopes by some partials, whose positions are those of the first function."""
        own = np.flatnonzero(rough[self.order])
        if not own.size:
            return {}
        function = self.function
        with function.undisturbed(self.trial.grad):
            point = point_of(function, self.arguments(common))
            found = find_slopes(
                function, lambda dtype: find_kinks(point, own.tolist(), dtype, self.trial.seconds)
            )
        return {int(self.order[k]): kink for k, kink in found.items()}


class _Changes(CalcbenchError):
    """Raised where a function gives another value at the same point."""


class _Held(NamedTuple):
    """A value and partials that were held against a certificate."""

    value: Judged
    partials: Judged
    given: np.ndarray
    """The numbers; those that there are none of are the certificate's."""
    partials_given: int


class SameTrial:
    """One check of two functions under way."""

    def __init__(self, sides: tuple[Side, Side], started: float) -> None:
        """Take the two, and when the check began."""
        self.sides, self.started = sides, started
        self.names = (sides[0].name, sides[1].name)
        self.own = point_of(sides[0].function)

    def at_points(self, points: int) -> Same:
        """Check at x, and at other points around it until something differs."""
        here = self.own.vector
        for side in self.sides:
            here = side.common(side.arguments(here))
        found, known = check_around(self._at("own", here), self.own, points, self._around)
        return replace(
            found,
            seconds=time.thread_time() - self.started,
            asked=points,
            points=len(known),
            proved=sum(each.ok for each in known),
        )

    def _around(self, place: str, drawn: Arrays) -> Same | None:
        """Check at a point that is drawn; None where a function has no value there."""
        there = flatten(drawn.values(), np.float64)
        for side in self.sides:
            there = side.common(side.arguments(there))
        with contextlib.suppress(ProblemError):
            found = self._at(place, there)
            return found if all(map(math.isfinite, found.value)) else None
        return None

    def _at(self, place: str, common: np.ndarray) -> Same:
        """Check at one point."""
        try:
            numbers = [side.numbers(common, place) for side in self.sides]
        except _NoNumbers as error:
            return self._end(Status.ERROR, str(error))
        except _Changes as error:
            return self._end(NOT_CERTIFIED, str(error))
        values = (numbers[0].value, numbers[1].value)
        known: dict[str, Any] = {
            "value": values,
            "gradient": tuple(self._by_name(each.partials) for each in numbers),
        }
        if not all(map(math.isfinite, values)):
            reason = " and ".join(f"{n} is {v}" for n, v in zip(self.names, values, strict=True))
            return self._end(Status.ERROR, f"no verdict: {reason}{at_place(place)}", **known)
        certificates, reasons = self._certify(common, values)
        known["reference"] = tuple(map(self._reference, certificates))
        if not any(certificates) or any(side.unbounded for side in self.sides):
            gradients = (numbers[0].partials, numbers[1].partials)
            reason = describe_nothing(self.names, reasons, values, gradients)
            return self._end(NOT_CERTIFIED, reason, **known)
        given = [each.partials is not None for each in numbers]
        kinks = at_kinks(place, self.own, certificates, self._find_kinks(common, certificates))
        known["unjudged"] = kinks.unjudged
        known["remarks"] = describe_lacking(self.names, reasons, given, kinks.unjudged)
        return self._judge(place, certificates, numbers, kinks, known)

    # --- certificates ---

    def _certify(
        self, common: np.ndarray, values: tuple[float, float]
    ) -> tuple[list[Certificate | None], list[str]]:
        """Certify both in the coarser dtype, each with the larger allowance of the two.

        What is allowed is what rounding does in either: they may go about it in other ways.
        """
        found, reasons = self._try_to_certify(common, values)
        dtypes = [side.function.dtype for side in self.sides]
        if dtypes[0] != dtypes[1]:
            for side in self.sides:
                for dtype in dtypes:
                    side.function.use(dtype)
            found, reasons = self._try_to_certify(common, values)
        one, two = found
        if one is not None and two is not None:
            bound, proved = np.maximum(one.bound, two.bound), np.maximum(one.proved, two.proved)
            found = [replace(each, bound=bound, proved=proved) for each in (one, two)]
        return found, reasons

    def _try_to_certify(
        self, common: np.ndarray, values: tuple[float, float]
    ) -> tuple[list[Certificate | None], list[str]]:
        found: list[Certificate | None] = []
        reasons = []
        for side, value in zip(self.sides, values, strict=True):
            try:
                found.append(self._in_order(side, side.certify(common, value)))
                reasons.append("")
            except NotCertified as error:
                found.append(None)
                reasons.append(str(error))
        return found, reasons

    def _in_order(self, side: Side, certificate: Certificate) -> Certificate:
        """Put a certificate's numbers in the order, and under the names, of the first function."""
        places = np.argsort(np.append(0, 1 + side.order))
        vectors = ("value", "bound", "proved", "magnitude", "rough", "open", "beside", "reasons")
        moved = {name: getattr(certificate, name)[places] for name in vectors}
        return replace(certificate, **moved, point=self.own)

    def _find_kinks(
        self, common: np.ndarray, certificates: list[Certificate | None]
    ) -> list[dict[int, Kink]]:
        """Find the slopes of each function where it has no derivative, to the coarser allowance."""
        for side in self.sides:
            for other in self.sides:
                side.function.use_nearby(other.function.nearby)
        return [
            {} if certificate is None else side.kinks(common, certificate.rough[1:])
            for side, certificate in zip(self.sides, certificates, strict=True)
        ]

    # --- judging ---

    def _judge(
        self,
        place: str,
        certificates: list[Certificate | None],
        numbers: list[Numbers],
        kinks: SameKinks,
        known: dict[str, Any],
    ) -> Same:
        """Hold the truths against each other, and then each one's numbers against the other's."""
        one, two = certificates
        if one is not None and two is not None:
            truth = self._hold(place, one, Numbers(float(two.value[0]), two.value[1:]), two.judged)
            if truth.value.outside.any() or truth.partials.outside.any():
                reason = self._describe_functions(place, one, truth)
                return self._end(Status.DISAGREE, reason, **_measure([truth]), **known)
            if kinks.differing:
                reason = kinks.describe_difference(self.names)
                return self._end(Status.DISAGREE, reason, **_measure([truth]), **known)
        held = [
            self._hold(place, certificate, given)
            for certificate, given in zip((two or one, one or two), numbers, strict=True)
            if certificate is not None
        ]
        own = next(each for each in certificates if each is not None)
        wrong = [
            kinks.describe_wrong(name, given.partials)
            for name, given in zip(self.names, numbers, strict=True)
        ]
        return self._conclude(place, own, certificates, held, wrong, known)

    def _hold(
        self, place: str, certificate: Certificate, numbers: Numbers, counted: Any = True
    ) -> _Held:
        """Hold a value and partials against a certificate, one after the other."""
        given = certificate.value.copy()
        given[: numbers.all.size] = numbers.all
        positions = np.arange(given.size)
        dtype = self.sides[0].function.dtype
        record = Record(*self.names, "gradient", dtype, Status.OK)
        first, rest = (
            judge_result(record, place, certificate, given, part & counted)
            for part in (positions == 0, (positions > 0) & (positions < numbers.all.size))
        )
        return _Held(first, rest, given, numbers.all.size - 1)

    def _describe_functions(self, place: str, one: Certificate, truth: _Held) -> str:
        """Say how two functions differ, of which the truth is known."""
        lines = []
        if truth.value.outside.any():
            values = (float(one.value[0]), float(truth.given[0]))
            lines.append(describe_values(self.names, values, at_place(place)))
        if truth.partials.outside.any():
            lines.append(describe_difference(self.names, truth.partials, self.own.size, not lines))
        return "\n  ".join(lines)

    def _conclude(
        self,
        place: str,
        own: Certificate,
        certificates: list[Certificate | None],
        held: list[_Held],
        wrong: list[str],
        known: dict[str, Any],
    ) -> Same:
        """Say what is wrong of the values and gradients of two functions."""
        lines = []
        differ = any(each.value.outside.any() for each in held)
        if differ:
            lines.append(describe_values(self.names, known["value"], at_place(place)))
        for name, each, certificate in zip(self.names, held, certificates, strict=True):
            if each.partials.outside.any():
                same = not lines and all(certificates)
                told = describe_wrong(name, each.partials, self.own.size, same, differ)
                lines.append(told if certificate or differ else told + UNKNOWN)
        lines += filter(None, wrong)
        measured = _measure(held)
        if lines:
            return self._end(Status.DISAGREE, "\n  ".join(lines), **measured, **known)
        for each in held:
            rough = own.rough & (np.arange(own.rough.size) <= each.partials_given)
            if not np.all(np.isfinite(each.given[rough])):
                reason = describe_no_number(place, own, each.given)
                return self._end(Status.ERROR, reason, **known)
        if not any(
            certificate is None or certificate.judged[1:].any() for certificate in certificates
        ):
            reason = "one-sided derivatives differ here, of every partial"
            return self._end(NOT_CERTIFIED, reason, **known)
        worst = [part.record for each in held for part in (each.value, each.partials)]
        failed = next((each for each in worst if each.status is not Status.OK), None)
        if failed is not None:
            return self._end(failed.status, failed.reason, **measured, **known)
        status = NOT_CERTIFIED if known["unjudged"] else Status.OK
        return self._end(status, **measured, **known)

    # --- results ---

    def _by_name(self, partials: np.ndarray | None) -> Arrays:
        return {} if partials is None else unflatten(partials, self.own.shapes)

    def _reference(self, certificate: Certificate | None) -> Arrays:
        return self._by_name(None if certificate is None else certificate.value[1:])

    def _end(self, status: str, reason: str = "", **known: Any) -> Same:
        one, two = self.sides
        return Same(
            self.names,
            str(status),
            reason,
            how=(one.how, two.how),
            dtype=one.function.dtype,
            partials=self.own.size,
            seconds=time.thread_time() - self.started,
            **known,
        )


def _measure(held: list[_Held]) -> dict[str, Any]:
    """Read off the digits that there are and that are needed, and how many partials are outside."""
    judged = [part for each in held for part in (each.value, each.partials) if part.counted.any()]
    digits = [part.record.digits for part in judged if part.record.digits is not None]
    return {
        "digits": min(digits, default=None),
        "needed": min((part.needed for part in judged), default=None),
        "outside": max(int(each.partials.outside.sum()) for each in held),
    }
