"""What is known of a gradient that was checked, as data and as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from calcbench.certified.certificate import Certificate
from calcbench.errors import write_apart
from calcbench.judge.result import Judged
from calcbench.judge.witnesses import Witness
from calcbench.native.function import Function, NoWay
from calcbench.record.plain import plain
from calcbench.record.record import Disagreement, Status

NOT_CERTIFIED = "not certified"
"""The status where nothing is proved."""


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
    """How many partials do not exist at x, because one-sided ones differ."""
    chosen: int = 0
    """For how many of these a number is given that lies between the one-sided derivatives: one
    valid choice."""
    not_judged: tuple[str, ...] = ()
    """Those of which nothing is said, because several components decide together, or there is a
    jump: `∂f/∂x[0]`. The verdict is of all others."""
    held: tuple[str, ...] = ()
    """Arguments that `f` moves with, though no derivative leads from them to it: `detach`,
    `no_grad` or `stop_gradient` holds them constant, so that the gradient by them is 0."""
    unused: tuple[str, ...] = ()
    """Arguments that `f(x)` does not depend on at x, so that the gradient by them is 0."""
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
    agreeing: int = 0
    """At how many of those nothing is proved, and differences agree."""

    @property
    def ok(self) -> bool:
        """Whether the gradient is proved right at x, and nothing is against it elsewhere."""
        return self.status == Status.OK

    @property
    def certified(self) -> bool:
        """Whether all of it is proved right at every point at which the function has a value.

        So it is not where a partial is not judged.
        """
        return self.ok and self.proved == self.points and not self.not_judged

    @property
    def promising(self) -> bool:
        """Whether it is worth checking elsewhere: proved right, or differences agree."""
        return self.ok or self.witnessed

    @property
    def refuted(self) -> bool:
        """Whether it is wrong: by proof, or by differences, which are estimates."""
        if self.status in (Status.DISAGREE, Status.ERROR):
            return True
        return any(
            each is not None and bool(each.outside.any()) for each in (self.witness, self.step)
        )

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
            if self.asked > 1 and self.witnessed:
                told.append(f"they agree at {self.agreeing} of {self.asked} points")
            return "; ".join(told)
        if self.digits is None:
            return f"{self.name}: {self.status}: {self.reason}"
        dtype = "" if self.dtype == "float64" else f", {self.dtype}"
        lines = [
            f"{self.name}: {self.status} ({self.how}{dtype}; {count_partials(self.partials)}, "
            f"{self.digits:.1f} digits, {self.needed:.1f} needed, {self.seconds:.2f} s)"
        ]
        if self.reason:
            lines.append(f"  {self.reason}")
        return "\n".join([*lines, *(f"  {line}" for line in _list_remarks(self))])

    __repr__ = __str__


MOST_NAMES = 5
"""Names of arguments or partials that are listed at most."""


def describe_held(function: Function) -> str:
    """Say that a gradient is 0 by construction."""
    return (
        f"f moves with x, but no derivative leads there: {_held_constant(function)}, and the "
        "gradient is 0 whatever f is"
    )


def _held_constant(function: Function) -> str:
    """Say what cuts derivatives off, in the words of the framework."""
    return f"all is held constant{f' ({function.holds})' if function.holds else ''} or rounded"


def describe_no_way(error: NoWay, function: Function, moves: bool) -> str:
    """Say why a framework finds no way from x to f(x): f holds x constant, or does not use it."""
    if moves:
        why = f"{_held_constant(function)}{function.cuts}"
        return f"{error.said}, though f moves with x: {why}"
    return f"{error.said}, which does not depend on x: {error.question}"


def _list_remarks(found: Check) -> list[str]:
    """List what else is to be said of a verdict."""
    remarks = []
    if found.chosen:
        without = f"{count_partials(found.chosen)} without a derivative here"
        each = "between its" if found.chosen == 1 else "each between its"
        remarks.append(f"one valid choice: {without}, {each} one-sided derivatives")
    if found.not_judged:
        count = count_partials(len(found.not_judged))
        names = _list_names(found.not_judged)
        remarks.append(f"not judged: {count} without a derivative here: {names}")
    if found.held:
        remarks.append(f"held constant, though f moves with it: {', '.join(found.held)}")
    if found.unused:
        remarks.append(_describe_unused(found.unused))
    if found.ok and found.proved < found.asked:
        remarks.append(_describe_points(found))
    return remarks


def _describe_unused(names: Sequence[str]) -> str:
    """Say which arguments a function does not depend on, which is seldom meant."""
    use = "it" if len(names) == 1 else "them"
    return f"f(x) does not depend on {_list_names(names)} here: does f use {use}?"


def _list_names(names: Sequence[str]) -> str:
    """List the first of some names."""
    return ", ".join(names[:MOST_NAMES]) + (", …" if names[MOST_NAMES:] else "")


def describe_worst(judged: Judged, fault: Disagreement, count: int) -> str:
    """Say how many partials are outside, and which one by most; by an estimate, if it is one."""
    limit = judged.record.reason.removeprefix(str(fault))
    estimate = fault.estimate()
    return (
        f"{int(judged.outside.sum())} of {count_partials(count)} outside what rounding "
        f"allows{at_place(fault.point)}; the worst: {fault.component} is {fault.value:.17g}, "
        f"should be {fault.expected:.17g}{describe_ratio(fault.value, fault.expected)}"
        f"{',' if estimate else ''}{estimate}{limit}"
    )


def describe_no_number(place: str, certificate: Certificate, numbers: np.ndarray) -> str:
    """Name a partial that does not exist, for which no number is given."""
    k = int(np.flatnonzero(certificate.rough & ~np.isfinite(numbers))[0])
    label = certificate.operator.layout(certificate.point).label(k)
    return (
        f"{label} is {numbers[k]:.6g}{at_place(place)}; one-sided derivatives differ there, and a "
        "number between them is wanted"
    )


def at_place(place: str) -> str:
    """Name a point that calcbench chose."""
    return f" at {place}" if place not in ("", "own") else ""


def _describe_points(found: Check) -> str:
    """Say at how many points a gradient is proved right, and where the function has no value."""
    absent = found.asked - found.points
    where = f"; no value at {absent} of them" if absent else ""
    others = f"; difference quotients agree at {found.agreeing}" if found.agreeing else ""
    return f"proved at {found.proved} of {found.asked} points{others}{where}"


def describe_ratio(got: float, true: float) -> str:
    """Say by which factor a partial is wrong, or by which part of it."""
    if not true or not math.isfinite(got):
        return ""
    factor = f"{got / true + 0.0:.6g}"  # 0, and not −0
    return f" (×{factor})" if factor != "1" else f" (off by {abs(got / true - 1):.1g} of that)"


def count_partials(partials: int) -> str:
    """Write how many partials there are."""
    return f"{partials:,} partial{'' if partials == 1 else 's'}"


def _as_json(found: Witness | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"agrees": found.agrees, "digits": found.digits, "needed": found.needed}


def _describe_witness(kind: str, found: Witness) -> str:
    """Say what differences of a kind say, by an estimate of their errors."""
    tried = len(found.positions)
    of = count_partials(found.of)
    some = "" if tried == found.of else f" in {tried:,} of {of} and along a direction"
    if found.vague and not found.outside.any():
        return f"{kind}{some} vouch for no digit"
    if found.agrees:
        return (
            f"{kind}{some} agree to {found.digits:.1f} digits "
            f"({found.needed:.1f} needed, estimated)"
        )
    wrong, k = int(found.outside[:tried].sum()), found.worst
    where = (
        f"in {wrong} of {count_partials(tried)}: {found.name or 'one'}"
        if wrong
        else "along a random direction: it"
    )
    claimed, quotient = write_apart(found.claimed[k], found.quotients[k])
    return (
        f"{kind} disagree {where} is {claimed}, they give {quotient} (± {found.bounds[k]:.1g}, "
        "estimated)"
    )
