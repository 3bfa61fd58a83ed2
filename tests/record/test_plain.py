"""Plain data: one rule for what JSON has no word for."""

import json
import math

import numpy as np
import pytest

from calcbench.record.plain import number, plain

ODD = {
    "array": np.array([[1.0, math.nan], [math.inf, -0.0]]),
    "nested": [{"low": -math.inf}, (math.nan, 3, "nan", None, True)],
}


def test_what_is_read_back_has_text():
    assert plain(ODD) == {
        "array": [[1.0, "nan"], ["inf", 0.0]],
        "nested": [{"low": "-inf"}, ["nan", 3, "nan", None, True]],
    }


def test_what_others_read_has_null():
    assert plain(ODD, nan=None) == {
        "array": [[1.0, None], ["inf", 0.0]],
        "nested": [{"low": "-inf"}, [None, 3, "nan", None, True]],
    }


@pytest.mark.parametrize("value", [1.5, -0.0, math.inf, -math.inf, math.nan, 5e-324])
def test_a_float_comes_back(value):
    there = json.loads(json.dumps(plain(value), allow_nan=False))
    assert np.array_equal(number(there), value, equal_nan=True)
    assert math.copysign(1, number(there)) == math.copysign(1, value)


def test_what_is_no_number_stays():
    assert [number(value) for value in ("name", None, 3)] == ["name", None, 3]
