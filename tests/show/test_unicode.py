"""Formulas in one line of Unicode: complete for every problem, and the same number as in LaTeX."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import calcbench as cb
from calcbench.catalogue.selection import find_problem
from calcbench.errors import UnreadableFormula
from calcbench.show.describe import describe
from calcbench.show.unicode import SUPERSCRIPTS, as_unicode


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\frac{1}{2n}", "1/(2n)"),
        (r"e^{-t/2} \sin(x - 2t)", "e^(−t/2) sin(x − 2t)"),
        (
            r"\frac{f(x + \Delta) - f(x)}{\Delta} = 2x + 2 + \Delta",
            "(f(x + Δ) − f(x))/Δ = 2x + 2 + Δ",
        ),
        (r"x^{n-1} + x_{i+1} + x_{ij}^2", "xⁿ⁻¹ + xᵢ₊₁ + xᵢⱼ²"),
        (r"\frac{\partial^2 u}{\partial x \, \partial t}", "∂²u/∂x∂t"),
        (r"\frac{dy}{dx}(2) = 6, \qquad \frac{dy}{dx}(-1) = 0", "dy/dx(2) = 6,   dy/dx(−1) = 0"),
        (r"v \frac{du}{dx} (1 + x)", "v · du/dx · (1 + x)"),
        (r"\frac{1}{2} \sin x", "1/2 · sin x"),
        (r"\sin \frac{x}{2}", "sin(x/2)"),
        (r"\frac{\sin x}{x}", "(sin x)/x"),
        (r"\frac{d}{dx} \frac{u}{v}", "d/dx (u/v)"),
        (r"\frac{1}{n} \sum_{i=1}^{n} (\sigma(z_i) - y_i)", "1/n Σᵢ₌₁ⁿ (σ(zᵢ) − yᵢ)"),
        (r"{\frac{a}{b}}^2", "(a/b)²"),
        (r"\frac12 |x - 1| + |-x|", "1/2 · |x − 1| + |−x|"),
        (r"H = 2 \begin{pmatrix} a & -b \\ & 1 \end{pmatrix}", "H = 2 [a, −b; 0, 1]"),
        (r"\sqrt{x^2 + 1} + \sqrt[3]{x}", "√(x² + 1) + ³√x"),
        (r"\frac{y - \mu_y}{s}", "(y − μ_y)/s"),
        (r"\hat{y}_i = -\exp(-\frac{x}{2})", "ŷᵢ = −exp(−x/2)"),
    ],
)
def test_formulas(latex, expected):
    assert as_unicode(latex) == expected


@pytest.mark.parametrize("name", list(cb.problems()))
def test_every_formula_and_derivation_is_read(name):
    problem = find_problem(name)
    for latex in (problem.formula, *(latex for _, latex in problem.derivation)):
        line = as_unicode(latex)
        assert line
        assert not re.search(r"[\\{}&$]|  , |\( | \)|\^\w|[=+−·] *[=+·]", line), line
        assert line.count("(") == line.count(")")
        assert line.count("[") == line.count("]")


@pytest.mark.parametrize(
    ("latex", "named"),
    [
        (r"x + \wp(x)", r"\wp"),
        (r"\begin{cases} a & b \end{cases}", "cases"),
        (r"\frac{1}", "ends"),
        (r"x^", "ends"),
        (r"{x", "}"),
        (r"x}", "}"),
        (r"\begin{pmatrix} a", "lacks"),
    ],
)
def test_what_is_not_known_is_refused_by_name(latex, named):
    with pytest.raises(UnreadableFormula, match=re.escape(named)):
        as_unicode(latex)


def test_show_keeps_a_formula_that_it_cannot_read_and_says_why(capsys):
    from rich.console import Console

    from calcbench.show.describe import draw

    description = describe(find_problem("square"), ["by_hand"])
    description["formula"] = r"y = \wp(x)"
    draw(description, Console(width=100))
    printed = capsys.readouterr().out
    assert r"y = \wp(x)  (\wp is not known to the reader of formulas)" in printed
    assert "((x + Δ)² − x²)/Δ = 2x + Δ" in printed


# --- the line has the value of the formula -------------------------------------------------


VALUES = {"x": 1.7, "y": -0.6, "n": 3.0}

leaves = st.sampled_from(["x", "y", "n", "2", "5"]).map(lambda leaf: (leaf, leaf))
"""(LaTeX, Python) of the same expression."""


def extend(inner):
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda p: (f"{{{p[0][0]}}} + {p[1][0]}", f"({p[0][1]} + ({p[1][1]}))")),
        two.map(lambda p: (rf"\left({p[0][0]}\right) \, ({p[1][0]})", f"({p[0][1]})*({p[1][1]})")),
        two.map(
            lambda p: (rf"x \frac{{{p[0][0]}}}{{{p[1][0]}}} y", f"(x*(({p[0][1]})/({p[1][1]}))*y)")
        ),
        two.map(lambda p: (rf"\frac{{{p[0][0]}}}{{{p[1][0]}}}", f"(({p[0][1]})/({p[1][1]}))")),
        inner.map(lambda p: (rf"({p[0]})^{{2}}", f"(({p[1]})**2)")),
        inner.map(lambda p: (rf"2^{{{p[0]}}}", f"(2**({p[1]}))")),
        inner.map(lambda p: (f"{{({p[0]})}}^2 - 5", f"(({p[1]})**2 - 5)")),
    )


def calculate(line):
    """Evaluate a line of Unicode, with products written side by side, from left to right."""
    small = {raised: plain for plain, raised in SUPERSCRIPTS.items() if plain not in "*′"}
    line = re.sub(
        "[" + "".join(small) + "]+",
        lambda found: "**(" + "".join(small[letter] for letter in found[0]) + ")",
        line,
    )
    line = line.replace("·", "*").replace("−", "-").replace("^", "**")
    line = re.sub(r"(?<=[\w)]) *(?=[\w(])", "*", re.sub(r"(?<=\d)(?=\d)", "", line))
    return eval(re.sub(r"\*\*\*\(", "**(", line), {}, VALUES)


@given(st.recursive(leaves, extend, max_leaves=6))
def test_the_line_has_the_value_of_the_formula(expression):
    latex, python = expression
    try:
        expected = eval(python, {}, VALUES)
        if isinstance(expected, complex) or abs(expected) > 1e12:
            return
    except (ZeroDivisionError, OverflowError):
        return
    assert calculate(as_unicode(latex)) == pytest.approx(expected, rel=1e-9), as_unicode(latex)
