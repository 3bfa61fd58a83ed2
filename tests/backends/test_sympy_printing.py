"""What SymPy differentiates or makes, and cannot write in NumPy, is skipped in plain words."""

import pytest

import calcbench as cb
from calcbench.record.record import Status

sympy = pytest.importorskip("sympy")

REFUSED = {
    "//": (
        lambda xp, w: xp.sum(w**3 // 1),
        "SymPy has no derivative of floor, which is what // gives: use xp.floor(x / y)",
    ),
    "%": (
        lambda xp, w: xp.sum(w**3 % 1),
        "SymPy has no derivative of Mod, which is what % gives: use x - y * xp.floor(x / y)",
    ),
    "a function that NumPy has not": (
        lambda xp, w: xp.sum(w) * sympy.zeta(w[0]),
        "SymPy cannot write zeta in NumPy",
    ),
    "a form that is no function": (
        lambda xp, w: w[1] * sympy.Integral(sympy.exp(sympy.sin(T)), (T, 0, w[0])),
        "SymPy cannot write Integral in NumPy",
    ),
}
T = sympy.Symbol("t")


@pytest.mark.parametrize(("cost", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_sympy_cannot_write_is_skipped(cost, reason):
    problem = cb.problem(w=[1.3, 2.7])(cost)
    (record,) = cb.compare(problem, ["sympy"], timed=False, certify="none").records
    assert (record.status, record.reason) == (Status.SKIPPED, reason)


def test_the_remedies_are_right():
    @cb.problem(w=[1.3, 2.7])
    def cost(xp, w):
        whole = xp.floor(w**3 / 2.0)
        return xp.sum(w * whole + (w**3 - 2.0 * whole))

    (record,) = cb.compare(cost, ["sympy"], timed=False).records
    assert record.status is Status.OK
