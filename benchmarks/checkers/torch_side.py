"""torch: autograd's gradients, with rules of `torch.autograd.Function`; torch's gradcheck."""

import contextlib
import functools
from types import SimpleNamespace

import numpy as np
import random_programs
import torch
from native import torch_functions
from torch.autograd import gradcheck
from torch.nn import functional as F  # noqa: N812 (as everybody calls it)
from torch.utils import _pytree as pytree

from calcbench.native.trees import as_tuple
from checkers import Case, factors, slopes

NAME = "torch"
VERSIONS = ("torch",)
KINDS = [*torch_functions.KINDS]


@contextlib.contextmanager
def settings():
    """Have torch use one thread: several wait for each other in loops, which takes their time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def compile_gradient(case):
    """Compile nothing."""


def draw(kind, rng):
    f, x = torch_functions.KINDS[kind]
    spread = 0.3 if kind == "Gaussian process by Cholesky" else 10 ** rng.uniform(-1, 1)

    def moved(leaf):
        return leaf + spread * torch.as_tensor(rng.normal(size=tuple(leaf.shape)))

    return Case(f, None, pytree.tree_map(moved, x))


# --- random functions -----------------------------------------------------------------------------

XP = SimpleNamespace(
    **{name: getattr(torch, name) for name in random_programs.NAMES if hasattr(torch, name)}
    | {
        "flip": lambda u: u.flip(0),
        "take": lambda u, places: u[torch.as_tensor(places)],
        "cumulative_sum": lambda u: u.cumsum(0),
        "logsumexp": lambda u: u.logsumexp(0),
        "softplus": F.softplus,
    }
)


def program(seed):
    compute = functools.partial(random_programs.native(seed), XP)
    return lambda rng: Case(compute, None, tuple(map(torch.as_tensor, random_programs.draw(rng))))


def gradient_of(f):
    """Give autograd's gradient of a function, of NumPy's arrays."""

    def gradient(*x):
        leaves = [torch.tensor(array, requires_grad=True) for array in x]
        found = torch.autograd.grad(f(*leaves), leaves, materialize_grads=True)
        return tuple(part.numpy() for part in found)

    return gradient


# --- faults ---------------------------------------------------------------------------------------

DATA = torch.as_tensor(np.random.default_rng(0).normal(size=(12, 5)))


def swish(fault):
    class Swish(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, b):
            ctx.save_for_backward(x)
            return x * torch.sigmoid(x) + b

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return slopes(fault, x, torch.sigmoid(x), g, lambda a: a.float().double())

    rng = np.random.default_rng(1)
    x = torch.as_tensor(rng.normal(size=(5, 4))), torch.as_tensor(rng.normal(size=4))
    return Case(lambda w, b: (Swish.apply(DATA @ w, b) ** 2).sum(), None, x)


def spoiled(case, place, factor):
    leaves, value = _of_leaves(case)
    wrong = [torch.as_tensor(part) for part in factors(leaves, place, factor)]

    class Spoiled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *leaves):
            ctx.save_for_backward(*leaves)
            with torch.no_grad():
                return value(*leaves)

        @staticmethod
        def backward(ctx, g):
            with torch.enable_grad():
                again = [t.detach().requires_grad_() for t in ctx.saved_tensors]
                found = torch.autograd.grad(value(*again), again, materialize_grads=True)
            return tuple(g * p * w for p, w in zip(found, wrong, strict=True))

    return Case(lambda *leaves: Spoiled.apply(*leaves), None, tuple(leaves))


def _of_leaves(case):
    """Give the tensors that the argument holds, and the function of these."""
    leaves, form = pytree.tree_flatten(as_tuple(case.x))
    return leaves, lambda *leaves: case.f(*pytree.tree_unflatten(leaves, form))


def network():
    rng = np.random.default_rng(0)
    data, labels = torch.as_tensor(rng.random((8, 784))), torch.arange(8)

    def f(a, b, c, d):
        return F.cross_entropy((data @ a + b).relu() @ c + d, labels)

    shapes = ((784, 64), 64, (64, 10), 10)
    return Case(f, None, tuple(torch.as_tensor(rng.normal(size=s) / 10) for s in shapes))


# --- checkers -------------------------------------------------------------------------------------


def _gradcheck(case, **options):
    leaves, f = _of_leaves(case)
    inputs = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    return gradcheck(f, inputs, raise_exception=False, **options)


CHECKERS = {
    "torch.autograd.gradcheck": _gradcheck,
    "gradcheck, fast_mode": functools.partial(_gradcheck, fast_mode=True),
}
