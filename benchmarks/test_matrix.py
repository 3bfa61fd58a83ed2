"""A whole matrix by `calcbench bench`: how long it takes, and how well its numbers repeat.

pytest benchmarks/test_matrix.py -s
"""

import pytest

import calcbench as cb
from calcbench.bench.selection import open_session
from calcbench.catalogue.door import default_problems
from calcbench.record.record import Status
from calcbench.report.differences import differences

BACKENDS = ["by_hand", "sympy", "torch", "tensorflow[mode=function]", "jax"]
"""Five, of different speeds: the limits below are for 200 cells of these."""

CELLS = 200
MINUTES = 5.0
"""The longest that `--quick` may take for 200 cells over five backends, imports included."""

DRIFT = 0.05
"""How far the median ratio to the fastest backend may move between two runs."""

ORDER = 0.95
"""Share of the pairs of backends, told apart in both runs, that must keep their order."""


STEADY = cb.Settings(burst=0.005, budget=8.0)
"""For numbers that repeat on a shared machine: long enough to outlast its neighbours."""


def problems():
    for module in ("torch", "tensorflow", "jax", "sklearn"):
        pytest.importorskip(module)
    return [
        name
        for name in default_problems()
        if name != "straight_line_at_scale" and not cb.problems()[name].vector_valued
    ]


def test_200_cells(benchmark, tmp_path):
    records = benchmark.pedantic(two_hundred, args=(problems(), tmp_path), rounds=1)
    minutes = benchmark.stats.stats.max / 60
    failed = [(r.problem, r.backend, r.reason) for r in records if r.status.failed]
    refused = [r for r in records if r.status is Status.SKIPPED]
    noisy = sum(r.status is Status.NOISY for r in records)
    print(f"\n{len(records)} cells in {minutes:.1f} min, {noisy} noisy, {len(refused)} refused")
    benchmark.group = "matrix"
    benchmark.extra_info.update(cells=len(records), noisy=noisy)
    assert len(records) == CELLS
    assert failed == []
    # SymPy says of two costs that their formulas are too long for it; nothing else is refused.
    assert {r.backend for r in refused} <= {"sympy"}
    assert len(refused) <= 2
    assert minutes < MINUTES


def two_hundred(chosen, folder):
    """Every problem, and one of them at as many sizes as make 200 cells."""
    small = open_session(chosen, BACKENDS, settings=cb.QUICK, output=folder / "small.jsonl")
    room = CELLS // len(BACKENDS) - len(small.groups)
    sizes = [2**power for power in range(3, 3 + room)]
    large = open_session("straight_line_at_scale", BACKENDS, sizes, settings=cb.QUICK)
    return [*small.records(), *large.records()]


def test_two_runs_agree(benchmark):
    chosen = problems()[:20]

    def twice():
        return [cb.benchmark(chosen, BACKENDS, settings=STEADY) for _ in range(2)]

    first, second = benchmark.pedantic(twice, rounds=1)
    assert len(first.records) == len(second.records) == 100
    found = differences(first, second)
    print(
        f"\ndrift of ratios {found.drift:.2%} over {found.drift_cells} cells, "
        f"order kept in {found.order:.2%} of {found.order_pairs} pairs"
    )
    benchmark.group = "matrix"
    benchmark.extra_info.update(drift=found.drift, order=found.order)
    assert found.drift <= DRIFT
    assert found.order >= ORDER
