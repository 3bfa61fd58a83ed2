"""The means over all races of a page, whose tables may be of several runs.

python benchmarks/gradbench/means.py docs/gradbench.md

writes them into the page. `hello` is left out: it measures what a call takes, and nothing else.
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

BEGIN, END = "<!-- means: begin -->", "<!-- means: end -->"

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
        *(_row(f"all three together{but}", _all(races, kept)) for but, kept in ALL),
        _row("C++ by hand, without ode", _against(races, BY_HAND, _differentiated)),
        _row("C++ by hand, without ode and det", _against(races, BY_HAND, _same_algorithm)),
    ]
    head = "| against | races | times as fast | behind in |\n|---|---|---|---|\n"
    return head + "".join(rows)


def _all(races: Races, kept: Callable[[str], bool]) -> list[tuple[str, float]]:
    return [pair for peer in PEERS for pair in _against(races, peer, kept)]


def _named(peers: Iterable[str]) -> list[tuple[str, str]]:
    names = {"GradBench jax": "JAX (ode in its float32)"}
    names |= {"GradBench pytorch": "PyTorch", "GradBench tensorflow": "TensorFlow"}
    return [(names[peer], peer) for peer in peers]


def _differentiating(race: str) -> bool:
    """Leave out the race that measures calls alone."""
    return not race.startswith("hello")


def _in_arrays(race: str) -> bool:
    """Leave out as well where GradBench's tools loop in Python."""
    return _differentiating(race) and not race.startswith(("lstm", "ba", "ht"))


def _differentiated(race: str) -> bool:
    """Leave out the C++ that is a closed form."""
    return not race.startswith("ode")


def _same_algorithm(race: str) -> bool:
    """Leave out as well what calcbench computes by another algorithm."""
    return _differentiated(race) and not race.startswith("det")


def _against(
    races: Races, peer: str, kept: Callable[[str], bool] = _differentiating
) -> list[tuple[str, float]]:
    """List the races of a peer, with its time over calcbench's fastest."""
    return [(race, of[peer]) for race, of in races.items() if peer in of and kept(race)]


def _row(against: str, ratios: list[tuple[str, float]]) -> str:
    mean = math.exp(sum(math.log(ratio) for _, ratio in ratios) / len(ratios)) if ratios else 0.0
    behind = [f"`{race}`" for race, ratio in ratios if ratio < 1]
    told = ", ".join(behind) if len(behind) <= LISTED else str(len(behind))
    return f"| {against} | {len(ratios)} | {_format_mean(mean)} | {told or 'none'} |\n"


def _format_mean(mean: float) -> str:
    """Format a mean to two decimals, where a ratio of a single race has two digits."""
    return f"{mean:.2f}" if mean < 9.95 else format_number(mean)


ALL = (("", _differentiating), (", without lstm, ba and ht", _in_arrays))
"""What the mean over all tools is taken of, in words → the races."""


def write_into(page: str) -> str:
    """Write the means of a page's races between its marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{write_means(read_races(page))}\n{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(write_into(path.read_text("utf-8")), "utf-8")
