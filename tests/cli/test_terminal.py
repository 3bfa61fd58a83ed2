"""What reaches a terminal, and output that is closed or full."""

import os
import re
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


def test_what_show_wraps_goes_on_below_its_first_word(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = cli("show", "saddle", "-b", "by_hand").out.splitlines()
    assert all(line == line.rstrip() for line in lines)
    derivation = lines[lines.index("derivation") + 1 : lines.index("symbolic gradient")]
    assert max(map(len, derivation)) <= 60
    numbered = [line for line in derivation if re.match(r"  \d+\. \S", line)]
    below = [line for line in derivation if line and line not in numbered]
    assert len(below) > len(numbered) > 2  # a formula of each, and what is wrapped
    assert all(re.match(r" {5}\S", line) for line in below)


def test_list_is_cut_at_columns_and_whole_without(cli, monkeypatch):
    whole = cli("list", "problems").out.splitlines()
    assert max(map(len, whole)) > 100
    monkeypatch.setenv("COLUMNS", "80")
    cut = cli("list", "problems").out.splitlines()
    # What to install is copied from there, so it is whole.
    assert max(len(line) for line in cut if " is not installed; " not in line) == 80
    assert all(
        line == full or (line.endswith("…") and full.startswith(line[:-1]))
        for line, full in zip(cut, whole, strict=True)
    )


def test_a_name_that_is_no_problem_is_answered_by_the_nearest(cli):
    done = cli("show", "nosuch")
    assert done.status == 2
    assert done.err.startswith("Error: no problem 'nosuch': ")
    assert "`calcbench list problems`" in done.err
    assert len(done.err) < 200
    near = cli("show", "saddel").err
    assert "did you mean 'saddle'" in near


@pytest.mark.parametrize(
    "words",
    [
        ("plot", "nowhere.py", "-o"),
        ("descend", "nowhere.py", "-o"),
        ("steps", "nowhere.py", "--plot"),
        ("compare", "nowhere.py", "--html"),
    ],
    ids=lambda words: words[0],
)
def test_a_folder_that_is_not_there_is_told_before_anything_is_done(cli, tmp_path, words):
    """Before a worker is started, that is: the problem is not looked for."""
    where = tmp_path / "nodir" / "x.svg"
    done = cli(*words, where)
    assert (done.status, done.out) == (2, "")
    assert done.err == f"Error: cannot write to '{where}': No such file or directory\n"
    (tmp_path / "nodir").write_text("no folder")
    assert cli(*words, where).err == f"Error: cannot write to '{where}': Not a directory\n"
