"""How far a gradient over 8 million points is from the time to read the points once.

    pytest benchmarks/test_bandwidth.py -s

No gradient can be faster than reading its data. The limits that the project sets itself: the best
backend within 1.5 times that, and `by_hand` within 3 times.

Everything runs in one fresh process on one core, so that the reading and every backend have the
same single thread. The reading is `x.dot(y)`: one pass over both arrays, each element read once
and nothing written, the fastest such pass that NumPy has (`np.add.reduce` of each takes half as
long again, because adding in pairs costs more than the memory). Backends and reading are timed in
turn; the figure is the median of the rounds' ratios.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time

import pytest

PROBLEM = "straight_line_at_scale"
SIZE = 8_000_000
ROUNDS = 15

BACKENDS = (
    "by_hand",
    "torch[mode=compile]",
    "jax",
    "tensorflow[mode=xla]",
    "tensorflow[mode=function]",
)
"""Those that may be the best: each keeps its own copy of the points in memory."""

BEST_WITHIN = 1.5
BY_HAND_WITHIN = 3.0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cannot keep to one core here")
def test_bandwidth(benchmark):
    done = benchmark.pedantic(
        subprocess.run,
        args=([sys.executable, __file__],),
        kwargs={"check": True, "stdout": subprocess.PIPE},
        rounds=1,
    )
    seconds = json.loads(done.stdout.splitlines()[-1])
    reading = seconds.pop("reading")
    over = {
        name: statistics.median(a / b for a, b in zip(taken, reading, strict=True))
        for name, taken in seconds.items()
    }
    print(f"\nreading {SIZE:,} points: {statistics.median(reading) * 1e3:.1f} ms")
    for name, ratio in over.items():
        print(f"{name}: ×{ratio:.2f} ({statistics.median(seconds[name]) * 1e3:.1f} ms)")
    benchmark.group = "bandwidth"
    benchmark.extra_info.update(problem=PROBLEM, size=SIZE, rounds=ROUNDS, over_reading=over)
    assert over["by_hand"] <= BY_HAND_WITHIN
    assert min(over.values()) <= BEST_WITHIN


def measure():
    """Seconds of each call, by name, round by round: in a process of its own, on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before anything starts its threads
    import calcbench as cb
    from calcbench.catalogue.selection import select_backends
    from calcbench.problem.inputs import own_point

    problem = cb.problems()[PROBLEM]
    point = own_point(problem, SIZE)
    x, y = point["x"], point["y"]
    calls = {"reading": lambda: x.dot(y)}
    for backend in select_backends(BACKENDS):
        if not backend.missing():
            prepared = backend.prepare(point)
            native = prepared.load(point)
            calls[backend.selector] = lambda run=prepared.run, native=native: run(native)
    rng = random.Random(0)
    seconds = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name in rng.sample(list(calls), len(calls)):
            started = time.perf_counter()
            calls[name]()
            seconds[name].append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    print(json.dumps(measure()))
