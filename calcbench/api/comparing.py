"""Backends side by side: `compare`, `verify` and what they return."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from calcbench.catalogue.selection import BackendSelector, ProblemSelector
from calcbench.harness.compare_each import compare_each
from calcbench.harness.request import Request
from calcbench.operators import Operator
from calcbench.problem.arguments import check_function
from calcbench.problem.size import SizeLike
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record
from calcbench.report.columns import comparison_columns, to_pandas, to_polars
from calcbench.report.comparison import as_html, as_text


@dataclass(frozen=True)
class Comparison:
    """The records of a comparison. It prints as tables, in a terminal and in a notebook."""

    records: tuple[Record, ...]
    columns: Literal["short", "all"] = "short"
    """What is printed: value, digits, verdict and time, or what these are measured against too."""

    def wide(self) -> Comparison:
        """Return the same comparison, to be printed with all columns, as by `--wide`."""
        return replace(self, columns="all")

    @property
    def ok(self) -> bool:
        """Whether nothing disagreed and nothing failed."""
        return not any(record.status.failed for record in self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def to_pandas(self) -> Any:
        """Give a `pandas.DataFrame` with a row per record: cell, verdict, accuracy, times.

        Of one problem, the components of its result too. Raises `NotInstalled` without pandas.
        """
        return to_pandas(comparison_columns(self.records))

    def to_polars(self) -> Any:
        """Give a `polars.DataFrame` with a row per record: cell, verdict, accuracy, times.

        Of one problem, the components of its result too. Raises `NotInstalled` without Polars.
        """
        return to_polars(comparison_columns(self.records))

    def __str__(self) -> str:
        """Write the tables as plain text."""
        return as_text(self.records, wide=self.columns == "all")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.records, wide=self.columns == "all")


def compare(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    operator: str | Operator | None = None,
    direction: Mapping[str, Any] | None = None,
    size: SizeLike | None = None,
    seed: int = 0,
    dtype: str | None = None,
    timed: bool = True,
    certify: str | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Differentiate problems by backends; judge who agrees, to how many digits; time one call.

    Without `problems`, the default ones; without `backends`, those too, in their default modes;
    `"all"` is every backend that there is. `at` needs a single problem. A missing framework is an
    error if its backend was asked for by name, and a record (`not_installed`) otherwise. `dtype`
    applies to every backend. `operator` asks for something else than the gradient (the Jacobian,
    of a vector-valued problem), such as `"hessian"` (see `calcbench.operators`); where a problem or
    backend has none, its record is `skipped`. Products are taken with `direction` (a single
    problem's), or with a random one. `certify` is `"full"` for the truth over all rows of the data,
    `"sample"` for some of them, `"none"` for a vote; by default an estimate of the time decides.

    Raises what `gradient` raises, for bad input; what a backend gets wrong is a record.
    """
    request = Request(
        problems, backends, at, operator, direction, size, seed, dtype, timed, certify
    )
    check_function("progress", progress)
    batches = compare_each(request, progress)
    return Comparison(tuple(record for batch in batches for record in batch))


def verify(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    **options: Any,
) -> Comparison:
    """Compare without timing: agreement alone. `.ok` says whether nothing is wrong.

    `options` are those of `compare`.
    """
    return compare(problems, backends, at, timed=False, **options)
