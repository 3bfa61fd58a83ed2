"""Tables: what they say, and that they fit."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcbench.harness.compare import LABELS
from calcbench.operators.gradient import Gradient
from calcbench.problem.point import Point
from calcbench.record.record import Record, Status
from calcbench.report.agreement import count, summary
from calcbench.report.comparison import as_html, as_text, comparison
from calcbench.report.numbers import NOTHING, format_duration
from calcbench.report.tables.table import Entry, Table
from calcbench.report.tables.text import draw
from calcbench.report.tables.widths import pieces, wrap


class Named:
    """As much of a problem as names its parameters and its value."""

    letter = "C"

    def __init__(self, parameters):
        self.parameters = tuple(parameters)


def record(backend="by_hand", problem="square", **changes):
    standard = {
        "operator": "gradient",
        "dtype": "float64",
        "status": Status.OK,
        "at": {"x": np.array(5.0)},
        "value": {"x": np.array(10.0)},
        "digits": 15.95,
        "seconds": {"prepare": 1.5e-3, "call": 2e-6},
    }
    found = {**standard, **changes}
    return Record(problem, backend, **{"labels": labels(found["value"]), **found})


def labels(gradient):
    """What the partials of a gradient are called."""
    if gradient is None:
        return ()
    layout = Gradient().layout(Point(Named(gradient), gradient))
    return tuple(layout.label(k) for k in range(min(layout.size, LABELS)))


def weights(n, backend="by_hand", **changes):
    """A record with n partials of many digits."""
    values = -np.pi * 10.0 ** np.arange(n)
    return record(backend, at={}, value={"w": values}, **changes)


def drawn(table, width):
    import io

    from rich.console import Console

    out = io.StringIO()
    draw(table, Console(file=out, width=width, color_system=None))
    return out.getvalue()


# --- durations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, NOTHING),
        (0.0, "0 ns"),
        (3e-9, "3 ns"),
        (3.14159e-6, "3.14 µs"),
        (46e-6, "46 µs"),
        (1e-6, "1 µs"),
        (9.999e-7, "1 µs"),
        (999.4e-6, "999 µs"),
        (999.9e-6, "1 ms"),
        (2.01e-3, "2.01 ms"),
        (0.9996, "1 s"),
        (1.2, "1.2 s"),
        (100.0, "100 s"),
        (123456.0, "123000 s"),
    ],
)
def test_duration(seconds, text):
    assert format_duration(seconds) == text


@given(st.floats(1e-9, 1e6))
def test_duration_is_right_to_three_digits(seconds):
    number, unit = format_duration(seconds).split()
    assert "e" not in number
    scale = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
    assert float(number) * scale == pytest.approx(seconds, rel=0.0051)
    assert float(number) < 1000 or unit == "s"


# --- one problem ----------------------------------------------------------------------------------


def test_comparison_says_what_the_record_says():
    rows = [record(proof="proved"), record("sympy", digits=None, seconds={})]
    table = comparison(rows, wide=True)
    assert table.title == "square at x = 5"
    one, other = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    shown = ["backend", "∂C/∂x", "digits", "verdict", "prepare", "time"]
    assert [name for name in table.columns if name in shown] == shown
    assert [one[name].text for name in shown] == [
        "by_hand", "10", "15.9", "ok, proved", "1.5 ms", "2 µs",
    ]  # fmt: skip
    assert [other[name].text for name in shown] == [
        "sympy", "10", NOTHING, "ok", NOTHING, NOTHING,
    ]  # fmt: skip
    assert one["verdict"].status is Status.OK
    assert not table.notes


def test_a_table_is_short_unless_more_is_asked_for():
    rows = [record(condition=4.9, data="drawn again at the random points")]
    short, wide = comparison(rows), comparison(rows, wide=True)
    assert list(short.columns) == ["backend", "∂C/∂x", "digits", "verdict", "time"]
    assert [c for c in wide.columns if c in short.columns] == short.columns
    assert {*wide.columns} - {*short.columns} == {"median", "needed", "ulp", "prepare"}
    assert short.notes == ["data: drawn again at the random points"]
    assert wide.notes == [*short.notes, "condition number of the gradient: 4.9"]


def test_a_draft_has_no_verdicts_but_says_what_failed():
    rows = [record(digits=None), record("torch", status=Status.TIMEOUT, reason="timeout 60 s")]
    table = comparison(rows, judged=False)
    verdict = table.columns.index("verdict")
    assert [row[verdict].text for row in table.rows] == ["…", "timeout"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_shown(value):
    rows = [record(value={"x": np.array(value)}, digits=value, status=Status.ERROR, reason="!")]
    assert str(value) in as_text(rows)
    assert "error" in as_text(rows)
    assert "by_hand: !" in as_text(rows)


def test_no_gradient_at_all():
    gone = record("torch", status=Status.NOT_INSTALLED, value=None, digits=None, seconds={},
                  reason="backend 'torch': torch is not installed")  # fmt: skip
    text = as_text([gone])
    assert "not installed" in text
    assert text.count("backend 'torch'") == 1
    assert "torch: backend" not in text  # named once
    text = as_text([gone, record()])
    assert "∂C/∂x" in text  # the column comes from the record that has one


def test_a_gradient_of_another_form_than_the_others():
    odd = record("torch", status=Status.DISAGREE, value={"y": np.zeros(2)})
    longer = record("jax", status=Status.DISAGREE, value={"x": np.zeros(3)})
    shown = comparison([record(), odd])
    assert [row[1].text for row in shown.rows] == ["10", NOTHING]
    shown = comparison([weights(2), longer])
    assert shown.rows[1][1].text == NOTHING
    text = as_text([odd, record(), longer])
    assert [len(re.findall(rf"^{r.backend} ", text, re.M)) for r in (odd, longer)] == [1, 1]


def test_refused_problem():
    refused = record("", status=Status.ERROR, at={}, value=None, digits=None, seconds={},
                     reason="problem 'square': 'x' is empty")  # fmt: skip
    text = as_text([refused])
    assert text.startswith("square\n")
    assert text.count("problem 'square': 'x' is empty") == 1


def test_a_reason_that_several_share_is_given_once():
    rows = [record(b, status=Status.ERROR, reason="no good") for b in ("sympy", "torch", "jax")]
    assert comparison([record(), *rows]).notes == ["sympy, torch, jax: no good"]


def test_many_partials_are_counted():
    table = comparison([weights(30)], 100)
    shown = sum(column.startswith("∂C") for column in table.columns)
    assert 1 < shown < 30
    assert table.notes == [f"… and {30 - shown} more partials (--json gives all)"]
    assert comparison([weights(2)], 30).notes == ["… and 1 more partial (--json gives all)"]


def test_a_million_partials_take_no_time_to_name():
    values = np.ones(10**6)
    table = comparison([record(at={"w": values}, value={"w": values})])
    assert "more partials" in table.notes[0]
    assert "… 1000000 values" in table.title


def test_matrix_components_are_named():
    W = np.arange(4.0).reshape(2, 2)
    table = comparison([record(at={"W": W}, value={"W": W})])
    assert table.columns[1:4] == ["∂C/∂W[0, 0]", "∂C/∂W[0, 1]", "∂C/∂W[1, 0]"]
    assert [cell.text for cell in table.rows[0][1:4]] == ["0", "1", "2"]


def test_no_records():
    assert as_text([]) == "\n"
    assert as_html([]) == ""
    assert drawn(comparison([]), 80).startswith("nothing to compare")


# --- the summary ----------------------------------------------------------------------------------


def test_summary():
    records = [
        record(proof="proved"),
        record("torch", status=Status.DISAGREE),
        record(problem="saddle", proof="not proved: too long"),
        record("torch", problem="saddle", status=Status.NOT_INSTALLED, digits=None),
        record("", problem="broken", status=Status.ERROR, digits=None),
    ]
    table = summary(records)
    assert table.columns == ["problem", "by_hand", "torch", "formula"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["square", "15.9", "disagree", "proved"],
        ["saddle", "15.9", "not installed", "not proved"],
        ["broken", "error", "error", NOTHING],
    ]
    (sentence,) = table.notes
    assert sentence == (
        "2 of 4 gradients agree, over 3 problems; 1 disagree; 1 error; 1 not installed; "
        "1 of 2 hand-derived formulas proved."
    )


@pytest.mark.parametrize("proof", ["not proved", "refuted", "proved"])
def test_the_summary_says_below_the_table_where_a_formula_is_not_proved(proof):
    """A cell would break the name of the component."""
    where = f"{proof} in ∂C/∂centroids[0, 0]"
    table = summary([record(proof=where), record(problem="saddle", proof="proved")])
    assert [row[-1].text for row in table.rows] == [proof, "proved"]
    assert table.notes[0] == f"{where}: square"
    assert f"\n{where}: square\n" in drawn(table, 60)


def test_the_summary_counts_what_should_have_agreed():
    """27 of 54, not 27 of 27: an error is no agreement, and no result that was not tried."""
    right = [record(problem=f"p{k}", digits=15.0) for k in range(27)]
    wrong = [record("torch", problem=f"p{k}", status=Status.ERROR) for k in range(27)]
    assert count([*right, *wrong]) == "27 of 54 gradients agree, over 27 problems; 27 errors."
    vague = [record("jax", status=Status.IMPRECISE)] * 2
    skipped = [record("jax", status=Status.SKIPPED)] * 3
    assert count([*right, *vague, *skipped]) == (
        "27 of 29 gradients agree, over 28 problems; 2 imprecise; 3 skipped."
    )


@pytest.mark.parametrize(
    ("operators", "what"),
    [
        (["gradient"], "gradients"),
        (["gradient", "jacobian"], "gradients and Jacobians"),
        (["gradient", "hessian"], "results"),
    ],
)
def test_the_summary_says_what_was_compared(operators, what):
    assert f" {what} agree" in count([record(operator=name) for name in operators])


def test_summary_of_backends_that_differ_by_problem():
    table = summary([record("jax"), record("torch", problem="saddle")])
    assert [[cell.text for cell in row[1:3]] for row in table.rows] == [
        ["15.9", NOTHING],
        [NOTHING, "15.9"],
    ]


# --- fitting --------------------------------------------------------------------------------------

LONG = "finite_difference[scheme=richardson,delta=1e-06,dtype=float32]"


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_number_is_cut_and_no_line_too_long(width):
    records = [
        weights(5, name, status=status, reason="because it is so", proof="proved")
        for name, status in (("by_hand", Status.OK), (LONG, Status.NOT_INSTALLED))
    ]
    text = drawn(comparison(records, width), width)
    assert all(len(line) <= width for line in text.splitlines())
    assert len(re.findall(r"-3\.14159265(?!\S)", text)) == 2
    assert "proved" in text
    assert text.count("2 µs") == 2
    for piece in ("finite_", "richardson,", "delta=1e-06,", "float32]"):
        assert piece in text
    if width == 200:
        assert LONG in text


def test_a_wide_table_keeps_its_columns_where_it_is_narrow():
    table = comparison([weights(1, "finite_difference")], 45, wide=True)
    assert {"median", "needed", "ulp", "prepare", "time"} <= {*table.columns}
    text = drawn(table, 45)
    assert all(len(line) <= 45 for line in text.splitlines())
    assert text.count("-3.14159265") == 1


@given(st.integers(1, 12), st.integers(40, 160))
def test_a_wide_table_has_the_partials_of_the_short_one(n, width):
    short, wide = (comparison([weights(n)], width, wide=wide) for wide in (False, True))
    partials = [column for column in short.columns if column.startswith("∂")]
    assert partials == [column for column in wide.columns if column.startswith("∂")]
    assert all(len(line) <= width for line in drawn(wide, width).splitlines())


def test_long_selector_keeps_no_partial_out():
    two = {"m": np.array(36.305), "b": np.array(6.265)}
    table = comparison([record(LONG, value=two)], 80)
    assert table.columns[1:3] == ["∂C/∂m", "∂C/∂b"]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_wide_table_is_cut_into_blocks_under_the_first_column(width):
    names = [f"backend_number_{n}" for n in range(12)]
    cells = [Entry("square"), *(Entry(f"{n}.5") for n in range(12))]
    text = drawn(Table("digits", ["problem", *names], [cells]), width)
    assert all(len(line) <= width for line in text.splitlines())
    assert text.count("square") > 1
    for n in range(12):
        assert f" {n}.5" in text


def test_names_stand_whole_where_there_are_several_blocks():
    found = [record("finite_difference", value={"x": np.array(6.0), "y": np.array(-4.0)})]
    text = drawn(comparison(found, 70, wide=True), 70)
    blocks = [line for line in text.splitlines() if line.startswith("backend")]
    assert len(blocks) == text.count("finite_difference") > 1


@given(st.text(alphabet="ab_[],= ", max_size=30), st.integers(1, 30))
def test_wrapping_loses_nothing(text, width):
    wrapped = wrap(text, width)
    assert squeezed(wrapped) == squeezed(text)
    longest = max(len(piece.rstrip()) for piece in pieces(text))
    assert all(len(line) <= max(width, longest) for line in wrapped.splitlines())


@pytest.mark.parametrize("text", ["-1.23456789e-05", "3.14 µs", "∂C/∂W[0, 12]", "–", "torch", ""])
def test_numbers_are_in_one_piece(text):
    assert pieces(text) == [text]


# --- HTML -----------------------------------------------------------------------------------------


def test_html_escapes_everything():
    html = as_html([record("<i>", problem="<b>", reason="1 < 2 & 3", status=Status.ERROR)])
    assert "<i>" not in html
    assert "<b><" not in html
    assert "&lt;b&gt;" in html
    assert "1 &lt; 2 &amp; 3" in html


def test_html_has_a_row_per_record():
    html = as_html([record(), record("sympy")])
    assert html.count("<tr>") == 3
    assert html.count("<th ") == len(comparison([record()]).columns)
