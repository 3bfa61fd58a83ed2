"""What second order costs beside the gradient, with 100,000 variables.

    pytest benchmarks/test_operators.py -s

The limits that the project sets itself, on extended Rosenbrock: a Hessian-vector product in under
5 times the gradient's time, and the whole sparse (tridiagonal) Hessian, through colouring, in under
20 times. The operators are timed in turn; the figure is the median of the rounds' ratios.
"""

import random
import statistics
import timeit

import numpy as np
import pytest

import calcbench as cb
from calcbench.operators import named
from calcbench.plugins import select_backends
from calcbench.points import inputs

PROBLEM = cb.problems()["extended_rosenbrock"]
SIZE = 100_000
ROUNDS = 60
LIMITS = {"hvp": 5.0, "hessian": 20.0}

BACKENDS = ("torch", "tensorflow", "jax")
OTHERS = ("by_hand", "torch[mode=func]", "tensorflow[mode=function]", "tensorflow[mode=xla]")
"""Told as well, without a limit of their own."""


@pytest.mark.parametrize("selector", [*BACKENDS, *OTHERS])
def test_second_order(benchmark, selector):
    (backend,) = select_backends([selector])
    if backend.missing():
        pytest.skip(backend.missing())
    timers, method = prepare(backend)
    ratios = interleaved(timers)
    for name, ratio in ratios.items():
        print(f"\n{selector}: {name} ×{ratio:.2f} ({method[name]})", end="")
    benchmark.group = "second order over the gradient"
    benchmark.extra_info.update(backend=selector, size=SIZE, rounds=ROUNDS, over_gradient=ratios)
    benchmark.pedantic(timers["hvp"].timeit, args=(1,), rounds=5)
    if selector in BACKENDS:
        for name, limit in LIMITS.items():
            assert ratios[name] < limit


def prepare(backend):
    """A timer for each operator, checked against each other first; and how each is taken."""
    point = inputs(PROBLEM, SIZE)
    timers, method, values = {}, {}, {}
    for name in ("gradient", *LIMITS):
        operator = named(name).settled(PROBLEM, point)
        seeded = operator.seeded_at(PROBLEM, point, np.random.default_rng(0))
        prepared = backend.prepare(PROBLEM, seeded, operator)
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

    pattern = PROBLEM.structure(point).pattern(SIZE, SIZE)
    hessian = csr_array((values["hessian"], pattern), shape=(SIZE, SIZE))
    seeded = named("hvp").seeded_at(PROBLEM, point, np.random.default_rng(0))
    product = hessian @ seeded["direction x"]
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
