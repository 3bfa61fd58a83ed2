"""The certificates at the points of a question: of all rows, or of a sample of very many."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from calcbench.backend.numpy_cost import check_cost, check_repeats, cost_fault
from calcbench.certified.certificate import SAMPLED_ROWS, Certificate, affordable_rows, certify
from calcbench.certified.reference import NotCertified, NotFiniteHere
from calcbench.errors import DeclarationError, ProblemError
from calcbench.judge.verdict import Certificates
from calcbench.operators import GRADIENT, Operator
from calcbench.problem import whereabouts
from calcbench.problem.faults import describe
from calcbench.problem.point import Point
from calcbench.problem.sampling import thin

Found = dict[tuple[str, str], Certificate | NotCertified]
"""(point, dtype) → the certificate, or why there is none."""


@dataclass(eq=False)
class Certified:
    """The certificates at the points of a question, each found once, when it is asked for."""

    where: Mapping[str, Point]
    operator: Operator = GRADIENT
    extent: str = ""
    """One of `certified.extent.EXTENTS`; if empty, an estimate of the time decides."""
    whole: Found = field(default_factory=dict)
    """Those of all rows."""
    sampled: Found = field(default_factory=dict)
    """Those of the sample."""
    seconds: float = 0.0
    """What finding those of all rows took."""
    repeats: bool = False
    """Whether the cost is known to give the same value when it is run again."""

    @cached_property
    def _rows(self) -> dict[str, int]:
        """Point → how many of its rows to certify, where these are not all.

        A point where comparisons tie may take longer than the others.
        """
        if self.extent in ("full", "none"):
            return {}
        wanted = {
            name: SAMPLED_ROWS if self.extent else affordable_rows(point, self.operator)
            for name, point in self.where.items()
        }
        return {name: rows for name, rows in wanted.items() if rows < self.where[name].row_count}

    @cached_property
    def sample(self) -> Mapping[str, Point]:
        """The points where certifying all rows takes too long, with fewer, and the own one with it.

        Of one number of rows, so that what is prepared at one of them runs at all. Empty where all
        rows are certified at every point.
        """
        if not self._rows:
            return {}
        fewest = min(self._rows.values())
        names = [name for name in self.where if name == "own" or name in self._rows]
        sample = {name: thin(self.where[name], fewest) for name in names}
        # Twice as many as can be afforded are not thinned.
        return sample if sample["own"].row_count < self.where["own"].row_count else {}

    @property
    def beyond(self) -> tuple[str, ...]:
        """The points where only a sample of the rows is certified."""
        return tuple(name for name in self.sample if name in self._rows)

    def check_repeats(self) -> None:
        """Raise `ProblemError` for a cost that gives another value when it is run again."""
        if not self.repeats:
            with whereabouts.at("point", whereabouts.SECOND_RUN):
                check_repeats(self.where["own"])
            self.repeats = True

    def at(self, dtypes: Sequence[str]) -> Certificates:
        """Give the certificates of all points for some dtypes: of all rows, or of the sample."""
        whole = {name: point for name, point in self.where.items() if name not in self.beyond}
        started = time.thread_time()
        self._find(self.whole, whole, dtypes)
        self.seconds += time.thread_time() - started
        return {**self.on_sample(dtypes), **_select(self.whole, dtypes)}

    def on_sample(self, dtypes: Sequence[str]) -> Certificates:
        """Give the certificates of the sample for some dtypes."""
        self._find(self.sampled, self.sample, dtypes)
        return _select(self.sampled, dtypes)

    def of_all_rows(self, dtypes: Sequence[str]) -> Certificates:
        """Give the certificates of all rows, where they are affordable, for some dtypes."""
        self.at(dtypes)
        return _select(self.whole, dtypes)

    def _find(self, found: Found, points: Mapping[str, Point], dtypes: Sequence[str]) -> None:
        """Certify points for those dtypes for which that has not been done."""
        new = [dtype for dtype in dtypes if not _select(found, [dtype])]
        if self.extent == "none":
            nothing = NotCertified("nobody asked for it")
            found.update({(name, dtype): nothing for name in points for dtype in new})
            return
        limited = self.extent != "full"
        found.update(certificates_at(points, new, self.operator, limited, self.where["own"]))

    def describe(self, vague: Iterable[str]) -> str:
        """Say how many rows are certified, where they are many, and in what time.

        `vague` are points where nobody is judged.
        """
        rows = self.where["own"].row_count
        few = self.sample["own"].row_count if self.sample else rows
        if "own" in self.beyond:
            return f"certified on {few:,} of {rows:,} rows; at full size by vote"
        if rows <= SAMPLED_ROWS:
            return ""
        seconds = self.seconds / len(self.whole)
        said = f"certified in {seconds:{'.1f' if seconds >= 1 else '.1g'}} s at {rows:,} rows"
        places = [name for name in self.beyond if name not in vague]
        return f"{said}, at {', '.join(places)} on {few:,} of them" if places else said


def _select(found: Found, dtypes: Sequence[str]) -> Found:
    return {key: certificate for key, certificate in found.items() if key[1] in dtypes}


def certificates_at(
    where: Mapping[str, Point],
    dtypes: Iterable[str],
    operator: Operator = GRADIENT,
    limited: bool = True,
    own: Point | None = None,
) -> Certificates:
    """Certify every point for every dtype: (point, dtype) → certificate, or why there is none.

    `own` is the problem's own point, if it is not among them.
    """
    own = own or where.get("own")
    defined = functools.cache(lambda: own is not None and cost_fault(own) is None)
    found: Found = {}
    for name, point in where.items():
        for dtype in dtypes:
            with whereabouts.at("point", name):
                certificate = _certify(name, point, dtype, operator, limited)
                if name != "own" and type(certificate) is NotCertified and defined():
                    certificate = _undefined(point) or certificate
            found[name, dtype] = certificate
    return found


def _undefined(point: Point) -> NotCertified | None:
    """Say that the cost is undefined at a point that calcbench chose, if NumPy raises there."""
    fault = cost_fault(point)
    return None if fault is None else NotFiniteHere(describe(fault))


def _certify(
    name: str, point: Point, dtype: str, operator: Operator, limited: bool
) -> Certificate | NotCertified:
    """Certify evaluations in `dtype`, at the numbers as that dtype holds them, or say why not.

    Raises `ProblemError` for a declared structure that is not true, and for a cost that is at fault
    at the problem's own point, in NumPy too.
    """
    try:
        return certify(point.round_to(dtype), dtype, operator, limited)
    except DeclarationError:
        raise
    except ProblemError as error:
        if name == "own":
            check_cost(point)
        return NotCertified(describe(error))
    except NotCertified as error:
        # Without the frames that it passed through, which hold on to all that was computed.
        error.__traceback__ = error.__context__ = None
        return error
