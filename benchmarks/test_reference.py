"""How long certifying a gradient takes, per problem, and the bound of rounding alone.

    pytest benchmarks/test_reference.py

The whole certificate is two sweeps, one at 128 bits or more and one in rounded floats. The limit
that the project sets itself: under 2 s for every problem at its first size, median under 0.2 s.
Only `particle`, a fall of hundreds of steps, takes 2.4 s, so that none is `limited` here.
"""

import numpy as np
import pytest

import calcbench
from calcbench.certified.certificate import certify
from calcbench.certified.rounding import bound_rounding
from calcbench.problem.inputs import own_point


@pytest.mark.parametrize("name", calcbench.problems())
@pytest.mark.benchmark(group="certificate", min_rounds=3, max_time=0.2)
def test_certificate(benchmark, name):
    point = own_point(calcbench.problems()[name])
    certificate = benchmark(certify, point, "float64", limited=False)
    benchmark.extra_info["digits"] = certificate.digits
    assert certificate.digits > 30


@pytest.mark.parametrize("name", ["batch_regression", "breast_cancer_logistic_regression"])
@pytest.mark.benchmark(group="bound of rounding", min_rounds=3, max_time=0.2)
def test_rounding(benchmark, name):
    found = benchmark(bound_rounding, own_point(calcbench.problems()[name]))
    assert np.all(found.proved < 1e-10)
