"""A run as a file: what is written is read back, and damage costs no more than its line."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcbench.errors import SelectorError
from calcbench.record.record import SCHEMA, Disagreement, Record, Status
from calcbench.record.run import (
    Environment,
    RunWriter,
    SavedRun,
    load,
    merge_runs,
    reusable_records,
)
from calcbench.record.samples import Samples, Timing

ENVIRONMENT = Environment(
    id="aa11",
    started="2026-11-22T16:09:24Z",
    calcbench="0.1.0",
    machine={"cpu": "Example CPU ®", "cores": 2, "load": math.nan},
    versions={"python": "3.12.1", "numpy": "2.4.6"},
    settings={"rounds": 12},
    git={"commit": "0" * 40, "dirty": False},
    cells=3,
)

FULL = Record(
    "batch_regression",
    "torch[mode=eager]",
    "gradient",
    "float64",
    Status.DISAGREE,
    size=8,
    seed=3,
    reason="∂C/∂m is wrong\u2028and so is µ\x85",
    at={"m": np.array(2.0), "w": np.array([[1.0, math.nan], [math.inf, -0.0]])},
    value={"m": np.array(math.nan), "w": np.array([[1.0, -math.inf], [0.1, 5e-324]])},
    digits=math.nan,
    digits_median=12.5,
    ulps=math.inf,
    bound={"m": np.array(1e-16), "w": np.zeros((2, 2))},
    reference={"m": np.array(0.1), "w": np.ones((2, 2))},
    certified_digits=math.inf,
    judged="by vote",
    condition=-math.inf,
    disagreement=Disagreement("zeros", "w[0,1]", math.nan, 0.1, math.inf),
    proof="proved",
    seconds={"import": 1.25, "prepare": math.nan, "first": 0.1},
    threads=2,
    timing=Timing(
        "b1",
        Samples(10, (0, 1, 3), (1e-6, 0.1 + 0.2, math.nan), (1e-6, math.inf, 0.0)),
        Samples(20, (0, 1), (1e-7, 2e-7), (1e-7, 2e-7)),
        memory={"imported": 10_000_000_000, "peak": 12},
        threads_busy=2,
    ),
    source={"problem": "abc", "backend": "def"},
    versions={"torch": "2.12"},
    run="aa11",
)


def same(one, other):
    """Equality in which NaN equals NaN, and arrays are compared whole."""
    if dataclasses.is_dataclass(one):
        return type(one) is type(other) and same(vars(one), vars(other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other) and (one == other or (one != one and other != other))


def record(backend="torch", size=8, status=Status.OK, **changes):
    return Record(
        "square", backend, "gradient", "float64", status, size=size, run="aa11", **changes
    )


def written(path, *entries):
    writer = RunWriter(path)
    for entry in entries:
        writer.write(entry)
    writer.close()
    return path


# --- round trip -----------------------------------------------------------------------------------


def test_round_trip(tmp_path):
    run = load(written(tmp_path / "run.jsonl", ENVIRONMENT, FULL, record()))
    assert len(run.records) == 2
    assert same(run.records[0], FULL)
    assert same(run.records[1], record())
    assert run.cut == 0
    assert run.environment(FULL).machine == {"cpu": "Example CPU ®", "cores": 2, "load": "nan"}
    assert not same(FULL, dataclasses.replace(FULL, seconds={**FULL.seconds, "prepare": 0.0}))


def test_json_has_no_nan(tmp_path):
    """JSON has no word for it, and other programs refuse Python's: it is text."""
    constants = []
    lines = written(tmp_path / "r", ENVIRONMENT, FULL).read_text("utf-8").split("\n")[:-1]
    environment, full = (json.loads(line, parse_constant=constants.append) for line in lines)
    assert constants == []
    assert environment["machine"]["load"] == "nan"
    assert (full["digits"], full["ulps"], full["condition"]) == ("nan", "inf", "-inf")
    assert full["value"] == {"m": "nan", "w": [[1.0, "-inf"], [0.1, 5e-324]]}


@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
def test_words_that_look_like_numbers_stay_words(word):
    """A problem of the name `inf` is none of the size ∞."""
    full = dataclasses.replace(FULL, reason=word, problem=word, judged=word)
    full = dataclasses.replace(full, disagreement=Disagreement(word, word, 1.0, 2.0, 3.0))
    assert same(Record.from_json(json.loads(json.dumps(full.as_json()))), full)


@given(
    st.lists(st.floats(), min_size=0, max_size=6),
    st.text(max_size=20),
    st.sampled_from(list(Status)),
)
def test_any_record_comes_back(values, reason, status):
    timing = Timing("b", Samples(1, tuple(range(len(values))), tuple(values), tuple(values)))
    one = record(
        status=status,
        reason=reason,
        value={"w": np.array(values, dtype=float)},
        digits=values[0] if values else None,
        timing=timing,
    )
    line = json.dumps(one.as_json(), ensure_ascii=False)
    assert "\n" not in line
    assert same(Record.from_json(json.loads(line)), one)


# --- damage ---------------------------------------------------------------------------------------


def test_a_cut_anywhere_in_the_last_line_loses_that_line_only(tmp_path):
    """Also within a character of several bytes."""
    path = written(tmp_path / "run.jsonl", ENVIRONMENT, record(), FULL)
    whole = path.read_bytes()
    begin = whole.rstrip(b"\n").rindex(b"\n") + 1
    assert any(byte >= 0x80 for byte in whole[begin:])
    for end in range(begin, len(whole) - 1):
        path.write_bytes(whole[:end])
        run = load(path)
        assert same(run.records, (record(),))
        assert run.cut == (end > begin)
    for end in (len(whole) - 1, len(whole)):  # nothing but the line's end is missing
        path.write_bytes(whole[:end])
        assert len(load(path).records) == 2


@pytest.mark.parametrize("lost", [1, 2, 30, 100])
def test_a_run_resumed_after_a_cut(tmp_path, lost):
    path = written(tmp_path / "run.jsonl", ENVIRONMENT, record("jax"), record("torch"))
    path.write_bytes(path.read_bytes()[:-lost])
    written(path, dataclasses.replace(ENVIRONMENT, id="bb22"), record("sympy"))
    run = load(path)
    names = [r.backend for r in run.records]
    assert names == (["jax", "torch", "sympy"] if lost == 1 else ["jax", "sympy"])
    assert [e.id for e in run.environments] == ["aa11", "bb22"]
    assert run.cut == (lost > 1)


@pytest.mark.parametrize("entry", [ENVIRONMENT, record()])
def test_another_schema_is_refused_in_words(tmp_path, entry):
    path = written(tmp_path / "run.jsonl", ENVIRONMENT)
    old = json.dumps({**entry.as_json(), "schema": SCHEMA - 1})
    path.write_text(path.read_text("utf-8") + old + "\n", "utf-8")
    with pytest.raises(SelectorError, match=rf":2: a \w+ of schema {SCHEMA - 1}, .* {SCHEMA}"):
        load(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"Dear diary,\ntoday I timed nothing.\n",
        b"\xff\xfe\x00\x01",
        b"[1, 2]\n",
        b"3\n",
        b'{"kind": "run", "schema": %d}\n' % SCHEMA,
        b"PK\x03\x04\n\n\x00",
        json.dumps(record().as_json()).encode(),
    ],
)
def test_what_is_no_run_is_refused_in_words(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(SelectorError, match=r"notes\.txt.* no ") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_or_written(tmp_path):
    with pytest.raises(SelectorError, match=r"cannot read the run .*No such file"):
        load(tmp_path / "missing")
    with pytest.raises(SelectorError, match="cannot read the run"):
        load(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(SelectorError, match="cannot write to"):
        RunWriter(tmp_path / "file" / "run.jsonl")


@pytest.mark.parametrize("name", [5, None, [], b"x"])
def test_what_is_no_name_of_a_file(name):
    with pytest.raises(SelectorError, match="a run is given by the name of its file, got "):
        load(name)


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = RunWriter(None)
    writer.write(ENVIRONMENT)
    writer.close()
    assert writer.file is None
    assert list(tmp_path.iterdir()) == []


# --- several lines of one cell --------------------------------------------------------------------


def test_the_last_line_of_a_cell_wins(tmp_path):
    first, again = record(digits=1.0), record(digits=2.0)
    run = load(written(tmp_path / "r", ENVIRONMENT, first, record("jax"), again))
    assert [(r.backend, r.digits) for r in run.records] == [("torch", 2.0), ("jax", None)]


def test_merged_runs():
    other = dataclasses.replace(ENVIRONMENT, id="bb22")
    newer = dataclasses.replace(record(digits=2.0), run="bb22")
    one = SavedRun((ENVIRONMENT,), (record(digits=1.0), record("jax")), cut=1)
    two = SavedRun((other,), (newer, record("sympy", threads=4), record("sympy", threads=1)))
    both = merge_runs([one, two])
    assert [e.id for e in both.environments] == ["aa11", "bb22"]
    assert [(r.backend, r.threads) for r in both.records] == [
        ("torch", None),
        ("jax", None),
        ("sympy", 4),
        ("sympy", 1),
    ]
    assert both.records[0].digits == 2.0
    assert both.environment(both.records[0]) is other
    assert both.cut == 1
    assert next(r.digits for r in merge_runs([two, one]).records) == 1.0
    assert merge_runs([one, one]).environments == (ENVIRONMENT,)
    assert merge_runs([]).records == ()


def test_what_need_not_be_run_again():
    records = tuple(record(status.value, status=status) for status in Status)
    assert [r.backend for r in reusable_records(SavedRun((), records))] == [
        "ok",
        "imprecise",
        "skipped",
        "noisy",
    ]


def test_ok_is_a_run_without_a_fault():
    for status in (Status.NOISY, Status.IMPRECISE):
        assert SavedRun((), (record(), record("x", status=status))).ok
    assert not SavedRun((), (record(), record("x", status=Status.CRASH))).ok


def test_an_unknown_environment_is_none():
    assert SavedRun((), (record(),)).environment(record()) is None
