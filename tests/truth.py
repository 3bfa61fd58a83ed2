"""What a result is held against: the certificate of its operator, with no judge in between."""

import numpy as np

from calcbench.certified.certificate import Certificate
from calcbench.judge.certifying import certificates_at
from calcbench.operators import GRADIENT
from calcbench.problem.flat import flatten


def certificate(point, operator=GRADIENT, dtype="float64"):
    """The truth at this point, and how far rounding in `dtype` may carry an honest method."""
    (found,) = certificates_at({"here": point}, [dtype], operator).values()
    assert isinstance(found, Certificate), found
    return found


def assert_right(result, proved, own=None):
    """Fail unless every number is within what rounding may do, and the method's `own` bound."""
    assert list(result) == list(proved.truth.value)
    half_a_unit = np.finfo(np.result_type(*result.values())).eps / 2
    allowed = proved.bound + half_a_unit * np.abs(proved.value)
    if own is not None:
        allowed = allowed + flatten(own.values())
    assert np.all(np.abs(flatten(result.values()) - proved.value) <= allowed)
