"""Gradient descent: the path is the one of the book, by every backend, and ends where it must."""

import json
import re

import numpy as np
import pytest
from modes import installed

import calcbench as cb
from calcbench.errors import SelectorError, Unsupported
from calcbench.show.descent import Descent, shown_steps
from calcbench.show.pictures.style import SERIES


@cb.problem(x=1.0)
def logarithm(xp, x):
    return xp.log(x)


@cb.problem(x=-1.0)
def below(xp, x):
    return xp.log(x)


def test_steps_are_those_of_the_definition():
    path = cb.descend("square", at={"x": 8.0}, rate=0.25, steps=10)
    assert isinstance(path, Descent)
    assert path.steps == 10
    assert path.parameters["x"].tolist() == [8.0 * 0.5**k for k in range(11)]
    assert path.costs.tolist() == [64.0 * 0.25**k for k in range(11)]
    assert path.end == {"x": 0.0078125}
    assert str(path) == "10 steps at rate 0.25: y from 64 to 6.10352·10⁻⁵ at x = 0.0078125"


@pytest.mark.parametrize(
    "backend", installed(["by_hand", "finite_difference", "sympy", "torch", "jax"])
)
def test_every_backend_ends_at_the_least_squares(backend):
    path = cb.descend("batch_regression", backend, rate=0.04, steps=600)
    least = np.polyfit(range(8), [1.86, 1.31, 0.62, 0.33, 0.09, -0.67, -1.23, -1.37], 1)
    assert path.positions[-1] == pytest.approx(least, abs=1e-5)
    assert path.costs[-1] == pytest.approx(0.01946607, abs=1e-8)
    assert np.all(np.diff(path.costs) < 0)
    assert path.backend == backend


def test_without_a_backend_differences_take_what_is_not_derived_by_hand():
    assert cb.descend("square", steps=1).backend == "by_hand"
    assert cb.descend(logarithm, steps=1).backend == "finite_difference"


def test_the_backend_is_prepared_once(monkeypatch):
    prepared = []
    ByHand = cb.backends()["by_hand"]
    prepare = ByHand.prepare

    def count(self, *arguments):
        prepared.append(arguments)
        return prepare(self, *arguments)

    monkeypatch.setattr(ByHand, "prepare", count)
    cb.descend("quadratic_cost", "by_hand", rate=[0.1, 1.0], steps=30)
    assert [operator for _, operator in prepared].count("value_and_gradient") == 1
    assert len(prepared) < 5


def test_arrays_keep_their_shapes():
    path = cb.descend("softmax_cross_entropy", rate=0.5, steps=3)
    shapes = {name: array.shape for name, array in path.start.parameters.items()}
    assert {name: array.shape[1:] for name, array in path.parameters.items()} == shapes
    assert all(array.shape[0] == 4 for array in path.parameters.values())


def test_several_rates_are_several_paths():
    paths = cb.descend("batch_regression", rate=[0.01, 0.05, 0.055], steps=40)
    assert [path.rate for path in paths] == [0.01, 0.05, 0.055]
    assert len(paths) == 3
    falls = [path.costs[-1] < path.costs[0] for path in paths]
    assert falls == [True, True, False]
    assert "the cost grew: the rate is too large" in str(paths[2])
    assert str(paths).count("\n") == 2


def test_a_path_stops_where_the_cost_is_not_finite_and_says_so():
    path = cb.descend("batch_regression", rate=0.5, steps=2_000)
    assert 10 < path.steps < 2_000
    assert np.all(np.isfinite(path.costs))
    assert f"the cost is not finite after {path.steps + 1} steps" in path.stopped
    assert path.stopped in str(path)


def test_a_path_that_leaves_the_domain_stops_too():
    path = cb.descend(logarithm, "finite_difference", rate=0.6, steps=10)
    assert path.steps == 1
    assert "not finite after 2 steps" in path.stopped


@cb.problem(x=1.0)
def raises_below_a_half(xp, x):
    if x < 0.5:
        raise RuntimeError("no further")
    return x**2


def test_a_path_stops_where_the_cost_raises_and_says_what():
    path = cb.descend(raises_below_a_half, "finite_difference", rate=0.2, steps=10)
    assert path.stopped.startswith("after 2 steps the cost raises test_descent.py:")
    assert path.stopped.endswith("RuntimeError: no further")
    assert path.positions[-1] == pytest.approx([0.6])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"rate": 0}, "positive number, got 0"),
        ({"rate": -0.1}, "positive number"),
        ({"rate": float("nan")}, "positive number"),
        ({"rate": "fast"}, "'fast'"),
        ({"rate": []}, "no rate"),
        ({"steps": 0}, "at least 1, got 0"),
        ({"steps": 2.5}, "whole number"),
        ({"steps": 10**9}, "too many"),
        ({"at": {"x": 1.0, "y": 2.0}}, "'y'"),
    ],
)
def test_bad_input_is_named(options, named):
    with pytest.raises(SelectorError, match=named):
        cb.descend("square", **options)


def test_what_cannot_descend_says_why():
    with pytest.raises(Unsupported, match="not a finite number at the start"):
        cb.descend(below, "finite_difference")
    with pytest.raises(Unsupported):
        cb.descend("curve_fit_residuals")


def test_steps_in_a_table():
    assert shown_steps(1) == [0, 1]
    assert shown_steps(60) == [0, 1, 2, 5, 10, 20, 50, 60]
    assert shown_steps(100) == [0, 1, 2, 5, 10, 20, 50, 100]


# --- the picture -----------------------------------------------------------------------------


def rows_of(picture):
    return [
        row for text in picture.chart.to_dict()["datasets"].values() for row in json.loads(text)
    ]


def test_the_path_in_the_picture_is_the_path():
    path = cb.descend("batch_regression", rate=0.04, steps=40)
    drawn = {
        row["step"]: (row["x"], row["y"])
        for row in rows_of(path.picture())
        if "path" in row and "x" in row
    }
    assert drawn == {k: tuple(position) for k, position in enumerate(path.positions)}
    costs = {row["step"]: row["cost"] for row in rows_of(path.picture()) if "cost" in row}
    assert costs == dict(enumerate(path.costs))


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("square", [0.1, 1.1]),
        ("batch_regression", [0.5]),
        ("saddle", [0.1]),
        ("quadratic_cost", [1.0, 10.0]),
        ("breast_cancer_logistic_regression", [0.5]),
    ],
)
def test_paths_of_all_kinds_have_a_picture(name, rate):
    paths = cb.descend(name, rate=rate, steps=30)
    picture = paths.picture()
    svg = paths._repr_svg_()
    assert svg.startswith("<svg")
    assert "cost per step" in svg
    for row in rows_of(picture):
        assert all(np.isfinite(v) for v in row.values() if isinstance(v, float))


def test_of_paths_that_coincide_all_are_seen():
    rates = [0.01, 0.010000001, 0.01]
    svg = cb.descend("saddle", rate=rates, steps=20).picture().svg()
    for label in ("rate 0.01", "rate 0.010000001"):
        assert svg.count(f">{label}</text>") == 1
    drawn = re.findall(r'stroke="(#[0-9a-f]{6})" stroke-width="([\d.]+)"', svg)
    widths = [float(width) for colour, width in drawn if colour in SERIES[:2]]
    assert len(widths) == 4 + 2  # both panels, and the legend
    assert widths[:2] == sorted(widths[:2], reverse=True)
    assert widths[0] > 1.5 * widths[1]


def test_no_label_stands_under_a_path():
    chart = cb.descend("batch_regression", rate=[0.01, 0.04], steps=40).picture().chart.to_dict()
    rows = [row for text in chart["datasets"].values() for row in json.loads(text)]
    labels = [(row["x"], row["y"]) for row in rows if "text" in row]
    path = [(row["x"], row["y"]) for row in rows if "path" in row and "cost" not in row]
    assert len(labels) > 2
    width, height = np.ptp(path, axis=0)
    for x, y in labels:
        apart = np.abs(np.array(path) - (x, y)) / (width, height)
        assert apart.max(axis=1).min() > 0.02


def test_costs_on_a_logarithmic_axis_are_1_2_or_5_times_a_power_of_ten():
    svg = cb.descend("batch_regression", rate=0.04, steps=40).picture().svg()
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    place = texts.index("10")
    assert {"20", "10", "5", "2", "1", "0.5", "0.2"} <= set(texts)
    assert not {"9", "7", "0.9", "0.7"} & set(texts[place - 4 : place + 8])


def test_a_cost_of_zero_is_no_cliff_on_a_logarithmic_axis():
    path = cb.descend("square", at={"x": 8.0}, rate=0.5, steps=3)
    assert path.costs.tolist() == [64.0, 0.0, 0.0, 0.0]
    picture = path.picture()
    assert "NaN" not in picture.svg()
    costs = [row["cost"] for row in rows_of(picture) if "cost" in row]
    assert min(costs) > 0 or '"log"' not in json.dumps(picture.chart.to_dict())


# --- the command -----------------------------------------------------------------------------


def test_the_command_prints_the_path_and_draws_it(cli, file, tmp_path):
    file("")
    done = cli("descend", "square", "--at", "x=8", "--rate", "0.25", "--steps", "4", "-o", "d.svg")
    assert (done.status, done.err) == (0, "")
    assert "square: gradient descent (by_hand), rate 0.25" in done.out
    rows = [line.split() for line in done.out.splitlines() if line.strip()][3:7]
    assert rows == [["0", "64", "8"], ["1", "16", "4"], ["2", "4", "2"], ["4", "0.25", "0.5"]]
    assert done.out.endswith("drawn to d.svg\n")
    assert (tmp_path / "d.svg").read_text("utf-8").startswith("<svg")


def test_the_command_gives_all_steps_as_data(cli, file, tmp_path):
    file("")
    rates = ("--rate", "0.5", "--rate", "2")
    done = cli("descend", "square", *rates, "--steps", "2", "--json", "-o", "d.svg")
    assert (tmp_path / "d.svg").exists()
    first, second = json.loads(done.out)
    assert first["costs"] == [25.0, 0.0, 0.0]
    assert second["parameters"]["x"] == [5.0, -15.0, 45.0]
    assert first["stopped"] == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("square", "--rate", "0"), "positive number"),
        (("square", "--steps", "0"), "'0'"),
        (("square", "-o", "x.gif"), ".svg"),
        (("square", "-b", "nobody"), "'nobody'"),
        (("curve_fit_residuals",), "curve_fit_residuals"),
    ],
)
def test_bad_input_is_one_line(cli, file, arguments, named):
    file("")
    done = cli("descend", *arguments)
    assert (done.status, done.out) == (2, ""), done
    assert done.err.count("\n") == 1
    assert named in done.err
