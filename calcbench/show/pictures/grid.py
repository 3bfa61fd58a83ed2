"""The cost on a grid of two components, made finer where the cost is smooth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.interpolate import RectBivariateSpline

from calcbench.show.pictures.landscape import Landscape
from calcbench.show.pictures.windows import Axis

NODES = 81
"""Nodes in each direction at which the cost is computed."""

FINER = 3
"""Into how many pieces each cell is divided, in each direction, where the cost is smooth."""

CHECKED = 100
"""Places at which an interpolation is held against the cost."""


class Grid(NamedTuple):
    """Values of the two components, and the cost: a row for each value of the second one."""

    xs: np.ndarray
    ys: np.ndarray
    heights: np.ndarray


def compute_grid(landscape: Landscape, axes: tuple[Axis, Axis]) -> Grid:
    """Compute the cost on a grid; NaN where it is no finite number."""
    xs, ys = (axis.values(NODES) for axis in axes)
    heights = np.array([[_cost(landscape, axes, x, y) for x in xs] for y in ys])
    return Grid(xs, ys, heights)


def refine(coarse: Grid, landscape: Landscape, axes: tuple[Axis, Axis]) -> Grid:
    """Interpolate a grid, unless that is worse than straight lines between its nodes.

    A narrow valley and the crossing at a saddle point are jagged on the coarse grid. A cubic spline
    follows them; at kinks and jumps it overshoots, so both are held against the cost at places
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
    true = np.array([_cost(landscape, axes, x, y) for x, y in zip(xs, ys, strict=True)])
    corners = [coarse.heights[rows + j, columns + i] for j in (0, 1) for i in (0, 1)]
    straight = np.max(np.abs(np.mean(corners, axis=0) - true))
    if not np.max(np.abs(spline.ev(ys, xs) - true)) <= straight:
        return coarse
    fine = [axis.values(FINER * (NODES - 1) + 1) for axis in axes]
    return Grid(fine[0], fine[1], spline(fine[1], fine[0]))


def _cost(landscape: Landscape, axes: tuple[Axis, Axis], x: float, y: float) -> float:
    vector = landscape.origin.copy()
    vector[axes[0].position], vector[axes[1].position] = x, y
    return landscape.cost(vector)
