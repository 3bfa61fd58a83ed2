"""What the tests of programs share: the backends that have some, and a program run here."""

from __future__ import annotations

import contextlib
import io
import re
import types
from typing import Any

import numpy as np
import pytest

import calcbench
from calcbench.catalogue.door import companion
from calcbench.catalogue.selection import select_backends
from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT, Operator, find_operator
from calcbench.operators.hand_derived import WORDS
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.show.programs.find import write_program

PROGRAMS = {
    name: module
    for name, module in (
        (name, companion(calcbench.backends()[name], "program")) for name in calcbench.backends()
    )
    if module is not None
}
"""Backend → its `program.py`, of those that have one."""

MODES = [
    f"{name}[mode={card.options['mode'][1]}]"
    for name, card in calcbench.backends().cards.items()
    if name in PROGRAMS and "mode" in card.options
]
"""The second mode of each backend that has several; a third one compiles, which takes long."""


def backend(selector: str) -> calcbench.Backend:
    chosen = select_backends([selector])[0]
    if chosen.missing():
        pytest.skip(chosen.missing())
    return chosen


def tolerance(engine: calcbench.Backend) -> float:
    """Relative to the largest component.

    Central differences with h = 1e-5 leave about h² = 1e-10 and, at the costs of the problems
    (up to 10³), roundings of 10³·1e-16/h = 1e-8.
    """
    return 1e-7 if engine.kind == "approximate" else 1e-12


def write(engine: calcbench.Backend, problem: Problem, operator: Operator) -> str:
    """Write a program, which does without calcbench."""
    source = write_program(engine, problem, operator)
    assert "calcbench" not in source
    assert not re.search(r"\b(xp|self)\b", source)
    return source


def execute(source: str) -> tuple[types.ModuleType, str]:
    """Execute a program in a module of its own; the module, and what it printed."""
    module = types.ModuleType("program")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "program.py", "exec"), vars(module))
    return module, printed.getvalue()


def array(native: Any) -> np.ndarray:
    return np.asarray(native.detach() if hasattr(native, "detach") else native)


def assert_close(
    found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], tolerance: float
) -> None:
    """Compare partials of the same names, shapes and types, relative to the largest component."""
    assert list(found) == list(wanted)
    scale = max(np.max(np.abs(partial)) for partial in wanted.values())
    for name, partial in wanted.items():
        assert found[name].shape == partial.shape
        assert found[name].dtype in (np.float64, np.int64)  # SymPy's 0 is an integer
        np.testing.assert_allclose(found[name], partial, rtol=0, atol=tolerance * scale)


# --- checks ------------------------------------------------------------------------------------


def check_gradient(problem: Problem, selector: str) -> str:
    """Write, read and run the program for the gradient; compare with calcbench's own."""
    engine = backend(selector)
    source = write(engine, problem, GRADIENT)
    module, printed = execute(source)
    found = {name: np.asarray(partial) for name, partial in module.gradient.items()}
    assert_close(found, expected(problem), tolerance(engine))
    assert re.findall(rf"^d{problem.letter}/d(\w+) = ", printed, re.MULTILINE) == list(
        problem.parameters
    )
    return source


def expected(problem: Problem) -> dict[str, np.ndarray]:
    """The gradient from calcbench: by hand, or by complex step where there is no formula."""
    name = "by_hand" if problem.has_gradient else "finite_difference[scheme=complex]"
    return calcbench.gradient(problem, name)


PRINTED = {
    "gradient": ("d{}/d",),
    "value_and_gradient": ("{} = ",),
    "partial": ("d{}/d",),
    "pushforward": ("d{}·v = ", "J v = "),
    "pullback": ("(J^T u)_",),
    "jacobian": ("d{}/d",),
    "hvp": ("(H v)_",),
    "gradient_and_hvp": ("d{}/d",),
    "hessian": ("d2{}/d",),
    "second_derivative": ("d2{}/d",),
    "cost": ("{} = ",),
}
"""Operator → how the lines that its program prints may start, around the letter of the value."""


def check_operator(problem: Problem, selector: str, operator: str) -> str:
    """Write and run one program; compare with calcbench on the same backend."""
    engine, chosen = backend(selector), find_operator(operator)
    source = write(engine, problem, chosen)
    module, printed = execute(source)
    inputs = own_point(problem)
    seeds = {name: np.ones(shape) for name, shape in chosen.seed_shapes(inputs).items()}
    inputs = inputs.with_seed(seeds)
    own = flat(engine.prepare(inputs, chosen).evaluate(inputs).values())
    wanted, found = dense(own, problem, chosen.name), result(module, chosen.name, problem)
    assert found.shape == wanted.shape
    scale = max(np.max(np.abs(wanted)), 1e-300)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance(engine) * scale)
    assert printed.startswith(tuple(s.format(problem.letter) for s in PRINTED[chosen.name]))
    return source


def refusal(problem: Problem, selector: str, operator: str) -> str:
    """Why there is no program; empty where there is to be one."""
    inputs = own_point(problem)
    try:
        name = find_operator(operator).resolve(inputs).name
    except Unsupported as error:
        return str(error)
    if name not in PROGRAMS[selector].PROGRAMS:
        return f"no stand-alone program for the {name} by this backend, only for the "
    if selector == "by_hand" and name != "cost":
        formula = {"partial": "gradient", "second_derivative": "hessian"}.get(name, name)
        formula = "jacobian" if problem.vector_valued else formula
        return "" if problem.derives(formula) else f"no hand-derived {WORDS[formula]}"
    arrays = any(inputs[parameter].ndim for parameter in problem.parameters)
    if selector == "finite_difference" and problem.vector_valued and name == "jacobian" and arrays:
        return "no program for the jacobian by an array"
    return ""


def check_or_refuse(problem: Problem, selector: str, operator: str) -> None:
    """Check the program for an operator, or the reason why there is none."""
    reason = refusal(problem, selector, operator)
    if reason:
        with pytest.raises(Unsupported, match=re.escape(reason)):
            write_program(backend(selector), problem, find_operator(operator))
    elif operator == "gradient":
        check_gradient(problem, selector)
    else:
        check_operator(problem, selector, operator)


def flat(parts) -> np.ndarray:
    return np.concatenate([array(part).ravel() for part in parts])


def square(blocks, problem: Problem) -> np.ndarray:
    """The Hessian of its blocks, where each pair of parameters may be there once."""
    sizes = {name: own_point(problem)[name].size for name in problem.parameters}

    def block(one, other):
        if (one, other) in blocks:
            return array(blocks[one, other]).reshape(sizes[one], sizes[other])
        return block(other, one).T

    return np.block([[block(one, other) for other in sizes] for one in sizes])


def result(module: types.ModuleType, operator: str, problem: Problem) -> np.ndarray:
    """What a program found, as a flat vector in the order of the operator's layout."""
    if operator == "value_and_gradient":
        return flat([module.value, *module.gradient.values()])
    if operator == "gradient_and_hvp":
        return flat([*module.gradient.values(), *module.product.values()])
    if operator == "partial" and not hasattr(module, "partials"):
        return flat([module.partial])
    names = {"partial": "gradient", "pushforward": "slope", "pullback": "product"}
    found = getattr(module, {**names, "hvp": "product", "cost": "value"}.get(operator, operator))
    if operator == "jacobian":
        (rows,) = own_point(problem).value_shape
        parts = list(found.values()) if isinstance(found, dict) else [found]
        return np.hstack([array(part).reshape(rows, -1) for part in parts]).ravel()
    if operator == "hessian":
        return (square(found, problem) if isinstance(found, dict) else array(found)).ravel()
    return flat(found.values() if isinstance(found, dict) else [found])


def dense(found: np.ndarray, problem: Problem, operator: str) -> np.ndarray:
    """A flat result of calcbench's, with the zeros that its structure leaves out."""
    point, order = own_point(problem), {"jacobian": 1, "hessian": 2}.get(operator)
    if order is None or not point.sparse(order):
        return found
    whole = np.zeros(point.extent(order))
    whole[point.pattern(order)] = found
    return whole.ravel()
