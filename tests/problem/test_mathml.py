"""Formulas as MathML: every one of every problem, right in its details, safe in a page."""

import re
from xml.etree import ElementTree

import pytest

import calcbench as cb
from calcbench.errors import UnreadableFormula
from calcbench.problem import mathml
from calcbench.problem.mathml import ATTRIBUTES, CHILDREN, ELEMENTS, as_mathml

pytest.importorskip("latex2mathml")

SPACE = '<mspace width="0.17em" />'


def formulas(problem):
    return [problem.formula, *(latex for _, latex in problem.derivation)]


def body(latex):
    """What stands in the row of a formula."""
    return re.fullmatch(r"<math [^>]*><mrow>(.*)</mrow></math>", as_mathml(latex))[1]


@pytest.mark.parametrize("name", cb.problems())
def test_every_formula_of_every_problem_is_drawn_without_a_network(name):
    for latex in formulas(cb.problems()[name]):
        for element in ElementTree.fromstring(as_mathml(latex)).iter():
            tag = element.tag.rpartition("}")[2]
            assert tag in ELEMENTS
            assert set(element.attrib) <= set(ATTRIBUTES)
            assert len(element) == CHILDREN.get(tag, len(element))
            assert not (element.text or "").startswith("\\"), latex


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\sin t", f"<mi>sin</mi>{SPACE}<mi>t</mi>"),
        (r"r \sin t", f"<mi>r</mi>{SPACE}<mi>sin</mi>{SPACE}<mi>t</mi>"),
        (r"\sin\log p", f"<mi>sin</mi>{SPACE}<mi>log</mi>{SPACE}<mi>p</mi>"),
        (r"= \log p", f"<mo>=</mo><mi>log</mi>{SPACE}<mi>p</mi>"),
        (r"\sin^2 x", f"<msup><mi>sin</mi><mn>2</mn></msup>{SPACE}<mi>x</mi>"),
        (r"\operatorname{diag} x", f"<mi>diag</mi>{SPACE}<mi>x</mi>"),
        (r"u\, v", '<mi>u</mi><mspace width="0.167em" /><mi>v</mi>'),
    ],
)
def test_a_function_has_small_spaces_beside_its_name(latex, expected):
    assert body(latex) == expected


def test_a_function_stands_close_to_its_bracket():
    assert body(r"\tanh(x)").startswith('<mi>tanh</mi><mo stretchy="false">(</mo>')
    assert "mspace" not in body(r"\cos \left( x \right)")


def test_what_a_limit_runs_over_stands_below_it():
    assert body(r"\lim_{x \to 0} x").startswith("<munder><mi>lim</mi><mrow>")
    assert body("r_i").startswith("<msub>")


@pytest.mark.parametrize(
    ("latex", "named"),
    [
        (r"\foo x", r"\foo"),
        (r"\frac{1}", "incomplete"),
        (r"\begin{x}", "not LaTeX"),
        (r"\color", "not LaTeX"),
        ("", "not LaTeX"),
        ("{", "not LaTeX"),
    ],
)
def test_what_is_not_known_is_refused_by_name(latex, named):
    with pytest.raises(UnreadableFormula, match=re.escape(named)):
        as_mathml(latex)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "&lt;b&gt;", "<img src=x>"])
def test_text_in_a_formula_is_text(text):
    (element,) = ElementTree.fromstring(as_mathml(rf"\text{{{text}}}")).iter(
        "{http://www.w3.org/1998/Math/MathML}mtext"
    )
    assert len(element) == 0
    assert "<script" not in as_mathml(rf"\text{{{text}}}")


def test_a_link_is_none():
    assert "javascript" not in as_mathml(r"\href{javascript:alert(1)}{x}")


def test_what_cannot_be_drawn_stays_latex():
    assert mathml.write_formula(r"\foo < 1") == r"<code>\foo &lt; 1</code>"


def test_without_the_library_formulas_stay_latex(monkeypatch):
    monkeypatch.setattr(mathml, "missing_mathml", lambda: "latex2mathml is not installed")
    assert mathml.write_formula("x^2") == "<code>x^2</code>"
