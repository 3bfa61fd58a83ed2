"""One letter for one thing: what a formula calls the value, everything else does too."""

import re

import pytest

import calcbench as cb
from calcbench.operators import find_operator
from calcbench.problem.inputs import own_point


@pytest.mark.parametrize(
    ("formula", "letter"),
    [
        ("z = x^2", "z"),
        (r"C(m, b) = \frac{1}{n} m", "C"),
        ("f(x, y)=x^2", "f"),
        ("F_i(x) = x_i", "F"),
        (r"r_{i}(a) = a", "r"),
        (r"\phi(x) = x^2", "φ"),
        (r"\Phi = x^2", "Φ"),
        (r"\mathcal{L} = x^2", "C"),
        ("loss = x^2", "C"),
        ("x = x^2", "C"),  # a parameter has it already
        ("x^2 + 1", "C"),
        ("", "C"),
    ],
)
def test_the_letter_stands_before_the_equals_sign(formula, letter):
    @cb.problem(x=1.0, formula=formula)
    def cost(x):
        return x * x

    assert cost.letter == letter


@pytest.mark.parametrize(
    ("operator", "labels"),
    [
        ("gradient", ["∂z/∂x", "∂z/∂y"]),
        ("value_and_gradient", ["z", "∂z/∂x", "∂z/∂y"]),
        ("partial", ["∂z/∂x"]),
        ("cost", ["z"]),
        ("hessian", ["∂²z/∂x²", "∂²z/∂x∂y", "∂²z/∂y∂x", "∂²z/∂y²"]),
        ("pushforward", ["∇z·v"]),
    ],
)
def test_labels_have_the_letter(operator, labels):
    point = own_point(cb.problems()["saddle"])
    layout = find_operator(operator).resolve(point).layout(point)
    assert [layout.label(k) for k in range(layout.size)] == labels


@pytest.mark.parametrize("name", cb.problems())
def test_the_derivation_has_the_letter(name):
    problem = cb.problems()[name]
    assert any(re.search(rf"\b{problem.letter}(\b|_)", latex) for _, latex in problem.derivation)


def test_names_of_arrays_stay():
    (record,) = cb.compare("saddle", ["by_hand"], operator="value_and_gradient").records
    assert list(record.value) == ["C", "x", "y"]
    assert record.labels == ("z", "∂z/∂x", "∂z/∂y")


def test_what_is_printed_has_the_letter(cli):
    done = cli("compare", "saddle", "-b", "by_hand")
    assert "∂z/∂x" in done.out
    assert "∂C" not in done.out
    assert str(cb.reference("saddle")).startswith("z = 5")
    shown = cli("show", "saddle", "-b", "by_hand").out
    assert "z = x**2 - y**2" in shown
    assert "dz/d" in shown
