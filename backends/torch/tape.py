"""Operators on PyTorch's tape (eager mode).

Each function takes the module `torch` and a native function, and returns its derivative as one.
"""

from __future__ import annotations

from typing import Any

from calcbench.operators.function import Derived, Function


def _variables(parameters: Any) -> Any:
    """Make copies of the parameters that are the leaves of a new tape."""
    return tuple(p.detach().requires_grad_() for p in parameters)


def _sweep(torch: Any, values: Any, variables: Any, cotangents: Any, **options: Any) -> Any:
    """Sweep backward once; zeros for a variable that no value depends on, where torch refuses."""
    pairs = [(v, u) for v, u in zip(values, cotangents, strict=True) if v.requires_grad]
    if not pairs:
        return tuple(map(torch.zeros_like, variables))
    connected, seeds = zip(*pairs, strict=True)
    found = torch.autograd.grad(connected, variables, seeds, allow_unused=True, **options)
    return tuple(
        torch.zeros_like(p) if d is None else d for p, d in zip(variables, found, strict=True)
    )


def _sweeps(torch: Any, values: Any, variables: Any, cotangents: Any) -> Any:
    """Sweep backward for each of several cotangents, stacked along a first axis, all at once."""
    count = cotangents[0].shape[0]
    pairs = [(v, u) for v, u in zip(values, cotangents, strict=True) if v.requires_grad]
    if pairs:
        connected, seeds = zip(*pairs, strict=True)
        found = torch.autograd.grad(
            connected, variables, seeds, allow_unused=True, is_grads_batched=True
        )
    else:
        found = (None,) * len(variables)
    return tuple(
        p.new_zeros((count, *p.shape)) if d is None else d
        for p, d in zip(variables, found, strict=True)
    )


def _rows_of(torch: Any, value: Any, variables: Any) -> Any:
    """Take the Jacobian of a vector: a sweep for each of its components, all at once."""
    units = torch.eye(value.shape[0], dtype=value.dtype)
    return _sweeps(torch, (value,), variables, (units,))


def tape_pullback(torch: Any, function: Function) -> Derived:
    """Sweep backward once, from a cotangent (None is 1)."""

    def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
        variables = _variables(parameters)
        return _sweep(torch, (function.apply(variables, data),), variables, (cotangent,))

    return Derived(pull, "reverse")


def tape_pullbacks(torch: Any, function: Function) -> Derived:
    """Record once, and sweep backward from several cotangents at once."""

    def pull(parameters: Any, data: Any, cotangents: Any) -> Any:
        variables = _variables(parameters)
        return _sweeps(torch, (function.apply(variables, data),), variables, (cotangents,))

    return Derived(pull, "reverse")


def tape_value_and_gradient(torch: Any, function: Function) -> Derived:
    """Sweep backward once, and keep the value that the sweep starts from."""

    def both(parameters: Any, data: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        return value.detach(), _sweep(torch, (value,), variables, (None,))

    return Derived(both, "reverse, one sweep")


def dual_pushforward(torch: Any, function: Function) -> Derived:
    """Evaluate on dual numbers, whose second part is the derivative along a direction."""
    forward = torch.autograd.forward_ad

    def push(parameters: Any, data: Any, direction: Any) -> Any:
        with forward.dual_level():
            value = function.apply(tuple(map(forward.make_dual, parameters, direction)), data)
            slope = forward.unpack_dual(value).tangent
            return torch.zeros_like(value) if slope is None else slope

    return Derived(push, "forward")


def tape_jacobian(torch: Any, function: Function) -> Derived:
    """Go by rows; where columns are fewer, by the rows of the transpose.

    u ↦ Jᵀu is linear in u, so its Jacobian, at any u, is Jᵀ.
    """

    def by_rows(parameters: Any, data: Any) -> Any:
        variables = _variables(parameters)
        return _rows_of(torch, function.apply(variables, data), variables)

    def by_columns(parameters: Any, data: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        anywhere = torch.zeros_like(value, requires_grad=True)
        pulled = _sweep(torch, (value,), variables, (anywhere,), create_graph=True)
        (transpose,) = _rows_of(torch, flat(torch, pulled), (anywhere,))
        return cut(torch, transpose.T, parameters)

    if function.components < function.value[0]:
        return Derived(by_columns, "reverse over reverse, columns at once")
    return Derived(by_rows, "reverse, rows at once")


def tape_hvp(torch: Any, function: Function) -> Derived:
    """Sweep backward through a backward sweep, from a direction."""
    both = tape_gradient_and_hvp(torch, function).apply
    return Derived(lambda p, d, v: both(p, d, v)[1], "reverse over reverse")


def tape_gradient_and_hvp(torch: Any, function: Function) -> Derived:
    """Keep the gradient, too, that the second sweep begins with."""

    def both(parameters: Any, data: Any, direction: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        slopes = _sweep(torch, (value,), variables, (None,), create_graph=True)
        product = _sweep(torch, slopes, variables, direction)
        return tuple(slope.detach() for slope in slopes), product

    return Derived(both, "reverse over reverse, one sweep")


def tape_pushforwards(torch: Any, function: Function) -> Derived:
    """Sweep backward through a backward sweep, from several directions at once.

    u ↦ Jᵀu is linear in u, and J is its transpose.
    """

    def push(parameters: Any, data: Any, directions: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        anywhere = torch.zeros_like(value, requires_grad=True)
        pulled = _sweep(torch, (value,), variables, (anywhere,), create_graph=True)
        return _sweeps(torch, pulled, (anywhere,), directions)[0]

    return Derived(push, "reverse over reverse")


def tape_hvps(torch: Any, function: Function) -> Derived:
    """Sweep backward through a backward sweep, from several directions at once."""

    def hvps(parameters: Any, data: Any, directions: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        slopes = _sweep(torch, (value,), variables, (None,), create_graph=True)
        return _sweeps(torch, slopes, variables, directions)

    return Derived(hvps, "reverse over reverse")


def tape_hessian(torch: Any, function: Function) -> Derived:
    """Sweep backward through a backward sweep, for every component of the gradient at once."""

    def hessian(parameters: Any, data: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        slopes = _sweep(torch, (value,), variables, (None,), create_graph=True)
        return _rows(torch, _rows_of(torch, flat(torch, slopes), variables), parameters)

    return Derived(hessian, "reverse over reverse, rows at once")


def flat(torch: Any, arrays: Any) -> Any:
    """Put tensors end to end, as one vector."""
    return torch.concat([array.reshape(-1) for array in arrays])


def cut(torch: Any, matrix: Any, parameters: Any) -> Any:
    """Cut the columns of a matrix into a tensor (rows, *shape) for each parameter."""
    pieces = torch.split(matrix, [p.numel() for p in parameters], dim=1)
    return tuple(m.reshape((-1, *p.shape)) for m, p in zip(pieces, parameters, strict=True))


def _rows(torch: Any, blocks: Any, parameters: Any) -> Any:
    """Cut blocks (all rows, *shape), one for each parameter, into the rows of each parameter."""
    sizes = [p.numel() for p in parameters]
    return tuple(zip(*(torch.split(block, sizes) for block in blocks), strict=True))
