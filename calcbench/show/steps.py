"""The error of a difference quotient against its step: the V, with the predicted optimum.

Left of the optimum rounding grows as 1/h, right of it truncation grows as hᵖ. The prediction is
the step at which the bound is least, and the bound comes from the cost's own rounding (its ball
at working precision) and an enclosure of the higher derivative over the step (Nocedal & Wright,
Numerical Optimization, 2nd ed., section 8.1).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.certified.reference import reference
from calcbench.errors import NotInstalled, SelectorError, missing
from calcbench.problem.inputs import own_point
from calcbench.problem.point import component_name
from calcbench.problem.problem import Problem
from calcbench.record.plain import plain
from calcbench.record.writing import replacing
from calcbench.report.tables.table import Entry, Table

STEPS = tuple(float(10.0**-k) for k in np.arange(0, 15.25, 0.5))
"""Two steps h per decade, from 1 to 10⁻¹⁵."""

FORMATS = (".html", ".svg", ".png", ".json")
"""Ends of the names of files that a curve can be drawn to."""

TINY = 1e-17
"""Where an error of 0 stands, which has no place on a logarithmic axis."""


@dataclass(frozen=True)
class Step:
    """One difference quotient: its error and its bound, relative to the true partial."""

    backend: str
    step: float
    error: float
    bound: float


@dataclass(frozen=True)
class Curve:
    """The errors of one partial derivative at every step, by one backend or several."""

    problem: str
    partial: str
    steps: tuple[Step, ...]
    optimum: Mapping[str, float]
    """Backend → the step at which its bound is least."""

    def as_json(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        data: dict[str, Any] = plain(asdict(self))
        return data


def curve(
    problem: Problem,
    partial: str | None,
    backends: Iterable[Backend],
    at: Mapping[str, Any] | None = None,
) -> Curve:
    """Difference one partial (`m`, `w[3]`; the first if None) at every step of `STEPS`.

    The backends are those with an option `delta`. Raises `SelectorError` for others, and for a
    partial that the problem does not have; `NotCertified` where there is no true value.
    """
    point = own_point(problem, at=at)
    name, index = point.split_component(partial or "")
    truth = float(reference(point).value[name][index])
    scale = abs(truth) or 1.0
    steps: list[Step] = []
    optimum = {}
    for backend in backends:
        if "delta" not in backend.options():
            raise SelectorError(f"backend {backend.name!r} takes no step: it has no option delta")
        taken = []
        for delta in STEPS:
            stepped = replace(backend, delta=delta)  # type: ignore[call-arg]
            with np.errstate(all="ignore"):  # a step below the spacing of floats gives 0/0
                value = stepped.prepare(point).evaluate(point)[name][index]
                bound = stepped.error_bound(point)
            allowed = np.nan if bound is None else float(bound[name][index])
            error = abs(float(value) - truth)
            taken.append(Step(backend.selector, delta, error / scale, allowed / scale))
        steps += taken
        optimum[backend.selector] = min(taken, key=lambda s: s.bound).step
    return Curve(problem.name, component_name(name, index), tuple(steps), optimum)


def table(curve: Curve) -> Table:
    """Tabulate a curve: a row per step, a column per backend; the optimum is marked."""
    backends = list(curve.optimum)
    found = {(s.backend, s.step): s for s in curve.steps}

    def entry(backend: str, step: float) -> Entry:
        here = found[backend, step]
        mark = " ←" if curve.optimum[backend] == step else "  "
        return Entry(f"{here.error:.1e} (≤ {_up(here.bound):.0e}){mark}")

    rows = [[Entry(f"{h:.1e}"), *(entry(b, h) for b in backends)] for h in STEPS]
    title = f"{curve.problem}: relative error of ∂C/∂{curve.partial} against the step"
    return Table(title, ["step", *backends], rows, ["← the step at which the bound is least"])


def plot(curve: Curve, path: Path) -> None:
    """Draw the V to an HTML, SVG, PNG or Vega-Lite JSON file, with altair.

    Raises `NotInstalled` where altair is missing, `SelectorError` for another kind of file or one
    that cannot be written.
    """
    if path.suffix not in FORMATS:
        raise SelectorError(f"cannot draw to {str(path)!r}: choose from {', '.join(FORMATS)}")
    reason = missing(("altair", "vl_convert"), "python -m pip install altair vl-convert-python")
    if reason:
        raise NotInstalled(f"a plot needs altair: {reason}")
    chart = _chart(importlib.import_module("altair"), curve)
    with replacing(path) as part:
        chart.save(str(part), **({"scale_factor": 2} if path.suffix == ".png" else {}))


def _chart(alt: Any, curve: Curve) -> Any:
    """Lay the errors, the bounds and the optima of a curve over each other."""
    rows = [
        {**asdict(step), "error": max(step.error, TINY), "bound": max(step.bound, TINY)}
        for step in curve.steps
    ]
    best = [row for row in rows if curve.optimum[row["backend"]] == row["step"]]
    x = alt.X("step:Q", title="step h").scale(type="log", reverse=True).axis(format=".0e")
    y = alt.Y("error:Q", title="relative error").scale(type="log").axis(format=".0e")
    color = alt.Color("backend:N", title=None).legend(orient="top", columns=1, labelLimit=400)
    base = alt.Chart(alt.Data(values=rows))
    return (
        base.mark_line(point=True).encode(x, y, color)
        + base.mark_line(strokeDash=[4, 3], opacity=0.5).encode(
            x, alt.Y("bound:Q", title="relative error"), color
        )
        + alt.Chart(alt.Data(values=best)).mark_rule(strokeDash=[1, 3]).encode(x, color)
    ).properties(
        title={
            "text": f"{curve.problem}: ∂C/∂{curve.partial} by difference quotients",
            "subtitle": "dashed: the proved bound; dotted: the step at which it is least",
        },
        width=560,
        height=360,
    )


def _up(bound: float) -> float:
    """Round a bound up to one digit, so that it does not look smaller than it is."""
    if not 0 < bound < np.inf:
        return bound
    unit = 10.0 ** np.floor(np.log10(bound))
    return float(np.ceil(bound / unit) * unit)
