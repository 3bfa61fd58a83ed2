"""Long data: rows that nobody declared are found, and what takes too long is not begun."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import calcbench as cb
from calcbench.backends.sympy.derivatives import SymPy
from calcbench.catalogue.files import load_file
from calcbench.certified import budget, certificate
from calcbench.certified.certificate import certify
from calcbench.certified.evaluation import NotCertified, TookTooLong
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status

HERE = Path(__file__).parent
RNG = np.random.default_rng(3)
N = 200
X, Y = RNG.standard_normal((N, 3)), RNG.standard_normal(N)
LABELS = RNG.integers(0, 3, N)
QUICK = ["finite_difference", "sympy"]


def first_rows(problem, rows):
    """The same cost with the first rows of its data alone; nothing declared."""
    values = own_point(problem).values
    fewer = {name: values[name][:rows] for name in ("X", "y")}
    return cb.problem(**{**values, **fewer})(problem._function)


def squares(xp, w, X, y):
    return (xp.matmul(X, w) - y) ** 2


VARIANTS = {
    "no ridge": lambda xp, w, *, X, y: xp.mean(squares(xp, w, X, y)),
    "mean and ridge": lambda xp, w, *, X, y: xp.mean(squares(xp, w, X, y)) + 0.1 * xp.sum(w**2),
    "sum": lambda xp, w, *, X, y: xp.sum(squares(xp, w, X, y)),
    "sum and ridge": lambda xp, w, *, X, y: xp.sum(squares(xp, w, X, y)) + 0.1 * xp.sum(w**4),
    "half of a sum and ridge": lambda xp, w, *, X, y: (
        0.5 * (xp.sum(squares(xp, w, X, y)) + 7.0 * xp.sum(xp.exp(w)))
    ),
    "ridge over n": lambda xp, w, *, X, y: (
        (xp.sum(squares(xp, w, X, y)) + xp.sum(w**2)) / y.shape[0]
    ),
    "over a constant": lambda xp, w, *, X, y: xp.sum(squares(xp, w, X, y)) / 200,
}


def held_against_the_truth(problem, backends):
    """The records, each compared with the certified gradient, to its own bound."""
    truth = cb.reference(problem).value
    found = cb.compare(problem, backends, timed=False).records
    for record in found:
        assert record.status is Status.OK, record.reason
        for name, bound in record.bound.items():
            assert np.all(np.abs(record.value[name] - truth[name]) <= bound), record.backend
    return found


@pytest.mark.few(3)
@pytest.mark.parametrize("name", VARIANTS)
def test_symbols_take_one_row_that_was_found(name):
    problem = cb.problem(w=[0.3, -0.2, 0.5], X=X, y=Y)(VARIANTS[name])
    records = held_against_the_truth(problem, QUICK)
    assert all("rows found: X, y" in record.judged for record in records)
    formulas = str(SymPy().formulas(own_point(problem)))
    assert "X0_0" in formulas
    assert "X1_0" not in formulas


def test_weights_three_axes_and_data_that_are_no_rows():
    @cb.problem(k=np.ones((2, 2)), T=RNG.standard_normal((N, 2, 2)), s=np.abs(Y), other=Y)
    def cost(xp, k, *, T, s, other):
        return xp.mean(s * xp.exp(-xp.sum(T * k, axis=(1, 2)))) * xp.max(other)

    records = held_against_the_truth(cost, ["finite_difference"])
    assert all("rows found: T, s (mean over 200 rows)" in record.judged for record in records)


def test_integer_labels_have_rows_but_no_symbol():
    @cb.problem(weights=np.ones((3, 3)), X=X, y=LABELS)
    def cost(xp, weights, *, X, y):
        z = xp.matmul(X, weights)
        chosen = xp.take_along_axis(z, y[:, None], axis=1)[:, 0]
        return xp.mean(xp.logsumexp(z, axis=1) - chosen)

    (record,) = held_against_the_truth(cost, ["finite_difference"])
    assert "rows found: X, y (mean over 200 rows)" in record.judged
    many = np.tile(LABELS, 20)
    long = cb.problem(weights=np.ones((3, 3)), X=np.tile(X, (20, 1)), y=many)(cost._function)
    (refused,) = cb.compare(long, ["sympy"], timed=False).records
    assert refused.status is Status.SKIPPED
    assert refused.reason.endswith(
        "would be too long, and one row cannot stand for all: its 'y' is an integer, which is for "
        "indices and has no symbol"
    )


@pytest.mark.full
def test_a_long_logistic_regression_with_nothing_declared():
    (problem,) = load_file(HERE / "logistic_50k.py")
    assert problem.sizes == (50_000,)
    records = cb.compare(first_rows(problem, 5_000), QUICK, timed=False).records
    assert [record.status for record in records] == [Status.OK, Status.OK]
    (note,) = {record.judged for record in records}
    assert 'rows found: X, y (mean over 5,000 rows); declare rows=("X", "y") to say so' in note
    values = own_point(problem).values
    rows, y = values["X"][:5_000], values["y"][:5_000]
    truth = rows.T @ (0.5 - y) / 5_000
    for record in records:
        assert np.all(np.abs(record.value["w"] - truth) <= record.bound["w"])


# Run the arguments as a command, and print what it used, as JSON. Its own process, for the system
# counts the memory of whoever started a process as the first memory of that process.
MEASURE = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[2:], stdout=open(sys.argv[1], "w"), stderr=subprocess.STDOUT)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([status.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


@pytest.mark.full
def test_fifty_thousand_rows_take_half_a_minute_and_1_5_gb(tmp_path):
    command = [sys.executable, "-m", "calcbench", "compare", str(HERE / "logistic_50k.py")]
    output = tmp_path / "output.txt"
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(output), *command], stdout=subprocess.PIPE, check=True
    )
    status, busy, kilobytes = json.loads(measured.stdout)
    text = output.read_text("utf-8")
    assert status == 0, text
    assert re.search(r"certified in [\d.]+ s at 50,000 rows", text)
    assert "rows found: X, y" in text
    assert busy <= 25, busy  # seconds of the processor: the machine may be busy with other things
    assert kilobytes <= 1_500_000


@cb.problem(weights=np.eye(3), X=RNG.standard_normal((3500, 3)))
def contrastive(xp, weights, *, X):
    z = xp.matmul(X, weights)
    return xp.mean(xp.logsumexp(xp.matmul(z, xp.matrix_transpose(z)), axis=1))


def test_rows_that_were_not_looked_for_may_be_declared():
    """A first axis of less than 64 is not tried."""

    @cb.problem(weights=np.ones(50), X=RNG.standard_normal((50, 50)))
    def wide(xp, weights, *, X):
        return xp.mean(xp.exp(xp.matmul(X, weights)))

    (record,) = cb.compare(wide, ["sympy"], timed=False).records
    assert record.reason == (
        "a formula of 2,500 numbers of data would be too long: declare rows=… if the cost is the "
        "mean or sum over rows of them"
    )


def test_long_data_without_rows_are_declined_at_once_by_symbols():
    started = time.thread_time()
    (record,) = cb.compare(contrastive, ["sympy"], timed=False).records
    assert record.status is Status.SKIPPED
    assert record.reason == (
        "a formula of 10,500 numbers of data would be too long, and no rows were found of which "
        "the cost is the mean or sum"
    )
    assert "no rows were found of which the cost is the mean or sum" in record.judged
    assert "rows found" not in record.judged
    assert time.thread_time() - started < 3 * certificate.SECONDS


@cb.problem(a=1.0, X=RNG.standard_normal((900, 8)))
def work_on_data_alone(xp, a, *, X):
    near = xp.matmul(X, xp.matrix_transpose(X))
    return a * xp.sum(xp.exp(-near))


def test_the_deadline_holds_for_data_too_and_is_met_once(monkeypatch):
    monkeypatch.setattr(certificate, "SECONDS", 0.1)
    point = own_point(work_on_data_alone)
    started = time.thread_time()
    with pytest.raises(TookTooLong, match="it would take too long"):
        certify(point, "float64")
    first = time.thread_time() - started
    assert first < 1.0
    started = time.thread_time()
    with pytest.raises(NotCertified, match="it would take too long"):
        certify(point.with_values({"a": np.array(2.0)}), "float64")
    assert time.thread_time() - started < 0.1 * first


def test_memory_is_limited_as_time_is(monkeypatch):
    monkeypatch.setattr(budget, "LARGEST", 3_000_000)
    with pytest.raises(TookTooLong):
        certify(own_point(work_on_data_alone), "float64")


def test_too_many_numbers_are_not_begun(monkeypatch):
    monkeypatch.setattr(budget, "LARGEST_INPUTS", 100)
    started = time.thread_time()
    with pytest.raises(NotCertified, match="it would take too long for 7,201 numbers"):
        certify(own_point(work_on_data_alone), "float64")
    assert time.thread_time() - started < 0.1


@pytest.mark.full
def test_differences_that_take_too_long_are_skipped():
    (record,) = cb.compare(contrastive, ["finite_difference[seconds=1e-6]"], timed=False).records
    assert record.status is Status.SKIPPED
    assert "one gradient takes 18 evaluations of the cost" in record.reason
    with pytest.raises(cb.SelectorError, match="seconds must be a positive number"):
        cb.gradient(contrastive, "finite_difference[seconds=0]")


@pytest.mark.usefixtures("forked")
def test_bench_names_the_number_of_rows():
    problem = cb.problem(w=[0.3, -0.2, 0.5], X=X, y=Y)(VARIANTS["no ridge"])
    assert problem.sizes == (N,)
    run = cb.benchmark(problem, ["finite_difference"], settings=cb.Settings(rounds=3, budget=1.0))
    assert {record.size for record in run.records} == {N}


def test_rows_are_searched_once_for_a_point_and_all_that_are_made_from_it():
    calls = []

    @cb.problem(a=0.3, y=Y)
    def counted(xp, a, *, y):
        calls.append(len(y))
        return xp.mean(xp.exp(a * y))

    own = own_point(counted)
    assert own.row_count == N
    searched = len(calls)
    assert own.with_values({"a": np.array(2.0)}).with_rows(slice(9)).row_count == 9
    assert len(calls) == searched
    assert sum(calls) < 50 * N


def test_rows_beside_a_large_term_are_right_for_symbols_too():
    @cb.problem(a=0.3, y=Y, rows=("y",), reduction="sum")
    def hidden(xp, a, *, y):
        return 1e20 * xp.exp(a) + xp.sum((a - y) ** 2)

    (record,) = cb.compare(hidden, ["sympy"], timed=False).records
    assert record.status is Status.OK


def test_rows_that_are_not_alike_for_symbols_alone_skip_them_and_end_nothing():
    @cb.problem(a=0.3, y=Y, rows=("y",), reduction="sum")
    def one_row_is_special(xp, a, *, y):
        return xp.sum(xp.exp(a * y)) * (1 if len(y) > 1 else 2)

    differences, symbols = cb.compare(one_row_is_special, QUICK, timed=False).records
    assert differences.status is Status.OK
    assert symbols.status is Status.SKIPPED
    assert symbols.reason.startswith("one symbolic row does not stand for all: its cost of 16 rows")


def test_a_declaration_that_values_of_the_cost_refute_is_bad_input():
    @cb.problem(a=0.3, y=Y, rows=("y",))
    def no_mean(xp, a, *, y):
        return xp.sum(xp.exp(a * y))

    with pytest.raises(cb.CalcbenchError, match=r"declares rows = \('y',\), but its cost of 16"):
        cb.compare(no_mean, QUICK, timed=False)
