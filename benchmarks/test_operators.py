"""What second order costs beside the gradient, with 100,000 variables.

    pytest benchmarks/test_operators.py -s

The limits that the project sets itself, on extended Rosenbrock: a Hessian-vector product in under
5 times the gradient's time, and the whole sparse (tridiagonal) Hessian, through colouring, in under
20 times. Every backend runs in a fresh process on one core: threads that wait for each other on a
busy machine would be what is measured. The operators are timed in turn; the figure is the median of
the rounds' ratios.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import timeit

import numpy as np
import pytest
from modes import modes, transforms

import calcbench as cb
from calcbench.backends._numbers import OnNumbers
from calcbench.catalogue.selection import select_backends
from calcbench.operators import find_operator
from calcbench.problem.inputs import own_point

PROBLEM = cb.problems()["extended_rosenbrock"]
SIZE = 100_000
ROUNDS = 60
LIMITS = {"hvp": 5.0, "hessian": 20.0}

PROMISED = ("torch", "tensorflow", "jax")
"""The backends that the limits are for; the others are told as well."""


def takes_arrays(kind):
    """Say whether it has second derivatives, of whole arrays: by single numbers takes hours."""
    return kind.hand_derived or (transforms(kind) and not issubclass(kind, OnNumbers))


@pytest.mark.parametrize("selector", modes(takes_arrays))
def test_second_order(benchmark, selector):
    (backend,) = select_backends([selector])
    if backend.missing():
        pytest.skip(backend.missing())
    done = benchmark.pedantic(
        subprocess.run,
        args=([sys.executable, __file__, selector],),
        kwargs={
            "check": True,
            "stdout": subprocess.PIPE,
            "env": {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        },
        rounds=1,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    for name, (ratio, method) in found.items():
        print(f"\n{selector}: {name} ×{ratio:.2f} ({method})", end="")
    benchmark.group = "second order over the gradient"
    benchmark.extra_info.update(backend=selector, size=SIZE, rounds=ROUNDS, over_gradient=found)
    if selector in PROMISED:
        for name, limit in LIMITS.items():
            assert found[name][0] < limit


def measured(selector):
    """Operator → (its time over the gradient's, how it is taken)."""
    (backend,) = select_backends([selector])
    timers, method = prepare(backend)
    return {name: (ratio, method[name]) for name, ratio in interleaved(timers).items()}


def prepare(backend):
    """A timer for each operator, checked against each other first; and how each is taken."""
    point = own_point(PROBLEM, SIZE)
    timers, method, values = {}, {}, {}
    for name in ("gradient", *LIMITS):
        operator = find_operator(name).resolve(point)
        seeded = operator.seed_point(point, np.random.default_rng(0))
        prepared = backend.prepare(seeded, operator)
        native = prepared.load(seeded)
        (values[name],) = prepared.unload(prepared.run(native)).values()
        method[name] = prepared.method
        call = {"run": prepared.run, "native": native}
        timers[name] = timeit.Timer("run(native)", globals=call)
    agree(point, values)
    return timers, method


def agree(point, values):
    """H·v must be H times v; else their times say nothing."""
    from scipy.sparse import csr_array

    pattern = point.pattern(2)
    hessian = csr_array((values["hessian"], pattern), shape=(SIZE, SIZE))
    seeded = find_operator("hvp").seed_point(point, np.random.default_rng(0))
    product = hessian @ seeded.seed["x"]
    np.testing.assert_allclose(values["hvp"], product, rtol=1e-10, atol=1e-9)


def interleaved(timers):
    """The median ratio of every operator's time to the gradient's."""
    calls = {}
    for name, timer in timers.items():
        timer.timeit(2)  # warm up
        calls[name] = max(1, round(0.005 / timer.timeit(1)))
    rng = random.Random(0)
    seconds = {name: [] for name in timers}
    for _ in range(ROUNDS):
        for name in rng.sample(list(timers), len(timers)):
            seconds[name].append(timers[name].timeit(calls[name]) / calls[name])
    gradient = seconds.pop("gradient")
    return {
        name: statistics.median(a / b for a, b in zip(taken, gradient, strict=True))
        for name, taken in seconds.items()
    }


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):  # before a framework is imported: all of them obey it
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(json.dumps(measured(sys.argv[1])))
