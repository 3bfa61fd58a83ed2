"""The race: calcbench's backends, GradBench's Python tools and its C++, one after the other.

pytest benchmarks/gradbench --peer ../gradbench -s --page table.md

All run on one core, in bursts, in shuffled rounds; what counts is processor time, and a ratio is
taken within a round. Every result is compared with a peer's.
"""

import os

import calls
import numpy as np
import pytest
from contenders import Compiled, InPython
from races import RACES
from racing import run
from table import (
    OURS,
    describe_run,
    fastest,
    format_ratio,
    mean_ratio,
    truth_of,
    write_table,
)

import calcbench as cb

BACKENDS = ("by_hand", "jax", "jax[mode=enzyme]", "torch", "tensorflow[mode=function]")
TOOLS = ("jax", "pytorch", "tensorflow")

HALF = np.sqrt(np.finfo(float).eps)
"""Half of the digits: how far a result may be from the peer's, which is computed otherwise."""


@pytest.fixture(scope="module")
def contenders(checkout, tmp_path_factory):
    """All that may take part, each in a process that stays; which do, each race finds out."""
    ours = [InPython(f"{OURS}{name}", name, task=calls.set_up_ours) for name in BACKENDS]
    tools = [
        InPython(f"GradBench {name}", name, checkout, task=calls.set_up_peer) for name in TOOLS
    ]
    everybody = [*ours, *tools, Compiled(checkout, tmp_path_factory.mktemp("programs"))]
    yield everybody
    for contender in everybody:
        contender.close()


@pytest.fixture(scope="module")
def outcomes(request, checkout):
    """What came of the races so far; the table of all is written at the end."""
    found = []
    yield found
    table = f"{describe_run(checkout)}\n{write_table(found)}"
    for name in [*(f"GradBench {tool}" for tool in TOOLS), "C++ by hand"]:
        mean, count = mean_ratio(found, name)
        if count:
            table += f"\n{name}: {mean:.3g} × calcbench's fastest, geometric mean of {count}\n"
    print(f"\n{table}")
    page = request.config.getoption("--page")
    if page is not None:
        page.write_text(table, "utf-8")


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
def test_race(benchmark, race, outcomes, contenders, request):
    chosen = [name for name in request.config.getoption("--races").split(",") if name]
    if race.problem not in cb.problems():
        pytest.skip(f"calcbench has no problem {race.problem} yet")
    if chosen and race.problem not in chosen:
        pytest.skip("not among --races")
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    rounds = request.config.getoption("--rounds")
    outcome = benchmark.pedantic(run, args=(race, contenders, core, rounds), rounds=1)
    for name, reason in outcome.absent.items():
        print(f"\n{race.name}: {name} does not take part: {reason[:200]}")
    outcomes.append(outcome)
    best, truth = fastest(outcome), truth_of(outcome)
    benchmark.extra_info.update(
        {runner.name: format_ratio(runner.over(best)) for runner in outcome.runners}
    )
    for runner in outcome.runners:
        if runner.name.startswith(OURS):
            assert runner.error(truth.result) <= HALF, runner.name
