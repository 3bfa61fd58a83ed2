"""The vocabulary in PyTorch. It imports PyTorch: only `namespace` may import it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from calcbench.vocabulary.axes import as_indices, require_thin, running_axis
from calcbench.vocabulary.composed import approximations, control
from calcbench.vocabulary.duals import check_number
from calcbench.vocabulary.loops import KNOWN
from calcbench.vocabulary.namespace import Namespace, natively
from calcbench.vocabulary.windows import each, paddings

SAME = (
    *("square", "reciprocal", "exp2", "log2", "log10", "hypot", "sinh", "cosh", "asinh", "acosh"),
    *("atanh", "asin", "acos", "atan2", "ceil", "sign", "moveaxis", "sigmoid", "logical_or"),
)
"""Names that follow from others, and that torch has: one operation, and the same."""


def softplus(x: Any) -> Any:
    """Compute log(1 + eˣ), which torch by itself takes for x from 20 on, an error of 2e-9."""
    return torch.nn.functional.softplus(x, threshold=40.0)


def logaddexp(x: Any, y: Any) -> Any:
    """Compute log(eˣ + eʸ); the second derivatives of torch's own are NaN where eˣ⁻ʸ overflows."""
    first = x >= y
    larger, smaller = torch.where(first, x, y), torch.where(first, y, x)
    return larger + softplus(smaller - torch.where(larger == -torch.inf, 0.0, larger))


def with_number(function: Callable[..., Any], dtype: Any) -> Callable[[Any, Any], Any]:
    """Let the arguments of a function be numbers, which torch wants as tensors."""

    def apply(x: Any, y: Any) -> Any:
        if not isinstance(y, torch.Tensor):
            y = torch.as_tensor(y, dtype=x.dtype if isinstance(x, torch.Tensor) else dtype)
        if not isinstance(x, torch.Tensor):
            x = torch.as_tensor(x, dtype=y.dtype)
        return function(x, y)

    return apply


def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Spell `axis=None` and `keepdims` as in the array API; torch says dim and keepdim."""

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        dim = tuple(range(x.ndim)) if axis is None else axis
        return function(x, dim=dim, keepdim=keepdims)

    return reduce


def short_reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Spell `axis` and `keepdims` so for sum and mean, which have a shorter call without a dim."""

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if axis is None and not keepdims:
            return function(x)
        dim = tuple(range(x.ndim)) if axis is None else axis
        return function(x, dim=dim, keepdim=keepdims)

    return reduce


def where_in(dtype: Any) -> Callable[[Any, Any, Any], Any]:
    """Build `where`; of two numbers torch would make its default dtype, float32."""

    def where(condition: Any, x: Any, y: Any) -> Any:
        if not (isinstance(x, torch.Tensor) or isinstance(y, torch.Tensor)):
            x = torch.as_tensor(x, dtype=dtype)
        return torch.where(condition if condition.dtype == torch.bool else condition != 0, x, y)

    return where


def stack_in(dtype: Any) -> Callable[..., Any]:
    """Build `stack`, among whose arrays numbers may stand."""
    is_tensor = torch.is_tensor

    def stack(arrays: Any, axis: int = 0) -> Any:
        tensors = [a if is_tensor(a) else torch.as_tensor(a, dtype=dtype) for a in arrays]
        return torch.stack(tensors, dim=axis)

    return stack


def constant_in(dtype: Any) -> Callable[[Any], Any]:
    """Build `asarray`; integers and booleans stay what they are."""

    def constant(value: Any) -> Any:
        tensor = torch.as_tensor(np.asarray(value))
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    return constant


def unstack_in(dtype: Any) -> Callable[..., Any]:
    """Build `unstack`, and so what `scan` reads: of NumPy's arrays, too, as by `x[k]`."""
    constant = constant_in(dtype)

    def unstack(x: Any, axis: int = 0) -> Any:
        return torch.unbind(x if torch.is_tensor(x) else constant(x), axis)

    return unstack


FEW = 8
"""Slices that a scan unstacks at once."""


def scan_in(dtype: Any) -> Callable[..., Any]:
    """Build `scan`, which takes an array's slices by halves of halves, each when its turn comes.

    Were they unstacked at once, their derivatives would wait for each other. Where each is one
    number, and the state is large, they would lie scattered between the arrays of the way back,
    whose memory could not be used again: `llsq` of 16,392 points would take twice as long.
    """
    unstack = unstack_in(dtype)

    def by_halves(x: Any) -> Iterator[Any]:
        if len(x) <= FEW or not torch.is_tensor(x):
            yield from unstack(x)
        else:
            for half in torch.split(x, -(-len(x) // 2)):
                yield from by_halves(half)

    return functools.partial(
        control.scan, SimpleNamespace(unstack=by_halves, stack=stack_in(dtype))
    )


def flip(x: Any, axis: int | None = None) -> Any:
    """Reverse the order along one axis, or along all."""
    return torch.flip(x, tuple(range(x.ndim)) if axis is None else (axis,))


def prod(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Multiply all numbers, or those along one axis; all, torch does without a keepdim."""
    if axis is not None:
        return torch.prod(x, axis, keepdim=keepdims)
    return torch.prod(x).reshape((1,) * x.ndim) if keepdims else torch.prod(x)


def share(function: Callable[..., Any]) -> Callable[..., Any]:
    """Build `softmax` or `log_softmax`, which torch takes along one axis."""

    def apply(x: Any, axis: int | None = None) -> Any:
        if axis is None:
            return function(x.reshape(-1), 0).reshape(x.shape)
        return function(x, axis)

    return apply


def matrix_transpose(x: Any) -> Any:
    """Swap the last two axes."""
    return x.mT


def concat(arrays: Any, axis: int = 0) -> Any:
    """Join arrays, in a list or a tuple, along an axis."""
    return torch.concat(list(arrays), dim=axis)


def from_start(indices: Any, count: int) -> Any:
    """Count from the start what counts from the end, which torch itself does not take."""
    return torch.where(indices < 0, indices + count, indices)


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices by integer index, of any shape; torch.index_select wants a vector.

    It refuses negative indices by itself: to look for them before would take longer than it does.
    """
    indices = torch.as_tensor(as_indices(indices))
    try:
        flat = torch.index_select(x, axis, indices.reshape(-1))
    except (IndexError, RuntimeError):
        counted = from_start(indices, x.shape[axis])
        flat = torch.index_select(x, axis, counted.reshape(-1))
    axis %= x.ndim
    return flat.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def take_compiled(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices as `take` does, with a derivative that is right compiled under `vmap` as well.

    That of index_select is not there (PyTorch 2.13): the sums of all of a batch are added up in one
    place, which all of it is then read from, or what is written goes beyond the end of memory.
    """
    indices, axis = torch.as_tensor(as_indices(indices)), axis % x.ndim
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    flat = from_start(indices, x.shape[axis]).reshape((-1, *(1 for _ in after)))
    places = flat.expand((*before, -1, *after))
    return torch.gather(x, axis, places).reshape((*before, *indices.shape, *after))


def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    """Take elements by integer index."""
    return torch.take_along_dim(x, torch.as_tensor(indices), axis)


def argsort(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Find the indices that sort x, of equals the first first, which torch does on demand."""
    return torch.argsort(x, dim=axis, descending=descending, stable=True)


def sort(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Put numbers in order along an axis; equals keep theirs."""
    return torch.sort(x, dim=axis, descending=descending, stable=True)[0]


def place(function: Callable[..., Any]) -> Callable[..., Any]:
    """Spell `axis` and `keepdims` so for torch.argmax and argmin; without a dim, they flatten."""

    def find(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        if axis is None and keepdims:
            return function(x).reshape((1,) * x.ndim)
        return function(x, dim=axis, keepdim=keepdims)

    return find


def condition(function: Callable[..., Any]) -> Callable[..., Any]:
    """Spell `axis` and `keepdims` so for torch.all and any."""

    def hold(p: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(p, dim=tuple(range(p.ndim)) if axis is None else axis, keepdim=keepdims)

    return hold


def convolution(dims: int) -> Callable[..., Any]:
    """Build `conv1d` or `conv2d`, which torch calls so too, and pads with numbers alone."""
    function = getattr(torch.nn.functional, f"conv{dims}d")

    def convolve(x: Any, kernel: Any, stride: Any = 1, padding: Any = 0) -> Any:
        strides = each(stride, dims)
        around = paddings(x, kernel, strides, padding)
        if all(before == after for before, after in around):
            return function(x, kernel, stride=strides, padding=[before for before, _ in around])
        widths = [width for pair in reversed(around) for width in pair]
        return function(torch.nn.functional.pad(x, widths), kernel, stride=strides)

    return convolve


def cholesky(x: Any) -> Any:
    """Factor (x + xᵀ)/2, so that both triangles count alike; torch reads the lower one alone."""
    return torch.linalg.cholesky((x + x.mT) / 2)


def slogdet(x: Any) -> tuple[Any, ...]:
    """Give (sign, log |det x|) as a plain tuple."""
    return tuple(torch.linalg.slogdet(x))


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """Solve a x = b for a vector or matrix b; torch takes no vector."""
    if b.ndim == a.ndim - 1:
        return torch.linalg.solve_triangular(a, b[..., None], upper=not lower)[..., 0]
    return torch.linalg.solve_triangular(a, b, upper=not lower)


def eigh(x: Any) -> tuple[Any, ...]:
    """Give eigenvalues and eigenvectors of (x + xᵀ)/2 as a plain tuple."""
    return tuple(torch.linalg.eigh((x + x.mT) / 2))


def svd(x: Any, full_matrices: bool = True) -> tuple[Any, ...]:
    """Give (U, s, Vᵀ) as a plain tuple; of a matrix that is not square, without further columns."""
    require_thin(x.shape, full_matrices)
    return tuple(torch.linalg.svd(x, full_matrices=False))


def polygamma(n: int, x: Any) -> Any:
    """Compute the n-th derivative of digamma; torch's own (2.13) is off by 5e-10 for n = 1."""
    return torch.special.polygamma(n, x) if n > 1 else approximations.polygamma(torch, n, x)


def numbers_of(f: Callable[..., Any], dtype: Any) -> Callable[..., Any]:
    """Let a function give a tensor, and check that it is one number."""

    def number(*arguments: Any) -> Any:
        y = torch.as_tensor(f(*arguments), dtype=dtype)
        check_number(y)
        return y

    return number


def grad_in(dtype: Any) -> Callable[..., Any]:
    """Build `grad`, by torch.func, which other transforms see through."""

    def grad(f: Callable[..., Any]) -> Callable[..., Any]:
        slopes = torch.func.grad(numbers_of(f, dtype))
        return lambda x, *others: slopes(torch.as_tensor(x, dtype=dtype), *others)

    return grad


def tape_grad_in(dtype: Any) -> Callable[..., Any]:
    """Build `grad` for code on a tape or on torch's duals, at less than half of torch.func's time.

    The derivative is by a view of x, so that x itself, and what f holds that depends on it, are
    constant. It is recorded in its turn, unless recording is off.
    """

    def grad(f: Callable[..., Any]) -> Callable[..., Any]:
        number = numbers_of(f, dtype)

        def slopes(x: Any, *others: Any) -> Any:
            recording = torch.is_grad_enabled()
            x = torch.as_tensor(x, dtype=dtype)
            with torch.enable_grad():
                moving = x.view_as(x)
                moving.requires_grad_()
                y = number(moving, *others)
                if not y.requires_grad:
                    return torch.zeros_like(x)
                (slope,) = torch.autograd.grad(y, moving, create_graph=recording, allow_unused=True)
            return torch.zeros_like(x) if slope is None else slope

        return slopes

    return grad


def namespace(dtype: str, mode: str) -> Namespace:
    """Build the vocabulary; numbers that meet no tensor take `dtype`.

    torch.compile asks no condition inside a derivative (2.13: neither Python's `if` nor
    torch.cond): compiled loops and branches are those of `vocabulary.composed.control`.
    """
    floating, compiled = getattr(torch, dtype), mode == "compile"
    return Namespace.over(
        torch,
        {
            "asarray": constant_in(floating),
            "gammaln": torch.lgamma,
            "polygamma": polygamma,
            **natively(torch.special, "erfinv", "log_ndtr", "i0e"),
            "softplus": softplus,
            "maximum": with_number(torch.maximum, floating),
            "minimum": with_number(torch.minimum, floating),
            "logaddexp": with_number(logaddexp, floating),
            "where": where_in(floating),
            "sum": short_reduction(torch.sum),
            "mean": short_reduction(torch.mean),
            "max": reduction(torch.amax),
            "logsumexp": reduction(torch.logsumexp),
            "cumulative_sum": lambda x, axis=None: torch.cumsum(x, running_axis(x, axis)),
            "cumulative_prod": lambda x, axis=None: torch.cumprod(x, running_axis(x, axis)),
            **natively(torch, *SAME),
            "min": reduction(torch.amin),
            "permute_dims": torch.permute,
            "broadcast_to": torch.broadcast_to,
            "tril": lambda x, k=0: torch.tril(x, k),
            "triu": lambda x, k=0: torch.triu(x, k),
            "flip": flip,
            "prod": prod,
            "softmax": share(torch.softmax),
            "log_softmax": share(torch.log_softmax),
            "matrix_transpose": matrix_transpose,
            "concat": concat,
            "stack": stack_in(floating),
            "unstack": unstack_in(floating),
            **({} if compiled else {"scan": scan_in(floating)}),
            "take": take_compiled if compiled else take,
            "take_along_axis": take_along_axis,
            "argsort": argsort,
            "sort": sort,
            "argmax": place(torch.argmax),
            "argmin": place(torch.argmin),
            "all": condition(torch.all),
            "any": condition(torch.any),
            "conv1d": convolution(1),
            "conv2d": convolution(2),
            "isnan": torch.isnan,
            "isfinite": torch.isfinite,
            "linalg.cholesky": cholesky,
            "linalg.solve_triangular": solve_triangular,
            "linalg.eigh": eigh,
            "linalg.eigvalsh": lambda x: torch.linalg.eigvalsh((x + x.mT) / 2),
            "linalg.svd": svd,
            "linalg.svdvals": torch.linalg.svdvals,
            "linalg.qr": lambda x: tuple(torch.linalg.qr(x)),
            "linalg.expm": torch.linalg.matrix_exp,
            "linalg.slogdet": slogdet,
            **({} if compiled else KNOWN),
            "stop_gradient": lambda x: x.detach(),
            "grad": tape_grad_in(floating) if mode == "eager" else grad_in(floating),
        },
    )
