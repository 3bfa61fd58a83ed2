"""Checking a function and its gradient as they are: NumPy, torch and JAX code."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np

from calcbench.certified.certificate import Certificate
from calcbench.certified.evaluation import NotCertified
from calcbench.errors import ProblemError, SelectorError, nearest, short_repr
from calcbench.judge.result import Judged, judge_result
from calcbench.judge.witnesses import Witness, ask_complex_step, ask_differences
from calcbench.native.certifying import Certified, certify, point_of
from calcbench.native.front_ends import build
from calcbench.native.function import Function, NoGradient, NotKnown, WrongGradient
from calcbench.native.trees import function_name
from calcbench.operators.cost import Cost
from calcbench.operators.hvp import Hvp
from calcbench.operators.operator import Operator
from calcbench.operators.pushforward import Pushforward
from calcbench.problem.arguments import check_function, check_text, positive, whole_number
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.sampling import draw_nearby
from calcbench.record.plain import plain
from calcbench.record.record import Disagreement, Record, Status

NOT_CERTIFIED = "not certified"
"""The status where nothing is proved."""

OPERATORS = ("gradient", "pushforward", "hvp")
"""What can be checked of a function as it is."""


@dataclass(frozen=True)
class Check:
    """What is known of a gradient: printed, it says so in a line or two.

    `assert check.ok`, or `calcbench.assert_gradient` in a test.
    """

    name: str
    """What the function is called."""
    status: str
    """`ok`: proved right, up to what rounding allows. `disagree`: proved wrong. `imprecise`: within
    bounds that vouch for no digit. `error`: no gradient came, or one of another shape.
    `not certified`: nothing is proved; `witness` may say more."""
    reason: str = ""
    """Why it is not ok; empty where it is."""
    how: str = ""
    """On what the function was run, such as `NumPy on balls`."""
    dtype: str = "float64"
    """The coarsest in which it computes with its argument, for which rounding is allowed."""
    partials: int = 0
    """How many partials the gradient has."""
    digits: float | None = None
    """Digits of the worst partial, relative to the largest one."""
    needed: float | None = None
    """Digits that a right gradient has at least, by what rounding allows."""
    outside: int = 0
    """How many partials are outside of what rounding allows."""
    no_derivative: int = 0
    """How many partials do not exist at x, because one-sided ones differ; they are not judged."""
    value: dict[str, np.ndarray] = field(default_factory=dict)
    """The gradient that was checked: name → array."""
    reference: dict[str, np.ndarray] = field(default_factory=dict)
    """The true one, rounded; empty where it is not certified."""
    bound: dict[str, np.ndarray] = field(default_factory=dict)
    """How far from it each partial may be; empty where it is not certified."""
    witness: Witness | None = None
    """What difference quotients say, where nothing is certified."""
    step: Witness | None = None
    """What the complex step says, where nothing is certified and the function takes one."""
    seconds: float = 0.0
    """Processor time that the check took."""
    asked: int = 1
    """At how many points to check: x, and others around it."""
    points: int = 0
    """At how many of them the gradient was called, because the function has a value there."""
    proved: int = 0
    """At how many of those the gradient is proved right."""

    @property
    def ok(self) -> bool:
        """Whether the gradient is proved right at x, and nothing is against it elsewhere."""
        return self.status == Status.OK

    @property
    def certified(self) -> bool:
        """Whether it is proved right at every point at which the function has a value."""
        return self.ok and self.proved == self.points

    @property
    def witnessed(self) -> bool:
        """Whether nothing is proved, and differences agree as far as they can."""
        if self.status != NOT_CERTIFIED or self.witness is None or not self.witness.agrees:
            return False
        return self.step is None or not self.step.outside.any()

    def as_json(self) -> dict[str, Any]:
        """Return what is known as plain data: arrays as lists, by name."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        told = {name: _as_json(known[name]) for name in ("witness", "step")}
        found: dict[str, Any] = plain({**known, **told})
        return found

    def __str__(self) -> str:
        """Write the verdict, and below it what is wrong."""
        if self.status == NOT_CERTIFIED:
            told = [f"{self.name}: not certified: {self.reason}"]
            if self.witness is not None:
                told.append(_describe_witness("difference quotients", self.witness))
            if self.step is not None and self.witness is not None and self.witness.agrees:
                told.append(_describe_witness("complex steps", self.step))
            if self.asked > 1:
                told.append(f"at x alone, of {self.asked} points")
            return "; ".join(told)
        if self.digits is None:
            return f"{self.name}: {self.status}: {self.reason}"
        dtype = "" if self.dtype == "float64" else f", {self.dtype}"
        lines = [
            f"{self.name}: {self.status} ({self.how}{dtype}; {_count(self.partials)}, "
            f"{self.digits:.1f} digits, {self.needed:.1f} needed, {self.seconds:.2f} s)"
        ]
        if self.reason:
            lines.append(f"  {self.reason}")
        if self.no_derivative:
            lines.append(f"  not judged: {_count(self.no_derivative)} without a derivative here")
        if self.ok and self.proved < self.asked:
            lines.append(f"  {_describe_points(self)}")
        return "\n".join(lines)

    __repr__ = __str__


def check(
    f: Callable[..., Any],
    grad: Callable[..., Any] | None = None,
    x: Any = None,
    *,
    operator: str = "gradient",
    points: int = 1,
    seconds: float = 60,
    name: str | None = None,
) -> Check:
    """Check the gradient of a function as it is: NumPy, torch or JAX code, nothing rewritten.

    `f` gives one real number, of `x`: an array, a number, or a dict or list of them, as the
    framework wants it; a tuple is several arguments. `grad`, called with the same, gives the
    gradient in the form of `x`; without it, the framework's own is checked, which is that of custom
    rules. The function is run on numbers with proof, and every partial is held against the truth,
    with an allowance for rounding that is proved, or estimated where it says so.

    With `operator="pushforward"`, `grad` is the derivative along a direction: `grad(x, v)`, one
    number, where v has the form of `x`; with `operator="hvp"`, the Hessian times the direction, of
    that form too. The direction is drawn.

    `points` is at how many points to check: `x`, and others drawn around it; the result has at how
    many of them the gradient is `proved`. `seconds` is the processor time that each sweep of a
    certificate may take. `name` is what to call the function.

        >>> def f(x):
        ...     return np.sum(np.log1p(x**2))
        >>> calcbench.check(f, lambda x: 2 * x / (1 + x**2), np.array([0.5, 3.0]))
        f: ok (NumPy on balls; 2 partials, 16.0 digits, 14.4 needed, 0.01 s)

    Where `f` leaves what is known, the result says by what, and difference quotients are witnesses
    of a gradient at `x`. Arguments, seeds and modes are left as they were. Raises `TypeError`
    without an `x`, or without a `grad` where the framework has none, `SelectorError` for other
    arguments that do not fit, `ProblemError` where `f` raises at `x` or gives no real number.
    """
    _check_arguments(f, grad, x, name)
    if operator not in OPERATORS:
        raise SelectorError(
            f"operator {short_repr(operator)} is not checked of functions as they are: "
            f"{nearest(str(operator), OPERATORS)}"
        )
    whole_number("points", points, 1)
    allowed = positive("seconds", seconds)
    started = time.thread_time()
    try:
        function = build(f, x, name or "")
    except NotKnown as error:
        return Check(name or function_name(f), NOT_CERTIFIED, str(error))
    with function.undisturbed():
        return CHECKINGS[operator](function, grad, allowed, started).at_points(points)


def assert_gradient(
    f: Callable[..., Any],
    grad: Callable[..., Any] | None = None,
    x: Any = None,
    certified: bool = False,
    **options: Any,
) -> Check:
    """Check a gradient as `check` does, for a test: raise `AssertionError` unless it is right.

    The error has the text of the check. Where nothing is certified, difference quotients that agree
    suffice, unless `certified` is True: it must be proved right then, at each of several points at
    which `f` has a value. `options` are those of `check`, whose result is returned.
    """
    found = check(f, grad, x, **options)
    if not (found.certified if certified else found.ok or found.witnessed):
        raise AssertionError(str(found))
    return found


def _check_arguments(f: Any, grad: Any, x: Any, name: str | None) -> None:
    if isinstance(f, Problem):
        raise SelectorError(
            f"check is for functions as they are; compare({short_repr(f.name)}) checks a problem"
        )
    check_function("f", f)
    if grad is not None and not callable(grad):
        raise SelectorError(
            f"grad must be a function, got {short_repr(grad)}; x comes third: check(f, grad, x)"
        )
    if x is None:
        raise TypeError("check needs x, the point at which to check: check(f, grad, x)")
    if name is not None:
        check_text("name", name, "'logistic'")


class _Proof(NamedTuple):
    """What is proved at one point."""

    found: Certified
    value: float
    """The function's value, ..."""
    allowed: float
    """... and how far from it rounding may carry a call."""
    start: int
    """How many numbers of the certificate stand before those that are checked."""


class _Checking:
    """One check of a gradient under way."""

    operator = "gradient"

    def __init__(
        self, function: Function, grad: Callable[..., Any] | None, seconds: float, started: float
    ) -> None:
        self.function, self.grad = function, grad
        self.seconds, self.started = seconds, started
        self.own = point_of(function)
        if not self.own.size:
            raise SelectorError(
                "x holds no floating-point number to differentiate by; integers are held constant"
            )

    @property
    def count(self) -> int:
        """How many numbers are checked."""
        return self.own.size

    def at_points(self, points: int) -> Check:
        """Check at x, and at other points around it until one is wrong.

        Points that nobody asked for count where the function has a value.
        """
        value = self._value(self.function.arguments)
        if not math.isfinite(value):
            return self._end(Status.ERROR, f"no verdict: f(x) is {value}")
        found = self._at("own", self.function.arguments, value)
        rng = np.random.default_rng(0)
        known = [found]
        for number in range(1, points if found.ok else 1):
            there = self._around(f"random-{number}", rng)
            if there is not None:
                known.append(there)
            if there is not None and there.status in (Status.DISAGREE, Status.ERROR):
                found = there
                break
        return replace(
            found,
            seconds=time.thread_time() - self.started,
            asked=points,
            points=len(known),
            proved=sum(each.ok for each in known),
        )

    def _around(self, place: str, rng: np.random.Generator) -> Check | None:
        """Check at a point that is drawn; None where the function has no value there."""
        drawn = self.function.representable(draw_nearby(self.own, rng))
        with contextlib.suppress(ProblemError):
            value = self._value(drawn)
            if math.isfinite(value):
                return self._at(place, drawn, value)
        return None

    def _at(self, place: str, arguments: Arrays, value: float) -> Check:
        """Check at one point."""
        try:
            gradient = self._derivative(arguments)
        except (NoGradient, NotKnown):
            raise
        except WrongGradient as error:
            return self._end(Status.ERROR, f"{error}{_where(place)}")
        except RAISED as error:
            return self._end(Status.ERROR, f"the gradient raises {describe(error)}{_where(place)}")
        again = self._value(arguments)
        if again != value:
            reason = f"f gives another value at the same x: {value:.17g}, then {again:.17g}"
            return self._end(NOT_CERTIFIED, reason)
        return self._judge(place, arguments, value, gradient)

    def _derivative(self, arguments: Arrays) -> Arrays:
        """Call what is checked."""
        return self.function.differentiate(arguments, self.grad)

    def _prove(self, arguments: Arrays) -> _Proof:
        """Certify the value and what is checked."""
        found = certify(self.function, arguments=arguments, seconds=self.seconds)
        certificate = found.certificate
        return _Proof(found, certificate.value[0], certificate.bound[0], 1)

    def _value(self, arguments: Arrays) -> float:
        """Call the function: one real number."""
        try:
            found = self.function.call(arguments)
        except RAISED as error:
            raise ProblemError(f"{self.function.name} raises {describe(error)}") from error
        if found.size != 1 or found.dtype.kind not in "fiu":
            shape = f"an array of shape {found.shape}" if found.size != 1 else f"{found.dtype}"
            raise ProblemError(
                f"{self.function.name} must give one real number, but it gives {shape}"
            )
        return float(found.reshape(()))

    def _judge(self, place: str, arguments: Arrays, value: float, gradient: Arrays) -> Check:
        """Hold a gradient against the certificate, or else against difference quotients."""
        try:
            proof = self._prove(arguments)
        except NotCertified as error:
            return self._ask(place, str(error), gradient)
        if not abs(value - proof.value) <= proof.allowed:
            reason = (
                f"f(x) is {value:.17g}, and its operations on numbers with proof give "
                f"{proof.value:.17g}"
            )
            return self._ask(place, reason, gradient)
        return self._report(place, proof, gradient)

    def _report(self, place: str, proof: _Proof, gradient: Arrays) -> Check:
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
        reason = judged.record.reason
        if judged.record.disagreement is not None:
            reason = _describe_worst(judged, judged.record.disagreement, self.count)
        elif not np.all(np.isfinite(numbers[start:][rough])):
            reason = _describe_no_number(place, certificate, numbers)
            return self._end(Status.ERROR, reason, value=gradient)
        elif certificate.open[start:].any():
            return self._ask(place, certificate.open_reason, gradient, rough)
        elif not judged.counted.any():
            reason = "one-sided derivatives differ here, of every partial"
            return self._ask(place, reason, gradient)  # an estimate that sees a kink, too
        return self._end(
            judged.record.status,
            reason,
            digits=judged.record.digits,
            needed=judged.needed,
            outside=int(judged.outside.sum()),
            no_derivative=int(rough.sum()),
            value=gradient,
            reference=unflatten(certificate.value[start:], shapes),
            bound=unflatten(judged.compared.allowed[start:], shapes),
        )

    def _ask(
        self, place: str, reason: str, gradient: Arrays, rough: np.ndarray | None = None
    ) -> Check:
        """Ask differences, where nothing is certified at the point that somebody asked for.

        Of what is no derivative there is none.
        """
        if place != "own":
            return self._end(NOT_CERTIFIED, reason)
        arguments = self.function.arguments
        claimed = flatten(gradient.values(), np.float64)
        function, dtype = self.function, self.function.dtype
        witness = ask_differences(function.call, arguments, claimed, dtype, rough)
        step = None
        if dtype == "float64":  # what is computed in complex128
            step = ask_complex_step(function.call_complex, arguments, claimed, witness)
        return self._end(NOT_CERTIFIED, reason, witness=witness, step=step, value=gradient)

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


class _CheckingProduct(_Checking):
    """One check of the Hessian times a direction."""

    operator = "hvp"
    kind: Operator = Hvp()

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        rng = np.random.default_rng(1)
        drawn = {n: np.asarray(rng.normal(size=shape)) for n, shape in self.own.shapes.items()}
        self.direction = self.function.representable(drawn)

    def _derivative(self, arguments: Arrays) -> Arrays:
        product = self.grad
        if product is None:
            name = self.operator
            raise NoGradient(f"give what is to be checked: check(f, {name}, x, operator='{name}')")
        v = self.function.native(self.direction)
        return self._read(arguments, lambda *x: product(*x, v))

    def _read(self, arguments: Arrays, product: Callable[..., Any]) -> Arrays:
        """Call a product, whose direction is given, and read what it returns."""
        return self.function.differentiate(arguments, product)

    def _prove(self, arguments: Arrays) -> _Proof:
        value = certify(self.function, Cost(), arguments, seconds=self.seconds).certificate
        found = certify(self.function, self.kind, arguments, self.direction, self.seconds)
        return _Proof(found, value.value[0], value.bound[0], 0)

    def _ask(
        self, place: str, reason: str, gradient: Arrays, rough: np.ndarray | None = None
    ) -> Check:
        return self._end(NOT_CERTIFIED, reason, value=gradient)


class _CheckingDirection(_CheckingProduct):
    """One check of the derivative along a direction."""

    operator = "pushforward"
    kind: Operator = Pushforward()
    count = 1

    def _read(self, arguments: Arrays, product: Callable[..., Any]) -> Arrays:
        found = self.function.call_along(arguments, product)
        if found.size != 1 or found.dtype.kind not in "fiu":
            raise WrongGradient("the derivative along a direction must be one real number")
        return {"value": found.astype(np.float64).reshape(())}


CHECKINGS = {each.operator: each for each in (_Checking, _CheckingDirection, _CheckingProduct)}
"""Operator → how it is checked."""


def _describe_worst(judged: Judged, fault: Disagreement, count: int) -> str:
    """Say how many partials are outside, and which one by most; by an estimate, if it is one."""
    limit = judged.record.reason.removeprefix(str(fault))
    estimate = fault.estimate()
    return (
        f"{int(judged.outside.sum())} of {_count(count)} outside what rounding "
        f"allows{_where(fault.point)}; the worst: {fault.component} is {fault.value:.17g}, should "
        f"be {fault.expected:.17g}{_ratio(fault.value, fault.expected)}"
        f"{estimate and ',' + estimate}{limit}"
    )


def _describe_points(found: Check) -> str:
    """Say at how many points a gradient is proved right, and where the function has no value."""
    absent = found.asked - found.points
    where = f"; no value at {absent} of them" if absent else ""
    return f"proved at {found.proved} of {found.asked} points{where}"


def _describe_no_number(place: str, certificate: Certificate, numbers: np.ndarray) -> str:
    """Name a partial that does not exist, for which no number is given."""
    k = int(np.flatnonzero(certificate.rough & ~np.isfinite(numbers))[0])
    label = certificate.operator.layout(certificate.point).label(k)
    return (
        f"{label} is {numbers[k]:.6g}{_where(place)}; one-sided derivatives differ there, and a "
        "number between them is wanted"
    )


def _where(place: str) -> str:
    """Name a point that calcbench chose."""
    return f" at {place}" if place not in ("", "own") else ""


def _ratio(got: float, true: float) -> str:
    """Say by which factor a partial is wrong, or by which part of it."""
    if not true or not math.isfinite(got):
        return ""
    factor = f"{got / true:.6g}"
    return f" (×{factor})" if factor != "1" else f" (off by {abs(got / true - 1):.1g} of that)"


def _count(partials: int) -> str:
    return f"{partials:,} partial{'' if partials == 1 else 's'}"


def _as_json(found: Witness | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"agrees": found.agrees, "digits": found.digits, "needed": found.needed}


def _describe_witness(kind: str, found: Witness) -> str:
    """Say what differences of a kind say, by an estimate of their errors."""
    tried = len(found.positions)
    some = "" if tried == found.of else f" in {tried:,} partials and along a direction"
    if found.vague and not found.outside.any():
        return f"{kind}{some} vouch for no digit"
    if found.agrees:
        return (
            f"{kind}{some} agree to {found.digits:.1f} digits "
            f"({found.needed:.1f} needed, estimated)"
        )
    wrong, k = int(found.outside[:tried].sum()), found.worst
    where = f"in {wrong} of {_count(tried)}: one" if wrong else "along a random direction: it"
    return (
        f"{kind} disagree {where} is {found.claimed[k]:.10g}, they give "
        f"{found.quotients[k]:.10g} (± {found.bounds[k]:.1g}, estimated)"
    )
