"""Every name of the array vocabulary on every backend: value and derivative.

A case is a call of one function f at one point. The cases of a name make one problem, whose
cost is Σ weights · f(x): its partials by the weights are the values of f, its partials by x are
the derivatives (weighted, so that no two entries can be mistaken for each other), and both come
out of the backend's own `prepare … run … unload`.

The expected numbers come from mpmath, at 400 digits, and from no backend: closed forms for the
functions of one number, and for everything else a definition in exact numbers, differentiated
by a central difference whose error is below 1e-190.
"""

from __future__ import annotations

import functools
import importlib
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from mpmath import MPContext

import calcbench
from calcbench.backends._numbers import OnNumbers
from calcbench.catalogue.door import backends
from calcbench.catalogue.selection import select_backends
from calcbench.certified import balls
from calcbench.certified.reference import reference
from calcbench.certified.vocabulary import namespace
from calcbench.errors import ProblemError, Unsupported
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.vocabulary.names import NAMES

CENTRAL, COMPLEX = "finite_difference", "finite_difference[scheme=complex]"

BUILT_IN = {name: backends()[name] for name, c in backends().cards.items() if c.theme == "backends"}

WHOLE = tuple(COMPLEX if name == CENTRAL else name for name in BUILT_IN)
"""Every backend in its default mode, in which it is tested in full; and of the difference schemes
the one that has all the digits."""

TOO_SLOW = ("torch[mode=compile]",)
"""Compiles each case for seconds; tests/harness has it on problems."""

MODES = {
    selector: {"torch[mode=func]": None, "tensorflow[mode=function]": 2}.get(selector, 1)
    for name, backend in BUILT_IN.items()
    for mode in backend.options().get("mode", ())[1:]
    if (selector := f"{name}[mode={mode}]") not in TOO_SLOW
}
"""Their further modes, and how many cases of each name those run: the first few where each case is
compiled, None for all."""

SELECTORS = (*WHOLE, *MODES)

DIFFERENTIATING = tuple(s for s in SELECTORS if not (s in BUILT_IN and BUILT_IN[s].hand_derived))

JUDGED = (*SELECTORS, "certified")
"""Every backend, and the ball arithmetic of the reference."""

MISSING = {("tensorflow[mode=xla]", "linalg.slogdet"): "XLA has no determinant"}
"""(selector, name) → why that backend lacks that name. There are no others."""

FLOOR = {COMPLEX: 1e-140}
"""What a selector cannot resolve: the complex step, 1e-165, times anything smaller underflows."""

mp = MPContext()  # a context of its own: the digits of mpmath's global one stay as they are
mp.dps = 400  # 1 + exp(−800) needs 350

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)
"""The smallest normal number; below it, some libraries flush to zero."""

CLOSE = 64 * EPS
"""1.4e-14, in units of the case's natural scale. A correctly rounded library function is off by
½ unit in the last place; a derivative chains a handful of functions that are each off by 1–4
(vectorised ones, as in XLA, are the worst), and sums of up to a dozen terms."""

CLOSE_LINALG = 1e-12
"""Factorisations of these matrices lose at most the condition number, about 10, squared."""

# --- cases -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One call of a function at one point, with what it must give."""

    what: str
    call: Callable[..., Any]
    """call(xp, *arguments, **data) → array, as a cost would write it."""
    at: tuple[np.ndarray, ...]
    exact: Callable[..., Any]
    """The same function of object arrays of mpmath numbers."""
    slope: Callable[[Any], Any] | None = None
    """Its derivative in closed form, for a function of one number."""
    scale: float = 0.0
    """The natural scale of the derivative where that is not the derivative itself."""
    close: float = CLOSE
    data: dict[str, np.ndarray] = field(default_factory=dict)

    @functools.cached_property
    def expected(self) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """Weights, value of the function, and the weighted derivative by each argument."""
        at = [exact_numbers(x) for x in self.at]
        value = np.asarray(self.exact(*at, **self.data), dtype=object)
        weights = 1.0 + np.arange(value.size, dtype=float).reshape(value.shape) / 8.0
        if self.slope:
            slope = elementwise(self.slope)(at[0]) * exact_numbers(weights)
            return weights, floats(value), [floats(slope)]
        return weights, floats(value), [self._difference(at, weights, k) for k in range(len(at))]

    def _difference(self, at: list[Any], weights: np.ndarray, position: int) -> np.ndarray:
        step = mp.mpf(10) ** -100

        def cost(index: tuple[int, ...], by: Any) -> Any:
            moved = [x.copy() for x in at]
            moved[position][index] += by
            return np.sum(exact_numbers(weights) * self.exact(*moved, **self.data))

        slope = np.empty(at[position].shape, dtype=object)
        for index in np.ndindex(slope.shape):
            slope[index] = (cost(index, step) - cost(index, -step)) / (2 * step)
        return floats(slope)


class Probe(Problem):
    """Σ weights · f(x) over several cases."""

    def __init__(self, cases: list[Case]) -> None:
        self.cases = cases
        self.values: dict[str, np.ndarray] = {}
        for number, case in enumerate(cases):
            weights, _, _ = case.expected
            self.values[f"weights{number}_"] = weights
            self.values |= {f"x{number}_{k}_": x for k, x in enumerate(case.at)}
        self.parameters = tuple(self.values)
        self.values |= {name: a for case in cases for name, a in case.data.items()}
        self.data = tuple(self.values)[len(self.parameters) :]
        self.dtypes: set[str] = set()

    def inputs(self, size, rng):
        return self.values

    def weighted(self, xp, parameters, data):
        """(weights, value) of every case."""
        left = list(parameters)
        for case in self.cases:
            weights, arguments = left[0], left[1 : 1 + len(case.at)]
            left = left[1 + len(case.at) :]
            value = case.call(xp, *arguments, **{name: data[name] for name in case.data})
            assert shape(value) == shape(weights), f"{case.what}: wrong shape"
            self.dtypes.add(dtype_of(value))
            yield weights, value

    def cost(self, xp, *parameters, **data):
        total = 0.0
        for weights, value in self.weighted(xp, parameters, data):
            total = total + xp.sum(weights * value)
        return total

    def gradient(self, xp, *parameters, **data):
        """For `by_hand`, which has no derivative of its own: the values, and zeros."""
        values = iter([value for _, value in self.weighted(xp, parameters, data)])
        return {
            name: next(values) if name.startswith("weights") else 0 * parameter
            for name, parameter in zip(self.parameters, parameters, strict=True)
        }


def exact_numbers(x: Any) -> Any:
    return np.asarray(np.frompyfunc(mp.mpf, 1, 1)(np.asarray(x, dtype=float)), dtype=object)


def floats(x: Any) -> np.ndarray:
    return np.asarray(x, dtype=object).astype(float)


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of mpmath numbers on object arrays; it always returns an array."""

    def apply(*arrays: Any) -> Any:
        ufunc = np.frompyfunc(function, len(arrays), 1)
        return np.asarray(ufunc(*arrays), dtype=object)

    return apply


def shape(value: Any) -> tuple[int, ...]:
    # A scalar that SymPy has computed with is a bare expression, without a shape.
    return tuple(getattr(value, "shape", ()))


def dtype_of(value: Any) -> str:
    dtype = str(getattr(value, "dtype", "object"))
    return re.sub(r"torch\.|<dtype: '|'>", "", dtype)


@functools.cache
def backend_for(selector: str) -> Any:
    (backend,) = select_backends([selector])
    reason = backend.missing()
    if reason:
        pytest.skip(reason)
    return backend


def gradient(selector: str, problem: Problem) -> dict[str, np.ndarray]:
    if selector == "certified":
        return reference(own_point(problem)).value
    backend, inputs = backend_for(selector), own_point(problem)
    prepared = backend.prepare(inputs)
    return prepared.evaluate(inputs)


def check(selector: str, cases: list[Case]) -> None:
    """Compare values and derivatives of the cases with the exact ones. Warnings are errors."""
    cases = cases[: MODES.get(selector)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = gradient(selector, Probe(cases))
    compare(selector, cases, found)


def compare(selector: str, cases: list[Case], found: dict[str, np.ndarray]) -> None:
    wrong = []
    for number, case in enumerate(cases):
        _, value, slopes = case.expected
        floor = FLOOR.get(selector, TINY)
        wrong += misses(f"{case.what}: value", found[f"weights{number}_"], value, case.close, floor)
        for k, slope in enumerate(slopes if selector in (*DIFFERENTIATING, "certified") else []):
            what = f"{case.what}: derivative by argument {k}"
            floor = max(FLOOR.get(selector, TINY), case.close * case.scale)
            wrong += misses(what, found[f"x{number}_{k}_"], slope, case.close, floor)
    assert not wrong, "\n".join(["", *wrong])


def misses(
    what: str, found: np.ndarray, expected: np.ndarray, close: float, floor: float
) -> list[str]:
    assert found.shape == expected.shape
    bad = ~(np.abs(found - expected) <= np.maximum(close * np.abs(expected), floor))
    return [
        f"{what}{list(map(int, i))} is {found[tuple(i)]!r}, not {expected[tuple(i)]!r}"
        for i in np.argwhere(bad)
    ]


# --- functions of one number -----------------------------------------------------------------


@dataclass(frozen=True)
class Elementwise:
    value: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    at: tuple[float, ...]
    scale: float = 0.0


SMALL = (-1e-8, 1e-8, -1e-300, 1e-300, 0.0)
ORDINARY = (-2.5, -1.0, -0.3, 0.3, 1.0, 2.5)

ELEMENTWISE = {
    "exp": Elementwise(mp.exp, mp.exp, (*ORDINARY, *SMALL, -40.0, 40.0, -800.0, 700.0)),
    # Some libraries compute its slope as expm1 + 1, whose natural scale is 1.
    "expm1": Elementwise(
        mp.expm1, mp.exp, (*ORDINARY, *SMALL, -40.0, 40.0, -800.0, 700.0), scale=1.0
    ),
    "log": Elementwise(mp.log, lambda x: 1 / x, (0.3, 1.0, 2.5, 1e-8, 1 + 1e-8, 1e-300, 1e300)),
    "log1p": Elementwise(
        mp.log1p, lambda x: 1 / (1 + x), (-0.3, 0.3, 1.0, *SMALL, -1 + 1e-8, 800.0, 1e300)
    ),
    "sqrt": Elementwise(
        mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), (0.3, 1.0, 2.5, 1e-8, 1e-300, 1e300)
    ),
    "sin": Elementwise(mp.sin, mp.cos, (*ORDINARY, *SMALL, -40.0, 40.0, 800.0, 1e6)),
    "cos": Elementwise(mp.cos, lambda x: -mp.sin(x), (*ORDINARY, *SMALL, -40.0, 40.0, 800.0, 1e6)),
    "tan": Elementwise(
        mp.tan, lambda x: 1 + mp.tan(x) ** 2, (*ORDINARY, *SMALL, 1.57, -40.0, 40.0, 800.0, 1e6)
    ),
    # Likewise 1 − tanh² …
    "tanh": Elementwise(
        mp.tanh,
        lambda x: mp.sech(x) ** 2,
        (*ORDINARY, *SMALL, -40.0, 40.0, -800.0, 800.0),
        scale=1.0,
    ),
    "abs": Elementwise(abs, mp.sign, (*ORDINARY, -1e-8, 1e-8, -1e-300, 1e-300, -800.0, 1e300)),
    # … and s·(1 − s).
    "sigmoid": Elementwise(
        lambda x: 1 / (1 + mp.exp(-x)),
        lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
        (*ORDINARY, *SMALL, -40.0, 40.0, -800.0, 800.0),
        scale=1.0,
    ),
    "softplus": Elementwise(
        lambda x: mp.log(1 + mp.exp(x)),
        lambda x: 1 / (1 + mp.exp(-x)),
        (*ORDINARY, *SMALL, -20.5, 20.5, -40.0, 40.0, -800.0, 800.0, -1000.0, 1000.0),
    ),
}

LENGTH = max(len(entry.at) for entry in ELEMENTWISE.values())

UNRESOLVED = {
    # Its step, 1e-165, is not small beside 1e-300, where these functions bend at that scale.
    ("log", "finite_difference[scheme=complex]"): (1e-300,),
    ("sqrt", "finite_difference[scheme=complex]"): (1e-300,),
}


def elementwise_cases(name: str, selector: str) -> list[Case]:
    """A vector of all the points, and a scalar and a matrix of ordinary ones."""
    entry = ELEMENTWISE[name]
    at = [x for x in entry.at if x not in UNRESOLVED.get((name, selector), ())]
    # Vectors of one length for all names: jax[mode=eager] compiles once per shape.
    shapes = {"vector": np.resize(at, LENGTH), "scalar": at[0], "matrix": [at[0:2], at[1:3]]}
    return [
        Case(
            f"{name}, {what}",
            lambda xp, x: getattr(xp, name)(x),
            (np.array(x),),
            elementwise(entry.value),
            slope=entry.slope,
            scale=entry.scale,
        )
        for what, x in shapes.items()
    ]


@pytest.mark.few(40)
@pytest.mark.parametrize("selector", JUDGED)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name, selector):
    check(selector, elementwise_cases(name, selector))


# --- everything else: name → cases -----------------------------------------------------------

CASES: dict[str, list[Case]] = {}


def case(
    name: str, call: Callable[..., Any], at: Any, exact: Callable[..., Any], **options: Any
) -> None:
    """Add a case of `name`; `at` is a list of arguments."""
    count = len(CASES.setdefault(name, []))
    # Array functions here have entries of order 1, and sums of them; that is their scale.
    options = {"scale": 1.0, **options}
    arrays = tuple(np.array(x, dtype=float) for x in at)
    CASES[name].append(Case(f"{name}, case {count}", call, arrays, exact, **options))


V = [0.5, -1.25, 2.0]
U = [1.5, 0.75, -0.5]
M = [[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]]
N = [[0.25, 1.0], [-0.75, 0.5], [1.25, -2.0]]
SQUARE = [[0.5, -1.25, 2.0], [1.5, 0.75, -0.5], [-1.0, 2.25, 0.25]]
BATCH = [[[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]], [[1.0, 0.25, -2.25], [-0.25, 1.75, 3.0]]]

case("pi", lambda xp, x: xp.pi * x, [V], lambda x: mp.pi * x)
case("pi", lambda xp, x: xp.sin(xp.pi * x), [0.25], elementwise(lambda x: mp.sin(mp.pi * x)))

# Two arguments. Ties of maximum and minimum are kinks (test_kinks). Those of logaddexp are smooth.
PAIRS = (
    [1.5, -0.5, 1000.0, -1000.0, 1000.0, -800.0, 1e-8, 1e-300],
    [0.5, 0.25, -1000.0, 1000.0, 1000.5, 800.0, -1e-8, 0.25],
)
for name, exact in {"maximum": max, "minimum": min}.items():

    def call(xp, x, y, name=name):
        return getattr(xp, name)(x, y)

    def with_number(xp, x, name=name):
        return getattr(xp, name)(x, 0.25)

    def number_first(xp, x, name=name):
        return getattr(xp, name)(0.25, x)

    quarter = elementwise(lambda x, exact=exact: exact(x, mp.mpf("0.25")))
    case(name, call, PAIRS, elementwise(exact))
    case(name, call, [0.5, 1.0], elementwise(exact))
    case(name, call, [M, [0.25, 0.5, -1.0]], elementwise(exact))
    for at in (PAIRS[0], 0.5):
        case(name, with_number, [at], quarter)
    case(name, number_first, [M], quarter)
    case(
        name, lambda xp, x, call=call: call(xp, x, 0), [M], elementwise(lambda x, e=exact: e(x, 0))
    )


def log_sum(*terms: Any) -> Any:
    return mp.log(sum(map(mp.exp, terms)))


def call_logaddexp(xp, x, y):
    return xp.logaddexp(x, y)


case(
    "logaddexp",  # ties
    call_logaddexp,
    [[0.0, 1.0, -40.0, 1e-300], [0.0, 1.0, -40.0, 1e-300]],
    elementwise(log_sum),
    scale=0.0,
)
# The partials are exp(x − logaddexp): with x in the thousands, its last place is worth 1e-13.
case(
    "logaddexp",
    call_logaddexp,
    [[1000.0, 1000.0, -1000.0, 1000.0, -800.0], [1000.0, -1000.0, 1000.0, 1000.5, -800.0]],
    elementwise(log_sum),
    scale=1000.0,
)
case("logaddexp", call_logaddexp, [[0.5, -1.0, 3.0], [0.25, 2.0, -40.0]], elementwise(log_sum))
case("logaddexp", call_logaddexp, [0.5, 0.25], elementwise(log_sum))
case("logaddexp", call_logaddexp, [M, V], elementwise(log_sum))
for at in (V, 0.0):
    case(
        "logaddexp", lambda xp, x: xp.logaddexp(x, 0.0), [at], elementwise(lambda x: log_sum(x, 0))
    )
    case("logaddexp", lambda xp, x: xp.logaddexp(0, x), [at], elementwise(lambda x: log_sum(x, 0)))


def choose(condition: Callable[..., bool], yes: Callable[..., Any], no: Callable[..., Any]) -> Any:
    return elementwise(lambda *a: yes(*a) if condition(*a) else no(*a))


for at in (V, 0.5):
    case(
        "where",
        lambda xp, x: xp.where(x > 0, x**2, -3 * x),
        [at],
        choose(lambda x: x > 0, lambda x: x**2, lambda x: -3 * x),
    )
    case(
        "where",
        lambda xp, x: xp.where(x > 0.3, x, 2.0),
        [at],
        choose(lambda x: x > 0.3, lambda x: x, lambda x: mp.mpf(2)),
    )
    case(
        "where",
        lambda xp, x: xp.where(x <= 0.3, 0, x**3),
        [at],
        choose(lambda x: x <= 0.3, lambda x: mp.mpf(0), lambda x: x**3),
    )
    case(
        "where",  # two numbers, neither of them exact in float32
        lambda xp, x: x * xp.where(x < 0.3, 0.1, 0.7),
        [at],
        choose(lambda x: x < 0.3, lambda x: x * mp.mpf(0.1), lambda x: x * mp.mpf(0.7)),
    )
case(
    "where",
    lambda xp, x, y: xp.where(x >= y, x * y, y),
    [V, U],
    choose(lambda x, y: x >= y, lambda x, y: x * y, lambda x, y: y),
)
case(
    "where",  # broadcast: the condition is a vector, the choices a matrix and a scalar
    lambda xp, x, y, z: xp.where(x > 0, y, z),
    [V, M, 0.25],
    choose(lambda x, y, z: x > 0, lambda x, y, z: y, lambda x, y, z: z),
)

# Reductions.


def reduced(function: Callable[[list[Any]], Any], axis: int | None, keepdims: bool) -> Any:
    def exact(x: Any) -> Any:
        lanes = np.reshape(x, -1) if axis is None else np.moveaxis(x, axis, -1)
        result = np.empty(lanes.shape[:-1], dtype=object)
        for index in np.ndindex(result.shape):
            result[index] = function(list(lanes[index]))
        if not keepdims:
            return result
        return result.reshape((1,) * x.ndim) if axis is None else np.expand_dims(result, axis)

    return exact


def log_sum_of(items: list[Any]) -> Any:
    return log_sum(*items)


REDUCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum,
    "mean": lambda items: sum(items) / len(items),
    "max": max,
    "logsumexp": log_sum_of,
}
THOUSANDS = [[1000.0, 1000.5, 999.0], [-1000.0, -1001.0, -1000.0], [1000.0, -1000.0, 0.0]]
for axis in (-1, None):
    case(
        "logsumexp",
        lambda xp, x, axis=axis: xp.logsumexp(x, axis=axis),
        [THOUSANDS],
        reduced(REDUCTIONS["logsumexp"], axis, False),
        scale=1000.0,  # as for logaddexp
    )
case("logsumexp", lambda xp, x: xp.logsumexp(x), [[0.0] * 3], reduced(log_sum_of, None, False))
case("max", lambda xp, x: xp.max(x), [[-800.0, 1e-100, 0.0]], reduced(max, None, False))

for name, function in REDUCTIONS.items():
    for at, axis, keepdims in ((M, 0, False), (M, -1, True), (BATCH, 1, False)):

        def call(xp, x, name=name, axis=axis, keepdims=keepdims):
            return getattr(xp, name)(x, axis=axis, keepdims=keepdims)

        case(name, call, [at], reduced(function, axis, keepdims))

    def keep(xp, x, name=name):
        return getattr(xp, name)(x, keepdims=True)

    def plain(xp, x, name=name):
        return getattr(xp, name)(x)

    case(name, keep, [M], reduced(function, None, True))
    for at in (M, 0.5):
        case(name, plain, [at], reduced(function, None, False))

# Running totals.


def running(axis: int) -> Any:
    def exact(x: Any) -> Any:
        lanes = np.moveaxis(x, axis, -1)
        result = np.empty(lanes.shape, dtype=object)
        for *lane, k in np.ndindex(lanes.shape):
            result[(*lane, k)] = sum(lanes[tuple(lane)][: k + 1])
        return np.moveaxis(result, -1, axis)

    return exact


case("cumulative_sum", lambda xp, x: xp.cumulative_sum(x), [V], running(0))
for at, axis in ((V, 0), (M, 0), (M, 1), (M, -1), (BATCH, 1), (BATCH, -3)):

    def call(xp, x, axis=axis):
        return xp.cumulative_sum(x * x, axis=axis)

    case("cumulative_sum", call, [at], lambda x, axis=axis: running(axis)(x * x))

# Products. The exact ones are sums of products written out.


def dot(x: Any, y: Any) -> Any:
    return sum(a * b for a, b in zip(x, y, strict=True))


def call_matmul(xp, x, y):
    return xp.matmul(x, y)


case("matmul", call_matmul, [V, U], dot)
case("matmul", call_matmul, [M, V], lambda x, y: [dot(row, y) for row in x])
case("matmul", call_matmul, [V, N], lambda x, y: [dot(x, column) for column in y.T])
case(
    "matmul", call_matmul, [M, N], lambda x, y: [[dot(row, column) for column in y.T] for row in x]
)
case(
    "matmul",
    call_matmul,
    [BATCH, N],
    lambda x, y: [[[dot(row, column) for column in y.T] for row in m] for m in x],
)

EINSUMS: list[tuple[str, list[Any], Callable[..., Any]]] = [
    ("i,i->", [V, U], dot),
    ("i,j->ij", [V, U], lambda x, y: [[a * b for b in y] for a in x]),
    ("ij->ji", [M], lambda x: x.T),
    ("ij->j", [M], lambda x: [sum(column) for column in x.T]),
    ("ij,j->i", [M, V], lambda x, y: [dot(row, y) for row in x]),
    ("ij,ij->", [M, M[::-1]], lambda x, y: dot(x.flat, y.flat)),
    ("ij,ij->i", [M, M[::-1]], lambda x, y: [dot(a, b) for a, b in zip(x, y, strict=True)]),
    ("ij,jk->ik", [M, N], lambda x, y: [[dot(row, column) for column in y.T] for row in x]),
    (
        "i,ij,j->",
        [[1.5, -0.25], M, V],
        lambda x, y, z: sum(x[i] * y[i, j] * z[j] for i in range(2) for j in range(3)),
    ),
    (
        "bij,bkj->bik",
        [BATCH, BATCH[::-1]],
        lambda x, y: [[[dot(a, b) for b in m] for a in n] for n, m in zip(x, y, strict=True)],
    ),
    ("ii->", [SQUARE], lambda x: x[0, 0] + x[1, 1] + x[2, 2]),
    ("ii->i", [SQUARE], lambda x: [x[0, 0], x[1, 1], x[2, 2]]),
]
for subscripts, at, exact in EINSUMS:

    def call(xp, *arrays, subscripts=subscripts):
        return xp.einsum(subscripts, *arrays)

    case("einsum", call, at, exact)

# Shapes.

case("matrix_transpose", lambda xp, x: xp.matrix_transpose(x), [M], lambda x: x.T)
case("matrix_transpose", lambda xp, x: xp.matrix_transpose(x), [BATCH], lambda x: x.swapaxes(1, 2))

case(
    "reshape",
    lambda xp, x: xp.reshape(x, (3, 2)),
    [M],
    lambda x: [x.flat[:2], x.flat[2:4], x.flat[4:]],
)
case("reshape", lambda xp, x: xp.reshape(x, (-1,)), [BATCH], lambda x: list(x.flat))
case("reshape", lambda xp, x: xp.reshape(x, (-1, 1)), [V], lambda x: [[a] for a in x])
case("reshape", lambda xp, x: xp.reshape(x, ()), [[[2.5]]], lambda x: x[0, 0])
case("reshape", lambda xp, x: xp.reshape(x, (1, 1)), [2.5], lambda x: [[x[()]]])

case("concat", lambda xp, x, y: xp.concat([x, y]), [V, U[:2]], lambda x, y: [*x, *y])
case("concat", lambda xp, x: xp.concat((x, x * x)), [V], lambda x: [*x, *x * x])
case("concat", lambda xp, x: xp.concat([x[1:], x[:1]], axis=0), [M], lambda x: [x[1], x[0]])
case(
    "concat",
    lambda xp, x, y: xp.concat([x, y], axis=1),
    [M, [[7.0], [8.0]]],
    lambda x, y: [[*a, *b] for a, b in zip(x, y, strict=True)],
)
case(
    "concat",
    lambda xp, x, y: xp.concat([x, y], axis=-1),
    [M, [[7.0], [8.0]]],
    lambda x, y: [[*a, *b] for a, b in zip(x, y, strict=True)],
)

case("stack", lambda xp, x, y: xp.stack([x, y]), [V, U], lambda x, y: [x, y])
case(
    "stack",
    lambda xp, x, y: xp.stack((x, y), axis=1),
    [V, U],
    lambda x, y: [*zip(x, y, strict=True)],
)
case(
    "stack",
    lambda xp, x, y: xp.stack([x, y], axis=-1),
    [V, U],
    lambda x, y: [*zip(x, y, strict=True)],
)
case("stack", lambda xp, x: xp.stack([x[1], x[0] * x[1]]), [V], lambda x: [x[1], x[0] * x[1]])
# Numbers may stand among scalars, wherever they stand. (0.1 is not exact in float32.)
case(
    "stack",
    lambda xp, x: xp.stack([x, 0.1, x * x]),
    [1.5],
    lambda x: [x[()], mp.mpf(0.1), x[()] ** 2],
)
case("stack", lambda xp, x: xp.stack([0.1, x[0], 2]), [V], lambda x: [mp.mpf(0.1), x[0], 2])

# Gathering. Indices are data: integer arrays.


def gather(name: str, call: Any, at: Any, index: Any, exact: Any) -> None:
    """A case with one integer array, under a name of its own among the data."""
    key = f"index{len(CASES.get(name, []))}_"
    case(
        name,
        lambda xp, x, **data: call(xp, x, data[key]),
        [at],
        lambda x, **data: exact(x, data[key]),
        data={key: np.array(index)},
    )


gather("take", lambda xp, x, i: xp.take(x, i), V, [2, 0, 2], lambda x, i: x[i])
gather("take", lambda xp, x, i: xp.take(x, i), V, [[2, 0], [2, 1]], lambda x, i: x[i])
gather("take", lambda xp, x, i: xp.take(x, i), M, [1, 1, 0], lambda x, i: x[i])
gather("take", lambda xp, x, i: xp.take(x, i), M, [[1, 0], [1, 1]], lambda x, i: x[i])
gather("take", lambda xp, x, i: xp.take(x, i, axis=1), M, [2, 0], lambda x, i: x[:, i])
gather("take", lambda xp, x, i: xp.take(x, i, axis=-1), M, [2, 0], lambda x, i: x[:, i])
gather("take", lambda xp, x, i: xp.take(x, i, axis=1), M, [[2, 0], [0, 0]], lambda x, i: x[:, i])
gather("take", lambda xp, x, i: xp.take(x, i, axis=-1), BATCH, [[2], [0]], lambda x, i: x[..., i])
case("take", lambda xp, x: xp.take(x, np.array([2, 0])), [V], lambda x: [x[2], x[0]])

gather(
    "take_along_axis",
    lambda xp, x, i: xp.take_along_axis(x, i, axis=0),
    V,
    [2, 2, 0, 1],
    lambda x, i: x[i],
)
for axis in (1, -1):
    gather(
        "take_along_axis",
        lambda xp, x, i, axis=axis: xp.take_along_axis(x, i, axis=axis),
        M,
        [[2], [0]],
        lambda x, i: [[x[0, 2]], [x[1, 0]]],
    )
gather(
    "take_along_axis",
    lambda xp, x, i: xp.take_along_axis(x, i, 0),
    M,
    [[1, 0, 1], [1, 1, 0], [0, 0, 0]],
    lambda x, i: [[x[i[r, c], c] for c in range(3)] for r in range(3)],
)
gather(
    "take_along_axis",
    lambda xp, x, i: xp.take_along_axis(x, i, axis=1),
    BATCH,
    [[[1, 0, 1]], [[0, 0, 1]]],
    lambda x, i: [[[x[b, i[b, 0, c], c] for c in range(3)]] for b in range(2)],
)

# Linear algebra.


def matrix(x: Any) -> Any:
    return mp.matrix(np.asarray(x).tolist())


def entries(x: Any) -> Any:
    return np.array(x.tolist(), dtype=object).reshape(x.rows, x.cols)


def definite(xp, x, eye):
    """A Aᵀ + n I: a symmetric positive definite matrix from any n² numbers."""
    a = xp.reshape(x, eye.shape)
    return xp.matmul(a, xp.matrix_transpose(a)) + eye.shape[0] * eye


def exact_definite(x: Any, eye: np.ndarray) -> Any:
    a = matrix(np.reshape(x, eye.shape))
    return a * a.T + len(eye) * mp.eye(len(eye))


FOUR, NINE = [0.5, -1.25, 1.5, 0.75], np.ravel(SQUARE)
EYE = {"data": {"eye": np.eye(2)}}
SWAP = [[0.0, 2.0, 0.5], [1.0, 0.0, -0.5], [0.25, 1.0, 3.0]]
"""Needs pivoting: its first entry is 0."""

LINALG = {"close": CLOSE_LINALG, "scale": 1.0}
case(
    "linalg.cholesky",
    lambda xp, x, eye: xp.linalg.cholesky(definite(xp, x, eye)),
    [NINE],
    lambda x, eye: entries(mp.cholesky(exact_definite(x, eye))),
    data={"eye": np.eye(3)},
    **LINALG,
)
case(
    "linalg.cholesky",
    lambda xp, x: xp.linalg.cholesky(xp.reshape(x * x, (1, 1))),
    [1.5],
    lambda x: [[x[()]]],
    **LINALG,
)


def exact_factor(x: Any) -> Any:
    """The Cholesky factor of (x + xᵀ)/2, of one matrix or a batch of them."""
    if x.ndim > 2:
        return np.stack([exact_factor(each) for each in x])
    return entries(mp.cholesky(matrix((x + x.T) / 2)))


LOPSIDED = [[4.0, 1.5, -0.5], [0.25, 3.0, 1.0], [0.75, -0.5, 2.5]]
for at in (LOPSIDED, [[[4.0, 1.5], [0.25, 3.0]], [[2.0, -0.5], [1.5, 3.5]]]):
    case(
        "linalg.cholesky",  # both triangles count alike
        lambda xp, x: xp.linalg.cholesky(x),
        [at],
        exact_factor,
        **LINALG,
    )
for a, b in ((SWAP, V), ([[0.0, 1.0], [2.0, 0.5]], M), ([[2.0]], [3.0])):
    case(
        "linalg.solve",
        lambda xp, a, b: xp.linalg.solve(a, b),
        [a, b],
        lambda a, b: entries(matrix(a) ** -1 * matrix(b)).reshape(b.shape),
        **LINALG,
    )
case(
    "linalg.solve",
    lambda xp, x, b, eye: xp.linalg.solve(definite(xp, x, eye), b),
    [FOUR, [3.0, 4.0]],
    lambda x, b, eye: entries(exact_definite(x, eye) ** -1 * matrix(b)).reshape(b.shape),
    **LINALG,
    **EYE,
)
MIRROR = [SQUARE[1], SQUARE[0], SQUARE[2]]  # the determinant of the other sign
for at in (SQUARE, MIRROR, [[0.0, 1.0], [2.0, 0.0]], [[-1e-8]]):
    case(
        "linalg.slogdet",
        lambda xp, x: xp.stack(xp.linalg.slogdet(x)),
        [at],
        lambda x: [mp.sign(mp.det(matrix(x))), mp.log(abs(mp.det(matrix(x))))],
        **LINALG,
    )


def sign_and_log(xp, x, eye):
    sign, logdet = xp.linalg.slogdet(definite(xp, x, eye))
    return sign * logdet


case(
    "linalg.slogdet",
    sign_and_log,
    [FOUR],
    lambda x, eye: mp.log(mp.det(exact_definite(x, eye))),
    **LINALG,
    **EYE,
)


def table(operators: bool) -> list[Any]:
    """(name, selector), less what takes jax[mode=eager] long, as it compiles every operation."""
    quick = ("where", "maximum", "minimum", "max", "logaddexp", "matmul", "linalg.solve")
    return [
        pytest.param(name, selector, id=f"{name}-{selector}")
        for name in CASES
        for selector in JUDGED
        if (name not in NAMES) == operators and (selector != "jax[mode=eager]" or name in quick)
    ]


@pytest.mark.few(40)
@pytest.mark.parametrize(("name", "selector"), table(operators=False))
def test_arrays(name, selector):
    if (selector, name) in MISSING:
        with pytest.raises(Unsupported, match=MISSING[selector, name]):
            check(selector, CASES[name])
    else:
        check(selector, CASES[name])


# --- operators -------------------------------------------------------------------------------

POSITIVE = [0.5, 1.25, 2.0]

for at in (V, 0.5):
    case("plus", lambda xp, x: x + 2.5, [at], lambda x: x + 2.5)
    case("plus", lambda xp, x: 2 + x, [at], lambda x: x + 2)
    case("minus", lambda xp, x: x - 2.5, [at], lambda x: x - 2.5)
    case("minus", lambda xp, x: 2 - x, [at], lambda x: 2 - x)
    case("minus", lambda xp, x: -x, [at], lambda x: -x)
    case("times", lambda xp, x: x * 0.1, [at], lambda x: x * mp.mpf(0.1))
    case("times", lambda xp, x: 3 * x, [at], lambda x: 3 * x)
    case("divide", lambda xp, x: x / 3, [at], lambda x: x / 3)
    case("divide", lambda xp, x: 1 / x, [at], lambda x: 1 / x, scale=0.0)
    case("divide", lambda xp, x: 0.1 / x, [at], lambda x: mp.mpf(0.1) / x, scale=0.0)
for one, two in ((V, U), (0.5, -2.0), (M, V), (0.25, V), ([[0.5], [2.0]], V)):
    case("plus", lambda xp, x, y: x + y, [one, two], lambda x, y: x + y)
    case("minus", lambda xp, x, y: x - y, [one, two], lambda x, y: x - y)
    case("times", lambda xp, x, y: x * y, [one, two], lambda x, y: x * y)
    case("divide", lambda xp, x, y: x / y, [one, two], lambda x, y: x / y)

POWERS: list[tuple[int | float, list[float]]] = [
    (0, [-1.5, 2.0]),
    (1, [-1.5, 0.0, 2.0]),
    (2, [-1.5, 0.0, 2.0, 1e-8, -1e-8, 1e100]),
    (2.0, [-1.5, 0.0, 2.0]),
    (3, [-1.5, 0.0, 2.0, 1e-8]),
    (0.5, [0.25, 2.0, 1e-8]),
    (1.5, [0.25, 2.0, 1e-8]),
    (2.5, [0.0, 0.25, 2.0]),
    (1 / 3, [0.25, 2.0]),
    (-1, [-1.5, 2.0, 1e-8]),
    (-2, [-1.5, 2.0, 1e8]),
    (-0.5, [0.25, 2.0]),
    (-1.5, [0.25, 2.0]),
]
for power, at in POWERS:

    def slope(x: Any, power: int | float = power) -> Any:
        return mp.mpf(power) * x ** (mp.mpf(power) - 1) if power else mp.mpf(0)

    for point in (at, at[0]) if power in (2, 2.5, -1) else (at,):
        case(
            "power",
            lambda xp, x, power=power: x**power,
            [point],
            lambda x, power=power: x ** mp.mpf(power),
            slope=slope,
            scale=0.0,
        )
for at in (V, 0.5):
    case("power", lambda xp, x: 2.5**x, [at], lambda x: mp.mpf(2.5) ** x)
    case("power", lambda xp, x: 2**x, [at], lambda x: mp.mpf(2) ** x)
for one, two in ((POSITIVE, V), (2.5, 0.5), (POSITIVE, 0.5)):
    case("power", lambda xp, x, y: x**y, [one, two], elementwise(lambda x, y: x**y))

for at in (V,):
    case(
        "less",
        lambda xp, x: xp.where(x < 0.25, x, x * x),
        [at],
        choose(lambda x: x < 0.25, lambda x: x, lambda x: x * x),
    )
    case(
        "less",
        lambda xp, x: xp.where(0.25 < x, x, x * x),  # noqa: SIM300
        [at],
        choose(lambda x: x > 0.25, lambda x: x, lambda x: x * x),
    )
    case(
        "less",
        lambda xp, x: xp.where(x <= 1, x, x * x),
        [at],
        choose(lambda x: x <= 1, lambda x: x, lambda x: x * x),
    )
    case(
        "greater",
        lambda xp, x: xp.where(x > 0.25, x, x * x),
        [at],
        choose(lambda x: x > 0.25, lambda x: x, lambda x: x * x),
    )
    case(
        "greater",
        lambda xp, x: xp.where(1 >= x, x, x * x),  # noqa: SIM300
        [at],
        choose(lambda x: x <= 1, lambda x: x, lambda x: x * x),
    )
for one, two in ((V, U), (0.5, 0.25)):
    case(
        "less",
        lambda xp, x, y: xp.where(x * y < y, x, y),
        [one, two],
        choose(lambda x, y: x * y < y, lambda x, y: x, lambda x, y: y),
    )
    case(
        "greater",
        lambda xp, x, y: xp.where(x > y, x, y * y),
        [one, two],
        choose(lambda x, y: x > y, lambda x, y: x, lambda x, y: y * y),
    )

case("slice", lambda xp, x: x[0], [V], lambda x: x[0])
case("slice", lambda xp, x: x[-1] * x[0], [V], lambda x: x[-1] * x[0])
case("slice", lambda xp, x: x[1:], [V], lambda x: [x[1], x[2]])
case("slice", lambda xp, x: x[:-1] - x[1:], [V], lambda x: [x[0] - x[1], x[1] - x[2]])
case("slice", lambda xp, x: x[::2], [V], lambda x: [x[0], x[2]])
case("slice", lambda xp, x: x[:, None], [V], lambda x: [[x[0]], [x[1]], [x[2]]])
case("slice", lambda xp, x: x[None, :], [V], lambda x: [[*x]])
case("slice", lambda xp, x: x[:, None] * x[None, :], [V], lambda x: [[a * b for b in x] for a in x])
case("slice", lambda xp, x: x[0], [M], lambda x: list(x[0]))
case("slice", lambda xp, x: x[:, 0], [M], lambda x: [x[0, 0], x[1, 0]])
case("slice", lambda xp, x: x[1, 2], [M], lambda x: x[1, 2])
case("slice", lambda xp, x: x[..., 1], [BATCH], lambda x: x[:, :, 1])
case("slice", lambda xp, x: x[:, 1:], [M], lambda x: x[:, [1, 2]])

case("shape", lambda xp, x: x / x.shape[0], [V], lambda x: x / 3)
case("shape", lambda xp, x: x * x.shape[-1] - x.shape[0], [M], lambda x: x * 3 - 2)
case("shape", lambda xp, x: xp.reshape(x, (x.shape[0] * x.shape[1],)), [M], lambda x: list(x.flat))
case("shape", lambda xp, x: (x * x) / (x * x).shape[0], [V], lambda x: x * x / 3)


@pytest.mark.few(25)
@pytest.mark.parametrize(("name", "selector"), table(operators=True))
def test_operators(name, selector):
    check(selector, CASES[name])


# --- rows, parameters, dtype, names, global state --------------------------------------------

ROWS = 70_001


class Rowwise(Problem):
    """Kinks under `rows`: SymPy traces one row and evaluates it over several blocks of them."""

    rows = ("x", "y")

    def inputs(self, size, rng):
        return {"t": 0.75, "x": rng.normal(size=(ROWS, 3)), "y": rng.normal(size=ROWS)}

    def cost(self, xp, t, *, x, y):
        kinked = xp.where(y > t, t * y, t**2) + xp.maximum(t * y, 0.25) + xp.abs(y - t)
        return xp.mean(kinked + xp.max(t * x, axis=1) + xp.logsumexp(t * x, axis=1))


BY_NUMBERS = {name for name, each in calcbench.backends().items() if issubclass(each, OnNumbers)}
"""Backends that calculate number by number: a minute where others take a blink."""


@pytest.mark.parametrize(
    "selector", [s for s in WHOLE if s in DIFFERENTIATING and s not in BY_NUMBERS]
)
def test_kinked_functions_over_rows(selector):
    problem = Rowwise()
    inputs = own_point(problem)
    t, x, y = (inputs[name] for name in "txy")
    softmax = np.exp(t * x) / np.exp(t * x).sum(axis=1, keepdims=True)
    rowwise = (
        np.where(y > t, y, 2 * t)
        + np.where(t * y > 0.25, y, 0)
        - np.sign(y - t)
        + np.sort(x, axis=1)[:, -1]
        + (softmax * x).sum(axis=1)
    )
    found = gradient(selector, problem)["t"]
    np.testing.assert_allclose(found, rowwise.mean(), rtol=1e-12)


@pytest.mark.parametrize("selector", [s for s in WHOLE if s in DIFFERENTIATING])
def test_parameters_of_every_shape_used_or_not(selector):
    @calcbench.problem(a=2.0, w=[1.0, -2.0], w0=0.5, idle=[1.0, 2.0, 3.0], m=SQUARE, x=V)
    def several(xp, a, w, w0, idle, m, *, x):
        return a**2 * w[1] + xp.sum(w) * w0 + xp.sum(xp.matmul(m, x) ** 2)

    found = gradient(selector, several)
    m, x = np.array(SQUARE), np.array(V)
    expected = {
        "a": -8.0,
        "w": [0.5, 4.5],
        "w0": -1.0,
        "idle": [0.0, 0.0, 0.0],
        "m": 2 * np.outer(m @ x, x),
    }
    assert list(found) == list(expected)
    for name, partial in expected.items():
        np.testing.assert_allclose(found[name], partial, rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("selector", WHOLE)
def test_float32_stays_float32(selector):
    cases = []
    for name, entry in ELEMENTWISE.items():
        at = np.array([x for x in entry.at if x in ORDINARY], dtype=np.float32).astype(float)
        call = functools.partial(lambda name, xp, x: getattr(xp, name)(x), name)
        value, slope = elementwise(entry.value), entry.slope
        cases.append(Case(name, call, (at,), value, slope=slope, scale=1.0, close=1e-5))
    single = selector.removesuffix("]") + ("," if "[" in selector else "[") + "dtype=float32]"
    backend, probe = backend_for(single), Probe(cases)
    inputs = own_point(probe)
    prepared = backend.prepare(inputs)
    if backend.name == "finite_difference":
        probe.dtypes.clear()  # preparing has tried complex128 once
    result = prepared.run(prepared.load(inputs))
    assert {dtype_of(leaf) for leaf in leaves(result)} == {"float32"}
    assert probe.dtypes <= {"float32", "complex64", "object"}
    compare(selector, cases, prepared.unload(result))


def leaves(result: Any) -> list[Any]:
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return [leaf for item in result for leaf in leaves(item)]
    return [result]


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("at", [M, 2.0], ids=["matrix", "scalar"])
def test_running_totals_of_what_is_no_vector_need_an_axis(selector, at):
    backend = backend_for(selector)
    array = backend.convert(np.array(at))
    with pytest.raises(ValueError, match=r"an axis|axis was not set|non-scalar"):
        backend.namespace().cumulative_sum(array)


def test_sympy_refuses_a_determinant_too_large_to_write_out():
    large = calcbench.problem(m=np.eye(9))(lambda xp, m: xp.linalg.slogdet(m)[1])
    with pytest.raises(Unsupported, match="9 × 9"):
        gradient("sympy", large)


@pytest.mark.parametrize("selector", [*SELECTORS, "certified"])
def test_every_name_is_provided(selector):
    xp = namespace(balls) if selector == "certified" else backend_for(selector).namespace()
    for name in NAMES:
        assert functools.reduce(getattr, name.split("."), xp) is not None


@pytest.mark.parametrize(
    "combine",
    [
        lambda xp, x: xp.stack([0.1, 0.7, x])[:2],
        lambda xp, x: xp.concat([np.array([0.1, 0.7]), xp.stack([x])])[:2],
        lambda xp, x: xp.where(np.array([True, True]), np.array([0.1, 0.7]), x),
        lambda xp, x: xp.cumulative_sum(xp.stack([0.1, 0.6, x]))[:2],
    ],
)
def test_certified_arrays_have_no_floats(combine):
    """Else Python would subtract in floats, and the rounding be no part of the certificate."""
    first, second = combine(namespace(balls), balls.convert(1.0))
    assert {type(first), type(second)} == {type(balls.convert(1.0))}


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize(
    ("wrong", "right"),
    [("expp", "exp"), ("linalg.choleski", "linalg.cholesky"), ("zzzz", "docs.vocabulary")],
)
def test_unknown_name_is_refused_with_the_nearest(selector, wrong, right):
    xp = backend_for(selector).namespace()
    with pytest.raises(ProblemError, match=rf"xp\.{wrong} is not in the array vocabulary.*{right}"):
        functools.reduce(getattr, wrong.split("."), xp)


@pytest.mark.parametrize("selector", DIFFERENTIATING)
def test_using_a_backend_changes_no_global_setting(selector):
    found = gradient(selector, calcbench.problem(x=0.1)(lambda x: x * x))
    assert found["x"] == 0.2  # computed in float64
    if selector.startswith("jax"):
        jax = importlib.import_module("jax")
        assert not jax.config.jax_enable_x64
        assert str(jax.numpy.zeros(()).dtype) == "float32"
    elif selector.startswith("torch"):
        torch = importlib.import_module("torch")
        assert torch.get_default_dtype() == torch.float32
    elif selector.startswith("tensorflow"):
        tf = importlib.import_module("tensorflow")
        # enable_numpy_behavior would give tensors NumPy's methods.
        assert not hasattr(tf.constant(1.0), "astype")
    else:
        mpmath = importlib.import_module("mpmath")
        assert mpmath.mp.prec == 53
