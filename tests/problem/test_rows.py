"""Rows found in data: where they are, and never where they are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calcbench as cb
from calcbench.problem import rows as search
from calcbench.problem.inputs import own_point
from calcbench.problem.rows import LONG, NO_ROWS, Rows

RNG = np.random.default_rng(0)
N = 300
X, Y = RNG.standard_normal((N, 3)), RNG.standard_normal(N)
WIDE, TENSOR = RNG.standard_normal((N, 20)), RNG.standard_normal((N, 2, 4))
LABELS, POSITIVE = RNG.integers(0, 3, N), np.exp(RNG.standard_normal(N))
RARE = np.zeros(N)
RARE[[50, 51]] = 1.0
W = np.zeros(3)


def squares(xp, w, X, y):
    return (xp.matmul(X, w) - y) ** 2


@cb.problem(w=W, X=X, y=Y)
def mean_with_ridge(xp, w, *, X, y):
    return xp.mean(squares(xp, w, X, y)) + 0.1 * xp.sum(w**2)


@cb.problem(w=W, X=X, y=Y)
def plain_sum(xp, w, *, X, y):
    return xp.sum(squares(xp, w, X, y))


@cb.problem(w=W, X=X, y=Y, strength=0.3)
def sum_with_ridge(xp, w, *, X, y, strength):
    return 0.5 * (xp.sum(squares(xp, w, X, y)) + strength * xp.sum(w**2))


@cb.problem(w=W, X=X, y=Y)
def ridge_over_n(xp, w, *, X, y):
    return (xp.sum(squares(xp, w, X, y)) + 0.1 * xp.sum(w**2)) / len(y)


@cb.problem(w=W, X=X, y=Y)
def over_a_constant(xp, w, *, X, y):
    return xp.sum(squares(xp, w, X, y)) / 300


@cb.problem(w=W, X=X, y=Y, weight=POSITIVE)
def weight_per_row(xp, w, *, X, y, weight):
    return xp.mean(weight * squares(xp, w, X, y))


@cb.problem(weights=np.zeros((3, 3)), X=X, y=LABELS)
def integer_labels(xp, weights, *, X, y):
    z = xp.matmul(X, weights)
    of_label = xp.take_along_axis(z, y[:, None], axis=1)[:, 0]
    return xp.mean(xp.logsumexp(z, axis=1) - of_label)


@cb.problem(k=np.ones((2, 4)), T=TENSOR, y=Y)
def three_axes(xp, k, *, T, y):
    return xp.mean((xp.sum(T * k, axis=(1, 2)) - y) ** 2)


@cb.problem(w=W, X=X, y=Y, table=Y)
def long_but_no_rows(xp, w, *, X, y, table):
    return xp.mean(squares(xp, w, X, y)) + xp.sum(xp.exp(-(table**2))) * xp.sum(w**2)


@cb.problem(m=0.5, s=1.0, y=1e9 + Y)
def far_from_zero(xp, m, s, *, y):
    return xp.sum(0.5 * ((y - 1e9 - m) / s) ** 2 + xp.log(s))


FOUND = [
    (mean_with_ridge, Rows(("X", "y"), "mean", False, True)),
    (plain_sum, Rows(("X", "y"), "sum", False, True)),
    (sum_with_ridge, Rows(("X", "y"), "sum", True, True)),
    (ridge_over_n, Rows(("X", "y"), "mean", True, True)),
    (over_a_constant, Rows(("X", "y"), "sum", False, True)),
    (weight_per_row, Rows(("X", "y", "weight"), "mean", False, True)),
    (integer_labels, Rows(("X", "y"), "mean", False, True)),
    (three_axes, Rows(("T", "y"), "mean", False, True)),
    (long_but_no_rows, Rows(("X", "y"), "mean", False, True)),
    (far_from_zero, Rows(("y",), "sum", False, True)),
]


@pytest.mark.parametrize(("problem", "expected"), FOUND, ids=lambda part: getattr(part, "name", ""))
def test_rows_are_found(problem, expected):
    assert own_point(problem).rows == expected


def kernel(xp, X, scale):
    apart = xp.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=2)
    return xp.exp(-apart / (2 * scale**2)) + 0.01 * np.eye(len(X))


@cb.problem(scale=1.0, X=X, y=Y)
def gaussian_process(xp, scale, *, X, y):
    z = xp.linalg.solve(kernel(xp, X, scale), y)
    return xp.sum(y * z)


@cb.problem(scale=0.4, X=WIDE, y=Y)
def weakly_coupled(xp, scale, *, X, y):
    z = xp.linalg.solve(kernel(xp, X, scale), y)
    return xp.sum(y * z)


@cb.problem(weights=np.eye(3), X=X)
def contrastive(xp, weights, *, X):
    z = xp.matmul(X, weights)
    return xp.mean(xp.logsumexp(xp.matmul(z, xp.matrix_transpose(z)), axis=1))


@cb.problem(w=W, X=X, y=Y)
def largest_row(xp, w, *, X, y):
    return xp.max(squares(xp, w, X, y))


@cb.problem(w=np.ones(3), X=X, y=Y)
def batch_statistics(xp, w, *, X, y):
    z = xp.matmul(X, w)
    spread = xp.sqrt(xp.mean((z - xp.mean(z)) ** 2))
    return xp.mean(((z - xp.mean(z)) / spread - y) ** 2)


@cb.problem(x=np.ones(N), A=X @ X.T, b=Y)
def square_matrix(xp, x, *, A, b):
    return 0.5 * xp.sum(x * xp.matmul(A, x)) - xp.sum(b * x)


@cb.problem(s=1.0, A=X @ X.T, b=Y)
def square_matrix_and_a_number(xp, s, *, A, b):
    return s * xp.sum(b * xp.matmul(A, b))


@cb.problem(w=W, X=X, y=Y)
def root_of_the_length(xp, w, *, X, y):
    return xp.sum(squares(xp, w, X, y)) / X.shape[0] ** 0.5


@cb.problem(w=W, X=X, y=Y)
def fixed_length(xp, w, *, X, y):
    return xp.mean(squares(xp, w, xp.reshape(X, (300, 3)), y))


@cb.problem(w=W, X=X, y=Y, weight=POSITIVE)
def normalised_weights(xp, w, *, X, y, weight):
    return xp.sum(weight * squares(xp, w, X, y)) / xp.sum(weight)


@cb.problem(w=2.0, t=np.linspace(0, 1, N))
def neighbours_evenly_apart(xp, w, *, t):
    return xp.sum(w * (t[1:] - t[:-1]))


@cb.problem(w=2.0, event=RARE)
def neighbours_rarely(xp, w, *, event):
    return xp.sum(xp.exp(w * event)) + xp.sum(w * event[1:] * event[:-1])


@cb.problem(b=W, X=X, event=(POSITIVE > 1).astype(float))
def risk_sets(xp, b, *, X, event):
    z, at_risk = xp.matmul(X, b), np.triu(np.ones((len(X), len(X))))
    return xp.sum(event * (xp.log(xp.matmul(at_risk, xp.exp(z))) - z))


@cb.problem(a=0.5, y=Y)
def product_of_means(xp, a, *, y):
    return xp.mean(xp.abs(y - a)) * xp.mean((y - a) ** 2)


@cb.problem(w=W, y=Y)
def data_not_used(xp, w, *, y):
    return xp.sum(w**2)


@cb.problem(w=W, X=X[: LONG - 1], y=Y[: LONG - 1])
def short(xp, w, *, X, y):
    return xp.mean(squares(xp, w, X, y))


@cb.problem(w=W, X=X, y=Y)
def raises(xp, w, *, X, y):
    if len(y) < N:
        raise SystemExit(1)
    return xp.mean(squares(xp, w, X, y))


@cb.problem(w=W, X=X, y=Y)
def writes(xp, w, *, X, y):
    y += 1.0
    return xp.mean(squares(xp, w, X, y))


NOT_FOUND = [
    gaussian_process,
    weakly_coupled,
    contrastive,
    largest_row,
    batch_statistics,
    square_matrix,
    square_matrix_and_a_number,
    root_of_the_length,
    fixed_length,
    normalised_weights,
    neighbours_evenly_apart,
    neighbours_rarely,
    risk_sets,
    product_of_means,
    data_not_used,
    short,
    raises,
    writes,
]


@pytest.mark.parametrize("problem", NOT_FOUND, ids=lambda problem: problem.name)
def test_rows_are_not_claimed_where_there_are_none(problem):
    point = own_point(problem)
    before = {name: array.copy() for name, array in point.values.items()}
    assert point.rows == Rows()
    assert point.row_count == 0
    assert all(np.array_equal(point[name], before[name]) for name in before)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(LONG, 2 * LONG),
    st.sampled_from(["mean", "sum"]),
    st.floats(0.0, 10.0),
    st.floats(-1.0, 1.0),
)
def test_a_cost_is_found_by_rows_exactly_if_nothing_couples_them(n, reduction, ridge, coupling):
    y = np.random.default_rng(n).standard_normal(n)

    @cb.problem(a=0.3, y=y)
    def cost(xp, a, *, y):
        whole = getattr(xp, reduction)(xp.exp(a * y)) + ridge * a**2
        return whole + (xp.sum(a * y) ** 2 * coupling if abs(coupling) > 1e-6 else 0.0)

    rows = own_point(cost).rows
    assert rows.names == (() if abs(coupling) > 1e-6 else ("y",))
    assert rows.reduction == (reduction if rows.names else "mean")


def test_every_point_made_from_one_has_its_rows():
    own = own_point(sum_with_ridge)
    few = own.with_rows(slice(5)).round_to("float32").with_seed({})
    assert few.rows is own.rows
    assert few.row_count == 5


def test_a_declaration_is_taken_as_it_is_and_its_extra_term_is_known():
    declared = cb.problem(w=W, X=X, y=Y, strength=0.3, rows=("X", "y"), reduction="sum")(
        sum_with_ridge._function
    )
    assert own_point(declared).rows == Rows(("X", "y"), "sum", extra=True, found=False)


@cb.problem(w=W, X=X, y=Y)
def sum_beside_a_large_term(xp, w, *, X, y):
    """A prior that loses the rows in its rounding where w is moved far: e^(2·20) and more."""
    return xp.sum(squares(xp, w, X, y)) - xp.sum(xp.exp(20 * w))


def test_places_where_a_large_term_hides_the_rows_do_not_count():
    assert own_point(sum_beside_a_large_term).rows == Rows(("X", "y"), "sum", True, True)
    function = sum_beside_a_large_term._function
    declared = cb.problem(w=W, X=X, y=Y, rows=("X", "y"), reduction="sum")(function)
    assert own_point(declared).rows == Rows(("X", "y"), "sum", extra=True)


def test_rows_that_are_lost_everywhere_beside_a_term_leave_it_open_and_are_not_refuted():
    @cb.problem(a=0.3, y=Y, rows=("y",), reduction="sum")
    def hidden(xp, a, *, y):
        return 1e20 * xp.exp(a) + xp.sum((a - y) ** 2)

    assert own_point(hidden).rows == Rows(("y",), "sum", extra=True)


def test_equal_rows_have_no_extra_term():
    @cb.problem(a=0.3, y=np.ones(5), rows=("y",))
    def equal(xp, a, *, y):
        return xp.mean((a - y) ** 2)

    assert own_point(equal).rows == Rows(("y",), "mean")


def test_a_declaration_is_refuted_by_values_of_the_cost():
    declared = cb.problem(w=W, X=X, y=Y, rows=("X", "y"))(plain_sum._function)
    assert own_point(declared).rows.refuted


def test_what_was_found_is_said_with_its_declaration():
    point = own_point(sum_with_ridge)
    assert point.rows.describe(point.row_count) == (
        "rows found: X, y (sum over 300 rows, plus a term without rows); "
        'declare rows=("X", "y"), reduction="sum" to say so'
    )
    point = own_point(far_from_zero)
    assert 'declare rows=("y",), reduction="sum"' in point.rows.describe(point.row_count)


def test_the_search_ends_when_its_time_is_up(monkeypatch):
    """Of four long arrays there are fifteen subsets, each with a dozen costs to evaluate."""
    monkeypatch.setattr(search, "SECONDS", -1.0)
    calls = []

    @cb.problem(w=1.0, a=np.ones(2000), b=np.ones(2000), c=np.ones(2000), d=np.ones(2000))
    def slow(xp, w, *, a, b, c, d):
        calls.append(len(a))
        return w * xp.max(a * b * c * d)

    assert own_point(slow).rows == NO_ROWS
    assert not calls
