"""Costs whose right gradients were condemned, or whose wrong ones were not, by the points tried."""

from pathlib import Path

import numpy as np
import pytest
from modes import installed

import calcbench
from calcbench.record.record import Status

HERE = Path(__file__).parent


def compare(name, backends=None, **options):
    """The records of a case, by backend."""
    found = calcbench.compare(
        str(HERE / f"{name}.py"), backends or installed(), timed=False, **options
    )
    return {record.backend: record for record in found.records}


def softmax(z):
    return np.exp(z) / np.sum(np.exp(z))


TRUTH = {
    "one_hot_cross_entropy": {"z": softmax(np.array([0.3, -0.2, 1.1])) - [0, 1, 0]},
    "symmetric_quadratic": {"x": [0.44, 0.04]},
    "mahalanobis": {"mu": -np.linalg.solve([[2, 0.8], [0.8, 1]], [0.7, 0.7])},
    "slogdet_of_matrix": {"a": [[5, -2], [-2, 1]]},
    "gaussian_process": {"length": -1.98226640, "noise": 3.17724327},
}


@pytest.mark.few(2)
@pytest.mark.parametrize("name", TRUTH)
def test_right_gradients_are_not_condemned(name):
    records = compare(name)
    assert {r.status for r in records.values()} <= {Status.OK, Status.SKIPPED}, [
        (r.backend, r.reason) for r in records.values()
    ]
    for record in records.values():
        if record.status is Status.OK:
            for parameter, partial in TRUTH[name].items():
                assert record.value[parameter] == pytest.approx(np.array(partial), rel=1e-7)


@pytest.mark.parametrize("name", ["slogdet_of_matrix", "gaussian_process"])
def test_a_point_where_the_cost_is_undefined_is_named_and_counts_against_nobody(name):
    record = compare(name, ["finite_difference"])["finite_difference"]
    assert record.status is Status.OK
    assert "not judged at zeros" in record.judged


@pytest.mark.parametrize("name", ["one_hot_cross_entropy", "symmetric_quadratic"])
def test_a_formula_that_uses_what_its_data_obey_is_proved_for_these_data(name):
    assert compare(name, ["by_hand", "sympy"])["by_hand"].proof == "proved for these data"


@pytest.mark.parametrize("backends", [["by_hand"], ["by_hand", "sympy"]])
def test_wrong_branch(backends):
    """Right where it is asked, and 2.5·x·y for 2·x·y where x < −1."""
    found = compare("wrong_branch", backends)["by_hand"]
    assert found.status is Status.DISAGREE
    assert found.reason.startswith("the formula for ∂C/∂x at x = -")
    assert found.proof == ("refuted in ∂C/∂x where x < -1" if "sympy" in backends else "")


@pytest.mark.parametrize("backends", [["by_hand"], ["by_hand", "sympy"]])
def test_size_baked_in(backends):
    """Right for 8 numbers, and for no other number."""
    found = compare("size_baked_in", backends)["by_hand"]
    assert found.status is Status.DISAGREE
    assert "at size 100 is off by" in found.reason
    assert found.proof == ("refuted in ∂C/∂w[0] at size 100" if "sympy" in backends else "")


@pytest.mark.parametrize("name", ["wrong_branch", "size_baked_in"])
def test_other_backends_have_no_part_in_a_wrong_formula(name):
    records = compare(name, ["by_hand", "sympy", "finite_difference"])
    assert [r.status for r in records.values()] == [Status.DISAGREE, Status.OK, Status.OK]


def test_what_the_data_were_is_said():
    assert compare("mahalanobis", ["sympy"])["sympy"].data.startswith("the own ones")
    assert compare("slogdet_of_matrix", ["sympy"])["sympy"].data == ""
