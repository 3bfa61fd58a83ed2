"""The harness that times: every way to end is a record, nothing measured is lost, no process stays.

Real processes throughout, but for the rounds, whose order and end are tested on planted bursts.
"""

import dataclasses
import functools
import json
import os
import platform
import signal
import subprocess
import sys
import time
import timeit
from getpass import getuser
from pathlib import Path

import psutil
import pytest
from faulty import Faulty, healing
from waiting import PATIENCE, wait_until

import calcbench as cb
from calcbench.bench import environment, intervals, rounds
from calcbench.bench.cells import groups, parse_sizes, shard
from calcbench.bench.fingerprint import fingerprint
from calcbench.bench.rounds import Pace, RunningCell, Settings, visit
from calcbench.bench.selection import open_session
from calcbench.bench.worker import Burst, Failure, SetUp, count_calls
from calcbench.catalogue.files import load_file
from calcbench.catalogue.selection import select_backends, select_problems
from calcbench.errors import SelectorError
from calcbench.record.record import Status
from calcbench.record.run import load

BRIEF = Settings(burst=0.001, rounds=6, budget=0.3, precision=0.05, timeout=PATIENCE, memory=2**30)

SURE = dataclasses.replace(BRIEF, budget=15.0, precision=10.0)
"""For as many rounds as are asked for, and more only while the machine is never calm."""

FATES = {
    "raise": (Status.ERROR, "ValueError: it raises"),
    "quit": (Status.ERROR, "SystemExit: 4"),
    "exit": (Status.CRASH, "crash exit status 3"),
    "segfault": (Status.CRASH, "crash SIGSEGV"),
    "hang": (Status.TIMEOUT, "timeout "),
    "memory": (Status.OUT_OF_MEMORY, "MemoryError: "),
    "nan": (Status.DISAGREE, "∂y/∂x is nan, expected 10"),
}

MOMENTS = ("setup", "rounds")

pytestmark = pytest.mark.usefixtures("forked")


# --- whatever a backend does -----------------------------------------------------------------


@functools.cache
def long_enough():
    """Many times what importing SymPy takes, on this machine as it is now, in seconds."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import calcbench.bench.worker, sympy"], check=True)
    return max(4.0, 8 * (time.monotonic() - started))


def together(fault):
    """The faults that run together: a hang is waited for, and the others need not hurry."""
    return ("hang",) if fault == "hang" else tuple(other for other in FATES if other != "hang")


@functools.cache
def ruined(faults, when, folder):
    """A run with these faults, healthy backends among them, and the same resumed and healed."""
    settings = dataclasses.replace(SURE, timeout=long_enough()) if "hang" in faults else SURE
    path = folder / f"ruined-{when}-{'-'.join(faults)}.jsonl"
    healed = path.with_suffix(".healed")
    backends = ["by_hand", *(healing(healed, fault=f, when=when) for f in faults), "sympy"]
    run = cb.benchmark("square", backends, settings=settings, output=path)
    healed.touch()
    asked = open_session("square", backends, settings=settings, output=path, resume=True)
    due = [backend for group in asked.groups for backend in group.backends]
    again = cb.benchmark("square", backends, settings=settings, output=path, resume=True)
    return run, due, again


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.mark.few(1)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", FATES)
def test_fate(folder, fault, moment):
    run, _, healed = ruined(together(fault), moment, folder)
    selector = Faulty(fault=fault, when=moment).selector
    (record,) = [r for r in run.records if r.backend == selector]
    status, reason = FATES[fault]
    assert record.status is status
    assert reason in record.reason
    assert not run.ok
    (again,) = [r for r in healed.records if r.backend == selector]
    assert again.status.measured
    assert again.digits > 15


@pytest.mark.few(1)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", ["hang", "raise"])
def test_the_healthy_are_measured_all_the_same(folder, fault, moment):
    faults = together(fault)
    run, due, healed = ruined(faults, moment, folder)
    assert [r.backend for r in run.records if r.status.measured] == ["by_hand", "sympy"]
    for record in run.records:
        if record.status.measured:
            assert record.timing.cost is not None
            assert len(record.timing.call.seconds) >= SURE.rounds
    # Resumed, what failed is run, and nothing else is.
    assert [backend.name for backend in due] == ["faulty"] * len(faults)
    before = {r.backend: r for r in run.records}
    kept = [r for r in healed.records if r.run == run.environments[0].id]
    assert [r.backend for r in kept] == ["by_hand", "sympy"]
    assert all(r.seconds == before[r.backend].seconds for r in kept)
    assert healed.ok
    assert len(healed.environments) == 2


def _alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# --- rounds ----------------------------------------------------------------------------------


class Planted:
    """A process whose bursts are planted: `seconds(number)` of the n-th, or a failure."""

    loop = 1.0

    def __init__(self, name, seconds, visited):
        self.name, self.seconds, self.visited, self.count = name, seconds, visited, 0

    def ask(self, task, *arguments, timeout):
        self.visited.append(self.name)
        self.count += 1
        took = self.seconds(self.count)
        return took if isinstance(took, Failure) else Burst((took, took), None, self.loop)


def cells_of(*planted):
    visited = []
    setup = SetUp({}, {}, 1, None, "")
    lives = [
        RunningCell(None, Planted(n, seconds, visited), setup) for n, seconds in enumerate(planted)
    ]
    return lives, visited


def test_rounds_are_shuffled_and_every_cell_is_in_every_round():
    cells, visited = cells_of(*[lambda number: 1.0] * 4)
    visit(cells, Settings(rounds=10), 0, Pace(), print)
    turns = [tuple(visited[start : start + 4]) for start in range(0, len(visited), 4)]
    assert len(turns) == 10  # equal times are known at once
    assert all(sorted(turn) == [0, 1, 2, 3] for turn in turns)
    assert len(set(turns)) > 5
    for cell in cells:
        assert cell.samples(Pace(1.0))[0].round == tuple(range(10))


def test_rounds_go_on_until_the_time_is_known():
    wild = lambda number: 1.0 if number > 30 else 1.0 + number % 2  # noqa: E731
    cells, _ = cells_of(wild, lambda number: 1.0)
    visit(cells, Settings(rounds=6, budget=60.0), 0, Pace(), print)
    assert 30 < len(cells[0].bursts) < 200


def test_rounds_end_with_the_budget():
    cells, _ = cells_of(lambda number: time.sleep(0.05) or number**2)
    visit(cells, Settings(budget=0.3), 0, Pace(), print)
    assert 1 <= len(cells[0].bursts) <= 0.3 / 0.05 + 1


def test_rounds_go_on_while_the_machine_is_slowed():
    cells, _ = cells_of(lambda number: 1.0)
    planted = cells[0].process
    planted.seconds = lambda number: setattr(planted, "loop", 2.0 if number <= 20 else 1.0) or 1.0
    visit(cells, Settings(rounds=8, budget=60.0), 0, Pace(1.0), print)
    assert len(cells[0].bursts) == 28
    samples, _ = cells[0].samples(Pace(1.0))
    assert samples.pace == (0.5,) * 20 + (1.0,) * 8
    assert intervals.time(samples).disturbed == 20


def test_a_cell_that_fails_leaves_the_others_alone():
    failure = Failure(Status.ERROR, "no")
    cells, _ = cells_of(lambda number: failure if number == 4 else 1.0, lambda number: 1.0)
    visit(cells, Settings(rounds=8), 0, Pace(), print)
    assert cells[0].failure == failure
    assert [len(cell.bursts) for cell in cells] == [3, 8]


def test_a_time_that_is_not_known_is_noisy():
    brief = dataclasses.replace(BRIEF, budget=1e-9)
    (record,) = cb.benchmark("square", "by_hand", settings=brief).records
    assert record.status is Status.NOISY
    assert "no interval from 1 round" in record.reason
    assert record.digits > 15


# --- what a record tells ---------------------------------------------------------------------


@functools.cache
def measured():
    return cb.benchmark("batch_regression", ["by_hand", "sympy"], settings=BRIEF)


def test_a_record_tells_what_was_run_and_what_it_took():
    run = measured()
    for record in run.records:
        assert record.status.measured
        assert {"prepare", "load", "first", "call", "cost", "unload", "total"} <= set(
            record.seconds
        )
        assert all(seconds > 0 for seconds in record.seconds.values())
        assert record.value["m"] == pytest.approx(36.305, rel=1e-13)
        assert record.components == 2
        assert record.threads == 1
        assert set(record.source) == {"problem", "backend"}
        assert {"python", "calcbench", "numpy"} <= set(record.versions)
        assert record.run == run.environments[0].id
        assert record.timing.call.calls > 1
        assert record.timing.memory["imported"] > 2**20
        assert record.timing.call.round == record.timing.cost.round
    one, two = run.records
    assert one.timing.batch == two.timing.batch
    assert "import" not in one.seconds
    assert two.seconds["import"] > 0.01  # sympy, in a fresh process
    assert two.versions["sympy"] == run.environments[0].versions["sympy"]


def test_an_environment_tells_no_host_no_user_no_path():
    (environment,) = measured().environments
    assert environment.machine["processors"] == len(os.sched_getaffinity(0))
    assert environment.versions["numpy"]
    text = json.dumps(environment.as_json())
    for secret in (platform.node(), os.path.expanduser("~"), os.getcwd(), sys.prefix):
        assert secret not in text
    if len(getuser()) > 4:
        assert getuser() not in text


def test_wrong_gradients_are_timed_and_say_so(file):
    name = file(
        "import calcbench\n"
        "class Wrong(calcbench.Problem):\n"
        "    def inputs(self, size, rng): return {'x': 3.0}\n"
        "    def cost(self, xp, x): return x**2\n"
        "    def gradient(self, xp, x): return {'x': 2.5 * x}\n"
    )
    hand, symbols = cb.benchmark(name, ["by_hand", "sympy"], settings=BRIEF).records
    assert hand.status is Status.DISAGREE
    assert "∂C/∂x is 7.5, expected 6" in hand.reason
    assert hand.timing is not None
    assert symbols.status.measured


def test_a_problem_may_be_a_function():
    @cb.problem(x=3.0)
    def cubic(x):
        return x**3

    (record,) = cb.benchmark(cubic, "sympy", settings=BRIEF).records
    assert record.status.measured
    assert float(record.value["x"]) == 27.0


def test_large_gradients_are_counted_rather_than_copied():
    @cb.problem(w=[1.0] * 100)
    def many(xp, w):
        return xp.sum(w**2)

    (record,) = cb.benchmark(many, "sympy", settings=BRIEF).records
    assert record.components == 100
    assert record.value is None
    assert record.at == {}
    assert record.digits > 15


# --- the matrix ------------------------------------------------------------------------------


def test_groups_hold_one_dtype_and_all_its_backends():
    problems = select_problems(["straight_line_at_scale", "square"])
    backends = select_backends(["by_hand", "sympy", "by_hand[dtype=float32]"])
    found = groups(problems, backends, [10, 100], [1, 2], 0)
    assert [(g.threads, g.dtype, g.problem.name, g.size) for g in found[:4]] == [
        (1, "float64", "straight_line_at_scale", 10),
        (1, "float64", "straight_line_at_scale", 100),
        (1, "float64", "square", 1),
        (1, "float32", "straight_line_at_scale", 10),
    ]
    assert len(found) == 2 * 2 * 3
    assert [b.selector for b in found[0].backends] == ["by_hand", "sympy"]


def test_shards_are_a_partition():
    found = groups(select_problems(["review"]), select_backends(["by_hand"]), None, [1], 0)
    parts = [shard(found, f"{index}/3") for index in (1, 2, 3)]
    assert sorted(g.problem.name for part in parts for g in part) == sorted(
        g.problem.name for g in found
    )
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("1000", [1000]),
        ("8,1e3,1_000", [8, 1000]),
        ("10:1e4:log", [10, 100, 1000, 10_000]),
        ("8:40:log2", [8, 16, 32]),
        ("5,10:100:log", [5, 10, 100]),
    ],
)
def test_sizes(text, sizes):
    assert parse_sizes(text) == sizes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("many", "'many' is not a whole number"),
        ("0", "'0' is not a whole number"),
        ("1.5", "not a whole number"),
        ("1e400", "not a whole number"),
        ("10:100", "START:STOP:log"),
        ("10:100:5", "START:STOP:log"),
        ("100:10:log", "beyond its end"),
        ("", "not a whole number"),
    ],
)
def test_bad_sizes(text, told):
    with pytest.raises(SelectorError, match=told):
        parse_sizes(text)


@pytest.mark.parametrize("text", ["1", "0/4", "5/4", "a/b", "1/0", f"1/{'9' * 5_000}"])
def test_bad_shards(text):
    with pytest.raises(SelectorError, match="shard"):
        shard([], text)


@pytest.mark.parametrize("threads", [0, 10_000, [1, -1]])
def test_bad_threads(threads):
    with pytest.raises(SelectorError, match="threads must be from 1 to"):
        cb.benchmark("square", "by_hand", threads=threads)


def test_a_size_that_the_problem_has_not():
    with pytest.raises(SelectorError, match="has one size, 1"):
        cb.benchmark("square", "by_hand", 100)


# --- resuming --------------------------------------------------------------------------------

COST = """
import calcbench

class Mine(calcbench.Problem):
    def inputs(self, size, rng): return {"x": 3.0}
    def cost(self, xp, x): return x**2
    def gradient(self, xp, x): return {"x": 2 * x}
"""


def due(path, problems, backends):
    asked = open_session(problems, backends, settings=BRIEF, output=path, resume=True)
    return [(g.problem.name, b.selector) for g in asked.groups for b in g.backends]


def test_resume_reruns_what_changed_and_nothing_else(file, tmp_path, monkeypatch):
    name, path = file(COST), tmp_path / "run.jsonl"
    problems, backends = [name, "saddle"], ["by_hand", "sympy"]
    run = cb.benchmark(problems, backends, settings=BRIEF, output=path)
    assert run.ok
    assert due(path, problems, backends) == []
    assert due(path, [*problems, "square"], backends) == [
        ("square", "by_hand"),
        ("square", "sympy"),
    ]
    file(COST.replace("x**2", "x**2 + 1"))
    assert due(path, problems, backends) == [("mine", "by_hand"), ("mine", "sympy")]
    file(COST)
    version = environment.version
    monkeypatch.setattr(environment, "version", lambda m: "99" if m == "sympy" else version(m))
    assert due(path, problems, backends) == [("mine", "sympy"), ("saddle", "sympy")]


def test_resuming_nothing_writes_nothing(tmp_path):
    path = tmp_path / "run.jsonl"
    first = cb.benchmark("square", "by_hand", settings=BRIEF, output=path)
    before = path.read_bytes()
    again = cb.benchmark("square", "by_hand", settings=BRIEF, output=path, resume=True)
    assert path.read_bytes() == before
    assert [r.key for r in again.records] == [r.key for r in first.records]


def test_a_run_is_not_overwritten(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text("something else\n")
    with pytest.raises(SelectorError, match="exists: resume it, or choose another"):
        cb.benchmark("square", "by_hand", settings=BRIEF, output=path)
    with pytest.raises(SelectorError, match="is no calcbench run"):
        cb.benchmark("square", "by_hand", settings=BRIEF, output=path, resume=True)
    assert path.read_text() == "something else\n"


def test_a_fingerprint_is_of_the_source(file):
    (one,) = load_file(Path(file(COST)))
    before = fingerprint(one)
    assert fingerprint(load_file(Path(file(COST)))[0]) == before
    assert fingerprint(load_file(Path(file(COST + "\nSCALE = 2\n")))[0]) != before


# --- ended from outside ----------------------------------------------------------------------

ENDLESS = """
import time

class Endless(Mine):
    def cost(self, xp, x): return time.sleep(3600)
    def gradient(self, xp, x): return time.sleep(3600)
"""


@pytest.mark.few(1)
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_ended_from_outside(file, tmp_path, how):
    """In the course of the second problem: the records of the first are there, and no process is.

    The second one never ends, so that it does not matter when the signal comes.
    """
    name, path, backends = file(COST + ENDLESS), tmp_path / "run.jsonl", ["by_hand", "sympy"]
    words = ["bench", name, "--quick", "--timeout", "3600s", "-b", "by_hand", "-b", "sympy"]
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "calcbench", *words, "--output", path.name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = 1 + len(backends)  # the environment, and a record for each
    wait_until(lambda: path.exists() and path.read_text().count("\n") >= lines)
    children = [child.pid for child in psutil.Process(process.pid).children(True)]
    assert children
    process.send_signal(getattr(signal, how))
    try:
        _, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # says where it is
        pytest.fail(process.communicate()[1])
    wait_until(lambda: not any(map(_alive, children)))
    run = load(path)
    assert [(r.problem, r.backend) for r in run.records] == [("mine", b) for b in backends]
    assert all(record.status.measured for record in run.records)
    if how == "SIGINT":
        assert process.returncode == 130
        assert "2 of 4 cells are saved in" in err
        assert "Traceback" not in err
    assert due(path, name, backends) == [("endless", b) for b in backends]


def test_a_script_needs_no_main_guard(process, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os\nimport calcbench as cb\n"
        "with open('runs.txt', 'a') as log: log.write('x')\n"
        "@cb.problem(x=3.0)\n"
        "def mine(xp, x): return xp.sin(x)\n"
        "class Own(cb.Problem):\n"
        "    def inputs(self, size, rng): return {'x': 3.0}\n"
        "    def cost(self, xp, x): return x**2\n"
        "    def gradient(self, xp, x): return {'x': 2 * x}\n"
        "settings = cb.Settings(burst=0.001, rounds=6, budget=0.2)\n"
        "run = cb.benchmark([mine, Own()], 'by_hand', settings=settings)\n"
        "print([(r.problem, r.backend, r.status.measured) for r in run.records])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(
        [
            ("mine", "by_hand", False),
            ("own", "by_hand", True),
        ]
    )
    assert (tmp_path / "runs.txt").read_text() == "x"


def test_importing_the_harness_loads_no_framework(process):
    code = (
        "import sys, calcbench as cb\n"
        "cb.benchmark('square', ['by_hand'], settings=cb.Settings(burst=.001, budget=.1))\n"
        "print([m for m in ('torch', 'tensorflow', 'jax', 'sympy') if m in sys.modules])\n"
    )
    assert process(code=code).out.strip() == "[]"
    assert rounds.QUICK.budget < Settings().budget


def test_the_page_on_timing_states_what_the_code_does():
    page = Path(__file__).parents[2] / "docs" / "timing.md"
    text = " ".join(page.read_text("utf-8").split())
    full, quick = Settings(), rounds.QUICK
    assert f"{1000 * full.burst:.0f} ms long (`--quick`: {1000 * quick.burst:.0f} ms)" in text
    assert f"there are {full.rounds} undisturbed ones (`--quick`: {quick.rounds})" in text
    assert (
        f"within ±{100 * full.precision:.0f} % (`--quick`: ±{100 * quick.precision:.0f} %)" in text
    )
    assert f"fewer than {intervals.QUIET} CPU seconds per second" in text
    assert f"took {1 / intervals.FULL_SPEED:.1f} times as long" in text


# --- what a reviewer found -------------------------------------------------------------------


def test_inputs_that_differ_between_processes_are_the_problems_fault(file):
    name = file(
        "import os\nimport numpy as np\nimport calcbench\n"
        "class Drifting(calcbench.Problem):\n"
        "    def inputs(self, size, rng): return {'x': np.ones(1 + os.getpid() % 7)}\n"
        "    def cost(self, xp, x): return xp.sum(x**2)\n"
        "class Random(calcbench.Problem):\n"
        "    def inputs(self, size, rng): return {'x': np.random.default_rng().uniform(size=2)}\n"
        "    def cost(self, xp, x): return xp.sum(x**2)\n"
    )
    run = cb.benchmark([name, "square"], "sympy", settings=BRIEF)
    found = {r.problem: r for r in run.records}
    assert found["random"].status is Status.ERROR
    assert "other values in another process" in found["random"].reason
    assert found["square"].status.measured


def test_what_cannot_be_pickled_is_an_error_record():
    @dataclasses.dataclass(frozen=True)
    class Locked(type(select_backends(["by_hand"])[0])):
        name = "locked"
        lock: object = dataclasses.field(default_factory=__import__("threading").Lock)

    one, other = cb.benchmark("square", [Locked(), "by_hand"], settings=BRIEF).records
    assert one.status is Status.ERROR
    assert "cannot be sent to a process of its own" in one.reason
    assert other.status.measured


def test_a_fingerprint_without_a_source_stays_the_same():
    space = {"calcbench": cb}
    code = (
        "@calcbench.problem(x=3.0)\ndef typed(x): return x**2\n"
        "class Own(calcbench.Problem):\n"
        "    def inputs(self, size, rng): return {'x': 3.0}\n"
        "    def cost(self, xp, x): return x**{power}\n"
    )
    exec(code.replace("{power}", "2"), {**space, "__name__": "typed"}, space)
    for part in (space["typed"], space["Own"]()):
        before = fingerprint(part)
        assert part.parameters == ("x",)
        assert fingerprint(part) == before
    own = fingerprint(space["Own"]())
    exec(code.replace("{power}", "3"), {**space, "__name__": "typed"}, space)
    assert fingerprint(space["Own"]()) != own


def test_the_exit_status_is_of_what_was_asked_for(tmp_path):
    path = tmp_path / "run.jsonl"
    cb.benchmark("square", Faulty(fault="raise"), settings=BRIEF, output=path)
    asked = open_session("square", "by_hand", settings=BRIEF, output=path, resume=True)
    assert all(record.status.measured for record in asked.records())
    assert asked.ok
    assert not asked.run().ok


@pytest.mark.parametrize("name", ["burst", "rounds", "budget", "precision", "timeout", "memory"])
def test_settings_are_positive(name):
    with pytest.raises(SelectorError, match=f"{name} must be above 0"):
        Settings(**{name: 0})
    with pytest.raises(SelectorError, match=f"{name} must be above 0"):
        Settings(**{name: "5"})
    with pytest.raises(SelectorError, match=f"{name} is beyond reason"):
        Settings(**{name: 10**400})


def test_an_interrupt_while_calls_are_counted_leaves_no_burst_of_one_call():
    class Interrupted(timeit.Timer):
        """A call of a microsecond, of which the first is kept waiting."""

        times = iter([0.03])

        def timeit(self, number=1):
            return next(self.times, number * 1e-6)

    assert count_calls(Interrupted("pass"), 0.01) == 10_000
