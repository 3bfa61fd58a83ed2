"""Times that repeat: `benchmark`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from calcbench.bench.rounds import Settings
from calcbench.bench.selection import open_session
from calcbench.catalogue.selection import BackendSelector, ProblemSelector
from calcbench.native.as_problem import Functions, as_problem, native_backends
from calcbench.operators import Operator
from calcbench.problem.arguments import check_function
from calcbench.record.progress import Progress, silent
from calcbench.report.run import Run


def benchmark(
    problems: ProblemSelector | Iterable[ProblemSelector] | Functions | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    sizes: int | Iterable[int] | None = None,
    *,
    x: Any = None,
    operator: str | Operator = "gradient",
    dtypes: str | Iterable[str] | None = None,
    threads: int | Iterable[int] = 1,
    seed: int = 0,
    settings: Settings | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> Run:
    """Time problems × backends × sizes × dtypes × threads; one process per backend, interleaved.

    Without `problems`, `backends` or `sizes`: the default problems, the default backends in default
    modes (`"all"`: every backend), the sizes that each problem declares. `operator` asks for
    something else than the gradient. `settings` say how closely (`cb.Settings`, `cb.QUICK`). With
    `output`, every cell is written to that file as it ends; with `resume`, those that the file
    holds already are not run again, unless they failed or their source or library versions have
    changed.

        >>> run = calcbench.benchmark("batch_regression", "torch", settings=calcbench.QUICK)
        >>> run.records[0].seconds["call"]      # seconds of one gradient, steady state
        4.6e-05

    With `x`, a function as it is takes the place of problems, or several that are to be the same,
    by framework; `x` is what they take (`as_problem`). Backends are then those of the frameworks,
    in the dtype of `x`, if none are named. The functions go to other processes, with what they
    hold: NumPy's arrays, modules, arrays of a framework. They may give a vector, for `operator`
    `jacobian`, `pullback` or `pushforward`.

        >>> calcbench.benchmark({"torch": torch_loss, "jax": jax_loss}, x=weights)

    Raises `SelectorError` for a bad selection and `NotInstalled` where a backend asked for by
    name is missing. Whatever a backend does wrong, be it a crash or a hang, is a record.
    """
    check_function("progress", progress)
    if x is not None:
        model = as_problem(problems, x)  # type: ignore[arg-type] # which refuses another
        problems, dtypes = model, model.dtype if dtypes is None else dtypes
        backends = native_backends(model) if backends is None else backends
    session = open_session(
        problems,  # type: ignore[arg-type] # with x, which it is without, refused if it is another
        backends,
        sizes,
        operator=operator,
        dtypes=dtypes,
        threads=threads,
        seed=seed,
        settings=settings,
        output=output,
        resume=resume,
    )
    for record in session.records(progress):
        progress(f"{record.problem} · {record.backend} · {record.status.value}")
    return Run.of(session.run())
