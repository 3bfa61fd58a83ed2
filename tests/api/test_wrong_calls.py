"""Thousands of wrong calls: every one that fails is told in one line, by an error of calcbench."""

import collections
import datetime
import enum
import random
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import calcbench as cb

CALLS = 500
"""Calls of each function with several arguments replaced."""

LONGEST = 1_500
"""Characters of a message."""


class Hostile:
    """Nothing can be done with it."""

    def __repr__(self):
        raise RuntimeError("no repr")

    __str__ = __float__ = __int__ = __len__ = __iter__ = __array__ = __bool__ = __hash__ = __repr__


class Colour(enum.Enum):
    RED = 1


def recursive():
    found = []
    found.append(found)
    return found


def values():
    """What nobody should give, and what fits one argument and no other."""
    problem, backend = cb.problems()["saddle"], cb.backends()["by_hand"]
    return [
        *(None, True, False, 0, -1, 1, 5, 2.5, -2.5, 1j, 10**30, -(10**30), 10**5000),
        *(float("nan"), float("inf"), Fraction(1, 3), Decimal(2), Decimal("NaN")),
        *("", " ", "x", "saddle", "square\n", "a\x00b", "\ud800", "\x1b[31m", "../..", "/"),
        "x" * 5000,
        *("saddle.py", "nothing/here.py", "torch[", "by_hand[dtype=x]", "by_hand[dtype]", "w[0]"),
        *("partial[", "partial[z]", "hvp[x]", "ALL", "m=0.9", b"bytes", bytearray(b"x")),
        *([], (), {}, set(), frozenset({"x"}), [1], [None], [[]], ["saddle", 5], [[1, 2], [3]]),
        *({"x": 1}, {"x": "1"}, {5: 1}, {"x": None, "y": [1, 2]}, {"x": 3, "y": 2}, {None: None}),
        *({"x": {}, "y": 1}, {"x": Hostile(), "y": 1}, {"x": 10**400, "y": 1}, {"C": 1}),
        *(np.array(1.0), np.array([1.0, 2.0]), np.array([]), np.array(["a"]), np.zeros((2, 2, 2))),
        *(
            np.array([1, "x"], object),
            np.array([np.nan]),
            np.ma.masked,
            np.datetime64("2020-01-01"),
        ),
        *(np.float64(3), np.float32(-1), np.int64(3), np.bool_(True), np.zeros(2, "f8,i4")),
        *(object(), object, Hostile(), recursive(), lambda x: x, print, cb, type, Ellipsis),
        *(
            NotImplemented,
            slice(1),
            memoryview(b"x"),
            Exception("x\ny"),
            range(3),
            iter(()),
            Colour.RED,
        ),
        *(
            datetime.date(2020, 1, 1),
            Path("saddle"),
            Path("nothing.py"),
            Path("/"),
            cb.QUICK,
            cb.DENSE,
        ),
        *(problem, type(problem), cb.Problem, backend, backend(), cb.Backend, cb.problems()),
        *(cb.own_point(problem), collections.UserDict({"x": 3, "y": 2}), collections.deque([1])),
    ]


QUIET = {"progress": lambda text: None}
POINT = {"at": None, "size": None, "seed": 0}
DIRECTION = {"x": 1, "y": 1}
BRIEF = cb.Settings(burst=0.001, rounds=1, budget=0.01)

FUNCTIONS = {
    "cost": {"problem": "saddle", "backend": "by_hand", **POINT},
    "gradient": {"problem": "saddle", "backend": "finite_difference", **POINT},
    "value_and_gradient": {"problem": "saddle", "backend": "by_hand", **POINT},
    "partial": {"problem": "saddle", "component": "x", "backend": "by_hand", **POINT},
    "second_derivative": {"problem": "square", "backend": "finite_difference", **POINT},
    "jacobian": {"problem": "curve_fit_residuals", "backend": "by_hand", "sparse": False, **POINT},
    "hessian": {"problem": "saddle", "backend": "by_hand", "sparse": False, **POINT},
    "hvp": {"problem": "saddle", "direction": DIRECTION, "backend": "by_hand", **POINT},
    "gradient_and_hvp": {
        **{"problem": "saddle", "direction": DIRECTION, "backend": "by_hand"},
        **POINT,
    },
    "pushforward": {"problem": "saddle", "direction": DIRECTION, "backend": "by_hand", **POINT},
    "pullback": {"problem": "saddle", "cotangent": 1, "backend": "by_hand", **POINT},
    "reference": {"problem": "saddle", "operator": "gradient", "direction": None, **POINT},
    "prepare": {
        **{"problem": "saddle", "backend": "by_hand", "operator": "gradient"},
        **{"size": None, "seed": 0, "sparse": False},
    },
    "show": {"problem": "saddle", "backends": [], "operator": "gradient"},
    "steps": {"problem": "square", "partial": "x", "backends": "finite_difference", **POINT},
    "descend": {"problem": "saddle", "backend": None, "rate": 0.01, "steps": 2, **POINT},
    "compare": {
        **{"problems": "saddle", "backends": "by_hand", "operator": None, "direction": None},
        **{"dtype": None, "timed": False, **POINT, **QUIET},
    },
    "verify": {
        **{"problems": "saddle", "backends": "by_hand", "operator": None, "direction": None},
        **{"dtype": None, **POINT, **QUIET},
    },
    "benchmark": {
        **{"problems": "saddle", "backends": "nothing", "sizes": None, "operator": "gradient"},
        **{"dtypes": None, "threads": 1, "seed": 0, "settings": BRIEF, "resume": False, **QUIET},
    },
    "plot": {
        **{"problem": "square", "backend": "nothing", "kind": None, "parameters": ()},
        **{"window": None, **POINT},
    },
    "load": {"path": "nothing.jsonl"},
    "own_point": {"problem": cb.problems()["saddle"], **POINT},
    "Settings": {
        **{"burst": 0.1, "rounds": 1, "budget": 1, "precision": 0.1, "timeout": 1},
        **{"memory": None},
    },
    "Banded": {"width": 1},
    "BlockDiagonal": {"size": 1},
    "Coordinates": {"rows": [1], "columns": [1]},
}
"""Function → arguments that are right, but for the backend where a right call would take long."""

EVERYTHING = {"problems", "backends"}
"""Arguments that select everything where they are None: right, and long."""


def one_wrong(arguments):
    """Replace every argument by every value."""
    for name in arguments:
        for value in values():
            yield {**arguments, name: value}


def several_wrong(arguments, rng):
    """Replace several arguments at a time, at random."""
    pool = values()
    for _ in range(CALLS):
        chosen = rng.sample(list(arguments), rng.randint(1, len(arguments)))
        yield {**arguments, **{name: rng.choice(pool) for name in chosen}}


def fails(call):
    """Whether a call is refused; in a line, and by an error of calcbench."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except cb.CalcbenchError as error:
        said = str(error)
        assert said.isprintable(), said
        assert 0 < len(said) < LONGEST, said
        return True
    return False


def is_left_out(arguments):
    """Whether a call would take long, or be right: a class can be called, if not with a text."""
    everything = any(arguments.get(name, "") is None for name in EVERYTHING)
    return everything or isinstance(arguments.get("progress"), type)


@pytest.mark.few(2, more=14)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_call_is_told_in_a_line(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    number, failed = count_failures(name, one_wrong(FUNCTIONS[name]))
    assert failed > 0.6 * number > 40
    assert list(tmp_path.iterdir()) == []


@pytest.mark.full
@pytest.mark.parametrize("name", FUNCTIONS)
def test_several_wrong_arguments_are_told_in_a_line(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    number, failed = count_failures(name, several_wrong(FUNCTIONS[name], random.Random(name)))
    assert failed > 0.6 * number > 40
    assert list(tmp_path.iterdir()) == []


def count_failures(name, calls):
    """Count the calls of a function, and how many of them were refused."""
    function, outcomes = getattr(cb, name), []
    for arguments in calls:
        if not is_left_out(arguments):
            outcomes.append(fails(lambda arguments=arguments: function(**arguments)))
    return len(outcomes), sum(outcomes)


def test_output_of_a_benchmark_that_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in values():
        if not isinstance(value, (str, Path, type(None))):
            assert fails(lambda value=value: cb.benchmark("saddle", "by_hand", output=value))


# --- what is made, and called later ---------------------------------------------------------------


@pytest.mark.parametrize("operator", ["gradient", "hvp", "pullback", "cost", "hessian"])
def test_a_prepared_operator_refuses_what_does_not_fit(operator):
    prepared = cb.prepare("batch_regression", "by_hand", operator)
    direction = {"hvp": {"m": 1, "b": 0}, "pullback": 1.0}.get(operator)
    prepared(direction, m=1, b=2)
    failed = 0
    for value in values():
        failed += fails(lambda value=value: prepared(value, m=1, b=2))
        failed += fails(lambda value=value: prepared(direction, m=value, b=2))
        failed += fails(lambda value=value: prepared(direction, m=1, b=2, x=value))
        failed += fails(lambda value=value: prepared(direction, m=1, b=2, z=value))
    assert failed > 3 * len(values())


def test_a_point_and_what_is_evaluated_at_one():
    point, slope = cb.own_point(cb.problems()["saddle"]), cb.prepare("saddle")
    for value in values():
        if not isinstance(value, cb.Point):
            assert fails(lambda value=value: slope.evaluate(value))
        if not (isinstance(value, str) and value in ("x", "")):
            assert fails(lambda value=value: point.position(value))
            assert fails(lambda value=value: point[value])


def test_a_path_of_gradient_descent_is_saved_by_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = cb.descend("saddle", steps=1)
    for value in values():
        assert fails(lambda value=value: path.save(value))
    assert list(tmp_path.iterdir()) == []


def test_a_decorated_function_of_anything():
    def cost(x, y):
        return x**2 - y

    failed = 0
    for value in values():
        failed += fails(lambda value=value: cb.problem(x=1.0, y=2.0)(value))
        failed += fails(lambda value=value: cb.problem(value))
        for name in ("x", "y", "z", "rows", "domain", "sizes", "gradient", "limits", "formula"):
            given = {"x": 1.0, "y": 2.0, name: value}
            failed += fails(lambda given=given: _try(cb.problem(**given)(cost)))
    assert failed > 8 * len(values())


def _try(problem):
    repr(problem)
    problem._repr_html_()
    cb.gradient(problem, "finite_difference")


def test_a_forgotten_pair_of_brackets():
    with pytest.raises(cb.ProblemError, match=r"@calcbench.problem\(x=3.0, y=2.0\)"):

        @cb.problem
        def cost(x):
            return x


def test_a_catalogue_is_asked_for_anything():
    for catalogue in (cb.problems(), cb.backends()):
        for value in values():
            if value not in catalogue:
                assert fails(lambda value=value, c=catalogue: c[value])
                assert catalogue.get(value, "none") == "none"
        assert catalogue.get("saddel") is None


@pytest.mark.parametrize("option", ["scheme", "delta", "of", "seconds", "dtype"])
def test_an_option_of_a_backend_is_anything(option):
    kind = cb.backends()["finite_difference"]
    failed = sum(fails(lambda value=value: kind(**{option: value})) for value in values())
    assert failed > 0.8 * len(values())


def test_a_backend_prepares_no_name():
    for value in values():
        if not isinstance(value, cb.Point):
            assert fails(lambda value=value: cb.backends()["by_hand"]().prepare(value))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cb.gradient(lambda x: x), "decorate it with @calcbench.problem"),
        (lambda: cb.gradient(type(cb.problems()["saddle"])), r"write Saddle\(\)"),
        (lambda: cb.gradient("saddle", cb.backends()["by_hand"]), r"write ByHand\(\)"),
        (lambda: cb.gradient(5), "a problem is a name, a path .* and not 5"),
        (lambda: cb.gradient("saddle", 5), "a backend is a name such as 'jax' .* and not 5"),
        (lambda: cb.gradient("saddle", at=[3, 2]), r"at must be a dict of .*, got \[3, 2\]"),
        (lambda: cb.gradient("saddle", seed="x"), "seed must be a whole number .*, got 'x'"),
        (lambda: cb.compare("saddle", timed="no"), "timed must be True or False, got 'no'"),
        (lambda: cb.benchmark("saddle", threads=[]), "threads: none is given"),
        (
            lambda: cb.benchmark("saddle", settings={"burst": 1}),
            "settings are a calcbench",
        ),
        (lambda: cb.benchmark("saddle", dtypes=[]), "dtypes: none is given"),
        (lambda: cb.load(5), "a run is given by the name of its file, got 5"),
        (lambda: cb.Settings(burst="x"), "burst must be above 0, got 'x'"),
    ],
)
def test_the_sentence_says_what_to_write(call, words):
    with pytest.raises(cb.CalcbenchError, match=words):
        call()
