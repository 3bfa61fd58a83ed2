"""GradBench's evaluations: certified at their smallest size, right by every backend, and the same
function as GradBench's, by its own definition."""

import itertools
import json
import os

import gradbench_table
import numpy as np
import pytest
import scipy.special
import scipy.stats
from modes import BACKENDS
from scipy.spatial.transform import Rotation

import calcbench as cb
from calcbench.catalogue.door import problems
from calcbench.catalogue.selection import select_backends
from calcbench.certified import branches
from calcbench.operators.operator import single
from calcbench.problem.inputs import own_point
from calcbench.problem.static import wrap_static
from calcbench.record.record import Status
from calcbench.vocabulary.numpy import NUMPY

NAMES = [name for name, card in problems().cards.items() if card.theme == "gradbench"]

QUICKLY = [name for name in NAMES if name != "particle"]
"""Whose certificate takes no longer than seconds: that one's has a slope in each of 350 steps."""

QUICK = ("by_hand", "finite_difference", "tape")

PROVED = ("hello", "lse", "llsq", "gmm", "det_by_lu", "minimax_answer")

SKIPPED = ("no hand-derived", "beyond size", "operations, over")

AGREED = gradbench_table.read()
"""(problem, backend) → what docs/gradbench.md shows: digits, bold where proved, or a dash."""


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Search for branches of ba, which takes 0.8 of a second allowed, on a busy machine, too."""
    monkeypatch.setattr(branches, "SECONDS", 60.0)


def check(names, backends):
    """Every record is right and certified, but for formulas that are not there or too long.

    The page shows digits for those that are right, and for no others.
    """
    # However long that takes: a busy machine would give up the particle, and sample others.
    records = cb.verify(names, backends, certify="full").records
    for record in records:
        subject = (record.problem, record.backend, record.reason)
        shown = AGREED[record.problem, record.backend] != "–"
        assert shown is (record.status is Status.OK), subject
        if record.status is Status.SKIPPED:
            assert any(why in record.reason for why in SKIPPED), subject
        else:
            assert record.status is Status.OK, subject
            assert record.certified_digits > 30, subject
            assert record.judged == "", subject
    return records


def test_every_problem_is_certified_and_agreed():
    hands = [name for name in QUICKLY if name.startswith("ht_")]  # whose proofs take seconds
    others = [name for name in QUICKLY if name not in hands]
    records = [*check(others, QUICK), *check(hands, ["finite_difference"])]
    ok = {record.problem for record in records if record.status is Status.OK}
    assert ok == set(QUICKLY)


@pytest.mark.full
@pytest.mark.parametrize("backend", [name for name in BACKENDS if name not in QUICK])
def test_every_backend_agrees(backend):
    check(QUICKLY, [backend])


@pytest.mark.full
def test_a_particle_is_certified_and_agreed():
    check(["particle"], ["finite_difference", "jax", "torch"])


@pytest.mark.full
@pytest.mark.parametrize("name", PROVED)
def test_formulas_are_proved(name):
    (by_hand, _) = cb.verify(name, ["by_hand", "sympy"]).records
    assert by_hand.status is Status.OK
    assert by_hand.proof.split()[0] == "proved"  # "proved for size 3", where sizes differ


def test_the_page_shows_every_backend_on_every_problem():
    assert set(AGREED) == set(itertools.product(NAMES, BACKENDS))
    proved = [problem for (problem, _), cell in AGREED.items() if cell.startswith("**")]
    assert tuple(proved) == PROVED


@pytest.mark.full
@pytest.mark.skipif("UPDATE_DOCS" not in os.environ, reason="writes the page when it is asked to")
def test_the_page_is_written(cli):
    done = cli("compare", "gradbench", "-b", "all", "--json")
    gradbench_table.write(json.loads(done.out))


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


def ba(cameras, points, w, camera, point, seen):
    """Observation by observation, with rotations of SciPy."""
    errors = []
    for weight, which, where, there in zip(w, camera, point, seen, strict=True):
        own = cameras[which]
        x, y, depth = Rotation.from_rotvec(own[:3]).apply(points[where] - own[3:6])
        q = np.array([x, y]) / depth
        rho = q @ q
        q = q * (1 + own[9] * rho + own[10] * rho**2)
        errors.extend(weight * (own[6] * q + own[7:9] - there))
    return np.concatenate([errors, 1 - w**2])


def place(pose, relatives, inverses, positions, weights, parents, mirrored):
    """Bone by bone, with rotations of SciPy and 4 × 4 matrices."""
    absolute, skin = [], 0
    for bone, parent in enumerate(parents):
        local = np.eye(4)
        finger, joint = divmod(bone - 1, 4)
        if 0 < bone < 21 and joint > 0:
            bending = pose[6 + 4 * finger + (0, 0, 2, 3)[joint]]
            spreading = pose[7 + 4 * finger] if joint == 1 else 0.0
            local[:3, :3] = Rotation.from_euler("xz", [bending, spreading]).as_matrix()
        before = np.eye(4) if parent < 0 else absolute[parent]
        absolute.append(before @ relatives[bone] @ local)
        moved = positions @ (absolute[bone] @ inverses[bone]).T
        skin = skin + weights[:, bone : bone + 1] * moved[:, :3]
    if mirrored:
        skin = skin * [-1, 1, 1]
    return Rotation.from_rotvec(pose[:3]).apply(skin) + pose[3:6]


def ht_simple(pose, measured, vertex, **hand):
    return np.ravel(measured - place(pose, **hand)[vertex])


def ht_complicated(u, pose, measured, triangle, triangles, **hand):
    a, b, c = np.moveaxis(place(pose, **hand)[triangles[triangle]], 1, 0)
    return np.ravel(measured - u[:, :1] * a - u[:, 1:] * b - (1 - u[:, :1] - u[:, 1:]) * c)


def particle(w, inner):
    """Step by step, with the force written out."""
    x, v = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while (x + 0.1 * v)[1] > 0:
        away = [x - charge for charge in ([10.0, 0.0], [10.0, 10.0 - w])]
        x, v = x + 0.1 * v, v + 0.1 * sum(d / (d @ d) ** 1.5 for d in away)
    return (x[0] - x[1] / v[1] * v[0]) ** 2


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
        (particle, None),
        (ba, {"n": 2, "m": 3, "p": 7}),
        (ht_simple, {"points": 4, "vertices": 9}),
        (ht_complicated, {"points": 4, "vertices": 9}),
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


def test_a_hand_is_mirrored_before_it_is_turned():
    _, values = evaluate("ht_simple")
    values |= {"mirrored": 1}
    changed = problems()["ht_simple"].cost(NUMPY, **values)
    np.testing.assert_allclose(changed, ht_simple(**values), rtol=1e-12)


@pytest.mark.parametrize("length", [0.0, 1e-7, 1e-5, 1e-3])
def test_a_small_rotation_loses_no_digits(length):
    """The quotients of the angle are series where they would be 0/0, and both agree between."""
    point = own_point(problems()["ba"])
    point["cameras"][:, :3] *= length
    by_hand, tape = (
        single(select_backends([name])[0].prepare(point, "jacobian").evaluate(point))
        for name in ("by_hand", "tape")
    )
    np.testing.assert_allclose(by_hand, tape, rtol=1e-8, atol=1e-8 * np.abs(tape).max())


def test_many_observations_of_a_camera_take_three_pullbacks():
    """By what is looked up: by columns it would be 15, by rows as many as a camera has."""
    (backend,) = select_backends(["tape"])
    point = own_point(problems()["ba"], {"n": 2, "m": 3, "p": 60})
    method = backend.prepare(point, "jacobian").method
    assert method == "reverse, 3 colours of rows of looked-up parameters"


@pytest.mark.parametrize("name", ["minimax", "particle"])
def test_either_mode_inside_gives_the_same(name):
    point = own_point(problems()[name])
    forward = point.with_values({"inner": wrap_static("forward")})
    (tape,) = select_backends(["tape"])
    found = [single(tape.prepare(at, "gradient").evaluate(at)) for at in (point, forward)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
