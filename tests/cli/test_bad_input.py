"""Thousands of bad command lines: each is one line on stderr and a right status, never a traceback.

Drawn by a fixed seed; a part of them by default, all of them by `pytest -m full`.
"""

import itertools
import json
import random

import pytest

from calcbench.record.record import SCHEMA

SEED = 13
SOME, ALL, PARTS = 100, 3_000, 6

TEXTS = (
    "",
    " ",
    "x" * 300,
    "y" * 10_000,
    "\x1b[2J\x1b]0;x\x07",
    "a\x00b",
    "\ud800",
    "\u202e∂",
    "漢 字",
    "-1",
    "0",
    "1e999",
    "nan",
    "9" * 400,
    "9" * 5_000,
    "[" * 2_000,
    "]",
    "a=b",
    "=",
    ",",
    "/",
    "1/0",
    "..",
    "/dev/null",
    "nosuch.py",
    "nosuch.jsonl",
    "torch[mode=",
    "by_hand[x=1]",
    "finite_difference[delta=x]",
    "finite_difference[delta=1e999]",
    "partial[",
    "partial[w[0]]",
    "x=[1,2",
    "x=1,x=2",
    "x=nan,y=1",
    "w=[[1],[2,3]]",
    "10:1:log",
    "10:1e999:log",
    "bad.jsonl",
    "empty.jsonl",
    "bad.py",
    "--",
    "--nosuch",
    "-x",
    "{}",
    "%s%n",
)

COMMANDS = {
    "list": ["{}", "--json"],
    "show": ["{}", "-b {}", "--operator {}", "--program {}", "--json"],
    "compare": ["{}", "-p {}", "-b {}", "--operator {}", "--at {}", "--direction {}", "--size {}",
                "--seed {}", "--dtype {}", "--html {}", "saddle"],
    "verify": ["{}", "-b {}", "--operator {}", "--at {}", "--size {}", "--wide", "saddle"],
    "check": ["{}", "{}::f", "bad.py::{}", "bad.py::f --grad {}", "bad.py::f --x {}", "--points {}",
              "--seconds {}", "--json"],
    "steps": ["{}", "saddle", "saddle {}", "-b {}", "--at {}", "--size {}", "--dtype {}",
              "--plot {}", "--json"],
    "plot": ["{}", "saddle", "-b {}", "--at {}", "--kind {}", "--kind graph", "--kind curve",
             "--parameters {}", "--window {}", "--size {}", "--timeout {}", "-o {}"],
    "descend": ["{}", "saddle", "-b {}", "--at {}", "--rate {}", "--steps {}", "-o {}", "--json"],
    "bench": ["{}", "-p {}", "-b {}", "--size {}", "--dtype {}", "--threads {}", "--seed {}",
              "--budget {}", "--timeout {}", "--memory {}", "-o {}", "--shard {}", "--resume",
              "--json", "--operator {}", "saddle"],
    "report": ["{}", "--format {}", "-o {}", "--site {}", "good.jsonl"],
    "compare-runs": ["{}", "good.jsonl", "--force", "--json"],
    "merge": ["{}", "good.jsonl", "-o {}"],
    "cite": ["{}", "good.jsonl"],
    "doctor": ["-b {}", "--json"],
    "exercise": ["{}", "5.1 {}", "5.3 {} {}", "--sheet {}", "--solution", "--json"],
    "exercises": ["{}", "good.toml", "--grade {}", "-o {}", "--json"],
    "lessons": ["{}", "--json"],
    "{}": ["{}"],
}  # fmt: skip

ENVIRONMENT = {
    "schema": SCHEMA,
    "kind": "run",
    "id": "a1",
    "started": "2026-11-22T16:09:24Z",
    "calcbench": "0.1.0",
}
RECORD = {
    "schema": SCHEMA,
    "problem": "square",
    "backend": "torch",
    "operator": "gradient",
    "dtype": "float64",
    "status": "crash",
    "reason": "crash SIGSEGV",
    "run": "a1",
}


def command_lines():
    """Draw command lines without end."""
    drawn = random.Random(SEED)
    while True:
        name = drawn.choice(list(COMMANDS))
        parts = drawn.sample(COMMANDS[name], drawn.randint(1, min(3, len(COMMANDS[name]))))
        words = [word for part in (name, *parts) for word in part.split(" ")]
        if "{}" not in words:
            continue
        # What would be right is not run: a benchmark of everything takes an hour.
        words += ["--dry-run"] if name == "bench" else []
        words += ["saddle"] if name in ("compare", "verify") else []
        words += ["-b", "by_hand"] if name in ("compare", "verify") and "-b" not in words else []
        yield [drawn.choice(TEXTS) if word == "{}" else word for word in words]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a run, files that are none, and a problem that is none."""
    monkeypatch.chdir(tmp_path)
    good = "".join(json.dumps(line) + "\n" for line in (ENVIRONMENT, RECORD))
    (tmp_path / "good.jsonl").write_text(good)
    (tmp_path / "bad.jsonl").write_text(good.replace('"square"', "[1]"))
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "good.toml").write_text(
        '[[exercise]]\nid = "1"\nquestion = "x?"\nanswers = [{is = "2"}]\n', "utf-8"
    )
    (tmp_path / "bad.py").write_text("raise ValueError('\x1b[2J')\n")
    return tmp_path


def check(cli, numbers):
    refused = 0
    for words in itertools.islice(command_lines(), numbers.start, numbers.stop):
        try:
            done = cli(*words)
        except Exception as error:
            raise AssertionError(f"{words}") from error
        assert done.status in (0, 1, 2), words
        assert all(c.isprintable() or c == "\n" for c in done.err), words
        assert max(map(len, done.err.splitlines()), default=0) < 1_200, words
        refused += done.status == 2
        unread = words[0] == "exercise" and done.out  # an answer, which is marked so
        if done.status == 2 and not unread:
            assert done.err.splitlines()[-1].startswith("Error: "), words
    return refused


def test_some_bad_command_lines(cli, folder):
    assert check(cli, range(SOME)) > SOME / 2


@pytest.mark.few(0, more=1)  # of parts
@pytest.mark.parametrize("part", range(PARTS))
def test_thousands_of_bad_command_lines(cli, folder, part):
    """In parts, for several processes to share."""
    each = ALL // PARTS
    assert check(cli, range(part * each, (part + 1) * each)) > each / 2
