"""The commands about time, as users type them: bench, merge, report, compare-runs, cite."""

import csv
import io
import json
import re
import subprocess
import sys

import pytest

from calcbench.record.run import load

HAND = ("-b", "by_hand", "-b", "sympy")
BRIEF = ("--quick", "--budget", "0.2s")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of four cells, timed in new interpreters."""
    path = tmp_path_factory.mktemp("runs") / "run.jsonl"
    words = ("bench", "batch_regression", "square", *HAND, "--quick", "--budget", "3s", "-o", path)
    subprocess.run([sys.executable, "-m", "calcbench", *words], check=True, capture_output=True)
    return path


def test_bench_reports_and_saves(cli, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("bench", "square", *HAND, *BRIEF)
    assert done.status == 0
    assert re.search(r"^ +1 +by_hand +[\d.]+ (ns|µs)", done.out, re.MULTILINE)
    assert "calcbench 0.1.0; 20" in done.out
    (path,) = (tmp_path / "runs").glob("*.jsonl")
    assert f"saved as runs/{path.name}" in done.err
    assert len(load(path).records) == 2
    # report, cite and --resume find the latest run by themselves
    assert cli("report").out == done.out
    assert path.stem[:4] in cli("cite").out
    again = cli("bench", "square", *HAND, *BRIEF, "--resume")
    assert "2 of 2 cells are there already" in again.err
    assert "saved as" not in again.err
    assert again.out == done.out


def test_bench_json(cli, tmp_path):
    done = cli("bench", "square", *HAND, *BRIEF, "--json", "-o", tmp_path / "run.jsonl")
    records = json.loads(done.out)
    assert [record["backend"] for record in records] == ["by_hand", "sympy"]
    assert all(len(record["timing"]["call"]["seconds"]) >= 1 for record in records)


def test_bench_fails_with_a_wrong_gradient(cli, file, tmp_path):
    name = file(
        "import calcbench\n"
        "class Wrong(calcbench.Problem):\n"
        "    def inputs(self, size, rng): return {'x': 3.0}\n"
        "    def cost(self, xp, x): return x**2\n"
        "    def gradient(self, xp, x): return {'x': 2.5 * x}\n"
    )
    done = cli("bench", name, *HAND, *BRIEF, "-o", tmp_path / "run.jsonl")
    assert done.status == 1
    assert "disagree" in done.out
    assert "∂C/∂x is 7.5, expected 6" in done.out


def test_dry_run_runs_nothing(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("bench", "straight_line_at_scale", *HAND, "--size", "10:1000:log", "--dry-run")
    assert done.status == 0
    assert "straight_line_at_scale[1,000] (float64): by_hand, sympy" in done.out
    assert re.search(r"^6 cells in 3 groups: about \d+\.?\d* s to \d+\.?\d* s", done.out, re.M)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("width", [80, 40])
def test_dry_run_fits_its_lines(process, width):
    done = process("bench", "gmm", "--dry-run", env={"COLUMNS": str(width)})
    *groups, cells = done.out.splitlines()
    assert max(map(len, groups)) <= width
    assert "gmm[d=10, k=25, n=1,000] (float64): by_hand, sympy," in " ".join(map(str.strip, groups))
    assert cells.startswith("24 cells in 4 groups: about ")


@pytest.mark.full
def test_dry_run_of_a_resumed_run(cli, run):
    done = cli("bench", "square", "saddle", *HAND, "-o", run, "--resume", "--dry-run")
    assert "saddle (float64)" in done.out
    assert "square" not in done.out


@pytest.mark.full
def test_shards_merge_into_the_whole(cli, tmp_path):
    parts = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    for number, part in enumerate(parts, start=1):
        words = ("square", "saddle", "-b", "by_hand", *BRIEF, "--shard", f"{number}/2")
        assert cli("bench", *words, "-o", part).status == 0
        assert len(load(part).records) == 1
    whole = tmp_path / "whole.jsonl"
    done = cli("merge", *parts, "--output", whole)
    assert (done.status, done.out) == (0, f"2 cells of 2 runs merged into {whole}\n")
    assert [r.problem for r in load(whole).records] == ["square", "saddle"]
    assert len(load(whole).environments) == 2
    assert "2 environments" in cli("report", whole).out
    again = cli("merge", *parts, "--output", whole)
    assert again.status == 2
    assert "exists" in again.err


def test_formats(cli, run, tmp_path):
    assert "batch_regression" in cli("report", run).out
    assert cli("report", run, "--format", "markdown").out.count("\n| --- |") == 2
    assert r"\toprule" in cli("report", run, "--format", "latex").out
    rows = list(csv.DictReader(io.StringIO(cli("report", run, "--format", "csv").out)))
    assert sorted((row["problem"], row["backend"]) for row in rows) == [
        ("batch_regression", "by_hand"),
        ("batch_regression", "sympy"),
        ("square", "by_hand"),
        ("square", "sympy"),
    ]
    assert all(float(row["seconds"]) > 0 for row in rows)
    data = json.loads(cli("report", run, "--format", "json").out)
    assert [len(section["rows"]) for section in data["sections"]] == [2, 2]
    assert len(json.loads(cli("report", run, "--format", "pyperf").out)["benchmarks"]) == 4
    done = cli("report", run, "--format", "csv", "-o", tmp_path / "out.csv")
    assert done.out == f"written to {tmp_path / 'out.csv'}\n"
    with (tmp_path / "out.csv").open(newline="") as written:
        assert len(list(csv.DictReader(written))) == 4


def test_a_run_compared_with_itself(cli, run):
    done = cli("compare-runs", run, run)
    assert done.status == 0
    told = done.out.count("no difference beyond noise")
    assert told >= 1
    assert told + done.out.count("too few samples") >= 4  # as a busy machine may leave some
    assert "slower" not in done.out
    assert "faster" not in done.out


def test_a_run_compared_with_a_slower_one(cli, run, tmp_path):
    slower = tmp_path / "slower.jsonl"
    lines = [json.loads(line) for line in run.read_text().splitlines()]
    for line in lines:
        if line.get("backend") == "sympy":
            seconds = line["timing"]["call"]
            seconds["seconds"] = [20 * value for value in seconds["seconds"]]
            seconds["cpu"] = [20 * value for value in seconds["cpu"]]
    slower.write_text("\n".join(map(json.dumps, lines)) + "\n")
    done = cli("compare-runs", run, slower)
    assert done.status == 1
    assert done.out.count("slower") >= 2
    assert cli("compare-runs", slower, run).status == 0
    data = json.loads(cli("compare-runs", run, slower, "--json").out)
    assert {cell["verdict"] for cell in data["cells"]} >= {"slower"}


def test_runs_of_two_machines(cli, run, tmp_path):
    other = tmp_path / "other.jsonl"
    lines = [json.loads(line) for line in run.read_text().splitlines()]
    lines[0]["machine"]["cpu"] = "Another Processor"
    other.write_text("\n".join(map(json.dumps, lines)) + "\n")
    done = cli("compare-runs", run, other)
    assert done.status == 2
    assert "Another Processor" in done.err
    assert "--force" in done.err
    assert cli("compare-runs", run, other, "--force").status == 0


@pytest.mark.full
def test_a_cut_run_says_so(cli, run, tmp_path):
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(run.read_bytes()[:-50])
    done = cli("report", cut)
    assert done.status == 0
    assert "1 line was cut short, and left out" in done.err
    assert len(load(cut).records) == 3
    # What is resumed begins on a line of its own.
    done = cli("bench", "batch_regression", "square", *HAND, *BRIEF, "-o", cut, "--resume")
    assert "3 of 4 cells are there already" in done.err
    assert len(load(cut).records) == 4


HVP = ["compare", "saddle", "--operator", "hvp", "--direction"]


@pytest.mark.few(12)
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["bench", "squar"], "did you mean 'square'?"),
        (["bench", "square", "-b", "tork"], "did you mean 'torch' or"),
        (["bench", "square", "--threads", "many"], "threads 'many' is no number"),
        (["bench", "square", "--threads", "10000"], "threads must be from 1 to"),
        (["bench", "square", "--size", "10:20"], "START:STOP:log"),
        (["bench", "square", "--budget", "soon"], "'soon' is no time such as"),
        (["bench", "square", "--memory", "much"], "'much' is no amount of memory"),
        (["bench", "square", "--shard", "3"], "not of the form I/N"),
        (["bench", "square", "--shard", f"1/{'9' * 5_000}"], "not of the form I/N"),
        (["bench", "square", "--memory", f"{'9' * 400}G"], "is no amount of memory"),
        (["bench", "square", "--memory", "99999999999999999999G"], "is no amount of memory"),
        (["bench", "square", "--timeout", "9" * 400], "is no time such as"),
        (["bench", "square", "--budget", f"{'9' * 20}h"], "is no time such as"),
        (["bench", "square", "-o", f"{'x' * 300}.jsonl"], "cannot write to 'xxx"),
        (["bench", "square", "--dry-run", "-o", "x" * 300], "cannot write to 'xxx"),
        (["bench", "square", "--resume", "-o", "x" * 300], "cannot write to 'xxx"),
        (["merge", "a.jsonl", "-o", "x" * 300], "cannot write to 'xxx"),
        (["report", "x" * 300], "cannot read the run 'xxx"),
        ([*HVP, f"x=[1{'0' * 400}],y=1"], "direction: x is not numbers"),
        ([*HVP, f"x=1{'0' * 400},y=1"], "direction: x is not finite"),
        (["compare", "x" * 10_000], "no problem 'xxx"),
        (["compare", "saddle", "--at", "x=1," + "y" * 200_000], "is not of the form NAME=VALUE"),
        (["compare", "a\x1b[2J\u202eb"], r"a\x1b[2J\u202eb"),
        (["bench", "square", "--dtype", "float16"], "has no dtype=float16"),
        (["bench", "--resume"], "there is no run in runs/"),
        (["report"], "there is no run in runs/"),
        (["report", "nothing.jsonl"], "cannot read the run 'nothing.jsonl'"),
        (["report", "x", "--format", "word"], "'word' is not one of"),
        (["cite", "nothing.jsonl"], "cannot read the run"),
        (["merge", "-o", "x"], "Missing argument"),
    ],
)
def test_bad_input(cli, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    done = cli(*words)
    assert done.status == 2
    assert told in done.err
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert done.err.rstrip("\n").isprintable()
    assert len(done.err) < 1_100
    assert list(tmp_path.iterdir()) == []
