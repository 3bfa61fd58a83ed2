"""The tables of a comparison: one per problem, and a summary."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from calcbench.record.record import Record, Status
from calcbench.report.tables import (
    GAP,
    NAME_WIDTH,
    NOTHING,
    PIPED_WIDTH,
    Cell,
    Column,
    Table,
    as_markup,
    draw,
    duration,
    room,
)

if TYPE_CHECKING:
    pass


def comparison(records: Sequence[Record], width: int = PIPED_WIDTH) -> Table:
    """One problem: a row per backend, with components, digits, verdict and times."""
    if not records:
        return Table("nothing to compare", ["backend"], [])
    labels, form = _components(records)
    total = sum(int(np.prod(shape)) for shape in form.values())
    truth = records[0].reference

    def column(name: str, cells: Iterable[Cell], certified: str = "") -> Column:
        """A column; its first entry is the reference's, if there is one."""
        return name, [*([Cell(certified)] if truth else []), *cells]

    before = [column("backend", (Cell(r.backend or NOTHING) for r in records), "reference")]
    after = [
        column("digits", (Cell(_number(r.digits)) for r in records), _certified(records[0])),
        column("median", (Cell(_number(r.digits_median)) for r in records)),
        column("needed", (Cell(_number(_needed(r))) for r in records)),
        column("ulp", (Cell(_ulps(r.ulps)) for r in records)),
        column("verdict", (Cell(_verdict(r), r.status) for r in records), "certified"),
        column("prepare", (Cell(duration(r.seconds.get("prepare"))) for r in records)),
        column("call", (Cell(duration(r.seconds.get("call"))) for r in records)),
    ]
    timed = any("call" in record.seconds for record in records)
    after = [c for c in after if timed or c[0] not in ("prepare", "call")]
    partials = [
        column(
            label,
            (Cell(_component(record.value, form, k)) for record in records),
            _component(truth, form, k).replace("nan", NOTHING),  # where there is no derivative
        )
        for k, label in enumerate(labels)
    ]
    shown = partials[:1]
    # A long selector breaks, rather than keep partials out.
    names_room = min(room(before, natural=True), max(room(before), NAME_WIDTH))
    kept = [entry for entry in after if entry[0] not in ("median", "prepare")]
    for partial in partials[1:]:
        if names_room + GAP + room([*shown, partial, *kept], natural=True) > width:
            break
        shown.append(partial)
    for least_missed in ("median", "prepare", "ulp", "needed"):
        if room([*before, *shown, *after]) > width:
            after = [entry for entry in after if entry[0] != least_missed]
    notes = _directions(records[0]) + _methods(records) + _reasons(records)
    notes += [records[0].judged] if records[0].judged else []
    notes += _condition(records[0])
    notes += [f"{r.backend}: {r.proof}" for r in records if r.proof not in ("", "proved")]
    if total > len(shown):
        more = total - len(shown)
        what = "partial" if records[0].operator == "gradient" else "component"
        plural = "s" if more > 1 else ""
        notes.append(f"… and {more:,} more {what}{plural} (--json gives all)")
    columns = [*before, *shown, *after]
    rows = list(zip(*(cells for _, cells in columns), strict=True))
    return Table(_title(records[0]), [name for name, _ in columns], rows, notes)


def summary(records: Sequence[Record]) -> Table:
    """Every problem: the digits to which each backend agrees, or what kept it from that."""
    backends = list(dict.fromkeys(r.backend for r in records if r.backend))
    rows = []
    for problem, group in _by_problem(records):
        found = {record.backend: record for record in group}
        refused = found.get("")
        rows.append(
            [Cell(problem)]
            + [_digits(found.get(backend, refused)) for backend in backends]
            + [Cell(next((r.proof for r in found.values() if r.proof), NOTHING).split(":")[0])]
        )
    return Table("digits of agreement", ["problem", *backends, "formula"], rows, [count(records)])


def count(records: Sequence[Record]) -> str:
    """One sentence: how many results, how many agree, and what the others did."""
    problems = len({record.problem for record in records})
    number = {status: sum(r.status is status for r in records) for status in Status}
    ran = number[Status.OK] + number[Status.DISAGREE]
    what = "gradients" if {r.operator for r in records} == {"gradient"} else "results"
    parts = [f"{number[Status.OK]} of {ran} {what} agree, over {problems} problems"]
    parts += [
        f"{number[status]} {status.value.replace('_', ' ')}"
        for status in Status
        if number[status] and status not in (Status.OK, Status.DISAGREE)
    ]
    proved = sum(record.proof == "proved" for record in records)
    stated = sum(record.proof != "" for record in records)
    if stated:
        parts.append(f"{proved} of {stated} hand-derived formulas proved")
    return "; ".join(parts) + "."


def as_text(records: Sequence[Record], width: int = PIPED_WIDTH) -> str:
    """All tables as plain text."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=False)
    for table in _tables(records, width):
        draw(table, console)
    return out.getvalue().rstrip() + "\n"


def as_html(records: Sequence[Record]) -> str:
    """All tables as HTML, for a notebook."""
    return "\n".join(as_markup(table) for table in _tables(records, PIPED_WIDTH))


def _tables(records: Sequence[Record], width: int) -> Iterable[Table]:
    groups = _by_problem(records)
    for _, group in groups:
        yield comparison(group, width)
    if len(groups) > 1:
        yield summary(records)


def _by_problem(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    return [(name, list(group)) for name, group in groupby(records, key=lambda r: r.problem)]


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


Form = dict[str, tuple[int, ...]]
"""Name → shape of the arrays of a result."""


def _components(records: Sequence[Record]) -> tuple[tuple[str, ...], Form]:
    """What the first components of the first result that there is are called, and its form."""
    for record in records:
        if record.value is not None:
            return record.labels, _form(record.value)
    return (), {}


def _form(value: Mapping[str, np.ndarray]) -> Form:
    return {name: array.shape for name, array in value.items()}


def _component(value: Mapping[str, np.ndarray] | None, form: Form, position: int) -> str:
    """One number of a result; nothing for a result of another form than the first one's."""
    if value is None or _form(value) != form:
        return NOTHING
    for array in value.values():
        if position < array.size:
            return f"{array.flat[position] + 0.0:.9g}"  # −0 is 0
        position -= array.size
    return NOTHING


def _number(digits: float | None) -> str:
    return NOTHING if digits is None else f"{digits:.1f}"


def _certified(record: Record) -> str:
    """To how many digits the reference is proved."""
    if record.certified_digits is None:
        return NOTHING
    return "exact" if np.isinf(record.certified_digits) else f"{record.certified_digits:.0f}"


def _needed(record: Record) -> float | None:
    """The digits that the bound demands, in the sense in which digits are counted."""
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
    """The direction that a product was taken with."""
    what = "cotangent" if record.operator == "pullback" else "direction"
    told = ", ".join(f"{name} = {_value(value)}" for name, value in record.direction.items())
    return [f"{what}: {told}"] if told else []


def _methods(records: Sequence[Record]) -> list[str]:
    """How each backend took the derivative, where there is more than one way to think of."""
    ways: dict[str, list[str]] = {}
    for record in records:
        if record.method and record.operator != "gradient":
            ways.setdefault(record.method, []).append(record.backend)
    return [f"{', '.join(names)}: {method}" for method, names in ways.items()]


def _reasons(records: Sequence[Record]) -> list[str]:
    """Each reason once, after the names of those whom it concerns, if it does not name them."""
    concerned: dict[str, list[str]] = {}
    for record in records:
        if record.reason:
            concerned.setdefault(record.reason, []).append(record.backend or record.problem)
    return [
        reason
        if reason.startswith((f"backend {names[0]!r}", f"problem {names[0]!r}"))
        else f"{', '.join(names)}: {reason}"
        for reason, names in concerned.items()
    ]


def _verdict(record: Record) -> str:
    text = record.status.value.replace("_", " ")
    proved = record.proof == "proved" and record.status is Status.OK
    return f"{text}, proved" if proved else text


def _digits(record: Record | None) -> Cell:
    if record is None:
        return Cell(NOTHING)
    if record.status is Status.OK and record.digits is not None:
        return Cell(_number(record.digits), record.status)
    return Cell(record.status.value.replace("_", " "), record.status)
