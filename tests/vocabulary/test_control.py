"""Loops and branches on every backend: value and derivative, at 400 digits.

The exact ones are loops and branches of Python, written here once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from vocabulary.test_vocabulary import (
    DIFFERENTIATING,
    JUDGED,
    Case,
    M,
    U,
    V,
    check,
    elementwise,
    gradient,
    mp,
)

import calcbench
from calcbench.certified.evaluation import NotCertified
from calcbench.errors import LimitReached, Unsupported

CONTROL: dict[str, list[Case]] = {}


def case(name: str, call: Any, at: Any, exact: Any, **options: Any) -> None:
    """Add a case of `name`; `at` is a list of arguments."""
    cases = CONTROL.setdefault(name, [])
    arrays = tuple(np.array(x, dtype=float) for x in at)
    options = {"scale": 1.0, "close": 1e-13, **options}
    cases.append(Case(f"{name}, case {len(cases)}", call, arrays, exact, **options))


# --- scan, and iterate, which follows from it -----------------------------------------------------


def running(x: Any) -> Any:
    total, totals = x[0] * 0, []
    for each in x:
        total = total / 2 + each * each
        totals.append(total)
    return np.array(totals, dtype=object)


case(
    "scan",  # what the steps return; the state begins as a number
    lambda xp, x: xp.scan(lambda s, x: (s / 2 + x * x, s / 2 + x * x), 0.0, x)[1],
    [V],
    running,
)
case(
    "scan",
    lambda xp, x: xp.scan(lambda s, x: (s / 2 + x * x, s), 0.0, x)[0],
    [V],
    lambda x: running(x)[-1],
)
case(
    "scan",  # rows of a matrix; the step takes from `xp`, and closes over a parameter
    lambda xp, x, y: xp.scan(lambda s, x: (xp.sin(s) + x * y, x), y, x)[0],
    [M, V],
    lambda x, y: elementwise(mp.sin)(elementwise(mp.sin)(y) + x[0] * y) + x[1] * y,
)
case(
    "scan",  # a tuple of arrays, of states, of what is returned
    lambda xp, x, y: xp.scan(
        lambda s, x: ((s[1], s[0] + x[0] * x[1]), (s[0], x[0] * s[1])), (x[0], y[1]), (x, y)
    )[1][1],
    [V, U],
    lambda x, y: [
        x[0] * y[1],
        x[1] * (x[0] + x[0] * y[0]),
        x[2] * (y[1] + x[1] * y[1]),
    ],
)
case(
    "scan",  # steps without slices
    lambda xp, x: xp.scan(lambda s, x: (s * s - 0.5, s), x, None, length=3)[1],
    [0.5],
    lambda x: [x[()], x[()] ** 2 - 0.5, (x[()] ** 2 - 0.5) ** 2 - 0.5],
)


def logistic(x: Any) -> Any:
    return 3.5 * x * (1 - x)


def repeated(n: int) -> Any:
    def apply(state: Any) -> Any:
        for _ in range(n):
            state = logistic(state)
        return state

    return apply


for at, n in ((0.25, 3), (0.25, 0), ([0.25, 0.5, 0.8], 2)):
    case(
        "iterate",
        lambda xp, x, n=n: xp.iterate(logistic, x, n),
        [at],
        repeated(n),
        scale=100.0,  # the map is chaotic: 3.5³ is the largest slope
    )


def rotate(xp, x, y, pair):
    """A rotating pair; the step closes over a parameter, and takes from `xp`."""
    first, second = xp.iterate(lambda s: (s[0] - y * s[1], s[1] + xp.sin(s[0])), (x, pair), 4)
    return first + second


def exact_rotate(x, y, pair):
    for _ in range(4):
        x, pair = x - y * pair, pair + elementwise(mp.sin)(x)
    return x + pair


case("iterate", rotate, [V, 0.5, U], exact_rotate)
case("iterate", rotate, [0.5, 0.25, -0.5], exact_rotate)
case(
    "iterate",  # a matrix as the state
    lambda xp, a, x: xp.iterate(lambda v: xp.matmul(a, v), x, 3),
    [[[0.5, -0.25], [0.75, 0.5]], [[1.0, 0.5], [-0.5, 1.0]]],
    lambda a, x: a.dot(a).dot(a).dot(x),
)

# --- branches -------------------------------------------------------------------------------------

for at in (2.5, 0.5):
    case(
        "cond",
        lambda xp, x: xp.cond(x > 1, lambda x: xp.log(x), lambda x: -3 * x, x),
        [at],
        elementwise(lambda x: mp.log(x) if x > 1 else -3 * x),
    )
    case(
        "cond",  # a tuple; numbers; what a branch closes over
        lambda xp, x, y: xp.stack(xp.cond(x < y[0], lambda: (x * x, 0.1), lambda: (2.0, x * y[1]))),
        [at, U],
        lambda x, y: [x[()] ** 2, mp.mpf(0.1)] if x < y[0] else [mp.mpf(2), x[()] * y[1]],
    )
for at in (V, U):
    case(
        "cond",  # an array from each branch, of which one would be a division by 0
        lambda xp, x, y: xp.cond(xp.sum(x) > 1.5, lambda x: x / y, lambda x: x * y, x),
        [at, 2.5],
        lambda x, y: x / y if sum(x) > 1.5 else x * y,
    )

# --- loops that end by a condition ----------------------------------------------------------------


def halve(xp, x, y):
    return xp.while_loop(lambda s: s > y, lambda s: s * y, x, 6)


def exact_halve(x: Any, y: Any) -> Any:
    while x > y:
        x = x * y
    return x


for at in (5.0, 0.25, 0.7):  # four steps, none, one
    case("while_loop", halve, [at, 0.625], exact_halve)


def newton(xp, a):
    """√a by Newton's steps, with how far the last one went."""
    root, _ = xp.while_loop(
        lambda s: xp.sum(xp.abs(s[1])) > 1e-6,
        lambda s: (s[0] - (s[0] - a / s[0]) / 2, (s[0] - a / s[0]) / 2),
        (a, a),
        5,
    )
    return root


case("while_loop", newton, [[2.5, 1.5]], lambda a: elementwise(mp.sqrt)(a), close=1e-12)


# --- derivatives inside a cost --------------------------------------------------------------------

case(
    "grad",
    lambda xp, x: xp.grad(lambda t: xp.sin(t * t))(x),
    [0.75],
    elementwise(lambda x: 2 * x * mp.cos(x * x)),
)
case(
    "grad",  # by an array, with another argument, and what the function closes over
    lambda xp, x, y, a: xp.grad(lambda t, u: a * xp.sum(t * t * u) + t[0] * xp.exp(u[1]))(x, y),
    [V, U, 0.5],
    lambda x, y, a: a * 2 * x * y + np.array([mp.exp(y[1]), 0, 0]),
)
case(
    "grad",  # of a derivative: t by s, then of that by s again
    lambda xp, x, y: xp.grad(lambda s: s * xp.grad(lambda t: s * t * t * t * y)(s))(x),
    [1.5, 0.25],
    lambda x, y: 12 * y * x**3,
)
case(
    "grad",  # a number of Python's, and a function that is constant
    lambda xp, x: (
        xp.grad(lambda t: t * t * x)(3.0) + xp.sum(xp.grad(lambda t: 0.0 * x)(xp.ones(2)))
    ),
    [1.5],
    lambda x: 6 * x,
)
case(
    "grad",  # through a matrix, functions of arrays, and a loop
    lambda xp, x, m: xp.grad(
        lambda t: xp.logsumexp(xp.matmul(m, t)) + xp.iterate(lambda s: xp.tanh(s) * t[1], t[0], 2)
    )(x),
    [[0.5, -1.25], [[0.5, 1.0], [-0.75, 0.25]]],
    lambda x, m: exact_grad(x, m),
)


def exact_grad(x: Any, m: Any) -> Any:
    """The derivative of the function above, written out."""
    shares = elementwise(mp.exp)(m.dot(x))
    inner = mp.tanh(x[0])
    outer = mp.tanh(inner * x[1])
    slope = (1 - outer**2) * x[1]
    loop = np.array([slope * (1 - inner**2) * x[1], slope * inner + outer])
    return shares.dot(m) / sum(shares) + loop


case("stop_gradient", lambda xp, x: xp.stop_gradient(x), [V], lambda x: x, slope=lambda x: 0 * x)
case(
    "stop_gradient",
    lambda xp, x: x * x - xp.stop_gradient(x * x) + xp.grad(lambda t: t * xp.stop_gradient(t))(x),
    [1.5],
    lambda x: x,
    slope=lambda x: 2 * x,
)


@pytest.mark.few(24)
@pytest.mark.parametrize("selector", JUDGED)
@pytest.mark.parametrize("name", CONTROL)
def test_control(name, selector):
    check(selector, CONTROL[name])


def test_a_loop_whose_formula_is_too_long_is_refused():
    problem = calcbench.problem(a=2.0)(
        lambda xp, a: xp.while_loop(
            lambda s: xp.abs(s * s - a) > 1e-9, lambda s: (s + a / s) / 2, a, 100
        )
    )
    with pytest.raises(Unsupported, match=r"over 300,000 operations after \d+ of 100 steps"):
        gradient("sympy", problem)


@pytest.mark.parametrize("selector", DIFFERENTIATING)
def test_lengths_that_differ_are_refused(selector):
    at = calcbench.problem(x=V, y=M)(
        lambda xp, x, y: xp.scan(lambda s, x: (s + x[0], None), 0.0, (x, y))[0]
    )
    with pytest.raises(
        ValueError, match="one length is needed, of xs or as length=…, and not 2 and 3"
    ):
        gradient(selector, at)


COMPILED = ("jax", "tensorflow[mode=function]", "tensorflow[mode=xla]")


def endless(xp, x):
    return xp.while_loop(lambda s: s > 1, lambda s: s + 1, x, 5)


@pytest.mark.parametrize("selector", [*DIFFERENTIATING, "certified"])
def test_a_loop_that_does_not_end_is_an_error(selector):
    problem = calcbench.problem(x=2.5)(endless)
    if selector == "sympy":
        assert np.isnan(gradient(selector, problem)["x"])
        return
    if selector in COMPILED:  # which cannot raise anything when they run
        assert np.isnan(gradient(selector, problem)["x"])
        return
    with pytest.raises((LimitReached, NotCertified), match="still holds after 5 steps"):
        gradient(selector, problem)


# --- what is judged of them -----------------------------------------------------------------------


def test_what_is_held_constant_on_purpose_is_no_cut_tape():
    @calcbench.problem(x=2.5, y=[0.5, 1.5])
    def held(xp, x, y):
        return xp.sum(y * y) * xp.stop_gradient(x)

    backends = ["torch", "finite_difference[scheme=complex]", "finite_difference"]
    torch, by_complex_step, by_differences = calcbench.compare(held, backends)
    assert (torch.status, by_complex_step.status) == ("ok", "ok")
    assert "cannot hold xp.stop_gradient(x) constant" in by_differences.reason


def test_a_formula_of_one_branch_is_told_by_the_other():
    @calcbench.problem(x=2.5, gradient=lambda x: {"x": 0.5 * x**-0.5})
    def root(xp, x):
        return xp.cond(x > 0.5, lambda: xp.sqrt(x), lambda: x * x)

    (row,) = calcbench.compare(root, ["by_hand"])
    assert row.status == "disagree"


def test_branches_that_meet_smoothly_have_a_derivative_where_they_do():
    @calcbench.problem(x=1.0, y=1.0)
    def meeting(xp, x, y):
        smooth = xp.cond(x > 1.0, lambda: x * x, lambda: 2 * x - 1)
        return smooth + xp.cond(y > 1.0, lambda: y * y, lambda: y)

    found = calcbench.reference(meeting)
    assert found.value["x"] == 2.0
    assert found.rough["y"]
