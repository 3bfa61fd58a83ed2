"""NumPy: gradients by hand, and those of random functions by torch; SciPy's checkers."""

import contextlib
import functools
from types import SimpleNamespace

import numpy as np
import random_programs
from native import by_hand
from scipy import optimize, special
from scipy.optimize._numdiff import check_derivative

from calcbench.native.trees import as_tuple, match, name_leaves, rebuild
from checkers import Case, factors, slopes

NAME = "NumPy"
VERSIONS = ("numpy", "scipy")
KINDS = [*by_hand.TABLE]
settings = contextlib.nullcontext


def compile_gradient(case):
    """Compile nothing."""


ALLOWED = 1e-6
"""SciPy's checkers give a number. By the page of `check_derivative` all is well up to this."""


def draw(kind, rng):
    f, grad, drawn = by_hand.TABLE[kind]
    return Case(f, grad, drawn(rng))


# --- random functions -----------------------------------------------------------------------------


def logsumexp(u):
    return special.logsumexp(u)


def softplus(u):
    return np.logaddexp(0, u)


XP = SimpleNamespace(
    **{name: getattr(np, name) for name in random_programs.NAMES if hasattr(np, name)},
    sigmoid=special.expit,
    softplus=softplus,
    logsumexp=logsumexp,
)


def program(seed):
    from checkers import torch_side  # its autograd, in place of a derivation by hand

    compute = random_programs.native(seed)
    theirs = functools.partial(compute, torch_side.XP)
    return lambda rng: Case(
        functools.partial(compute, XP), torch_side.gradient_of(theirs), random_programs.draw(rng)
    )


# --- faults ---------------------------------------------------------------------------------------

DATA = np.random.default_rng(0).normal(size=(12, 5))


def swish(fault):
    def f(w, b):
        x = DATA @ w
        return np.sum((x * special.expit(x) + b) ** 2)

    def grad(w, b):
        x = DATA @ w
        s = special.expit(x)
        by_x, by_b = slopes(fault, x, s, 2 * (x * s + b), lambda a: a.astype(np.float32) * 1.0)
        return DATA.T @ by_x, by_b

    rng = np.random.default_rng(1)
    return Case(f, grad, (rng.normal(size=(5, 4)), rng.normal(size=4)))


def spoiled(case, place, factor):
    wrong = factors(_leaves(case), place, factor)

    def grad(*x):
        found = match(case.x, case.grad(*x))
        return rebuild(case.x, [p * w for p, w in zip(found, wrong, strict=True)])

    return Case(case.f, grad, case.x)


def network():
    rng = np.random.default_rng(0)
    data, labels = rng.random((8, 784)), np.arange(8)
    onehot = np.eye(10)[labels]

    def f(a, b, c, d):
        z = np.maximum(data @ a + b, 0) @ c + d
        shifted = z - z.max(axis=1, keepdims=True)
        logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return -np.mean(logarithms[np.arange(8), labels])

    def grad(a, b, c, d):
        hidden = np.maximum(data @ a + b, 0)
        up = (special.softmax(hidden @ c + d, axis=1) - onehot) / 8
        inner = (up @ c.T) * (hidden > 0)
        return data.T @ inner, inner.sum(0), hidden.T @ up, up.sum(0)

    shapes = ((784, 64), 64, (64, 10), 10)
    return Case(f, grad, tuple(rng.normal(size=shape) / 10 for shape in shapes))


# --- checkers -------------------------------------------------------------------------------------


def check_grad(case):
    """scipy.optimize.check_grad, which gives the norm of the difference from a forward quotient.

    It is held against the norm of the gradient, where that is above 1.
    """
    f, grad, x = _on_vectors(case)
    return bool(optimize.check_grad(f, grad, x) <= ALLOWED * max(1, np.linalg.norm(grad(x))))


def relative(case):
    """SciPy's check_derivative, by central quotients: of a partial above 1, relative to it."""
    return bool(check_derivative(*_on_vectors(case)) <= ALLOWED)


CHECKERS = {"scipy.optimize.check_grad": check_grad, "scipy … check_derivative": relative}


def _on_vectors(case):
    """Give the function and its gradient of one vector, as SciPy wants them."""
    leaves = _leaves(case)
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def to_vector(parts):
        return np.concatenate([np.ravel(part) for part in parts])

    def arguments(vector):
        parts = np.split(np.asarray(vector), ends)
        shaped = [p.reshape(a.shape) for p, a in zip(parts, leaves, strict=True)]
        return as_tuple(rebuild(case.x, [s if s.ndim else float(s) for s in shaped]))

    return (
        lambda v: case.f(*arguments(v)),
        lambda v: to_vector(match(case.x, case.grad(*arguments(v)))),
        to_vector(leaves),
    )


def _leaves(case):
    """List the arrays that the argument holds."""
    return [np.asarray(leaf, float) for leaf in name_leaves(case.f, case.x).values()]
