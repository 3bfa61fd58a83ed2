"""The picture of the V: its names, its bounds, and errors that are exactly 0."""

import json
from dataclasses import replace

import numpy as np
import pytest

import calcbench as cb
from calcbench.catalogue.selection import find_problem, select_backends
from calcbench.certified.reference import NotCertified, NotSmoothHere, reference
from calcbench.cli.steps import SCHEMES
from calcbench.problem.inputs import own_point
from calcbench.show import steps
from calcbench.show.steps import ROWS, STEPS, curve, table

FOLD = """import calcbench
@calcbench.problem(x=0.0, y=1.0)
def fold(xp, x, y):
    return xp.abs(x) + y**2
"""


@cb.problem(x=0.0, y=1.0)
def fold(xp, x, y):
    return xp.abs(x) + y**2


def rows_of(picture):
    datasets = picture.chart.to_dict()["datasets"].values()
    return [row for text in datasets for row in json.loads(text)]


def measure(name, partial=None, schemes=SCHEMES, **options):
    return curve(find_problem(name), partial, select_backends(schemes), **options)


def test_schemes_are_called_by_their_names():
    found = measure("chain_rule_single")
    assert list(found.labels.values()) == ["forward", "central", "richardson"]
    assert table(found).columns == ["step", "forward", "central", "richardson"]
    found.picture()  # refused, and the test skipped, without the extra plot
    words = found._repr_svg_()
    for wanted in ("forward", "central", "richardson", "∂y/∂x by difference quotients"):
        assert wanted in words
    assert "scheme=" not in words


def test_backends_of_the_same_scheme_keep_their_selectors():
    found = measure("square", schemes=["finite_difference", "finite_difference[dtype=float32]"])
    assert table(found).columns[1:] == ["finite_difference", "finite_difference[dtype=float32]"]


def test_an_exact_error_is_a_mark_and_no_line():
    found = measure("saddle", "x")
    exact = [step for step in found.steps if step.error == 0]
    assert exact
    picture = found.picture()
    rows = rows_of(picture)
    lowest = min(step.error for step in found.steps if step.error > 0)
    drawn = [row for row in rows if "error" in row]
    assert all(row["error"] > 0 for row in drawn)
    assert "exact" in picture.svg()
    marks = [(row["name"], row["step"]) for row in rows if set(row) == {"step", "name", "piece"}]
    assert sorted(marks) == sorted((found.labels[s.backend], s.step) for s in exact)
    # A line is not drawn across them: forward differences have exact steps amid others.
    errors = [step.error for step in found.steps if "forward" in step.backend]
    runs = sum(e > 0 and (k == 0 or errors[k - 1] == 0) for k, e in enumerate(errors))
    lines = [row for row in drawn if row["error"] >= lowest]
    pieces = {row["piece"] for row in lines if row["piece"].startswith("forward-")}
    assert len(pieces) == runs > 1


def test_bounds_lie_above_errors_in_the_picture():
    found = measure("chain_rule_single")
    assert all(step.error <= step.bound for step in found.steps)
    text = json.dumps(found.picture().chart.to_dict(), allow_nan=False)
    assert "Infinity" not in text


@cb.problem(rate=1e-9)
def decay(xp, rate):
    return xp.exp(-1e9 * rate) * 1e-14 + 3e-15


def test_what_is_not_proved_is_no_bound():
    found = curve(decay, None, select_backends(SCHEMES))
    forward = [step for step in found.steps if "forward" in step.backend]
    assert all(step.error <= step.bound for step in found.steps if not np.isnan(step.error))
    assert forward[0].error > 0.9  # at h = 1 the cost is flat, and an estimate would be tiny
    assert forward[0].bound == np.inf
    assert max(found.optimum.values()) < 1e-9
    assert "(no bound)" in str(found)


def test_a_scheme_without_proofs_has_no_best_step():
    found = measure("square", schemes=["finite_difference[scheme=complex]"])
    assert np.isnan(list(found.optimum.values())).all()
    assert "←" not in str(found).replace("← the step", "")
    assert "none is proved" in found.picture().svg()


def test_the_axes_leave_room_for_the_best_step():
    found = measure("saddle", "x")
    assert max(found.optimum.values()) == 1.0
    upper, band = found.picture().chart.to_dict()["vconcat"]
    (domain,) = {
        tuple(drawn["encoding"]["x"]["scale"]["domain"]) for drawn in (*upper["layer"], band)
    }
    assert domain[0] < min(STEPS)
    assert domain[1] > max(STEPS)


def test_of_many_rows_some_are_taken_and_that_is_said():
    found = measure("straight_line_at_scale", "m", size=10_000)
    assert found.sampled == f"on {ROWS} of 10,000 rows, evenly spaced"
    assert found.sampled in table(found).notes
    assert found.sampled in found.picture().svg()
    assert measure("batch_regression").sampled == ""


def test_size_and_seed_are_those_asked_for():
    first, second = (measure("straight_line_at_scale", "m", size=20, seed=s) for s in (0, 1))
    assert not np.array_equal([s.error for s in first.steps], [s.error for s in second.steps])


def test_at_a_kink_there_is_no_slope_to_differ_from():
    schemes = select_backends(SCHEMES)
    with pytest.raises(NotSmoothHere, match="∂C/∂x of problem 'fold': not smooth here: one-sided"):
        curve(fold, "x", schemes)
    assert all(step.error <= step.bound for step in curve(fold, "y", schemes).steps)
    beside = curve(fold, "x", schemes, at={"x": 2.0, "y": 1.0})
    assert all(step.error <= step.bound for step in beside.steps)


def test_what_is_not_certified_has_no_error(monkeypatch):
    found = reference(own_point(fold, at={"x": 2.0, "y": 1.0}))
    reasons = {**found.reasons, "x": np.array("0·∞ at sqrt")}
    unclear = replace(found, open={**found.open, "x": np.array(True)}, reasons=reasons)
    monkeypatch.setattr(steps, "reference", lambda point: unclear)
    with pytest.raises(NotCertified, match="∂C/∂x of problem 'fold' is not certified: 0·∞ at sqrt"):
        curve(fold, "x", select_backends(SCHEMES))


def test_the_command_says_in_one_line_that_there_is_a_kink(cli, file):
    file(FOLD)
    done = cli("steps", "cost.py", "x")
    assert (done.status, done.out) == (2, ""), done
    assert done.err.count("\n") == 1
    assert "not smooth here: one-sided derivatives differ" in done.err


@pytest.mark.few(1)
@pytest.mark.parametrize("ending", ["svg", "html", "json"])
def test_the_command_draws_in_the_form_of_the_name(cli, file, tmp_path, ending):
    file("")
    done = cli("steps", "chain_rule_single", "--plot", f"v.{ending}")
    assert (done.status, done.out, done.err) == (0, f"drawn to v.{ending}\n", "")
    text = (tmp_path / f"v.{ending}").read_text("utf-8")
    assert "forward" in text
    if ending == "json":
        assert json.loads(text)["$schema"].startswith("https://vega.github.io/schema/vega-lite")
