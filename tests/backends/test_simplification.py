"""Formulas are simplified as far as there is time, and shown as they are beyond it."""

import numpy as np
import pytest
import sympy

import calcbench as cb
from calcbench.backends.sympy import derivatives
from calcbench.catalogue.selection import find_backend
from calcbench.problem.inputs import own_point


@cb.problem(w=[0.2, 0.5, -0.3])
def filtered(xp, w):
    """SymPy simplifies its partials for minutes: tanh of tanh of tanh."""

    def step(state, x):
        state = xp.tanh(0.5 * state + x)
        return state, state

    return xp.sum(xp.scan(step, 0.0 * w[0], w)[1] ** 2)


def test_a_formula_that_takes_too_long_to_simplify_is_shown_as_it_is(monkeypatch):
    monkeypatch.setattr(derivatives, "READING_SECONDS", 0.1)
    monkeypatch.setattr(derivatives, "FIRST_PARTIALS", 1)
    found = find_backend("sympy").formulas(own_point(filtered))
    at = {sympy.Symbol(f"w{k}", real=True): x for k, x in enumerate([0.2, 0.5, -0.3])}
    names = {str(symbol): symbol for symbol in at}
    partial = sympy.sympify(found["∂C/∂w[0]"], locals=names)
    assert float(partial.xreplace(at)) == pytest.approx(
        float(np.ravel(cb.gradient(filtered, "dual")["w"])[0]), rel=1e-12
    )
