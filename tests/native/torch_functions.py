"""Functions of torch as people write them, to be checked as they are: name → (function, x)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F  # noqa: N812 (as everybody calls it)

KINDS: dict[str, tuple[Callable[..., Any], Any]] = {}
"""The kinds that a check must certify."""


GENERATOR = torch.Generator().manual_seed(10)


def numbers(*shape):
    """Draw numbers, the next ones of a fixed sequence."""
    return torch.randn(*shape, dtype=torch.float64, generator=GENERATOR)


def kind(name, *x):
    """Keep a function among the kinds, with its argument, or several."""

    def keep(function):
        KINDS[name] = function, x[0] if len(x) == 1 else x
        return function

    return keep


X, Y, LABELS = numbers(12, 5), (numbers(12) > 0).double(), torch.arange(12) % 3


@kind("logistic", numbers(5))
def logistic(w):
    return F.binary_cross_entropy_with_logits(X @ w, Y)


@kind("softmax cross-entropy", numbers(5, 3))
def softmax_cross_entropy(w):
    return F.cross_entropy(X @ w, LABELS)


for activation in (torch.tanh, F.relu, F.gelu):

    @kind(f"MLP {activation.__name__}", numbers(5, 4), numbers(4), numbers(4))
    def mlp(a, b, c, activation=activation):
        return 0.5 * ((activation(X @ a + b) @ c - Y) ** 2).mean()


@kind("layer norm", numbers(3, 6), numbers(6), numbers(6))
def layer_norm(x, w, b):
    return (X[:3, :1] * F.layer_norm(x, (6,), w, b) ** 2).sum()


@kind("attention with mask", numbers(4, 3), numbers(4, 3), numbers(4, 3))
def attention(q, k, v):
    scores = (q @ k.T) / 3**0.5
    mask = torch.ones(4, 4).triu(1).bool()
    return ((scores.masked_fill(mask, -torch.inf).softmax(-1) @ v) ** 2).sum()


for options in ({}, {"is_causal": True}, {"attn_mask": torch.ones(4, 4).triu().bool()}):

    @kind(f"scaled_dot_product_attention {[*options]}", *(numbers(1, 2, 4, 3) for _ in range(3)))
    def fused_attention(q, k, v, options=options):
        return (F.scaled_dot_product_attention(q, k, v, **options) ** 3).sum()


IMAGE = numbers(1, 2, 6, 6)


@kind("convolution", numbers(3, 2, 3, 3), numbers(3))
def convolution(w, b):
    return F.max_pool2d(torch.tanh(F.conv2d(IMAGE, w, b, padding=1)), 2).pow(2).sum()


TIMES = torch.linspace(0, 1, 6, dtype=torch.float64)


@kind("Gaussian process by Cholesky", torch.tensor([0.1, -0.5, -1.0], dtype=torch.float64))
def gaussian_process(t):
    squares = (TIMES[:, None] - TIMES) ** 2
    noise = torch.exp(2 * t[2]) * torch.eye(6, dtype=torch.float64)
    covariance = torch.exp(2 * t[0] - squares / 2 * torch.exp(-2 * t[1])) + noise
    factor = torch.linalg.cholesky(covariance)
    a = torch.linalg.solve_triangular(factor, torch.sin(5 * TIMES)[:, None], upper=False)
    return 0.5 * (a * a).sum() + factor.diagonal().log().sum()


def parameters(module):
    """Copy a module's parameters: name → tensor."""
    return {name: p.detach().clone() for name, p in module.named_parameters()}


def module(make, *shape):
    """Make a module of float64 and its parameters, the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = make().double()
    return made, parameters(made)


LSTM, LSTM_PARAMETERS = module(lambda: nn.LSTM(2, 3))
SEQUENCE = numbers(4, 1, 2)


@kind("nn.LSTM", LSTM_PARAMETERS)
def lstm(p):
    return functional_call(LSTM, p, (SEQUENCE,))[0].pow(2).sum()


NORMALIZED, NORMALIZED_PARAMETERS = module(
    lambda: nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))
)


for training in (False, True):

    @kind(f"BatchNorm, training={training}", NORMALIZED_PARAMETERS)
    def batch_norm(p, training=training):
        NORMALIZED.train(training)
        return F.cross_entropy(functional_call(NORMALIZED, p, (X,)), LABELS)


class Swish(torch.autograd.Function):
    """x·σ(x) + b, with a derivative by hand, which may be wrong."""

    fault = ""

    @staticmethod
    def forward(ctx, x, b):
        ctx.save_for_backward(x, b)
        return x * torch.sigmoid(x) + b

    @staticmethod
    def backward(ctx, g):
        x, _ = ctx.saved_tensors
        s = torch.sigmoid(x)
        by_x, by_b = g * (s + x * s * (1 - s)), g.sum(0)
        return FAULTS[Swish.fault](g, x, s, by_x, by_b)


FAULTS = {
    "": lambda g, x, s, by_x, by_b: (by_x, by_b),
    "factor": lambda g, x, s, by_x, by_b: (2 * by_x, by_b),
    "sign": lambda g, x, s, by_x, by_b: (g * (s - x * s * (1 - s)), by_b),
    "1e-5": lambda g, x, s, by_x, by_b: (by_x * (1 + 1e-5), by_b),
    "1e-9": lambda g, x, s, by_x, by_b: (by_x * (1 + 1e-9), by_b),
    "mean for sum": lambda g, x, s, by_x, by_b: (by_x, g.mean(0)),
    "missing sum": lambda g, x, s, by_x, by_b: (by_x, g[0]),
    "float32": lambda g, x, s, by_x, by_b: (by_x.float().double(), by_b),
}


class PushedSwish(torch.autograd.Function):
    """The same, with a forward mode by hand, which may be wrong."""

    fault = ""

    @staticmethod
    def forward(ctx, x, b):
        ctx.save_for_forward(x)
        return x * torch.sigmoid(x) + b

    @staticmethod
    def jvp(ctx, dx, db):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return PUSH_FAULTS[PushedSwish.fault](x, s, (s + x * s * (1 - s)) * dx, dx, db)


PUSH_FAULTS = {
    "": lambda x, s, by_x, dx, db: by_x + db,
    "factor": lambda x, s, by_x, dx, db: 2 * by_x + db,
    "sign": lambda x, s, by_x, dx, db: (s - x * s * (1 - s)) * dx + db,
    "1e-5": lambda x, s, by_x, dx, db: by_x * (1 + 1e-5) + db,
    "1e-9": lambda x, s, by_x, dx, db: by_x * (1 + 1e-9) + db,
    "mean for sum": lambda x, s, by_x, dx, db: by_x + db / len(x),
    "missing sum": lambda x, s, by_x, dx, db: by_x + torch.eye(len(x))[:, :1].double() * db,
    "float32": lambda x, s, by_x, dx, db: by_x.float().double() + db,
}
"""What the rule gives, of x, σ(x), what is right of x, and the directions."""


@kind("custom rule", numbers(5, 4), numbers(4))
def swish(w, b):
    return (Swish.apply(X @ w, b) ** 2).sum()


TRANSFORMER, TRANSFORMER_PARAMETERS = module(
    lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
)


@kind("transformer layer", TRANSFORMER_PARAMETERS)
def transformer(p):
    return (functional_call(TRANSFORMER, p, (X[None, :3, :4],)) * X[3:6, 1:]).sum()
