"""A forked command is told as a new process is, and leaves nothing behind."""

import os
import subprocess
import sys

import forking
import pytest
from waiting import PATIENCE, wait_until

if sys.platform != "linux":
    pytest.skip("commands are forked on Linux alone", allow_module_level=True)

QUICK = "import forking; forking.COMMANDS.clear(); forking.IMPORTED = (); forking.serve()"


class Quick(forking.Server):
    """One that has imported little."""

    def _start(self):
        env = {**os.environ, "PYTHONPATH": os.path.dirname(forking.__file__)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
        return subprocess.Popen([sys.executable, "-c", QUICK], env=env, **pipes)


@pytest.fixture
def streams(tmp_path):
    """Where a command writes to."""
    out, err = tmp_path / "out", tmp_path / "err"
    out.touch()
    err.touch()
    return os.devnull, out, err


EXITS = {
    "a text": ("import sys; sys.exit('why')", 1, "", "why\n"),
    "None": ("import sys; sys.exit(None)", 0, "", ""),
    "a number": ("import sys; sys.exit(3)", 3, "", ""),
    "a function at the exit": ("import atexit; atexit.register(print, 'last')", 0, "last\n", ""),
    "a thread": (
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()",
        0,
        "late\n",
        "",
    ),
}


@pytest.mark.parametrize("case", EXITS)
def test_a_command_ends_as_a_program_does(cli, case):
    code, *left = EXITS[case]
    done = cli(code=code)
    assert [done.status, done.out, done.err] == left


def test_each_command_draws_its_own_numbers(cli):
    drawn = {cli(code="import numpy, random; print(numpy.random.rand())").out for _ in range(2)}
    assert len(drawn) == 2


def test_a_late_answer_is_not_that_of_the_next_command(streams, monkeypatch):
    server = Quick()
    try:
        assert server.run(streams=streams, code="") == 0
        with monkeypatch.context() as patched:
            patched.setattr(forking, "PATIENCE", 0.2)
            with pytest.raises(AssertionError, match="does not end"):
                server.run(streams=streams, code="import time; time.sleep(0.5); exit(7)")
        assert server.run(streams=streams, code="") == 0
    finally:
        server.end()


def test_it_ends_with_the_tests_and_so_does_what_it_runs(streams):
    """The end of their process closes its pipes."""
    server = Quick()
    try:
        code = "import os, time; print(os.getpid(), flush=True); time.sleep(1e6)"
        server.ask((), streams, (), code)
        wait_until(lambda: streams[1].read_text().endswith("\n"))
        server.process.stdin.close()
        assert server.process.wait(PATIENCE) < 0
        running = int(streams[1].read_text())
        wait_until(lambda: not os.path.exists(f"/proc/{running}"))
    finally:
        server.process.stdin = None
        server.end()
