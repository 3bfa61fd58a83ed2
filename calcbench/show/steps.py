"""The error of a difference quotient against its step: the V, with the predicted optimum.

Left of the optimum rounding grows as 1/h, right of it truncation grows as hᵖ. The prediction is
the step at which the bound is least, and the bound comes from the cost's own rounding (its ball
at working precision) and an enclosure of the higher derivative over the step (Nocedal & Wright,
Numerical Optimization, 2nd ed., section 8.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.error_bound import ErrorBound
from calcbench.backend.numpy_cost import check_repeats
from calcbench.certified.reference import NotCertified, NotSmoothHere, reference
from calcbench.errors import SelectorError
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point, component_name
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.size import SizeLike
from calcbench.record.plain import plain
from calcbench.report.picture import Chart, can_draw, check_ending
from calcbench.report.tables.table import Entry, Table
from calcbench.report.tables.text import write_text
from calcbench.report.tables.widths import PIPED_WIDTH
from calcbench.show.pictures.steps import draw_steps
from calcbench.show.rows import sample_rows

STEPS = tuple(float(10.0**-k) for k in np.arange(0, 15.25, 0.5))
"""Two steps h per decade, from 1 to 10⁻¹⁵."""

ROWS = 32
"""Rows of the data that are differenced, at most: every step is, by every backend."""


@dataclass(frozen=True)
class Step:
    """One difference quotient: its error and its bound, relative to the true partial."""

    backend: str
    step: float
    error: float
    bound: float
    """Proved; infinite where there is no proof."""


SCHEMES = tuple(
    f"finite_difference[scheme={scheme}]" for scheme in ("forward", "central", "richardson")
)
"""Backends whose curves are drawn where none is named."""


@dataclass(frozen=True, repr=False)
class Curve:
    """The errors of one partial derivative at every step, by one backend or several."""

    problem: str
    partial: str
    steps: tuple[Step, ...]
    optimum: Mapping[str, float]
    """Backend → the step at which its bound is least; NaN where it has none."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Backend → what it is called in tables and pictures: `forward`, `central`."""
    letter: str = "C"
    """What the problem's formula calls the cost."""
    sampled: str = ""
    """Which rows of the data were taken, if not all."""

    def picture(self) -> Chart:
        """Draw errors, bounds and best steps. Raises `NotInstalled` without the extra `plot`."""
        return draw_steps(self)

    def save(self, path: str | Path) -> None:
        """Save the picture: .svg, .png, .pdf or .html, or Vega-Lite as .json."""
        check_ending(path, Chart.endings)  # before it is drawn
        self.picture().save(path)

    def _repr_svg_(self) -> str | None:
        return self.picture().svg() if can_draw() else None

    def __str__(self) -> str:
        """Write the table: a row per step, a column per backend."""
        return write_text([table(self)], PIPED_WIDTH)

    __repr__ = __str__

    def as_json(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        data: dict[str, Any] = plain(asdict(self))
        return data


def curve(
    problem: Problem,
    partial: str | None,
    backends: Iterable[Backend],
    at: Mapping[str, Any] | None = None,
    size: SizeLike | None = None,
    seed: int = 0,
) -> Curve:
    """Difference one partial (`m`, `w[3]`; the first if None) at every step of `STEPS`.

    Of many rows, `ROWS` evenly spaced ones are taken.

    The backends are those with an option `delta`. Raises `SelectorError` for others, and for a
    partial that the problem does not have; `NotCertified` where there is no true value,
    `NotSmoothHere` where there is no derivative.
    """
    point, sampled = sample_rows(own_point(problem, size, seed, at), ROWS)
    engines = list(backends)
    name, index = point.split_component("" if partial is None else partial)
    truths = {
        dtype: _true_partial(point.round_to(dtype), name, index)
        for dtype in dict.fromkeys(engine.dtype for engine in engines)
    }
    steps: list[Step] = []
    optimum = {}
    for backend in engines:
        if "delta" not in backend.options():
            raise SelectorError(f"backend {backend.name!r} takes no step: it has no option delta")
        truth, taken = truths[backend.dtype], []
        scale = abs(truth) or 1.0
        for delta in STEPS:
            stepped = replace(backend, delta=delta)  # type: ignore[call-arg]
            with np.errstate(all="ignore"):  # a step below the spacing of floats gives 0/0
                value = stepped.prepare(point).evaluate(point)[name][index]
                bound = stepped.error_bound(point)
            allowed = _proved(bound, name, index)
            error = abs(float(value) - truth)
            taken.append(Step(backend.selector, delta, error / scale, allowed / scale))
        steps += taken
        least = min(taken, key=lambda step: step.bound)
        optimum[backend.selector] = least.step if np.isfinite(least.bound) else np.nan
    partial = component_name(name, index)
    letter = problem.letter
    return Curve(problem.name, partial, tuple(steps), optimum, _label(engines), letter, sampled)


def _proved(bound: Arrays | None, name: str, index: tuple[int, ...]) -> float:
    """Take the bound of one partial if it is proved; infinite if it is an estimate, or missing.

    An estimate follows from quotients at longer and shorter steps: it says nothing of a step beyond
    which the cost is flat.
    """
    if bound is None:
        return np.inf
    proved = not isinstance(bound, ErrorBound) or bool(bound.proved[name][index])
    return float(bound[name][index]) if proved else np.inf


def _true_partial(point: Point, name: str, index: tuple[int, ...]) -> float:
    """Certify one partial. Raises `NotSmoothHere` where it does not exist, else `NotCertified`.

    And `ProblemError` for a cost that gives another value when it is run again.
    """
    check_repeats(point)
    found = reference(point)
    label = (
        f"∂{point.problem.letter}/∂{component_name(name, index)} of problem {point.problem.name!r}"
    )
    if name in found.rough and found.rough[name][index]:
        raise NotSmoothHere(
            f"{label}: not smooth here: one-sided derivatives differ, as far as can be told; "
            "choose another point by `at`"
        )
    if name in found.open and found.open[name][index]:
        raise NotCertified(f"{label} is not certified: {found.reasons[name][index]}")
    return float(found.value[name][index])


def _label(backends: list[Backend]) -> dict[str, str]:
    """Call backends by their scheme, where that tells them apart."""
    schemes = {b.selector: str(getattr(b, "scheme", b.selector)) for b in backends}
    return schemes if len(set(schemes.values())) == len(schemes) else {b: b for b in schemes}


def table(curve: Curve) -> Table:
    """Tabulate a curve: a row per step, a column per backend; the optimum is marked."""
    backends = list(curve.optimum)
    found = {(s.backend, s.step): s for s in curve.steps}

    def entry(backend: str, step: float) -> Entry:
        here = found[backend, step]
        mark = " ←" if curve.optimum[backend] == step else "  "
        above = _up(here.bound)
        bound = f"≤ {above:.0e}" if np.isfinite(above) else "no bound"
        return Entry(f"{here.error:.1e} ({bound}){mark}")

    rows = [[Entry(f"{h:.1e}"), *(entry(b, h) for b in backends)] for h in STEPS]
    title = f"{curve.problem}: relative error of ∂{curve.letter}/∂{curve.partial} against the step"
    heads = [curve.labels.get(backend, backend) for backend in backends]
    notes = ["← the step at which the bound is least"]
    return Table(title, ["step", *heads], rows, [*notes, curve.sampled] if curve.sampled else notes)


def _up(bound: float) -> float:
    """Round a bound up to one digit, so that it does not look smaller than it is."""
    if not 0 < bound < np.inf:
        return bound
    unit = 10.0 ** np.floor(np.log10(bound))
    with np.errstate(over="ignore"):
        return float(np.ceil(bound / unit) * unit)
