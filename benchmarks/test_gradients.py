"""Prepared gradients, timed side by side: a group per problem and size, a row per backend.

pytest benchmarks --benchmark-only --benchmark-group-by=group
"""

import functools

import pytest
from modes import modes

import calcbench as cb
from calcbench.bench.environment import versions
from calcbench.catalogue.selection import select_backends
from calcbench.problem.inputs import own_point

CASES = [
    ("batch_regression", 8),
    ("straight_line_at_scale", 1_000),
    ("straight_line_at_scale", 100_000),
    ("breast_cancer_logistic_regression", 569),
]


@pytest.mark.parametrize("selector", modes())
@pytest.mark.parametrize(("name", "size"), CASES)
def test_gradient(benchmark, name, size, selector):
    (backend,) = select_backends([selector])
    problem = cb.problems()[name]
    if backend.missing():
        pytest.skip(backend.missing())
    for module in problem.requires:
        pytest.importorskip(module)

    (record,) = cb.verify(problem, backend, size=size).records
    assert not record.status.failed, record.reason  # a wrong gradient is not worth timing
    benchmark.group = f"{name}, size {size:,}"
    benchmark.extra_info.update(
        problem=name,
        size=size,
        backend=backend.selector,
        dtype=backend.dtype,
        digits=record.digits,
        versions=versions((*backend.requires, *problem.requires)),
    )
    point = inputs(problem, size)
    prepared = backend.prepare(point)
    benchmark(prepared.run, prepared.load(point))


@functools.cache
def inputs(problem, size):
    return own_point(problem, size)
