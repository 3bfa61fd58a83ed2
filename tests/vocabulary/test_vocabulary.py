"""Every name of the array vocabulary on every backend: value and derivative.

The cases are those of `calcbench.conformance`, which plugins are tested with, too.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from typing import Any

import numpy as np
import pytest
from vocabulary.selectors import (
    DIFFERENTIATING,
    JUDGED,
    MISSING,
    MODES,
    NO_FORMULAS,
    SELECTORS,
    TRIGAMMA,
    WHOLE,
    WRITTEN_OUT,
    backend_for,
    cases_for,
    check,
    gradient,
    is_written_out,
    vocabulary,
)

import calcbench
from calcbench.backends._numbers import OnNumbers
from calcbench.certified import balls
from calcbench.certified.vocabulary import namespace
from calcbench.conformance.case import Case
from calcbench.conformance.cases import CASES, OPERATORS, choices, control, elementwise, reductions
from calcbench.conformance.cases.elementwise import ELEMENTWISE
from calcbench.conformance.exact import elementwise as on_arrays
from calcbench.conformance.points import ORDINARY, SQUARE, M, V
from calcbench.conformance.probe import Probe, dtype_of
from calcbench.conformance.vocabulary import compare
from calcbench.errors import ProblemError, Unsupported
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.vocabulary.composed import DEFINITIONS
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.primitives import PRIMITIVES

QUICK = ("where", "maximum", "minimum", "max", "logaddexp", "matmul", "linalg.solve")
"""What jax[mode=eager], which compiles every operation, does not take long for."""

IN_MODES = {*PRIMITIVES, *choices.case.cases, *reductions.case.cases, "matrix_transpose"}
IN_ALL_MODES = {*elementwise.CASES, *control.case.cases, *QUICK}
"""Names that are tried in all modes of a backend, or in all but jax[mode=eager]."""


def pairs(names: Any) -> list[Any]:
    """(name, selector) of what is tried."""
    return [
        pytest.param(name, selector, id=f"{name}-{selector}")
        for name in names
        for selector in JUDGED
        if name in IN_ALL_MODES
        or selector not in MODES
        or (selector != "jax[mode=eager]" and name in {*IN_MODES, *OPERATORS})
    ]


@pytest.mark.few(80, more=62)
@pytest.mark.parametrize(("name", "selector"), pairs(CASES))
def test_names(name, selector):
    cases = cases_for(name, selector)
    if (selector, name) in MISSING:
        with pytest.raises(Unsupported, match=MISSING[selector, name]):
            check(selector, cases)
        return
    off = TRIGAMMA.get(selector.partition("[")[0]) if name == "digamma" else None
    if off:
        cases = [dataclasses.replace(case, close=off) for case in cases]
    if selector == "sympy" and name in WRITTEN_OUT:
        for long in (case for case in cases if not is_written_out(name, case)):
            with pytest.raises(Unsupported, match="formula"):
                check(selector, [long])
        cases = [case for case in cases if is_written_out(name, case)]
    check(selector, cases)


@pytest.mark.few(25)
@pytest.mark.parametrize(("name", "selector"), pairs(OPERATORS))
def test_operators(name, selector):
    check(selector, OPERATORS[name])


def test_every_name_has_cases():
    assert {*NAMES} == {*CASES}


@pytest.mark.few(3, more=2)
@pytest.mark.parametrize(
    "selector",
    # JAX compiles every definition anew: half a minute.
    [pytest.param(each, marks=pytest.mark.full) if each == "jax" else each for each in WHOLE],
)
def test_definitions_of_names_that_a_backend_spells(selector, monkeypatch):
    """What a backend has something better for, as it is on one that has not."""
    backend = backend_for(selector)
    spelling = backend.namespace().spelling
    xp = Namespace({name: spelling[name] for name in spelling.keys() & PRIMITIVES.keys()})
    monkeypatch.setattr(type(backend), "namespace", lambda self: xp)
    for name in (spelling.keys() & DEFINITIONS.keys()).difference(NO_FORMULAS.get(selector, ())):
        check(selector, cases_for(name, selector))


@pytest.mark.parametrize("selector", [*(s for s in SELECTORS if s not in MODES), "certified"])
def test_arrays_are_compared_by_value(selector):
    """Labels of 0 and 1, as data: between symbols, `==` would ask how they are spelled."""
    labels = {"k": np.array([0.0, 1.0, 2.0, 1.0])}
    at = np.array([0.5, -1.0, 2.0, 3.0])

    def expected(x, *, k):
        return np.array([a * a if b == 1 else 3 * a for a, b in zip(x, k, strict=True)])

    check(
        selector,
        [
            Case(
                "equal labels",
                lambda xp, x, *, k: xp.where(k == 1, x * x, 3 * x),
                (at,),
                expected,
                data=labels,
            ),
            Case(
                "other labels",
                lambda xp, x, *, k: xp.where(k != 1, 3 * x, x * x),
                (at,),
                expected,
                data=labels,
            ),
        ],
    )


# --- rows, parameters, dtype, names, global state --------------------------------------------

ROWS = 70_001


class Rowwise(Problem):
    """Kinks under `rows`: SymPy traces one row and evaluates it over several blocks of them."""

    rows = ("x", "y")

    def inputs(self, size, rng):
        return {"t": 0.75, "x": rng.normal(size=(ROWS, 3)), "y": rng.normal(size=ROWS)}

    def cost(self, xp, t, *, x, y):
        kinked = xp.where(y > t, t * y, t**2) + xp.maximum(t * y, 0.25) + xp.abs(y - t)
        return xp.mean(kinked + xp.max(t * x, axis=1) + xp.logsumexp(t * x, axis=1))


BY_NUMBERS = {name for name, each in calcbench.backends().items() if issubclass(each, OnNumbers)}
"""Backends that calculate number by number: a minute where others take a blink."""


@pytest.mark.parametrize(
    "selector", [s for s in WHOLE if s in DIFFERENTIATING and s not in BY_NUMBERS]
)
def test_kinked_functions_over_rows(selector):
    problem = Rowwise()
    inputs = own_point(problem)
    t, x, y = (inputs[name] for name in "txy")
    softmax = np.exp(t * x) / np.exp(t * x).sum(axis=1, keepdims=True)
    rowwise = (
        np.where(y > t, y, 2 * t)
        + np.where(t * y > 0.25, y, 0)
        - np.sign(y - t)
        + np.sort(x, axis=1)[:, -1]
        + (softmax * x).sum(axis=1)
    )
    found = gradient(selector, problem)["t"]
    np.testing.assert_allclose(found, rowwise.mean(), rtol=1e-12)


@pytest.mark.parametrize("selector", [s for s in WHOLE if s in DIFFERENTIATING])
def test_parameters_of_every_shape_used_or_not(selector):
    @calcbench.problem(a=2.0, w=[1.0, -2.0], w0=0.5, idle=[1.0, 2.0, 3.0], m=SQUARE, x=V)
    def several(xp, a, w, w0, idle, m, *, x):
        return a**2 * w[1] + xp.sum(w) * w0 + xp.sum(xp.matmul(m, x) ** 2)

    found = gradient(selector, several)
    m, x = np.array(SQUARE), np.array(V)
    expected = {
        "a": -8.0,
        "w": [0.5, 4.5],
        "w0": -1.0,
        "idle": [0.0, 0.0, 0.0],
        "m": 2 * np.outer(m @ x, x),
    }
    assert list(found) == list(expected)
    for name, partial in expected.items():
        np.testing.assert_allclose(found[name], partial, rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("selector", WHOLE)
def test_float32_stays_float32(selector):
    cases = []
    for name, entry in ELEMENTWISE.items():
        at = np.array([x for x in entry.at if x in ORDINARY], dtype=np.float32).astype(float)
        call = functools.partial(lambda name, xp, x: getattr(xp, name)(x), name)
        value, slope = on_arrays(entry.value), entry.slope
        cases.append(Case(name, call, (at,), value, slope=slope, scale=1.0, close=1e-5))
    single = selector.removesuffix("]") + ("," if "[" in selector else "[") + "dtype=float32]"
    backend, probe = backend_for(single), Probe(cases)
    inputs = own_point(probe)
    prepared = backend.prepare(inputs)
    if backend.name == "finite_difference":
        probe.dtypes.clear()  # preparing has tried complex128 once
    result = prepared.run(prepared.load(inputs))
    assert {dtype_of(leaf) for leaf in leaves(result)} == {"float32"}
    assert probe.dtypes <= {"float32", "complex64", "object"}
    assert not compare(cases, prepared.unload(result), slopes=not backend.hand_derived)


def leaves(result: Any) -> list[Any]:
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return [leaf for item in result for leaf in leaves(item)]
    return [result]


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("at", [M, 2.0], ids=["matrix", "scalar"])
def test_running_totals_of_what_is_no_vector_need_an_axis(selector, at):
    backend = backend_for(selector)
    array = backend.convert(np.array(at))
    with pytest.raises(ValueError, match=r"an axis|axis was not set|non-scalar"):
        backend.namespace().cumulative_sum(array)


def test_sympy_refuses_a_determinant_too_large_to_write_out():
    large = calcbench.problem(m=np.eye(9))(lambda xp, m: xp.linalg.slogdet(m)[1])
    with pytest.raises(Unsupported, match="9 × 9"):
        gradient("sympy", large)


@pytest.mark.parametrize("selector", [*SELECTORS, "certified"])
def test_every_name_is_provided(selector):
    for name in NAMES:
        assert functools.reduce(getattr, name.split("."), vocabulary(selector)) is not None


@pytest.mark.parametrize(
    "combine",
    [
        lambda xp, x: xp.stack([0.1, 0.7, x])[:2],
        lambda xp, x: xp.concat([np.array([0.1, 0.7]), xp.stack([x])])[:2],
        lambda xp, x: xp.where(np.array([True, True]), np.array([0.1, 0.7]), x),
        lambda xp, x: xp.cumulative_sum(xp.stack([0.1, 0.6, x]))[:2],
    ],
)
def test_certified_arrays_have_no_floats(combine):
    """Else Python would subtract in floats, and the rounding be no part of the certificate."""
    first, second = combine(namespace(balls), balls.convert(1.0))
    assert {type(first), type(second)} == {type(balls.convert(1.0))}


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize(
    ("wrong", "right"),
    [("expp", "exp"), ("linalg.choleski", "linalg.cholesky"), ("zzzz", "docs.vocabulary")],
)
def test_unknown_name_is_refused_with_the_nearest(selector, wrong, right):
    xp = backend_for(selector).namespace()
    with pytest.raises(ProblemError, match=rf"xp\.{wrong} is not in the array vocabulary.*{right}"):
        functools.reduce(getattr, wrong.split("."), xp)


@pytest.mark.parametrize("selector", DIFFERENTIATING)
def test_using_a_backend_changes_no_global_setting(selector):
    found = gradient(selector, calcbench.problem(x=0.1)(lambda x: x * x))
    assert found["x"] == 0.2  # computed in float64
    if selector.startswith("jax"):
        jax = importlib.import_module("jax")
        assert not jax.config.jax_enable_x64
        assert str(jax.numpy.zeros(()).dtype) == "float32"
    elif selector.startswith("torch"):
        torch = importlib.import_module("torch")
        assert torch.get_default_dtype() == torch.float32
    elif selector.startswith("tensorflow"):
        tf = importlib.import_module("tensorflow")
        # enable_numpy_behavior would give tensors NumPy's methods.
        assert not hasattr(tf.constant(1.0), "astype")
    else:
        mpmath = importlib.import_module("mpmath")
        assert mpmath.mp.prec == 53
