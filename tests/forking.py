"""A process that has imported calcbench, and forks for each command that it is asked to run.

So a command takes hundredths of a second, in place of the second that an interpreter takes to
import NumPy, SymPy and calcbench, once for the command and once for its worker. The rest is as in a
process that a shell starts: no framework is loaded, there are no threads, and workers are forked.
So are those of a benchmark, which are new interpreters where the number of threads matters.

A command ends as Python does: threads are waited for, and what is registered for the exit is run.
What only a new interpreter shows is hidden: modules that nothing imports any more, or not in time;
the order of sets, which is the same in all forks; and what goes wrong after the exit functions, as
modules and libraries are torn down. `tests/cli/test_cli.py` runs each command by itself, too.

Run as a program, it reads requests and answers each with the exit status: JSON, one a line. It ends
with who asks, and so does a command that runs.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import json
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
import warnings

import numpy as np
from waiting import PATIENCE

from calcbench.bench import run
from calcbench.catalogue.door import backends, problems
from calcbench.cli.commands import COMMANDS
from calcbench.workers.isolation import Worker

COMMAND = "from calcbench.cli import main; main()"

UNCAUGHT = 99
"""The exit status of a command that ended with a traceback, which none ever may."""


IMPORTED = (
    "altair",
    "calcbench.backends.by_hand.derivatives",
    "calcbench.backends.finite_difference.vocabulary",
    "calcbench.bench.judging",
    "calcbench.bench.worker",
    "calcbench.exercises.guest",
    "calcbench.harness.apart",
    "calcbench.harness.guest",
    "calcbench.show.guest",
    "calcbench.show.programs.writer",
    "libcst.metadata",
    "rich.live",
    "rich.progress",
    "rich.syntax",
)
"""What commands and their workers import when they need it."""

FORKED = "forkserver" if sys.platform == "linux" else "spawn"
"""How a test that calls functions here starts a worker: Python's own process that forks does."""

multiprocessing.set_forkserver_preload(list(IMPORTED))


class Server:
    """The process, as tests know it."""

    def __init__(self):
        self.process = self._start()

    def _start(self):
        return subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,
        )

    def run(self, *arguments, streams, path=(), code=COMMAND):
        """Run a command in the current folder, and return its exit status.

        `streams` are the names of what it has as standard input, output and error; `path` are
        folders that come first on its module path; `code` is run in place of the command line.
        """
        try:
            self.ask(arguments, streams, path, code)
            return self.answer(f"calcbench {arguments}")
        except BaseException:  # a late answer would be taken for that of the next command
            self.end()
            self.process = self._start()
            raise

    def ask(self, arguments, streams, path, code):
        """Send what is to be run."""
        plugins = [str(folder) for folder in path]
        request = {
            "arguments": [str(argument) for argument in arguments],
            "code": code,
            "cwd": os.getcwd(),
            "path": sys.path,
            "plugins": plugins,
            "env": {**os.environ, "PYTHONPATH": os.pathsep.join(plugins)},
            "streams": [str(stream) for stream in streams],
        }
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, command):
        """Wait for an exit status."""
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        assert ready, f"{command} does not end"
        status = self.process.stdout.readline()
        assert status, "the process that forks has ended"
        return int(status)

    def end(self):
        """End it, and a command that it still runs."""
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate()


class Kept(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """SymPy, imported before the forks, and not there for them until they import it."""

    def __init__(self):
        importlib.import_module("sympy")
        self.modules = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "sympy"}
        for name in self.modules:
            del sys.modules[name]

    def find_spec(self, name, path=None, target=None):
        """Find SymPy alone."""
        if name == "sympy":
            return importlib.machinery.ModuleSpec(name, self, origin=self.modules[name].__file__)
        return None

    def create_module(self, spec):
        """Put all its modules back."""
        sys.modules.update(self.modules)
        return self.modules[spec.name]

    def exec_module(self, module):
        """Do nothing: it was run before."""


def serve():
    """Import what commands and workers import, and fork for each request."""
    for command in COMMANDS.values():
        command.load()
    for name in IMPORTED:
        with contextlib.suppress(ModuleNotFoundError):  # altair is an extra
            importlib.import_module(name)
    problems(), backends()
    run.Worker = functools.partial(Worker, start="fork")
    sys.meta_path.insert(0, Kept())
    gc.freeze()  # a collection would copy the memory that forks share
    for line in sys.stdin.buffer:
        with warnings.catch_warnings():
            # NumPy's threads are OpenBLAS's, which starts new ones in the child.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            execute(**json.loads(line))
        try:
            print(wait_for(child), flush=True)
        except BrokenPipeError:  # who asked has ended meanwhile
            os._exit(0)


def wait_for(child):
    """Wait for a command, and return its exit status; end with it where nobody waits any more."""
    ended = os.pidfd_open(child)
    ready, _, _ = select.select([ended, sys.stdin], [], [])
    if ended not in ready:  # there is one request at a time: the other end is closed
        os.killpg(0, signal.SIGKILL)
    os.close(ended)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def execute(arguments, code, cwd, path, plugins, env, streams):
    """Run a command in this process, which is a fork, and end it."""
    for number, name in enumerate(streams):
        os.dup2(os.open(name, os.O_RDWR), number)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace")
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:] = [*plugins, *path]
    if plugins:
        problems.cache_clear()
        backends.cache_clear()
    sys.argv = ["calcbench", *arguments]
    importlib.invalidate_caches()
    np.random.seed()  # Python's own generator is seeded anew in every fork
    status = run_code(code)
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def run_code(code):
    """Run code as a program, and return its exit status."""
    try:
        exec(code, {"__name__": "__main__"})
    except SystemExit as done:
        if done.code is None or isinstance(done.code, int):
            return (done.code or 0) & 0xFF
        print(done.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return UNCAUGHT
    return 0


if __name__ == "__main__":
    serve()
