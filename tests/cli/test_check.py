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

def loss_hvp(w, v):
    return 6 * w * v

def layer(w):
    return np.tanh(w), np.sum(w)

def layer_vjp(w, u):
    return u[0] * (1 - np.tanh(w) ** 2) + u[1]

def backward(w, u):
    return u[0] * np.tanh(w) ** 2 + u[1]

class Model:
    def loss(self, w):
        self.w = w
        return np.sum(self.w**2)

    def loss_gradient(self, w):
        return 2 * self.w

    def minus(self, w):
        return -2 * w

class Scaled:
    def __init__(self, by):
        self.by = by

    def loss(self, w):
        return self.by * np.sum(w**2)

    def grad_loss(self, w):
        return 2 * self.by * w

scaled_model = Scaled(3.0)
nothing = None

def raising():
    raise ValueError("none today")
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


def test_pullback_in_a_file_is_checked(cli, file):
    done = cli("check", f"{file(MODEL)}::layer", "--operator", "pullback", "--points", "2")
    assert done.status == 0
    assert done.out.startswith("layer: ok (NumPy on balls; 2 partials, ")
    done = cli("check", "cost.py::layer", "--operator", "pullback", "--grad", "backward")
    assert done.status == 1
    assert "the worst: (Jᵀu)[w[" in done.out
    done = cli("check", "cost.py::loss", "--operator", "pullback")
    assert done.status == 2
    assert "cost.py has none of loss_pullback, pullback_loss, loss_vjp, vjp_loss: name" in done.err


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
        (["cost.py"], "names no function: write cost.py::FUNCTION, of weights, loss, grad_loss"),
        (["cost.py::"], "names no function: write cost.py::FUNCTION, of weights, loss"),
        (["::loss"], "names no file: write FILE.py::FUNCTION"),
        (["."], "is a folder: write FILE.py::FUNCTION, of a file in it, as cost.py"),
        ([".::loss"], "is a folder"),
        (["cost.py::Model"], "Model is a class: name a method of it, cost.py::Model::METHOD"),
        (["cost.py::Model::los"], "Model has no 'los': did you mean 'loss'"),
        (["cost.py::Scaled::loss"], "make one in the file, model = Scaled(…), and check cost.py::"),
        (["cost.py::loss", "--x", "nothing"], "nothing is None, and no point"),
        (["cost.py::loss", "--x", "raising"], "cost.py: raising() raises cost.py:"),
        (["cost.py::loss", "--x", "1..2"], "--x is a name in the file, a number, or a list"),
        (["cost.py::loss", "--operator", "hv"], "did you mean 'hvp'"),
        (["cost.py::layer"], "or check --operator pullback or pushforward, which take all"),
        (["cost.py::loss", "--operator", "jacobian", "--grad", "wrong"], "--operator gradient"),
        (["cost.py::alone", "--operator", "hvp"], "has none of alone_hvp, hvp_alone: name what is"),
        (["cost.py::los"], "has no function 'los': did you mean 'loss'"),
        (["cost.py::x0"], "has no function 'x0'"),
        (["cost.py::loss", "--grad", "grad"], "did you mean 'grad_loss'"),
        (["cost.py::loss", "--x", "x1"], "has no name 'x1': did you mean 'x0'"),
        (["cost.py::loss", "--points", "0"], "points must be a whole number of at least 1"),
        (["nosuch.py::loss"], "there is no file"),
        (
            ["cost.py::alone"],
            "none of alone_gradient, gradient_alone, alone_grad, grad_alone, and NumPy has no "
            "gradient of its own: write one, or name yours by --grad",
        ),
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
    assert "name the point at which to check by --x, a name in" in done.err


@pytest.mark.parametrize("point", ["1.5", "[1, -2.5]", "[[1.0, 2.0]]", "(2.0,)"])
def test_point_may_be_written_as_numbers(cli, file, point):
    done = cli("check", f"{file(MODEL)}::loss", "--x", point)
    assert done.status == 0, done.err
    assert "loss: ok" in done.out


def test_methods_are_checked(cli, file):
    done = cli("check", f"{file(MODEL)}::Model::loss")
    assert (done.status, "loss: ok" in done.out) == (0, True), done
    wrong = cli("check", "cost.py::Model::loss", "--grad", "minus")
    assert wrong.status == 1
    assert cli("check", "cost.py::scaled_model::loss").status == 0
    assert cli("check", "cost.py::Scaled::loss").status == 2


def test_product_with_the_hessian_is_checked(cli, file):
    done = cli("check", f"{file(MODEL)}::loss", "--operator", "hvp")
    assert (done.status, "loss: ok" in done.out) == (0, True), done


def test_file_without_functions_is_told_of(cli, file):
    done = cli("check", f"{file('x = 1.0')}::loss")
    assert done.status == 2
    assert "cost.py defines no function" in done.err
    assert "write cost.py::FUNCTION, of which it defines none" in cli("check", "cost.py").err


def test_function_from_another_file_is_checked(cli, file, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    file("import numpy as np\ndef cubes(x): return np.sum(x**3)\n", "its_own_module.py")
    source = "from its_own_module import cubes\nx = [1.0]\ncubes_grad = lambda x: 3 * x**2\n"
    done = cli("check", f"{file(source)}::cubes")
    assert done.status == 0, done.err


def test_bad_input_is_told_as_data_too(cli, file):
    done = cli("check", f"{file(MODEL)}::los", "--json")
    assert done.status == 2
    assert json.loads(done.out)["error"].startswith("cost.py has no function 'los': did you mean")
    assert "did you mean 'loss'" in done.err
    raised = cli("check", "cost.py::loss", "--x", "raising", "--json")
    assert "none today" in json.loads(raised.out)["error"]


LOUD = """
import atexit, os
import numpy as np

atexit.register(print, "printed at the exit")
print("printed")
x0 = np.array([1.0, 2.0])

def loud(x):
    print("printed")
    os.system("echo printed by another")
    return np.sum(x**2)

def loud_gradient(x):
    os.write(1, b"printed below Python\\n")
    return 2 * x
"""


@pytest.mark.parametrize("start", ["cli", "process"])
def test_what_code_prints_is_no_result(request, file, tmp_path, start):
    run = request.getfixturevalue(start)
    target = f"{tmp_path / file(LOUD)}::loud"
    done = run("check", target, "--json")
    assert json.loads(done.out)["status"] == "ok"
    said = {"printed", "printed by another", "printed below Python", "printed at the exit"}
    assert set(done.err.splitlines()) == said
    done = run("check", target)
    assert done.out.startswith("loud: ok")
    assert "printed" not in done.out
