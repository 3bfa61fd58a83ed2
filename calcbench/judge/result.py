"""The verdict on one result of a native function, held against its certificate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from calcbench.certified.certificate import Certificate
from calcbench.judge.scoring import Comparison
from calcbench.judge.verdict import judge_vector
from calcbench.judge.vote import Ballot
from calcbench.record.record import Record


class Judged(NamedTuple):
    """What one result is worth."""

    record: Record
    """With the status, its reason, and the digits."""
    compared: Comparison
    """Every number beside the truth."""
    counted: np.ndarray
    """For each number, whether it is judged."""

    @property
    def outside(self) -> np.ndarray:
        """For each number, whether it is outside of what is allowed."""
        return np.asarray(self.compared.outside & self.counted)

    @property
    def needed(self) -> float:
        """The digits that a right result has at least, by what is allowed; at most the dtype's."""
        unit = float(np.finfo(self.record.dtype).eps) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            allowed = (self.compared.allowed / self.compared.scale)[self.counted]
        return float(-np.log10(np.max(allowed, initial=unit)))


def judge_result(
    record: Record, point: str, certificate: Certificate, value: np.ndarray, counted: np.ndarray
) -> Judged:
    """Judge a result at a point by its certificate, as those of backends are judged.

    `value` and `counted`, which says what is judged at all, are vectors in the order of the
    layout; what is no derivative, or not certified, is left out.
    """
    counted = counted & certificate.judged
    ballot = Ballot(
        value,
        certificate.bound,
        exact=True,
        magnitude=certificate.magnitude,
        flushed=certificate.flushed,
    )
    after, compared = judge_vector(record, point, certificate, ballot, ~counted)
    return Judged(after, compared, counted)
