"""How far backends agree: a table of every problem, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from calcbench.record.record import Record, Status
from calcbench.report.numbers import NOTHING, format_digits
from calcbench.report.tables.table import Entry, Table


def summary(records: Sequence[Record]) -> Table:
    """Tabulate every problem: to how many digits each backend agrees, or why it does not."""
    backends = list(dict.fromkeys(r.backend for r in records if r.backend))
    rows = []
    for problem, group in by_problem(records):
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
        f"{number[status]} {status.words}"
        for status in Status
        if number[status] and status not in (Status.OK, Status.DISAGREE)
    ]
    return "; ".join([*parts, *_count_proofs(records)]) + "."


def by_problem(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """Group the records of one problem after another."""
    return [(name, list(group)) for name, group in groupby(records, key=lambda r: r.problem)]


def _count_proofs(records: Sequence[Record]) -> list[str]:
    formulas = [record.proof for record in records if record.proof]
    proved = sum(proof.startswith("proved") for proof in formulas)
    return [f"{proved} of {len(formulas)} hand-derived formulas proved"] if formulas else []


def _digits(record: Record | None) -> Entry:
    if record is None:
        return Entry(NOTHING)
    if record.status is Status.OK and record.digits is not None:
        return Entry(format_digits(record.digits), record.status)
    return Entry(record.status.words, record.status)
