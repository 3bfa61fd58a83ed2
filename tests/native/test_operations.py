"""The array functions of the core, on arrays of balls and on single balls, beside NumPy's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal
from native.direct import Direct

from calcbench.certified import balls
from calcbench.certified.array_vocabulary import array_namespace
from calcbench.certified.evaluation import NotCertified
from calcbench.certified.vocabulary import namespace
from calcbench.native import comparing, movement, products, reductions, trees
from calcbench.native.certifying import certify
from calcbench.native.elementwise import cast, elementwise
from calcbench.native.function import NotKnown
from calcbench.native.values import is_certified, lift, midpoints

DRAWN = np.random.default_rng(0)
A, B = DRAWN.normal(size=(3, 4)), DRAWN.normal(size=(4, 2))
CUBE = DRAWN.normal(size=(2, 3, 4))
SQUARE = np.array([[2.0, 0.5], [0.25, 3.0]])
BATCH = np.stack([SQUARE, SQUARE.T + 1.0])
IMAGE, KERNEL = DRAWN.normal(size=(2, 4, 6)), DRAWN.normal(size=(6, 2, 3))
PLACES = np.array([[0, 5, 5, -1], [5, 11, 0, 2]])
UPDATES = DRAWN.normal(size=(2, 4))

KINDS = {"arrays": array_namespace, "single balls": lambda: namespace(balls)}


def added() -> np.ndarray:
    """Add updates up by their places, one after the other."""
    total = A.ravel().copy()
    for place, update in zip(PLACES.ravel(), UPDATES.ravel(), strict=True):
        total[place] += update * (place >= 0)
    return total.reshape(A.shape)


def grouped() -> np.ndarray:
    """Convolve two groups of channels by SciPy, with a padding of 1 and steps of 2."""
    wide = np.pad(IMAGE, ((0, 0), (0, 0), (1, 1)))
    found = np.zeros((2, 6, 6))
    for n, o, c in np.ndindex(2, 6, 2):
        found[n, o] += scipy.signal.correlate(wide[n, 2 * (o // 3) + c], KERNEL[o, c], "valid")
    return found[:, :, ::2]


def replaced() -> np.ndarray:
    found = A.copy()
    found[1:, ::2] = UPDATES[:, :2]
    return found


CASES: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "add, with broadcasting": (lambda xp: elementwise(xp, "add", A, A[0]), A + A[0]),
    "cbrt": (lambda xp: elementwise(xp, "cbrt", A), np.cbrt(A)),
    "rsqrt": (lambda xp: elementwise(xp, "rsqrt", A * A), 1 / np.abs(A)),
    "exp2": (lambda xp: elementwise(xp, "exp2", A), np.exp2(A)),
    "pow": (lambda xp: elementwise(xp, "pow", np.abs(A), 1.5), np.abs(A) ** 1.5),
    "cast": (lambda xp: cast(xp, A), A),
    "sum of some axes": (lambda xp: reductions.reduce(xp, "sum", CUBE, (0, 2)), CUBE.sum((0, 2))),
    "largest, axes kept": (
        lambda xp: reductions.reduce(xp, "max", CUBE, (-1,), keepdims=True),
        CUBE.max(-1, keepdims=True),
    ),
    "smallest of all": (lambda xp: reductions.reduce(xp, "min", CUBE), CUBE.min()),
    "mean": (lambda xp: reductions.reduce(xp, "mean", CUBE, 1), CUBE.mean(1)),
    "product of some axes": (
        lambda xp: reductions.reduce(xp, "prod", CUBE, (0, 2), keepdims=True),
        CUBE.prod((0, 2), keepdims=True),
    ),
    "product of nothing": (
        lambda xp: reductions.reduce(xp, "prod", np.zeros((2, 0)), 1),
        np.ones(2),
    ),
    "running sum, from the end": (
        lambda xp: reductions.accumulate(xp, "add", A, 1, reverse=True),
        np.cumsum(A[:, ::-1], 1)[:, ::-1],
    ),
    "running product": (lambda xp: reductions.accumulate(xp, "multiply", A, 0), np.cumprod(A, 0)),
    "running maximum": (
        lambda xp: reductions.accumulate(xp, "maximum", A, -1),
        np.maximum.accumulate(A, -1),
    ),
    "a roll": (lambda xp: movement.move(xp, lambda i: np.roll(i, 1, 1), A), np.roll(A, 1, 1)),
    "a padding": (
        lambda xp: movement.move(xp, lambda i: np.pad(i, 1), A, fill=7.0),
        np.pad(A, 1, constant_values=7.0),
    ),
    "two arrays end to end": (
        lambda xp: movement.move(xp, lambda i, j: np.concatenate([i, j.T]), A, B),
        np.concatenate([A, B.T]),
    ),
    "axes in another order": (
        lambda xp: movement.transpose(xp, CUBE, (2, 0, 1)),
        CUBE.transpose(2, 0, 1),
    ),
    "axes repeated": (
        lambda xp: movement.broadcast(xp, A[:, :1], (2, 3, 4)),
        np.broadcast_to(A[:, :1], (2, 3, 4)),
    ),
    "some numbers replaced": (
        lambda xp: movement.replace(xp, A, np.s_[1:, ::2], UPDATES[:, :2]),
        replaced(),
    ),
    "scatter and add": (lambda xp: movement.scatter_add(xp, A, PLACES, UPDATES), added()),
    "matmul of a batch": (lambda xp: products.matmul(xp, CUBE, B), CUBE @ B),
    "matmul of vectors": (lambda xp: products.matmul(xp, A[0], B[:, 0]), A[0] @ B[:, 0]),
    "dot_general": (
        lambda xp: products.dot_general(xp, CUBE, CUBE, ((1,), (1,)), ((2,), (2,))),
        np.einsum("ikb,jkb->bij", CUBE, CUBE),
    ),
    "einsum with an ellipsis": (
        lambda xp: products.einsum(xp, "...ij,jk->...ik", CUBE, B),
        CUBE @ B,
    ),
    "convolution in groups": (
        lambda xp: products.convolve(xp, IMAGE, KERNEL, (2,), ((1, 1),), (1,), groups=2),
        grouped(),
    ),
    "largest in windows": (
        lambda xp: reductions.reduce(
            xp,
            "max",
            movement.windows(xp, A[None], (2,), (2,), ((1, 1),), (1,), fill=-np.inf),
            -1,
        ),
        np.stack([A[:, 0], A[:, 1:3].max(1), A[:, 3]], -1)[None],
    ),
    "zeros between": (
        lambda xp: products.dilate(xp, A, (2,)),
        np.insert(A, [1, 2, 3], 0.0, axis=1),
    ),
    "cholesky reads one triangle": (
        lambda xp: products.cholesky(xp, BATCH + np.triu(np.ones((2, 2)), 1)),
        np.linalg.cholesky(BATCH),
    ),
    "determinants of a batch": (
        lambda xp: products.determinant(xp, BATCH),
        np.linalg.det(BATCH),
    ),
    "solve a batch": (
        lambda xp: products.solve(xp, BATCH, SQUARE),
        np.linalg.solve(BATCH, SQUARE),
    ),
    "solve an upper triangle": (
        lambda xp: products.solve_triangular(xp, SQUARE, B[:2], lower=False),
        np.linalg.solve(np.triu(SQUARE), B[:2]),
    ),
    "solve with a unit diagonal": (
        lambda xp: products.solve_triangular(xp, SQUARE, B[:2], unit_diagonal=True),
        np.linalg.solve(np.tril(SQUARE, -1) + np.eye(2), B[:2]),
    ),
    "sort": (lambda xp: comparing.sort(xp, A, 0), np.sort(A, 0)),
    "choose": (
        lambda xp: comparing.choose(xp, comparing.compare(xp, "greater", A, 0.0), A, np.inf),
        np.where(A > 0, A, np.inf),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_array_function_gives_what_numpy_gives(case: str, kind: str) -> None:
    run, expected = CASES[case]
    found = run(KINDS[kind]())
    assert is_certified(found)
    assert found.shape == expected.shape
    np.testing.assert_allclose(midpoints(found), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_many_updates_of_one_place_take_no_memory_for_the_others(kind: str) -> None:
    places = np.append(np.zeros(3000, dtype=int), [2, 2, 2, 7, 9, -1, 10_000])
    updates = np.arange(3007.0)
    xp, size = KINDS[kind](), 10_000
    found = movement.scatter_add(xp, np.zeros(size), places, updates)
    expected = np.zeros(size)
    np.add.at(expected, places[:-2], updates[:-2])
    np.testing.assert_allclose(midpoints(found), expected, rtol=1e-12)
    taken = sum(lanes.size for _, lanes in movement.by_count(places, size))
    assert taken < 2 * len(places)
    with pytest.raises(NotKnown, match="3000 updates of one of 10000 places: too large"):
        movement.lanes(places, size)


@pytest.mark.parametrize("kind", KINDS)
def test_orders_are_integers(kind: str) -> None:
    xp = KINDS[kind]()
    np.testing.assert_array_equal(comparing.argsort(xp, A, 0), np.argsort(A, 0))
    np.testing.assert_array_equal(comparing.argmax(xp, A, 1), np.argmax(A, 1))
    np.testing.assert_array_equal(comparing.argmin(xp, A, 0), np.argmin(A, 0))
    assert comparing.is_finite(xp, [1.0, np.inf]).tolist() == [True, False]
    assert comparing.is_nan(xp, [1.0, np.nan]).tolist() == [False, True]
    numbers = lift(xp, A)
    assert comparing.compare(xp, "equal", numbers, numbers).all()
    assert not comparing.compare(xp, "not_equal", numbers, numbers).any()


@pytest.mark.parametrize("refused", [np.array([1j]), np.array(["a"])])
def test_what_is_not_real_is_refused(refused: np.ndarray) -> None:
    with pytest.raises(NotKnown, match="dtype"):
        lift(array_namespace(), refused)


# --- a function, by the smallest front end --------------------------------------------------------


def two_layers(xp: Any, w: Any) -> Any:
    hidden = elementwise(xp, "tanh", movement.move(xp, lambda i: i.reshape(2, 3)[::-1], w))
    outputs = products.dot_general(xp, hidden, np.arange(12.0).reshape(3, 4), ((1,), (0,)))
    return reductions.reduce(xp, "sum", elementwise(xp, "multiply", outputs, outputs))


def two_layers_by_hand(w: np.ndarray) -> tuple[float, np.ndarray]:
    weights = np.arange(12.0).reshape(3, 4)
    hidden = np.tanh(w.reshape(2, 3)[::-1])
    outputs = hidden @ weights
    slopes = 2 * outputs @ weights.T * (1 - hidden**2)
    return float(np.sum(outputs**2)), slopes[::-1].ravel()


@pytest.mark.parametrize(("dtype", "unit"), [("float64", 2.0**-53), ("float32", 2.0**-24)])
def test_certificate_has_value_and_gradient_with_allowances(dtype: str, unit: float) -> None:
    w = np.linspace(-1, 1, 6).astype(dtype)
    found = certify(Direct(two_layers, w))
    value, gradient = two_layers_by_hand(w.astype(float))
    expected = np.array([value, *gradient])
    truth = found.certificate
    assert found.dtype == dtype
    assert np.all(np.abs(truth.value - expected) <= truth.bound)
    assert np.all((truth.bound > unit) & (truth.bound < 1e4 * unit * np.max(np.abs(expected))))
    assert truth.operator.layout(truth.point).label(3) == "∂f/∂x[2]"


def test_coarser_operation_on_the_way_allows_more() -> None:
    def rounded(xp: Any, x: Any) -> Any:
        function.use("float32")
        return reductions.reduce(xp, "sum", elementwise(xp, "exp", cast(xp, x)))

    function = Direct(rounded, np.array([1.0, 20.0]))
    found = certify(function)
    assert found.dtype == "float32"
    single = np.exp(np.float32([1.0, 20.0]), dtype=np.float32)
    assert np.all(np.abs(single - found.certificate.value[1:]) <= found.certificate.bound[1:])


def test_what_has_no_rule_is_named() -> None:
    def transformed(xp: Any, x: Any) -> Any:
        raise NotKnown("primitive fft")

    with pytest.raises(NotCertified, match="primitive fft"):
        certify(Direct(transformed, np.ones(3)))
    with pytest.raises(NotKnown, match="function cumlogsumexp"):
        elementwise(array_namespace(), "cumlogsumexp", 1.0)


def test_tie_is_settled_beside_the_point() -> None:
    def smooth(xp: Any, x: Any) -> Any:
        positive = comparing.compare(xp, "greater", x, 0.0)
        squares = elementwise(xp, "multiply", x, x)
        return reductions.reduce(xp, "sum", comparing.choose(xp, positive, squares, -squares))

    truth = certify(Direct(smooth, np.array([0.0, 2.0]))).certificate
    assert truth.judged.all()
    assert truth.value.tolist() == [4.0, 0.0, 4.0]


def test_trees_are_named_and_rebuilt() -> None:
    def model(params: Any, rate: Any) -> None: ...

    x = ({"layers": [{"w": 1, "b": 2}], "scale": 3}, 4)
    leaves = trees.name_leaves(model, x)
    assert leaves == {
        "params.layers.0.w": 1,
        "params.layers.0.b": 2,
        "params.scale": 3,
        "rate": 4,
    }
    assert trees.rebuild(x, list(leaves.values())) == x
    assert trees.name_leaves(lambda state: None, {"layers.0.weight": 5}) == {"layers.0.weight": 5}
    assert list(trees.name_leaves(lambda *xs: None, (1, 2))) == ["x0", "x1"]
    assert trees.name_leaves(lambda x: None, {"a": {"b": 1}, "a.b": 2}) == {"a.b": 1, "a.b′": 2}
