"""A run for pyperf, whose commands `stats`, `check` and `compare_to` read the file.

pyperf knows times, not verdicts: only right results are exported, without their ratios.
"""

from __future__ import annotations

import io
import math
from typing import Any

import pyperf

from calcbench.errors import SelectorError, printable
from calcbench.record.record import Record
from calcbench.record.run import Environment, SavedRun

PLAIN_THREADS = (None, 1)
"""Numbers of threads that are not said in a name."""


def write(run: SavedRun) -> str:
    """Write the samples of the right results. Raises `SelectorError` where there are none."""
    out = io.StringIO()
    suite(run).dump(out)
    return out.getvalue()


def suite(run: SavedRun) -> Any:
    """Make a `pyperf.BenchmarkSuite` of the measured cells; its `.dump(path)` writes the file.

    Values are seconds of one call, one per burst; disturbed bursts are among them. Raises
    `SelectorError` where no cell has a time: pyperf has no empty suite.
    """
    benchmarks: dict[str, Any] = {}
    for record in run.records:
        values = _values(record)
        if not values:
            continue
        cell = name(record)
        if cell in benchmarks:  # with 1 thread, and with threads not set
            cell += f"-threads{record.threads}"
        benchmarks[cell] = _benchmark(run, record, cell, values)
    if not benchmarks:
        raise SelectorError("there is nothing to export: no cell of this run has a time")
    return pyperf.BenchmarkSuite(list(benchmarks.values()))


def name(record: Record) -> str:
    """Name a cell: `batch_regression[8]-torch`, and what is not the default.

    The name depends on nothing but the cell, so that pyperf finds it in another run.
    """
    words = [f"{record.problem}[{record.size}]", record.backend]
    if record.operator != "gradient":
        words.append(record.operator)
    if record.dtype != "float64" and record.dtype not in record.backend:
        words.append(record.dtype)
    if record.read_from:
        words.append(record.read_from)
    if record.seed:
        words.append(f"seed{record.seed}")
    if record.threads not in PLAIN_THREADS:
        words.append(f"threads{record.threads}")
    return printable("-".join(words))


def _values(record: Record) -> list[float]:
    if record.timing is None or not record.status.measured:
        return []
    return [value for value in record.timing.call.seconds if 0 < value < math.inf]


def _benchmark(run: SavedRun, record: Record, cell: str, values: list[float]) -> Any:
    found = {**_cell_metadata(record, cell), **_environment_metadata(run.environment(record))}
    loops = record.timing.call.calls if record.timing else 1
    # pyperf refuses text that is empty, or has several lines.
    texts = {printable(name): printable(str(value)) for name, value in found.items()}
    metadata = {"loops": loops, **{name: text for name, text in texts.items() if text}}
    return pyperf.Benchmark([pyperf.Run(values=values, metadata=metadata, collect_metadata=False)])


def _cell_metadata(record: Record, cell: str) -> dict[str, Any]:
    return {
        "name": cell,
        "unit": "second",
        "status": record.status.value,
        **{f"{library}_version": version for library, version in record.versions.items()},
    }


def _environment_metadata(environment: Environment | None) -> dict[str, Any]:
    """Give what is known of the environment, under the names that pyperf has for it."""
    if environment is None:
        return {}
    known = {
        "python_version": environment.versions.get("python"),
        "cpu_model_name": environment.machine.get("cpu"),
        "platform": environment.machine.get("system"),
        "calcbench_version": environment.calcbench,
        "calcbench_run": environment.id,
    }
    return {name: value for name, value in known.items() if value is not None}
