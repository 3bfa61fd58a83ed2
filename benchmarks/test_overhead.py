"""What calcbench adds to one gradient: a prepared call over the tightest one written by hand.

    pytest benchmarks/test_overhead.py -s

At eight data points a gradient is almost all overhead. The limit that the project sets itself:
`prepared.run(native)` takes at most 1.05 times as long as the same formula written out in the same
framework, on plain variables. The two are timed in turn, in bursts of a millisecond or two; the
figure is the median of the rounds' ratios, so that a busy machine hits both sides alike.

In JAX the expert, too, compiles ahead of time, for that needs no global switch for float64. With
the switch on in all of a process, a call of what `jax.jit` gives takes 0.4 µs less (8.5 and not
8.9): `run` takes 1.048 times that, in a run of its own.
"""

import random
import statistics
import timeit

import numpy as np
import pytest

import calcbench as cb
from calcbench.catalogue.selection import select_backends
from calcbench.problem.inputs import own_point

LIMIT = 1.05
ROUNDS = 800
BURST_SECONDS = 0.0015

PROBLEM = cb.problems()["batch_regression"]
POINT = own_point(PROBLEM)


# --- what an expert would write ------------------------------------------------------------
# Each gives the names in the call `gradient(m, b, x, y)`.


def numpy_by_hand():
    def gradient(m, b, x, y):
        residual = m * x + b - y
        return 2 * np.mean(residual * x), 2 * np.mean(residual)

    arrays = {name: np.array(array) for name, array in POINT.values.items()}
    return {"gradient": gradient, **arrays}


def torch_by_hand():
    import torch

    def gradient(m, b, x, y):
        return torch.autograd.grad(torch.mean((m * x + b - y) ** 2), (m, b))

    arrays = {name: torch.from_numpy(np.array(array)) for name, array in POINT.values.items()}
    for name in PROBLEM.parameters:
        arrays[name].requires_grad_()
    return {"gradient": gradient, **arrays}


def tensorflow_by_hand():
    import tensorflow as tf

    @tf.function
    def gradient(m, b, x, y):
        with tf.GradientTape() as tape:
            tape.watch((m, b))
            cost = tf.reduce_mean((m * x + b - y) ** 2)
        return tape.gradient(cost, (m, b))

    arrays = {name: tf.constant(array) for name, array in POINT.values.items()}
    compiled = gradient.get_concrete_function(**arrays)
    return {"gradient": compiled, **arrays}


def jax_by_hand():
    import jax

    def cost(m, b, x, y):
        return jax.numpy.mean((m * x + b - y) ** 2)

    with jax.enable_x64(True):
        arrays = {name: jax.numpy.asarray(array) for name, array in POINT.values.items()}
        compiled = jax.jit(jax.grad(cost, argnums=(0, 1))).lower(*arrays.values()).compile()

    def gradient(m, b, x, y):
        by_m, by_b = compiled(m, b, x, y)
        by_m.block_until_ready()
        by_b.block_until_ready()
        return by_m, by_b

    return {"gradient": gradient, **arrays}


BY_HAND = {
    "by_hand": numpy_by_hand,
    "torch": torch_by_hand,
    "tensorflow[mode=function]": tensorflow_by_hand,
    "jax": jax_by_hand,
}


# --- the measurement -----------------------------------------------------------------------


@pytest.mark.parametrize("selector", BY_HAND)
def test_overhead(benchmark, selector):
    backend, prepared = prepare(selector)
    native = prepared.load(POINT)
    call = timeit.Timer("run(native)", globals={"run": prepared.run, "native": native})
    ratio = over_by_hand(call, selector)
    benchmark.group = "overhead"
    benchmark.extra_info.update(backend=backend.selector, over_by_hand=ratio, rounds=ROUNDS)
    benchmark(prepared.run, native)
    assert ratio <= LIMIT


@pytest.mark.parametrize("selector", BY_HAND)
def test_a_slow_call_is_noticed(benchmark, selector):
    """Were the inputs converted from NumPy at every call, the limit would be broken."""
    _, prepared = prepare(selector)

    def slow(point):
        return prepared.run(prepared.load(point))

    ratio = over_by_hand(timeit.Timer("run(p)", globals={"run": slow, "p": POINT}), selector)
    benchmark.group = "overhead, converting at every call"
    benchmark(slow, POINT)
    assert ratio > LIMIT


def prepare(selector):
    (backend,) = select_backends([selector])
    if backend.missing():
        pytest.skip(backend.missing())
    return backend, backend.prepare(POINT)


def over_by_hand(call, selector):
    """The median over the rounds of (time of the call / time of the one by hand)."""
    names = BY_HAND[selector]()
    agree(selector, names)
    ratio, first, second = interleaved(call, timeit.Timer("gradient(m, b, x, y)", globals=names))
    print(f"\n{selector}: ×{ratio:.3f} ({first * 1e6:.1f} µs over {second * 1e6:.1f} µs)")
    return ratio


def agree(selector, names):
    """Both sides compute the same gradient; else their times say nothing."""
    found = names["gradient"](*(names[name] for name in POINT.values))
    _, prepared = prepare(selector)
    expected = prepared.evaluate(POINT)
    for partial, name in zip(found, PROBLEM.parameters, strict=True):
        assert float(partial) == pytest.approx(float(expected[name]), rel=1e-12)


def interleaved(one, other):
    """The median ratio of two timers, and the median seconds of each call."""
    calls = {timer: calls_in_a_burst(timer) for timer in (one, other)}
    rng = random.Random(0)
    seconds = {one: [], other: []}
    for _ in range(ROUNDS):
        for timer in rng.sample([one, other], 2):
            seconds[timer].append(timer.timeit(calls[timer]) / calls[timer])
    ratios = [a / b for a, b in zip(seconds[one], seconds[other], strict=True)]
    return tuple(map(statistics.median, (ratios, seconds[one], seconds[other])))


def calls_in_a_burst(timer):
    timer.timeit(100)  # warm up
    return max(1, round(BURST_SECONDS / (timer.timeit(100) / 100)))
