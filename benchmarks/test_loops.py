"""What a loop of the vocabulary saves: preparing an LSTM by `xp.scan`, over the loop unrolled.

    pytest benchmarks/test_loops.py -s

The same cost is written with `xp.scan` and with a loop of Python, which a graph holds step by step.
Preparing its gradient is measured in the processor's time, so that a busy machine changes little.
What must hold: by scan, at least `LEAST` times as quick at `STEPS` steps, and growing by less than
in proportion to the steps.
"""

import time

import numpy as np
import pytest

import calcbench as cb
from calcbench.catalogue.selection import select_backends
from calcbench.problem.inputs import own_point

UNITS = 8
STEPS = 64

LEAST = {"tensorflow[mode=function]": 5.0, "tensorflow[mode=xla]": 5.0, "jax": 5.0}
"""Backend → how many times as long the unrolled loop takes to prepare, at least."""

GROWTH = 3.0
"""How many times as long a scan of four times the steps may take to prepare, which runs it once."""


def lstm(steps, unrolled):
    """Squared error of an LSTM over so many steps."""
    rng = np.random.default_rng(0)

    @cb.problem(
        W=0.3 * rng.normal(size=(4 * UNITS, UNITS)),
        U=0.3 * rng.normal(size=(4 * UNITS, UNITS)),
        b=np.zeros(4 * UNITS),
        X=rng.normal(size=(steps, UNITS)),
    )
    def cost(xp, W, U, b, *, X):
        def step(state, x):
            h, c = state
            gates = xp.matmul(W, x) + xp.matmul(U, h) + b
            keep, put, show = (xp.sigmoid(gates[k * UNITS : (k + 1) * UNITS]) for k in range(3))
            c = keep * c + put * xp.tanh(gates[3 * UNITS :])
            h = show * xp.tanh(c)
            return (h, c), xp.sum(h * h)

        state = (0.0 * b[:UNITS], 0.0 * b[:UNITS])
        if not unrolled:
            return xp.mean(xp.scan(step, state, X)[1])
        outputs = []
        for k in range(steps):
            state, y = step(state, X[k])
            outputs.append(y)
        return xp.mean(xp.stack(outputs))

    return cost


def seconds_to_prepare(backend, problem):
    """The processor's time that preparing a gradient takes, and the gradient."""
    point = own_point(problem)
    started = time.process_time()
    prepared = backend.prepare(point)
    return time.process_time() - started, prepared.evaluate(point)


@pytest.mark.parametrize("selector", LEAST)
def test_preparing(benchmark, selector):
    (backend,) = select_backends([selector])
    if backend.missing():
        pytest.skip(backend.missing())
    seconds_to_prepare(backend, lstm(2, unrolled=False))  # whatever is imported or built once
    scan, by_scan = seconds_to_prepare(backend, lstm(STEPS, unrolled=False))
    longer, _ = benchmark.pedantic(
        seconds_to_prepare, args=(backend, lstm(4 * STEPS, unrolled=False)), rounds=1
    )
    loop, by_loop = seconds_to_prepare(backend, lstm(STEPS, unrolled=True))
    print(
        f"\n{selector}: {STEPS} steps {scan:.1f} s by scan, {loop:.1f} s unrolled: "
        f"×{loop / scan:.1f}; {4 * STEPS} steps {longer:.1f} s by scan"
    )
    benchmark.extra_info.update(scan=scan, longer=longer, unrolled=loop)
    for name, partial in by_loop.items():
        np.testing.assert_allclose(by_scan[name], partial, rtol=1e-10)
    assert loop >= LEAST[selector] * scan
    assert longer <= GROWTH * scan
