"""Running the command line: in this process, which is quick, or in one of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import settings

from calcbench.cli import main

# A busy machine is no failure; and the same examples everywhere.
settings.register_profile("calcbench", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("calcbench")


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def cli(monkeypatch, capfd):
    """`cli("compare", "square")` → status, stdout and stderr, run in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["calcbench", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            status = 0
        except SystemExit as done:
            status = done.code or 0
        return Finished(status, *capfd.readouterr())

    return run


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
            timeout=120,
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
