"""Users' code is a guest: it exits, hangs, prints, eats memory, and the rest does not notice.

Each command runs in a process of its own.
"""

import json
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from modes import require
from waiting import PATIENCE, wait_until

import calcbench as cb
from calcbench.record.record import Status
from calcbench.record.run import load

CASES = Path(__file__).parent
QUICK = ("-b", "by_hand", "-b", "finite_difference")
BRIEF = ("--quick", "--budget", "0.2")


@pytest.fixture
def run(cli, monkeypatch):
    """A command in the folder of the cases."""
    monkeypatch.chdir(CASES)
    return cli


@pytest.fixture
def run_there(cli, tmp_path, monkeypatch):
    """A command in the folder that a test writes to."""
    monkeypatch.chdir(tmp_path)
    return cli


def one_line(done, *fragments):
    """Bad input: status 2, nothing on stdout, and one line that has every fragment."""
    assert (done.status, done.out) == (2, "")
    (line,) = [line for line in done.err.splitlines() if line]
    assert line.startswith("Error: ")
    assert all(fragment in line for fragment in fragments), line


def rows(done, problem=None):
    """Backend → (status, reason) of one problem, or of the only one."""
    records = json.loads(done.out)
    return {
        r["backend"]: (r["status"], r["reason"]) for r in records if problem in (None, r["problem"])
    }


# --- the cases -----------------------------------------------------------------------------------


def test_gradient_exits(run):
    done = run("verify", "gradient_exits.py", "saddle", *QUICK, "--json")
    assert done.status == 1
    assert rows(done, "gradient_exits") == {
        "by_hand": ("error", "gradient_exits.py:14: SystemExit: 0"),
        "finite_difference": ("ok", ""),
    }
    assert {status for status, _ in rows(done, "saddle").values()} == {"ok"}


@pytest.mark.parametrize("command", ["show", "steps"])
def test_gradient_exits_elsewhere(run, command):
    done = run(command, "gradient_exits.py", "-b", "finite_difference", "--json")
    assert done.status == 0
    assert json.loads(done.out)


def test_gradient_exits_in_bench(run, tmp_path):
    output = tmp_path / "run.jsonl"
    done = run("bench", "gradient_exits.py", "saddle", *QUICK, *BRIEF, "-o", output)
    assert done.status == 1
    found = {(r.problem, r.backend): r for r in load(output).records}
    assert found["gradient_exits", "by_hand"].reason.endswith("SystemExit: 0")
    assert found["gradient_exits", "finite_difference"].status.measured
    assert found["saddle", "by_hand"].status.measured


def test_gradient_exits_in_python():
    source = CASES / "gradient_exits.py"
    by_hand, differences = cb.compare(str(source), ["by_hand", "finite_difference"]).records
    assert (by_hand.status, differences.status) == (Status.ERROR, Status.OK)
    with pytest.raises(cb.ProblemError, match=r"gradient_exits\.py:14: SystemExit: 0"):
        cb.gradient(str(source))


def test_hangs_in_parent(run, tmp_path):
    """In the process that prints, nothing of it runs."""
    done = run("verify", "hangs_in_parent.py", "saddle", "-b", "finite_difference", "--json")
    assert done.status == 0
    assert rows(done) == {"finite_difference": ("ok", "")}
    output = tmp_path / "run.jsonl"
    words = ("-b", "finite_difference", *BRIEF, "--timeout", "60", "-o", output)
    assert run("bench", "hangs_in_parent.py", "saddle", *words).status == 0
    assert [r.problem for r in load(output).records] == ["hangs_in_parent", "saddle"]


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "words",
    ["verify", "compare", "show", "steps", "bench --quick", "verify -b torch", "verify -b jax"],
)
def test_no_return(run, words, tmp_path):
    command, *options = words.split()
    if options and options[0] == "-b":
        require(options[1])
    where = ("-o", tmp_path / "run.jsonl") if command == "bench" else ()
    done = run(command, "no_return.py", *options, *where)
    told = (
        "no_return.py:4: the cost of problem 'no_return' must return a number, but it returned None"
    )
    if command == "bench":
        assert done.status == 1
        assert {told in r.reason for r in load(where[1]).records} == {True}
    else:
        one_line(done, told)


@pytest.mark.few(1)
@pytest.mark.parametrize("command", ["verify", "compare", "steps", "bench --quick"])
def test_random_cost(run, command, tmp_path):
    where = ("-o", tmp_path / "run.jsonl", *QUICK) if command.startswith("bench") else ()
    done = run(*command.split(), "random_cost.py", *where)
    told = "problem 'random_cost': the cost gives another value when it is run again"
    if where:
        assert done.status == 1
        (record,) = [r for r in load(where[1]).records if r.backend == "finite_difference"]
        assert record.status is Status.ERROR
        assert told in record.reason
    else:
        one_line(done, told)


@pytest.mark.few(2)
@pytest.mark.parametrize("command", ["verify", "compare", "show", "steps", "bench"])
def test_prints(run, command, tmp_path):
    where = (*BRIEF, "-o", tmp_path / "run.jsonl") if command == "bench" else ()
    done = run(command, "prints.py", "-b", "finite_difference", "--json", *where)
    assert done.status == 0
    assert json.loads(done.out)


@pytest.mark.parametrize("backend", ["sympy", "jax"])
def test_python_if(run, backend):
    require(backend)
    done = run("verify", "python_if.py", "-b", "finite_difference", "-b", backend, "--json")
    assert done.status == 1
    assert rows(done)["finite_difference"] == ("ok", "")
    status, reason = rows(done)[backend]
    assert status == "error"
    assert reason.startswith("python_if.py:7: ")
    assert reason.endswith("use xp.where(condition, value, other) in place of a Python branch")


@pytest.mark.few(1)
@pytest.mark.parametrize("backend", ["torch", "tensorflow", "jax", "autograd"])
def test_in_place(run, backend):
    require(backend)
    done = run("verify", "in_place.py", "-b", backend, "--json")
    assert done.status == 1
    status, reason = rows(done)[backend]
    assert status == "error"
    assert reason.startswith("in_place.py:7: ")
    assert reason.endswith("xp.stack or xp.concat, in place of writing into one")


@pytest.mark.parametrize("command", ["verify", "compare", "bench"])
def test_same_name(run, command, tmp_path):
    words = ("same_name/a/cost.py", "same_name/b/cost.py", "-b", "finite_difference")
    one_line(run(command, *words), "'c'", "same_name/a/cost.py", "same_name/b/cost.py")


def test_the_same_selector_twice_is_taken_once(run):
    done = run("verify", "square", "square", "./prints.py", "prints.py", *QUICK, "--json")
    records = json.loads(done.out)
    assert [r["problem"] for r in records] == ["square", "square", "prints", "prints"]


# --- whatever a cost does ------------------------------------------------------------------------

GUESTS = {
    "never ends": ("while True: pass", "timeout", "timeout 3 s"),
    "sleeps": ("time.sleep(10**6)", "timeout", "timeout 3 s"),
    "stops": ("os.kill(os.getpid(), signal.SIGSTOP)", "timeout", "timeout 3 s"),
    "exits": ("sys.exit()", "error", "SystemExit"),
    "exits at once": ("os._exit(0)", "crash", "crash exit status 0"),
    "is killed": ("os.kill(os.getpid(), signal.SIGKILL)", "crash", "crash SIGKILL"),
    "is interrupted": ("raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
    "closes a generator": ("raise GeneratorExit", "error", "GeneratorExit"),
    "eats memory": ("np.ones((50, 2**27))", "out_of_memory", "MemoryError"),
    "eats memory piecemeal": (
        "for n in range(400): eaten.append(np.ones(2**24))",
        "out_of_memory",
        "",
    ),
    "raises what cannot be printed": ("raise Mute", "error", "Mute: no message"),
}

SOURCE = """
import os, signal, sys, time
import numpy as np
import calcbench

eaten = []

class Mute(Exception):
    def __str__(self):
        raise ValueError("no word")

@calcbench.problem(x=1.0)
def guest(x):
    {body}
    return x**2
"""


def write(folder, body, source=SOURCE, name="cost.py"):
    (folder / name).write_text(source.replace("{body}", body))
    return name


LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32));"
"""A machine on which 50 GB are not there, whatever this one has."""


EACH_TIME = ("exits", "exits at once", "eats memory")
"""Ends that every run tests; the others are left to `-m full`, and so is what is waited for."""


@pytest.mark.few(len(EACH_TIME), more=3)
@pytest.mark.parametrize(
    "guest", [g if g in EACH_TIME else pytest.param(g, marks=pytest.mark.full) for g in GUESTS]
)
def test_a_guest_in_verify(run_there, tmp_path, guest):
    body, status, reason = GUESTS[guest]
    name = write(tmp_path, body)
    code = LIMIT + "from calcbench.cli import main; main()"
    limit = "60" if status == "out_of_memory" else "3"
    # Each backend of one that does not end is waited for.
    backends = ["finite_difference"] if status == "timeout" else ["finite_difference", "sympy"]
    chosen = [word for backend in ("by_hand", *backends) for word in ("-b", backend)]
    words = (name, "saddle", *chosen, "--timeout", limit, "--json")
    done = run_there("verify", *words, code=code)
    assert done.status == 1, done
    found = rows(done, "guest")
    assert found["by_hand"][0] == "skipped"
    for backend in backends:
        assert found[backend][0] == status, found
        assert reason in found[backend][1]
    assert {s for s, _ in rows(done, "saddle").values()} == {"ok"}


@pytest.mark.few(0, more=3)
@pytest.mark.parametrize("guest", ["never ends", "stops", "exits", "exits at once", "eats memory"])
def test_a_guest_in_bench(run_there, tmp_path, guest):
    body, status, reason = GUESTS[guest]
    name = write(tmp_path, body)
    words = ("bench", name, "saddle", "-b", "finite_difference", *BRIEF, "--memory", "2G")
    done = run_there(*words, "--timeout", "10", "-o", "run.jsonl")
    assert done.status == 1, done
    ruined, healthy = load(tmp_path / "run.jsonl").records
    assert ruined.status == status
    assert reason.replace("3 s", "10 s") in ruined.reason
    assert healthy.status.measured


ON_BALLS = """
import os, sys, calcbench
class Guest(calcbench.Problem):
    def inputs(self, size, rng):
        return {"x": 1.0}
    def cost(self, xp, x):
        if getattr(x, "dtype", None) == object:
            {body}
        return x**2
    def gradient(self, xp, x):
        return {"x": 2 * x}
"""
"""What is done where the judge evaluates the cost, and nowhere else."""


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "guest", ["never ends", pytest.param("exits", marks=pytest.mark.full), "exits at once"]
)
@pytest.mark.parametrize("command", ["verify", pytest.param("bench", marks=pytest.mark.full)])
def test_a_guest_of_the_judge(run_there, tmp_path, command, guest):
    body, status, _ = GUESTS[guest]
    name = write(tmp_path, body, ON_BALLS)
    words = ("-b", "by_hand", "--timeout", "10", "--json")
    more = (*BRIEF, "-o", "run.jsonl") if command == "bench" else ()
    done = run_there(command, name, "saddle", *words, *more)
    found = rows(done, "guest")["by_hand"]
    if status == "error":  # an exception is a reason for not certifying, and no more
        assert found[0] in ("ok", "noisy")
    else:
        assert found[0] == status
        assert found[1].endswith("while the results were judged")
        assert done.status == 1
    assert rows(done, "saddle")["by_hand"][0] in ("ok", "noisy")


@pytest.mark.few(2)
@pytest.mark.parametrize("guest", ["never ends", "exits", "exits at once", "is interrupted"])
@pytest.mark.parametrize(
    "command",
    ["verify", *(pytest.param(c, marks=pytest.mark.full) for c in ("show", "steps", "bench"))],
)
def test_a_guest_at_import(run_there, tmp_path, command, guest):
    body, _, reason = GUESTS[guest]
    name = write(tmp_path, f"pass\n{body}\ndef other(x):\n    pass")
    one_line(run_there(command, name, "--timeout", "3"), reason)


@pytest.mark.few(1)
@pytest.mark.parametrize("guest", ["never ends", "exits", "exits at once"])
def test_a_guest_in_inputs(run_there, tmp_path, guest):
    body, status, reason = GUESTS[guest]
    source = (
        "import os, sys, calcbench\n"
        "class Guest(calcbench.Problem):\n"
        "    def inputs(self, size, rng):\n        {body}\n"
        "    def cost(self, xp, x): return x\n"
    )
    name = write(tmp_path, body, source)
    done = run_there("verify", name, "saddle", *QUICK, "--timeout", "3", "--json")
    assert done.status == 1
    assert {s for s, _ in rows(done, "guest").values()} == {status}
    assert all(reason in told for _, told in rows(done, "guest").values())
    assert {s for s, _ in rows(done, "saddle").values()} == {"ok"}


@pytest.mark.full
def test_one_backend_that_hangs_leaves_the_others_alone(run_there, tmp_path):
    symbols = "hasattr(np.asarray(x, object).flat[0], 'is_Symbol')"
    name = write(tmp_path, f"if {symbols}: time.sleep(10**6)")
    schemes = [f"finite_difference[scheme={scheme}]" for scheme in ("forward", "central")]
    backends = [word for name in (schemes[0], "sympy", schemes[1]) for word in ("-b", name)]
    done = run_there("verify", name, *backends, "--timeout", "5", "--json")
    assert list(rows(done).values()) == [("ok", ""), ("timeout", "timeout 5 s"), ("ok", "")]


def workers(bench):
    """The processes that a session of bench has started to work for it."""
    started = psutil.Process(bench).children(recursive=True)
    tracks = {p.pid for p in started if "resource_tracker" in " ".join(p.cmdline())}
    return [p for p in started if p.ppid() != bench and p.pid not in tracks]


@pytest.mark.full
def test_a_worker_that_is_stopped_is_a_timeout(tmp_path):
    """A frozen worker of bench: the bench ends, with that record, and the others."""
    name = write(tmp_path, "time.sleep(0.2)")  # none is at an end before it is stopped
    schemes = [f"finite_difference[scheme={scheme}]" for scheme in ("forward", "central")]
    words = f"bench {name} square -b {schemes[0]} -b {schemes[1]} --quick --budget 8"
    command = [
        sys.executable,
        "-m",
        "calcbench",
        *words.split(),
        "--timeout",
        "4",
        "-o",
        "run.jsonl",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=-1) as bench:
        children = psutil.Process(bench.pid).children
        wait_until(lambda: len(children(recursive=True)) >= 5)  # session, tracker, judge, backends
        time.sleep(1.0)
        for worker in workers(bench.pid):  # all, for some may have nothing left to do
            worker.send_signal(signal.SIGSTOP)
        _, err = bench.communicate(timeout=PATIENCE)
    assert bench.returncode == 1, err
    records = load(tmp_path / "run.jsonl").records
    assert len(records) == 4
    assert {r.status.measured or r.status is Status.TIMEOUT for r in records} == {True}
    assert Status.TIMEOUT in {r.status for r in records}


@pytest.mark.parametrize(
    "how", [pytest.param(signal.SIGSTOP, marks=pytest.mark.full), signal.SIGKILL]
)
def test_a_session_that_is_ended_from_outside_goes_on(tmp_path, how):
    words = "bench square rosenbrock -b by_hand --quick --budget 3 --timeout 8 -o run.jsonl"
    command = [sys.executable, "-m", "calcbench", *words.split()]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=-1) as bench:
        saved = tmp_path / "run.jsonl"
        wait_until(lambda: saved.exists() and saved.read_text().count("\n") >= 2)
        (session,) = psutil.Process(bench.pid).children()
        session.send_signal(how)
        _, err = bench.communicate(timeout=PATIENCE)
    assert bench.returncode == 0, err
    assert [(r.problem, r.status.measured) for r in load(saved).records] == [
        ("square", True),
        ("rosenbrock", True),
    ]


def test_interrupting_a_hang_leaves_nothing(tmp_path):
    name = write(tmp_path, "print('here', file=sys.stderr, flush=True)\n    while True: pass")
    command = [sys.executable, "-m", "calcbench", "verify", name, "-b", "finite_difference"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=-1, stderr=-1) as verify:
        assert verify.stderr.readline() == b"here\n"
        children = psutil.Process(verify.pid).children(recursive=True)
        verify.send_signal(signal.SIGINT)
        out, err = verify.communicate(timeout=PATIENCE)
    assert (verify.returncode, out, err) == (130, b"", b"interrupted\n")
    assert children
    assert not psutil.wait_procs(children, timeout=PATIENCE)[1]


# --- where, what, and the remedy -----------------------------------------------------------------

MISTAKES = {
    "np.exp": ("return np.exp(x[0])", "use xp.exp in place of np.exp"),
    "math.sin": ("return math.sin(x[0])", "use xp.sin in place of math.sin"),
    "np.linalg.solve": ("return np.linalg.solve(xp.stack([x, x]), x)[0]", "use xp.linalg.solve"),
    "max": ("return max(x[0], x[1])", "use xp.maximum in place of max"),
    "while": ("while x[0] > 1: x = x / 2\n    return x[0]", "use xp.iterate"),
    "labels": ("return xp.sum(xp.take(x, k))", "np.array([0, 2, 1])"),
    "xp.expp": ("return xp.expp(x[0])", "did you mean 'exp'?"),
    "xp.concatenate": ("return xp.sum(xp.concatenate([x, x]))", "use xp.concat"),
    "xp.nansum": ("return xp.nansum(x)", "docs/vocabulary.md lists what is"),
}

MISTAKEN = """
import math
import numpy as np
import calcbench

@calcbench.problem(x=[1.3, 2.0], k=[0.0, 1.0])
def mistaken(xp, x, *, k):
    {body}
"""


@pytest.mark.few(2)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_remedy_is_told(run_there, tmp_path, mistake):
    body, remedy = MISTAKES[mistake]
    name = write(tmp_path, textwrap.dedent(body), MISTAKEN)
    done = run_there("verify", name, "-b", "sympy", "--json")
    told = done.err if done.status == 2 else rows(done)["sympy"][1]
    assert "cost.py:8: " in told
    assert remedy in told
    assert ("did you mean" in told) == ("did you mean" in remedy)
    assert "Traceback" not in done.err
    traced = run_there("verify", name, "-b", "sympy", "--traceback")
    assert traced.status == done.status
    assert "Traceback (most recent call last)" in traced.err
    assert 'cost.py", line 8, in mistaken' in traced.err


@pytest.mark.few(1)
@pytest.mark.parametrize("backend", ["torch", "tensorflow", "jax"])
@pytest.mark.parametrize("mistake", ["np.exp", pytest.param("labels", marks=pytest.mark.full)])
def test_the_remedy_is_told_by_frameworks(run_there, tmp_path, backend, mistake):
    require(backend)
    if (mistake, backend) == ("np.exp", "tensorflow"):
        pytest.skip("TensorFlow runs it, and loses the derivative: that is no exception")
    body, remedy = MISTAKES[mistake]
    name = write(tmp_path, body, MISTAKEN)
    done = run_there("verify", name, "-b", backend, "--json")
    status, told = rows(done)[backend]
    assert (done.status, status) == (1, "error"), told
    assert told.startswith("cost.py:8: ")
    assert remedy in told
