"""`cb.show` and `cb.steps`, in Python."""

import ast

import pytest

import calcbench as cb
from calcbench.report import picture


def test_show_prints_what_the_command_prints(cli):
    shown = cb.show("saddle", "by_hand")
    assert str(shown) == repr(shown)
    printed = cli("show", "saddle", "-b", "by_hand").out
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    assert str(shown).splitlines() == lines
    assert "∂z/∂x = 2x" in str(shown)


def test_show_in_a_notebook():
    text = cb.show("saddle", ["by_hand", "finite_difference"])._repr_markdown_()
    assert r"$$\frac{\partial z}{\partial x} = 2x$$" in text
    assert "/∂x = 2*x`" in text
    program = text.split("````python\n")[1].split("````")[0]
    assert "2 * x" in ast.unparse(ast.parse(program))


def test_show_in_a_notebook_without_a_network():
    pytest.importorskip("latex2mathml")
    html = cb.show("saddle", ["by_hand"])._repr_html_()
    assert html.count("<math") == 1 + len(cb.problems()["saddle"].derivation)
    assert "let x move by Δ" in html
    assert "gradient = {&quot;x&quot;: 2 * x" in html
    assert "∂z/∂x = 2*x<br>" in html
    assert "<b>symbolic hessian</b>" in cb.show("saddle", [], "hessian")._repr_html_()


def test_without_pictures_a_notebook_shows_text(monkeypatch):
    monkeypatch.setattr(picture, "REQUIRED", ("nowhere_to_be_found",))
    assert cb.steps("square")._repr_svg_() is None
    assert cb.descend("square", steps=2)._repr_svg_() is None
    assert cb.descend("square", steps=2, rate=[0.1, 0.2])._repr_svg_() is None


def test_a_comparison_prints_all_columns_when_asked(cli):
    found = cb.verify("saddle", ["by_hand", "finite_difference"])
    wide = found.wide()
    assert wide.records == found.records
    assert "needed" in str(wide)
    assert "<th" in wide._repr_html_()
    assert "needed" in wide._repr_html_()
    assert "needed" not in str(found) + found._repr_html_()
    assert (
        str(wide).splitlines()[1]
        == (
            cli(
                "verify", "saddle", "-b", "by_hand", "-b", "finite_difference", "--wide"
            ).out.splitlines()[1]
        )
    )


def test_show_has_data():
    data = cb.show("saddle", [], "hessian").data
    assert list(data["symbolic"].values()) == ["x**2 - y**2", "2", "0", "0", "-2"]
    assert (data["programs"], data["operator"]) == ({}, "hessian")


@cb.problem(x=1.0)
def hostile(x):
    """<script>alert(1)</script> | $x$ *y* \x1b[31m."""
    return x**2


def test_what_a_docstring_holds_stays_text():
    for html in (cb.show(hostile, [])._repr_html_(), hostile._repr_html_()):
        assert "&lt;script&gt;alert(1)" in html
        assert "<script" not in html
        assert "\x1b" not in html
    for text in (cb.show(hostile, [])._repr_markdown_(), hostile._repr_markdown_()):
        assert "\\<script>" in text
        assert r"\| \$x\$ \*y\*" in text
        assert "\x1b" not in text


def test_a_problem_that_raises_is_at_fault():
    @cb.problem(x=1.0)
    def broken(x):
        raise KeyError("lost")

    assert "KeyError: 'lost'" in str(cb.show(broken, []))
    with pytest.raises(cb.ProblemError):
        cb.show(cb.problem(x=[])(lambda x: x), [])


def test_steps_is_a_table_with_an_optimum():
    found = cb.steps("chain_rule_single")
    forward, central, richardson = found.optimum.values()
    assert forward < central < richardson
    lines = str(found).splitlines()
    assert lines[0].startswith("chain_rule_single: relative error of ∂")
    assert str(found).count("←") == 3 + 1
    assert repr(found) == str(found)
    errors = {step.step: step.error for step in found.steps if step.backend == "finite_difference"}
    assert errors[found.optimum["finite_difference"]] < 1e-9 < errors[1e-1]


def test_steps_of_a_component_by_one_backend():
    found = cb.steps("quadratic_cost", "w[1]", "finite_difference[scheme=forward]", seed=2)
    assert (found.partial, list(found.optimum)) == ("w[1]", ["finite_difference[scheme=forward]"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cb.steps("saddle", "z"), "has no parameter 'z'"),
        (lambda: cb.steps("saddle", "x", "by_hand"), "takes no step"),
        (lambda: cb.show("saddle", "jx"), "did you mean 'jax'"),
        (lambda: cb.show("review"), "8 problems"),
    ],
)
def test_what_there_is_not_is_told(call, words):
    with pytest.raises(cb.SelectorError, match=words):
        call()
