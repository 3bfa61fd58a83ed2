"""How long `calcbench list` takes from a cold start, beside what Python itself takes.

A process that does nothing and `calcbench list` are run in turn; the benchmark's time is that of
`calcbench list`, and `extra_info` has the ratio of the two medians.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 9

LIMIT = 8
"""Times as long as a process that does nothing."""

NOTHING = [sys.executable, "-c", "pass"]
LIST = [sys.executable, "-m", "calcbench", "list"]


def test_list(benchmark):
    bare = []

    def setup():
        started = time.perf_counter()
        run(NOTHING)
        bare.append(time.perf_counter() - started)

    benchmark.group = "start-up"
    benchmark.pedantic(run, args=(LIST,), setup=setup, rounds=ROUNDS, iterations=1, warmup_rounds=1)
    if benchmark.stats:
        base, total = statistics.median(bare), benchmark.stats.stats.median
        benchmark.extra_info.update(python=base, seconds=total, ratio=total / base)
        print(f"\ncalcbench list {total:.3f} s, python -c pass {base:.3f} s: ×{total / base:.1f}")
        assert total / base < LIMIT


def run(command):
    subprocess.run(command, check=True, capture_output=True)
