"""Scale: what the errors of a result are relative to, and when a bound leaves no digit."""

from __future__ import annotations

import numpy as np

from calcbench.certified.certificate import Certificate
from calcbench.operators.operator import orders

DIGIT = 0.1
"""A bound beyond this part of the scale leaves less than a digit."""


def scale_of(reference: np.ndarray, magnitude: np.ndarray, by_order: np.ndarray) -> np.ndarray:
    """Return what an error in each number is relative to: the largest number of its order.

    A value and its partials are different quantities, each with a scale of its own (`by_order`,
    as `operators.operator.orders`). Where all numbers of an order are 0, as at a stationary point,
    errors are relative to `magnitude`, the size of what cancels there; 0 where nothing does.
    """
    scale = np.zeros(len(reference))
    for order in np.unique(by_order):
        mine = by_order == order
        scale[mine] = _largest(reference[mine]) or _largest(magnitude[mine])
    return scale


def certified_scale(certificate: Certificate) -> np.ndarray:
    """Return the scale of a certificate's numbers; those that it does not judge do not count."""
    value, magnitude = (
        np.where(certificate.judged, part, 0.0)
        for part in (certificate.value, certificate.magnitude)
    )
    return scale_of(value, magnitude, orders(certificate.operator, certificate.point))


def leaves_no_digit(bound: np.ndarray, scale: np.ndarray, flushed: float) -> np.ndarray:
    """Tell for each number whether its bound leaves less than a digit of it.

    `flushed` is what of the bound is there because small numbers may be flushed to zero, which is
    no fault.
    """
    return ~(bound - flushed <= DIGIT * never_zero(scale, flushed))


def never_zero(scale: np.ndarray, flushed: float) -> np.ndarray:
    """Return 1 for a scale of 0, or of what may be flushed to it: errors count as they are there.

    All results are 0 then, and nothing cancels in them.
    """
    return np.where(scale > flushed, scale, 1.0)


def _largest(numbers: np.ndarray) -> float:
    """Return the largest absolute value of those that are finite; 0 if none is."""
    return float(np.max(np.abs(numbers), where=np.isfinite(numbers), initial=0.0))
