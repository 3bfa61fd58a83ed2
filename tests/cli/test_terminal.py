"""What reaches a terminal, and output that is closed or full."""

import os
import subprocess
import sys

import pytest
from waiting import PATIENCE

POSIX = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has /dev/full")

HOSTILE = '''
import calcbench


class Hostile(calcbench.Problem):
    """A cost with \\x1b[2J in its summary."""

    name = "a\\x1b]0;title\\x07\\u202eb"
    place = "\\x9b31m"
    formula = "\\x1b[31m x^2"
    derivation = (("\\x1b[1mwords", "\\x00 x"),)
    sources = ("\\x1b[5m",)

    def inputs(self, size, rng):
        return {"x": 1.0}

    def cost(self, xp, x):
        if "\\x1b" == "":
            pass
        return x**2

    def gradient(self, xp, x):
        raise ValueError("\\x1b[2J\\u202e" + "y" * 10**5)
'''


def run(words, redirect=""):
    command = f'"{sys.executable}" -m calcbench {words} {redirect}'
    done = subprocess.run(command, shell=True, capture_output=True, timeout=PATIENCE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.few(4)
@POSIX
@pytest.mark.parametrize(
    ("words", "expected"), [("list", 0), ("compare nosuch", 2), ("verify square -b by_hand", 0)]
)
@pytest.mark.parametrize("redirect", [">&-", "2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_output_that_nobody_can_have_changes_no_status(words, expected, redirect):
    status, out, err = run(words, redirect)
    assert status == expected
    assert "Traceback" not in out + err
    assert (err.count("\n") == 1) == (expected == 2 and redirect == ">&-")


@POSIX
@pytest.mark.parametrize("words", ["list", "list --json", "verify square -b by_hand"])
def test_output_that_is_lost_is_said(words):
    assert run(words, "> /dev/full") == (
        2,
        "",
        "Error: the output cannot be written: No space left on device\n",
    )


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "words",
    ["show", "show --json", "verify -b by_hand", "verify -b by_hand --json", "compare -b by_hand"],
)
def test_a_hostile_file_sends_the_terminal_nothing(cli, tmp_path, words):
    command, *options = words.split()
    raises = command != "show"
    text = HOSTILE if raises else HOSTILE.replace("raise ValueError(", "return {'x': 2 * x}  # (")
    (tmp_path / "hostile.py").write_text(text, encoding="utf-8")
    done = cli(command, tmp_path / "hostile.py", *options)
    out, err = done.out, done.err
    assert done.status in (0, 1)
    assert "Traceback" not in err
    assert {c for c in out + err if not c.isprintable()} <= {"\n"}
    assert "x1b[2J" in out or "u001b[2J" in out
    assert max(map(len, (out + err).splitlines())) < 1_200


@POSIX
def test_a_full_disk_leaves_no_cut_report(cli, tmp_path):
    """Here the system refuses to let a file become longer than some hundred bytes."""
    run_file, report = tmp_path / "run.jsonl", tmp_path / "report.json"
    brief = ("--quick", "--budget", "1")
    assert cli("bench", "square", "-b", "by_hand", *brief, "-o", run_file).status == 0
    words = f'"{sys.executable}" -m calcbench report "{run_file}" --format json -o "{report}"'
    done = subprocess.run(f"ulimit -f 1; exec {words}", shell=True, capture_output=True, text=True)
    assert done.stderr == f"Error: cannot write to '{report}': File too large\n"
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == [run_file]


@pytest.mark.parametrize("columns", ["80", "none"])
def test_lines_in_a_pipe_are_as_wide_as_columns_says(cli, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    words = ("compare", "batch_regression", "-b", "by_hand", "-b", "finite_difference", "--wide")
    widest = max(map(len, cli(*words).out.splitlines()))
    assert widest <= 80 if columns == "80" else 80 < widest <= 100
