"""Checking that two functions are the same: the same model in two frameworks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.api.checked import NOT_CERTIFIED
from calcbench.api.checked_same import Same
from calcbench.api.checking import nothing_to_move
from calcbench.api.same_trial import Gradient, SameTrial, Side
from calcbench.errors import SelectorError, short_repr
from calcbench.native.conversion import as_taken
from calcbench.native.front_ends import make
from calcbench.native.function import NotKnown
from calcbench.native.relation import relate
from calcbench.native.trees import function_name
from calcbench.problem.arguments import check_function, check_text, positive, whole_number
from calcbench.problem.problem import Problem


def check_same(
    f: Callable[..., Any],
    g: Callable[..., Any],
    x: Any,
    y: Any = None,
    *,
    grads: tuple[Gradient, Gradient] = (None, None),
    points: int = 1,
    seconds: float = 60,
    names: tuple[str, str] | None = None,
) -> Same:
    """Check that two functions are the same, such as one model in torch and in JAX.

    Both give one real number. The value and the gradient of each are held against the certificate
    of the other (`check`), so that nothing is taken for granted of either; what differs is named,
    and whether that is the function or its gradient alone. The gradients are the frameworks' own,
    or those given as `grads`; of a NumPy function without one the value is compared.

    `x` is what `f` takes, in arrays of its framework or of NumPy. `y` is what `g` takes: left out,
    it is x in g's arrays. Where g keeps its parameters in another form, `y` is a function that
    makes them of x and computes nothing (`lambda w: {"kernel": w["weight"].T, …}`), or the same
    numbers in g's own form, which are found by the names of their arrays, or else by themselves.

        >>> calcbench.check_same(torch_loss, jax_loss, dict(model.named_parameters()))
        torch_loss and jax_loss: the same (ATen and jaxpr on balls; 91 partials, 15.4 digits, …)

    Both are run at the same numbers: those that both can hold. Rounding is allowed for the coarser
    of the two, and for constants that each computes itself. `points` and `seconds` are those of
    `check`. `names` are what to call the two. Raises `SelectorError` for arguments that do not fit,
    `ProblemError` where a function raises or gives no real number, `TypeError` without an `x`.
    """
    _check_arguments(f, g, grads, names)
    if x is None:
        raise TypeError("check_same needs x, the point at which to check: check_same(f, g, x)")
    whole_number("points", points, 1)
    allowed = positive("seconds", seconds)
    started = time.thread_time()
    called = names or _names(f, g)
    try:
        framework, taken = as_taken(f, x)
        first = make(framework, f, taken, called[0])
        if not any(array.size for array in first.arguments.values()):
            raise SelectorError(nothing_to_move(f, x))
        second, order = relate(
            first, taken, g, x if y is None else y, called[1], meant=y is not None
        )
    except NotKnown as error:
        return Same(called, NOT_CERTIFIED, str(error))
    numbers = np.arange(order.size)
    sides = (
        Side(first, grads[0], numbers, allowed, started),
        Side(second, grads[1], order, allowed, started),
    )
    return SameTrial(sides, started).at_points(points)


def assert_same(
    f: Callable[..., Any], g: Callable[..., Any], x: Any, y: Any = None, **options: Any
) -> Same:
    """Check as `check_same` does, for a test: raise `AssertionError` unless it is proved.

    Where partials are not judged, because they do not exist at x, not all is proved. The error has
    the text of the check. `options` are those of `check_same`, whose result is returned.
    """
    __tracebackhide__ = True  # pytest shows the line of the test, and not this one
    found = check_same(f, g, x, y, **options)
    if not found.ok:
        raise AssertionError(str(found))
    return found


def _check_arguments(f: Any, g: Any, grads: Any, names: Any) -> None:
    for name, function in (("f", f), ("g", g)):
        if isinstance(function, Problem):
            raise SelectorError(
                "check_same is for functions as they are; "
                f"compare({short_repr(function.name)}) compares the backends of a problem"
            )
        check_function(name, function)
    if not (isinstance(grads, tuple) and len(grads) == 2):
        raise SelectorError(f"grads must be a pair (of f, of g), got {short_repr(grads)}")
    for grad in grads:
        if grad is not None and not callable(grad):
            raise SelectorError(f"grads must hold functions or None, got {short_repr(grad)}")
    if names is None:
        return
    if not (isinstance(names, tuple) and len(names) == 2):
        raise SelectorError(f"names must be a pair, such as ('torch', 'jax'), got {names!r}")
    for name in names:
        check_text("names", name, "'torch'")


def _names(f: Callable[..., Any], g: Callable[..., Any]) -> tuple[str, str]:
    """Name two functions; where they have one name, say which is which."""
    one, two = function_name(f), function_name(g)
    return (one, two) if one != two else (f"{one} (f)", f"{two} (g)")
