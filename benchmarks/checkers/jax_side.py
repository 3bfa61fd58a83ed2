"""JAX: `jax.grad`, with rules of `jax.custom_vjp`; JAX's check_grads."""

import functools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import random_programs
from jax.test_util import check_grads
from jax.tree_util import tree_flatten, tree_map, tree_unflatten
from native import jax_functions

from calcbench.native.trees import as_tuple
from checkers import Case, factors, slopes

NAME = "JAX"
VERSIONS = ("jax",)
KINDS = [*jax_functions.KINDS]


def settings():
    """Have JAX keep float64."""
    return jax.enable_x64(True)


def compile_gradient(case):
    """Have JAX compile the gradient: that is no part of a check."""
    x = as_tuple(case.x)
    jax.grad(case.f, tuple(range(len(x))))(*x)


@functools.cache
def _compiled(kind):
    return jax.jit(jax_functions.KINDS[kind][0])


def draw(kind, rng):
    x = jax_functions.KINDS[kind][1](rng)
    spread = 1 if kind == "Gaussian process" else 10 ** rng.uniform(-1, 1)
    return Case(_compiled(kind), None, tree_map(lambda leaf: jnp.asarray(spread * leaf), x))


# --- random functions -----------------------------------------------------------------------------

XP = SimpleNamespace(
    **{name: getattr(jnp, name) for name in random_programs.NAMES if hasattr(jnp, name)},
    sigmoid=jax.nn.sigmoid,
    softplus=jax.nn.softplus,
    logsumexp=jax.nn.logsumexp,
)


def program(seed):
    compute = jax.jit(functools.partial(random_programs.native(seed), XP))
    return lambda rng: Case(compute, None, tuple(map(jnp.asarray, random_programs.draw(rng))))


# --- faults ---------------------------------------------------------------------------------------

DATA = np.random.default_rng(0).normal(size=(12, 5))


def swish(fault):
    @jax.custom_vjp
    def rule(x, b):
        return x * jax.nn.sigmoid(x) + b

    def back(x, g):
        single = slopes(fault, x, jax.nn.sigmoid(x), g, lambda a: a.astype(jnp.float32) * 1.0)
        return tuple(part.astype(g.dtype) for part in single)

    rule.defvjp(lambda x, b: (rule(x, b), x), back)
    rng = np.random.default_rng(1)
    x = jnp.asarray(rng.normal(size=(5, 4))), jnp.asarray(rng.normal(size=4))
    return Case(lambda w, b: jnp.sum(rule(DATA @ w, b) ** 2), None, x)


def spoiled(case, place, factor):
    leaves, form = tree_flatten(as_tuple(case.x))
    wrong = factors(leaves, place, factor)

    def value(*leaves):
        return case.f(*tree_unflatten(form, leaves))

    def back(leaves, g):
        found = jax.grad(value, tuple(range(len(leaves))))(*leaves)
        return tuple(g * p * w for p, w in zip(found, wrong, strict=True))

    f = jax.custom_vjp(value)
    f.defvjp(lambda *leaves: (value(*leaves), leaves), back)
    return Case(f, None, tuple(leaves))


def network():
    rng = np.random.default_rng(0)
    data, labels = rng.random((8, 784)), np.arange(8)

    def f(a, b, c, d):
        z = jax.nn.relu(data @ a + b) @ c + d
        return -jnp.mean(jax.nn.log_softmax(z)[np.arange(8), labels])

    shapes = ((784, 64), 64, (64, 10), 10)
    return Case(jax.jit(f), None, tuple(jnp.asarray(rng.normal(size=s) / 10) for s in shapes))


# --- checkers -------------------------------------------------------------------------------------


def _check_grads(case):
    try:
        check_grads(case.f, as_tuple(case.x), 1, modes=["rev"])
    except AssertionError:
        return False
    return True


CHECKERS = {"jax.test_util.check_grads": _check_grads}
