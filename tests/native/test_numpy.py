"""NumPy functions on numbers with proof: their values and gradients, and what is not known."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import math
import random
import time
import types
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
import scipy.linalg
import scipy.special
import scipy.stats
from numpy import exp, zeros
from scipy import special as sp

import calcbench as cb
from calcbench.certified import balls
from calcbench.certified.array_sweep import sweep_arrays
from calcbench.certified.evaluation import NotCertified
from calcbench.judge.witnesses import ask_differences
from calcbench.native.certifying import certify, point_of
from calcbench.native.function import NotKnown
from calcbench.native.keeping import MOST_ITEMS, kept
from calcbench.native.numpy import functions as numpy_functions
from calcbench.native.numpy.function import NumpyFunction

W = np.array([[0.7, -1.2, 2.1], [1.4, 0.3, -0.6]])
"""Where the functions are certified."""

M = np.array([[0.2, 0.1], [-0.3, 0.5], [0.4, 0.7]])
SPD = np.array([[2.0, 0.3], [0.3, 1.5]])


def square(w: Any) -> Any:
    return w @ w.T + np.eye(2)


def outer(w: Any) -> Any:
    """Build a cube of which no two faces are alike."""
    return np.exp(w)[:, None, :] * (w + 1)[None, :, :] + w[:, :1, None] * w[1]


def same_array(w: Any) -> Any:
    """Write into what NumPy does not copy."""
    np.asarray(w, dtype=float)[0, 1] = 5.0
    w.astype(float, copy=False)[1, 1] *= 3.0
    np.array(w, dtype=float)[0, 0] = 7.0
    return w * w


def filled(w: Any) -> Any:
    found = np.zeros(4)
    for k in range(3):
        found[k] = w[0, k] ** 2
    found[-1] += found[0] * w[1, 1]
    return found


def in_place(w: Any) -> Any:
    rows = w.copy()
    first = rows[0]
    first *= w[1]
    rows[:, 1] = 2.0
    rows[rows > 1] = w[1, 2]
    flat = rows.ravel()
    flat[3] -= first[2]
    return rows


def scattered(w: Any) -> Any:
    found = np.zeros(3)
    np.add.at(found, [0, 2, 0], w[0])
    np.fill_diagonal(square(w), 1.0)
    np.copyto(found[1:2], w[1, :1])
    return found


def late(w: Any) -> Any:
    """Views of an array that holds no number of the argument yet."""
    found = np.zeros(6)
    square, row = np.reshape(found, (2, 3)), found[None, :3]
    found[1] = w[0, 1]
    np.multiply(w[1], 2.0, out=square[1])
    np.add(np.ones(3), 1.0, out=found[3:])
    np.subtract(found[:3], w[0, 0], out=row[0])
    return square


def own_dtype(w: Any) -> Any:
    table: dict[Any, str] = {np.float64: "double", float: "number"}
    half = np.full(3, 0.5, dtype=float)
    assert isinstance(half[0], np.float64 | np.ndarray)
    assert not isinstance("1", float)
    assert isinstance(w[0, 0], float)
    return w.astype(np.float64) * half if table else w


def by_row(w: Any) -> Any:
    return np.array([float(sum(row)) for row in w] + [1.0], dtype=np.float64)


CASES: dict[str, Callable[[Any], Any]] = {
    "exp of math": lambda w: math.exp(w[0, 0]) + math.pow(w[1, 0], 2.0) + math.log(w[0, 2], 2),
    "asked": lambda w: w[0] if math.isfinite(w[0, 0]) and not math.isnan(w[1, 1]) else w[1],
    "fsum": lambda w: math.fsum(w[0]) * math.hypot(w[0, 0], w[0, 1]),
    "imported names": lambda w: exp(w) * zeros(3) + exp(-w),
    "activations": lambda w: np.tanh(w) + sp.expit(w) + np.maximum(w, 0) + sp.erf(w),
    "logarithms": lambda w: np.log(w * w) + np.log1p(w * w) + np.log2(w * w) + np.log10(w * w),
    "trigonometry": lambda w: np.sin(w) * np.cos(w) + np.tan(w / 2) + np.arctan2(w, 2.0),
    "inverses": lambda w: np.arcsin(w / 3) + np.arccos(w / 3) + np.arctan(w) + np.arcsinh(w),
    "hyperbolic": lambda w: np.sinh(w) - np.cosh(w) + np.arctanh(w / 3) + np.arccosh(w * w + 1.1),
    "powers": lambda w: w**3 + np.abs(w) ** 1.5 + 2.0**w + np.power(w, [2, 3, 2]) + np.cbrt(w),
    "special": lambda w: sp.gammaln(w * w) + sp.psi(w * w) + sp.xlogy(w, w * w) + sp.ndtr(w),
    "roots": lambda w: np.sqrt(w * w + 1) + np.square(w) + np.reciprocal(w) + np.fabs(w),
    "signs": lambda w: np.sign(w) * w + np.floor(w) * w + np.where(np.isfinite(w), w, 0),
    "clipped": lambda w: np.clip(w, -1, 1) * w + w.clip(min=0) + np.minimum(w, w[0, 0] + 0.1),
    "reductions": lambda w: w.sum() * w.mean(axis=0) + w.max(axis=0) - np.min(w, axis=0) + w.var(),
    "more reductions": lambda w: np.prod(w, axis=1) + w.std(axis=1, ddof=1) + np.ptp(w, axis=1),
    "weighted": lambda w: np.average(w[0], weights=w[1] ** 2) + np.add.reduce(w[0]),
    "running": lambda w: np.cumsum(w, axis=1) * np.cumprod(w, axis=1) + np.diff(w, axis=1).sum(),
    "of the missing": lambda w: np.nansum(np.where(w > 0, w, np.nan)) * np.nanmean(w),
    "orders": lambda w: np.sort(w, axis=1) * [1, 2, 3] + w[0, np.argsort(w[0])],
    "places": lambda w: w[1, w[0].argmax()] * w[np.argmin(w, axis=0), [0, 1, 2]],
    "logsumexp": lambda w: sp.logsumexp(w, axis=1) + np.logaddexp(w[0, 0], w[1, 1]),
    "softmax": lambda w: sp.softmax(w, axis=-1) * sp.log_softmax(w, axis=-1),
    "products": lambda w: np.dot(w, M) + w @ M + np.inner(w, M.T) + np.matmul(w, M) + w.dot(M),
    "of vectors": lambda w: np.outer(w[0], w[1]) + np.vdot(w, w) + np.cross(w[0], w[1]),
    "einsum": lambda w: np.einsum("ij,jk->i", w, M) + np.einsum("...j,j", w, w[0]),
    "tensordot": lambda w: np.tensordot(w, M, axes=1) + np.tensordot(w, w, axes=([0, 1], [0, 1])),
    "of the present": lambda w: np.nanmax(w, axis=0) * np.nanmin(w) + np.median(w, axis=0),
    "where not zero": lambda w: w[np.nonzero(w > 1)] * w.ravel()[np.flatnonzero(w)[:2]],
    "grids": lambda w: np.meshgrid(w[0], w[1])[1] * w[1, 0] + (w[0] // 0.8) * w[0] + w[1] % 0.9,
    "singular values": lambda w: np.linalg.svdvals(w),
    "kron": lambda w: np.kron(w, M) + np.trace(w[:, :2]),
    "vector convolution": lambda w: np.convolve(w[0], w[1], mode="same") + np.polyval(w[0], 0.3),
    "trapezoid": lambda w: np.trapezoid(w, dx=0.5) + np.trapezoid(w[0], x=w[1] ** 2),
    "views": lambda w: w.T[1:, ::-1].reshape(-1) * w.ravel()[:4] + w[None, 0, ..., 0],
    "gathers": lambda w: w[[0, 1, 0], [2, 2, 1]] + w[w[:, 0] > 1][0] + np.take(w, [1, 1, 5]),
    "stacked": lambda w: np.concatenate([w, 2 * w, M.T]) + np.vstack([w[0]] * 6),
    "tiled": lambda w: np.tile(w, (3, 1)) + np.hstack([w[:, 0]] * 3)[:, None],
    "moved": lambda w: np.roll(w, 1, axis=1) + np.flip(w) + np.moveaxis(w, 0, 1).T + np.triu(w),
    "padded": lambda w: np.pad(w, 1) + np.pad(w, 1, mode="edge") + np.pad(w, 1, constant_values=2),
    "split": lambda w: sum(np.split(w, 3, axis=1)) + np.broadcast_to(w[:, :1], (2, 1)),
    "repeated": lambda w: np.repeat(w, 2, axis=0)[1:3] + np.diag(w[:, 0]) @ w,
    "inserted": lambda w: np.insert(w[:, 1:], 0, w[:, 0], axis=1) + np.append(w[0], w[1, :0]),
    "windows": lambda w: np.lib.stride_tricks.sliding_window_view(w, 2, axis=1).sum(axis=-1),
    "filled in a loop": filled,
    "written in place": in_place,
    "scattered": scattered,
    "views before writing": late,
    "dtypes": own_dtype,
    "lists of numbers": by_row,
    "cholesky": lambda w: np.linalg.cholesky(square(w)) + scipy.linalg.cholesky(square(w)),
    "systems": lambda w: np.linalg.solve(square(w), M.T) + np.linalg.inv(square(w)) @ w,
    "triangles": lambda w: scipy.linalg.solve_triangular(square(w), w[:, 0], lower=True),
    "factored": lambda w: scipy.linalg.cho_solve(scipy.linalg.cho_factor(square(w)), w[:, 1]),
    "determinants": lambda w: np.linalg.slogdet(square(w))[1] + np.linalg.det(square(w)),
    "norms": lambda w: np.linalg.norm(w) + np.linalg.norm(w, axis=1) + np.linalg.norm(w[0], 1),
    "norms of other orders": lambda w: (
        np.linalg.norm(w[0], 3) + np.linalg.norm(w, -np.inf, axis=0) + np.linalg.norm(w[1], 0)
    ),
    "eigenvalues": lambda w: np.linalg.eigvalsh(square(w)),
    "eigenvectors": lambda w: np.linalg.eigh(square(w)).eigenvectors,
    "eigenvectors of a batch": lambda w: np.linalg.eigh(np.stack([square(w), square(2 - w)]))[1],
    "one triangle": lambda w: np.linalg.eigvalsh(w[:, :2]) + np.linalg.eigh(w[:, 1:], "U")[1],
    "the upper factor": lambda w: np.linalg.cholesky(square(w) + np.tril(w[:, :2], -1), upper=True),
    "traces": lambda w: np.trace(outer(w), 1) + np.trace(outer(w), 0, 2, 1)[1],
    "traces of a batch": lambda w: np.linalg.trace(outer(w)) * np.trace(outer(w))[0],
    "choices": lambda w: np.select([w > 1, w > 0], [w, w**2], default=-1.0),
    "between": lambda w: np.linspace(0, w[0, 0], 3) * w,
    "likes": lambda w: np.ones_like(w) * w + np.full_like(w, 2.0) + np.zeros_like(w),
    "conversions": lambda w: np.array(w[0], ndmin=2) * np.array([w[0, 0], w[1, 1]], ndmin=2).T,
    "full of rows": lambda w: np.full((2, 3), [w[0, 0], w[1, 1], 2.0]) * np.full(3, w[0, 1]),
    "the same array": same_array,
    "a branch": lambda w: w[0] if w[0, 0] > 0 and np.any(w) else w[1],
    "a loop until": lambda w: next(w / 2**k for k in range(9) if np.linalg.norm(w) / 2**k < 1),
}  # fmt: skip


def scalar(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Weigh what a function gives, so that each of its numbers counts."""

    def f(w: Any) -> Any:
        found = function(w)
        return np.sum(np.sin(np.arange(np.size(found)) + 1.0) * np.ravel(found))

    return f


@pytest.mark.few(12)
@pytest.mark.parametrize("case", CASES)
def test_value_and_gradient_are_those_of_the_function(case: str) -> None:
    function = NumpyFunction(scalar(CASES[case]), W)
    truth = certify(function).certificate
    value = float(function.call({"w": W}))
    assert abs(value - truth.value[0]) <= truth.bound[0]
    assert truth.judged.all()
    differences = ask_differences(function.call, {"w": W}, truth.value[1:], "float64")
    assert differences.agrees, case


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "numpy.fft": (lambda w: np.abs(np.fft.fft(w)).sum(), "numpy.fft.fft"),
    "complex": (lambda w: np.sum(w * 1j).imag, "dtype complex128"),
    "an unknown ufunc": (lambda w: sp.jv(0, w).sum(), "scipy.special.jv"),
    "a library": (lambda w: scipy.stats.norm.logpdf(w).sum(), "rv_continuous.logpdf"),
    "an option": (lambda w: np.sum(w, where=w > 0), "numpy.sum with these options"),
    "an integer": (lambda w: w.astype(int).sum() * w[0, 0], r"astype\(int64\)"),
    "filled with an integer": (lambda w: np.full(3, w[0, 0], int).sum(), "argument as int64"),
    "like integers": (lambda w: np.full_like(w, w[0, 0], dtype=int).sum(), "argument as int64"),
    "a sum of integers": (lambda w: w.sum(dtype=int) * w[0, 0], "dtype int64"),
    "a running sum": (lambda w: np.cumsum(w, dtype="i4").sum() * w[0, 0], "dtype int32"),
    "integers between": (lambda w: np.linspace(0, w[0, 0], 3, dtype=int).sum(), "dtype int64"),
    "inserted in integers": (lambda w: np.insert([1, 2], 1, w[0, 0]).sum(), r"astype\(int64\)"),
    "joined as integers": (
        lambda w: np.concatenate([w], dtype=int, casting="unsafe").sum(),
        r"astype\(int64\)",
    ),
    "joined elsewhere": (
        lambda w: np.stack([w, w], out=np.zeros((2, 2, 3))).sum(),
        "numpy.stack with out",
    ),
    "an option of a conversion": (
        lambda w: np.array([w[0, 0]], like=np.ones(2)).sum(),
        "numpy.array with like",
    ),
    "an unknown method": (lambda w: w.tolist()[0][0], "method tolist"),
    "an array from outside": (lambda w: np.add(w, 1, out=M.T.copy()).sum(), "from outside"),
    "half precision": (lambda w: w.astype(np.float16).sum(), "dtype float16"),
    "an index": (lambda w: w[:, w[0, 0]].sum(), "an index that is a float"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_known_is_named(case: str) -> None:
    function, named = REFUSED[case]
    with pytest.raises(NotCertified, match=named):
        certify(NumpyFunction(function, W))


def test_operation_that_loses_numbers_with_proof_is_refused(monkeypatch: Any) -> None:
    handlers = {**numpy_functions.FUNCTIONS, np.sum: lambda xp, a: 1.0}
    monkeypatch.setattr("calcbench.native.numpy.array.FUNCTIONS", handlers)
    with pytest.raises(NotCertified, match="loses numbers with proof"):
        certify(NumpyFunction(np.sum, W))


def test_float32_on_the_way_sets_the_allowance() -> None:
    def half_single(w: Any) -> Any:
        return np.sum(np.exp(w.astype(np.float32)) ** 2)

    found = certify(NumpyFunction(half_single, W))
    assert found.dtype == "float32"
    assert certify(NumpyFunction(lambda w: np.sum(np.exp(w) ** 2), W)).dtype == "float64"
    single = W.astype(np.float32)
    native = 2 * np.exp(single) ** 2
    assert np.all(
        np.abs(native.ravel() - found.certificate.value[1:]) <= found.certificate.bound[1:]
    )


@pytest.mark.parametrize(
    "rounded",
    [
        lambda w: np.full(3, w[0, 0], dtype=np.float32),
        lambda w: np.array([w[0, 0], w[1, 1]], dtype=np.float32),
        lambda w: np.insert(np.ones(3, np.float32), 1, w[0, 0]),
        lambda w: np.stack([w[0], w[1]], dtype=np.float32, casting="same_kind"),
        lambda w: np.zeros(2).astype(np.float32) + np.full(2, w[0, 0], np.float32),
    ],
)
def test_made_or_joined_in_float32_is_allowed_for(rounded: Any) -> None:
    def f(w: Any) -> Any:
        return np.sum(rounded(w)) + np.sum(w**2)

    found = certify(NumpyFunction(f, W))
    assert found.dtype == "float32"
    assert abs(f(W) - found.certificate.value[0]) <= found.certificate.bound[0]


def test_tape_of_arrays_carries_the_function() -> None:
    """Whatever falls back to single balls is a hundred times slower."""
    slow = {
        "eigenvalues",
        "eigenvectors",
        "eigenvectors of a batch",
        "one triangle",
        "singular values",
    }
    for case, function in CASES.items():
        with balls.precision(128):
            swept = sweep_arrays(
                point_of(NumpyFunction(scalar(function), W)), np.ones(()), "float64"
            )
        assert (swept is not None) or case in slow, case


# --- what is left as it was -----------------------------------------------------------------------


def test_nothing_is_left_behind() -> None:
    def raises(w: Any) -> Any:
        w *= 2
        w[0] = 0.0
        np.zeros(3)[0] = w[0, 0]
        raise ValueError("on purpose")

    before = dict(globals())
    argument = W.copy()
    for function in (raises, CASES["imported names"], lambda w: sp.jv(0, w).sum()):
        with contextlib.suppress(NotCertified):
            certify(NumpyFunction(scalar(function), argument))
        assert globals().keys() == before.keys()
        assert all(globals()[name] is value for name, value in before.items())
    np.testing.assert_array_equal(argument, W)
    assert zeros is np.zeros
    assert math.exp is before["math"].exp


def test_arguments_are_lists_dicts_and_numbers() -> None:
    x = ({"a": [W, 2.0], "n": 3}, np.float32(1.5))

    def f(params: Any, scale: Any) -> Any:
        return np.sum(params["a"][0] * params["a"][1]) ** params["n"] * scale

    function = NumpyFunction(f, x)
    truth = certify(function).certificate
    labels = truth.operator.layout(truth.point).label
    assert [labels(k) for k in (1, 7, 8)] == ["∂f/∂params.a.0[0, 0]", "∂f/∂params.a.1", "∂f/∂scale"]
    assert function.dtype == "float32"
    total = W.sum() * 2.0
    assert truth.value[8] == pytest.approx(total**3)
    assert truth.value[7] == pytest.approx(3 * total**2 * W.sum() * 1.5)


def test_list_of_numbers_is_an_array() -> None:
    assert NumpyFunction(np.sum, [1, 2.5]).arguments["a"].tolist() == [1.0, 2.5]
    assert NumpyFunction(np.sum, [[1, 2], [3, 4]]).arguments["a"].shape == (2, 2)
    ragged = NumpyFunction(lambda rows: sum(map(sum, rows)), [[1.0, 2.0], [3.0]])
    assert list(ragged.arguments) == ["rows.0.0", "rows.0.1", "rows.1.0"]
    assert certify(ragged).certificate.value.tolist() == [6.0, 1.0, 1.0, 1.0]
    assert list(NumpyFunction(np.sum, [W, 2 * W]).arguments) == ["a.0", "a.1"]


def test_dtype_without_bounds_is_refused() -> None:
    with pytest.raises(NotKnown, match="dtype complex128"):
        NumpyFunction(np.sum, W * 1j)


def test_helpers_in_other_modules_are_covered(tmp_path: Any, monkeypatch: Any) -> None:
    source = (
        "from numpy import zeros\n\ndef fill(w):\n    found = zeros(3)\n    found[1] = w[0, 1]\n"
    )
    (tmp_path / "helper_of_a_user.py").write_text(source + "    return found\n")
    monkeypatch.syspath_prepend(tmp_path)
    helper = importlib.import_module("helper_of_a_user")
    fill = helper.fill
    for function in (lambda w: fill(w).sum() ** 2, lambda w: helper.fill(w).sum() ** 2):
        truth = certify(NumpyFunction(function, W)).certificate
        np.testing.assert_allclose(truth.value[1:], [0, 2 * W[0, 1], 0, 0, 0, 0])
        assert helper.zeros is np.zeros


@pytest.mark.parametrize(
    "function",
    [
        functools.partial(lambda n, w: np.sum(np.zeros(n) + w[0]), 3),
        functools.wraps(np.sum)(lambda w: np.sum(np.array([w[0, 0], w[0, 1], w[0, 2]]))),
        type("Loss", (), {"__call__": lambda self, w: np.asarray([w[0]]).sum()})(),
    ],
)
def test_whatever_can_be_called_is_a_function(function: Any) -> None:
    truth = certify(NumpyFunction(function, W)).certificate
    np.testing.assert_allclose(truth.value[1:], [1, 1, 1, 0, 0, 0])


def with_default(w: Any, total: Any = sp.logsumexp) -> Any:
    return total(w)


REAL = id(np.zeros)


class Holder:
    """Holds a function of SciPy's, and a table of NumPy's own that must stay what it is."""

    def __init__(self) -> None:
        self.total, self.xp = sp.logsumexp, np
        self.table, self.everything = {"sum": sp.logsumexp}, vars(np)

    def loss(self, w: Any) -> Any:
        assert id(self.everything["zeros"]) == REAL
        filled = self.xp.zeros(2)
        filled[0] = self.total(w)
        return filled.sum() * self.table["sum"](w)


def test_functions_that_objects_hold_are_covered() -> None:
    holder = Holder()
    namespace = types.SimpleNamespace(total=sp.logsumexp)
    in_dict = {"total": [lambda w: sp.logsumexp(w)]}
    several = [(math.exp, sp.logsumexp), sp.logsumexp]
    before = float, np.zeros, dict(vars(holder)), dict(vars(namespace))
    for f in (
        holder.loss,
        lambda w: holder.loss(w),
        functools.partial(lambda held, w: held.total(w), namespace),
        lambda w: in_dict["total"][0](w),
        lambda w: several[0][1](w) * several[1](w),
        with_default,
    ):
        truth = certify(NumpyFunction(f, W)).certificate
        assert abs(truth.value[0] - f(W)) <= truth.bound[0]
    assert (float, np.zeros, dict(vars(holder)), dict(vars(namespace))) == before
    assert with_default.__defaults__ == (sp.logsumexp,)
    assert several == [(math.exp, sp.logsumexp), sp.logsumexp]


class Layer:
    """A layer as people write them: it keeps what its backward pass needs, and counts."""

    def __init__(self) -> None:
        self.hidden: Any = None
        self.seen: list[Any] = []
        self.running = np.zeros(3)
        self.counts = {"calls": 0}

    def loss(self, w: Any) -> Any:
        self.counts["calls"] += 1
        self.seen.append(w)
        self.hidden = np.tanh(w)
        self.running = 0.9 * self.running + 0.1 * self.hidden.mean(axis=0)
        return np.sum(self.hidden**2)

    def gradient(self, w: Any) -> Any:
        self.loss(w)
        return 2 * self.hidden * (1 - self.hidden**2)


def test_what_an_object_keeps_is_put_back() -> None:
    layer = Layer()
    layer.gradient(W)
    before = dict(vars(layer)), dict(layer.counts), list(layer.seen)
    found = certify(NumpyFunction(layer.loss, W))
    assert (vars(layer), layer.counts, layer.seen) == before
    difference = np.abs(layer.gradient(W).ravel() - found.certificate.value[1:])
    assert np.all(difference <= found.certificate.bound[1:])


class Counted:
    """Counts in its class, and holds what random numbers come from."""

    calls = 0
    seen: ClassVar[list[int]] = []

    def __init__(self) -> None:
        self.draws: Any = (np.random.default_rng(1), np.random.RandomState(1), random.Random(1))

    def loss(self, w: Any) -> Any:
        Counted.calls += 1
        Counted.last = w
        self.seen.append(self.calls)
        for each in self.draws:
            each.random() if isinstance(each, random.Random) else each.normal()
        return np.sum(w**2)

    def state(self) -> Any:
        generator, old, plain = self.draws
        own = {k: v for k, v in vars(Counted).items() if k[:2] != "__"}
        drawn = str(generator.bit_generator.state), str(old.get_state()), plain.getstate()
        return own, list(self.seen), drawn


@pytest.mark.parametrize("given", ["function", "gradient"])
def test_what_a_class_keeps_and_draws_are_put_back(given: str) -> None:
    counted = Counted()
    before = counted.state()

    def gradient(w: Any) -> Any:
        counted.loss(w)
        return 2 * w

    f = counted.loss if given == "function" else lambda w: np.sum(w**2)
    assert cb.check(f, gradient, W).ok
    assert counted.state() == before


class Slotted:
    """Keeps what it was last called with, and has no `__dict__`."""

    __slots__ = ("before", "last")

    def __init__(self) -> None:
        self.before = W

    def __call__(self, w: Any) -> Any:
        self.before = self.last = w
        return np.sum(w**2)


def keeping_helper(w: Any, memo: list[Any] = [], *, named: list[Any] = []) -> Any:  # noqa: B006
    memo.append(w)
    named.append(w)
    keeping_helper.last = w  # type: ignore[attr-defined]
    return np.sum(w**2)


def of_closure() -> Any:
    held: deque[Any] = deque([W], maxlen=2)

    def f(w: Any) -> Any:
        held.append(w)
        f.last = w  # type: ignore[attr-defined]
        return np.sum(w**2)

    return f


def test_what_functions_slots_and_defaults_keep_is_put_back() -> None:
    slotted, closed = Slotted(), of_closure()
    for f in (slotted, closed, keeping_helper, lambda w: keeping_helper(w), lambda w: closed(w)):
        assert cb.check(f, lambda w: 2 * w, W).ok
        assert keeping_helper.__defaults__ == ([],)
        assert keeping_helper.__kwdefaults__ == {"named": []}
        assert vars(keeping_helper) == vars(closed) == {}
        assert [each is W for each in closed.__closure__[1].cell_contents] == [True]
        assert slotted.before is W
        assert not hasattr(slotted, "last")


def test_long_lists_of_numbers_are_not_walked_and_lose_what_is_added() -> None:
    data = [[float(k) for k in range(MOST_ITEMS + 1)] for _ in range(20)]
    module = types.FunctionType((lambda w: w).__code__, {"data": data, "__name__": "of_data"})
    before = time.process_time()
    with kept(module):
        data[3].append(0.0)
    walked = time.process_time() - before
    before = time.process_time()
    assert sum(isinstance(x, float) for row in data for x in row) == 20 * len(data[0])
    assert walked < time.process_time() - before
    assert {len(row) for row in data} == {MOST_ITEMS + 1}


def in_keywords(w: Any, *, of: Any = sp.logsumexp, more: Any = (math.exp,)) -> Any:
    return of(w) + more[0](w[0, 0])


def test_functions_among_keyword_defaults_are_replaced() -> None:
    found = certify(NumpyFunction(lambda w: in_keywords(w), W)).certificate
    np.testing.assert_allclose(found.value[0], in_keywords(W), rtol=1e-15)
    assert in_keywords.__kwdefaults__ == {"of": sp.logsumexp, "more": (math.exp,)}


def test_random_numbers_of_its_own_generator_are_not_certified() -> None:
    rng = np.random.default_rng(0)
    found = cb.check(lambda w: np.sum(w * rng.normal()), lambda w: w * 0 + rng.normal(), W)
    assert found.status == "not certified", found


def test_ufunc_of_somebody_else_is_not_taken_for_that_of_numpy() -> None:
    square = np.frompyfunc(lambda x: 3 * x, 1, 1)
    with pytest.raises(NotCertified, match="ufunc"):
        certify(NumpyFunction(lambda w: square(w).sum(), W))


def test_copies_are_copies() -> None:
    def copied(w: Any) -> Any:
        other, deep = copy.copy(w), copy.deepcopy(w)
        other *= 2
        deep[0] = 0
        return np.sum(w * other + deep)

    truth = certify(NumpyFunction(copied, W)).certificate
    np.testing.assert_allclose(truth.value[1:], (4 * W + [[0], [1]]).ravel())
