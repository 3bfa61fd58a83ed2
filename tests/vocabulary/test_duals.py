"""Dual numbers: `grad` in NumPy, through every name of the vocabulary."""

import warnings

import numpy as np
import pytest
from vocabulary.test_composed import COMPOSED
from vocabulary.test_control import CONTROL
from vocabulary.test_vocabulary import CASES, ELEMENTWISE, TINY, elementwise_cases, misses

from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.numpy import NUMPY

LARGE = 24
"""Numbers beyond which a case is left out: each takes an evaluation."""


def by_duals(case, position):
    """The weighted derivative of a case by one argument, as `xp.grad` in NumPy takes it."""
    weights, _, _ = case.expected

    def weighted(x):
        at = [x if k == position else a for k, a in enumerate(case.at)]
        return NUMPY.sum(weights * case.call(NUMPY, *at, **case.data))

    return NUMPY.grad(weighted)(case.at[position])


@pytest.mark.few(30)
@pytest.mark.parametrize("name", [*NAMES])
def test_derivatives_by_duals(name):
    cases = {**CASES, **COMPOSED, **CONTROL}.get(name) or elementwise_cases(name, "numpy")
    assert cases
    wrong = []
    for case in cases:
        for k, x in enumerate(case.at):
            if x.size > LARGE:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                found = np.asarray(by_duals(case, k))
            # A chain of rules: a few roundings more than a backend's own.
            close, floor = 4 * case.close, max(TINY, 4 * case.close * case.scale)
            wrong += misses(f"{case.what}, by {k}", found, case.expected[2][k], close, floor)
    assert not wrong, "\n".join(wrong)


def test_every_elementary_function_is_among_them():
    assert {*ELEMENTWISE} <= {*NAMES}
