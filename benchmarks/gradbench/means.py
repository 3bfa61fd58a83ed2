"""The means over all races of a page, whose tables may be of several runs.

python benchmarks/gradbench/means.py docs/gradbench.md
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from contenders import BY_HAND
from table import HEAD, format_number

Races = dict[str, dict[str, float]]
"""Race → contender → its time over calcbench's fastest."""

PEERS = ("GradBench jax", "GradBench pytorch", "GradBench tensorflow")

LISTED = 3
"""Races in which calcbench is behind that are named, and not only counted."""


def read_races(page: str) -> Races:
    """Read the tables of a page, as `table.write_table` writes them."""
    races: Races = {}
    name, inside = "", False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif line == HEAD.splitlines()[0]:
            inside = True
        elif inside and not line.startswith("|---"):
            name = cells[0] or name
            races.setdefault(name, {})[cells[1]] = _read_ratio(cells[3])
    return races


def _read_ratio(cell: str) -> float:
    """Read the median of a ratio with its interval: `2.1 (2.0 to 2.3)`."""
    return float(cell.split(" (")[0].replace(",", ""))


def write_means(races: Races) -> str:
    """Write a row for each peer: the mean, and where calcbench is behind."""
    rows = [
        *(_row(f"GradBench's {name}", _against(races, peer)) for name, peer in _named(PEERS)),
        _row("all three together", [pair for peer in PEERS for pair in _against(races, peer)]),
        _row("C++ by hand, without ode", _against(races, BY_HAND, _differentiated)),
        _row("C++ by hand, without ode and det", _against(races, BY_HAND, _same_algorithm)),
    ]
    head = "| against | races | times as fast | behind in |\n|---|---|---|---|\n"
    return head + "".join(rows)


def _named(peers: Iterable[str]) -> list[tuple[str, str]]:
    names = {"GradBench jax": "JAX (ode and hello in its float32)"}
    names |= {"GradBench pytorch": "PyTorch", "GradBench tensorflow": "TensorFlow"}
    return [(names[peer], peer) for peer in peers]


def _differentiated(race: str) -> bool:
    """Leave out the C++ that is a closed form."""
    return not race.startswith("ode")


def _same_algorithm(race: str) -> bool:
    """Leave out as well what calcbench computes by another algorithm."""
    return _differentiated(race) and not race.startswith("det")


def _against(
    races: Races, peer: str, kept: Callable[[str], bool] = lambda race: True
) -> list[tuple[str, float]]:
    """List the races of a peer, with its time over calcbench's fastest."""
    return [(race, of[peer]) for race, of in races.items() if peer in of and kept(race)]


def _row(against: str, ratios: list[tuple[str, float]]) -> str:
    mean = math.exp(sum(math.log(ratio) for _, ratio in ratios) / len(ratios)) if ratios else 0.0
    behind = [f"`{race}`" for race, ratio in ratios if ratio < 1]
    told = ", ".join(behind) if len(behind) <= LISTED else str(len(behind))
    return f"| {against} | {len(ratios)} | {format_number(mean)} | {told or 'none'} |\n"


if __name__ == "__main__":
    print(write_means(read_races(Path(sys.argv[1]).read_text("utf-8"))), end="")
