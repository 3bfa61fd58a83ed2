"""The table of the races, in Markdown, with what is needed to repeat it."""

from __future__ import annotations

import math
import platform
import subprocess
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

import psutil
from contenders import BY_HAND
from racing import Outcome, Runner

from calcbench.bench.intervals import Estimate

HEAD = """\
| evaluation | by | time | × fastest of calcbench | derivative / cost | error |
|---|---|---|---|---|---|
"""

OURS = "calcbench "


def write_table(outcomes: Sequence[Outcome]) -> str:
    """Write a row for every contender of every race, the fastest first."""
    return HEAD + "".join(row for outcome in outcomes for row in _rows(outcome))


def fastest(outcome: Outcome) -> Runner:
    """Find the fastest of calcbench's backends."""
    ours = [runner for runner in outcome.runners if runner.name.startswith(OURS)]
    return min(ours, key=lambda runner: runner.time.median)


def truth_of(outcome: Outcome) -> Runner:
    """Find whose result the others are compared with: the last peer, which is the C++ if there."""
    peers = [runner for runner in outcome.runners if not runner.name.startswith(OURS)]
    return peers[-1] if peers else fastest(outcome)


def mean_ratio(outcomes: Sequence[Outcome], name: str) -> tuple[float, int]:
    """Take the geometric mean of a peer's time over calcbench's fastest, and count the races."""
    logs = [
        math.log(runner.over(fastest(outcome)).median)
        for outcome in outcomes
        for runner in outcome.runners
        if runner.name == name and not (name == BY_HAND and outcome.race.closed_form)
    ]
    return (math.exp(sum(logs) / len(logs)), len(logs)) if logs else (math.nan, 0)


def describe_run(checkout: Path) -> str:
    """Say when, where and of which versions the numbers are, and how they are made again."""
    commit = subprocess.run(
        ["git", "-C", str(checkout), "log", "-1", "--format=%h of %cs"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    packages = ", ".join(f"{name} {_version(name)}" for name in ("jax", "torch", "tensorflow"))
    return (
        f"{date.today().isoformat()}; {_processor()}, {psutil.cpu_count()} cores, of which one was "
        f"used; {platform.system()}, Python {platform.python_version()}, {packages}; GradBench "
        f"{commit or 'without a commit'}. Median seconds of processor time per call, ratios "
        "within rounds, with their 95 % intervals.\n"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except ImportError:
        return "(not installed)"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def _rows(outcome: Outcome) -> list[str]:
    best, truth = fastest(outcome), truth_of(outcome)
    rows = []
    for runner in sorted(outcome.runners, key=lambda runner: runner.time.median):
        name = "" if rows else outcome.race.name
        error = "–" if runner is truth else _off(runner.error(truth.result))
        ratio = "1" if runner is best else format_ratio(runner.over(best))
        rows.append(
            f"| {name} | {runner.name} | {format_seconds(runner.time.median)} | {ratio} "
            f"| {format_ratio(runner.over_cost)} | {error} |\n"
        )
    return rows


def format_ratio(estimate: Estimate) -> str:
    """Format a ratio with its interval, `2.1 (2.0 to 2.3)`; of few rounds there is none."""
    if math.isnan(estimate.low):
        return format_number(estimate.median)
    middle, low, high = (format_number(x) for x in (estimate.median, estimate.low, estimate.high))
    return f"{middle} ({low} to {high})"


def format_number(ratio: float) -> str:
    """Format a ratio to two digits, from 100 on as a whole number."""
    return f"{ratio:,.0f}" if ratio >= 99.5 else f"{ratio:.2g}" if ratio < 9.95 else f"{ratio:.0f}"


def format_seconds(seconds: float) -> str:
    """Format a time: `12.3 µs`, `4.56 ms`, `1.2 s`."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def _off(error: float) -> str:
    """Format an error: `3e-16`, or `0` where every number is the same."""
    return f"{error:.0e}" if error else "0"
