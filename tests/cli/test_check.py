"""`calcbench check`: a function and its gradient in a file."""

from __future__ import annotations

import json

import pytest

MODEL = """
import numpy as np

x0 = np.array([1.0, 2.0])
weights = lambda: (2 * x0, 3.0)

def loss(w):
    return np.sum(w**3)

def grad_loss(w):
    return 3 * w**2

def wrong(w):
    return 3 * w

def scaled(w, c):
    return c * np.sum(np.log(w))

def scaled_gradient(w, c):
    return c / w, np.sum(np.log(w))

def alone(w):
    return np.sum(w)

def unknown(w):
    return np.abs(np.fft.fft(w)[0])

def unknown_grad(w):
    return np.ones(2)
"""


HERE = """
import numpy as np

x = np.array([1.0, 2.0])


def squares(x):
    return np.sum(x**2) if abs(x[0] - 1) < 1e-3 else np.sum(np.abs(np.fft.fft(x)) ** 2) / 2


def squares_gradient(x):
    return 2 * x
"""


def test_gradient_in_a_file_is_checked(cli, file):
    done = cli("check", f"{file(MODEL)}::loss")
    assert done.status == 0
    assert done.out.startswith("loss: ok (NumPy on balls; 2 partials, ")
    done = cli("check", "cost.py::loss", "--grad", "wrong")
    assert done.status == 1
    assert "∂f/∂w[1] is 6, should be 12 (×0.5)" in done.out


def test_names_are_found_or_given(cli, file):
    done = cli("check", f"{file(MODEL)}::scaled", "--x", "weights", "--points", "2", "--json")
    assert done.status == 0
    found = json.loads(done.out)
    assert found["status"] == "ok"
    assert found["partials"] == 3
    assert found["value"]["w"] == [1.5, 0.75]
    assert found["witness"] is None
    assert (found["asked"], found["points"], found["proved"]) == (2, 2, 2)


def test_what_is_not_certified_fails_if_that_is_wanted(cli, file):
    done = cli("check", f"{file(MODEL)}::unknown")
    assert done.status == 0
    assert (
        "unknown: not certified: numpy.fft.fft at cost.py:26; difference quotients agree"
        in done.out
    )
    assert cli("check", "cost.py::unknown", "--certified").status == 1


def test_points_at_which_nothing_is_proved_fail_if_that_is_wanted(cli, file):
    target = f"{file(HERE)}::squares"
    done = cli("check", target, "--points", "3")
    assert done.status == 0
    assert done.out.endswith("proved at 1 of 3 points; difference quotients agree at 2\n")
    assert cli("check", target, "--points", "3", "--certified").status == 1
    assert cli("check", target, "--certified").status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cost.py"], "names no function: write FILE.py::FUNCTION"),
        (["cost.py::los"], "has no function 'los': did you mean 'loss'"),
        (["cost.py::x0"], "has no function 'x0'"),
        (["cost.py::loss", "--grad", "grad"], "did you mean 'grad_loss'"),
        (["cost.py::loss", "--x", "x1"], "has no name 'x1': did you mean 'x0'"),
        (["cost.py::loss", "--points", "0"], "points must be a whole number of at least 1"),
        (["nosuch.py::loss"], "there is no file"),
        (["cost.py::alone"], "has no gradient of its own"),
    ],
)
def test_bad_input_gets_a_sentence(cli, file, arguments, said):
    file(MODEL)
    done = cli("check", *arguments)
    assert done.status == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_file_without_a_point_is_told_of(cli, file):
    done = cli("check", f"{file(MODEL.replace('x0', 'start'))}::loss")
    assert done.status == 2
    assert "name the point at which to check by --x" in done.err
