"""How long certifying a gradient takes, per problem, and the sweep at working precision alone.

    pytest benchmarks/test_reference.py

The whole certificate is two sweeps, one at 128 bits or more and one at 53. The limit that the
project sets itself: under 2 s for every problem at its first size, median under 0.2 s.
"""

import pytest

import calcbench
from calcbench.certified.certificate import certify
from calcbench.certified.reference import enclose_rounding
from calcbench.problem.inputs import own_point


@pytest.mark.parametrize("name", calcbench.problems())
@pytest.mark.benchmark(group="certificate", min_rounds=3, max_time=0.2)
def test_certificate(benchmark, name):
    certificate = benchmark(certify, own_point(calcbench.problems()[name]), "float64")
    benchmark.extra_info["digits"] = certificate.digits
    assert certificate.digits > 30


@pytest.mark.parametrize("name", ["batch_regression", "breast_cancer_logistic_regression"])
@pytest.mark.benchmark(group="sweep at 53 bits", min_rounds=3, max_time=0.2)
def test_sweep(benchmark, name):
    swept = benchmark(enclose_rounding, own_point(calcbench.problems()[name]))
    assert swept.bits == 53
