"""Branches: which ways the comparisons of a cost and of its hand-derived formula go.

A branch is a comparison in a user's own code in which a parameter takes part. What calcbench's
vocabulary compares within `maximum`, `abs` or `floor` is none, but a kink: nobody has to be told of
it. A formula that is right on one side of either may be wrong on the other, so that points are
looked for on both: at random, and by Newton's steps from where the sides of the comparison are to
where they would be equal, and beyond.
"""

from __future__ import annotations

import functools
import linecache
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType, FrameType

import numpy as np
from flint import arb

from calcbench.certified import balls, budget
from calcbench.certified.balls import Ball, Tape, Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.evaluation import NotCertified, evaluate
from calcbench.certified.formulas import evaluate_formula
from calcbench.errors import FormulaError, ProblemError
from calcbench.operators import Operator
from calcbench.problem.faults import STANDARD, describe
from calcbench.problem.point import Point
from calcbench.problem.sampling import draw_inside, draw_units

BITS = 64
"""The precision at which points are tried: enough to decide a comparison that is not a near tie."""

SECONDS = 1.0
"""The longest that a search may take, of the processor's time."""

SCALES = (2.0, 20.0, 200.0)
"""Scales at which parameters are drawn."""

DRAWS = 4
"""Points drawn at each scale."""

MOST_POINTS = 16
"""Points at most that a search adds."""

NEWTON_STEPS = 6
"""Steps from a point towards a comparison, before it is given up."""

BEYOND = (1.5, 1.05, 3.0, 1.0)
"""How far to step, where 1 is to where the sides of a comparison are equal to first order."""

ORDERED = ("max", "min", "clip", "abs", "sort")
"""Parts of names of functions that compare, and have a derivative on both sides."""


@dataclass(frozen=True)
class Site:
    """Where a comparison stands in a user's code."""

    file: str
    line: int
    column: int
    text: str
    kink: str = ""
    """Where within a function such as `maximum`, `abs` or `floor` it is, and no branch."""

    def __str__(self) -> str:
        """Write the comparison and its line: `x < -1` at line 9."""
        return f"`{self.text}` at line {self.line}"


Outcome = tuple[Site, bool]
"""A comparison, and whether it held."""


@dataclass
class Visit:
    """What the comparisons were at one point."""

    point: Point
    outcomes: set[Outcome] = field(default_factory=set)
    ways: dict[Outcome, tuple[float, np.ndarray]] = field(default_factory=dict)
    """A comparison that held, or did not → its left side less its right one, where they were
    nearest, with the gradient of that by all parameters."""

    @property
    def signature(self) -> frozenset[Outcome]:
        """All that was decided: points of one signature run the same branches."""
        return frozenset(self.outcomes)


# --- one point ------------------------------------------------------------------------------------


def visit(point: Point, operator: Operator, deadline: float = float("inf")) -> Visit:
    """Evaluate the cost at a point, and the hand-derived formula, and note every comparison.

    Raises `NotCertified` where one of them cannot be evaluated on balls, or not until `deadline`,
    and where the cost is not what it should be; `FormulaError` where the formula is not.
    """
    found = Visit(point)
    with balls.precision(BITS), budget.limit(deadline):
        try:
            watch = _Watch()
            run = evaluate(point, deadline, watch=watch)
            watch.report(found, run.tape)
            for part in operator.parts():  # each has a formula, and the parameters on a tape
                tape, watch = Tape(deadline), _Watch()
                tape.watch = watch
                evaluate_formula(point, BITS, part, tape, deadline - time.thread_time())
                watch.report(found, tape)
        except Undecided as error:
            raise NotCertified(f"too near a tie: {error}") from error
        except TooSlow:
            raise NotCertified("it would take too long") from None
        except FormulaError:
            raise
        except ProblemError as error:  # of a point that nobody asked for
            raise NotCertified(describe(error)) from error
    return found


class _Watch:
    """Keeps, of every comparison, the two sides that were nearest to the other outcome."""

    def __init__(self) -> None:
        self.nearest: dict[Outcome, tuple[float, Ball, Ball]] = {}

    def __call__(self, left: Ball, right: Ball, holds: bool) -> None:
        site = _find_site()
        gap = abs(float((left.value - right.value).mid()))
        if site is None or (site.kink and gap == 0):  # on a kink is on neither side of it
            return
        if gap < self.nearest.get((site, holds), (np.inf,))[0]:
            self.nearest[site, holds] = gap, left, right

    def report(self, found: Visit, tape: Tape) -> None:
        """Add the comparisons to a visit, with the way to the other outcome of each."""
        tape.watch = None
        for outcome, (_, left, right) in self.nearest.items():
            found.outcomes.add(outcome)
            found.ways[outcome] = _gap(left, right, tape)


def _gap(left: Ball, right: Ball, tape: Tape) -> tuple[float, np.ndarray]:
    """Compute the difference of two balls, and its gradient by all parameters."""
    gap = left - right
    order = balls.recorded_ancestors(gap)
    balls.reverse([(gap, arb(1))], order)
    slopes = [0.0 if b.adjoint is None else float(b.adjoint.mid()) for b in tape.leaves]
    balls.reset_adjoints([gap], order)
    return float(gap.value.mid()), np.array(slopes)


# --- where a comparison stands --------------------------------------------------------------------


def _find_site() -> Site | None:
    """Find the line of a user's own code that compares, or calls what does: a kink."""
    frame: FrameType | None = sys._getframe(2)
    # One call may compare several times: where it does tells these apart.
    within = f"{frame.f_lasti}" if frame else ""
    while frame is not None and frame.f_globals.get("__name__") == balls.__name__:
        frame = frame.f_back
    kink = ""
    while frame is not None:
        code = frame.f_code
        if _is_users(frame.f_globals.get("__name__", ""), code.co_filename):
            return _read_site(code, frame.f_lasti, kink)
        kink = kink or f"{within}, {code.co_name} {frame.f_lasti}"
        frame = frame.f_back
    return None


@functools.cache
def _is_users(module: str, file: str) -> bool:
    """Tell whether code is a user's, or a problem's; the vocabulary's is not, nor a library's."""
    package = module.split(".")
    if file.startswith(STANDARD) and "site-packages" not in file:
        return False
    return package[0] not in ("calcbench", "numpy") or package[:2] == ["calcbench", "problems"]


@functools.cache
def _read_site(code: CodeType, instruction: int, kink: str) -> Site:
    """Read the comparison off the source; a call of `max` and the like is a kink."""
    positions = list(code.co_positions())[instruction // 2]
    line, last, start, end = (part or 0 for part in positions)
    lines = [linecache.getline(code.co_filename, k).encode() for k in range(line, last + 1)]
    text = "a comparison"
    if lines and all(lines) and end:
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
        text = " ".join(b" ".join(lines).decode().split())
    called = text.partition("(")[0] if text.endswith(")") else ""
    if not kink and any(part in called.rpartition(".")[2] for part in ORDERED):
        kink = called
    return Site(code.co_filename, line or code.co_firstlineno, start, text, kink)


# --- the search -----------------------------------------------------------------------------------


def search(known: Iterable[Visit], operator: Operator) -> list[Visit]:
    """Look for points at which comparisons go other ways than at the known ones.

    First for outcomes that were never seen, then at random, then for other combinations, within
    `SECONDS` and up to `MOST_POINTS`.
    """
    found = _Search(list(known), operator)
    found.cross_missing(kinks=False)
    found.scatter()
    found.cross_missing(kinks=True)
    found.cross_all()
    return found.added


def unseen(outcomes: Iterable[Outcome]) -> list[str]:
    """Say of every comparison with a single outcome which one it never had."""
    missing = _missing(outcomes, kinks=False)
    return [f"{site} was never {str(holds).lower()}" for site, holds in missing]


def _missing(outcomes: Iterable[Outcome], kinks: bool) -> list[Outcome]:
    """List the other outcomes of branches, or kinks, that had a single one, as in the source."""
    seen = {(site, holds) for site, holds in outcomes if bool(site.kink) == kinks}
    return sorted(
        {(site, not holds) for site, holds in seen} - seen,
        key=lambda outcome: (outcome[0].file, outcome[0].line, outcome[0].column),
    )


class _Search:
    """Points visited so far, and the new ones among them."""

    def __init__(self, visits: list[Visit], operator: Operator) -> None:
        self.visits, self.operator = visits, operator
        self.signatures = {visit.signature for visit in visits}
        self.added: list[Visit] = []
        self.deadline = time.thread_time() + SECONDS

    def cross_missing(self, kinks: bool) -> None:
        """Step from every point across each branch, or kink, that had a single outcome."""
        for wanted in self._missing(kinks):
            for start in list(self.visits):
                if wanted in self._missing(kinks):
                    self._cross(start, wanted)

    def scatter(self) -> None:
        """Visit random points at several scales."""
        own, rng = self.visits[0].point, np.random.default_rng(0)
        for scale in SCALES:
            for _ in range(DRAWS):
                self._try(draw_inside(own, functools.partial(draw_units, scale=scale), rng))

    def cross_all(self) -> None:
        """Step from every point, new ones too, across each comparison with one outcome there."""
        for start in self.visits:
            for site, holds in sorted(start.ways, key=str):
                if (site, not holds) not in start.outcomes:
                    self._cross(start, (site, not holds))

    def _missing(self, kinks: bool) -> list[Outcome]:
        return _missing((outcome for visit in self.visits for outcome in visit.outcomes), kinks)

    def _cross(self, start: Visit, wanted: Outcome) -> None:
        """Step towards a comparison, by Newton's method, until it has the wanted outcome."""
        site, holds = wanted
        here: Visit | None = start
        for _ in range(NEWTON_STEPS):
            if here is None or wanted in here.outcomes or (site, not holds) not in here.ways:
                return
            gap, slopes = here.ways[site, not holds]
            length = float(slopes @ slopes)
            if not (np.isfinite(gap) and np.isfinite(length) and length > 0):
                return
            steps = (-beyond * gap / length * slopes for beyond in BEYOND)
            tried = (self._try(_move(here.point, step)) for step in steps)
            here = next((found for found in tried if found is not None), None)

    def _try(self, point: Point | None) -> Visit | None:
        """Visit a point, unless it is none or the time is up; keep it if its branches are new."""
        if point is None or len(self.added) >= MOST_POINTS or time.thread_time() > self.deadline:
            return None
        try:
            found = visit(point, self.operator, self.deadline)
        except NotCertified:
            return None
        if found.signature not in self.signatures:
            self.signatures.add(found.signature)
            self.visits.append(found)
            self.added.append(found)
        return found


def _move(point: Point, step: np.ndarray) -> Point | None:
    """Move all parameters; None where that leaves the domain."""
    moved = point.with_values(point.unflatten(point.vector + step))
    return moved if point.problem.contains(moved.values) else None
