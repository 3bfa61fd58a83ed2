"""Calls of functions: without overhead, and timed."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from calcbench.problem.problem import Problem


def unpack_call(problem: Problem, function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Turn `function(*parameters, **data)` into a function of one pair (parameters, data).

    That pair is what `Backend.loader` gives. The call is written out argument by argument, and so
    are the arguments of a `functools.partial`: packing and unpacking them takes up to 5 % of the
    time of a gradient at eight points.
    """
    leading: tuple[Any, ...] = ()
    if isinstance(function, functools.partial) and not function.keywords:
        leading, function = function.args, function.func
    arguments = [f"leading[{k}]" for k in range(len(leading))]
    arguments += [f"native[0][{k}]" for k in range(len(problem.parameters))]
    arguments += [f"{name}=native[1][{name!r}]" for name in problem.data]
    names = {"function": function, "leading": leading}
    call: Callable[[Any], Any] = eval(f"lambda native: function({', '.join(arguments)})", names)
    return call


def measure_call(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Call a function once; return its result and the seconds that the call took."""
    started = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - started
