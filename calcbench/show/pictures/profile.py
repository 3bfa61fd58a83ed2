"""Many variables: the cost along the gradient, downhill and uphill."""

from __future__ import annotations

import numpy as np

from calcbench.show.pictures.curve import Section
from calcbench.show.pictures.landscape import Landscape
from calcbench.show.pictures.windows import REACH, choose_window


def section_downhill(landscape: Landscape) -> Section | None:
    """Follow the cost against its gradient; None where that is 0 or not finite."""
    gradient = landscape.gradient(landscape.origin)
    length = float(np.linalg.norm(gradient))
    if not (length > 0 and np.isfinite(length)):
        return None

    way = -gradient / length

    def function(distance: float) -> float:
        return landscape.cost(landscape.origin + distance * way)

    reach = REACH * max(1.0, float(np.max(np.abs(landscape.origin))))
    bounded = landscape.contains(landscape.origin)
    domain = _domain_along(landscape, way) if bounded else (-np.inf, np.inf)
    low, high = choose_window(function, 0.0, (-reach, reach), domain)
    smooth = not np.any(landscape.kinks.rough)
    return Section(
        function,
        0.0,
        low,
        high,
        "distance moved against the gradient",
        landscape.letter,
        -length if smooth else None,
        "" if smooth else f"no tangent: {landscape.kinks.reason}",
    )


def _domain_along(landscape: Landscape, way: np.ndarray) -> tuple[float, float]:
    """Find how far a line through the point stays within the interval of every component."""
    problem = landscape.point.problem
    low, high = -np.inf, np.inf
    for name, start, slope in zip(landscape.names, landscape.origin, way, strict=True):
        if slope:
            with np.errstate(over="ignore"):  # a component that hardly moves never gets there
                ends = (np.array(problem.interval(name.partition("[")[0])) - start) / slope
            low, high = max(low, float(np.min(ends))), min(high, float(np.max(ends)))
    return low, high
