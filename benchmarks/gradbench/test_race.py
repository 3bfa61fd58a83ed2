"""The race: calcbench's backends, GradBench's Python tools and its C++, one after the other.

pytest benchmarks/gradbench --peer ../gradbench -s --page table.md

All run on one core, in bursts, in shuffled rounds; what counts is processor time, and a ratio is
taken within a round. Every result is compared with a peer's.
"""

import json
import os

import calls
import numpy as np
import pytest
from contenders import BY_HAND, Compiled, InPython
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

BACKENDS = ("by_hand", "jax", "jax[mode=enzyme]", "torch", "tensorflow[mode=function]")
TOOLS = ("jax", "pytorch", "tensorflow")

SINGLE = f"{OURS}jax[dtype=float32]"
DOUBLE = "GradBench jax in float64"
"""Those of the precision that is not a race's usual one: where GradBench's JAX is in float32."""

HALF = np.sqrt(np.finfo(float).eps)
"""Half of the digits: how far a result may be from the peer's, which is computed otherwise."""


@pytest.fixture(scope="module")
def contenders(checkout, tmp_path_factory):
    """All that may take part, each in a process that stays; which do, each race finds out."""
    ours = [InPython(f"{OURS}{name}", name, task=calls.set_up_ours) for name in BACKENDS]
    tools = [
        InPython(f"GradBench {name}", name, None, checkout, task=calls.set_up_peer)
        for name in TOOLS
    ]
    both = [
        InPython(SINGLE, "jax[dtype=float32]", task=calls.set_up_ours),
        InPython(DOUBLE, "jax", True, checkout, task=calls.set_up_peer),
    ]
    everybody = [*ours, *both, *tools, Compiled(checkout, tmp_path_factory.mktemp("programs"))]
    yield everybody
    for contender in everybody:
        contender.close()


@pytest.fixture(scope="module")
def outcomes(checkout):
    """What came of the races so far; the table of all is printed at the end."""
    found = []
    yield found
    print(f"\n{write_page(checkout, found)}")


def write_page(checkout, outcomes):
    """The table, what it was measured with, and how often calcbench is ahead."""
    page = f"{describe_run(checkout)}\n{write_table(outcomes)}"
    for name in [*(f"GradBench {tool}" for tool in TOOLS), BY_HAND]:
        mean, count = mean_ratio(outcomes, name)
        if count:
            page += f"\n{name}: {mean:.3g} × calcbench's fastest, geometric mean of {count}\n"
    return page


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
def test_race(benchmark, race, outcomes, contenders, checkout, request, tmp_path):
    chosen = [name for name in request.config.getoption("--races").split(",") if name]
    if chosen and race.problem not in chosen:
        pytest.skip("not among --races")
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    rounds = request.config.getoption("--rounds")
    without = request.config.getoption("--without").split(",")
    if race.double:
        without += [SINGLE, DOUBLE]
    if not race.compiled:
        without += [BY_HAND]
    taking_part = [c for c in contenders if c.name not in without]
    file = tmp_path / "input.json"
    file.write_text(json.dumps(race.given(race, checkout)), "utf-8")
    outcome = benchmark.pedantic(run, args=(race, file, taking_part, core, rounds), rounds=1)
    for name, reason in outcome.absent.items():
        print(f"\n{race.name}: {name} does not take part: {reason[:200]}")
    outcomes.append(outcome)
    page = request.config.getoption("--page")
    if page is not None:  # after every race: a run that is stopped has those before
        page.write_text(write_page(checkout, outcomes), "utf-8")
    best, truth = fastest(outcome), truth_of(outcome)
    benchmark.extra_info.update(
        {runner.name: format_ratio(runner.over(best)) for runner in outcome.runners}
    )
    for runner in outcome.runners:
        if runner.name.startswith(OURS):
            assert runner.error(truth.result) <= HALF, runner.name
