"""Checking a function and its gradient as they are: NumPy, torch, JAX and TensorFlow code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from calcbench.api.array_trials import JacobianTrial, PullbackTrial
from calcbench.api.checked import NOT_CERTIFIED, Check
from calcbench.api.direction_trials import DirectionTrial, ProductTrial, direction_trial
from calcbench.api.trial import Trial
from calcbench.errors import SelectorError, nearest, short_repr
from calcbench.native.front_ends import build
from calcbench.native.function import NotKnown
from calcbench.native.trees import function_name, name_leaves
from calcbench.operators import SYNONYMS
from calcbench.problem.arguments import check_function, check_text, positive, whole_number
from calcbench.problem.problem import Problem

TRIALS: dict[str, Callable[..., Trial]] = {
    Trial.operator: Trial,
    DirectionTrial.operator: direction_trial,
    PullbackTrial.operator: PullbackTrial,
    ProductTrial.operator: ProductTrial,
    JacobianTrial.operator: JacobianTrial,
}
"""What can be checked of a function as it is: operator → how."""


def check(
    f: Callable[..., Any],
    grad: Callable[..., Any] | None = None,
    x: Any = None,
    *,
    operator: str = "gradient",
    points: int = 1,
    seconds: float = 60,
    name: str | None = None,
) -> Check:
    """Check a derivative of a function as it is: NumPy, torch, JAX or TensorFlow code.

    Nothing is rewritten. It is the gradient, or what `operator` names.

    `x` is what `f` takes: an array, a number, or a dict or list of them, as the framework wants it;
    a tuple is several arguments. For a gradient `f` gives one real number, and `grad`, called with
    the same, the gradient in the form of `x`; without it, the framework's own is checked, which is
    that of custom rules. What `f` and `grad` give for another operator is below.

    The function is run on numbers with proof, and every partial is held against the truth, with an
    allowance for rounding that is proved, or estimated where it says so. Where several components
    decide a kink at `x` together, partials are `not_judged`: the result may be `ok`, which is said
    of all others, and is not `certified`.

    With `operator="pushforward"`, `grad` is the derivative along a direction: `grad(x, v)`, where v
    has the form of `x`. `f` gives a number, an array, or several in a tuple, list or dict, and the
    result has that form. With `operator="hvp"`, `grad` is the Hessian times a direction, of the
    form of `x` too. The direction is drawn. With `operator="jacobian"`, `f` gives an array, and
    `grad` its Jacobian: of the shape of `f(x)` followed by that of `x`, in the form of `x`, as
    `jax.jacobian` and `torch.func.jacrev` give it. Without `grad`, the framework's own is checked.

    With `operator="pullback"`, the backward pass, `f` gives an array, several in a tuple, list or
    dict, or a number, and `grad` is a cotangent times the Jacobian: `grad(x, u)`, in the form of
    `x`, where u has the form of `f(x)`, and is drawn.

    `points` is at how many points to check: `x`, and others drawn around it; the result has at how
    many of them the gradient is `proved`. `seconds` is the processor time that each sweep of a
    certificate may take, and that differences may. `name` is what to call the function.

        >>> def f(x):
        ...     return np.sum(np.log1p(x**2))
        >>> calcbench.check(f, lambda x: 2 * x / (1 + x**2), np.array([0.5, 3.0]))
        f: ok (NumPy on balls; 2 partials, 16.0 digits, 14.4 needed, 0.01 s)

    Where `f` leaves what is known, the result says by what, and difference quotients are witnesses.
    Arguments, seeds and modes are left as they were. Raises `TypeError` without an `x`, or without
    a `grad` where the framework has none, `SelectorError` for other arguments that do not fit,
    `ProblemError` where `f` raises at `x`, or gives no real number, or no array for a Jacobian, or
    no floating-point numbers for a pullback or pushforward.
    """
    _check_arguments(f, grad, x, name)
    if operator not in TRIALS:
        if operator in SYNONYMS:
            raise SelectorError(f"no operator {operator!r}: it is {SYNONYMS[operator]!r} here")
        raise SelectorError(
            f"operator {short_repr(operator)} is not checked of functions as they are: "
            f"{nearest(str(operator), TRIALS)}"
        )
    whole_number("points", points, 1)
    allowed = positive("seconds", seconds)
    started = time.thread_time()
    try:
        function = build(f, x, name or "")
    except NotKnown as error:
        return Check(name or function_name(f), NOT_CERTIFIED, str(error))
    if not any(np.size(array) for array in function.arguments.values()):
        raise SelectorError(nothing_to_move(f, x))
    with function.undisturbed(grad):
        return TRIALS[operator](function, grad, allowed, started).at_points(points)


def assert_gradient(
    f: Callable[..., Any],
    grad: Callable[..., Any] | None = None,
    x: Any = None,
    certified: bool = False,
    **options: Any,
) -> Check:
    """Check a gradient as `check` does, for a test: raise `AssertionError` unless it is right.

    The error has the text of the check. Where nothing is certified, difference quotients that agree
    suffice, unless `certified` is True: all of it must be proved right then, at each of several
    points at which `f` has a value, and no partial may be `not judged`. `options` are those of
    `check`, whose result is returned.
    """
    __tracebackhide__ = True  # pytest shows the line of the test, and not this one
    found = check(f, grad, x, **options)
    if not (found.certified if certified else found.ok or found.witnessed):
        wanted = "\n  certified=True wants all to be proved" if found.ok else ""
        raise AssertionError(f"{found}{wanted}")
    return found


def _check_arguments(f: Any, grad: Any, x: Any, name: str | None) -> None:
    if isinstance(f, Problem):
        raise SelectorError(
            f"check is for functions as they are; compare({short_repr(f.name)}) checks a problem"
        )
    check_function("f", f)
    if grad is not None and not callable(grad):
        raise SelectorError(
            f"grad must be a function, got {short_repr(grad)}; x comes third: check(f, grad, x)"
        )
    if x is None:
        raise TypeError("check needs x, the point at which to check: check(f, grad, x)")
    if name is not None:
        check_text("name", name, "'logistic'")


def nothing_to_move(f: Callable[..., Any], x: Any) -> str:
    """Say why nothing in an argument is differentiated by, and what to write."""
    held = list(name_leaves(f, x).values())
    if any(hasattr(leaf, "named_parameters") for leaf in held):
        return "x is a module: give dict(model.named_parameters()), and a function of such a dict"
    if any(hasattr(leaf, "trainable_variables") for leaf in held):
        return "x is a model: give model.trainable_variables, and a function of such a list"
    if any(isinstance(leaf, Iterator) for leaf in held):
        return (
            f"x is an iterator, {short_repr(x)}: give a list or dict of what it gives; of a "
            "module, dict(model.named_parameters())"
        )
    said = "x holds no floating-point number to differentiate by"
    kinds = {np.asarray(leaf).dtype.kind for leaf in held if np.size(leaf)}
    if kinds and kinds <= set("iub"):
        return f"{said}; integers are held constant: write 3.0, or x.astype(float)"
    return f"{said}: got {short_repr(x)}"
