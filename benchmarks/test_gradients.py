"""Prepared gradients, timed side by side: a group per problem and size, a row per backend.

pytest benchmarks --benchmark-only --benchmark-group-by=group
"""

import functools
import importlib.metadata
import platform

import numpy as np
import pytest

import calcbench as cb
from calcbench.plugins import select_backends
from calcbench.points import inputs

CASES = [
    ("batch_regression", 8),
    ("straight_line_at_scale", 1_000),
    ("straight_line_at_scale", 100_000),
    ("breast_cancer_logistic_regression", 569),
]

BACKENDS = [
    "by_hand",
    "sympy",
    "finite_difference",
    "torch",
    "torch[mode=func]",
    "tensorflow",
    "tensorflow[mode=function]",
    "tensorflow[mode=xla]",
    "jax",
]

RELATIVE_ERROR = 1e-12
"""What an exact backend may be off, relative to the largest partial derivative."""


@pytest.mark.parametrize("selector", BACKENDS)
@pytest.mark.parametrize(("name", "size"), CASES)
def test_gradient(benchmark, name, size, selector):
    (backend,) = select_backends([selector])
    if backend.missing():
        pytest.skip(backend.missing())
    problem, point, expected = reference(name, size)
    prepared = backend.prepare(problem, point)
    native = prepared.load(point)

    check(prepared.unload(prepared.run(native)), expected, backend.error_bound(problem, point))
    benchmark.group = f"{name}, size {size:,}"
    benchmark.extra_info.update(
        problem=name,
        size=size,
        backend=backend.selector,
        dtype=backend.dtype,
        versions=versions(backend),
    )
    benchmark(prepared.run, native)


@functools.cache
def reference(name, size):
    """The problem, its inputs, and its gradient by hand."""
    problem = cb.problems()[name]
    for module in problem.requires:
        pytest.importorskip(module)
    point = inputs(problem, size)
    prepared = cb.backends()["by_hand"]().prepare(problem, point)
    return problem, point, prepared.unload(prepared.run(prepared.load(point)))


def check(gradient, expected, bound):
    """A wrong gradient is not worth timing."""
    scale = max(np.max(np.abs(partial)) for partial in expected.values())
    for parameter, partial in expected.items():
        allowed = RELATIVE_ERROR * scale + (0.0 if bound is None else bound[parameter])
        error = np.abs(gradient[parameter] - partial)
        assert np.all(error <= allowed), f"∂C/∂{parameter} is off by {np.max(error):.2g}"


def versions(backend):
    """Of Python, calcbench, NumPy and what the backend stands on."""
    found = {"python": platform.python_version()}
    for module in ("calcbench", "numpy", *backend.requires):
        found[module] = importlib.metadata.version(module)
    return found
