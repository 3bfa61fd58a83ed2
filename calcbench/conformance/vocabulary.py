"""Every name of the array vocabulary on a backend: value and derivative.

A case is a call of one function f at one point. The cases of a name make one problem, whose
gradient has the values of f and its derivatives (`calcbench.conformance.probe`), and both come out
of the backend's own `prepare … run … unload`.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.conformance.case import Case, Failed, Wrong
from calcbench.conformance.cases import CASES, OPERATORS
from calcbench.conformance.probe import Probe
from calcbench.errors import NotInstalled, Unsupported
from calcbench.problem.faults import RAISED, message_of
from calcbench.problem.inputs import own_point

__all__ = [
    "NAMES",
    "Failed",
    "Wrong",
    "cases_of",
    "check",
    "check_cases",
    "compare",
    "misses",
    "missing",
]

NAMES = (*CASES, *OPERATORS)
"""Every name of the vocabulary, and what an array can do without it: `plus`, `slice`, …"""

TINY = float(np.finfo(np.float64).tiny)
"""The smallest normal number; below it, some libraries flush to zero."""


def cases_of(name: str) -> list[Case]:
    """Return the cases of a name of the vocabulary or of an operator.

    Raises `KeyError` for any other.
    """
    return CASES[name] if name in CASES else OPERATORS[name]


def check(backend: Backend, name: str) -> None:
    """Compare values and derivatives of a name with the exact ones. Warnings are errors.

    An approximate method may differ by the error bound that it states itself; of a backend without
    derivatives of its own the values are compared alone. Raises `Wrong` with every number that
    differs, `Failed`, a `Wrong` too, with what the backend raised in place of numbers, and
    `Unsupported` where the backend lacks the name.
    """
    check_cases(backend, cases_of(name))


def check_cases(backend: Backend, cases: Sequence[Case]) -> None:
    """Compare some cases with the exact numbers, as `check`."""
    probe = Probe(cases)
    point = own_point(probe)
    with warnings.catch_warnings(), _blamed_on(probe):
        warnings.simplefilter("error", RuntimeWarning)
        found = backend.prepare(point).evaluate(point)
    floor, slopes = max(TINY, backend.underflow), not backend.hand_derived
    wrong = compare(cases, found, floor, slopes)
    if wrong and backend.kind == "approximate":  # a bound takes longer than what it is of
        with _blamed_on(probe):
            bound = backend.error_bound(point)
        wrong = compare(cases, found, floor, slopes, bound)
    if wrong:
        raise Wrong("\n".join(["", *wrong]))


@contextlib.contextmanager
def _blamed_on(probe: Probe) -> Iterator[None]:
    """Turn what a backend raises into a `Wrong` that names the case; what it refuses passes."""
    try:
        yield
    except (Unsupported, NotInstalled, Wrong):
        raise
    except RuntimeWarning as warning:
        raise Wrong(f"{probe.trying}: {warning}") from warning
    except RAISED as error:
        raise Failed(f"{probe.trying}: {type(error).__name__}: {message_of(error)}") from error


def missing(backend: Backend, names: Iterable[str] = NAMES) -> dict[str, str]:
    """List the names that a backend refuses or fails at, each with the reason."""
    refused = {}
    for name in names:
        try:
            check(backend, name)
        except (Unsupported, Failed) as reason:
            refused[name] = str(reason)
        except Wrong:
            continue
    return refused


def compare(
    cases: Sequence[Case],
    found: Mapping[str, np.ndarray],
    floor: float = TINY,
    slopes: bool = True,
    bound: Mapping[str, np.ndarray] | None = None,
) -> list[str]:
    """List what differs in the gradient of a `Probe` of these cases from the exact one.

    `floor` is the smallest number that the method resolves, `bound` its own error; without
    `slopes`, values are compared alone.
    """
    wrong: list[str] = []

    def look(what: str, key: str, expected: np.ndarray, case: Case, least: float) -> None:
        allowed = np.maximum(case.close * np.abs(expected), least)
        wrong.extend(misses(what, found[key], expected, allowed + (bound[key] if bound else 0.0)))

    for number, case in enumerate(cases):
        _, value, expected = case.expected
        look(f"{case.what}: value", f"weights{number}_", value, case, floor)
        for k, slope in enumerate(expected if slopes else []):
            what = f"{case.what}: derivative by argument {k}"
            look(what, f"x{number}_{k}_", slope, case, max(floor, case.close * case.scale))
    return wrong


def misses(what: str, found: np.ndarray, expected: np.ndarray, allowed: np.ndarray) -> list[str]:
    """List the numbers that differ from those expected by more than is allowed."""
    if found.shape != expected.shape:
        return [f"{what} has shape {found.shape}, not {expected.shape}"]
    bad = ~(np.abs(found - expected) <= allowed)
    return [
        f"{what}{list(map(int, i))} is {float(found[tuple(i)])}, not {float(expected[tuple(i)])}"
        for i in np.argwhere(bad)
    ]
