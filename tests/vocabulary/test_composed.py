"""Names that follow from others, on every backend: value and derivative, at 400 digits.

The expected numbers are written here once more, independently of the definitions.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from vocabulary import convolution_cases, decomposition_cases, ordering_cases
from vocabulary.test_control import CONTROL
from vocabulary.test_vocabulary import (
    BATCH,
    CASES,
    ELEMENTWISE,
    MODES,
    REDUCTIONS,
    SELECTORS,
    SQUARE,
    WHOLE,
    Case,
    M,
    N,
    U,
    V,
    backend_for,
    check,
    choose,
    elementwise,
    elementwise_cases,
    matrix,
    mp,
    reduced,
)

from calcbench.errors import Unsupported
from calcbench.vocabulary.composed import DEFINITIONS
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.primitives import PRIMITIVES

COMPOSED: dict[str, list[Case]] = {}


def case(name: str, call: Any, at: Any, exact: Any, **options: Any) -> None:
    """Add a case of `name`; `at` is a list of arguments."""
    cases = COMPOSED.setdefault(name, [])
    arrays = tuple(np.array(x, dtype=float) for x in at)
    options = {"scale": 1.0, "close": 1e-13, **options}
    cases.append(Case(f"{name}, case {len(cases)}", call, arrays, exact, **options))


def elementary(name: str, exact: Any, at: list[float], *more: Any) -> None:
    """Add cases of a function of one number: a vector, and a number."""

    def call(xp: Any, x: Any) -> Any:
        return getattr(xp, name)(x, *more)

    case(name, call, [at], elementwise(exact))
    case(name, call, [at[0]], elementwise(exact))


ORDINARY = [-2.5, -1.0, -0.3, 0.3, 1.0, 2.5]
SMALL = [-1e-8, 1e-8, 0.0]
POSITIVE = [0.3, 1.0, 2.5, 1e-8, 1e8]

elementary("square", lambda x: x * x, [*ORDINARY, *SMALL])
elementary("reciprocal", lambda x: 1 / x, [*ORDINARY, 1e8])
elementary("exp2", lambda x: mp.mpf(2) ** x, [*ORDINARY, *SMALL, -40.0])
elementary("log2", lambda x: mp.log(x) / mp.log(2), POSITIVE)
elementary("log10", lambda x: mp.log10(x), POSITIVE)
elementary("sinh", mp.sinh, [*ORDINARY, *SMALL, 20.0, -20.0])
elementary("cosh", mp.cosh, [*ORDINARY, *SMALL, 20.0, -20.0])
elementary("asinh", mp.asinh, [*ORDINARY, *SMALL, 1e8, -1e8])
elementary("acosh", mp.acosh, [1.25, 2.5, 1.0625, 1e8])
elementary("atanh", mp.atanh, [-0.75, -0.3, 0.3, 0.75, *SMALL])
elementary("sign", mp.sign, ORDINARY)
elementary("expit", lambda x: 1 / (1 + mp.exp(-x)), [*ORDINARY, *SMALL])
elementary("logit", lambda x: mp.log(x / (1 - x)), [0.25, 0.5, 0.9375, 1e-8])
elementary("entr", lambda x: -x * mp.log(x), [0.3, 1.0, 2.5, 1e-8])
elementary("relu", lambda x: max(x, mp.mpf(0)), ORDINARY)
elementary("leaky_relu", lambda x: x if x > 0 else mp.mpf("0.25") * x, ORDINARY, 0.25)
elementary("elu", lambda x: x if x > 0 else mp.expm1(x), [*ORDINARY, *SMALL, -800.0])
elementary("elu", lambda x: x if x > 0 else 2 * mp.expm1(x), ORDINARY, 2.0)
elementary("silu", lambda x: x / (1 + mp.exp(-x)), [*ORDINARY, *SMALL, -40.0, 40.0])
elementary("log_sigmoid", lambda x: -mp.log(1 + mp.exp(-x)), [*ORDINARY, *SMALL, -800.0, 800.0])
elementary("clip", lambda x: min(max(x, mp.mpf(-0.5)), mp.mpf(1.5)), ORDINARY, -0.5, 1.5)
elementary("clip", lambda x: max(x, mp.mpf(-0.5)), ORDINARY, -0.5)
elementary("clip", lambda x: min(x, mp.mpf(1.5)), ORDINARY, None, 1.5)

elementary("atan", mp.atan, [*ORDINARY, *SMALL, 1e8, -1e8])
elementary("floor", mp.floor, [-2.5, -0.3, 0.3, 2.5])
elementary("ceil", mp.ceil, [-2.5, -0.3, 0.3, 2.5])
elementary("round", mp.nint, [-2.75, -0.3, 0.3, 1.0, 2.25])
elementary("asin", mp.asin, [-0.75, -0.3, 0.3, 0.75, *SMALL])
elementary("acos", mp.acos, [-0.75, -0.3, 0.3, 0.75, *SMALL])
elementary("erf", mp.erf, [*ORDINARY, *SMALL, 4.0])
elementary("erfc", mp.erfc, [*ORDINARY, *SMALL, 4.0])
# The tails, where 1 + erf and 2 − erfc cancel. They are steep: slopes count relative to themselves.
TAIL = [-5.0, -8.0, -12.0, -25.0]
for name, call, tail in (
    ("erfc", lambda xp, x: xp.erfc(-x), lambda x: mp.erfc(-x)),
    ("ndtr", lambda xp, x: xp.ndtr(x), mp.ncdf),
    ("ndtr", lambda xp, x: xp.log(xp.ndtr(x)), lambda x: mp.log(mp.ncdf(x))),
    ("gelu", lambda xp, x: xp.gelu(x), lambda x: x * mp.ncdf(x)),
):
    case(name, call, [TAIL], elementwise(tail), scale=0.0, close=1e-12)
MASKED = [0.5, -1e9, 2.0, -0.3]
case(
    "softmax",
    lambda xp, x: xp.softmax(x),
    [MASKED],
    lambda x: elementwise(mp.exp)(x) / np.sum(elementwise(mp.exp)(x)),
)
case(
    "log_softmax",
    lambda xp, x: xp.log_softmax(x),
    [MASKED],
    lambda x: x - mp.log(np.sum(elementwise(mp.exp)(x))),
)
elementary("ndtr", mp.ncdf, [*ORDINARY, *SMALL, -4.0])
elementary("gelu", lambda x: x * mp.ncdf(x), [*ORDINARY, *SMALL])
elementary(
    "gelu",
    lambda x: x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3))),
    [*ORDINARY, *SMALL],
    "tanh",
)
elementary("gammaln", lambda x: mp.log(mp.gamma(x)), [0.3, 1.25, 2.5, 8.0, 1e-3, 40.0])
elementary("digamma", mp.digamma, [0.3, 1.25, 2.5, 8.0, 1e-3, 40.0])
elementary("erfinv", mp.erfinv, [-0.75, -0.3, 0.3, 0.9375, *SMALL])
elementary("log_ndtr", lambda x: mp.log(mp.ncdf(x)), [*ORDINARY, *SMALL, 4.0])
elementary("i0e", lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), [*ORDINARY, 1e-8, -12.0, 40.0])
for n in (0, 1, 2, 5):
    case(
        "polygamma" if n else "digamma",
        lambda xp, x, n=n: xp.polygamma(n, x),
        [[0.3, 1.25, 2.5, 8.0, 40.0]],
        elementwise(lambda x, n=n: mp.polygamma(n, x)),
        scale=0.0,
    )
case(
    "polygamma", lambda xp, x: xp.polygamma(1, x), [2.5], elementwise(lambda x: mp.polygamma(1, x))
)
# Where an inverse is steep, and where a distribution function is as good as 0.
for name, call, tail, at in (
    ("erfinv", lambda xp, x: xp.erfinv(x), mp.erfinv, [-1 + 2.0**-16, 1 - 2.0**-30, 1e-8]),
    ("log_ndtr", lambda xp, x: xp.log_ndtr(x), lambda x: mp.log(mp.ncdf(x)), [-9.5, -40.0, -800.0]),
):
    case(name, call, [at], elementwise(tail), scale=0.0, close=1e-10)
case("e", lambda xp, x: xp.e * x, [V], lambda x: mp.e * x)
case(
    "inf",
    lambda xp, x: xp.where(x < xp.inf, x, 0.0),
    [V],
    lambda x: x,
)
for name, choose_by in {
    "logical_and": lambda x: x > 0 and x < 1,
    "logical_or": lambda x: x > 0 or x < 1,
}.items():
    case(
        name,
        lambda xp, x, name=name: xp.where(getattr(xp, name)(x > 0, x < 1), x, x * x),
        [V],
        choose(choose_by, lambda x: x, lambda x: x * x),
    )
case(
    "logical_not",
    lambda xp, x: xp.where(xp.logical_not(x > 0), x, x * x),
    [V],
    choose(lambda x: not x > 0, lambda x: x, lambda x: x * x),
)
INDICES = np.array([0.0, 1.0, 2.0])
for name, unequal in {"equal": False, "not_equal": True}.items():
    case(
        name,
        lambda xp, x, k, name=name: xp.where(getattr(xp, name)(k, 1.0), x, x * x),
        [V],
        lambda x, k, unequal=unequal: [
            a if (b == 1) != unequal else a * a for a, b in zip(x, k, strict=True)
        ],
        data={"k": INDICES},
    )
case(
    "remainder",
    lambda xp, x, y: xp.remainder(x, y),
    [[5.25, -5.25, 5.25, -5.25], [2.0, 2.0, -2.0, -2.0]],
    elementwise(lambda x, y: x - mp.floor(x / y) * y),
)
QUADRANTS = ([0.5, 0.5, -0.5, -0.5, 2.0, -2.0, 1e-8], [1.25, -1.25, 1.25, -1.25, 0.25, 0.25, -1.0])
for at in (QUADRANTS, (0.5, -1.25)):
    case("atan2", lambda xp, y, x: xp.atan2(y, x), at, elementwise(mp.atan2))
case(
    "betaln",
    lambda xp, a, b: xp.betaln(a, b),
    [[0.3, 2.5, 8.0], [1.25, 0.3, 2.5]],
    elementwise(lambda a, b: mp.log(mp.beta(a, b))),
)

PAIRS = ([0.3, 1.0, 2.5, 1e-3, 0.0], [2.5, 0.3, 1.0, 1e3, 0.75])
for at in (PAIRS, (0.3, 2.5)):
    case("hypot", lambda xp, x, y: xp.hypot(x, y), at, elementwise(lambda x, y: mp.hypot(x, y)))
    case("xlogy", lambda xp, x, y: xp.xlogy(x, y), at, elementwise(lambda x, y: x * mp.log(y)))
    case(
        "xlog1py", lambda xp, x, y: xp.xlog1py(x, y), at, elementwise(lambda x, y: x * mp.log1p(y))
    )
for at in ([x[:4] for x in PAIRS], (0.3, 2.5)):
    case("pow", lambda xp, x, y: xp.pow(x, y), at, elementwise(lambda x, y: x**y))
    case(
        "rel_entr",
        lambda xp, x, y: xp.rel_entr(x, y),
        at,
        elementwise(lambda x, y: x * mp.log(x / y)),
    )

# Reductions.


def exact_var(correction: int) -> Any:
    def exact(items: list[Any]) -> Any:
        mean = sum(items) / len(items)
        return sum((x - mean) ** 2 for x in items) / (len(items) - correction)

    return exact


AXES = ((M, None, False), (M, 0, False), (M, -1, True), (BATCH, 1, False), (V, 0, True))
for at, axis, keepdims in AXES:
    options = {"axis": axis, "keepdims": keepdims}
    for name, exact in {"min": min, "prod": math.prod, "var": exact_var(0)}.items():
        case(
            name,
            lambda xp, x, name=name, options=options: getattr(xp, name)(x, **options),
            [at],
            reduced(exact, axis, keepdims),
        )
    case(
        "var",
        lambda xp, x, options=options: xp.var(x, correction=1, **options),
        [at],
        reduced(exact_var(1), axis, keepdims),
    )
    case(
        "std",
        lambda xp, x, options=options: xp.std(x, **options),
        [at],
        reduced(lambda items: mp.sqrt(exact_var(0)(items)), axis, keepdims),
    )


def over_pairs(function: Any) -> Any:
    """A reduction over the first and the last axis together."""
    return lambda x: reduced(function, -1, False)(x.transpose(1, 0, 2).reshape(x.shape[1], -1))


for name, exact in {**REDUCTIONS, "min": min, "var": exact_var(0)}.items():
    case(
        name,
        lambda xp, x, name=name: getattr(xp, name)(x, axis=(0, -1)),
        [BATCH],
        over_pairs(exact),
    )
    case(
        name,
        lambda xp, x, name=name: getattr(xp, name)(x, axis=(0, 2), keepdims=True),
        [BATCH],
        lambda x, exact=exact: over_pairs(exact)(x)[None, :, None],
    )


def along(function: Any) -> Any:
    """A function of a list to a list of the same length, along an axis."""

    def exact(x: Any, axis: int | None) -> Any:
        if axis is None:
            return np.reshape(np.array(function(list(x.flat)), dtype=object), x.shape)
        lanes = np.moveaxis(x, axis, -1)
        result = np.empty(lanes.shape, dtype=object)
        for lane in np.ndindex(lanes.shape[:-1]):
            result[lane] = function(list(lanes[lane]))
        return np.moveaxis(result, -1, axis)

    return exact


def exact_softmax(items: list[Any]) -> list[Any]:
    whole = sum(map(mp.exp, items))
    return [mp.exp(x) / whole for x in items]


def running_products(items: list[Any]) -> list[Any]:
    return [math.prod(items[: k + 1]) for k in range(len(items))]


for at, axis in ((V, 0), (M, 0), (M, -1), (BATCH, 1)):
    for name, exact in {
        "softmax": exact_softmax,
        "log_softmax": lambda items: [mp.log(x) for x in exact_softmax(items)],
        "cumulative_prod": running_products,
    }.items():
        case(
            name,
            lambda xp, x, name=name, axis=axis: getattr(xp, name)(x, axis=axis),
            [at],
            lambda x, exact=exact, axis=axis: along(exact)(x, axis),
        )
for zeros in ([0.5, 0.0, 2.0], [0.0, -1.25, 0.0, 3.0]):  # slopes are products of the others
    case("prod", lambda xp, x: xp.prod(x), [zeros], lambda x: math.prod(x))
    case("cumulative_prod", lambda xp, x: xp.cumulative_prod(x), [zeros], running_products)
case("softmax", lambda xp, x: xp.softmax(x), [M], lambda x: along(exact_softmax)(x, None))
case("cumulative_prod", lambda xp, x: xp.cumulative_prod(x), [V], running_products)

# Creation: constants, times a parameter.

for name, call, constant in (
    ("zeros", lambda xp: xp.zeros((2, 3)), np.zeros((2, 3))),
    ("ones", lambda xp: xp.ones((2, 3)), np.ones((2, 3))),
    ("full", lambda xp: xp.full((2, 3), 0.1), np.full((2, 3), 0.1)),
    ("arange", lambda xp: xp.arange(3), np.arange(3.0)),
    ("arange", lambda xp: xp.arange(1.5, 0.0, -0.5), np.arange(1.5, 0.0, -0.5)),
    ("linspace", lambda xp: xp.linspace(0.1, 0.7, 3), np.linspace(0.1, 0.7, 3)),
    ("linspace", lambda xp: xp.linspace(0, 3, 3, endpoint=False), np.arange(3.0)),
    ("eye", lambda xp: xp.eye(2, 3, k=1), np.eye(2, 3, 1)),
    ("eye", lambda xp: xp.eye(2, 3), np.eye(2, 3)),
    ("eye", lambda xp: xp.eye(3), np.eye(3)),
    ("one_hot", lambda xp: xp.one_hot(np.array([2, 0]), 3), np.eye(3)[[2, 0]]),
    ("asarray", lambda xp: xp.asarray([0.1, 2.0, -1.0]), np.array([0.1, 2.0, -1.0])),
    ("asarray", lambda xp: xp.asarray(0.1), np.array(0.1)),
):
    case(
        name,
        lambda xp, x, call=call: (x + 1.0) * call(xp) + x,
        [V],
        lambda x, constant=constant: (x + 1) * elementwise(mp.mpf)(constant) + x,
    )
for name, value in {"zeros_like": 0, "ones_like": 1}.items():
    case(
        name,
        lambda xp, x, name=name: x + x * getattr(xp, name)(x),
        [M],
        lambda x, value=value: x + x * value,
    )

# Shapes.

for name, call, at, exact in (
    ("expand_dims", lambda xp, x: xp.expand_dims(x), V, lambda x: x[None]),
    ("expand_dims", lambda xp, x: xp.expand_dims(x, axis=1), M, lambda x: x[:, None]),
    ("expand_dims", lambda xp, x: xp.expand_dims(x, axis=-1), M, lambda x: x[..., None]),
    ("squeeze", lambda xp, x: xp.squeeze(x, axis=0), [V], lambda x: x[0]),
    ("squeeze", lambda xp, x: xp.squeeze(x[:, None], axis=-1), V, lambda x: x),
    (
        "permute_dims",
        lambda xp, x: xp.permute_dims(x, (2, 0, 1)),
        BATCH,
        lambda x: x.transpose(2, 0, 1),
    ),
    ("moveaxis", lambda xp, x: xp.moveaxis(x, 0, -1), BATCH, lambda x: np.moveaxis(x, 0, -1)),
    ("moveaxis", lambda xp, x: xp.moveaxis(x, -1, 1), BATCH, lambda x: np.moveaxis(x, -1, 1)),
    ("unstack", lambda xp, x: xp.unstack(x)[1], M, lambda x: x[1]),
    ("unstack", lambda xp, x: xp.unstack(x, axis=-1)[0], M, lambda x: x[:, 0]),
    ("flip", lambda xp, x: xp.flip(x), V, lambda x: x[::-1]),
    ("flip", lambda xp, x: xp.flip(x, axis=1), M, lambda x: x[:, ::-1]),
    ("roll", lambda xp, x: xp.roll(x, 1), V, lambda x: np.roll(x, 1)),
    ("roll", lambda xp, x: xp.roll(x, -1, axis=1), M, lambda x: np.roll(x, -1, axis=1)),
    (
        "broadcast_to",
        lambda xp, x: xp.broadcast_to(x, (2, 3)),
        V,
        lambda x: np.broadcast_to(x, (2, 3)),
    ),
    ("repeat", lambda xp, x: xp.repeat(x, 2), V, lambda x: np.repeat(x, 2)),
    ("repeat", lambda xp, x: xp.repeat(x, 2, axis=1), M, lambda x: np.repeat(x, 2, axis=1)),
    ("tile", lambda xp, x: xp.tile(x, (2,)), V, lambda x: np.tile(x, 2)),
    ("tile", lambda xp, x: xp.tile(x, (1, 2)), M, lambda x: np.tile(x, (1, 2))),
    ("pad", lambda xp, x: xp.pad(x, [(1, 2)]), V, lambda x: [0, *x, 0, 0]),
    (
        "pad",
        lambda xp, x: xp.pad(x, [(0, 0), (0, 1)], constant_values=0.5),
        M,
        lambda x: [[*row, mp.mpf(0.5)] for row in x],
    ),
    ("tril", lambda xp, x: xp.tril(x), SQUARE, lambda x: np.tril(x)),
    ("triu", lambda xp, x: xp.triu(x, k=1), SQUARE, lambda x: np.triu(x, 1)),
    (
        "linalg.trace",
        lambda xp, x: xp.linalg.trace(x),
        SQUARE,
        lambda x: x[0, 0] + x[1, 1] + x[2, 2],
    ),
    ("linalg.diagonal", lambda xp, x: xp.linalg.diagonal(x), SQUARE, lambda x: np.diagonal(x)),
    (
        "linalg.matrix_norm",
        lambda xp, x: xp.linalg.matrix_norm(x),
        M,
        lambda x: mp.sqrt(np.sum(x * x)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x),
        V,
        lambda x: mp.sqrt(np.sum(x * x)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x, axis=0),
        M,
        lambda x: elementwise(mp.sqrt)(np.sum(x * x, axis=0)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x, ord=1),
        V,
        lambda x: np.sum(abs(x)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x, ord=xp.inf),
        V,
        lambda x: max(abs(x)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x, ord=3),
        V,
        lambda x: np.sum(abs(x) ** 3) ** (mp.mpf(1) / 3),
    ),
    ("linalg.det", lambda xp, x: xp.linalg.det(x), SQUARE, lambda x: mp.det(matrix(x))),
    (
        "linalg.matrix_power",
        lambda xp, x: xp.linalg.matrix_power(x, 3),
        SQUARE,
        lambda x: x.dot(x).dot(x),
    ),
    (
        "linalg.matrix_power",
        lambda xp, x: xp.linalg.matrix_power(x, 0) + x,
        SQUARE,
        lambda x: x + np.eye(3, dtype=int),
    ),
):
    case(name, call, [at], exact, close=1e-12)


for name, call, at, exact in (
    ("flip", lambda xp, x: xp.flip(x), M, lambda x: x[::-1, ::-1]),
    ("roll", lambda xp, x: xp.roll(x, 1), M, lambda x: np.roll(x, 1)),
    ("repeat", lambda xp, x: xp.repeat(x, 2), M, lambda x: np.repeat(x, 2)),
    ("tile", lambda xp, x: xp.tile(x, (2, 1, 2)), M, lambda x: np.tile(x, (2, 1, 2))),
    ("pad", lambda xp, x: xp.pad(x, [(1, 0), (0, 2)]), M, lambda x: np.pad(x, [(1, 0), (0, 2)])),
    ("linalg.norm", lambda xp, x: xp.linalg.norm(x), M, lambda x: mp.sqrt(np.sum(x * x))),
    (
        "linalg.norm",
        lambda xp, x: xp.linalg.norm(x, axis=-1, keepdims=True),
        M,
        lambda x: elementwise(mp.sqrt)(np.sum(x * x, axis=-1, keepdims=True)),
    ),
):
    case(name, call, [at], exact)
for axes in (1, ([1], [0])):
    case(
        "tensordot",
        lambda xp, x, y, axes=axes: xp.tensordot(x, y, axes=axes),
        [M, N],
        lambda x, y: x.dot(y),
    )
case(
    "tensordot",
    lambda xp, x, y: xp.tensordot(x, y),
    [BATCH, M],
    lambda x, y: np.sum(x * y, axis=(1, 2)),
)
case(
    "linalg.cross",
    lambda xp, x, y: xp.linalg.cross(x, y),
    [M, M[::-1]],
    lambda x, y: np.array([np.cross(a, b) for a, b in zip(x, y, strict=True)]),
)


def exact_inverse(x: Any) -> Any:
    return np.array((matrix(x) ** -1).tolist(), dtype=object)


case("linalg.inv", lambda xp, x: xp.linalg.inv(x), [SQUARE], exact_inverse, close=1e-12)
case(
    "linalg.matrix_power",
    lambda xp, x: xp.linalg.matrix_power(x, -1),
    [SQUARE],
    exact_inverse,
    close=1e-12,
)
case("linalg.outer", lambda xp, x, y: xp.linalg.outer(x, y), [V, U], lambda x, y: np.outer(x, y))
case("vecdot", lambda xp, x, y: xp.vecdot(x, y), [M, V], lambda x, y: x.dot(y))
case(
    "vecdot",
    lambda xp, x, y: xp.vecdot(x, y, axis=0),
    [N, N],
    lambda x, y: np.sum(x * y, axis=0),
)
case("linalg.cross", lambda xp, x, y: xp.linalg.cross(x, y), [V, U], lambda x, y: np.cross(x, y))

ordering_cases.add(case)
convolution_cases.add(case)


COMPOSED |= decomposition_cases.CASES


@pytest.mark.few(80)
@pytest.mark.parametrize("selector", [*(s for s in SELECTORS if s not in MODES), "certified"])
@pytest.mark.parametrize("name", COMPOSED)
def test_composed(name, selector):
    cases = COMPOSED[name]
    if name == "digamma" and selector in TRIGAMMA:
        cases = [dataclasses.replace(case, close=TRIGAMMA[selector]) for case in cases]
    if selector == "sympy" and name in WRITTEN_OUT:
        for long in (case for case in cases if not is_written_out(name, case)):
            with pytest.raises(Unsupported, match="formula"):
                check(selector, [long])
        cases = [case for case in cases if is_written_out(name, case)]
    check(selector, cases)


WRITTEN_OUT = {
    **{"linalg.eigh": 2, "linalg.eigvalsh": 2, "linalg.svd": 1, "linalg.svdvals": 1},
    **{"linalg.qr": 2, "linalg.expm": 1},
}
"""Name → rows and columns up to which SymPy writes a matrix's formula, and refuses to beyond."""


def is_written_out(name: str, case: Case) -> bool:
    shape = case.at[0].shape
    return len(shape) == 2 and max(shape) <= WRITTEN_OUT[name]


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "selector",
    # JAX compiles every definition anew: half a minute.
    [pytest.param(each, marks=pytest.mark.full) if each == "jax" else each for each in WHOLE],
)
def test_definitions_of_names_that_a_backend_spells(selector, monkeypatch):
    """What a backend has something better for, as it is on one that has not."""
    backend = backend_for(selector)
    spelling = backend.namespace().spelling
    xp = Namespace({name: spelling[name] for name in spelling.keys() & PRIMITIVES.keys()})
    monkeypatch.setattr(type(backend), "namespace", lambda self: xp)
    for name in (spelling.keys() & DEFINITIONS.keys()).difference(NO_FORMULAS.get(selector, ())):
        cases = {**CASES, **COMPOSED, **CONTROL}.get(name) or elementwise_cases(name, selector)
        check(selector, cases)


NO_FORMULAS = {"sympy": ("erfinv", "i0e", "log_ndtr", "linalg.expm", "while_loop")}
"""Selector → names whose definitions are no formulas to write out: long series, iterations, and
pieces within pieces, which take SymPy minutes."""

TRIGAMMA = {"torch": 1e-9}
"""How far a library's own derivative of digamma is off: PyTorch's (2.13) by 1e-10."""


def test_every_name_has_cases():
    assert {*NAMES} <= {*ELEMENTWISE, *CASES, *COMPOSED, *CONTROL}


@pytest.mark.parametrize("selector", [*(s for s in SELECTORS if s not in MODES), "certified"])
def test_arrays_are_compared_by_value(selector):
    """Labels of 0 and 1, as data: between symbols, `==` would ask how they are spelled."""
    labels = {"k": np.array([0.0, 1.0, 2.0, 1.0])}
    at = np.array([0.5, -1.0, 2.0, 3.0])

    def expected(x, *, k):
        return np.array([a * a if b == 1 else 3 * a for a, b in zip(x, k, strict=True)])

    check(
        selector,
        [
            Case(
                "equal labels",
                lambda xp, x, *, k: xp.where(k == 1, x * x, 3 * x),
                (at,),
                expected,
                data=labels,
            ),
            Case(
                "other labels",
                lambda xp, x, *, k: xp.where(k != 1, 3 * x, x * x),
                (at,),
                expected,
                data=labels,
            ),
        ],
    )
