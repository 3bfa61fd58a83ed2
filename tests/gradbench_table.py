"""The table of docs/gradbench.md: every backend on every evaluation, agreed or the reason.

`UPDATE_DOCS=1 pytest -m "" tests/problems/test_gradbench_problems.py -k written` writes it anew, of
what `calcbench compare gradbench -b all` gives, in minutes.
"""

import itertools
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "gradbench.md"
BEGIN, END = "<!-- agreed: begin -->", "<!-- agreed: end -->"


def write(records):
    """Write the table of records, as JSON has them."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(records)}\n\n{END}{after}", "utf-8")


def read():
    """Read (problem, backend) → the cell, off the page."""
    text = PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0]
    head, _, *rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return {
        (row[0], name): cell for row in rows for name, cell in zip(head[1:], row[1:], strict=True)
    }


def table(records):
    """A row per problem, a column per backend: digits, or a dash; the reasons stand below."""
    backends = list(dict.fromkeys(record["backend"] for record in records))
    lines = [f"| Problem | {' | '.join(f'`{name}`' for name in backends)} |"]
    lines.append("|---" * (len(backends) + 1) + "|")
    for problem, group in itertools.groupby(records, lambda record: record["problem"]):
        found = {record["backend"]: cell(record) for record in group}
        lines.append(f"| `{problem}` | {' | '.join(found[name] for name in backends)} |")
    return "\n".join([*lines, "", *reasons(records)])


def cell(record):
    """Digits of agreement, in bold where the formula is proved; or a dash."""
    if record["status"] != "ok":
        return "–"
    digits = f"{record['digits']:.1f}"
    return f"**{digits}**" if record["proof"].startswith("proved") else digits


def reasons(records):
    """List why there is a dash: the backend, the problems, and the reason that they share."""
    shared = {}
    for record in records:
        if record["status"] != "ok":
            shared.setdefault((record["backend"], reason(record)), []).append(record["problem"])
    return [
        f"- `{backend}`, {', '.join(f'`{name}`' for name in names)}: {why}"
        for (backend, why), names in shared.items()
    ]


def reason(record):
    """Word why there is no result, the same for a gradient and a Jacobian."""
    if record["status"] == "skipped":
        return record["reason"].replace("gradient", "formula").replace("Jacobian", "formula")
    return f"{record['status']}, {record['reason']}"
