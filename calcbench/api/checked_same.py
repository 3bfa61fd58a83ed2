"""What is known of two functions that should be the same, as data and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from calcbench.api.checked import (
    NOT_CERTIFIED,
    at_place,
    count_partials,
    describe_ratio,
    describe_worst,
)
from calcbench.judge.result import Judged
from calcbench.record.plain import plain
from calcbench.record.record import Status


@dataclass(frozen=True)
class Same:
    """What is known of two functions: printed, it says so in a line or more.

    `assert same.ok` in a test. Partials go by the names that the first function's argument gives
    them. What is a pair is of the first function and of the second.
    """

    names: tuple[str, str]
    """What the two are called."""
    status: str
    """`ok`: the values and gradients of both are proved to be those of the same function, up to
    what rounding allows. `disagree`: proved not to be. `imprecise`: within bounds that vouch for no
    digit. `error`: a gradient did not come. `not certified`: nothing is proved of either, or not
    all, as where there is no derivative (`partly`)."""
    reason: str = ""
    """What differs, and where; empty where nothing does."""
    remarks: tuple[str, ...] = ()
    """On what less than both certificates and gradients this stands."""
    how: tuple[str, str] = ("", "")
    """On what each was run, such as `ATen on balls`."""
    dtype: str = "float64"
    """The coarser of those in which the two compute, for which rounding is allowed."""
    partials: int = 0
    """How many partials the gradient has."""
    digits: float | None = None
    """Digits to which values and gradients are right at least, each by the other's certificate."""
    needed: float | None = None
    """Digits that right ones have at least, by what rounding allows."""
    outside: int = 0
    """How many partials are outside of what rounding allows."""
    unjudged: int = 0
    """How many partials do not exist at x, because one-sided ones differ, and are not judged."""
    value: tuple[float, float] = (np.nan, np.nan)
    """The values of the two at x."""
    gradient: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = field(
        default_factory=lambda: ({}, {})
    )
    """The gradients of the two at x, name → array; empty for a function that has none."""
    reference: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = field(
        default_factory=lambda: ({}, {})
    )
    """The true gradients of the two; empty for a function that is not certified."""
    seconds: float = 0.0
    """Processor time that the check took."""
    asked: int = 1
    """At how many points to check: x, and others around it."""
    points: int = 0
    """At how many of them both functions have a value."""
    proved: int = 0
    """At how many of those the two are proved to be the same."""

    @property
    def ok(self) -> bool:
        """Whether the two are proved to be the same at x, and nothing is against it elsewhere."""
        return self.status == Status.OK

    @property
    def partly(self) -> bool:
        """Whether the two are proved to be the same at x but for partials that are not judged."""
        return self.status == NOT_CERTIFIED and self.unjudged > 0 and self.digits is not None

    @property
    def promising(self) -> bool:
        """Whether it is worth checking elsewhere: the two are the same, as far as is known."""
        return self.ok or self.partly

    @property
    def refuted(self) -> bool:
        """Whether the two are proved not to be the same, or a gradient does not come."""
        return self.status in (Status.DISAGREE, Status.ERROR)

    def as_json(self) -> dict[str, Any]:
        """Return what is known as plain data: arrays as lists, by name."""
        found: dict[str, Any] = plain(
            {each.name: getattr(self, each.name) for each in fields(self)}
        )
        return found

    def __str__(self) -> str:
        """Write the verdict, and below it what differs."""
        return "\n".join([self._headline(), *(f"  {line}" for line in self._lines())])

    __repr__ = __str__

    def _headline(self) -> str:
        both = " and ".join(self.names)
        unproved = self.status == NOT_CERTIFIED and not self.partly
        if unproved or self.digits is None or self.needed is None:
            return f"{both}: {self.status}: {self.reason}"
        dtype = "" if self.dtype == "float64" else f", {self.dtype}"
        return (
            f"{both}: {self._verdict()} ({_describe_how(self.how)}{dtype}; "
            f"{count_partials(self.partials)}, {self.digits:.1f} digits, {self.needed:.1f} needed, "
            f"{self.seconds:.2f} s)"
        )

    def _verdict(self) -> str:
        if self.partly:
            return f"the same, but for {count_partials(self.unjudged)}"
        return "the same" if self.ok else self.status

    def _lines(self) -> list[str]:
        told = [] if self.digits is None or self.status == NOT_CERTIFIED else [self.reason]
        points = f"proved at {self.proved} of {self.asked} points" if self.asked > 1 else ""
        absent = self.asked - self.points
        shown = self.ok or self.partly
        if points and shown and absent:
            points += f"; no value at {absent} of them"
        return [line for line in (*told, *self.remarks, points if shown else "") if line]


def _describe_how(how: tuple[str, str]) -> str:
    """Name on what both were run: `ATen and jaxpr on balls`."""
    short = dict.fromkeys(each.removesuffix(" on balls") for each in how if each)
    return f"{' and '.join(short)} on balls"


def describe_values(names: tuple[str, str], values: tuple[float, float], where: str) -> str:
    """Say that two functions have other values."""
    one, two = values
    return (
        f"the functions differ{where}: {names[0]} is {one:.17g}, {names[1]} is "
        f"{two:.17g}{describe_ratio(two, one)}"
    )


def describe_difference(names: tuple[str, str], judged: Judged, count: int, alone: bool) -> str:
    """Say how many partials of two functions differ, and which by most."""
    fault = judged.record.disagreement
    assert fault is not None
    start = "the functions differ, though their values agree: " if alone else ""
    return (
        f"{start}{int(judged.outside.sum())} of {count_partials(count)} "
        f"differ{at_place(fault.point)}; the worst: {fault.component} is {fault.expected:.17g} of "
        f"{names[0]}, {fault.value:.17g} of {names[1]}{describe_ratio(fault.value, fault.expected)}"
        f"{',' if fault.estimate() else ''}{fault.estimate()}"
    )


def describe_wrong(name: str, judged: Judged, count: int, same: bool, differ: bool) -> str:
    """Say that the gradient of one function is wrong, and where.

    That is, unless the functions differ; where they are known to be the same, that is said.
    """
    fault = judged.record.disagreement
    assert fault is not None
    start = "the functions are the same, but " if same else ""
    wrong = "" if differ else " is wrong"
    return f"{start}the gradient of {name}{wrong}: {describe_worst(judged, fault, count)}"


UNKNOWN = "; it is not certified, so that the function may differ, and not its gradient alone"


def describe_lacking(
    names: tuple[str, str], reasons: Sequence[str], gradients: Sequence[bool], without: int
) -> tuple[str, ...]:
    """Say which certificate or gradient there is none of, where the other's decides.

    And how many partials there are `without` a derivative.
    """
    told = [
        f"{name} is not certified: {reason}; both are held against the certificate of "
        f"{other}, and what rounding may do in it"
        for name, other, reason in zip(names, reversed(names), reasons, strict=True)
        if reason
    ]
    told += [
        f"{name} has no gradient of its own: grads=(…, …) would give it"
        for name, given in zip(names, gradients, strict=True)
        if not given
    ]
    if without:
        told.append(f"not judged: {count_partials(without)} without a derivative here")
    return tuple(told)


def describe_nothing(
    names: tuple[str, str],
    reasons: Sequence[str],
    values: tuple[float, float],
    gradients: tuple[np.ndarray | None, np.ndarray | None],
) -> str:
    """Say why nothing is proved of two functions, and to how many digits they agree."""
    known = zip(names, reasons, strict=True)
    told = "; ".join(f"{name}: {reason}" for name, reason in known if reason)
    digits = f"their values agree to {_digits(np.array(values[:1]), np.array(values[1:]))} digits"
    one, two = gradients
    if one is not None and two is not None:
        digits += f", their gradients to {_digits(one, two)}"
    return f"{told}; {digits}"


def _digits(one: np.ndarray, two: np.ndarray) -> str:
    """Count the digits to which numbers agree, relative to the largest."""
    scale = float(np.max(np.abs(one), initial=0.0)) or 1.0
    return f"{max(0.0, -np.log10(max(np.max(np.abs(one - two)) / scale, 1e-16))):.1f}"
