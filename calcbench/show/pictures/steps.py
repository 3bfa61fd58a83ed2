"""The error of a difference quotient against its step: the V, its bound, and the best step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from calcbench.report.picture import Chart, load_altair
from calcbench.show.pictures.style import (
    LOG_LABELS,
    SERIES,
    chart_of,
    finish,
    line_widths,
    write_number,
)

if TYPE_CHECKING:
    from calcbench.show.steps import Curve, Step

BAND = 20
"""Pixels for the marks of one backend whose errors are exact."""

TENS = [10.0**-k for k in range(0, 17, 2)]
"""Steps that the axis names."""

ROOM = 4.0
"""Factor by which the axes reach beyond what is drawn."""


WORTHLESS = 1e3
"""Relative errors and bounds above this one are not drawn: they would flatten the others."""


def draw_steps(curve: Curve) -> Chart:
    """Draw errors as lines, bounds as dashes, and the step of the least bound as a dotted rule.

    An error of 0, which a logarithmic axis has no place for, is a mark in a band "exact" below it.
    """
    alt = load_altair()
    names = {backend: curve.labels.get(backend, backend) for backend in curve.optimum}
    floor, ceiling = _limits(curve.steps)
    errors, bounds, exact = _rows(curve, names, (floor, ceiling))
    steps, y = _scales(alt, curve, floor, ceiling)
    x = steps.axis(labels=False, ticks=False, title=None, values=TENS) if exact else steps
    colour, width = _lines(alt, list(names.values()))
    optimum = {names[b]: step for b, step in curve.optimum.items() if np.isfinite(step)}
    best = [{"step": step, "name": name} for name, step in optimum.items()]
    layers = [
        chart_of(alt, bounds)
        .mark_line(strokeDash=[5, 4], opacity=0.6, clip=True)
        .encode(x, y, colour, detail="piece:N"),
        chart_of(alt, errors)
        .mark_line(opacity=0.85, clip=True)
        .encode(x, y, colour, width, detail="piece:N"),
        chart_of(alt, errors)
        .mark_point(filled=True, size=26, opacity=1, clip=True)
        .encode(x, y, colour),
        chart_of(alt, best).mark_rule(strokeDash=[1, 3], strokeWidth=2).encode(x, colour),
    ]
    legend = "dashes: the proved bound; dots: the step at which it is least"
    said = ", ".join(f"{name} {write_number(step, 2)}" for name, step in optimum.items())
    title = f"{curve.problem}: ∂{curve.letter}/∂{curve.partial} by difference quotients"
    chart = alt.layer(*layers).properties(width=600, height=380)
    if exact:
        chart = alt.vconcat(chart, _exact_band(alt, exact, steps, colour), spacing=6)
    return finish(chart, title, f"{legend} ({said or 'none is proved'})", curve.sampled)


def _scales(alt: Any, curve: Curve, floor: float, ceiling: float) -> tuple[Any, Any]:
    """Make the logarithmic axes of steps and errors."""
    # Room to both sides, lest a rule hide in an axis.
    steps = [step.step for step in curve.steps]
    return (
        alt.X("step:Q", title="step h")
        .scale(type="log", domain=[min(steps) / 2, max(steps) * 2], nice=False)
        .axis(labelExpr=LOG_LABELS, values=TENS),
        alt.Y("error:Q", title="relative error")
        .scale(type="log", domain=[floor, ceiling], nice=False)
        .axis(labelExpr=LOG_LABELS, tickCount=8),
    )


def _lines(alt: Any, labels: list[str]) -> tuple[Any, Any]:
    """Give every backend its colour, and its line a width."""
    places = range(len(labels))
    return (
        alt.Color("name:N", title=None, sort=labels)
        .scale(domain=labels, range=[SERIES[k % len(SERIES)] for k in places])
        .legend(alt.Legend(orient="top", symbolType="stroke", symbolOpacity=1)),
        alt.StrokeWidth("name:N", sort=labels)
        .scale(domain=labels, range=line_widths(len(labels)))
        .legend(None),
    )


def _exact_band(alt: Any, exact: list[dict[str, Any]], x: Any, colour: Any) -> Any:
    """Mark the steps whose error is 0, in a row for each backend."""
    names = list(dict.fromkeys(row["name"] for row in exact))
    rows = alt.Y("name:N", title="exact", sort=names).axis(
        labels=False, ticks=False, grid=True, titleAngle=0, titleAlign="right", titlePadding=8
    )
    marks = chart_of(alt, exact).mark_point(shape="diamond", filled=True, size=55, opacity=1)
    return marks.encode(x, rows, colour.legend(None)).properties(
        width=600, height=BAND * len(names)
    )


def _limits(steps: Sequence[Step]) -> tuple[float, float]:
    """Choose the interval of errors that is drawn: all errors, and the bounds near them."""
    found = [step.error for step in steps if step.error > 0 and np.isfinite(step.error)]
    if not found:  # exact throughout
        return 1e-17, 1.0
    bounds = [step.bound for step in steps if step.bound > 0 and np.isfinite(step.bound)]
    highest = max([*found, *(b for b in bounds if b < WORTHLESS)])
    return min(found) / ROOM, max(min(highest, WORTHLESS), 2 * min(found)) * ROOM


def _rows(
    curve: Curve, names: dict[str, str], limits: tuple[float, float]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """List what is drawn of errors, of bounds, and of errors of 0; gaps end a piece of a line."""
    errors, bounds, exact = [], [], []
    floor, _ = limits
    for backend, name in names.items():
        piece = 0
        for step in (s for s in curve.steps if s.backend == backend):
            row = {"step": step.step, "name": name, "piece": f"{name}-{piece}"}
            if step.error > 0 and np.isfinite(step.error):
                errors.append({**row, "error": step.error})
            else:
                piece += 1
            if step.error == 0:
                exact.append(row)
            if floor < step.bound < np.inf:
                bounds.append({**row, "error": step.bound, "piece": name})
    return errors, bounds, exact
