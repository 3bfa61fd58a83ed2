"""What preparing once saves: a step of gradient descent by `cb.prepare` over one by `cb.gradient`.

    pytest benchmarks/test_prepare.py -s

`cb.gradient` selects, traces, derives or compiles at every call; what `cb.prepare` returns has that
behind it. A descent of 600 steps is timed whole, prepared; of the same descent by `cb.gradient`, a
few steps are, for all of them take minutes. The figure is the ratio of both. The limits that the
project sets itself are for the backends that derive or compile.
"""

import statistics
import time

import pytest

import calcbench as cb
from calcbench.catalogue.selection import select_backends

PROBLEM = "batch_regression"
START = {"m": 0.9, "b": 0.1}
RATE = 0.04
STEPS = 600
"""Steps of the descent."""

ANEW = 10
"""Steps of it that are taken by `cb.gradient`."""

LEAST = {"by_hand": 0.0, "finite_difference": 0.0, "sympy": 20.0, "torch": 0.0, "jax": 50.0}
"""Backend → how many times as long the descent by `cb.gradient` takes, at least."""


@pytest.mark.parametrize("selector", LEAST)
def test_prepared(benchmark, selector):
    (backend,) = select_backends([selector])
    if backend.missing():
        pytest.skip(backend.missing())
    cb.gradient(PROBLEM, backend)  # whatever is imported or built once
    slope = cb.prepare(PROBLEM, backend)
    anew = STEPS * statistics.median(seconds_anew(backend, step) for step in range(ANEW))
    benchmark.group = f"{STEPS} steps of gradient descent, prepared"
    end = benchmark.pedantic(descend, args=(slope, STEPS), rounds=3)
    prepared = benchmark.stats.stats.median
    ratio = anew / prepared
    benchmark.extra_info.update(backend=backend.selector, anew_over_prepared=ratio)
    print(
        f"\n{selector}: {STEPS} steps {prepared:.2f} s prepared, "
        f"{anew:.1f} s by cb.gradient: ×{ratio:.1f}"
    )
    assert end == pytest.approx({"m": -0.46928540, "b": 1.75999846}, rel=1e-5)
    assert ratio >= LEAST[selector]


def seconds_anew(backend, step):
    """How long `cb.gradient` takes at the point that `step` steps lead to."""
    at = descend(cb.prepare(PROBLEM, "by_hand"), step)
    started = time.perf_counter()
    cb.gradient(PROBLEM, backend, at)
    return time.perf_counter() - started


def descend(gradient, steps):
    """Descend by a gradient that takes the parameters by name; return where it ends."""
    at = dict(START)
    for _ in range(steps):
        slopes = gradient(**at)
        at = {name: at[name] - RATE * float(slopes[name]) for name in at}
    return at
