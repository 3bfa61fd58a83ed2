"""How soon `calcbench compare saddle` shows a row on a terminal, and ends, beside what it imports.

The import of the slowest framework alone and the command are run in turn. The benchmark's time is
that of the command; `extra_info` has the seconds to its first row, and the ratio of the medians.

All of them find calcbench compiled, as after its first use: where the environment forbids to keep
bytecode (`PYTHONDONTWRITEBYTECODE`), each start would compile 200 files, for a quarter of a second.
"""

import os
import re
import statistics
import subprocess
import sys
import time

import pytest

from calcbench.catalogue.door import backends, default_backends

pty = pytest.importorskip("pty")

ROUNDS = 3

FIRST_ROW = 1.0
"""Seconds to the first row, where nothing else runs."""

QUIET = 0.5
"""Load of the system up to which nothing else runs to speak of."""

ROW_LIMIT = 1.5
"""Times as long to the first row as a comparison takes without frameworks."""

LIMIT = 1.3
"""Times as long as the import of the slowest framework."""

COMPARE = [sys.executable, "-m", "calcbench", "compare", "saddle"]

LIGHT = ["-m", "calcbench", "compare", "saddle", "-b", "by_hand"]

IMPORT = "from calcbench.catalogue.door import backends; backends()[{name!r}].framework()"


@pytest.fixture(autouse=True)
def compiled(tmp_path, monkeypatch):
    """Let what is started keep its bytecode, in a folder of its own."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path))


def test_compare(benchmark):
    frameworks = [name for name in default_backends() if heavy(name)]
    if not frameworks:
        pytest.skip("no framework is installed")
    imports = {name: [] for name in frameworks}
    quiet = os.getloadavg()[0] < QUIET
    light, rows = [], []
    for name in frameworks:  # and the frameworks, where they were installed without
        seconds(["-c", IMPORT.format(name=name)])

    def setup():
        light.append(seconds(LIGHT))
        for name, took in imports.items():
            took.append(seconds(["-c", IMPORT.format(name=name)]))

    def compare():
        rows.append(first_row(COMPARE))

    benchmark.group = "start-up"
    benchmark.pedantic(compare, setup=setup, rounds=ROUNDS, iterations=1, warmup_rounds=1)
    if benchmark.stats:
        medians = {name: statistics.median(took) for name, took in imports.items()}
        slowest = max(medians, key=medians.get)
        alone, row = statistics.median(light), statistics.median(rows)
        ratio = benchmark.stats.stats.median / medians[slowest]
        benchmark.extra_info.update(first_row=row, alone=alone, slowest=slowest, ratio=ratio)
        print(
            f"\nfirst row {row:.2f} s: ×{row / alone:.2f} one without frameworks; all rows "
            f"{benchmark.stats.stats.median:.2f} s: ×{ratio:.2f} the import of {slowest}"
        )
        assert ratio < LIMIT
        assert row < ROW_LIMIT * alone
        assert row < FIRST_ROW or not quiet


def heavy(name):
    """Whether a backend imports a framework, and that is there."""
    backend = backends()[name]
    return backend.requires and backend.kind != "symbolic" and not backend.missing()


def seconds(words):
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return time.perf_counter() - started


def first_row(command):
    """Run a command on a terminal of its own; return the seconds to its first row."""
    ours, theirs = pty.openpty()
    started, found, written = time.perf_counter(), None, b""
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        while chunk := read(ours):
            written += chunk
            if found is None and re.search(rb"\n(by_hand|sympy|finite_difference) ", written):
                found = time.perf_counter() - started
    os.close(ours)
    assert running.returncode == 0, written.decode()
    assert found is not None
    return found


def read(descriptor):
    """Read what there is; nothing at the end."""
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""
