"""A run file with one field changed is read or refused in a line; nothing that reads it falls.

The mutations are all pairs of a field of a real run and a value of `VALUES`, shuffled by a fixed
seed: a part of them by default, all of them by `pytest -m full`.
"""

import copy
import json
import random

import pytest

import calcbench as cb
from calcbench.bench.rounds import Settings
from calcbench.errors import CalcbenchError, SelectorError
from calcbench.record.record import SCHEMA
from calcbench.record.run import load, merge_runs, save
from calcbench.report import differences_table
from calcbench.report.citation import cite
from calcbench.report.differences import differences
from calcbench.report.formats import FORMATS, write

SEED = 13
SOME = 150

DELETED = object()
WRAPPED = object()

VALUES = [
    DELETED,
    WRAPPED,
    None,
    True,
    0,
    -1,
    7,
    2**63,
    10**400,
    0.5,
    1e308,
    float("nan"),
    "",
    "nan",
    "-inf",
    "x",
    "\ud800",
    "a\rb\x00\x1b[2J\u202e",
    [],
    [1],
    ["a", None],
    [[1, 2], [3]],
    {},
    {"a": {"b": [1]}},
]


def paths(data, before=()):
    """The way to every value within plain data."""
    items = data.items() if isinstance(data, dict) else enumerate(data[:1])
    for key, value in items:
        yield (*before, key)
        if isinstance(value, (dict, list)):
            yield from paths(value, (*before, key))


def mutated(data, path, value):
    data = copy.deepcopy(data)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    if value is DELETED:
        del inner[path[-1]]
    else:
        inner[path[-1]] = [inner[path[-1]]] if value is WRAPPED else value
    return data


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """The lines of a real run: environment, a result, a failure."""
    path = tmp_path_factory.mktemp("real") / "run.jsonl"
    settings = Settings(burst=0.0005, rounds=6, budget=0.2)
    chosen = ["by_hand", "finite_difference"]
    cb.benchmark("saddle", chosen, settings=settings, output=path)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line.get("kind") for line in lines] == ["run", None, None]
    failed = {**lines[2], "status": "timeout", "reason": "timeout 60 s", "timing": None}
    return [*lines, {**failed, "backend": "torch", "value": None}]


def all_mutations(lines):
    found = [
        (number, path, value)
        for number, data in enumerate(lines)
        for path in paths(data)
        for value in VALUES
    ]
    random.Random(SEED).shuffle(found)
    return found


def use(run, original, tmp_path):
    """Everything that reads a run; bad input may be refused, nothing else may be raised."""
    for form in FORMATS:
        with_refusal(write, run, form)
    for one, other in ((run, original), (original, run)):
        for force in (False, True):
            found = with_refusal(differences, one, other, force)
            if not isinstance(found, str):
                json.dumps(differences_table.plain_data(found))
                differences_table.table(found)
    if run.records:
        cite(run)
    merged = merge_runs([original, run])
    target = tmp_path / "merged.jsonl"
    save(merged, target)
    assert len(load(target).records) == len(merged.records)


def with_refusal(function, *arguments):
    """Call a function that may refuse its input, in one line."""
    error = None
    try:
        return function(*arguments)
    except CalcbenchError as refusal:
        error = str(refusal)
    assert "\n" not in error
    return error


def check(lines, mutations, tmp_path):
    """Write, read and use every mutation; give how many were refused and how many were read."""
    path, refused = tmp_path / "run.jsonl", 0
    original = tmp_path / "original.jsonl"
    original.write_text("".join(json.dumps(line) + "\n" for line in lines))
    original = load(original)
    for number, way, value in mutations:
        changed = [*lines]
        changed[number] = mutated(lines[number], way, value)
        path.write_text("".join(json.dumps(line) + "\n" for line in changed))
        try:
            run = with_refusal(load, path)
            if not isinstance(run, str):
                use(run, original, tmp_path)
                continue
        except Exception as error:
            raise AssertionError(f"line {number}, {way} as {value!r}") from error
        refused += 1
        assert run.startswith((str(path), repr(str(path)))), run
        assert len(run) < 300 + len(str(path))
    return refused, len(mutations) - refused


def test_one_field_changed(lines, tmp_path):
    refused, read = check(lines, all_mutations(lines)[:SOME], tmp_path)
    assert refused > SOME / 2
    assert read > SOME / 10


@pytest.mark.full
def test_every_field_changed_to_everything(lines, tmp_path):
    mutations = all_mutations(lines)
    assert len(mutations) > 4_000
    check(lines, mutations, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        f'{{"kind": "run", "schema": {SCHEMA}, "machine": ' + "[" * 100_000,
        "[" * 900 + "]" * 900,
        f'{{"schema": {SCHEMA}, "problem": "p", "backend": "b", "operator": "o", "dtype": "d", '
        '"status": "ok", "value": {"x": ' + "[" * 900 + "]" * 900 + "}}",
    ],
)
def test_a_line_that_is_nested_deep(lines, tmp_path, line):
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(lines[0]) + "\n" + line + "\n")
    with pytest.raises(SelectorError, match=r"run\.jsonl:2 is no line of a calcbench run: "):
        load(path)
