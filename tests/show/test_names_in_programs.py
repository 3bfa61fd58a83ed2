"""Programs of costs whose arguments have the names of other things."""

from __future__ import annotations

import pytest
from execution import array, backend, execute, write

import calcbench
from calcbench.catalogue.files import load_file
from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT, find_operator

COST = '''
import calcbench

@calcbench.problem({name}=0.5, b={other})
def named(xp, {name}, b):
    """A name."""
    return xp.exp({name}) * xp.sum(xp.sin(b)) + xp.log({name}) * xp.pi
'''


def named(name, folder, other="[2.0, 3.0]"):
    path = folder / "named.py"
    path.write_text(COST.format(name=name, other=other), encoding="utf-8")
    (problem,) = load_file(path)
    return problem


@pytest.mark.parametrize(
    "name", ["exp", "pi", "sin", "sum", "S", "b0", "d", "name", "function", "functions", "row"]
)
@pytest.mark.parametrize("other", ["2.0", "[2.0, 3.0]"])
def test_a_symbol_hides_nothing(name, other, tmp_path):
    problem = named(name, tmp_path, other)
    module, _ = execute(write(backend("sympy"), problem, GRADIENT))
    expected = calcbench.gradient(problem, "finite_difference[scheme=complex]")
    for parameter, partial in expected.items():
        assert array(module.gradient[parameter]) == pytest.approx(partial, rel=1e-14)


@pytest.mark.parametrize(
    ("selector", "name"),
    [("sympy", "sp"), ("torch", "torch"), ("finite_difference", "np"), ("torch", "cost")]
    + [(selector, "print") for selector in ("sympy", "torch", "finite_difference")],
)
def test_an_argument_that_would_hide_what_the_program_uses_is_refused(selector, name, tmp_path):
    with pytest.raises(Unsupported, match=f"the argument '{name}' would hide"):
        write(backend(selector), named(name, tmp_path), GRADIENT)


@pytest.mark.parametrize("operator", ["hessian", "hvp", "second_derivative"])
def test_a_second_derivative_that_is_0_by_rule_is_printed(operator, tmp_path):
    path = tmp_path / "slope.py"
    path.write_text(
        "import calcbench\n\n@calcbench.problem(w=2.0)\ndef slope(xp, w):\n"
        '    """A slope."""\n    return 0.3 * xp.abs(w)\n',
        encoding="utf-8",
    )
    (problem,) = load_file(path)
    _, printed = execute(write(backend("torch"), problem, find_operator(operator)))
    assert printed.rpartition("=")[2].strip() == "0.0"
