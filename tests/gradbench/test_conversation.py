"""calcbench as a tool of GradBench: every message has its response, and only responses go out."""

import json
import os

import numpy as np
import pytest

from calcbench.backends.by_hand import ByHand
from calcbench.backends.tape.derivatives import Tape
from calcbench.errors import SelectorError
from calcbench.gradbench.conversation import converse
from calcbench.gradbench.descent import descend
from calcbench.gradbench.evaluations import EVALUATIONS, LETTERS

A = [[2.0, 1.0, 0.5], [0.3, 1.5, -1.0], [0.2, 0.4, 3.0]]
MIXTURE = {
    "d": 2,
    "k": 1,
    "n": 2,
    "alpha": [0.3],
    "mu": [[0.1, 0.2]],
    "q": [[0.0, 0.5]],
    "l": [[-0.4]],
    "x": [[1.0, 2.0], [0.5, -1.0]],
    "gamma": 1.0,
    "m": 0,
}
NETWORK = {
    "main_params": [[0.1, 0.2, 0.3, 0.4], [0.0, 0.1, 0.0, 0.1]],
    "extra_params": [[1.0], [0.5], [0.2]],
    "state": [[0.3], [0.6]],
    "sequence": [[1.0], [0.0], [1.0]],
}
CLUSTERS = {"points": [[0.0, 0.0], [1.0, 1.0], [0.2, 0.0]], "centroids": [[1.0, 1.5], [0.0, 0.0]]}

CASES = [
    ("hello", "square", 3.0, 9.0),
    ("hello", "double", 3.0, 6.0),
    ("lse", "primal", {"x": [0.0, 0.0]}, np.log(2)),
    ("lse", "gradient", {"x": [0.0, np.log(3)]}, [0.25, 0.75]),
    ("llsq", "primal", {"x": [0.5, 0.0], "n": 3}, (1.5**2 + 0.5**2 + 0.5**2) / 2),
    ("llsq", "gradient", {"x": [0.5, 0.0], "n": 3}, [1.5, -2.0]),
    ("kmeans", "cost", CLUSTERS, 0.04 + 0.25),
    ("kmeans", "dir", CLUSTERS, [[0.0, 0.5], [-0.1, 0.0]]),
    ("det", "primal", {"A": np.ravel(A).tolist(), "ell": 3}, np.linalg.det(A)),
    (
        "det",
        "gradient",
        {"A": np.ravel(A).tolist(), "ell": 3},
        (np.linalg.det(A) * np.linalg.inv(A).T).ravel(),
    ),
    ("ode", "primal", {"x": [0.5, 0.25], "s": 2}, [1.0, 0.25]),
    ("ode", "gradient", {"x": [0.5, 0.25], "s": 2}, [0.5, 1.0]),
]


def talk(*messages, backend=None):
    """Say messages, each with an id of its own; give the responses."""
    lines = [json.dumps({"id": 10 + k, **message}) for k, message in enumerate(messages)]
    found = [json.loads(line) for line in converse(lines, backend or Tape())]
    assert [response.pop("id") for response in found] == [10 + k for k in range(len(lines))]
    return found


def evaluate(module, function, given, backend=None):
    message = {"kind": "evaluate", "module": module, "function": function, "input": given}
    (response,) = talk(message, backend=backend)
    return response


@pytest.mark.parametrize(
    ("module", "function", "given", "expected"), CASES, ids=lambda v: v if type(v) is str else ""
)
def test_output(module, function, given, expected):
    response = evaluate(module, function, given)
    assert response["success"], response
    np.testing.assert_allclose(response["output"], expected, rtol=1e-12, atol=1e-12)


def test_a_mixture_is_told_by_name_and_a_network_in_one_list():
    found = evaluate("gmm", "jacobian", MIXTURE, ByHand())["output"]
    assert {name: np.shape(array) for name, array in found.items()} == {
        name: np.shape(MIXTURE[name]) for name in ("alpha", "mu", "q", "l")
    }
    np.testing.assert_allclose(found["alpha"], 0, atol=1e-12)
    assert np.shape(evaluate("lstm", "jacobian", NETWORK)["output"]) == (2 * 4 + 3,)
    assert evaluate("lstm", "objective", NETWORK)["output"] > 0


OBSERVED = {
    "n": 2,
    "m": 2,
    "p": 3,
    "cam": [0.1, -0.2, 0.3, 0.0, 0.0, -5.0, 400.0, 1.0, 2.0, 0.01, 0.001],
    "x": [0.5, -0.4, 0.3],
    "w": 0.5,
    "feat": [3.0, -2.0],
}


def test_a_sparse_jacobian_is_compressed_by_rows():
    errors = evaluate("ba", "objective", OBSERVED)["output"]
    assert errors["w_err"] == {"element": 0.75, "repeated": 3}
    found = evaluate("ba", "jacobian", OBSERVED)["output"]
    assert found["rows"] == [*range(0, 91, 15), 91, 92, 93, 93]
    assert found["cols"] == 2 * [*range(11), 22, 23, 24, 28] + [30]
    assert found["vals"][14] == pytest.approx(errors["reproj_error"]["elements"][0] / 0.5)
    assert found["vals"][-1] == -1.0


def tracked(**others):
    """A hand of one vertex that its wrist alone moves, and a pose that turns nothing."""
    still = np.eye(4).tolist()
    model = {
        "base_relatives": [still] * 22,
        "inverse_base_absolutes": [still] * 22,
        "base_positions": [[1.0, 2.0, 3.0, 1.0]],
        "weights": [[1.0, *[0.0] * 21]],
        "parents": [-1, *[0] * 21],
        "triangles": [[0, 0, 0]],
        "is_mirrored": False,
    }
    data = {"model": model, "correspondences": [0], "points": [[1.5, 2.0, 3.0]]}
    return {"theta": [0.0] * 26, "data": data, **others}


def test_a_hand_is_tracked_with_weights_and_without():
    assert evaluate("ht", "objective", tracked(us=[]))["output"] == [0.5, 0.0, 0.0]
    plain = evaluate("ht", "jacobian", tracked())["output"]
    weighted = evaluate("ht", "jacobian", tracked(us=[[0.2, 0.3]]))["output"]
    assert np.shape(plain) == (3, 26)
    np.testing.assert_allclose(np.array(plain)[:, 3:6], -np.eye(3))
    np.testing.assert_allclose(weighted, np.hstack([np.zeros((3, 2)), plain]), atol=1e-15)


@pytest.mark.few(1)
@pytest.mark.parametrize("letters", LETTERS)
def test_a_saddle_is_found_by_either_mode_of_both_slopes(letters):
    found = evaluate("saddle", letters, {"start": [1.0, 1.0]}, ByHand())["output"]
    np.testing.assert_allclose(found, 0, atol=1e-4)


def test_a_descent_stops_at_the_bottom():
    """Where slope or step is no longer than 10⁻⁵; and one that begins there does not move."""

    def function(x):
        return float(np.sum((x - 3.0) ** 2)), 2 * (x - 3.0)

    np.testing.assert_allclose(descend(function, np.array([0.0])), 3.0, atol=1e-4)
    assert descend(function, np.array([3.0])) == 3.0


def test_a_problem_that_is_too_large_for_a_backend_is_a_failure():
    large = {**OBSERVED, "p": 300}
    assert evaluate("ba", "objective", large, ByHand())["success"]
    assert "beyond size 200" in evaluate("ba", "jacobian", large, ByHand())["error"]


def test_every_function_is_a_case():
    tried = {(module, function) for module, function, *_ in CASES}
    tried |= {(module, f) for module in ("saddle", "particle") for f in LETTERS}
    tried |= {
        (module, f) for module in ("gmm", "lstm", "ba", "ht") for f in ("objective", "jacobian")
    }
    assert tried == {(m, f) for m, functions in EVALUATIONS.items() for f in functions}


def test_each_run_is_a_timing_and_so_is_the_preparation():
    response = evaluate("lse", "primal", {"x": [1.0, 2.0], "min_runs": 4, "min_seconds": 0})
    names = [timing["name"] for timing in response["timings"]]
    assert names == ["prepare", *["evaluate"] * 4]
    assert all(timing["nanoseconds"] > 0 for timing in response["timings"])


def test_it_runs_for_the_seconds_that_are_asked_for():
    response = evaluate("lse", "primal", {"x": [1.0], "min_runs": 1, "min_seconds": 0.02})
    times = [t["nanoseconds"] for t in response["timings"] if t["name"] == "evaluate"]
    assert sum(times) >= 0.02e9 > sum(times[:-1])


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"kind": "define", "module": "lsee"}, "no module 'lsee': did you mean 'lse'"),
        ({"kind": "evaluate", "module": "lse", "function": "grad"}, "did you mean 'gradient'"),
        (
            {"kind": "evaluate", "module": "lse", "function": "primal", "input": {}},
            "has no 'x': it is",
        ),
        (
            {"kind": "evaluate", "module": "lse", "function": "primal", "input": {"y": 1, "n": 2}},
            "the input has no 'x': it has y, n",
        ),
        (
            {"kind": "evaluate", "module": "lse", "function": "primal", "input": {"x": []}},
            "'x' is empty",
        ),
        (
            {
                "kind": "evaluate",
                "module": "lse",
                "function": "primal",
                "input": {"x": [1.0], "min_runs": "3"},
            },
            "min_runs must be a number, got '3'",
        ),
        (
            {
                "kind": "evaluate",
                "module": "lse",
                "function": "primal",
                "input": {"x": [1.0], "min_seconds": np.inf},
            },
            "min_seconds must be finite, got inf",
        ),
        ({"kind": "evaluate"}, "the message has no 'module'; choose from ba, det"),
        ({"kind": "define", "module": 3}, "'module' must be a name, got 3; choose from ba, det"),
        (
            {"kind": "evaluate", "module": "lse", "input": {"x": [1.0]}},
            "the message has no 'function'; choose from gradient, primal",
        ),
        (
            {"kind": "evaluate", "module": "lse", "function": "primal"},
            "the message has no 'input': it has id, kind, module, function",
        ),
    ],
)
def test_a_failure_is_a_response(message, told):
    (response,) = talk(message)
    assert response["success"] is False
    assert told in response["error"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"min_runs": -3}, "min_runs must be at least 0, got -3"),
        ({"min_runs": 2.5}, "min_runs must be a whole number, got 2.5"),
        ({"min_seconds": -1}, "min_seconds must be at least 0, got -1"),
        ({"min_seconds": None}, "min_seconds must be a number, got None"),
        ({"min_runs": True}, "min_runs must be a number, got True"),
    ],
)
def test_runs_and_seconds_are_refused_by_name(asked, told):
    message = {"kind": "evaluate", "module": "lse", "function": "primal"}
    (response,) = talk({**message, "input": {"x": [1.0], **asked}})
    assert (response["success"], response["error"]) == (False, told)


@pytest.mark.parametrize(("runs", "made"), [(0, 1), (1, 1), (3, 3), (3.0, 3)])
def test_runs_are_as_many_as_are_asked_for_and_one_at_least(runs, made):
    message = {"kind": "evaluate", "module": "lse", "function": "primal"}
    (response,) = talk({**message, "input": {"x": [1.0], "min_runs": runs, "min_seconds": 0}})
    assert [t["name"] for t in response["timings"]] == ["prepare", *["evaluate"] * made]


def without(given, name):
    return {key: value for key, value in given.items() if key != name}


def bones(**others):
    """An input of `ht` whose model has other values."""
    data = tracked()["data"]
    return tracked(data={**data, "model": {**data["model"], **others}})


@pytest.mark.parametrize(
    ("module", "function", "given", "told"),
    [
        ("hello", "square", [1, 2], "the input must be a number, got [1, 2]"),
        ("hello", "square", {"x": 1}, "the input must be a number"),
        ("lse", "gradient", [1, 2], "the input must be an object that has 'x', got [1, 2]"),
        ("lse", "gradient", {"x": 3}, "'x' must be a list of numbers, got 3"),
        ("lse", "gradient", {"x": "ab"}, "'x' must be a list of numbers, got 'ab'"),
        ("lse", "gradient", {"x": [1, [2]]}, "'x' must be a list of numbers, got [1, [2]]"),
        ("llsq", "primal", {"x": [1.0]}, "the input has no 'n': it has x"),
        ("llsq", "primal", {"x": [1.0], "n": 2.5}, "'n' must be a whole number of at least 1"),
        ("det", "primal", {"A": [1, 2, 3, 4], "ell": 3}, "(ell²), where ell² = 9; it is of"),
        ("det", "primal", {"A": [[1, 2], [3, 4]], "ell": 2}, "'A' must be a list of numbers"),
        ("ode", "primal", {"x": [1.0], "s": None}, "'s' must be a whole number"),
        (
            "kmeans",
            "dir",
            {"points": [[1.0, 2.0]], "centroids": [[1.0]]},
            "'centroids' must be of shape (k, d), where d = 2; it is of shape (1, 1)",
        ),
        ("gmm", "objective", {**MIXTURE, "alpha": [0.3, 0.2]}, "'mu' must be of shape (k, d)"),
        ("gmm", "objective", {**MIXTURE, "l": [[1, 2]]}, "where d(d−1)/2 = 1; it is of shape"),
        ("gmm", "objective", {**MIXTURE, "gamma": "x"}, "'gamma' must be a number, got 'x'"),
        ("lstm", "objective", {**NETWORK, "state": [[1, 2]]}, "'state' must be of shape (2l, b)"),
        ("lstm", "objective", without(NETWORK, "sequence"), "the input has no 'sequence'"),
        ("ba", "objective", {**OBSERVED, "cam": [1.0]}, "'cam' must be of shape (11); it is of"),
        ("ba", "objective", {**OBSERVED, "p": 0}, "'p' must be a whole number of at least 1"),
        ("ht", "objective", [], "must be an object that has 'theta', got []"),
        ("ht", "objective", tracked(data=3), "must be an object that has 'points', got 3"),
        ("ht", "objective", tracked(theta=[0.0]), "'theta' must be of shape (26)"),
        ("ht", "objective", tracked(us=3), "'us' must be a list of rows"),
        ("ht", "objective", bones(parents=[0] * 3), "'parents' must be of shape (bones)"),
        ("ht", "objective", bones(parents=[22] * 22), "whole numbers from -1 to 21, got 22"),
        ("saddle", "rr", {"start": [1.0]}, "'start' must be of shape (2)"),
        ("particle", "rr", {"w": [1.0]}, "'w' must be a number, got [1.0]"),
    ],
)
def test_an_input_of_another_form_is_told_by_its_field(module, function, given, told):
    response = evaluate(module, function, given)
    assert response["success"] is False
    assert told in response["error"]


def test_a_formula_that_is_not_there_is_the_reason_whatever_the_input():
    for given in ({}, NETWORK):
        response = evaluate("lstm", "jacobian", given, ByHand())
        assert "problem 'lstm' has no hand-derived gradient" in response["error"]


@pytest.mark.filterwarnings("ignore:overflow")
def test_what_is_not_finite_is_a_failure():
    response = evaluate("hello", "square", 1e200)
    assert response == {"success": False, "error": "the output is not finite"}


def test_a_formula_that_is_not_there_leaves_the_module_undefined():
    (response,) = talk({"kind": "define", "module": "lstm"}, backend=ByHand())
    assert response["success"] is False
    assert "'lstm' has no hand-derived gradient" in response["error"]


def test_other_messages_are_acknowledged():
    found = talk({"kind": "analysis", "of": 3, "valid": True}, {"kind": "something new"}, {})
    assert found == [{}, {}, {}]


@pytest.mark.parametrize("line", ["no json", "[1, 2]", '{"kind": "start"}', "[" * 100_000])
def test_a_line_that_is_no_message_ends_the_conversation(line):
    with pytest.raises(SelectorError, match="line 1 is no message"):
        list(converse([line], Tape()))


def test_a_conversation_as_gradbench_has_it(process):
    """By the command, in a process of its own: what is printed elsewhere is no response."""
    messages = [
        {"id": 0, "kind": "start", "eval": "lse"},
        {"id": 1, "kind": "define", "module": "lse"},
        {
            "id": 2,
            "kind": "evaluate",
            "module": "lse",
            "function": "gradient",
            "input": {"x": [0.0, 0.0], "min_runs": 2, "min_seconds": 0},
        },
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
    ]
    done = process(
        "gradbench",
        "--tool",
        "by_hand",
        input="".join(json.dumps(m) + "\n" for m in messages).encode(),
    )
    assert done.status == 0, done.err
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [response["id"] for response in found] == [0, 1, 2, 3]
    assert found[0]["tool"] == "calcbench-by_hand"
    assert found[1]["success"]
    assert found[2]["output"] == [0.5, 0.5]
    assert found[3] == {"id": 3}


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal of Unix")
def test_on_a_terminal_it_says_what_it_waits_for(process):
    ours, theirs = os.openpty()
    try:
        os.write(ours, b"\x04")  # Ctrl-D
        done = process("gradbench", "--tool", "by_hand", stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.status, done.out) == (0, "")
    assert done.err == "reading GradBench's messages, one a line, from this terminal\n"
