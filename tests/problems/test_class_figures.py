"""The class's figures come out, and every problem of the class is complete and proven."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
import sympy

from calcbench import Problem
from calcbench.backends.sympy import SymPy
from calcbench.backends.sympy.vocabulary import elementary
from calcbench.catalogue.door import problems
from calcbench.catalogue.selection import select_backends
from calcbench.operators import GRADIENT
from calcbench.problem.inputs import own_point

THEMES = ("review", "partial_derivatives", "chain_rule", "gradients", "real_data")
NAMES = [name for name, card in problems().cards.items() if card.theme in THEMES]

# Each figure as the class or the book gives it, hence with its own number of decimals.
FIGURES = [
    ("delta_method", {"x": 2}, {"x": "6"}),
    ("delta_method", {"x": -1}, {"x": "0"}),
    ("square", {"x": 5}, {"x": "10"}),
    ("power_rule", {"x": 2}, {"x": "80"}),
    ("constant_multiple_rule", {"x": 2}, {"x": "84"}),
    ("sum_rule", {"x": 2}, {"x": "16"}),
    ("product_rule", {"x": 0}, {"x": "1"}),
    ("quotient_rule", {"x": 1}, {"x": "0"}),
    ("quotient_rule", {"x": 2}, {"x": "-0.12"}),
    ("chain_rule_single", {"x": 1}, {"x": "-0.7358"}),
    ("saddle", {"x": 3, "y": 2}, {"x": "6", "y": "-4"}),
    ("saddle", {"x": 0, "y": 0}, {"x": "0", "y": "0"}),
    ("box_volume", {"l": 4, "w": 3, "h": 2}, {"l": "6", "w": "8", "h": "12"}),
    ("cylinder_volume", {"r": 3, "l": 5}, {"r": "94.25", "l": "28.27"}),
    ("cone_volume", {"r": 3, "h": 4}, {"r": "25.13", "h": "9.42"}),
    ("sphere_volume", {"r": 3}, {"r": "113.10"}),
    ("torus_volume", {"R": 3, "r": 1}, {"R": "19.74", "r": "118.44"}),
    ("damped_wave", {"x": 0, "t": 0}, {"x": "1", "t": "-2"}),
    ("several_inner_variables", {"x": 0, "z": 0}, {"x": "1", "z": "-1"}),
    ("general_chain_rule", {"r": 2, "s": 1, "t": 0}, {"s": "192"}),
    ("single_point_regression", {"m": 0.9, "b": 0.1}, {"m": "108.78", "b": "15.54"}),
    ("batch_regression", {"m": 0.9, "b": 0.1}, {"m": "36.305", "b": "6.265"}),
]


def figure_id(figure):
    name, at, _ = figure
    return f"{name} at {', '.join(f'{parameter} = {value}' for parameter, value in at.items())}"


@pytest.fixture(params=NAMES)
def problem(request):
    return problems()[request.param]


@pytest.mark.parametrize("backend", ["by_hand", "sympy"])
@pytest.mark.parametrize("figure", FIGURES, ids=figure_id)
def test_figure(figure, backend):
    name, at, expected = figure
    problem = problems()[name]
    point = own_point(problem, at=at)
    (chosen,) = select_backends([backend])
    prepared = chosen.prepare(point)
    gradient = prepared.evaluate(point)
    for parameter, digits in expected.items():
        decimals = len(digits.partition(".")[2])
        # A figure with decimals is rounded or exact; either way it is right to half a unit.
        tolerance = 0.5001 * 10.0**-decimals if decimals else 1e-12
        assert abs(gradient[parameter] - float(digits)) <= tolerance, parameter


@pytest.mark.parametrize("backend", ["by_hand", "sympy"])
@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("single_point_regression", {"m": 108.78, "b": 15.54}),
        ("batch_regression", {"m": 36.305, "b": 6.265}),
    ],
)
def test_regression_figures_are_exact(name, exact, backend):
    problem = problems()[name]
    point = own_point(problem)
    prepared = select_backends([backend])[0].prepare(point)
    gradient = prepared.evaluate(point)
    assert {n: float(g) for n, g in gradient.items()} == pytest.approx(exact, rel=1e-14)


def test_hand_derived_gradient_is_the_derivative(problem):
    """As formulas, not at a point: on symbols for everything, and two rows of data."""
    point = own_point(problem)
    trace = SymPy().trace(point, rows=2)
    parameters, data = problem.split(trace.symbols)
    by_hand = problem.gradient(SymPy().namespace(), *parameters, **data)
    partials = np.array(trace.expressions(GRADIENT, point, range(point.size)), dtype=object)
    for name, derived in point.unflatten(partials).items():
        difference = np.asarray(by_hand[name] - derived, dtype=object)
        assert difference.shape == trace.symbols[name].shape
        for index in np.ndindex(difference.shape):
            rest = sympy.expand(difference[index])
            if rest != 0:
                rest = sympy.simplify(elementary(rest))
            assert rest == 0, f"{name}{list(index)}"


def test_inputs_follow_seed_and_size(problem):
    for size in problem.sizes[:2]:
        first, again = (own_point(problem, size, seed=3) for _ in range(2))
        for name, array in first.values.items():
            np.testing.assert_array_equal(array, again[name])
        assert {len(first[name]) for name in problem.rows} <= {size}


def test_problem_is_complete(problem):
    assert isinstance(problem, Problem)
    assert problem.has_gradient
    assert problem.summary.endswith(".")
    assert "=" in problem.summary, "the summary shows the formula"
    assert problem.place
    assert problem.sources
    assert all(source.strip() for source in problem.sources)
    assert problem.formula
    assert len(problem.derivation) >= 3


def test_derivation_has_words_and_formula_in_every_step(problem):
    for words, latex in problem.derivation:
        assert words.endswith((".", ":"))
        assert latex.strip()


def test_latex_is_balanced(problem):
    for latex in (problem.formula, *(latex for _, latex in problem.derivation)):
        depth = 0
        for brace in re.findall(r"(?<!\\)[{}]", latex):
            depth += 1 if brace == "{" else -1
            assert depth >= 0, latex
        assert depth == 0, latex
        assert latex.count(r"\left") - latex.count(r"\leftarrow") == latex.count(r"\right"), latex
        assert latex.isascii(), latex


@pytest.mark.parametrize("theme", THEMES)
def test_order_names_exactly_the_files(theme):
    module = importlib.import_module(f"calcbench.problems.{theme}")
    files = {
        path.stem
        for folder in module.__path__
        for path in Path(folder).glob("*.py")
        if not path.stem.startswith("_")
    }
    assert sorted(module.ORDER) == sorted(files)


def test_problems_stand_in_the_order_of_the_class():
    ordered = [
        name
        for theme in THEMES
        for name in importlib.import_module(f"calcbench.problems.{theme}").ORDER
    ]
    assert ordered == NAMES
