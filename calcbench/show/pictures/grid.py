"""A function of two variables on a grid, made finer where the function is smooth."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.interpolate import RectBivariateSpline

from calcbench.show.pictures.windows import Axis

NODES = 81
"""Nodes in each direction at which the height is computed."""

FINER = 3
"""Into how many pieces each cell is divided, in each direction, where the function is smooth."""

CHECKED = 100
"""Places at which an interpolation is held against the function."""


Height = Callable[[float, float], float]
"""The height at a place: of a cost, or of any function of two variables."""


class Grid(NamedTuple):
    """Values of the two variables, and heights: a row for each value of the second one."""

    xs: np.ndarray
    ys: np.ndarray
    heights: np.ndarray


def compute_grid(height: Height, axes: tuple[Axis, Axis]) -> Grid:
    """Compute heights on a grid."""
    xs, ys = (axis.values(NODES) for axis in axes)
    heights = np.array([[height(float(x), float(y)) for x in xs] for y in ys])
    return Grid(xs, ys, heights)


def refine(coarse: Grid, height: Height, axes: tuple[Axis, Axis]) -> Grid:
    """Interpolate a grid, unless that is worse than straight lines between its nodes.

    A narrow valley and the crossing at a saddle point are jagged on the coarse grid. A cubic spline
    follows them; at kinks and jumps it overshoots, so both are held against the function at places
    between the nodes, the same ones each time.
    """
    if not np.all(np.isfinite(coarse.heights)):
        return coarse
    spline = RectBivariateSpline(coarse.ys, coarse.xs, coarse.heights)
    rng = np.random.default_rng(0)
    rows, columns = (rng.integers(0, NODES - 1, CHECKED) for _ in "yx")
    xs, ys = (
        (values[places] + values[places + 1]) / 2
        for values, places in ((coarse.xs, columns), (coarse.ys, rows))
    )
    true = np.array([height(float(x), float(y)) for x, y in zip(xs, ys, strict=True)])
    corners = [coarse.heights[rows + j, columns + i] for j in (0, 1) for i in (0, 1)]
    straight = np.max(np.abs(np.mean(corners, axis=0) - true))
    if not np.max(np.abs(spline.ev(ys, xs) - true)) <= straight:
        return coarse
    fine = [axis.values(FINER * (NODES - 1) + 1) for axis in axes]
    return Grid(fine[0], fine[1], spline(fine[1], fine[0]))
