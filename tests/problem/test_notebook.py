"""A problem as a notebook shows it."""

from html.parser import HTMLParser

import numpy as np
import pytest

import calcbench as cb
from calcbench.problem import mathml

pytest.importorskip("latex2mathml")


class Cells(HTMLParser):
    """The texts of a table's cells, and whether every tag is closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.cells = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag != "br":
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["td"]:
            self.cells[-1] += data


@pytest.mark.parametrize("name", [*cb.problems()])
def test_every_problem_shows_itself(name):
    problem = cb.problems()[name]
    html, text = problem._repr_html_(), problem._repr_markdown_()
    cells = Cells(html).cells
    assert cells[::3] == [*problem.parameters, *problem.data]
    assert problem.formula in text
    assert problem.formula in problem._repr_latex_()
    assert html.count("<math") == 1
    assert name.replace("_", r"\_") in text
    assert f"<b>{name}</b>" in html


def test_a_formula_that_cannot_be_set_stays_latex(monkeypatch):
    saddle = cb.problems()["saddle"]
    monkeypatch.setattr(mathml, "missing_mathml", lambda: "latex2mathml is not installed")
    assert "<div>$$z = x^2 - y^2$$</div>" in saddle._repr_html_()

    @cb.problem(x=1.0)
    def plain(x):
        return x**2

    assert plain._repr_latex_() is None
    assert "$" not in plain._repr_html_()


def test_shapes_of_parameters_and_data():
    @cb.problem(w=np.zeros(3), X=np.zeros((1_200, 3)), y=np.zeros(1_200), c=1.0)
    def cost(xp, w, *, X, y, c):
        """A cost."""
        return xp.mean((xp.matmul(X, w) - y) ** 2) * c

    assert Cells(cost._repr_html_()).cells == [
        *("w", "parameter", "3"),
        *("X", "data", "1,200 × 3"),
        *("y", "data", "1,200"),
        *("c", "data", "a number"),
    ]
    assert "| X | data | 1,200 × 3 |" in cost._repr_markdown_()


def test_inputs_that_raise_are_told_and_names_stay():
    class Broken(cb.Problem):
        def inputs(self, size, rng):
            raise FileNotFoundError("data.csv")

        def cost(self, xp, w, *, X):
            return xp.sum(X * w)

    assert Cells(Broken()._repr_html_()).cells == ["w", "parameter", "?", "X", "data", "?"]
    for text in (Broken()._repr_html_(), Broken()._repr_markdown_()):
        assert "FileNotFoundError: data.csv" in text


def test_a_package_that_inputs_need_is_named():
    class Far(cb.Problem):
        requires = ("nowhere_to_be_found",)

        def inputs(self, size, rng):
            raise AssertionError("not asked")

        def cost(self, xp, w):
            return w

    assert "nowhere\\_to\\_be\\_found is not installed" in Far()._repr_markdown_()
