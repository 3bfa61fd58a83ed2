"""Many variables: the cost along the gradient, downhill and uphill."""

from __future__ import annotations

import numpy as np

from calcbench.show.pictures.curve import Section
from calcbench.show.pictures.landscape import Landscape
from calcbench.show.pictures.windows import REACH, choose_window


def section_downhill(landscape: Landscape) -> Section | None:
    """Follow the cost against its gradient; None where the gradient is 0 or not finite."""
    gradient = landscape.gradient(landscape.origin)
    length = float(np.linalg.norm(gradient))
    if not (length > 0 and np.isfinite(length)):
        return None

    def function(distance: float) -> float:
        return landscape.cost(landscape.origin - distance / length * gradient)

    reach = REACH * max(1.0, float(np.max(np.abs(landscape.origin))))
    low, high = choose_window(function, 0.0, (-reach, reach), (-np.inf, np.inf))
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
