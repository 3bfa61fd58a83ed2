"""Comparisons and runs as they are iterated over, and as data frames."""

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest

import calcbench as cb
from calcbench.api import Comparison
from calcbench.record.record import Record, Status
from calcbench.record.run import SavedRun
from calcbench.report import columns
from calcbench.report.formats import csv as csv_format
from calcbench.report.run import Run

BACKENDS = ["by_hand", "finite_difference", "sympy"]


@pytest.fixture(scope="module")
def comparison():
    return cb.compare("saddle", BACKENDS)


@pytest.fixture(scope="module")
def run():
    brief = cb.Settings(burst=0.001, rounds=1, budget=0.05)
    return cb.benchmark(["saddle", "square"], ["by_hand", "finite_difference"], settings=brief)


def test_they_iterate(comparison, run):
    assert [record.backend for record in comparison] == BACKENDS
    assert list(run) == list(run.records)
    assert (len(comparison), len(run)) == (3, 4)


def test_a_run_of_no_cells_is_a_run_all_the_same():
    assert SavedRun((), ())
    assert len(SavedRun((), ())) == 0


def test_columns_of_a_comparison(comparison):
    found = columns.comparison_columns(comparison.records)
    assert found["backend"] == BACKENDS
    assert found["status"] == ["ok"] * 3
    by_x, by_y = comparison.records[0].labels
    assert found[by_x] == pytest.approx([6.0] * 3)
    assert found[by_y] == pytest.approx([-4.0] * 3)
    assert found["seconds"] == [record.seconds["call"] for record in comparison]
    assert {len(column) for column in found.values()} == {3}


def test_columns_of_several_problems_have_no_components():
    found = columns.comparison_columns(cb.verify(["saddle", "square"], "by_hand").records)
    assert found["problem"] == ["saddle", "square"]
    assert not [name for name in found if name.startswith("∂")]
    assert found["seconds"] == [None, None]


def test_a_result_that_is_not_there_is_none(comparison):
    first, *_ = comparison
    missing = replace(first, backend="other", value=None, labels=(), status=Status.ERROR)
    for records in ([first, missing], [missing, first]):
        found = columns.comparison_columns(records)
        assert sorted(found[first.labels[0]], key=str) == [6.0, None]


def test_columns_of_a_run_are_those_of_the_csv(run):
    found = columns.run_columns(run)
    lines = list(csv.DictReader(io.StringIO(csv_format.write(run))))
    assert list(lines[0]) == list(found)
    for place, line in enumerate(lines):
        assert line["backend"] == found["backend"][place]
        assert float(line["seconds"]) == found["seconds"][place]


def test_pandas(comparison, run):
    pandas = pytest.importorskip("pandas")
    frame = comparison.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame[comparison.records[0].labels[0]].round(9)) == [6.0] * 3
    assert frame["size"].dtype == np.int64
    assert frame["digits"].dtype == frame["condition"].dtype == np.float64
    assert frame.loc[0, "certified_digits"] == math.inf
    timed = run.to_pandas()
    assert (len(timed), timed["seconds"].dtype) == (4, np.float64)
    assert list(timed.groupby("problem").size()) == [2, 2]


def test_polars(comparison, run):
    polars = pytest.importorskip("polars")
    frame = comparison.to_polars()
    assert frame["backend"].to_list() == BACKENDS
    assert frame["threads"].null_count() == 3
    assert frame.schema["size"] == polars.Int64
    assert frame.schema["digits"] == polars.Float64
    assert run.to_polars()["seconds"].min() > 0


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_frames_of_nothing(package):
    pytest.importorskip(package)
    for found in (Comparison(()), Run((), ())):
        frame = getattr(found, f"to_{package}")()
        assert len(frame) == 0
        assert "problem" in list(frame.columns)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_values_that_no_column_holds(package):
    pytest.importorskip(package)
    record = Record("p", "b", "gradient", "float64", Status.ERROR, seed=10**30, reason="a\nb")
    frame = getattr(Comparison((record,)), f"to_{package}")()
    assert frame["seed"][0] == 1e30
    assert frame["reason"][0] == "a b"


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_package_that_is_missing_is_named(package, comparison, run, monkeypatch):
    monkeypatch.setattr(columns, "missing", lambda modules, cure: f"{modules[0]} is gone; {cure}")
    for found in (comparison, run):
        with pytest.raises(cb.NotInstalled, match=f"{package} is gone; python -m pip install"):
            getattr(found, f"to_{package}")()
