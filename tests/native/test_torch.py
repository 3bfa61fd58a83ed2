"""torch functions as they are: certified, wrong rules caught, and nothing of the caller changed."""

from __future__ import annotations

import collections
import functools
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

import torch_functions as functions  # noqa: E402 (it needs torch)
from torch import nn  # noqa: E402
from torch.func import functional_call  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402
from torch_functions import FAULTS, KINDS, Swish, numbers  # noqa: E402
from torch_operations import OPERATIONS  # noqa: E402

import calcbench  # noqa: E402
from calcbench.native.elementwise import OWN  # noqa: E402
from calcbench.native.torch import function as of_torch  # noqa: E402
from calcbench.native.torch.elementary import FUNCTIONS  # noqa: E402
from calcbench.vocabulary.names import NAMES  # noqa: E402

double = {"dtype": torch.float64}


def check(f, *x, **options):
    return calcbench.check(f, x=x[0] if len(x) == 1 else x, **options)


# --- what is certified ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_certified_and_right(name):
    f, x = KINDS[name]
    found = calcbench.check(f, x=x)
    assert found.ok, found
    assert found.how == "ATen on balls"
    assert found.needed > 11


@pytest.mark.few(5)
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", KINDS)
def test_no_right_gradient_is_condemned_at_random_points(name, seed):
    f, x = KINDS[name]
    generator = torch.Generator().manual_seed(seed)
    spread = 10.0 ** (seed % 3 - 1) if name != "Gaussian process by Cholesky" else 0.3

    def drawn(leaf):
        return leaf + spread * torch.randn(leaf.shape, generator=generator, **double)

    found = calcbench.check(f, x=torch.utils._pytree.tree_map(drawn, x))
    assert found.status in ("ok", "imprecise") or "tie" in found.reason, found


@pytest.mark.few(10)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_certified(name):
    found = check(OPERATIONS[name], torch.tensor([0.7, 1.61, 0.85], **double), name=name)
    assert found.ok, found


def test_a_large_network_takes_seconds():
    net, parameters = functions.module(
        lambda: nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    )
    data = torch.rand(8, 784, generator=torch.Generator().manual_seed(0), **double)

    def loss(p):
        return F.cross_entropy(functional_call(net, p, (data,)), torch.arange(8))

    check(lambda x: x.tanh().sum(), numbers(3))
    found = check(loss, parameters)
    assert found.ok, found
    assert found.partials == 50_890
    assert found.seconds < 3


def test_large_pictures_take_no_matrix_of_all_their_pixels():
    picture = torch.rand(1, 1, 112, 112, generator=torch.Generator().manual_seed(0), **double)
    assert check(lambda x: (F.avg_pool2d(x, 2) ** 2).sum(), picture).ok
    small = picture[..., :64, :64]
    for f in (
        lambda x: F.adaptive_avg_pool2d(x, 8),
        lambda x: F.interpolate(x, scale_factor=1.5, mode="bilinear"),
    ):
        found = check(lambda x, f=f: (f(x) ** 2).sum(), small)
        assert found.ok, found
    refused = check(
        lambda x: F.interpolate(x, size=(48, 48), mode="bilinear", antialias=True).sum(), small
    )
    assert refused.status == "not certified"
    assert "_upsample_bilinear2d_aa of so many numbers: too large" in refused.reason


# --- what is caught -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*FAULTS][1:])
def test_a_wrong_rule_is_caught(fault, monkeypatch):
    monkeypatch.setattr(Swish, "fault", fault)
    f, x = KINDS["custom rule"]
    assert calcbench.check(f, x=x).status == "disagree"


@pytest.mark.few(6)
@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-10, "sign"])
@pytest.mark.parametrize("name", KINDS)
def test_one_wrong_component_in_a_custom_rule_is_caught(name, size):
    f, x = KINDS[name]
    right = calcbench.check(f, x=x)
    truth = np.concatenate([a.ravel() for a in right.reference.values()])
    bound = np.concatenate([a.ravel() for a in right.bound.values()])
    wrong_by = 2.0 if size == "sign" else size
    visible = np.flatnonzero(abs(truth) * wrong_by > 4 * bound)
    assert visible.size > len(truth) / 3
    place = int(np.random.default_rng(3).choice(visible))
    leaves, spec = torch.utils._pytree.tree_flatten(x)

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *leaves):
            ctx.save_for_backward(*leaves)
            with torch.no_grad():
                return f(*functions_arguments(leaves, spec))

        @staticmethod
        def backward(ctx, g):
            with torch.enable_grad():
                leaves = [t.detach().requires_grad_() for t in ctx.saved_tensors]
                found = torch.autograd.grad(f(*functions_arguments(leaves, spec)), leaves)
            flat = torch.cat([part.reshape(-1) for part in found])
            flat[place] *= -1 if size == "sign" else 1 + size
            parts = torch.split(flat, [part.numel() for part in found])
            return tuple(g * p.reshape(q.shape) for p, q in zip(parts, found, strict=True))

    found = calcbench.check(lambda *leaves: Wrong.apply(*leaves), x=tuple(leaves))
    assert found.status == "disagree", found
    assert found.outside == 1


def functions_arguments(leaves, spec):
    x = torch.utils._pytree.tree_unflatten(leaves, spec)
    return x if isinstance(x, tuple) else (x,)


def test_a_wrong_gradient_by_hand_is_caught_and_named():
    f, x = KINDS["nn.LSTM"]

    def gradient(p):
        p = {name: t.detach().requires_grad_() for name, t in p.items()}
        found = dict(zip(p, torch.autograd.grad(f(p), list(p.values())), strict=True))
        found["weight_hh_l0"][3, 2] *= 1 + 1e-8
        return found

    found = calcbench.check(f, gradient, x)
    assert found.status == "disagree"
    assert "∂f/∂weight_hh_l0[3, 2]" in found.reason


def by_leaf_pullback(x, u):
    leaf = x.clone().requires_grad_()
    torch.tanh(leaf).backward(u)
    return leaf.grad


def by_numpy_jacobian(x):
    return np.diag(1 - np.tanh(x.numpy()) ** 2)


OWN_STYLE = {
    "gradient": lambda x: by_leaf_pullback(x, torch.ones_like(x)),
    "pullback": by_leaf_pullback,
    "jacobian": by_numpy_jacobian,
    "pushforward": lambda x, v: by_numpy_jacobian(x) @ v.numpy(),
    "hvp": lambda x, v: -2 * np.tanh(x.numpy()) * (1 - np.tanh(x.numpy()) ** 2) * v.numpy(),
}
"""Operator → what only takes tensors of which autograd keeps nothing."""


@pytest.mark.parametrize("operator", OWN_STYLE)
def test_a_derivative_by_hand_is_given_x_as_it_was(operator):
    """`.grad` is only of a leaf, and `.numpy()` only of what autograd does not follow."""

    def f(x):
        value = torch.tanh(x)
        return value.sum() if operator in ("gradient", "hvp") else value

    x = torch.tensor([0.5, -1.0, 2.0], **double)
    found = calcbench.check(f, OWN_STYLE[operator], x, operator=operator)
    assert found.ok, found


def test_a_derivative_by_hand_may_lean_on_x_as_a_leaf():
    def gradient(x):
        assert x.is_leaf
        return torch.autograd.grad(x.exp().sum(), x)[0]

    x = torch.tensor([0.5, -1.0], **double)
    assert calcbench.check(lambda x: x.exp().sum(), gradient, x.requires_grad_()).ok
    by_name = calcbench.check(
        lambda p: p["w"].exp().sum(),
        lambda p: {"w": gradient(p["w"])},
        {"w": nn.Parameter(x.detach())},
    )
    assert by_name.ok


def test_products_with_the_hessian_are_checked():
    f, x = KINDS["MLP tanh"]

    def product(*given):
        *x, v = given
        return torch.func.jvp(torch.func.grad(f, argnums=(0, 1, 2)), tuple(x), tuple(v))[1]

    def off(*given):
        first, *others = product(*given)
        return (first * (1 + 1e-8), *others)

    right = calcbench.check(f, product, x, operator="hvp")
    assert right.ok, right
    assert calcbench.check(f, off, x, operator="hvp").status == "disagree"


# --- what counts as constant, as autograd sees it -------------------------------------------------


def with_no_grad(x):
    with torch.no_grad():
        size = x.norm()
    return (x / size).sum()


def in_place(x):
    z = x * 2
    z += 1
    z[1:] *= x[:-1]
    z[z < 0] = 0
    whole = torch.zeros(7, **double)
    whole[1:6] = z
    whole.view(7, 1).mul_(2)
    return (whole**2).sum()


def filled_in_a_loop(x):
    kept = torch.zeros(3, **double)
    for k in range(3):
        kept[k] = x[k] * (kept.sum() if k else 1)
    return (kept**2).sum()


def with_a_branch(x):
    return (x**2).sum() if x.sum() > 0 else (x**3).sum()


def gradient_penalty(x):
    z = x.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad((z * x).tanh().sum(), z, create_graph=True)
    return (slope.norm() - 1) ** 2 + x.sum()


def residual(w):
    t = torch.linspace(0, 1, 3, **double).requires_grad_(True)
    u = torch.tanh(w * t).sum()
    (slope,) = torch.autograd.grad(u, t, create_graph=True)
    return ((slope - 1) ** 2).sum()


def backward_inside(x):
    z = x.detach().clone().requires_grad_()
    (z**3).sum().backward()
    return (x * z.grad).sum()


def straight_through(x):
    return ((x.round() - x).detach() + x).pow(2).sum()


def own_random_numbers(x, generator=torch.Generator().manual_seed(3)):  # noqa: B008
    return (x * torch.rand(3, generator=generator, **double)).sum() + F.dropout(x).sum()


def in_a_transform(x):
    return torch.func.hessian(lambda a: (a**3).sum())(x).sum()


SEEN = {
    "detach": lambda x: (x * x.detach()).sum(),
    "data": lambda x: (x * x.data).sum(),
    "no_grad": with_no_grad,
    "in place": in_place,
    "filled in a loop": filled_in_a_loop,
    "branch": with_a_branch,
    "mask": lambda x: (x[x > 0] ** 2).sum(),
    "checkpoint": lambda x: checkpoint(lambda a: a.tanh() * a, x, use_reentrant=False).sum(),
    "gradient penalty": gradient_penalty,
    "backward inside": backward_inside,
    "sparse constant": lambda x: (torch.eye(3, **double).to_sparse() @ x[:, None]).sum(),
    "padding of an embedding": lambda x: (
        F.embedding(torch.tensor([0, 2, 2]), x.outer(x), padding_idx=0) ** 2
    ).sum(),
    "one number in an array": lambda x: (x**2).sum(0, keepdim=True),
    "clamp to what it is": lambda x: F.gaussian_nll_loss(x, x.detach() * 2, x**2 + 1),
    "residual of a differential equation": residual,
    "straight-through": straight_through,
    "random numbers": own_random_numbers,
    "vmap": lambda x: torch.func.vmap(lambda a: (a * x).tanh().sum())(x.outer(x)).sum(),
    "hessian": in_a_transform,
    "jvp": lambda x: torch.func.jvp(torch.sin, (x,), (x,))[1].sum(),
    "unbind": lambda x: sum(a * b for a in x for b in x),
    "sort": lambda x: (x.sort()[0] * x.argsort()).sum(),
    "empty": lambda x: x[:0].sum() + x.sum(),
    "empty leaf": lambda x: x.sum() + torch.cat([x[3:], x]).prod() + x[3:].exp().sum(),
    "unused": lambda x: torch.ones((), **double),
    "cosine similarity": lambda x: F.cosine_similarity(x.outer(x), x.outer(x) + 1).sum(),
    "masked softmax": lambda x: x.masked_fill(x > 1e9, -math.inf).softmax(0)[1],
    "distribution": lambda x: (
        -torch.distributions.MultivariateNormal(x, x.outer(x) + torch.eye(len(x), **double))
        .log_prob(x * 2)
        .sum()
    ),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", SEEN)
def test_what_autograd_differentiates_is_what_is_certified(name):
    x = numbers(5 if name == "in place" else 3)
    found = check(SEEN[name], x, name=name)
    assert found.ok, found


WRITES = (
    lambda target, other: target.mul_(1.25),
    lambda target, other: target.add_(target.flip(0)),
    lambda target, other: target.select(0, 1).copy_(target.select(0, 0).clone().sin()),
    lambda target, other: target.clamp_(min=-0.3),
    lambda target, other: target.select(0, 0).fill_(0.5),
    lambda target, other: target.sub_(other.sum() / 8),
    lambda target, other: target.masked_fill_(target > 2, 1.0),
    lambda target, other: target.div_(1.5),
)


@settings(max_examples=15)
@given(steps=st.lists(st.tuples(st.sampled_from(WRITES), st.integers(0, 3)), max_size=8))
def test_writes_are_seen_in_all_views(steps):
    def f(x):
        whole = torch.cat([x, torch.ones(2, **double)]).reshape(2, 3) * 1.5
        views = [whole, whole.T, whole.view(6), whole[1]]
        for write, k in steps:
            write(views[k], views[(k + 1) % 4])
        return (whole**2).sum() + views[1][0].sum()

    x = torch.tensor([0.3, -0.7, 1.1, 0.2], **double)
    found = check(f, x)
    assert found.ok or (found.status == "not certified" and "tie" in found.reason), found


def test_a_custom_function_may_hide_its_work_from_autograd():
    class Hidden(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            with torch.no_grad():
                cube = x.detach() ** 3
            with torch.enable_grad():
                z = x.detach().requires_grad_()
                found = (z * cube).sin()
            out = torch.empty_like(x)
            return torch.add(found.detach(), x, out=out)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * ((x**4).cos() * 4 * x**3 + 1)

    assert check(lambda x: Hidden.apply(x).sum(), numbers(3)).ok
    detached = check(lambda x: (Hidden.apply(x.detach()) * x).sum(), numbers(3))
    assert detached.ok, detached


# --- dtypes ---------------------------------------------------------------------------------------


def test_the_coarsest_active_dtype_sets_what_is_allowed():
    found = check(lambda x: (x.float().sin().double() ** 2).sum(), numbers(4))
    assert found.ok
    assert found.dtype == "float32"
    constant = check(lambda x: (x * torch.ones(4, dtype=torch.float32)).sum(), numbers(4))
    assert constant.dtype == "float64"


def test_a_model_of_float32_is_certified_in_float32():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(5, 6), nn.GELU(), nn.LayerNorm(6), nn.Linear(6, 3))
    data = functions.X.float()
    found = check(
        lambda p: F.cross_entropy(functional_call(net, p, (data,)), functions.LABELS),
        functions.parameters(net),
    )
    assert found.ok, found
    assert found.dtype == "float32"
    assert 4 < found.needed < 8


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_recurrent_layer_that_torch_runs_as_a_whole_is_certified(bidirectional):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = nn.LSTM(2, 3, bidirectional=bidirectional, batch_first=True)
    data = functions.SEQUENCE.float()
    found = check(
        lambda p: functional_call(layer, p, (data,))[0].pow(2).sum(), functions.parameters(layer)
    )
    assert found.ok, found


def test_a_constant_of_float32_inside_of_torch_is_found():
    """The derivative of `hardsigmoid` has 1/6 in float32: torch 2.13 gives seven digits."""
    found = check(lambda x: F.hardsigmoid(x).sum(), torch.tensor([0.5, -1.0], **double))
    assert found.status == "disagree"
    assert found.digits < 9


# --- what is not certified ------------------------------------------------------------------------


@torch.library.custom_op("calcbench_tests::double_it", mutates_args=())
def double_it(x: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(2 * x.detach().numpy())


double_it.register_autograd(lambda ctx, g: 2 * g)


class ByNumpy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(np.sin(x.numpy()))

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0].cos()


class ByMemory(ByNumpy):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(x.detach())) + 0


class ByPython(ByNumpy):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clone().apply_(math.sin)


def written_without_autograd(x):
    y = x * 2
    with torch.no_grad():
        y.mul_(3)
    return y.sum()


@torch.jit.script
def scripted(x):
    return (x * x.tanh()).sum()


def caught_by_the_function(x):
    try:
        return (x * x.sum().item()).sum()
    except Exception:
        return (2 * x).sum()


REFUSED = {
    "custom_op calcbench_tests::double_it": lambda x: double_it(x).sum(),
    "Tensor.numpy() of what depends on an argument": lambda x: ByNumpy.apply(x).sum(),
    "its operations on numbers with proof give": lambda x: ByPython.apply(x).sum(),
    "DifferentiableGraphBackward that no operation gives": lambda x: scripted(x),
    "that no operation gives": lambda x: ByMemory.apply(x).sum(),
    "Tensor.item() of what depends on an argument": caught_by_the_function,
    "aten::mul_, without autograd": written_without_autograd,
    "aten::_fft_r2c": lambda x: torch.fft.rfft(x).abs().sum(),
    "aten::special_bessel_j0": lambda x: torch.special.bessel_j0(x).sum(),
    "aten::histc": lambda x: (x.histc(3) * x).sum(),
    "aten::scatter_reduce": lambda x: x.scatter_reduce(0, functions.LABELS[:3], x, "prod").sum(),
    "complex numbers": lambda x: (x.to(torch.complex128) * 1j).abs().sum(),
    "dtype float16": lambda x: x.half().sum(),
    "the bits of": lambda x: (x.view(torch.int64) * x).sum(),
}


def test_integers_at_a_jump_are_not_condemned():
    def assigned(x):
        whole = torch.zeros(2, dtype=torch.long)
        whole[:] = x
        return (whole * x).sum()

    for f in (assigned, lambda x: (x.to(torch.long) * x).sum(), lambda x: (x.int() * x).sum()):
        found = check(f, torch.tensor([2.0, 3.0], **double))
        assert found.status == "not certified"
        assert "one-sided derivatives differ" in found.reason
        assert check(f, torch.tensor([2.25, -3.5], **double)).ok


# --- Python's branches ----------------------------------------------------------------------------


def kinked(x):
    return 2 * x[0] if x[0] > 0 else 3 * x[0]


def smooth(x):
    return x[0] ** 2 + x[1] if x[0] > 0 else x[0] ** 3 + x[1]


def hidden(x):
    """The function is 2·x[0] beside 0, and the branch that is taken there says 5."""
    return 5 * x[0] if x[0] == 0 else 2 * x[0]


def nested(x):
    """A branch inside of one that is not taken at 0, after a loop that Python counts."""
    total = x[1] ** 2
    for number in x[1:]:
        total = total + (number if number > 0 else -number)
    if x[0] > 0:
        return total + (x[0] ** 2 if torch.any(x[0] > 1e-3 * x[1]) else x[0])
    return total


def dropping(x):
    kept = torch.nn.functional.dropout(x[1:], 0.5, training=True)
    return (kept**2).sum() + (x[0] ** 2 if x[0] >= 0 else x[0] * x[0])


@pytest.mark.parametrize("f", [smooth, dropping])
def test_python_branch_at_a_tie_is_looked_at_on_both_sides(f):
    found = check(f, torch.tensor([0.0, 1.5, -0.5], **double))
    assert found.ok, found
    assert found.partials == 3
    assert found.no_derivative == 0
    assert not check(lambda x: hidden(x) + x[1], torch.tensor([0.0, 1.5], **double)).ok


@pytest.mark.parametrize(
    ("f", "given", "status", "said"),
    [
        (kinked, 2.5, "not certified", "one valid choice"),
        (kinked, 4.0, "disagree", "should be between 2 and 3"),
        (hidden, 2.0, "ok", ""),
        (hidden, 5.0, "disagree", "should be 2"),
        (nested, 0.5, "ok", "one valid choice: 1 partial"),
        (nested, -0.5, "disagree", "should be between 0 and 1"),
    ],
)
def test_slope_at_a_python_branch_is_judged_by_both_sides(f, given, status, said):
    x = torch.tensor([0.0, 1.5] if f is nested else [0.0], **double)

    def gradient(x):
        return torch.cat([torch.tensor([given], **double), 2 * x[1:].detach() + 1])

    found = calcbench.check(f, gradient, x)
    assert found.status == status, found
    assert said in str(found)


def coarse_beside(x):
    """Round to float32 in the branch that is taken beside 0 alone."""
    ahead = (x[:1].float() * 1.1).double()[0] if x[0] > 0 else x[0]
    return ahead + x[1] ** 2


@pytest.mark.parametrize("framework", ["torch", "numpy"])
def test_branch_that_is_not_taken_allows_only_its_own_slope_more(framework):
    def of_numpy(x):
        ahead = (x[:1].astype(np.float32) * np.float32(1.1))[0] if x[0] > 0 else x[0]
        return ahead + x[1] ** 2

    f, x = of_numpy, np.array([0.0, 1.3])
    if framework == "torch":
        f, x = coarse_beside, torch.tensor(x)

    def checked(*given):
        gradient = np.array(given) if f is of_numpy else torch.tensor(given, **double)
        return calcbench.check(f, lambda x: gradient, x)

    right = checked(1.0 + 1e-9, 2.6)
    assert right.ok, right
    assert (right.dtype, right.chosen) == ("float64", 1)
    assert checked(1.1 * (1 + 1e-8), 2.6).ok  # a float32 of the other branch
    assert checked(1.1 * (1 + 1e-4), 2.6).status == "disagree"
    assert checked(1.0, 2.6 * (1 + 1e-8)).status == "disagree"


def test_loop_that_goes_on_beside_a_tie_is_not_followed_for_ever(monkeypatch):
    def halving(x):
        rest = x[0]
        while rest > 0:
            rest = rest / 2
        return rest + x[1]

    monkeypatch.setattr(of_torch, "MOST_OTHERWISE", 8)
    found = check(halving, torch.tensor([0.0, 1.0], **double))
    assert found.status == "not certified"
    assert (
        "beside the point 8 and more of Python's conditions are others than at it" in found.reason
    )


def test_branch_that_a_detached_number_chooses_is_one_all_the_same():
    def by_mask(x):
        return torch.where(x.detach() > 0, 2 * x, 3 * x).sum()

    def by_python(x):
        with torch.no_grad():
            ahead = bool(x[0] > 0)
        return (2 * x[0] if ahead else 3 * x[0]) + x[1] ** 2

    def of_largest(x):
        shift = x.detach().max()
        return torch.exp(x - shift).sum() + (x == shift).sum() * 0.0

    x = torch.tensor([0.0, 1.5], **double)
    for f in (by_mask, by_python):
        found = check(f, x)
        assert found.chosen == found.no_derivative == 1, found
        assert check(f, x + 1).ok
    assert check(of_largest, torch.tensor([1.0, 0.5], **double)).ok


def test_branch_that_rounding_decides_is_not_taken_for_a_tie():
    """The difference is 0 in floats, and −2.8e-17 of the numbers that they are."""

    def f(x):
        return 2 * x[0] if x[0] + x[1] - 0.30000000000000004 > -1e-17 else 3 * x[0]

    found = check(f, torch.tensor([0.1, 0.2], **double))
    assert found.status != "ok", found
    assert "a branch that rounding decides" in found.reason


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_not_known_is_not_certified_and_named(reason):
    found = check(REFUSED[reason], numbers(3))
    assert found.status == "not certified", found
    assert reason in found.reason


def test_every_function_is_one_that_there_is():
    assert {*FUNCTIONS.values()} <= {*OWN, *NAMES}


def test_what_is_not_known_may_be_asked_where_nothing_depends_on_it():
    def f(x):
        spectrum = torch.fft.rfft(x).abs()  # computed, and not used
        with torch.no_grad():
            scale = torch.fft.rfft(x).abs().sum()
        return (x**2).sum() * scale if len(spectrum) else x.sum()

    assert check(f, numbers(3)).ok


def test_a_model_that_does_not_use_its_argument_is_told_so():
    net = nn.Linear(5, 1).double()
    found = check(lambda p: net(functions.X).sum(), dict(net.named_parameters()))
    assert found.status == "error"
    assert "does f use its argument?" in found.reason


def test_complex_arguments_are_not_certified():
    found = check(lambda x: x.abs().sum(), torch.ones(2, dtype=torch.complex128))
    assert found.status == "not certified"
    assert found.reason == "complex numbers"


def test_numbers_that_are_no_tensors_are_refused_with_what_to_write():
    with pytest.raises(
        calcbench.errors.SelectorError, match=r"x is 3\.0; give it as torch\.tensor"
    ):
        check(lambda x: torch.ones(()) * x, 3.0)


def test_a_check_where_autograd_is_off_is_the_same():
    x = numbers(3)
    for off in (torch.no_grad, torch.inference_mode):
        with off():
            assert check(lambda x: (x**2).sum(), x).ok
            assert not torch.is_grad_enabled()


# --- nothing of the caller is changed -------------------------------------------------------------


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_the_caller_is_changed(fails):
    net, parameters = functions.module(
        lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    )
    net.train()
    own = torch.zeros(3, **double)
    generator = torch.Generator().manual_seed(1)
    frozen = net[0].weight
    frozen.grad = torch.ones_like(frozen)

    def f(p):
        own.add_(1)
        net.eval()
        net.train(not fails)
        noise = torch.rand(4, generator=generator, **double)
        found = (functional_call(net, p, (functions.X,)) * noise).sum() ** 2
        if fails:
            raise ValueError("on purpose")
        return found

    def state():
        return [
            *(t.clone() for t in net.state_dict().values()),
            *(t.clone() for t in parameters.values()),
            own.clone(),
            frozen.grad.clone(),
            torch.get_rng_state(),
            generator.get_state(),
        ]

    before, flags = state(), _flags(net)
    if fails:
        with pytest.raises(calcbench.errors.ProblemError, match="on purpose"):
            calcbench.check(f, x=parameters)
    else:
        assert calcbench.check(f, x=parameters).ok
    assert all(torch.equal(a, b) for a, b in zip(before, state(), strict=True))
    assert _flags(net) == flags


def _flags(net):
    return (
        [module.training for module in net.modules()],
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        [p.requires_grad for p in net.parameters()],
        torch.overrides._get_current_function_mode(),
        torch.utils._python_dispatch._get_current_dispatch_mode(),
    )


class Model:
    """Keeps a network, which its loss sets to evaluate, or to train."""

    def __init__(self):
        self.net = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3, dtype=torch.float64))

    def loss(self, x, net=None):
        net = net or self.net
        net.eval()
        net[1].momentum = 0.2
        return (net(x[None]) ** 2).sum()


@pytest.mark.parametrize("given", ["attribute", "partial", "default"])
def test_modes_of_a_network_are_put_back_wherever_it_is(given):
    model, net = Model(), Model().net

    def by_default(x, net=net):
        return model.loss(x, net)

    ways = {
        "attribute": model.loss,
        "partial": functools.partial(model.loss, net=net),
        "default": by_default,
    }
    assert check(ways[given], numbers(3)).ok
    for each in (model.net, net):
        assert all(module.training for module in each.modules())
        assert each[1].momentum == 0.1


def test_memory_that_is_used_again_is_put_back():
    """What a run has made and dropped may lie where later comes what the caller holds."""
    own = collections.deque(np.zeros(3) for _ in range(50))

    def f(x):
        for each in own:
            (x + 1).exp()
            torch.from_numpy(each).add_(1)
        return (x**2).sum()

    assert check(f, numbers(3)).ok
    assert not np.any(own)


def test_numpy_function_leaves_no_trace_where_torch_is_loaded():
    """It is called once to see whose arrays it gives, outside of what is certified."""
    kept = []

    def f(x):
        kept.append(random.random() + torch.rand(()).item())
        return np.sum(x**2)

    before = random.getstate(), torch.get_rng_state().tolist()
    assert calcbench.check(f, lambda x: 2 * x, np.ones(2)).ok
    assert (random.getstate(), torch.get_rng_state().tolist()) == before
    assert kept == []


@pytest.mark.parametrize("operator", ["hvp", "pushforward"])
def test_own_derivative_along_a_direction_is_certified(operator):
    x = torch.linspace(-1, 2, 4, dtype=torch.float64)
    for f, at in (
        (lambda a, b: (a.sin() * b**2).sum(), (x, x)),
        (lambda p: (p["w"].tanh() * p["w"]).sum(), {"w": torch.nn.Parameter(x)}),
        (lambda a: 3 * a.sum(), x),
    ):
        found = calcbench.check(f, x=at, operator=operator)
        assert found.ok, found


def test_own_hessian_product_with_a_wrong_rule_is_caught():
    class Sine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0].cos() * 1.001

    x = torch.linspace(-1, 2, 4, dtype=torch.float64)
    found = calcbench.check(lambda x: (Sine.apply(x) ** 2).sum(), x=x, operator="hvp")
    assert found.status == "disagree"
    none = calcbench.check(lambda x: (Sine.apply(x) ** 2).sum(), x=x, operator="pushforward")
    assert none.status == "error"  # the rule has no forward mode


def test_power_of_two_numbers_of_the_argument_at_0_is_told_by_its_operation():
    found = calcbench.check(lambda x: x[0] ** x[1], x=torch.tensor([0.0, 2.0]).double())
    assert found.reason.startswith("0·∞ in the chain rule at **")
    assert found.witnessed


def test_gelu_far_to_the_left_is_as_precise_as_torch_has_it():
    x = torch.tensor([-4.5, -5.5, -7.0, 3.0], dtype=torch.float64)
    weight = torch.tensor([1.0, 1e3, -2.0, 1e-6], dtype=torch.float64)
    assert calcbench.check(lambda x: (weight * F.gelu(x)).sum(), x=x).ok
    assert calcbench.check(lambda x: (weight * F.gelu(x, approximate="tanh")).sum(), x=x).ok


def test_attention_whose_weights_are_almost_one_is_not_condemned():
    generator = torch.Generator().manual_seed(5)

    def loss(q, k, v):
        return (F.scaled_dot_product_attention(q, k, v, is_causal=True) ** 3).sum()

    def product(q, k, v, along):
        with sdpa_kernel(SDPBackend.MATH):  # the other kernel has no second derivative
            return torch.autograd.functional.hvp(loss, (q, k, v), along)[1]

    for spread in (1, 3, 10, 10):
        q, k, v = (spread * torch.randn(1, 2, 4, 3, generator=generator).double() for _ in range(3))
        found = calcbench.check(loss, x=(q, k, v))
        assert found.ok, found
    x = (q / 10, k / 10, v / 10)
    assert calcbench.check(loss, product, x, operator="hvp").ok


@pytest.mark.parametrize("coarse", [torch.bfloat16, torch.float16])
def test_roundings_that_nobody_knows_have_no_witness(coarse):
    x = torch.linspace(-1, 2, 4, dtype=torch.float64)
    found = calcbench.check(lambda x: (2 * x.to(coarse)).double().sum(), x=x)
    assert found.status == "not certified"
    assert "float16" in found.reason
    assert found.witness is None
