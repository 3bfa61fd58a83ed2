"""The report on a run: numbers, words and formats, from runs whose truth is planted."""

import csv
import dataclasses
import html
import io
import json
import math
import pkgutil
import re
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from waiting import PATIENCE

from calcbench.bench import intervals
from calcbench.errors import SelectorError
from calcbench.record.record import Record, Status
from calcbench.record.run import Environment, SavedRun
from calcbench.record.samples import Samples, Timing
from calcbench.report import (
    break_even,
    citation,
    differences_table,
    formats,
    numbers,
    provenance,
    ratios,
    run_tables,
    scaling,
    sections,
    summary,
)
from calcbench.report.differences import Verdict, differences
from calcbench.report.formats import FORMATS, pyperf, write
from calcbench.report.formats import table as text_format
from calcbench.report.numbers import NOTHING
from calcbench.report.page.library import chart_library, missing_library
from calcbench.report.run import Run
from calcbench.report.tables.latex import LONGEST, escape

ROUNDS = 20

ENVIRONMENT = Environment(
    id="a1b2c3",
    started="2026-11-22T16:09:24Z",
    calcbench="0.1.0",
    machine={
        "cpu": "Example_CPU & Co 100% #1",
        "cores": 2,
        "processors": 4,
        "system": "Linux 6.1 x86_64",
        "hostname": "secret-host",
    },
    versions={"python": "3.12.1", "calcbench": "0.1.0", "numpy": "2.4.6"},
    settings={"rounds": 20, "burst": 0.02, "folder": "/secret/place"},
    git={"commit": "0123456789abcdef", "dirty": True},
    cells=3,
)


def samples(seconds, rng, noise=0.01, rounds=ROUNDS, drift=1.0):
    """Bursts around a median: skewed, as times are."""
    skewed = np.exp(noise * rng.standard_normal(rounds)) * drift
    values = tuple(map(float, seconds * skewed))
    return Samples(10, tuple(range(rounds)), values, values)


def cell(backend="torch", seconds=1e-3, size=8, seed=0, **changes):
    """A record; its samples depend on `seed` and its name, and nothing else."""
    rng = np.random.default_rng([seed, size, *backend.encode("utf-8", "surrogatepass")])
    noise = changes.pop("noise", 0.01)
    rounds, drift = changes.pop("rounds", ROUNDS), changes.pop("drift", 1.0)
    cost = changes.pop("cost", None)
    timing = Timing(
        changes.pop("batch", f"batch-{size}"),
        samples(seconds, rng, noise, rounds, drift),
        samples(cost, rng, noise, rounds, drift) if cost else None,
        {"imported": 1_000, "peak": 2_000},
        1,
    )
    standard = {
        "problem": "batch_regression",
        "operator": "gradient",
        "dtype": "float64",
        "status": Status.OK,
        "at": {"w": np.zeros(changes.pop("components", 3))},
        "digits": 15.3,
        "seconds": changes.pop("setup", {"prepare": 0.1, "first": 0.01}),
        "threads": 1,
        "timing": timing,
        "source": {"problem": "p" * 16, "backend": "b" * 16},
        "versions": {"numpy": "2.4.6"},
        "run": ENVIRONMENT.id,
    }
    return Record(backend=backend, size=size, **{**standard, **changes})


def failed(backend, status, reason, **changes):
    return cell(
        backend, status=status, reason=reason, timing=None, digits=None, setup={}, **changes
    )


def run(*records, **changes):
    return SavedRun((dataclasses.replace(ENVIRONMENT, **changes),), tuple(records))


NOISE = "known to ±21% after 22 rounds"

EVERYTHING = run(
    cell("by_hand", 1e-6, cost=5e-7, setup={"prepare": 2e-5, "first": 2e-6}),
    cell("jax[mode=jit,dtype=float64]", 5e-6, cost=4e-6, at={}),
    cell("finite_difference", 2e-6, status=Status.NOISY, noise=0.5, reason=NOISE),
    cell("wrong", 1e-9, status=Status.DISAGREE, reason="∂C/∂w[0] is 3, expected 4 | allowed 1e-15"),
    cell("few", 9e-6, rounds=5, digits=math.nan, setup={"prepare": math.nan, "first": 1.0}),
    failed("sympy", Status.TIMEOUT, "timeout 60 s"),
    failed("tensorflow", Status.CRASH, "crash SIGSEGV"),
    failed("eater", Status.OUT_OF_MEMORY, "needed more than 4 GiB, which is what it may take"),
    failed("thrower", Status.ERROR, 'ValueError: <b>_%&#$~^\\{}`|*" µ × ± – 漢\nsecond line'),
    failed("shy", Status.SKIPPED, "has no `erf`"),
    failed("absent", Status.NOT_INSTALLED, ""),
    failed("blunt", Status.ERROR, "a <b> & c | d_e"),
    *(
        cell("by_hand", 1e-8 * n, size=n, cost=4e-9 * n, components=n)
        for n in (10**3, 10**5, 10**7)
    ),
    failed("", Status.ERROR, "the problem could not be run", problem="broken_problem", dtype=""),
    cell("torch", 2e-6, problem="other_problem", dtype="float32", threads=4, operator="jacobian"),
)

EMPTY = SavedRun((ENVIRONMENT,), ())
NOWHERE = SavedRun((), ())
ALONE = run(cell("torch"))
ALL_FAILED = run(
    failed("torch", Status.CRASH, "crash SIGSEGV"), failed("jax", Status.TIMEOUT, "timeout 60 s")
)
ODD = [EVERYTHING, EMPTY, NOWHERE, ALONE, ALL_FAILED]


def row(section, backend, size=8):
    (found,) = (r for r in section.rows if r.record.backend == backend and r.record.size == size)
    return found


HOSTILE = "\x1b[2J\x1b]0;x\x07\u202e\x00\x9b31m\ud800"
STRANGE = run(
    cell(f"=torch{HOSTILE}", problem=f"-p{HOSTILE}", operator=f"@{HOSTILE}", dtype=HOSTILE),
    failed(f"+a\rb{HOSTILE}", Status.ERROR, f"=cmd(){HOSTILE}", problem=f"\tp{HOSTILE}"),
    machine={"cpu": f"@SUM(1){HOSTILE}", "cores": HOSTILE, "system": HOSTILE},
    versions={f"python{HOSTILE}": HOSTILE},
    git={"commit": HOSTILE},
    calcbench=f"=0{HOSTILE}",
    started=HOSTILE,
    id=HOSTILE,
)

# --- ratios ---------------------------------------------------------------------------------------


def test_cells_of_one_batch_are_compared_round_by_round():
    drift = np.linspace(1, 3, ROUNDS)
    one, other = (cell(name, s, drift=drift) for name, s in (("a", 1.05), ("b", 1.0)))
    assert ratios.distinguishable(one, other)
    assert ratios.between(one, other).median == pytest.approx(1.05, rel=0.01)
    timing = dataclasses.replace(other.timing, batch="another")
    assert not ratios.distinguishable(one, dataclasses.replace(other, timing=timing))
    # The same name of a batch in another run is another batch.
    assert not ratios.distinguishable(one, dataclasses.replace(other, run="another"))


def test_a_batch_without_a_common_round_is_a_quotient():
    late = cell("b", 1.0)
    shifted = dataclasses.replace(late.timing.call, round=tuple(range(100, 100 + ROUNDS)))
    late = dataclasses.replace(late, timing=dataclasses.replace(late.timing, call=shifted))
    assert ratios.between(cell("a", 2.0), late).median == pytest.approx(2, rel=0.02)


def test_what_was_not_measured_has_no_ratio():
    assert ratios.between(cell("a"), failed("b", Status.CRASH, "")) is None
    assert ratios.steady(cell("a", 0.0)) is None
    assert ratios.steady(cell("a", math.nan)) is None
    assert ratios.between(cell("a"), cell("b", 0.0)) is None
    assert ratios.per_cost(cell("a")) is None


# --- summary --------------------------------------------------------------------------------------


def test_numbers_are_those_that_were_planted():
    (section,) = sections.sections(
        run(cell("slow", 3e-3, cost=1.5e-3), cell("quick", 1e-3), cell("slow", 1.0, size=100))
    )
    assert [(r.record.size, r.record.backend) for r in section.rows] == [
        (8, "quick"),
        (8, "slow"),
        (100, "slow"),
    ]
    slow = row(section, "slow")
    assert slow.time.median == pytest.approx(3e-3, rel=0.01)
    assert slow.times_fastest.median == pytest.approx(3, rel=0.01)
    assert slow.times_fastest.low < 3 < slow.times_fastest.high
    assert slow.per_cost.median == pytest.approx(2, rel=0.01)
    assert slow.distinct
    assert not slow.fastest
    assert summary.texts(row(section, "quick"))["× fastest"] == "1.00"
    assert row(section, "slow", 100).fastest


def test_a_wrong_gradient_is_shown_and_is_never_the_fastest():
    (section,) = sections.sections(
        run(cell("wrong", 1e-9, status=Status.DISAGREE, reason="∂C/∂m"), cell("right", 1e-3))
    )
    assert [r.record.backend for r in section.rows] == ["right", "wrong"]
    wrong = summary.texts(row(section, "wrong"))
    assert wrong["time"].endswith("ns")
    assert (wrong["× fastest"], wrong["× cost"]) == (NOTHING, NOTHING)
    assert wrong["verdict"] == "disagree ∂C/∂m"
    assert summary.texts(row(section, "right"))["× fastest"] == "1.00"
    assert "wrong" not in " ".join(break_even.sentences(section))
    assert scaling.growths(section) == []


def test_what_is_not_told_apart_stands_in_parentheses():
    records = [cell("a", 1e-3, noise=0.1), cell("b", 1.01e-3, noise=0.1), cell("c", 2e-3)]
    (section,) = sections.sections(run(*records))
    texts = {r.record.backend: summary.texts(r)["× fastest"] for r in section.rows}
    close = next(r for r in section.rows if r.record.backend in "ab" and not r.fastest)
    assert re.fullmatch(r"\(1\.\d\d\)", texts[close.record.backend])
    assert re.fullmatch(r"[12]\.\d\d", texts["c"])
    assert any("not told apart" in note for note in summary.table(section).notes)


def test_failures_stand_in_their_cell_or_below():
    found = {r.record.backend: r for r in sections.sections(EVERYTHING)[0].rows}
    verdicts = {name: summary.texts(r)["verdict"] for name, r in found.items()}
    assert verdicts["sympy"] == "timeout 60 s"
    assert verdicts["tensorflow"] == "crash SIGSEGV"
    assert verdicts["eater"] == "out of memory"
    assert verdicts["shy"] == "skipped has no `erf`"
    assert verdicts["absent"] == "not installed"
    assert verdicts["finite_difference"] == "noisy"
    for name in ("sympy", "eater", "absent"):
        texts = summary.texts(found[name])
        assert {texts[c] for c in ("time", "±", "× fastest", "digits", "prepare")} == {NOTHING}
    notes = summary.table(sections.sections(EVERYTHING)[0]).notes
    assert not any(NOISE in note for note in notes)  # ± says it
    assert "noisy: right, but its time is not known to 5 %" in notes
    assert "eater at size 8: needed more than 4 GiB, which is what it may take" in notes


def test_few_samples_have_a_time_and_no_interval():
    (section,) = sections.sections(run(cell("few", 1e-3, rounds=5), cell("other", 9e-3, rounds=5)))
    texts = summary.texts(row(section, "other"))
    assert texts["time"] == "9 ms" or texts["time"].startswith(("8.9", "9.0"))
    assert texts["±"] == NOTHING
    assert texts["× fastest"].startswith("(")
    assert any("fewer than 6" in note for note in summary.table(section).notes)


def test_sections_are_named_by_what_differs():
    titles = [s.title for s in sections.sections(EVERYTHING)]
    assert titles == [
        "batch_regression, float64, 1 thread",
        "broken_problem, no dtype, 1 thread",
        "other_problem, jacobian, float32, 4 threads",
    ]
    assert [s.title for s in sections.sections(ALONE)] == ["batch_regression"]
    with_seeds = run(cell("a"), dataclasses.replace(cell("a"), seed=1, threads=None))
    assert [s.title for s in sections.sections(with_seeds)] == [
        "batch_regression, seed 0, 1 thread",
        "batch_regression, seed 1, threads not set",
    ]


def test_cells_of_other_dtypes_threads_and_seeds_are_not_compared():
    one = cell("torch", 1.0)
    for change in ({"dtype": "float32"}, {"threads": 2}, {"seed": 1}, {"size": 9}):
        other = dataclasses.replace(cell("jax", 9.0), **change)
        rows = [r for s in sections.sections(run(one, other)) for r in s.rows]
        assert [r.fastest for r in rows] == [True, True], change


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0521, "0.0521"),
        (1, "1.00"),
        (1.516, "1.52"),
        (9.996, "10.0"),
        (46, "46.0"),
        (99.96, "100"),
        (12_345, "12,300"),
    ],
)
def test_ratios_have_three_digits(value, text):
    assert numbers.format_ratio(value) == text


@pytest.mark.parametrize(
    ("spread", "text"),
    [(0.0213, "2.1 %"), (0.123, "12 %"), (0.0995, "10 %"), (1.234, "120 %"), (math.inf, NOTHING)],
)
def test_spreads_in_per_cent(spread, text):
    assert numbers.format_percent(spread) == text


@pytest.mark.parametrize("width", [80, 100, 120])
def test_text_fits(width):
    for each in ODD:
        lines = text_format.write(each, width).splitlines()
        assert max(map(len, lines)) <= width
        assert lines[0].startswith("calcbench")


def test_narrow_tables_leave_out_what_is_least_missed():
    section = sections.sections(EVERYTHING)[0]
    assert summary.table(section).columns == list(summary.COLUMNS)
    narrow = summary.table(section, 80).columns
    assert {"size", "backend", "time", "× fastest", "verdict"} <= set(narrow)
    assert "prepare" not in narrow


# --- break-even -----------------------------------------------------------------------------------

seconds = st.fractions(0, 1000, max_denominator=10**6)
"""Exact, so that the law holds without a tolerance."""


@given(seconds, seconds, seconds, seconds, st.fractions(0, 100))
def test_before_the_break_even_the_first_is_cheaper_and_after_it_the_second(s1, t1, s2, t2, apart):
    assume(apart > 0)
    one, other = (break_even.Line(None, s, t) for s, t in ((s1, t1), (s2, t2)))
    k = break_even.break_even(one, other)
    if t2 >= t1:
        assert k is None
        return
    assert one.total(k) == other.total(k)
    assert one.total(k - apart) < other.total(k - apart)
    assert one.total(k + apart) > other.total(k + apart)
    first = break_even.Stage(other, k).first
    assert one.total(first) > other.total(first)
    assert one.total(first - 1) <= other.total(first - 1)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(1e-6, 10)), min_size=1, max_size=6))
def test_stages_are_the_lower_envelope(parameters):
    steady = sorted(t for _, t in parameters)
    assume(all(b > 1.01 * a for a, b in pairwise(steady)))  # told apart
    records = [
        cell(f"b{i}", t, noise=1e-6, rounds=6, setup={"prepare": s, "first": 0.5})
        for i, (s, t) in enumerate(parameters)
    ]
    lines = [break_even.line(r) for r in records]
    stages = break_even.stages(records)
    assert stages[0].first == 1
    assert stages[-1].line.steady == min(entry.steady for entry in lines)
    for k in {1, 2, 3, 10, 1000, 10**9} | {s.first for s in stages[1:] if s.first < 10**12}:
        best = [s for s in stages if s.first <= k][-1].line
        assert best.total(k) <= min(entry.total(k) for entry in lines) * (1 + 1e-9)


def test_sentences_say_who_is_best_when():
    records = [
        cell("by_hand", 10e-3, noise=1e-4, setup={"prepare": 0.0, "first": 0.01}),
        cell("torch", 5e-3, noise=1e-4, setup={"prepare": 0.06, "first": 0.0125}),
        cell("jax", 1e-3, noise=1e-4, setup={"prepare": 3.3, "first": 0.1}),
        cell("slow", 1.0, noise=1e-4, setup={"prepare": 9.0, "first": 0.1}),
    ]
    (section,) = sections.sections(run(*records))
    (sentence,) = break_even.sentences(section)
    assert sentence == (
        "size 8: up to 12 calls by_hand; from 13 on torch (137 ms); from about 830 on jax (4.23 s)"
    )


def test_nothing_is_said_of_what_is_not_told_apart():
    """One prepares longer and seems to be faster, which its noise does not tell."""
    drawn = (
        [
            cell("early", 1e-3, seed=seed, noise=0.2, setup={"prepare": 0.0, "first": 0.0}),
            cell("late", 1e-3, seed=seed, noise=0.2, setup={"prepare": 1.0, "first": 0.0}),
        ]
        for seed in range(100)
    )
    close = next(d for d in drawn if break_even.break_even(*map(break_even.line, d)))
    (section,) = sections.sections(run(*close))
    (sentence,) = break_even.sentences(section)
    assert sentence == (
        "size 8: early from the first call on, in the steady state not told apart from late"
    )
    sharp = [dataclasses.replace(r, timing=cell(r.backend, t, noise=1e-4).timing)
             for r, t in zip(close, (1.0e-3, 0.99e-3), strict=True)]  # fmt: skip
    (section,) = sections.sections(run(*sharp))
    assert "late" in break_even.sentences(section)[0].split("; from about ")[1]


def test_what_has_no_setup_or_is_alone_has_no_break_even():
    unknown = cell("unknown", 1e-9, setup={"prepare": 1.0})
    nan = cell("nan", 1e-9, setup={"prepare": math.nan, "first": 1.0})
    (section,) = sections.sections(run(unknown, nan, cell("alone")))
    assert break_even.sentences(section) == []
    assert break_even.stages([unknown, nan]) == []
    assert [s.line.record.backend for s in break_even.stages(section.records)] == ["alone"]


# --- scaling --------------------------------------------------------------------------------------


@given(st.floats(-3, 3), st.floats(1e-9, 1e3), st.lists(st.integers(1, 10**7), min_size=3))
def test_a_planted_exponent_is_recovered(exponent, factor, sizes):
    assume(len(set(sizes)) >= 3)
    assume(max(sizes) > 2 * min(sizes))
    found = scaling.fit(sizes, [factor * float(n) ** exponent for n in sizes])
    assert found.exponent == pytest.approx(exponent, abs=1e-6)
    assert found.factor == pytest.approx(factor, rel=1e-4)
    assert found.residual < 1e-9


def test_residual_is_the_root_mean_square_in_decades():
    """Points at 1, 10, 100 off the line y = 1 by (1, −2, 1)/10 decades, which no slope takes up."""
    found = scaling.fit([1, 10, 100], [10**0.1, 10**-0.2, 10**0.1])
    assert found.exponent == pytest.approx(0, abs=1e-12)
    assert found.residual == pytest.approx(math.sqrt(0.06 / 3))


def test_overhead_of_small_sizes_is_left_behind():
    """20 µs of overhead beside 1 ns per row: all sizes give half the exponent that is true."""
    sizes = (1, 10, 100, 10**6, 10**7, 10**8)
    records = [cell("torch", 2e-5 + 1e-9 * n, size=n, noise=1e-3) for n in sizes]
    (growth,) = scaling.growths(sections.sections(run(*records))[0])
    assert growth.all.exponent < 0.8
    assert growth.largest.exponent == pytest.approx(1, abs=0.02)
    assert growth.largest.smallest == 10**6
    assert growth.all.residual > 10 * growth.largest.residual
    assert re.search(r"torch: time grows as size\^0\.\d\d from 1 to 100,000,000", str(growth))
    assert re.search(r"over the largest 3 sizes as size\^(0\.99|1\.00)", str(growth))


def test_per_cost_against_the_number_of_parameters():
    """Differences: one cost per parameter. Reverse mode: a constant (Griewank & Walther)."""
    records = [
        cell(name, cost * factor(n), size=n * n, components=n, cost=cost, noise=1e-3)
        for n in (10, 100, 1000)
        for cost in [1e-8 * n]
        for name, factor in (("differences", lambda n: n + 1), ("reverse", lambda n: 3.0))
    ]
    found = {
        (g.backend, g.quantity): g for g in scaling.growths(sections.sections(run(*records))[0])
    }
    assert found["differences", "× cost"].all.exponent == pytest.approx(1, abs=0.03)
    assert found["reverse", "× cost"].all.exponent == pytest.approx(0, abs=0.01)
    assert found["reverse", "time"].all.exponent == pytest.approx(0.5, abs=0.01)
    assert found["reverse", "× cost"].against == "parameters"


def test_too_few_sizes_have_no_exponent():
    two = run(cell("a", 1.0, size=1), cell("a", 2.0, size=2), cell("b", 1.0, size=3))
    assert scaling.growths(sections.sections(two)[0]) == []
    assert scaling.table(sections.sections(two)[0]) is None
    same = [cell("a", 1.0 * n, size=n, cost=0.5) for n in (1, 2, 3)]  # 3 parameters, always
    assert [g.quantity for g in scaling.growths(sections.sections(run(*same))[0])] == ["time"]
    assert scaling.fit([1, 2, 3], [1.0, math.nan, 2.0]) is None
    assert scaling.fit([1, 2, 3], [1.0, 0.0, 2.0]) is None


def test_parameters_are_counted_where_their_values_are_not_kept():
    """A record holds the values of few parameters, and the number of many."""
    large = dataclasses.replace(cell("a"), components=10**7, at={})
    assert scaling.parameters(large) == 10**7
    assert scaling.parameters(cell("a", components=7)) == 7
    assert scaling.parameters(cell("a", at={})) == 0
    assert "parameters" in write(run(large), "csv")


def test_failed_sizes_do_not_count():
    records = [cell("a", 1e-6 * n, size=n, noise=1e-4) for n in (10, 100, 1000)]
    records.append(cell("a", 1e-9, size=10**5, status=Status.DISAGREE, reason="wrong"))
    (growth,) = scaling.growths(sections.sections(run(*records))[0])
    assert growth.all.exponent == pytest.approx(1, abs=1e-3)
    assert growth.all.points == 3


# --- provenance -----------------------------------------------------------------------------------


def test_provenance_in_one_line():
    assert provenance.line(run(cell("a"), cell("b", status=Status.NOISY), failed(
        "c", Status.CRASH, ""))) == (
        "calcbench 0.1.0; 2026-11-22; Example_CPU & Co 100% #1, 2 cores, Linux 6.1 x86_64; "
        "1 thread; Python 3.12.1, numpy 2.4.6; 3 cells, 1 failed, 1 noisy"
    )  # fmt: skip
    vague = failed("c", Status.IMPRECISE, "no digit")
    assert provenance.cells(run(cell("a"), cell("b"), vague)) == (
        "3 cells, 0 failed, 0 noisy, 1 imprecise"
    )


def test_several_environments_are_said():
    other = dataclasses.replace(
        ENVIRONMENT, id="other", started="2026-12-01T00:00:00Z", versions={"numpy": "2.5.0"}
    )
    both = SavedRun((ENVIRONMENT, other), (cell("a"), cell("b", threads=4)))
    text = provenance.line(both)
    assert "2 environments" in text
    assert "2026-11-22 to 2026-12-01" in text
    assert "numpy 2.4.6 / 2.5.0" in text
    assert "1 thread, 4 threads" in text
    assert text.count("Example_CPU") == 1


def test_interrupted_and_cut_runs_are_said():
    text = provenance.line(SavedRun((ENVIRONMENT,), (cell("a"),), cut=1))
    assert "interrupted: 3 were to be run" in text
    assert "1 line cut short and lost" in text


def test_what_was_not_recorded_is_said():
    text = provenance.line(run(cell("a", versions={}), machine={}, versions={}, started=""))
    for words in ("date", "CPU", "cores", "system", "versions"):
        assert f"{words} not recorded" in text
    assert "machine not recorded" in provenance.line(NOWHERE)


WRITERS = {name: partial(write, form=name) for name in FORMATS} | {
    "html": lambda run: Run.of(run)._repr_html_(),  # the page: tests/report/test_page.py
    "citation": citation.cite,
}
DATA = ("json", "pyperf")
"""Formats with names for NaN and infinity, or with none of the report's lines."""


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in DATA])
@pytest.mark.parametrize("each", ODD, ids=["everything", "empty", "nowhere", "alone", "failed"])
def test_no_format_shows_nan_none_host_or_path(name, each):
    found = WRITERS[name](each)
    assert found.endswith("\n") or name == "html"
    assert not re.search(r"\b(nan|None|inf)\b", found)
    assert "secret" not in found


@pytest.mark.parametrize("form", [name for name in FORMATS if name not in (*DATA, "csv")])
def test_every_format_has_provenance_and_says_when_nothing_ran(form):
    assert "0.1.0" in write(EVERYTHING, form)
    assert "2026-11-22" in write(EVERYTHING, form)
    assert "no cell was run" in write(EMPTY, form)
    assert "no backend that was timed is known to be right" in write(ALL_FAILED, form)


def test_every_format_is_a_file():
    """None is forgotten in the table, and none is without its description on the page."""
    files = {module.name for module in pkgutil.iter_modules(formats.__path__)}
    assert files == set(FORMATS)
    page = (Path(__file__).parents[2] / "docs" / "reports.md").read_text("utf-8")
    for name in FORMATS:
        assert f"| `{name}` |" in page


# --- formats --------------------------------------------------------------------------------------


def test_csv_has_a_line_per_record_and_the_numbers():
    rows = list(csv.DictReader(io.StringIO(write(EVERYTHING, "csv"))))
    assert len(rows) == len(EVERYTHING.records)
    assert all(None not in r and None not in r.values() for r in rows)
    found = {(r["problem"], r["backend"], r["size"]): r for r in rows}
    for record in EVERYTHING.records:
        line = found[record.problem, record.backend, str(record.size)]
        assert line["status"] == record.status.value
        assert line["reason"] == " ".join(record.reason.split())
        estimate = ratios.steady(record)
        assert line["seconds"] == (str(estimate.median) if estimate else "")
    jax = found["batch_regression", "jax[mode=jit,dtype=float64]", "8"]
    assert float(jax["times_fastest"]) == pytest.approx(5, rel=0.02)
    assert float(jax["times_fastest_low"]) < 5 < float(jax["times_fastest_high"])
    assert float(jax["per_cost"]) == pytest.approx(1.25, rel=0.02)
    assert (jax["versions"], jax["cpu"]) == ("numpy 2.4.6", "Example_CPU & Co 100% #1")
    assert jax["memory_peak"] == "2000"
    few = found["batch_regression", "few", "8"]
    assert (few["seconds_low"], few["digits"], few["prepare_seconds"]) == ("", "", "")
    assert found["batch_regression", "wrong", "8"]["times_fastest"] == ""
    large = found["batch_regression", "by_hand", "100000"]
    assert large["parameters"] == "100000"


def test_csv_of_nothing_is_its_head():
    head, *rest = write(EMPTY, "csv").splitlines()
    assert rest == []
    assert head == write(EVERYTHING, "csv").splitlines()[0]


def refuse(name):
    raise AssertionError(f"{name} is no JSON")


@pytest.mark.parametrize("each", ODD)
def test_json_is_json(each):
    data = json.loads(write(each, "json"), parse_constant=refuse)
    assert sum(len(s["rows"]) for s in data["sections"]) == len(each.records)
    assert len(data["environments"]) == len(each.environments)
    assert data["provenance"] == provenance.line(each)


def test_json_has_nulls_and_the_analyses():
    section = json.loads(write(EVERYTHING, "json"))["sections"][0]
    few = next(r for r in section["rows"] if r["backend"] == "few")
    assert few["seconds_low"] is None
    assert few["digits"] is None
    assert few["seconds"] == pytest.approx(9e-6, rel=0.02)
    assert section["break_even"][0]["stages"][0]["backend"] == "by_hand"
    assert {g["quantity"] for g in section["growth"]} == {"time", "× cost"}
    exact = json.loads(write(run(cell("a", certified_digits=math.inf)), "json"))
    assert exact["sections"][0]["rows"][0]["certified_digits"] == "inf"


@pytest.mark.parametrize("each", ODD)
def test_markdown_tables_have_equal_rows(each):
    text = write(each, "markdown")
    tables = [block.strip() for block in text.split("\n\n") if block.startswith("| ")]
    assert len(tables) == len(run_tables.run_tables(each))
    for table, drawn in zip(run_tables.run_tables(each), tables, strict=True):
        lines = drawn.split("\n")
        assert len(lines) == 2 + len(table.rows)
        for entry in lines:
            cells = re.split(r"(?<!\\)\|", entry)
            assert len(cells) == len(table.columns) + 2, entry
    assert "<b>" not in text.replace("\\<b>", "")


class Tags(HTMLParser):
    """Which tags are open."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("each", ODD)
def test_html_is_balanced_and_escaped(each):
    parser = Tags()
    parser.feed(Run.of(each)._repr_html_())
    assert parser.open == []
    assert parser.seen.count("table") == len(run_tables.run_tables(each))
    assert parser.seen.count("b") == len(run_tables.run_tables(each))  # none from a reason
    if each is EVERYTHING:
        assert "ValueError: <b>_%&#$" in parser.text


def unescaped(character, text):
    return len(re.findall(rf"(?<!\\){re.escape(character)}", text))


def balanced(text):
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, text
    return depth == 0


@pytest.mark.parametrize("each", ODD)
def test_latex_is_ascii_balanced_and_rectangular(each):
    text = write(each, "latex")
    assert text.isascii()
    assert balanced(text)
    assert unescaped("$", text) % 2 == 0
    for name in ("table", "tabular"):
        assert text.count(f"\\begin{{{name}}}") == text.count(f"\\end{{{name}}}") >= 1
    for columns, body in re.findall(
        r"\\begin\{tabular\}\{(\w+)\}\n(.*?)\\end\{tabular\}", text, re.S
    ):
        for entry in body.splitlines():
            if not entry.startswith(("\\toprule", "\\midrule", "\\bottomrule")):
                assert entry.endswith(" \\\\")
                assert unescaped("&", entry) == len(columns) - 1, entry
    outside = re.sub(r"\\begin\{tabular\}.*?\\end\{tabular\}", "", text, flags=re.S)
    assert unescaped("&", outside) == 0
    assert unescaped("#", text) == 0
    assert unescaped("%", text) == 1  # the comment that names the package
    assert unescaped("_", re.sub(r"\$.*?\$", "", text)) == 0


@given(st.text(max_size=60))
def test_no_text_breaks_latex(text):
    found = escape(text)
    assert found.isascii()
    assert "\n" not in found
    assert balanced(found)
    assert unescaped("$", found) % 2 == 0
    bare = re.sub(r"(?<!\\)\$.*?(?<!\\)\$", "", found)
    assert not re.search(r"(?<!\\)[&#%_^~]", bare)
    commands = re.findall(r"\\([a-zA-Z]+|.)", found)
    assert all(c in "$&#%_" or c.isalpha() for c in commands), found


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("by_hand", r"by\_hand"),
        ("3.1 µs ± 2 %", r"3.1 $\mu$s $\pm$ 2 \%"),
        ("a & b #1 – ×", r"a \& b \#1 -- $\times$"),
        ("torch[mode=eager]", "torch{[}mode=eager{]}"),
        ("\\", r"\textbackslash{}"),
        ("é漢", "e?"),
        ("x² · 10⁻¹", r"x\textsuperscript{2} $\cdot$ 10\textsuperscript{$-$}\textsuperscript{1}"),
    ],
)
def test_latex_of_what_is_common(text, latex):
    assert escape(text) == latex


def test_long_latex_tables_are_split():
    many = run(*(cell("torch", size=n) for n in range(1, 100)))
    text = write(many, "latex")
    assert text.count("\\caption{batch\\_regression}") == 1
    assert text.count("\\caption{batch\\_regression (continued)}") == 2
    assert len(re.findall(r"^\d+ & torch", text, re.M)) == 99


def test_no_more_floats_than_latex_holds():
    many = run(*(cell("torch", problem=f"problem_{n}") for n in range(45)))
    parts = write(many, "latex").split("\\clearpage")
    assert [part.count("\\begin{table}") for part in parts] == [10, 10, 10, 10, 5]


def test_a_run_shows_itself():
    assert str(Run.of(ALONE)) == write(ALONE, "table")
    fragment = Run.of(ALONE)._repr_html_()
    assert fragment.startswith(f"<p>{html.escape(provenance.line(ALONE))}</p>")
    assert fragment.count("<table>") == 1
    assert "<script" not in fragment


# --- differences ----------------------------------------------------------------------------------

BACKENDS = {"by_hand": 1e-3, "torch": 2e-3, "jax": 4e-3}


def measured(seed, factor=None, **changes):
    """A run of three backends; `factor` multiplies the time of some."""
    factor = factor or {}
    times = {name: t * factor.get(name, 1.0) for name, t in BACKENDS.items()}
    return run(*(cell(name, t, seed=seed, **changes) for name, t in times.items()))


def verdicts(found):
    return {c.record.backend: c.verdict for c in found.cells}


def test_a_planted_slowdown_is_found():
    found = differences(measured(0), measured(1, {"torch": 1.2, "jax": 0.8}))
    assert verdicts(found) == {"by_hand": "no difference beyond noise", "torch": "slower",
                               "jax": "faster"}  # fmt: skip
    ratio = {c.record.backend: c.ratio for c in found.cells}
    assert ratio["torch"].low < 1.2 < ratio["torch"].high
    assert ratio["jax"].low < 0.8 < ratio["jax"].high
    assert found.drift == pytest.approx(0.2, abs=0.06)  # 1.2 and 1/0.8
    assert (found.drift_cells, found.order, found.order_pairs) == (2, 1.0, 3)


def test_no_change_is_no_difference():
    """Twenty runs of the same: intervals that do not touch are a matter of one in hundreds."""
    found = [c for seed in range(1, 21) for c in differences(measured(0), measured(seed)).cells]
    assert sum(c.verdict is not Verdict.SAME for c in found) <= 2
    once = differences(measured(0), measured(1))
    assert once.drift < 0.02
    assert once.order == 1.0


def test_a_slower_machine_moves_times_and_not_ratios():
    found = differences(measured(0), measured(1, dict.fromkeys(BACKENDS, 1.5)))
    assert set(verdicts(found).values()) == {"slower"}
    assert found.shift == pytest.approx(1.5, rel=0.01)
    assert found.drift < 0.02


def test_a_changed_order_is_counted():
    found = differences(measured(0), measured(1, {"by_hand": 3.0}))
    assert found.order == pytest.approx(2 / 3)  # by_hand and torch changed places
    assert found.order_pairs == 3


def test_pairs_that_are_not_told_apart_have_no_order():
    noisy = measured(0, noise=2.0)
    found = differences(noisy, measured(1, noise=2.0))
    assert found.order_pairs < 3


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("cpu", "Another CPU", "CPU Example_CPU & Co 100% #1 → Another CPU"),
        ("cores", 4, "cores 2 → 4"),
        ("system", "Darwin", "system Linux 6.1 x86_64 → Darwin"),
        ("cpu", None, "CPU Example_CPU & Co 100% #1 → not recorded"),
    ],
)
def test_another_machine_is_refused(field, value, words):
    machine = {**ENVIRONMENT.machine, field: value}
    other = SavedRun((dataclasses.replace(ENVIRONMENT, machine=machine),), measured(1).records)
    with pytest.raises(SelectorError) as caught:
        differences(measured(0), other)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    forced = differences(measured(0), other, force=True)
    assert set(verdicts(forced).values()) == {"no difference beyond noise"}
    assert any(words in remark for remark in forced.remarks)
    assert any(words in note for note in differences_table.table(forced).notes)


def test_a_load_that_differs_is_no_other_machine():
    machine = {**ENVIRONMENT.machine, "load": 3.5}
    other = SavedRun((dataclasses.replace(ENVIRONMENT, machine=machine),), measured(1).records)
    assert differences(measured(0), other).remarks == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": {"problem": "p" * 16, "backend": "x" * 16}},
         "source of the backend bbbbbbbb → xxxxxxxx"),
        ({"source": {"problem": "y" * 16, "backend": "b" * 16}},
         "source of the problem pppppppp → yyyyyyyy"),
        ({"versions": {"numpy": "2.5.0"}}, "numpy 2.4.6 → 2.5.0"),
        ({"versions": {"numpy": "2.4.6", "torch": "2.13"}}, "torch not recorded → 2.13"),
        ({"threads": 2}, "threads 1 → 2"),
    ],
)  # fmt: skip
def test_a_changed_cell_is_excluded_and_the_others_stay(change, words):
    first, torch, jax = measured(1, {"torch": 1.5}).records
    other = run(first, dataclasses.replace(torch, **change), jax)
    found = differences(measured(0), other)
    assert verdicts(found) == {
        "by_hand": "no difference beyond noise",
        "torch": "not comparable",
        "jax": "no difference beyond noise",
    }
    (excluded,) = (c for c in found.cells if c.verdict is Verdict.NOT_COMPARABLE)
    assert excluded.reason == words
    assert excluded.ratio is None
    assert found.drift_cells == 1
    forced = differences(measured(0), other, force=True)
    assert verdicts(forced)["torch"] == "slower"
    assert any(words in note for note in differences_table.table(forced).notes)


def test_another_python_changes_every_cell():
    other = run(*measured(1).records, versions={**ENVIRONMENT.versions, "python": "3.13.0"})
    found = differences(measured(0), other)
    assert set(verdicts(found).values()) == {"not comparable"}
    assert found.cells[0].reason == "python 3.12.1 → 3.13.0"
    assert found.drift is None
    assert found.order is None


def test_missing_and_failed_cells_have_verdicts():
    ok, crash = cell("a"), failed("a", Status.CRASH, "crash SIGSEGV")
    other = failed("a", Status.TIMEOUT, "timeout 60 s")
    skipped = failed("a", Status.SKIPPED, "no erf")

    def verdict(one, two):
        found = differences(run(*one), run(*two))
        assert differences_table.table(found).rows
        return found.cells[0].verdict, found.cells[0].reason

    assert verdict([ok], [crash]) == (Verdict.FAILED_SECOND, "second: crash SIGSEGV")
    assert verdict([crash], [ok]) == (Verdict.FAILED_FIRST, "first: crash SIGSEGV")
    assert verdict([crash], [crash]) == (Verdict.FAILED_BOTH, "both: crash SIGSEGV")
    assert verdict([crash], [other]) == (
        Verdict.FAILED_BOTH,
        "first: crash SIGSEGV; second: timeout 60 s",
    )
    assert verdict([ok], [skipped]) == (Verdict.NOT_TIMED, "second: no erf")
    assert verdict([ok], []) == (Verdict.ONLY_FIRST, "")
    assert verdict([], [ok]) == (Verdict.ONLY_SECOND, "")
    newer = dataclasses.replace(crash, versions={"numpy": "3"})
    assert verdict([ok], [newer]) == (
        Verdict.FAILED_SECOND,
        "second: crash SIGSEGV; numpy 2.4.6 → 3",
    )
    wrong = cell("a", 1e-9, status=Status.DISAGREE, reason="wrong")
    assert verdict([ok], [wrong]) == (Verdict.FAILED_SECOND, "second: wrong")


def test_too_few_samples_are_no_verdict():
    found = differences(run(cell("a", 1.0, rounds=5)), run(cell("a", 9.0, rounds=5)))
    assert verdicts(found) == {"a": "too few samples"}
    assert differences_table.plain_data(found)["cells"][0]["ratio_low"] is None


def test_nothing_to_compare_is_said():
    found = differences(EMPTY, EMPTY)
    assert found.cells == ()
    assert differences_table.table(found).notes[0] == "no cell in either run"
    assert any("no two backends" in note for note in differences_table.table(found).notes)
    assert any("no pair" in note for note in differences_table.table(found).notes)


def test_differences_as_data():
    found = differences(EVERYTHING, EVERYTHING)
    data = json.loads(json.dumps(differences_table.plain_data(found), allow_nan=False))
    assert len(data["cells"]) == len(EVERYTHING.records)
    assert data["drift"] == 0
    assert data["order"] == 1
    assert len(differences_table.table(found).rows) == len(EVERYTHING.records)
    assert all(
        len(r) == len(differences_table.table(found).columns)
        for r in differences_table.table(found).rows
    )


# --- citation -------------------------------------------------------------------------------------


def test_bibtex_is_balanced_ascii_and_escaped():
    for each in ODD:
        entry = citation.bibtex(each)
        assert entry.isascii()
        assert entry.startswith("@misc{calcbench-")
        assert balanced(entry)
        # BibTeX counts every brace, with or without a backslash before it.
        assert entry.count("{") == entry.count("}")
        assert unescaped("%", entry) == unescaped("#", entry) == unescaped("&", entry) == 0
    entry = citation.bibtex(EVERYTHING)
    fields = dict(re.findall(r"^  (\w+) += (\{.*\})", entry, re.M))
    assert fields["author"] == "{{The calcbench authors}}"
    assert fields["year"] == "{2026}"
    assert fields["version"] == "{0.1.0}"
    assert "batch\\_regression" in fields["title"]
    assert r"Example\_CPU \& Co 100\% \#1" in fields["note"]


def test_the_sentence_has_what_it_takes_to_repeat_it():
    sentence = citation.sentence(EVERYTHING)
    for fact in (
        "calcbench 0.1.0 (commit 0123456789ab with uncommitted changes)",
        "2026-11-22",
        "Example_CPU & Co 100% #1, 2 cores, Linux 6.1 x86_64",
        "Python 3.12.1, numpy 2.4.6",
        "batch_regression, broken_problem, other_problem",
        "by_hand, jax[mode=jit,dtype=float64]",
        "sizes 8, 1,000, 100,000, 10,000,000",
        "dtypes float32, float64",
        f"{len(EVERYTHING.records)} cells",
        "burst 0.02 s, rounds 20",
        "run a1b2c3",
    ):
        assert fact in sentence, fact
    assert citation.cite(EVERYTHING).endswith(sentence + "\n")


# --- pyperf ---------------------------------------------------------------------------------------


def run_pyperf(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pyperf", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={"PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pyperf_reads_what_is_exported(tmp_path):
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    pyperf.suite(measured(0)).dump(str(a))
    pyperf.suite(measured(1, {"torch": 1.5})).dump(str(b))
    table = run_pyperf("compare_to", a, b, "--table")
    assert re.search(r"batch_regression\[8\]-torch .*1\.(4|5)\d?x slower", table)
    assert not re.search(r"by_hand .*slower", table.split("hidden")[0])
    stats = run_pyperf("stats", a)
    assert stats.count("Number of value per run: 20") == 3
    assert re.search(r"Loop iterations per value: 10", stats)
    assert "seem to be stable" in run_pyperf("check", a)
    metadata = run_pyperf("metadata", a)
    assert "numpy_version: 2.4.6" in metadata
    assert "python_version: 3.12.1" in metadata
    assert "secret" not in a.read_text("utf-8")
    assert "hostname" not in metadata


def test_pyperf_gets_right_gradients_only():
    suite = pyperf.suite(EVERYTHING)
    names = suite.get_benchmark_names()
    assert "batch_regression[8]-by_hand" in names
    assert "batch_regression[8]-finite_difference" in names  # noisy, and right
    assert "other_problem[8]-torch-jacobian-float32-threads4" in names
    assert not any("wrong" in name or "sympy" in name for name in names)
    values = suite.get_benchmark("batch_regression[8]-by_hand").get_values()
    assert values == EVERYTHING.records[0].timing.call.seconds


def test_pyperf_names_tell_all_cells_apart():
    records = [
        dataclasses.replace(cell("a"), seed=seed, threads=threads, dtype=dtype, size=size)
        for seed in (0, 1)
        for threads in (None, 1, 2)
        for dtype in ("float64", "float32")
        for size in (8, 9)
    ]
    names = pyperf.suite(run(*records)).get_benchmark_names()
    assert len(set(names)) == len(records)


@pytest.mark.parametrize("each", [EMPTY, NOWHERE, ALL_FAILED, run(cell("a", 0.0))])
def test_nothing_to_export_is_said(each):
    with pytest.raises(SelectorError, match="nothing to export"):
        pyperf.suite(each)


# --- what the documentation says ------------------------------------------------------------------


def test_the_page_on_reports_states_what_the_code_does():
    page = Path(__file__).parents[2] / "docs" / "reports.md"
    text = " ".join(page.read_text("utf-8").split())
    for column in summary.COLUMNS:
        if column not in ("size", "backend"):
            assert f"| `{column}` |" in text
    *most, last = (f"`{name}`" for name in summary.LEAST_MISSED)
    assert f"{', '.join(most)} and {last} give way, in this order" in text
    for verdict in Verdict:
        assert f"`{verdict.value}`" in text
    assert f"at most {LONGEST} rows a table" in text
    assert f"break-even points from {break_even.CLOSELY} calls on are told to two" in text
    assert f"not known to {100 * intervals.NOISY:.0f} %" in text
    assert intervals.FEWEST == 6
    assert "needs six of them" in text
    assert "size 8: up to 12 calls by_hand; from 13 on torch (137 ms); from about 830" in text


# --- hostile text ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_no_control_character_comes_out(form):
    text = write(STRANGE, form)
    library = "" if missing_library() else chart_library()
    found = {c for c in text.replace(library, "") if not c.isprintable()}
    assert found <= ({"\n", "\t", "\r"} if form == "csv" else {"\n"})
    text.encode("utf-8")


def test_no_control_character_comes_out_of_what_is_not_a_format():
    found = differences(STRANGE, STRANGE, force=True)
    texts = [citation.cite(STRANGE), provenance.line(STRANGE)]
    texts.append(text_format.write_text([differences_table.table(found)], 100))
    assert {c for text in texts for c in text if not c.isprintable()} == {"\n"}


def test_csv_has_no_formula_and_is_read_back():
    found = list(csv.reader(io.StringIO(write(STRANGE, "csv"), newline="")))
    assert len(found) == 3
    assert len({len(line) for line in found}) == 1
    assert not [text for line in found for text in line if re.match(r"[=+@\t\r-](?!\d)", text)]
    backends = [line[found[0].index("backend")] for line in found[1:]]
    assert backends[0].startswith("'=torch\\x1b[2J")
    assert backends[1].startswith("'+a\rb\\x1b[2J")


def test_csv_keeps_numbers():
    negative = run(cell("torch", digits=-1.5), cell("jax", seconds=1e-3, seed=1))
    found = list(csv.DictReader(io.StringIO(write(negative, "csv"))))
    assert [line["digits"] for line in found] == ["-1.5", "15.3"]
    assert float(found[0]["seconds"]) > 0


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_csv_of_any_name_is_one_line_of_as_many_cells(name):
    found = list(csv.DictReader(io.StringIO(write(run(cell(name)), "csv"), newline="")))
    assert len(found) == 1
    assert None not in found[0]
    back = found[0]["backend"]
    assert not back.startswith(("=", "+", "-", "@", "\t", "\r"))
    if all(c.isprintable() or c in "\t\r\n" for c in name):
        assert back in (name, f"'{name}")
