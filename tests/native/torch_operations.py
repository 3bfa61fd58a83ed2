"""Operations of torch, each in a function of three numbers between 0.5 and 1.7: name → function."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (as everybody calls it)

double = {"dtype": torch.float64}
WEIGHTS = torch.arange(1.0, 4.0, **double)
PLACES = torch.tensor([0, 1, 0])

FUNCTIONS = [
    "abs", "asinh", "atan", "ceil", "cos", "cosh", "erf", "erfc", "exp", "expm1", "exp2",
    "floor", "frac", "lgamma", "log", "log10", "log1p", "log2", "reciprocal", "relu", "round",
    "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh", "trunc",
]  # fmt: skip
INSIDE = ["acos", "asin", "atanh", "erfinv", "logit"]
ACTIVATIONS = [
    "celu", "elu", "gelu", "glu", "hardshrink", "hardswish", "hardtanh", "leaky_relu",
    "logsigmoid", "mish", "relu6", "rrelu", "selu", "silu", "softplus", "softshrink",
    "softsign", "tanhshrink",
]  # fmt: skip
LOSSES = [
    "binary_cross_entropy_with_logits", "hinge_embedding_loss", "huber_loss", "kl_div",
    "l1_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss",
]  # fmt: skip


def stack(x):
    """Make two matrices, without symmetry."""
    return torch.stack([square(x) + x, square(x[[2, 0, 1]]) * x])


def square(x):
    """Make a matrix with positive eigenvalues."""
    return x.outer(x) + torch.diag(x + 1) + x.sum().sin() * torch.eye(3, **double).flip(0)


def image(x, channels=2, size=4):
    """Make a picture, all of whose numbers differ."""
    count = channels * size * size
    return (x.repeat(count)[:count] * torch.arange(count, **double).cos()).reshape(
        1, channels, size, size
    )


def seeded(make):
    """Make a module, the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make().double().requires_grad_(False)


MODULES = {
    "Conv1d": (lambda: nn.Conv1d(2, 4, 3, stride=2, padding=2, dilation=2, groups=2), 3),
    "Conv2d reflecting": (lambda: nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), 4),
    "Conv3d": (lambda: nn.Conv3d(1, 2, 2), 5),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 2, 3, dilation=2), 3),
    "ConvTranspose2d": (
        lambda: nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2),
        4,
    ),
    "MaxPool2d": (lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True), 4),
    "AvgPool2d": (lambda: nn.AvgPool2d(3, 2, 1), 4),
    "AvgPool1d": (lambda: nn.AvgPool1d(2), 3),
    "AvgPool2d of what is there": (
        lambda: nn.AvgPool2d((3, 2), (2, 1), 1, ceil_mode=True, count_include_pad=False),
        4,
    ),
    "AvgPool2d beyond": (lambda: nn.AvgPool2d(3, 2, 1, ceil_mode=True), 4),
    "AvgPool3d": (lambda: nn.AvgPool3d((3, 2, 2), divisor_override=5), 5),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((2, 3)), 4),
    "Upsample": (lambda: nn.Upsample(scale_factor=2), 4),
    "Upsample bilinear": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), 4),
    "PixelShuffle": (lambda: nn.Sequential(nn.Conv2d(2, 4, 1), nn.PixelShuffle(2)), 4),
    "Unfold": (lambda: nn.Unfold(2), 4),
    "Fold": (lambda: nn.Sequential(nn.Unfold(2), nn.Fold((4, 4), 2)), 4),
    "ReplicationPad2d": (lambda: nn.ReplicationPad2d(1), 4),
    "ConstantPad2d": (lambda: nn.ConstantPad2d(1, 1.5), 4),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(2, affine=True), 4),
    "GroupNorm": (lambda: nn.GroupNorm(1, 2), 4),
    "RMSNorm": (lambda: nn.RMSNorm(4), 4),
    "LocalResponseNorm": (lambda: nn.LocalResponseNorm(2), 4),
    "PReLU": (nn.PReLU, 4),
    "Bilinear": (lambda: _Twice(nn.Bilinear(4, 4, 2)), 4),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3)), 4),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), 4),
    "GRU": (lambda: _First(nn.GRU(4, 3)), 3),
    "LSTM, two layers": (lambda: _First(nn.LSTM(4, 3, 2, bidirectional=True, proj_size=2)), 3),
    "MultiheadAttention": (lambda: _First(nn.MultiheadAttention(4, 2), 3), 3),
}
"""Name → (how to make it, the axes of its input)."""


class _First(nn.Module):
    """Gives the first of several results, of one input or of copies of it."""

    def __init__(self, inside, copies=1):
        super().__init__()
        self.inside, self.copies = inside, copies

    def forward(self, x):
        return self.inside(*(x,) * self.copies)[0]


class _Twice(nn.Module):
    """Gives an input to both sides of a layer."""

    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def forward(self, x):
        return self.inside(x, 2 * x)


def _through(name):
    make, axes = MODULES[name]

    def f(x):
        picture = image(x)
        given = {3: picture[0].reshape(4, 2, 4).mT if "Conv" in name else picture[0]}
        given |= {4: picture, 5: picture[:, :1, None].repeat(1, 1, 3, 1, 1)}
        shaped = given[axes]
        shaped = shaped[:, :2] if "Conv" in name and axes == 3 else shaped
        found = seeded(make)(shaped)
        return (found**2 * torch.arange(1.0, found.numel() + 1, **double).view_as(found)).sum()

    return f


def _weighted(name, factor=1.0):
    return lambda x: (getattr(torch, name)(x * factor) * WEIGHTS).sum()


def _activated(name):
    return lambda x: (getattr(F, name)(torch.cat([x, 0.6 - x])) ** 2).sum()


def _lost(name):
    return lambda x: getattr(F, name)(x - 1, WEIGHTS / 4)


def filled(x, dtype):
    """Write numbers into a tensor that cannot hold them."""
    target = torch.zeros(3, dtype=dtype)
    target[:] = 3 * x
    return target


OPERATIONS = {
    **{n: _weighted(n) for n in FUNCTIONS},
    **{n: _weighted(n, 0.5) for n in INSIDE},
    **{n: _activated(n) for n in ACTIVATIONS},
    **{n: _lost(n) for n in LOSSES},
    **{n: _through(n) for n in MODULES},
    "powers": lambda x: (x**0.5 + x**x + 2**x + x**-2 + x**0 + x**WEIGHTS).sum(),
    "prod": lambda x: x.prod() + (x.cumprod(0) * x.logcumsumexp(0)).sum(),
    "moments": lambda x: x.std() + x.var(unbiased=False) + torch.cov(x.outer(x) ** 2).sum(),
    "order": lambda x: (
        x.median() * x.topk(2)[0].prod() + x.amax() * x.amin() + x.cummax(0)[0].sum()
    ),
    "norms": lambda x: x.norm() + x.norm(1) + x.norm(float("inf")) + x.norm(3),
    "pairs": lambda x: torch.hypot(x, x + 1).sum() + torch.atan2(x, x.flip(0) + 1).prod(),
    "parts": lambda x: (torch.fmod(x * 3, 1) + torch.remainder(x * 3, 0.8)).sum(),
    "special": lambda x: (torch.xlogy(x, x) + torch.special.i0e(x) + torch.special.ndtr(x)).sum(),
    "clamped": lambda x: x.clamp(0.6, 0.9).sum() + torch.clamp(x, max=x.flip(0)).sum(),
    "chosen": lambda x: torch.where(x > 0.8, x**2, x * 3).sum() / (x > 0.8).sum(),
    "einsum": lambda x: torch.einsum("i,j,i->j", x, x, x).sum() + torch.kron(x, x).sum(),
    "cross": lambda x: (torch.linalg.cross(x, x.flip(0)) ** 2).sum(),
    "moved": lambda x: (x.roll(1) * x).sum() + (x.outer(x).rot90() * WEIGHTS).tril().sum(),
    "added at places": lambda x: (
        torch.zeros(2, **double).scatter_add(0, PLACES, x).prod()
        + torch.ones(2, **double).index_add(0, PLACES, x, alpha=2).prod()
        + torch.zeros(2, **double).index_put((PLACES,), x, accumulate=True).prod()
        + torch.ones(2, 2, **double).put(3 * PLACES, x, accumulate=True)[1, 1]
        + torch.ones(2, 2, **double).put(-PLACES[:, None], x[:, None], accumulate=True).prod()
        + torch.ones(2, **double).put(PLACES[1:], x[1:]).prod()
    ),
    "nothing left": lambda x: (
        (x * torch.native_dropout(x, 1.0, True)[0]).sum()
        + torch.native_dropout(x, 0.0, None)[0].prod()
        + F.dropout(x, 1.0).sum()
    ),
    "root mean square": lambda x: (F.rms_norm(1e-4 * x.float(), (3,)) * x.float()).sum(),
    "put together at held places": lambda x: (
        x.detach().new_ones(2).scatter(0, PLACES, x.detach(), reduce="multiply").sum()
        * torch.ones(2, **double).scatter(0, PLACES, 2.5, reduce="add").prod()
        * x.sum()
    ),
    "whole numbers": lambda x: (x * (x * 3).long() * torch.searchsorted(WEIGHTS / 2, x)).sum(),
    "integer targets": lambda x: (x * filled(x, torch.long) * filled(x, torch.bool)).sum(),
    "integer dtypes": lambda x: (
        x.sum() * (3 * x.detach()).sum(dtype=torch.int64) * x.detach().cumsum(0, dtype=torch.int32)
    ).sum(),
    "arithmetic of integers": lambda x: (x * (((7 * x).long() * 3 + 1) // 2 % 5)).sum(),
    "bits": lambda x: (x * ~x.argmax() * (x.argsort() & 1 | 4) * ~((x > 1) ** 2)).sum(),
    "distances": lambda x: torch.cdist(square(x), x.outer(x)).sum() + F.pdist(square(x)).sum(),
    "products": lambda x: torch.addmm(square(x), square(x), square(x), beta=0.5, alpha=2).sum(),
    "inverse": lambda x: torch.linalg.inv(square(x)).sum() + square(x).logdet(),
    "determinant": lambda x: square(x).det() + torch.linalg.matrix_power(square(x), 3).trace(),
    "solutions": lambda x: (
        torch.linalg.solve(square(x), x).sum()
        + torch.linalg.solve(square(x), x[None], left=False).prod()
        + torch.cholesky_solve(x[:, None], torch.linalg.cholesky(square(x).T @ square(x))).sum()
    ),
    "eigenvectors": lambda x: (torch.linalg.eigh(square(x))[1][:, 0] ** 2 * WEIGHTS).sum(),
    "of a number": lambda x: x[0] * x[1].softmax(0) + x[1].log_softmax(-1) + x[2].sum(0),
    "factors of a batch": lambda x: sum(
        (part[..., 0] ** 3).sum()
        for part in (*torch.linalg.svd(stack(x)), *torch.linalg.qr(stack(x)))
    ),
    "singular values": lambda x: torch.linalg.matrix_norm(square(x), "nuc"),
    "qr": lambda x: torch.linalg.qr(square(x))[1].diagonal().abs().log().sum(),
    "exponential": lambda x: torch.linalg.matrix_exp(square(x) / 5).sum(),
    "cross-entropy": lambda x: F.cross_entropy(
        x.outer(x), torch.tensor([0, -100, 1]), weight=WEIGHTS, label_smoothing=0.1
    ),
    "positive weights": lambda x: F.binary_cross_entropy_with_logits(
        x, torch.tensor([1.0, 0.0, 1.0], **double), weight=WEIGHTS, pos_weight=WEIGHTS.sum()
    ),
    "distributions": lambda x: (
        torch.distributions.Gamma(x[0], x[1]).log_prob(x[2])
        + torch.distributions.Beta(x[0], x[1]).log_prob(x[2] / 2)
        + torch.distributions.StudentT(x[0] + 1, x[1], x[2]).log_prob(x[0])
    ),
}
