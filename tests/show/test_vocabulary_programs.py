"""Every name of the vocabulary in the program of every backend: it runs, and gives the gradient.

The costs are those with which `tests/vocabulary` tests the names. A name that a framework has no
short spelling for is refused by name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from execution import PROGRAMS, array, assert_close, backend, execute, tolerance, write
from transcript import Transcript, text
from vocabulary.selectors import NO_FORMULAS, cases_for

import calcbench
from calcbench.catalogue.files import load_file
from calcbench.conformance.case import Case
from calcbench.conformance.vocabulary import cases_of
from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT
from calcbench.problem.problem import Problem
from calcbench.vocabulary.composed import DEFINITIONS
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.numpy import NUMPY

LARGEST = 100
"""Numbers in the inputs of one problem for a symbolic backend, beyond those of one case."""

REFUSED = {
    "sympy": (
        *("where", "max", "floor", "round", "logical_and", "logical_or", "logical_not", "inf"),
        *("sign", "ceil", "remainder", "equal", "not_equal", "leaky_relu", "elu"),
        *("min", "tril", "triu", "linalg.trace", "linalg.diagonal"),
        *(
            "linalg.vector_norm",
            "stop_gradient",
            "linalg.cholesky",
            "linalg.eigh",
            "linalg.eigvalsh",
        ),
        *("linalg.svd", "linalg.svdvals", "linalg.qr", "linalg.expm"),
        *("argsort", "sort", "argmax", "argmin", "median", "top_k", "all", "any"),
        *("isnan", "isfinite"),
    ),
    **dict.fromkeys(("by_hand", "finite_difference"), ("grad", "stop_gradient")),
}
"""Backend → names of which some cases, on arrays, have no program: SymPy's arrays cannot be
compared, and one function of theirs takes either numbers or arrays. NumPy has no derivative, and a
difference quotient holds nothing constant. All others have one."""

NESTED = {
    "sympy": (
        *("cond", "while_loop", "linalg.solve_triangular"),
        *("sigmoid", "softplus", "logaddexp", "logsumexp"),
    )
}
"""Backend → names whose definitions choose between arrays, for which it has no program."""

ONE_RANK = {"sympy": ("clip", "relu", "std", "linalg.norm", "ndtr", "gelu")}
"""Backend → names that a program takes at numbers or at arrays, and not at both."""

REASONS = r"no program: (xp\.[\w.]+ has no short spelling in|one xp\.[\w.]+ is called with arrays)"


OFTEN = ("cumulative_sum", "softmax", "linalg.inv")
"""Names that follow from others of which programs are tried at every run; with `-m full`, all."""


def spells(name: str) -> Callable[[Any], bool]:
    """Whether a backend's programs have a spelling of a name, in place of its definition."""
    return lambda module: name in module.SPELLING.names


def brief(name: str) -> Any:
    """A name as a parameter of tests; one that follows from others is left to `-m full`."""
    rare = name in DEFINITIONS and name not in OFTEN
    return pytest.param(name, marks=pytest.mark.full) if rare else name


def programmable(name: str, engine: calcbench.Backend) -> list[Case]:
    """The cases of a name that a program on this backend has digits for.

    A difference quotient and a formula as it is written on paper have none where an exponential
    overflows, or where 1e-5 is no small step.
    """
    cases = cases_for(name, engine.selector)
    return cases if engine.kind == "exact" else [case for case in cases if is_moderate(case)]


def is_moderate(case: Case) -> bool:
    sizes = np.abs(np.concatenate([np.ravel(x) for x in case.at]))
    return bool(np.all((sizes == 0) | ((sizes > 1e-3) & (sizes < 50))))


def groups(cases: list[Case], largest: float) -> Iterator[list[Case]]:
    """Cases that fit into one problem together."""
    group: list[Case] = []
    for case in cases:
        if group and sum(map(size, [*group, case])) > largest:
            yield group
            group = []
        group.append(case)
    if group:
        yield group


def size(case: Case) -> int:
    return sum(np.size(a) for a in (*case.at, *case.data.values(), value(case)))


def value(case: Case) -> np.ndarray:
    return np.asarray(case.call(NUMPY, *case.at, **case.data))


def source(cases: list[Case]) -> str:
    """A problem as somebody would write it: Σ weights · f(x), over the cases.

    In the place of a hand-derived gradient, it has the values by the weights, and zeros.
    """
    inputs, data, terms, partials = {}, {}, [], []
    for number, case in enumerate(cases):
        weights, names = f"weights{number}_", [f"x{number}_{k}" for k in range(len(case.at))]
        of = {key: Transcript(key) for key in case.data}
        expression = text(case.call(Transcript("xp"), *map(Transcript, names), **of))
        shape = value(case).shape
        inputs[weights] = 1.0 + np.arange(np.prod(shape, dtype=int)).reshape(shape) / 8.0
        inputs |= dict(zip(names, case.at, strict=True))
        data |= case.data
        terms.append(f"xp.sum({weights} * {expression})" if shape else f"{weights} * {expression}")
        partials += [f'"{weights}": {expression}', *(f'"{x}": 0 * {x}' for x in names)]
    literals = [f'"{key}": {literal(a)}' for key, a in (inputs | data).items()]
    signature = ", ".join(["self", "xp", *inputs, *(["*", *data] if data else [])])
    return f'''
import numpy as np
from calcbench import Problem

class Cases(Problem):
    """The cases."""

    def inputs(self, size, rng):
        return {{{", ".join(literals)}}}

    def cost({signature}):
        return {" + ".join(terms)}

    def gradient({signature}):
        return {{{", ".join(partials)}}}
'''


def literal(array: np.ndarray) -> str:
    return f"np.array({array.tolist()})" if np.ndim(array) else repr(float(array))


def problem_of(cases: list[Case], folder: Path) -> Problem:
    path = folder / f"cases{len(list(folder.iterdir()))}.py"
    path.write_text(source(cases), encoding="utf-8")
    return load_file(path)[0]


def refusal(problem: Problem, engine: calcbench.Backend) -> str:
    """Why there is no program; empty where there is one."""
    try:
        write(engine, problem, GRADIENT)
    except Unsupported as error:
        return str(error)
    return ""


def check(problem: Problem, engine: calcbench.Backend) -> None:
    """Run the program; compare with calcbench on the same backend."""
    module, _ = execute(write(engine, problem, GRADIENT))
    found = {name: array(partial) for name, partial in module.gradient.items()}
    assert_close(found, calcbench.gradient(problem, engine), tolerance(engine))


@pytest.mark.few(8, more=19)
@pytest.mark.parametrize("selector", PROGRAMS)
@pytest.mark.parametrize("name", [brief(name) for name in NAMES])
def test_program_of_a_name(name, selector, tmp_path):
    engine = backend(selector)
    cases = programmable(name, engine)
    possible = cases
    if name in REFUSED.get(selector, ()):  # one by one only here: writing a program takes 50 ms
        reasons = [refusal(problem_of([case], tmp_path), engine) for case in cases]
        possible = [case for case, reason in zip(cases, reasons, strict=True) if not reason]
        assert all(re.match(REASONS, reason) for reason in reasons if reason)
        assert len(possible) < len(cases)
    largest = LARGEST if engine.kind == "symbolic" else np.inf
    for group in groups(possible, 0 if name in ONE_RANK.get(selector, ()) else largest):
        check(problem_of(group, tmp_path), engine)


@pytest.mark.few(2)
@pytest.mark.parametrize("selector", PROGRAMS)
@pytest.mark.parametrize("name", [n for n in DEFINITIONS if any(map(spells(n), PROGRAMS.values()))])
def test_program_of_a_name_by_its_definition(name, selector, monkeypatch, tmp_path):
    """A name without a spelling is copied, with what it needs, where it follows from others."""
    engine, cases = backend(selector), programmable(name, backend(selector))
    none = (*REFUSED.get(selector, ()), *NO_FORMULAS.get(selector, ()), *NESTED.get(selector, ()))
    if name in none:
        pytest.skip("on arrays there is no program")
    spell_without(name, PROGRAMS[selector], monkeypatch)
    for case in cases:
        problem = problem_of([case], tmp_path)
        assert f"def {name.rpartition('.')[2]}(" in write(engine, problem, GRADIENT)
        check(problem, engine)


def spell_without(name, module, monkeypatch):
    names = {other: spelled for other, spelled in module.SPELLING.names.items() if other != name}
    monkeypatch.setattr(module, "SPELLING", dataclasses.replace(module.SPELLING, names=names))


def test_a_spelling_is_of_a_name():
    for module in PROGRAMS.values():
        assert set(module.SPELLING.names) <= set(NAMES)


@pytest.mark.parametrize("selector", PROGRAMS)
def test_a_name_that_is_not_spelled_is_refused(selector, monkeypatch, tmp_path):
    """Nothing is guessed: a name without an entry has no program."""
    module, cases = PROGRAMS[selector], cases_of("exp")
    spell_without("exp", module, monkeypatch)
    reason = refusal(problem_of(cases, tmp_path), backend(selector))
    assert reason == f"no program: xp.exp has no short spelling in {module.SPELLING.framework}"
