"""How far backends agree: a table of every problem, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from calcbench.record.record import Record, Status
from calcbench.report.numbers import NOTHING, format_digits
from calcbench.report.tables.table import Entry, Table

NOT_TRIED = (Status.SKIPPED, Status.NOT_INSTALLED)
"""What does not count: there was nothing that could agree."""

SEVERAL = {
    Status.DISAGREE: "disagree",
    Status.IMPRECISE: "imprecise",
    Status.ERROR: "errors",
    Status.TIMEOUT: "timeouts",
    Status.CRASH: "crashes",
    Status.OUT_OF_MEMORY: "out of memory",
    Status.SKIPPED: "skipped",
    Status.NOT_INSTALLED: "not installed",
}
"""What results did that do not agree, as it is written of several."""

PROOFS = ("proved", "not proved", "refuted")
"""What a proof begins with; for which data, or in which component, may follow."""

KINDS = {"gradient": "gradients", "jacobian": "Jacobians"}
"""Operators that results are named after."""


def summary(records: Sequence[Record]) -> Table:
    """Tabulate every problem: to how many digits each backend agrees, or why it does not."""
    backends = list(dict.fromkeys(r.backend for r in records if r.backend))
    rows: list[list[Entry]] = []
    narrow: dict[str, list[str]] = {}
    for problem, group in by_problem(records):
        found = {record.backend: record for record in group}
        refused = found.get("")
        told = next((r.proof for r in group if r.proof), NOTHING).split(":")[0]
        proof = next((word for word in PROOFS if told.startswith(word)), told)
        if told != proof:  # said below the table, where there is room for it
            narrow.setdefault(told, []).append(problem)
        digits = [_digits(found.get(backend, refused)) for backend in backends]
        rows.append([Entry(problem), *digits, Entry(proof)])
    notes = [f"{proof}: {', '.join(names)}" for proof, names in narrow.items()]
    heads = ["problem", *backends, "formula"]
    return Table("digits of agreement", heads, rows, [*notes, count(records)])


def count(records: Sequence[Record]) -> str:
    """Say in a sentence how many results agree of all that should, and what the others did."""
    problems = len({record.problem for record in records})
    number = {status: sum(r.status is status for r in records) for status in Status}
    tried = len(records) - sum(number[status] for status in NOT_TRIED)
    parts = [f"{number[Status.OK]} of {tried} {_what(records)} agree, over {problems} problems"]
    parts += [
        f"{number[status]} {status.words if number[status] == 1 else SEVERAL[status]}"
        for status in SEVERAL
        if number[status]
    ]
    return "; ".join([*parts, *_count_proofs(records)]) + "."


def _what(records: Sequence[Record]) -> str:
    """Name what was compared: gradients, Jacobians, or results of several kinds."""
    operators = {record.operator for record in records}
    if operators <= set(KINDS):
        return " and ".join(word for name, word in KINDS.items() if name in operators)
    return "results"


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
