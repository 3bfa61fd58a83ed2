"""Where results are judged: always at the problem's own point, else where the cost is defined.

The other points are chosen by calcbench, which does not know where a cost is defined. What happens
where it is not (an exception, NaN, a matrix that is not positive definite) counts against nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calcbench.certified.certificate import Certificate
from calcbench.certified.reference import NotCertified, NotFiniteHere, UndecidedHere
from calcbench.judge.contract import Run
from calcbench.record.record import Status


def why_not_judged(
    point: str, found: Certificate | NotCertified | None, runs: Sequence[Run]
) -> str:
    """Say why nobody is judged at a point; "" where everybody is.

    `found` is what certifying the point gave. Without a certificate the runs tell: where half of
    the exact ones fail, the cost is taken to be undefined.
    """
    if point == "own":
        return ""
    if isinstance(found, NotFiniteHere):
        return f"{found} there (declare a domain)"
    if isinstance(found, UndecidedHere):
        return f"{found}, there"
    if not isinstance(found, Certificate):
        return "most exact backends fail there (declare a domain)" if _fails(point, runs) else ""
    if found.open.any():
        return f"{found.open_reason} there"
    if found.at_edge:
        return "the cost is defined on one side alone there (declare a domain)"
    if not np.all(np.isfinite(found.value[found.judged])):
        return "the result is not finite there"
    return f"{found.range_fault} there" if found.range_fault else ""


def _fails(point: str, runs: Sequence[Run]) -> bool:
    """Tell whether half of the exact runs, or of all if none is exact, fail at a point."""
    complete = [run for run in runs if run.status is Status.OK]
    asked = [run for run in complete if run.exact] or complete
    failing = [run for run in asked if point in run.failures or not _finite(run, point)]
    return bool(failing) and 2 * len(failing) >= len(asked)


def _finite(run: Run, point: str) -> bool:
    return all(np.all(np.isfinite(array)) for array in run.results[point].values())
