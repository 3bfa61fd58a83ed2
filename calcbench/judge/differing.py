"""Differing values: what backends give for components that nobody judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from calcbench.errors import write_apart
from calcbench.judge.contract import Run
from calcbench.judge.sensitivity import ROUNDINGS
from calcbench.operators import Layout
from calcbench.problem.flat import flatten
from calcbench.record.record import Status

NAMED = 3
"""Components whose values are listed; more would bury the rest."""


def differing_values(runs: list[Run], layout: Layout, open_at: Mapping[str, np.ndarray]) -> str:
    """List the values of components that are not judged, where backends give different ones.

    `open_at` is point → for each component, whether it is not judged there; of several points, the
    first counts. As in `values differ there: ∂C/∂x is 0 by torch and 1 by jax`; empty where all
    give the same.
    """
    found = list(_descriptions(runs, layout, open_at))
    if not found:
        return ""
    return f"values differ there: {'; '.join(found[:NAMED])}{'; …' if found[NAMED:] else ''}"


def _descriptions(
    runs: list[Run], layout: Layout, open_at: Mapping[str, np.ndarray]
) -> Iterator[str]:
    listed = np.zeros(layout.size, dtype=bool)
    for point, mask in open_at.items():
        there = [run for run in runs if run.status is Status.OK and point in run.results]
        values = [flatten(run.results[point].values(), np.float64) for run in there]
        reaches = [_reach(run, point, value) for run, value in zip(there, values, strict=True)]
        place = "" if point == "own" else f" at {point}"
        for k in np.flatnonzero(mask & ~listed):
            given = [
                (float(value[k]), float(reach[k]), run.backend.selector)
                for run, value, reach in zip(there, values, reaches, strict=True)
            ]
            groups = _group_equal(given)
            if len(groups) > 1:
                listed[k] = True
                written = write_apart(*(value + 0.0 for value, _ in groups), digits=6)
                each = " and ".join(
                    f"{value} by {', '.join(names)}"
                    for value, (_, names) in zip(written, groups, strict=True)
                )
                yield f"{layout.label(int(k))}{place} is {each}"


def _reach(run: Run, point: str, value: np.ndarray) -> np.ndarray:
    """Return how far apart values may be and still count as the same."""
    unit = float(np.finfo(run.backend.dtype).eps) / 2
    own = run.bounds.get(point)
    rounding = ROUNDINGS * unit * np.abs(value)
    return np.asarray(rounding if own is None else rounding + flatten(own.values(), np.float64))


def _group_equal(given: list[tuple[float, float, str]]) -> list[tuple[float, list[str]]]:
    """Group (value, reach, name) by value: what is within reach of the first of a group joins it.

    What has no finite reach may be anything, and is left out.
    """
    groups: list[tuple[float, float, list[str]]] = []
    for value, reach, name in given:
        if np.isfinite(value) and not np.isfinite(reach):
            continue
        for first, near, names in groups:
            both_nan = np.isnan(value) and np.isnan(first)
            if both_nan or value == first or abs(value - first) <= reach + near:
                names.append(name)
                break
        else:
            groups.append((value, reach, [name]))
    return [(value, names) for value, _, names in groups]
