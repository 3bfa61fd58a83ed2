"""A check of the installation: what is there, what imports, what gives 6 for x² at 3."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from calcbench.backend.backend import Backend
from calcbench.bench.environment import version
from calcbench.catalogue.door import backends, problems
from calcbench.catalogue.selection import ALL
from calcbench.errors import CalcbenchError, SelectorError, first_line, missing, nearest
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.record.record import Status
from calcbench.report.numbers import NOTHING, format_duration
from calcbench.report.tables.table import Entry, Table
from calcbench.report.tables.text import draw as draw_table

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Finding:
    """One backend: its libraries' versions, and whether it gives a right gradient."""

    backend: str
    versions: dict[str, str]
    status: Status
    reason: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Findings:
    """The whole check: the machine, every backend, and the problems that cannot run."""

    machine: dict[str, str]
    backends: list[Finding]
    problems: dict[str, str]
    """Problem → why it cannot be run here; those that can are not named."""

    @property
    def healthy(self) -> bool:
        """Whether everything that is installed works."""
        return not any(finding.status.failed for finding in self.backends)

    def as_json(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return asdict(self)


class Square(Problem):
    """The cost x², whose derivative at 3 is 6."""

    def inputs(self, size: int, rng: Any) -> dict[str, Any]:
        """Give x = 3."""
        return {"x": 3.0}

    def cost(self, xp: Any, x: Any) -> Any:
        """Compute x²."""
        return x**2

    def gradient(self, xp: Any, x: Any) -> dict[str, Any]:
        """Compute 2x."""
        return {"x": 2.0 * x}


def examine(
    progress: Callable[[str], None] = lambda text: None, names: Iterable[str] | None = None
) -> Findings:
    """Import the frameworks of backends and take one gradient with each.

    And with each option that needs a library of its own, where the backend works without. `names`
    are names of backends, or `all`, as without them. Raises `SelectorError` for a name that there
    is not.
    """
    chosen = _resolve([ALL] if names is None else names)
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        ),
        **{name: version(name) for name in ("calcbench", "numpy", "sympy")},
    }
    findings = []
    for name in chosen:
        progress(f"examining {name}")
        findings.append(_examine(name))
        if findings[-1].status is Status.OK:
            findings += [_examine(name, option) for option in _requires_for(name)]
    cards = problems().cards.values()
    return Findings(machine, findings, {card.name: card.missing for card in cards if card.missing})


def draw(findings: Findings, console: Console) -> None:
    """Print what was found."""
    console.print("  ".join(f"{key} {value}" for key, value in findings.machine.items()))
    console.print()
    rows = [
        [
            Entry(finding.backend),
            Entry(", ".join(f"{k} {v}" for k, v in finding.versions.items()) or NOTHING),
            Entry(finding.status.words, finding.status),
            Entry(format_duration(finding.seconds)),
        ]
        for finding in findings.backends
    ]
    notes = [f"{f.backend}: {f.reason}" for f in findings.backends if f.reason]
    notes += [f"problem {name}: {reason}" for name, reason in findings.problems.items()]
    draw_table(Table("backends", ["backend", "libraries", "status", "took"], rows, notes), console)


def _resolve(names: Iterable[str]) -> list[str]:
    """Put every name in the place of `all`, and check the others."""
    found: list[str] = []
    for name in names:
        if name != ALL and name not in backends():
            raise SelectorError(f"no backend {name!r}: {nearest(name, backends())}")
        found += backends() if name == ALL else [name]
    return found


def _slope(backend: Backend) -> float:
    """Take the slope of x² at 3 with a backend."""
    point = own_point(Square())
    return float(backend.prepare(point).evaluate(point)["x"])


def _requires_for(name: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """Find the options of a backend that need modules of their own, as its source says."""
    return dict(backends().cards[name].declared.get("requires_for", {}))


def _examine(name: str, option: str = "") -> Finding:
    """Take a gradient with one backend, `mode=enzyme`; whatever goes wrong is the finding."""
    card = backends().cards[name]
    modules, absent = card.declared.get("requires", ()), card.missing
    if option:
        modules, install = _requires_for(name)[option]
        absent, name = missing(modules, install), f"{name}[{option}]"
    versions = {module: version(module) for module in modules}
    if absent and not card.broken:
        return Finding(name, {}, Status.NOT_INSTALLED, absent)
    started = time.perf_counter()
    try:
        backend = backends()[card.name](**dict([option.split("=")] if option else []))
        value = _slope(backend)
    except CalcbenchError as error:
        return Finding(name, versions, Status.ERROR, str(error))
    except (Exception, SystemExit) as error:  # whatever a broken framework raises
        return Finding(name, versions, Status.ERROR, f"{type(error).__name__}: {first_line(error)}")
    took = time.perf_counter() - started
    if abs(value - 6.0) > 1e-6:
        return Finding(name, versions, Status.DISAGREE, f"the slope of x² at 3 is 6, not {value}")
    return Finding(name, versions, Status.OK, seconds=took)
