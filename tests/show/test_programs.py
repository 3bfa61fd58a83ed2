"""The programs of `calcbench show` run, give the derivative, and do without calcbench."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from execution import MODES, PROGRAMS, backend, check_gradient, check_operator, check_or_refuse

import calcbench
from calcbench.catalogue.door import default_problems
from calcbench.errors import NotInstalled, Unsupported
from calcbench.operators import GRADIENT, OPERATORS
from calcbench.operators.cost import Cost
from calcbench.problem.inputs import own_point
from calcbench.show.programs.find import write_program
from calcbench.show.programs.numpy_spelling import SPELLING
from calcbench.show.programs.results import print_result
from calcbench.show.programs.writer import Writer


@pytest.mark.few(15)
@pytest.mark.parametrize("selector", PROGRAMS)
@pytest.mark.parametrize("name", default_problems())
def test_program(name, selector):
    try:
        problem = calcbench.problems()[name]
        own_point(problem)
    except NotInstalled as error:
        pytest.skip(str(error))
    if problem.vector_valued:
        with pytest.raises(Unsupported, match="it has a Jacobian, and no gradient"):
            write_program(backend(selector), problem, GRADIENT)
    else:
        check_gradient(problem, selector)


@pytest.mark.parametrize("selector", MODES)
def test_program_of_a_mode(selector):
    check_gradient(calcbench.problems()["binary_cross_entropy"], selector)


@pytest.mark.few(2)
@pytest.mark.parametrize("selector", PROGRAMS)
def test_script(selector, tmp_path):
    """As a reader runs it: in an interpreter of its own."""
    script = tmp_path / "program.py"
    problem = calcbench.problems()["batch_regression"]
    script.write_text(write_program(backend(selector), problem, GRADIENT), "utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = re.findall(r"^dC/d(\w+) = .*?([-+.e\d]+)$", done.stdout, re.MULTILINE)
    assert [name for name, _ in printed] == ["m", "b"]
    np.testing.assert_allclose([float(number) for _, number in printed], [36.305, 6.265], rtol=1e-7)


# --- other operators ---------------------------------------------------------------------------


@pytest.mark.few(30)
@pytest.mark.parametrize("selector", PROGRAMS)
@pytest.mark.parametrize("operator", [name for name in OPERATORS if name != "gradient"])
@pytest.mark.parametrize(
    "name", ["saddle", "batch_regression", "rosenbrock", "curve_fit_residuals"]
)
def test_operator(name, operator, selector):
    check_or_refuse(calcbench.problems()[name], selector, operator)


@pytest.mark.parametrize("selector", PROGRAMS)
@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("square", "second_derivative"),
        ("square", "hessian"),
        ("quadratic_cost", "hessian"),
        ("extended_rosenbrock", "hvp"),
        ("extended_rosenbrock", "gradient_and_hvp"),
        ("broyden_tridiagonal", "jacobian"),
    ],
)
def test_operator_of_arrays_and_of_one_number(name, operator, selector):
    check_or_refuse(calcbench.problems()[name], selector, operator)


@pytest.mark.parametrize("operator", ["hvp", "gradient_and_hvp", "pullback", "value_and_gradient"])
@pytest.mark.parametrize("selector", MODES)
def test_operator_of_a_mode(selector, operator):
    check_operator(calcbench.problems()["batch_regression"], selector, operator)


@dataclass(frozen=True)
class Novel(Cost):
    """An operator that no file of programs has heard of."""

    name: ClassVar[str] = "novel"


@pytest.mark.parametrize("selector", PROGRAMS)
def test_operator_without_a_program(selector):
    wanted = "no stand-alone program for the novel by this backend, only for the gradient"
    with pytest.raises(Unsupported, match=wanted):
        write_program(backend(selector), calcbench.problems()["saddle"], Novel())


def test_operator_whose_result_cannot_be_printed():
    writer = Writer(calcbench.problems()["saddle"], "by_hand", SPELLING, Novel())
    with pytest.raises(Unsupported, match="no program prints the novel"):
        print_result(writer)


def test_what_rewrites_source_is_loaded_to_write_a_program(process):
    """It takes 0.3 s to import, which no other command pays."""
    code = """
import sys
import calcbench as cb
from calcbench.show.describe import describe
cb.gradient("square", "by_hand")
assert "libcst" not in sys.modules
describe(cb.problems()["square"], ["by_hand"])
assert "libcst" in sys.modules
"""
    done = process(code=code)
    assert (done.status, done.err) == (0, "")
