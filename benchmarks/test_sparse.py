"""What sparse Jacobians cost: all products at once, beside one product after the other.

    pytest benchmarks/test_sparse.py -s

Two shapes of GradBench's (https://github.com/gradbench/gradbench), as ordinary problems with a
`structure`: bundle adjustment (49 cameras, 7,776 points, 31,843 observations: 987,133 entries), and
a hand with 26 parameters of its pose, on which each of 800 points has two of its own. Every backend
runs in a fresh process on one core. The operators are timed in turn, in processor time; the figure
is the median of the rounds' ratios. The results must be the same. Backends that compile must also
prepare in as long, give or take a tenth: they compile one program, and not one of each product.
"""

import functools
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest
from modes import transforms

import calcbench as cb
from calcbench.catalogue.selection import select_backends
from calcbench.operators import composition
from calcbench.operators.colouring import colour_columns
from calcbench.operators.compression import compress
from calcbench.operators.function import Derived
from calcbench.operators.jacobian import Jacobian
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import Coordinates

ROUNDS = 5

LEAST = {
    ("jax", "bundle"): 4.0,
    ("jax", "hand"): 1.5,
    ("torch", "bundle"): 1.6,
    ("torch", "hand"): 4.0,
    ("tensorflow[mode=function]", "bundle"): 1.4,
    ("tensorflow[mode=function]", "hand"): 1.2,
}
"""How many times as long one pushforward after the other takes, at least."""

COMPILED = ("jax", "tensorflow[mode=function]")
"""Backends that trace or compile while they prepare. What others do then takes hundredths of a
second either way, and a ratio of two such times says nothing."""

SOONEST = 0.9
"""How many times as long it takes to prepare one by one, at least, where something is compiled.
Measured once each, for it takes seconds: of the bundle 1.02 to 1.1 by JAX."""

LONGEST = 0.75
"""What colouring the bundle's million entries may take over sorting three million integers stably.
NumPy's other sort takes a tenth of that where the processor has vectors for it: no measure."""


class Bundle(cb.Problem):
    """Where points are seen by cameras with two coefficients of distortion (ADBench's shape)."""

    def inputs(self, size, rng):
        cameras, points, seen = 49, 7_776, 31_843
        return {
            "cameras": rng.uniform(0.1, 1, (cameras, 11)),
            "points": rng.uniform(2, 4, (points, 3)),
            "weights": rng.uniform(0.5, 1, seen),
            "camera_of": rng.integers(0, cameras, seen),
            "point_of": rng.integers(0, points, seen),
            "features": rng.uniform(-1, 1, (seen, 2)),
        }

    def outputs(self, inputs):
        return 3 * len(inputs["weights"])

    def structure(self, inputs):
        first = 11 * len(inputs["cameras"])
        last = first + 3 * len(inputs["points"])
        k = np.arange(len(inputs["weights"]))
        camera = 11 * inputs["camera_of"][:, None] + np.arange(11)
        point = first + 3 * inputs["point_of"][:, None] + np.arange(3)
        columns = np.concatenate([camera, point, last + k[:, None]], axis=1).ravel()
        rows = np.repeat(k, 15)
        weights = 2 * len(k) + k
        return Coordinates(
            np.concatenate([2 * rows, 2 * rows + 1, weights]),
            np.concatenate([columns, columns, last + k]),
        )

    def cost(self, xp, cameras, points, weights, *, camera_of, point_of, features):
        c, x = xp.take(cameras, camera_of), xp.take(points, point_of)
        r, d = [c[:, k] for k in range(3)], [x[:, k] - c[:, 3 + k] for k in range(3)]
        theta = xp.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
        cos, sin = xp.cos(theta), xp.sin(theta)
        a = [each / theta for each in r]
        along = (a[0] * d[0] + a[1] * d[1] + a[2] * d[2]) * (1.0 - cos)
        turned = []
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            turned.append(d[i] * cos + (a[j] * d[k] - a[k] * d[j]) * sin + a[i] * along)
        u, v = turned[0] / turned[2], turned[1] / turned[2]
        square = u * u + v * v
        radial = c[:, 6] * (1.0 + c[:, 9] * square + c[:, 10] * square * square)
        across = weights * (u * radial + c[:, 7] - features[:, 0])
        down = weights * (v * radial + c[:, 8] - features[:, 1])
        error = xp.reshape(xp.stack([across, down], axis=1), (-1,))
        return xp.concat([error, 1.0 - weights * weights])


class Hand(cb.Problem):
    """Distances of points from a skinned surface: 26 parameters of all rows, two of three rows."""

    def inputs(self, size, rng):
        return {
            "pose": rng.uniform(-0.3, 0.3, 26),
            "places": rng.uniform(0, 0.5, (800, 2)),
            "points": rng.uniform(-1, 1, (800, 3)),
            "skin": rng.uniform(0, 0.1, (544, 88)),
            "bones": rng.uniform(-0.5, 0.5, (22, 4, 4)),
            "corners": rng.integers(0, 544, (800, 3)),
        }

    def outputs(self, inputs):
        return 2_400

    def structure(self, inputs):
        row = np.arange(2_400)
        own = 26 + 2 * (row // 3)[:, None] + np.arange(2)
        return Coordinates(
            np.concatenate([np.repeat(row, 26), np.repeat(row, 2)]),
            np.concatenate([np.tile(np.arange(26), 2_400), own.ravel()]),
        )

    def cost(self, xp, pose, places, *, points, skin, bones, corners):
        cos, sin = xp.cos(pose[4:]), xp.sin(pose[4:])
        no, one = 0.0 * cos, 0.0 * cos + 1.0
        entries = (cos, -sin, no, no, sin, cos, no, no, no, no, one, no, no, no, no, one)
        turned = xp.matmul(bones, xp.reshape(xp.stack(entries, axis=1), (22, 4, 4)))
        chain = []
        for k in range(22):
            chain.append(turned[k] if k % 4 == 0 else xp.matmul(chain[-1], turned[k]))
        moved = xp.reshape(xp.matrix_transpose(xp.stack(chain)[:, :3, :]), (88, 3))
        surface = (1.0 + pose[3] * pose[3]) * xp.matmul(skin, moved) + pose[None, :3]
        one, two, three = (xp.take(surface, corners[:, k]) for k in range(3))
        u, v = places[:, :1], places[:, 1:]
        return xp.reshape(points - u * one - v * two - (1.0 - u - v) * three, (-1,))


KINDS = {"bundle": Bundle, "hand": Hand}


class OneByOne(Jacobian):
    """The Jacobian by one pushforward after the other, as it stands in the program."""

    def compose(self, backend, function, point):
        compression = compress(point.pattern(1), function.components)
        push, xp = backend.pushforward(function), backend.namespace()
        shapes = function.parameters
        along = [composition.native_direction(backend, shapes, v) for v in compression.vectors]
        places = backend.convert(compression.places(function.value[0]))

        def apply(parameters, data):
            products = [push.apply(parameters, data, v) for v in along]
            return xp.take(xp.concat(products), places)

        return Derived(apply, f"{push.method}, one by one")


@pytest.mark.parametrize(("selector", "kind"), LEAST)
def test_all_at_once(benchmark, selector, kind):
    (backend,) = select_backends([selector])
    if backend.missing():
        pytest.skip(backend.missing())
    assert transforms(type(backend))
    done = benchmark.pedantic(
        subprocess.run,
        args=([sys.executable, __file__, selector, kind],),
        kwargs={
            "check": True,
            "stdout": subprocess.PIPE,
            "env": {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        },
        rounds=1,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{selector}: {kind} ×{found['ratio']:.2f} ({found['method']}), ", end="")
    print(f"{found['milliseconds']:.1f} ms, prepared ×{found['preparing']:.2f}", end="")
    benchmark.group = "one by one over all at once"
    benchmark.extra_info.update(backend=selector, kind=kind, rounds=ROUNDS, **found)
    assert found["ratio"] > LEAST[selector, kind]
    if selector in COMPILED:
        assert found["preparing"] >= SOONEST


def test_colouring_takes_less_than_a_sort(benchmark):
    point = own_point(Bundle())
    row, column = point.pattern(1)
    shuffled = np.random.default_rng(0).permutation(3 * len(row))
    colour_columns((row, column), point.size)  # imports scipy.sparse
    ratios = []
    for _ in range(ROUNDS):
        sorting, _ = seconds(functools.partial(np.sort, shuffled, kind="stable"))
        colouring, colours = seconds(lambda: colour_columns((row, column), point.size))
        ratios.append(colouring / sorting)
        assert colours.max() == 14
    benchmark.pedantic(colour_columns, args=((row, column), point.size), rounds=1)
    print(f"\ncolouring of {len(row):,} entries: ×{statistics.median(ratios):.2f}", end="")
    assert statistics.median(ratios) < LONGEST


def seconds(call):
    """Measure a call in processor time; also what it returns."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def measured(selector, kind):
    """What one pushforward after the other takes, over all products at once."""
    (backend,) = select_backends([selector])
    backend.framework()
    point = own_point(KINDS[kind]())
    backend.prepare(point, "cost")  # what a framework does once
    ways = {"one by one": OneByOne(), "at once": Jacobian()}
    prepared, preparing, values, native, taken = {}, {}, {}, {}, {way: [] for way in ways}
    for way, operator in ways.items():
        preparing[way], prepared[way] = seconds(
            functools.partial(prepare, backend, point, operator)
        )
        native[way] = prepared[way].load(point)
        values[way] = prepared[way].unload(prepared[way].run(native[way]))["jacobian"]
    largest = np.abs(values["one by one"]).max()
    difference = np.abs(values["one by one"] - values["at once"]).max()
    assert difference < 1e-11 * largest
    for _ in range(ROUNDS):
        for way in ways:
            taken[way].append(seconds(lambda w=way: prepared[w].run(native[w]))[0])
    pairs = zip(taken["one by one"], taken["at once"], strict=True)
    return {
        "ratio": statistics.median(a / b for a, b in pairs),
        "milliseconds": 1e3 * statistics.median(taken["at once"]),
        "preparing": preparing["one by one"] / preparing["at once"],
        "prepare_seconds": preparing["at once"],
        "method": prepared["at once"].method,
    }


def prepare(backend, point, operator):
    """Prepare at a point that has not yet listed its entries."""
    fresh = point.with_values({})
    return backend.transform(operator, fresh)


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):  # before a framework is imported: all of them obey it
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(json.dumps(measured(*sys.argv[1:])))
