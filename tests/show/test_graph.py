"""The computational graph: certified values and slopes, layers in order, a size one can read."""

import itertools
import math
import re
import xml.etree.ElementTree as ElementTree
from typing import Protocol

import numpy as np
import pytest

import calcbench as cb
from calcbench.catalogue.door import default_problems
from calcbench.catalogue.selection import find_problem
from calcbench.certified.evaluation import NotCertified
from calcbench.certified.vocabulary import Proved
from calcbench.errors import SelectorError, Unsupported
from calcbench.problem.inputs import own_point
from calcbench.show.pictures import trace as trace_module
from calcbench.show.pictures.graph import LARGEST, _drawn, _in_order, draw_graph
from calcbench.show.pictures.layers import arrange
from calcbench.show.pictures.trace import trace

COSTS = [name for name in default_problems() if not find_problem(name).vector_valued]
LARGE = {
    "straight_line_at_scale",
    "breast_cancer_logistic_regression",
    "diabetes_linear_regression",
}


@cb.problem(x=2.0, y=3.0)
def product_and_sine(xp, x, y):
    return x * y + xp.sin(x)


@cb.problem(x=2.0, y=-3.0)
def branches(xp, x, y):
    return xp.maximum(x, y) * xp.abs(y) + xp.where(x > 1, 5 * x, y) + xp.abs(x)


@cb.problem(x=1.0)
def outside(xp, x):
    return np.arcsinh(x)


def nodes_of(problem):
    found = list(_in_order(trace(own_point(problem))))
    return found, {node.label: node for node in found}


@pytest.mark.parametrize("name", [name for name in COSTS if name not in LARGE])
def test_values_and_slopes_are_those_of_the_certificate(name):
    problem = find_problem(name)
    nodes, named = nodes_of(problem)
    certified = cb.reference(problem)
    assert nodes[-1].value == pytest.approx(float(certified.cost.mid()), rel=1e-15)
    assert nodes[-1].slope == 1.0
    point = own_point(problem)
    partials = np.concatenate([array.ravel() for array in certified.value.values()])
    for k, partial in enumerate(partials):
        assert named[point.component(k)].slope == pytest.approx(partial, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("name", [name for name in COSTS if name not in LARGE])
def test_the_slope_by_a_node_is_the_sum_over_the_paths_to_the_result(name):
    nodes, _ = nodes_of(find_problem(name))
    sums = {id(node): 0.0 for node in nodes}
    sums[id(nodes[-1])] = 1.0
    for node in reversed(nodes):
        for operand in _drawn(node):
            sums[id(operand)] += sums[id(node)] * node.slope_by(operand)
    for node in nodes:
        if node.active:
            assert sums[id(node)] == pytest.approx(node.slope, rel=1e-9, abs=1e-12)


def test_the_graph_of_the_lesson():
    nodes, named = nodes_of(product_and_sine)
    assert [node.label for node in nodes] == ["x", "y", "×", "sin", "+"]
    assert named["×"].value == 6.0
    assert named["+"].value == pytest.approx(6.90929743)
    assert named["x"].slope == pytest.approx(2.58385316)
    assert named["y"].slope == 2.0
    assert named["sin"].slope_by(named["x"]) == pytest.approx(-0.41614684)
    assert (named["×"].slope_by(named["x"]), named["×"].slope_by(named["y"])) == (3.0, 2.0)


def test_the_graph_has_the_branch_that_was_taken():
    nodes, named = nodes_of(branches)
    assert nodes[-1].value == 2 * 3 + 10 + 2
    assert named["x"].slope == 3 + 5 + 1
    assert named["y"].slope == -2.0


@cb.problem(x=0.0)
def tie(xp, x):
    return xp.abs(x)


def test_a_tie_is_said():
    assert "a comparison ties" in cb.plot(tie, kind="graph").svg()
    assert "a comparison ties" not in cb.plot("saddle", kind="graph").svg()


@cb.problem(x=0.7, y=2.5)
def special_functions(xp, x, y):
    return xp.erf(x) * xp.floor(y) + xp.where(x == y, x, xp.e * y) - xp.round(x)


def test_numbers_of_the_graph_do_what_those_of_the_certificate_do():
    for name in set(dir(Proved)) - set(dir(Protocol)):
        if not name.startswith("_"):
            assert callable(getattr(trace_module, name)), name
    nodes, named = nodes_of(special_functions)
    assert nodes[-1].value == pytest.approx(2 * math.erf(0.7) + math.e * 2.5 - 1)
    assert named["y"].slope == pytest.approx(math.e)


@cb.problem(w=[3.0, 1.0, 2.0])
def ordered(xp, w):
    return xp.median(w) ** 2 + xp.sort(w)[0] * w[xp.argmax(w)]


def test_what_is_ordered_has_a_graph():
    nodes, named = nodes_of(ordered)
    assert nodes[-1].value == 2.0**2 + 1.0 * 3.0
    assert [named[f"w[{k}]"].slope for k in range(3)] == [1.0, 3.0, 4.0]


@pytest.mark.parametrize("name", ["general_chain_rule", "rosenbrock", "deep_composition"])
def test_layers_follow_the_computation(name):
    nodes, _ = nodes_of(find_problem(name))
    layers = arrange({id(n): [id(o) for o in _drawn(n)] for n in nodes})
    layer = {node: k for k, column in enumerate(layers) for node in column}
    assert len(layer) >= len(nodes)
    for node in nodes:
        for operand in _drawn(node):
            assert layer[id(operand)] < layer[id(node)]
    assert layers[-1] == [id(nodes[-1])]


def test_the_picture_names_values_and_slopes():
    drawn = cb.plot("saddle", kind="graph")
    root = ElementTree.fromstring(drawn.svg())
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "saddle: z = x² − y²"
    for wanted in ("x", "y", "( )²", "−", "= z", "6", "−4", "9", "5"):
        assert wanted in texts


def test_a_graph_is_saved_in_every_form(tmp_path):
    drawn = cb.plot("square", kind="graph")
    for ending, start in ((".svg", b"<svg"), (".html", b"<!doctype html>"), (".png", b"\x89PNG")):
        drawn.save(tmp_path / f"graph{ending}")
        assert (tmp_path / f"graph{ending}").read_bytes().startswith(start)


def test_a_large_graph_is_refused_with_its_size():
    with pytest.raises(Unsupported, match=rf"has \d+ nodes .the data have 8 rows., .*{LARGEST}"):
        cb.plot("batch_regression", kind="graph")


def test_what_has_no_graph_says_why():
    with pytest.raises(Unsupported, match="gives a vector"):
        cb.plot("curve_fit_residuals", kind="graph")
    with pytest.raises(SelectorError, match="no parameters to choose"):
        cb.plot("saddle", kind="graph", parameters=["x"])
    with pytest.raises(NotCertified):
        cb.plot(outside, kind="graph")


# --- where numbers stand --------------------------------------------------------------------------


def labels(svg):
    """The rectangles that the slopes on edges stand in: (left, top, width, height)."""
    found = re.findall(
        r'<rect x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="4"', svg
    )
    return [tuple(map(float, box)) for box in found]


def overlap(one, other):
    return all(
        abs(a - b + (s - t) / 2) < (s + t) / 2
        for a, b, s, t in zip(one[:2], other[:2], one[2:], other[2:], strict=True)
    )


DENSE = (
    "batch_regression",
    "quadratic_cost",
    "binary_cross_entropy",
    "softmax_cross_entropy",
    "extended_rosenbrock",
)
"""Costs with more nodes than are drawn."""


@pytest.mark.parametrize("name", [name for name in COSTS if name not in {*LARGE, *DENSE}])
def test_no_slope_stands_upon_another(name):
    boxes = labels(draw_graph(own_point(find_problem(name))).svg())
    assert boxes
    assert not [pair for pair in itertools.combinations(boxes, 2) if overlap(*pair)]


def test_edges_into_a_node_end_below_each_other():
    svg = draw_graph(own_point(find_problem("several_inner_variables"))).svg()
    ends = re.findall(r'([-\d.]+ [-\d.]+)" fill="none"', svg)
    assert len(ends) == len(set(ends)) > 5
