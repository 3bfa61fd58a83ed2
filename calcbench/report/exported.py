"""A run for pyperf: `python -m pyperf stats`, `check`, `compare_to` work on its file.

pyperf knows times, not verdicts: only right results are exported, without their ratios.
"""

from __future__ import annotations

import math
from typing import Any

import pyperf

from calcbench.errors import SelectorError
from calcbench.record.record import Record
from calcbench.record.run import SavedRun

PLAIN_THREADS = (None, 1)


def pyperf_suite(run: SavedRun) -> Any:
    """The measured cells as a `pyperf.BenchmarkSuite`; its `.dump(path)` writes the file.

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
    """`batch_regression[8]-torch`; what is not the default follows: dtype, seed, threads.

    It depends on nothing but the cell, so that pyperf finds it in another run.
    """
    words = [f"{record.problem}[{record.size}]", record.backend]
    if record.operator != "gradient":
        words.append(record.operator)
    if record.dtype != "float64" and record.dtype not in record.backend:
        words.append(record.dtype)
    if record.seed:
        words.append(f"seed{record.seed}")
    if record.threads not in PLAIN_THREADS:
        words.append(f"threads{record.threads}")
    return "-".join(words)


def _values(record: Record) -> list[float]:
    if record.timing is None or not record.status.measured:
        return []
    return [value for value in record.timing.call.seconds if 0 < value < math.inf]


def _benchmark(run: SavedRun, record: Record, cell: str, values: list[float]) -> Any:
    timing = record.timing
    assert timing is not None  # it has values
    environment = run.environment(record)
    metadata: dict[str, Any] = {
        "name": cell,
        "unit": "second",
        "loops": timing.call.calls,
        "status": record.status.value,
        **{f"{library}_version": version for library, version in record.versions.items()},
    }
    if environment:
        metadata["calcbench_version"] = environment.calcbench
        metadata["calcbench_run"] = environment.id
        if environment.versions.get("python"):
            metadata["python_version"] = environment.versions["python"]
        for theirs, ours in {"cpu_model_name": "cpu", "platform": "system"}.items():
            if environment.machine.get(ours):
                metadata[theirs] = " ".join(str(environment.machine[ours]).split())
    run_of_it = pyperf.Run(values=values, metadata=metadata, collect_metadata=False)
    return pyperf.Benchmark([run_of_it])
