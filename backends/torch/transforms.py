"""Operators by torch.func's transforms (func and compile modes).

Each function takes the module `torch` and a native function, and returns its derivative as one.
"""

from __future__ import annotations

from typing import Any

from calcbench.operators.function import Derived, Function

from .tape import cut, flat


def func_pullback(torch: Any, function: Function) -> Derived:
    """Multiply a cotangent by the Jacobian with `torch.func.vjp`."""

    def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
        vjp = torch.func.vjp(lambda *p: function.apply(p, data), *parameters)[1]
        return vjp(cotangent)

    return Derived(pull, "reverse")


def func_pushforward(torch: Any, function: Function) -> Derived:
    """Multiply the Jacobian by a direction with `torch.func.jvp`."""

    def push(parameters: Any, data: Any, direction: Any) -> Any:
        return torch.func.jvp(lambda *p: function.apply(p, data), parameters, direction)[1]

    return Derived(push, "forward")


def func_value_and_gradient(torch: Any, function: Function) -> Derived:
    """Take value and gradient together with `torch.func.grad_and_value`."""
    transformed = torch.func.grad_and_value(function.apply)

    def both(parameters: Any, data: Any) -> Any:
        partials, value = transformed(parameters, data)
        return value, partials

    return Derived(both, "reverse, one sweep")


def func_jacobian(torch: Any, function: Function) -> Derived:
    """Take whichever of columns (`jacfwd`) and rows (`jacrev`) are fewer."""
    if function.components <= function.value[0]:
        return Derived(torch.func.jacfwd(function.apply), "forward, columns at once")
    return Derived(torch.func.jacrev(function.apply), "reverse, rows at once")


def func_hvp(torch: Any, function: Function) -> Derived:
    """Pull the gradient back: the Hessian is symmetric, so that this is H v."""
    both = func_gradient_and_hvp(torch, function).apply
    return Derived(lambda p, d, v: both(p, d, v)[1], "reverse over reverse")


def func_gradient_and_hvp(torch: Any, function: Function) -> Derived:
    """Keep the gradient, too, that is pulled back."""
    slopes = torch.func.grad(function.apply)

    def both(parameters: Any, data: Any, direction: Any) -> Any:
        found, vjp = torch.func.vjp(lambda *p: slopes(p, data), *parameters)
        return found, vjp(direction)

    return Derived(both, "reverse over reverse, one sweep")


def several(product: Any) -> Any:
    """Make `product(torch, function)` take several seeds at once, along a first axis."""

    def at_once(torch: Any, function: Function) -> Derived:
        apply, method, _ = product(torch, function)
        return Derived(torch.func.vmap(apply, in_dims=(None, None, 0)), method)

    return at_once


def func_hessian(torch: Any, function: Function) -> Derived:
    """Take all second partials with `torch.func.hessian`."""
    return Derived(torch.func.hessian(function.apply), "forward over reverse, columns at once")


# In `jvp`, and so in `jacfwd` and `hessian`, the tangent of 2.0*t is float64 where t is a float32
# of no dimensions (PyTorch 2.13). To cast the result would be too late: a matmul further on
# refuses to mix the two. Neither a dual outside torch.func nor reverse over reverse does so.


def single_jacobian(torch: Any, function: Function) -> Derived:
    """Go by rows, or by the rows of the transpose, without `jvp` (as `tape_jacobian`)."""
    if function.components > function.value[0]:
        return func_jacobian(torch, function)

    def by_columns(parameters: Any, data: Any) -> Any:
        value, pull = torch.func.vjp(lambda *p: function.apply(p, data), *parameters)
        transpose = torch.func.jacrev(lambda u: flat(torch, pull(u)))(torch.zeros_like(value))
        return cut(torch, transpose.T, parameters)

    return Derived(by_columns, "reverse over reverse, columns at once")


def single_pushforwards(torch: Any, function: Function) -> Derived:
    """Multiply by several directions without `jvp`: pull the pullback back."""

    def push(parameters: Any, data: Any, directions: Any) -> Any:
        value, pull = torch.func.vjp(lambda *p: function.apply(p, data), *parameters)
        twice = torch.func.vjp(pull, torch.zeros_like(value))[1]
        return torch.func.vmap(lambda *direction: twice(direction)[0])(*directions)

    return Derived(push, "reverse over reverse")


def single_hessian(torch: Any, function: Function) -> Derived:
    """Take all second partials without `jvp`: `jacrev` of the gradient."""
    slopes = torch.func.grad(function.apply)
    return Derived(torch.func.jacrev(slopes), "reverse over reverse, rows at once")
