"""A regression: its data, and the curve that the parameters lay through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.operators.operator import VALUE
from calcbench.problem.faults import RAISED
from calcbench.problem.point import Point
from calcbench.show.pictures.style import CURVE, INK, TANGENT, chart_of, height_axis, panel_title

DRAWN = 400
"""Points of the data that are drawn, at most."""

RESIDUALS = 40
"""Up to so many points, each is joined to the curve."""

SAMPLES = 61
"""Values that the curve is drawn from."""


@dataclass(frozen=True)
class Fit:
    """Data of one x and one y each, and a cost that is quadratic in y: least squares.

    The cost of a row is least where y is what the model predicts; a parabola shows where that is.
    """

    names: tuple[str, str]
    x: np.ndarray
    y: np.ndarray
    row_cost: Callable[[np.ndarray, float, float], float]
    """(flat vector of the parameters, x, y) → the cost of that row alone."""

    def predict(self, vector: np.ndarray, x: float) -> float:
        """Find the y that costs least; NaN where the cost is no parabola in y."""
        middle, step = float(np.mean(self.y)), float(np.std(self.y)) or 1.0
        below, here, above, far = (
            self.row_cost(vector, x, middle + k * step) for k in (-1, 0, 1, 2)
        )
        bend, slope = (above - 2 * here + below) / 2, (above - below) / 2
        parabola = here + 2 * slope + 4 * bend
        if not (bend > 0 and abs(parabola - far) <= 1e-6 * (abs(here) + abs(far))):
            return float("nan")
        return middle - step * slope / (2 * bend)

    def curve(self, vector: np.ndarray) -> list[dict[str, float]]:
        """Sample the model's curve over the data."""
        low, high = float(np.min(self.x)), float(np.max(self.x))
        if low == high:
            low, high = min(low, 0.0), max(high, 0.0)
        margin = 0.05 * (high - low) or 1.0
        xs = np.linspace(low - margin, high + margin, SAMPLES)
        found = [{"x": float(x), "y": self.predict(vector, float(x))} for x in xs]
        return [row for row in found if np.isfinite(row["y"])]

    def points(self) -> list[dict[str, float]]:
        """List the data, evenly spaced ones if there are many."""
        every = -(-len(self.x) // DRAWN)
        pairs = zip(self.x[::every].tolist(), self.y[::every].tolist(), strict=True)
        return [{"x": x, "y": y} for x, y in pairs]


def find_fit(point: Point, backend: Backend) -> Fit | None:
    """Find the regression in a problem, if it is one: rows of (x, y), or a single x and y."""
    names = point.problem.rows or point.problem.data
    arrays = [point[name] for name in names]
    plain = len(names) == 2 and all(a.dtype.kind == "f" and a.ndim < 2 for a in arrays)
    if not plain or arrays[0].shape != arrays[1].shape:
        return None
    shape = (1,) if arrays[0].ndim else ()

    def one_row(x: float, y: float) -> dict[str, np.ndarray]:
        return {name: np.full(shape, value) for name, value in zip(names, (x, y), strict=True)}

    first = point.with_values(one_row(float(arrays[0].flat[0]), float(arrays[1].flat[0])))
    try:
        cost = backend.prepare(first, "cost")
    except RAISED:  # a cost that takes no single row is no mean of squares over rows
        return None

    def row_cost(vector: np.ndarray, x: float, y: float) -> float:
        values = {**one_row(x, y), **point.unflatten(np.asarray(vector, np.float64))}
        try:
            with np.errstate(all="ignore"):
                return float(cost.evaluate(first.with_values(values))[VALUE])
        except RAISED:  # whatever a user's code raises at a place that it does not know
            return float("nan")

    found = Fit((names[0], names[1]), arrays[0].ravel(), arrays[1].ravel(), row_cost)
    return found if np.isfinite(found.predict(point.vector, float(found.x[0]))) else None


def draw_fit(alt: Any, fit: Fit, vector: np.ndarray, size: tuple[int, int]) -> Any:
    """Draw the data, the curve and, of few points, the residuals between them."""
    points, curve = fit.points(), fit.curve(vector)
    x, y = fit_scales(alt, fit)
    layers = [
        chart_of(alt, curve).mark_line(color=CURVE, strokeWidth=2).encode(x, y),
        draw_points(alt, points, x, y),
    ]
    if len(points) <= RESIDUALS:
        rows = [{**p, "to": fit.predict(vector, p["x"])} for p in points]
        rules = chart_of(alt, rows).mark_rule(color=TANGENT, strokeDash=[4, 3])
        layers.insert(0, rules.encode(x, y, y2="to:Q"))
    of = f", {len(points):,} of {len(fit.x):,} points" if len(points) < len(fit.x) else ""
    title = panel_title(f"data and curve{of}")
    return alt.layer(*layers).properties(width=size[0], height=size[1], title=title)


def fit_scales(alt: Any, fit: Fit) -> tuple[Any, Any]:
    """Make the axes of the data."""
    return (
        alt.X("x:Q", title=fit.names[0]).scale(zero=False, nice=False),
        height_axis(alt, "y:Q", fit.names[1]).scale(zero=False, nice=True),
    )


def draw_points(alt: Any, points: list[dict[str, float]], x: Any, y: Any) -> Any:
    """Draw the data as dots; many are small."""
    size = 60 if len(points) <= RESIDUALS else 14
    dots = chart_of(alt, points)
    return dots.mark_point(filled=True, size=size, color=INK, opacity=0.85).encode(x, y)
