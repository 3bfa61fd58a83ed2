"""The table of a comparison: one problem, a row per backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from calcbench.errors import printable
from calcbench.record.record import Record, Status
from calcbench.report.agreement import by_problem, summary
from calcbench.report.comparison_notes import format_values, notes
from calcbench.report.numbers import NOTHING, format_digits, format_duration
from calcbench.report.tables.html import write_html
from calcbench.report.tables.table import Column, Entry, Table
from calcbench.report.tables.text import write_text
from calcbench.report.tables.widths import (
    PIPED_WIDTH,
    block_width,
    line_width,
    natural_width,
)

SHORT = ("digits", "verdict", "time")
"""What is said of each result where no more is asked for."""

Form = dict[str, tuple[int, ...]]
"""Name → shape of the arrays of a result."""


def comparison(
    records: Sequence[Record],
    width: int = PIPED_WIDTH,
    *,
    wide: bool = False,
    judged: bool = True,
) -> Table:
    """Tabulate one problem: a row per backend, with components, digits, verdict and time.

    The first row is the certified result, where there is one. As many components stand in it as
    fit into `width` characters; the first one always does. With `wide`, the table also has what
    the digits and the time are measured against, and its notes what was measured besides. A draft,
    which is not `judged`, has no verdicts yet.
    """
    if not records:
        return Table("nothing to compare", ["backend"], [])
    names = _column(records, "backend", lambda r: Entry(r.backend or NOTHING), "reference")
    judgement = _judgement(records, _verdict if judged else _no_verdict)
    short = [column for column in judgement if column.name in SHORT]
    fitting = _fit_components(names, _components(records), short, width)
    hidden = _count_components(records) - len(fitting)
    below = notes(records, hidden, wide=wide)
    others = judgement if wide else short
    return Table.of_columns(_title(records[0]), [names, *fitting, *others], below)


def as_text(records: Sequence[Record], width: int = PIPED_WIDTH, *, wide: bool = False) -> str:
    """Write all tables as plain text."""
    return write_text(_tables(records, width, wide), width)


def as_html(records: Sequence[Record], *, wide: bool = False) -> str:
    """Write all tables as HTML, for a notebook."""
    return write_html(_tables(records, PIPED_WIDTH, wide))


def _tables(records: Sequence[Record], width: int, wide: bool) -> Iterable[Table]:
    groups = by_problem(records)
    for _, group in groups:
        yield comparison(group, width, wide=wide)
    if len(groups) > 1:
        yield summary(records)


def _column(
    records: Sequence[Record], name: str, entry: Callable[[Record], Entry], reference: str = ""
) -> Column:
    """Make a column of an entry per record, below the reference's, where there is one."""
    first = [Entry(reference)] if records[0].reference else []
    return Column(name, [*first, *map(entry, records)])


def _components(records: Sequence[Record]) -> list[Column]:
    """Make a column of each component that has a name: of the partials, for a gradient."""
    labels, form = _labels_and_form(records)
    return [_component_column(records, label, form, k) for k, label in enumerate(labels)]


def _component_column(records: Sequence[Record], label: str, form: Form, position: int) -> Column:
    truth = _component(records[0].reference, form, position)
    return _column(
        records,
        label,
        lambda record: Entry(_component(record.value, form, position)),
        truth.replace("nan", NOTHING),  # where there is no derivative
    )


def _judgement(records: Sequence[Record], verdict: Callable[[Record], Entry]) -> list[Column]:
    """Make the columns that say how right each result is, and how quick if that was timed."""

    def column(name: str, text: Callable[[Record], str], reference: str = "") -> Column:
        return _column(records, name, lambda record: Entry(text(record)), reference)

    right = [
        column("digits", lambda r: format_digits(r.digits), _certified(records[0])),
        column("median", lambda r: format_digits(r.digits_median)),
        column("needed", lambda r: format_digits(_needed_digits(r))),
        column("ulp", lambda r: _ulps(r.ulps)),
        _column(records, "verdict", verdict, "certified"),
    ]
    quick = [
        column("prepare", lambda r: format_duration(r.seconds.get("prepare"))),
        column("time", lambda r: format_duration(r.seconds.get("call"))),
    ]
    return right + (quick if any("call" in record.seconds for record in records) else [])


def _fit_components(
    names: Column, components: Sequence[Column], others: Sequence[Column], width: int
) -> list[Column]:
    """Take the first component, and as many more as fit beside what is never left out."""
    # A long selector breaks, rather than keep components out.
    name_width = block_width(names)
    kept = list(map(natural_width, others))
    found = list(components[:1])
    for component in components[1:]:
        widths = map(natural_width, [*found, component])
        if line_width([name_width, *widths, *kept]) > width:
            break
        found.append(component)
    return found


def _title(record: Record) -> str:
    place = format_values(record.at)
    size = f", size {record.size:,}" if record.size > 1 else ""
    what = "" if record.operator == "gradient" else f": {record.operator}"
    data = f", data {printable(record.read_from)}" if record.read_from else ""
    return f"{record.problem}{what}{f' at {place}' if place else ''}{size}{data}"


def _labels_and_form(records: Sequence[Record]) -> tuple[tuple[str, ...], Form]:
    """Take the names of the first components, and the form, of the first result there is."""
    for record in records:
        if record.value is not None:
            return record.labels, _form(record.value)
    return (), {}


def _count_components(records: Sequence[Record]) -> int:
    return sum(int(np.prod(shape)) for shape in _labels_and_form(records)[1].values())


def _form(value: Mapping[str, np.ndarray]) -> Form:
    return {name: array.shape for name, array in value.items()}


def _component(value: Mapping[str, np.ndarray] | None, form: Form, position: int) -> str:
    """Write one number of a result; `–` for a result of another form than the first one's."""
    if value is None or _form(value) != form:
        return NOTHING
    for array in value.values():
        if position < array.size:
            return f"{array.flat[position] + 0.0:.9g}"  # −0 is 0
        position -= array.size
    return NOTHING


def _certified(record: Record) -> str:
    """Write to how many digits the reference is proved."""
    if record.certified_digits is None:
        return NOTHING
    return "exact" if np.isinf(record.certified_digits) else f"{record.certified_digits:.0f}"


def _needed_digits(record: Record) -> float | None:
    """Count the digits that the bound demands, as digits of a result are counted.

    A value, its partials and its second partials are different quantities: where there are several,
    each has a largest component of its own, and the fewest digits count.
    """
    if record.bound is None or record.value is None:
        return None
    reference = record.reference or record.value
    allowed, largest = _largest_by_kind(record, record.bound), _largest_by_kind(record, reference)
    parts = [allowed[kind] / largest[kind] for kind in allowed if 0 < largest[kind] < np.inf]
    widest = max(parts, default=0.0)
    return max(0.0, -float(np.log10(widest))) if 0 < widest < np.inf else None


def _largest_by_kind(record: Record, arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Find the largest number of each kind, of those that there are: partials go by parameter."""
    found: dict[str, float] = {}
    for name, array in arrays.items():
        kind = "partials" if name in record.at else name
        largest = np.max(np.abs(array), where=~np.isnan(array), initial=0.0)
        found[kind] = max(found.get(kind, 0.0), float(largest))
    return found


def _ulps(ulps: float | None) -> str:
    if ulps is None:
        return NOTHING
    return f"{ulps:.0f}" if ulps < 1000 else f"{ulps:.0e}"


def _verdict(record: Record) -> Entry:
    text = record.status.words
    proved = record.proof.startswith("proved") and record.status is Status.OK
    return Entry(f"{text}, proved" if proved else text, record.status)


def _no_verdict(record: Record) -> Entry:
    """Say of a result that it is not judged yet; of what failed, that it did."""
    return Entry("…") if record.status is Status.OK else _verdict(record)
