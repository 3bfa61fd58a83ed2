"""Ctrl-C while the command line is imported."""

import signal
import subprocess
import sys

import pytest
from waiting import PATIENCE

from calcbench.workers import interrupt

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")

SCRIPT = "import sys\nfrom calcbench.cli import main\nsys.exit(main())\n"


def interrupted_after(module, command):
    """Run a command, interrupt it once it has imported a module, and return status and output."""
    command = [sys.executable, "-X", "importtime", *command]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if line.rstrip().endswith(f" {module}"):
            process.send_signal(signal.SIGINT)
            break
    _, rest = process.communicate(timeout=PATIENCE)
    return process.returncode, [line for line in rest.splitlines() if "import time:" not in line]


@POSIX
@pytest.mark.parametrize("module", ["calcbench.errors", "click"])
@pytest.mark.parametrize("how", ["module", "script"])
def test_one_line_and_status_130(tmp_path, module, how):
    script = tmp_path / "calcbench"
    script.write_text(SCRIPT)
    begin = ["-m", "calcbench"] if how == "module" else [str(script)]
    assert interrupted_after(module, [*begin, "doctor"]) == (130, ["interrupted"])


@POSIX
def test_another_program_keeps_its_own_answer(tmp_path):
    program = tmp_path / "lesson.py"
    program.write_text("try:\n import calcbench, time; time.sleep(60)\nexcept: print(1/0)\n")
    status, lines = interrupted_after("calcbench.workers.interrupt", [str(program)])
    assert status == 1
    assert "ZeroDivisionError: division by zero" in lines


@pytest.mark.parametrize(
    ("argv", "original", "expected"),
    [
        (["/usr/bin/calcbench", "list"], ["python", "/usr/bin/calcbench", "list"], True),
        (["C:/x/calcbench.exe"], ["C:/x/calcbench.exe"], True),
        (["-m", "list"], ["python", "-m", "calcbench", "list"], True),
        (["-m"], ["python", "-m", "lesson", "calcbench"], False),
        (["lesson.py", "-m", "calcbench"], ["python", "lesson.py", "-m", "calcbench"], False),
        ([""], ["python"], False),
        ([], [], False),
    ],
)
def test_what_is_the_command(monkeypatch, argv, original, expected):
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys, "orig_argv", original)
    assert interrupt.is_command() is expected


@POSIX
def test_an_answer_that_is_there_stays(monkeypatch):
    monkeypatch.setattr(interrupt, "is_command", lambda: True)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupt.begin()
        interrupt.raise_again()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.signal(signal.SIGINT, signal.default_int_handler)
        interrupt.begin()
        assert signal.getsignal(signal.SIGINT) is interrupt.end_at_once
        interrupt.raise_again()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
