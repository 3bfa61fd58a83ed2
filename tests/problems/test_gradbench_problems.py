"""GradBench's evaluations: certified at their smallest size, right by every backend, and the same
function as GradBench's, by its own definition."""

import itertools

import numpy as np
import pytest
import scipy.special
import scipy.stats
from modes import BACKENDS

import calcbench as cb
from calcbench.catalogue.door import problems
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status
from calcbench.vocabulary.numpy import NUMPY

NAMES = [name for name, card in problems().cards.items() if card.theme == "gradbench"]

QUICK = ("by_hand", "finite_difference", "tape")

PROVED = ("hello", "lse", "llsq", "gmm", "det_by_lu")


def check(names, backends):
    """Every record is right and certified; one is skipped only for a formula that is not there."""
    records = cb.verify(names, backends).records
    for record in records:
        subject = (record.problem, record.backend, record.reason)
        if record.status is Status.SKIPPED:
            assert "no hand-derived" in record.reason or "beyond size" in record.reason, subject
        else:
            assert record.status is Status.OK, subject
            assert record.certified_digits > 30, subject
            assert record.judged == "", subject
    return records


def test_every_problem_is_certified_and_agreed():
    records = check(NAMES, QUICK)
    ok = {record.problem for record in records if record.status is Status.OK}
    assert ok == set(NAMES)


@pytest.mark.full
@pytest.mark.parametrize("backend", [name for name in BACKENDS if name not in QUICK])
def test_every_backend_agrees(backend):
    check(NAMES, [backend])


@pytest.mark.full
@pytest.mark.parametrize("name", PROVED)
def test_formulas_are_proved(name):
    (by_hand, _) = cb.verify(name, ["by_hand", "sympy"]).records
    assert (by_hand.status, by_hand.proof) == (Status.OK, "proved")


# --- the functions themselves, each by a definition of its own -----------------------------------


def evaluate(name, size=None, seed=0):
    """The cost in NumPy, and the values that it is of."""
    problem = problems()[name]
    values = own_point(problem, size, seed).values
    parameters, data = problem.split(values)
    return problem.cost(NUMPY, *parameters, **data), {**values, **data}


def lse(x):
    return scipy.special.logsumexp(x)


def llsq(x, t, s):
    return sum((s - np.polynomial.polynomial.polyval(t, x)) ** 2) / 2


def kmeans(centroids, points):
    return sum(min(sum((p - c) ** 2) for c in centroids) for p in points)


def det(A):
    return np.linalg.det(A)


def gmm(x, alpha, mu, q, l, gamma, m):
    """By the densities themselves."""
    d = x.shape[1]
    precisions = []
    for diagonal, below in zip(q, l, strict=True):
        Q = np.diag(np.exp(diagonal))
        Q.T[np.triu_indices(d, 1)] = below
        precisions.append(Q.T @ Q)
    shares = np.exp(alpha) / np.sum(np.exp(alpha))
    densities = [
        share * scipy.stats.multivariate_normal(mean, np.linalg.inv(precision)).pdf(x)
        for share, mean, precision in zip(shares, mu, precisions, strict=True)
    ]
    prior = scipy.stats.wishart(d + m + 1, np.eye(d) / gamma**2)
    return np.sum(np.log(np.sum(densities, axis=0))) + sum(map(prior.logpdf, precisions))


def lstm(main, extra, state, sequence):
    """Bit by bit, as ADBench describes it."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    hidden, cells, total = list(state[::2]), list(state[1::2]), 0.0
    for given, expected in itertools.pairwise(sequence):
        below = given * extra[0]
        for layer in range(len(hidden)):
            f, i, o, c = np.split(main[2 * layer], 4)
            bf, bi, bo, bc = np.split(main[2 * layer + 1], 4)
            change = np.tanh(hidden[layer] * c + bc)
            cells[layer] = cells[layer] * sigmoid(below * f + bf)
            cells[layer] = cells[layer] + sigmoid(hidden[layer] * i + bi) * change
            below = hidden[layer] = sigmoid(below * o + bo) * np.tanh(cells[layer])
        scores = below * extra[1] + extra[2]
        total += expected @ (scores - np.log(2 + np.sum(np.exp(scores))))
    return -total / (len(sequence) - 1) / len(sequence[0])


def ode(x, s):
    """Runge and Kutta are exact up to the fourth power of the time."""
    return np.prod(x) * 2**4 / 24


def ode_solution(x, s):
    return np.cumprod(x) * 2 ** np.arange(1, 5) / [1, 2, 6, 24]


@pytest.mark.parametrize(
    ("definition", "size"),
    [
        (lse, 40),
        (llsq, {"n": 9, "m": 5}),
        (kmeans, {"n": 30, "k": 4, "d": 3}),
        (det, 7),
        (gmm, {"d": 3, "k": 2, "n": 4}),
        (lstm, {"l": 2, "c": 5, "b": 3}),
        (ode, None),
        (ode_solution, None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_function_is_what_gradbench_defines(definition, size):
    value, values = evaluate(definition.__name__, size)
    np.testing.assert_allclose(value, definition(**values), rtol=1e-12)


def test_an_outlier_of_the_wishart_prior():
    """With degrees of freedom and a precision that are not GradBench's own."""
    value, values = evaluate("gmm")
    values |= {"gamma": 1.7, "m": 2}
    changed = problems()["gmm"].cost(NUMPY, **values)
    np.testing.assert_allclose(changed, gmm(**values), rtol=1e-12)
    assert abs(changed - value) > 1
