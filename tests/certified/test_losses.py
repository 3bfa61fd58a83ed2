"""What libraries lose of special functions and their slopes is no more than is allowed for.

Without the factor 8 of the allowance: of Σ cₖ·f(xₖ) with c = 1, the partial by cₖ is f(xₖ), and
that by xₖ is f′(xₖ). `-s` prints the largest share of what is allowed, by name and library.
"""

import functools

import numpy as np
import pytest

import calcbench as cb
from calcbench.catalogue.selection import choose_backends
from calcbench.certified.certificate import certify
from calcbench.certified.rounding import ALLOWANCE
from calcbench.operators import find_operator
from calcbench.problem.inputs import own_point

MANY = 40
"""Numbers of each kind."""

DRAW = np.random.default_rng(0)


def powers(low, high):
    """Draw numbers from 10^low to 10^high."""
    return 10 ** DRAW.uniform(low, high, MANY)


def between(low, high):
    return DRAW.uniform(low, high, MANY)


def both(numbers):
    return np.concatenate([numbers, -numbers])


def around(place):
    return place + both(powers(-12, -1))


POSITIVE = np.concatenate([powers(-8, 8), between(0.05, 6), between(6, 40)])
REAL = np.concatenate([both(powers(-8, 1)), between(-40, 40)])
INSIDE = np.concatenate([both(powers(-8, -0.1)), between(-1, 1), both(1 - powers(-6.5, -1))])
SHARE = np.concatenate([powers(-8, -0.3), 1 - powers(-6.5, -0.3), around(0.5)])

OF_ONE = {
    "erf": np.concatenate([both(powers(-8, 0.8)), between(-6, 6)]),
    "erfc": np.concatenate([both(powers(-8, 0.8)), between(-6, 6), between(0, 1), between(6, 26)]),
    "erfinv": INSIDE,
    "gammaln": np.concatenate([POSITIVE, around(1.0), around(2.0)]),
    "digamma": np.concatenate([POSITIVE, around(1.4616321449683623)]),
    "ndtr": np.concatenate([both(powers(-8, 0.8)), between(-8, 8), between(-37, -8)]),
    "log_ndtr": np.concatenate([both(powers(-8, 0.8)), between(-8, 37), -powers(0.9, 4)]),
    "i0e": np.concatenate([both(powers(-8, 8)), between(-30, 30)]),
    "entr": np.concatenate([powers(-8, 8), around(1.0)]),
    "logit": SHARE,
    "log_sigmoid": REAL,
    "sigmoid": REAL,
    "softplus": REAL,
    "silu": REAL,
    "gelu": np.concatenate([both(powers(-8, 1)), between(-12, 10)]),
    "tanh": np.concatenate([both(powers(-8, 1.3)), between(-20, 20)]),
    "expm1": REAL,
    "log1p": np.concatenate([powers(-8, 8), -powers(-8, -0.1), around(-0.414)]),
    "atan": both(powers(-8, 8)),
    "tan": both(powers(-8, 3)),
}
"""Name → where it is tried."""

OF_TWO = {
    "xlogy": (powers(-5, 5), powers(-8, 8)),
    "xlog1py": (powers(-5, 5), powers(-8, 8)),
    "rel_entr": (powers(-5, 5), powers(-5, 5)),
    "betaln": (powers(-3, 4), powers(-3, 4)),
    "logaddexp": (between(-40, 40), between(-40, 40)),
    "polygamma": (1, POSITIVE),
    "polygamma of order 2": (2, POSITIVE[POSITIVE > 1e-4]),
}

FAULTS = {("digamma", "torch"), ("log1p", "jax"), ("log_ndtr", "jax")}
"""PyTorch 2.13 has ψ′, the slope of digamma, to nine digits alone. JAX 0.10 loses two digits of
log(1 + x) in float64 where x is within a hundredth of −0.414, and more than others from −0.45 to
−0.3; by this log Φ is computed there. Nothing more is allowed for that."""


@functools.cache
def point_of(name):
    """Pose Σ c·f: the place of each partial is that of its number."""
    if name.startswith("polygamma"):
        order, x = OF_TWO[name]

        @cb.problem(c=np.ones(len(x)), x=x)
        def total(xp, c, x):
            return xp.sum(c * xp.polygamma(order, x))

    elif name in OF_TWO:
        x, y = OF_TWO[name]

        @cb.problem(c=np.ones(len(x)), x=x, y=y)
        def total(xp, c, x, y):
            return xp.sum(c * getattr(xp, name)(x, y))

    else:

        @cb.problem(c=np.ones(len(OF_ONE[name])), x=OF_ONE[name])
        def total(xp, c, x):
            return xp.sum(c * getattr(xp, name)(x))

    return own_point(total)


@functools.cache
def certificate_of(name, dtype):
    return certify(point_of(name).round_to(dtype), dtype, limited=False)


def shares(name, selector):
    """Return the share of what is allowed that each partial's error is, and where it is judged."""
    (backend,) = choose_backends([selector])
    found = certificate_of(name, backend.dtype)
    given = backend.prepare(found.point, find_operator("gradient")).evaluate(found.point)
    value = np.concatenate([np.ravel(part).astype(np.float64) for part in given.values()])
    allowed = (found.proved - found.flushed) / ALLOWANCE
    error = np.abs(value - found.value) - found.flushed
    half_unit = np.finfo(backend.dtype).eps / 2 * np.abs(found.value)
    held = np.isfinite(allowed) & found.judged & np.isfinite(found.value.astype(backend.dtype))
    beyond = np.maximum(error - half_unit, 0.0)[held]
    return np.divide(beyond, allowed[held], out=np.zeros_like(beyond), where=beyond > 0)


NAMES = [*OF_ONE, *OF_TWO]
LIBRARIES = ("torch", "autograd", "jax", "tensorflow")


@pytest.mark.parametrize("name", NAMES)
def test_scipy_loses_no_more_than_is_allowed_for(name):
    share = shares(name, "tape")
    print(f"{name}: tape {np.max(share):.2f}")
    assert np.max(share) <= 1


@pytest.mark.few(4)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", NAMES)
def test_frameworks_lose_no_more_than_is_allowed_for(name, library, dtype):
    selector = library if dtype == "float64" else f"{library}[dtype={dtype}]"
    share = shares(name, selector)
    print(f"{name}: {selector} {np.max(share):.2f}")
    assert bool(np.max(share) > 1) is ((name, selector) in FAULTS)
