"""What all tests share: running the command line, and skipping what is not installed."""

import functools
import gc
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass

import pytest
from absent import is_absent
from forking import FORKED, UNCAUGHT, Server
from hypothesis import settings
from waiting import PATIENCE

from calcbench.bench import run
from calcbench.cli import main
from calcbench.errors import NotInstalled
from calcbench.workers.isolation import Worker

# A job in the background of a shell ignores Ctrl-C, and so would all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Until all is collected, nothing is garbage; looking for it would take a third of that time.
gc.disable()

# A busy machine is no failure; and the same examples everywhere.
settings.register_profile("calcbench", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("calcbench")


MORE = 12
"""Cases of a long table that `pytest -m full` runs, so that CI ends within half an hour."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Leave cases of a long table to longer runs: `pytest -m full`, and `pytest -m ""` for all.

    A test that is marked `few(n)` leaves all but n of its cases to the first; that runs at most
    `MORE`, or `few(n, more=…)`, of what is left to it, and the second the others. They are drawn,
    and always the same ones: every nth of a table would be of one column.
    """
    tables = defaultdict(list)  # a plugin may have shuffled them
    for item in items:
        tables[item.nodeid.partition("[")[0]].append(item)
    for table in tables.values():
        cases = [case for case in table if not case.get_closest_marker("every")]
        if not cases:
            continue
        few = cases[0].get_closest_marker("few")
        short = [case for case in cases if not case.get_closest_marker("full")]
        n = few.args[0] if few else len(short)
        more = few.kwargs.get("more", MORE) if few else MORE
        draw = random.Random(n)
        left = draw.sample(short, max(0, len(short) - n))
        longer = left + [case for case in cases if case.get_closest_marker("full")]
        for case in left:
            case.add_marker("full")
        for case in draw.sample(longer, max(0, len(longer) - more)):
            # What `parametrize` or a decorator gave it: it is no case of `full` any more.
            case.own_markers = [mark for mark in case.own_markers if mark.name != "full"]
            case.add_marker("every")


def pytest_collection_finish():
    """Let Python look for garbage less often than it does, and not among thousands of tests."""
    gc.freeze()
    gc.set_threshold(20_000, 25, 25)
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    return (yield from _skipping())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    return (yield from _skipping())


def _skipping():
    """Skip a test that asks for a framework that is not there, with the reason.

    Not where it is there: to be refused what is installed is a failure.
    """
    try:
        return (yield)
    except NotInstalled as error:
        if is_absent(str(error)):
            pytest.skip(str(error))
        raise


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    status: int
    out: str
    err: str


def or_skip(finished):
    """Give what a command left; skip the test where it was refused for want of a package."""
    if finished.status == 2 and is_absent(finished.err):
        pytest.skip(finished.err)
    return finished


@pytest.fixture(scope="session")
def server():
    """A process that forks for each command; None where that is not safe."""
    if sys.platform != "linux":
        yield None
        return
    forks = Server()
    yield forks
    forks.end()


@pytest.fixture
def cli(server, process, tmp_path_factory, monkeypatch):
    """`cli("compare", "square")` → status, stdout and stderr, run in a process of its own.

    One that is forked (`forking`), in the current folder; `path` and `code` are as for `process`.
    A command that is refused for want of a package that is not there skips the test.
    """
    # Python's readline tells workers of pytest of a screen of 80 columns, which there is not.
    monkeypatch.delenv("COLUMNS", raising=False)
    if server is None:
        return lambda *words, **options: or_skip(process(*words, cwd=os.getcwd(), **options))
    written = tmp_path_factory.mktemp("written")

    def run(*arguments, **options):
        out, err = (written / name for name in ("out", "err"))
        out.write_bytes(b"")
        err.write_bytes(b"")
        status = server.run(*arguments, streams=(os.devnull, out, err), **options)
        texts = (file.read_text(encoding="utf-8", errors="replace") for file in (out, err))
        finished = Finished(status, *texts)
        assert status != UNCAUGHT, finished.err
        return or_skip(finished)

    return run


@pytest.fixture
def cli_here(monkeypatch, capfd):
    """`cli_here("check", "model.py::loss")` → the same, run in this process.

    For commands that run here what was patched here, or with frameworks that are loaded here.
    """
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["calcbench", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            status = 0
        except SystemExit as done:
            status = done.code or 0
        return or_skip(Finished(status, *capfd.readouterr()))

    return run


@pytest.fixture
def forked(monkeypatch):
    """Fork the workers of a benchmark, where it does not matter how many threads they have."""
    monkeypatch.setattr(run, "Worker", functools.partial(Worker, start=FORKED))


@pytest.fixture
def process(tmp_path):
    """`process("list")` → the same, run by a fresh interpreter in an empty folder.

    `path` are folders that come first on its module path; `code` is run in place of the
    command line.
    """

    def run(*arguments, path=(), code=None, env=None, **options):
        command = ["-c", code] if code is not None else ["-m", "calcbench"]
        done = subprocess.run(
            [sys.executable, *command, *map(str, arguments)],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(str, path)),
                "PYTHONIOENCODING": "utf-8",
                **(env or {}),
            },
            cwd=options.pop("cwd", tmp_path),
            capture_output=True,
            timeout=PATIENCE,
            **options,
        )
        out, err = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
        return Finished(done.returncode, out, err)

    return run


@pytest.fixture
def file(tmp_path, monkeypatch):
    """`file(source)` writes cost.py into an empty folder, which is made the current one."""
    monkeypatch.chdir(tmp_path)

    def write(source, name="cost.py"):
        (tmp_path / name).write_text(source, encoding="utf-8")
        return name

    return write
