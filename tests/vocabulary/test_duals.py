"""Dual numbers: `grad` in NumPy, through every name of the vocabulary."""

import warnings

import numpy as np
import pytest

from calcbench.conformance.cases import CASES
from calcbench.conformance.vocabulary import TINY, misses
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


@pytest.mark.few(20, more=22)
@pytest.mark.parametrize("name", [*CASES])
def test_derivatives_by_duals(name):
    wrong = []
    for case in CASES[name]:
        for k, x in enumerate(case.at):
            if x.size > LARGE:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                found = np.asarray(by_duals(case, k))
            # A chain of rules: a few roundings more than a backend's own.
            close, expected = 4 * case.close, case.expected[2][k]
            allowed = np.maximum(close * np.abs(expected), max(TINY, close * case.scale))
            wrong += misses(f"{case.what}, by {k}", found, expected, allowed)
    assert not wrong, "\n".join(wrong)
