"""`cb.check` beside the checkers that the frameworks have: what each finds, and what it costs.

All of a framework get the same cases: seven faults in a rule; one component of the gradient of a
random function, wrong; and right gradients at random points, where to say "wrong" is a false alarm.
With UPDATE_DOCS=1 the table of docs/check.md is written anew:

    UPDATE_DOCS=1 pytest -s benchmarks/test_checkers.py --points 2000
"""

import datetime
import importlib
import importlib.metadata
import os
import platform
import re
import textwrap
from pathlib import Path

import pytest
from checkers import FAULTS
from checkers.measuring import SHARP, SIZES, measure
from vocabulary.page import write

PAGE = Path(__file__).parents[1] / "docs" / "check.md"

SIDES = {"numpy": "scipy", "torch": "torch", "jax": "jax", "tensorflow": "tensorflow"}
"""Framework, of which there is `checkers/<framework>_side.py` → the package that it needs."""


@pytest.fixture(scope="module")
def tables():
    """Collect what was measured; at the end, show it, and write it where that is asked for."""
    found = []
    yield found
    if found:
        print(f"\n{describe(found)}")
    if os.environ.get("UPDATE_DOCS"):
        write(PAGE, "checkers", describe(found))


@pytest.mark.parametrize("name", SIDES)
def test_checkers(benchmark, pytestconfig, tables, name):
    pytest.importorskip(SIDES[name])
    pytest.importorskip("torch", reason="gradients of random NumPy functions are torch's")
    side = importlib.import_module(f"checkers.{name}_side")
    benchmark.group = "checkers"
    with side.settings():
        table = benchmark.pedantic(
            measure, (side, pytestconfig.getoption("points")), rounds=1, iterations=1
        )
    tables.append(table)
    ours = table.rows[-1]
    assert all(row.right for row in table.rows)
    assert ours.faults == set(FAULTS)
    assert table.missed == []
    assert ours.alarms == []


# --- the table ------------------------------------------------------------------------------------


def describe(tables):
    """Write the table, and below it what it was measured with."""
    heads = ["", "7 faults", *SIZES, "false alarms", "no verdict", "each", "large"]
    lines = [heads, ["---"] * len(heads)]
    for table in tables:
        lines += [_cells(table, row) for row in table.rows]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{text}\n\n{_counted(tables)}\n\n{_measured(tables)}"


def _cells(table, row):
    name = row.name if row.name == "calcbench" else f"`{row.name}`"
    return [
        f"{table.side.NAME}: {name}",
        f"{len(row.faults)}",
        *(f"{found}" for found in row.found.values()),
        f"{len(row.alarms)} of {row.asked:,}",
        f"{row.silent}",
        f"{1e3 * row.seconds / row.asked:.1f} ms",
        "–" if row.large is None else f"{row.large:.2g} s",
    ]


def _counted(tables):
    components = _each(tables, lambda table: table.components)
    sharp = _each(tables, lambda table: f"{table.sharp} of {table.components}")
    return _wrapped(
        f"Wrong components: {components} of each size. The "
        f"allowance was below {SHARP:g} of the component in {sharp} cases, and in each of these "
        f"calcbench found the error, whatever its size."
    )


def _each(tables, tell):
    """Say something of each framework, or once what is the same of all."""
    told = [f"{tell(table)}" for table in tables]
    if len({*told}) == 1:
        return told[0]
    return ", ".join(f"{each} ({t.side.NAME})" for each, t in zip(told, tables, strict=True))


def _measured(tables):
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("calcbench", *(v for table in tables for v in table.side.VERSIONS))
    ]
    return _wrapped(
        f"Measured on {datetime.date.today():%d %B %Y}, {_processor()}, "
        f"Python {platform.python_version()}, {', '.join(versions)}."
    )


def _processor():
    """Name the processor, and count what of it there is."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else []
    name = names[0].strip() if names else platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores ({name})"


def _wrapped(text):
    return textwrap.fill(text, 100)
