"""The backends and modes that the vocabulary is tested on, and how."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from modes import APART

from calcbench.catalogue.door import backends
from calcbench.catalogue.selection import select_backends
from calcbench.certified import balls
from calcbench.certified.reference import reference
from calcbench.certified.vocabulary import namespace
from calcbench.conformance.case import Case
from calcbench.conformance.cases.elementwise import elementwise_cases
from calcbench.conformance.probe import Probe
from calcbench.conformance.vocabulary import cases_of, check_cases, compare
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.vocabulary.namespace import Namespace

CENTRAL, COMPLEX = "finite_difference", "finite_difference[scheme=complex]"

BUILT_IN = {name: backends()[name] for name, c in backends().cards.items() if c.theme == "backends"}

WHOLE = tuple(COMPLEX if name == CENTRAL else name for name in BUILT_IN)
"""Every backend in its default mode, in which it is tested in full; and of the difference schemes
the one that has all the digits."""

TOO_SLOW = ("torch[mode=compile]",)
"""Compiles each case for seconds; tests/harness has it on problems."""

MODES = {
    selector: {"torch[mode=func]": None, "tensorflow[mode=function]": 2}.get(selector, 1)
    for name, backend in BUILT_IN.items()
    for mode in backend.options().get("mode", ())[1:]
    if mode not in APART
    if (selector := f"{name}[mode={mode}]") not in TOO_SLOW
}
"""Their further modes, and how many cases of each name those run: the first few where each case is
compiled, None for all."""

SELECTORS = (*WHOLE, *MODES)

DIFFERENTIATING = tuple(s for s in SELECTORS if not (s in BUILT_IN and BUILT_IN[s].hand_derived))

JUDGED = (*SELECTORS, "certified")
"""Every backend, and the ball arithmetic of the reference."""

MISSING = {("tensorflow[mode=xla]", "linalg.slogdet"): "XLA has no determinant"}
"""(selector, name) → why that backend lacks that name. There are no others."""

UNRESOLVED = {
    # Its step, 1e-165, is not small beside 1e-300, where these functions bend at that scale.
    ("log", COMPLEX): (1e-300,),
    ("sqrt", COMPLEX): (1e-300,),
}
"""(name, selector) → points that a method does not resolve."""

NO_FORMULAS = {"sympy": ("erfinv", "i0e", "log_ndtr", "linalg.expm", "while_loop")}
"""Selector → names whose definitions are no formulas to write out: long series, iterations, and
pieces within pieces, which take SymPy minutes."""

WRITTEN_OUT = {
    **{"linalg.eigh": 2, "linalg.eigvalsh": 2, "linalg.svd": 1, "linalg.svdvals": 1},
    **{"linalg.qr": 2, "linalg.expm": 1},
}
"""Name → rows and columns up to which SymPy writes a matrix's formula, and refuses to beyond."""

TRIGAMMA = {"torch": 1e-9}
"""How far a library's own derivative of digamma is off: PyTorch's (2.13) by 1e-10."""


@functools.cache
def backend_for(selector: str) -> Any:
    (backend,) = select_backends([selector])
    reason = backend.missing()
    if reason:
        pytest.skip(reason)
    return backend


def vocabulary(selector: str) -> Namespace:
    return namespace(balls) if selector == "certified" else backend_for(selector).namespace()


def gradient(selector: str, problem: Problem) -> dict[str, np.ndarray]:
    if selector == "certified":
        return reference(own_point(problem)).value
    backend, inputs = backend_for(selector), own_point(problem)
    prepared = backend.prepare(inputs)
    return prepared.evaluate(inputs)


def cases_for(name: str, selector: str) -> list[Case]:
    """The cases of a name, at points that the method of a selector resolves."""
    without = UNRESOLVED.get((name, selector))
    return elementwise_cases(name, without) if without else cases_of(name)


def check(selector: str, cases: list[Case]) -> None:
    """Compare the cases with the exact numbers, as plugins do; a mode has the first few alone."""
    if selector != "certified":
        check_cases(backend_for(selector), cases[: MODES.get(selector)])
        return
    wrong = compare(cases, gradient(selector, Probe(cases)))
    assert not wrong, "\n".join(["", *wrong])


def is_written_out(name: str, case: Case) -> bool:
    """Whether SymPy writes the formula of a case."""
    shape = case.at[0].shape
    return len(shape) == 2 and max(shape) <= WRITTEN_OUT[name]
