"""The tables of a comparison: one per problem, and a summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np

from calcbench.record.record import Record, Status
from calcbench.report.groups import group_by
from calcbench.report.numbers import NOTHING, format_digits, format_duration, plural
from calcbench.report.tables.html import write_html
from calcbench.report.tables.table import Column, Entry, Table
from calcbench.report.tables.text import write_text
from calcbench.report.tables.widths import (
    NAME_WIDTH,
    PIPED_WIDTH,
    least_width,
    line_width,
    natural_width,
)

LEAST_MISSED = ("median", "prepare", "ulp", "needed")
"""Columns that give way, in this order, where a table is too wide."""

BEHIND_PARTIALS = ("median", "prepare")
"""Columns that give way even to one more partial derivative."""

Form = dict[str, tuple[int, ...]]
"""Name → shape of the arrays of a result."""


def comparison(records: Sequence[Record], width: int = PIPED_WIDTH) -> Table:
    """Tabulate one problem: a row per backend, with components, digits, verdict and times.

    The first row is the certified result, where there is one. As many components stand in it as
    fit into `width` characters; the first one always does.
    """
    if not records:
        return Table("nothing to compare", ["backend"], [])
    names = _column(records, "backend", lambda r: Entry(r.backend or NOTHING), "reference")
    components, others = _components(records), _judgement(records)
    fitting = _fit_components(names, components, others, width)
    columns = _drop_least_missed([names, *fitting, *others], width)
    hidden = _count_components(records) - len(fitting)
    return Table.of_columns(_title(records[0]), columns, _notes(records, hidden))


def summary(records: Sequence[Record]) -> Table:
    """Tabulate every problem: to how many digits each backend agrees, or why it does not."""
    backends = list(dict.fromkeys(r.backend for r in records if r.backend))
    rows = []
    for problem, group in _by_problem(records):
        found = {record.backend: record for record in group}
        refused = found.get("")
        rows.append(
            [Entry(problem)]
            + [_digits(found.get(backend, refused)) for backend in backends]
            + [Entry(next((r.proof for r in found.values() if r.proof), NOTHING).split(":")[0])]
        )
    return Table("digits of agreement", ["problem", *backends, "formula"], rows, [count(records)])


def count(records: Sequence[Record]) -> str:
    """Say in a sentence how many results agree, and what the others did."""
    problems = len({record.problem for record in records})
    number = {status: sum(r.status is status for r in records) for status in Status}
    ran = number[Status.OK] + number[Status.DISAGREE]
    what = "gradients" if {r.operator for r in records} == {"gradient"} else "results"
    parts = [f"{number[Status.OK]} of {ran} {what} agree, over {problems} problems"]
    parts += [
        f"{number[status]} {_words(status)}"
        for status in Status
        if number[status] and status not in (Status.OK, Status.DISAGREE)
    ]
    return "; ".join([*parts, *_count_proofs(records)]) + "."


def as_text(records: Sequence[Record], width: int = PIPED_WIDTH) -> str:
    """Write all tables as plain text."""
    return write_text(_tables(records, width), width)


def as_html(records: Sequence[Record]) -> str:
    """Write all tables as HTML, for a notebook."""
    return write_html(_tables(records, PIPED_WIDTH))


def _count_proofs(records: Sequence[Record]) -> list[str]:
    formulas = [record.proof for record in records if record.proof]
    proved = formulas.count("proved")
    return [f"{proved} of {len(formulas)} hand-derived formulas proved"] if formulas else []


def _tables(records: Sequence[Record], width: int) -> Iterable[Table]:
    groups = _by_problem(records)
    for _, group in groups:
        yield comparison(group, width)
    if len(groups) > 1:
        yield summary(records)


def _by_problem(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    return [(name, list(group)) for name, group in groupby(records, key=lambda r: r.problem)]


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


def _judgement(records: Sequence[Record]) -> list[Column]:
    """Make the columns that say how right each result is, and how quick if that was timed."""

    def column(name: str, text: Callable[[Record], str], reference: str = "") -> Column:
        return _column(records, name, lambda record: Entry(text(record)), reference)

    right = [
        column("digits", lambda r: format_digits(r.digits), _certified(records[0])),
        column("median", lambda r: format_digits(r.digits_median)),
        column("needed", lambda r: format_digits(_needed(r))),
        column("ulp", lambda r: _ulps(r.ulps)),
        _column(records, "verdict", lambda r: Entry(_verdict(r), r.status), "certified"),
    ]
    quick = [
        column("prepare", lambda r: format_duration(r.seconds.get("prepare"))),
        column("call", lambda r: format_duration(r.seconds.get("call"))),
    ]
    return right + (quick if any("call" in record.seconds for record in records) else [])


def _fit_components(
    names: Column, components: Sequence[Column], others: Sequence[Column], width: int
) -> list[Column]:
    """Take the first component, and as many more as fit beside what is never left out."""
    # A long selector breaks, rather than keep components out.
    name_width = min(natural_width(names), max(least_width(names), NAME_WIDTH))
    kept = [natural_width(column) for column in others if column.name not in BEHIND_PARTIALS]
    found = list(components[:1])
    for component in components[1:]:
        widths = map(natural_width, [*found, component])
        if line_width([name_width, *widths, *kept]) > width:
            break
        found.append(component)
    return found


def _drop_least_missed(columns: Sequence[Column], width: int) -> list[Column]:
    """Leave columns out, until the others fit where everything breaks that may."""
    kept = list(columns)
    for name in LEAST_MISSED:
        if line_width(map(least_width, kept)) > width:
            kept = [column for column in kept if column.name != name]
    return kept


def _notes(records: Sequence[Record], hidden: int) -> list[str]:
    """Say below the table what it cannot say in a cell."""
    first = records[0]
    return [
        *_directions(first),
        *_methods(records),
        *_reasons(records),
        *([first.judged] if first.judged else []),
        *_condition(first),
        *(f"{r.backend}: {r.proof}" for r in records if r.proof not in ("", "proved")),
        *_hidden(first, hidden),
    ]


def _title(record: Record) -> str:
    place = ", ".join(f"{name} = {_value(value)}" for name, value in record.at.items())
    size = f", size {record.size:,}" if record.size > 1 else ""
    what = "" if record.operator == "gradient" else f": {record.operator}"
    return f"{record.problem}{what}{f' at {place}' if place else ''}{size}"


def _value(value: np.ndarray) -> str:
    if value.ndim == 0:
        return f"{value:.6g}"
    if value.size <= 3:
        return np.array2string(value, separator=", ", formatter={"float": "{:.6g}".format})
    return f"[{value.flat[0]:.4g}, … {value.size} values]"


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


def _needed(record: Record) -> float | None:
    """Count the digits that the bound demands, as digits of a result are counted."""
    if record.bound is None or record.value is None:
        return None
    reference = record.reference or record.value
    largest = max(float(np.max(np.abs(partial))) for partial in reference.values())
    allowed = max(float(np.max(bound)) for bound in record.bound.values())
    if not (0 < largest < np.inf and 0 < allowed < np.inf):
        return None
    return max(0.0, -float(np.log10(allowed / largest)))


def _ulps(ulps: float | None) -> str:
    if ulps is None:
        return NOTHING
    return f"{ulps:.0f}" if ulps < 1000 else f"{ulps:.0e}"


def _condition(record: Record) -> list[str]:
    if record.condition is None:
        return []
    return [f"condition number of the {record.operator}: {record.condition:.2g}"]


def _directions(record: Record) -> list[str]:
    """Say with which direction a product was taken."""
    what = "cotangent" if record.operator == "pullback" else "direction"
    values = ", ".join(f"{name} = {_value(value)}" for name, value in record.direction.items())
    return [f"{what}: {values}"] if values else []


def _methods(records: Sequence[Record]) -> list[str]:
    """Say how each backend took the derivative, where there are several ways to do so."""
    several = [r for r in records if r.method and r.operator != "gradient"]
    ways = group_by(several, lambda record: record.method)
    return [f"{', '.join(r.backend for r in those)}: {way}" for way, those in ways.items()]


def _reasons(records: Sequence[Record]) -> list[str]:
    """Give each reason once, after the names of those whom it concerns, unless it names them."""
    failures = group_by((r for r in records if r.reason), lambda record: record.reason)
    return [
        _reason(reason, [record.backend or record.problem for record in those])
        for reason, those in failures.items()
    ]


def _reason(reason: str, names: Sequence[str]) -> str:
    if reason.startswith((f"backend {names[0]!r}", f"problem {names[0]!r}")):
        return reason
    return f"{', '.join(names)}: {reason}"


def _hidden(record: Record, number: int) -> list[str]:
    """Say how many components the table leaves out."""
    if number <= 0:
        return []
    what = "partial" if record.operator == "gradient" else "component"
    return [f"… and {number:,} more {plural(number, what)} (--json gives all)"]


def _verdict(record: Record) -> str:
    text = _words(record.status)
    proved = record.proof == "proved" and record.status is Status.OK
    return f"{text}, proved" if proved else text


def _digits(record: Record | None) -> Entry:
    if record is None:
        return Entry(NOTHING)
    if record.status is Status.OK and record.digits is not None:
        return Entry(format_digits(record.digits), record.status)
    return Entry(_words(record.status), record.status)


def _words(status: Status) -> str:
    """Write a status as words: `out of memory`."""
    return status.value.replace("_", " ")
