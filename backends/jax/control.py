"""Loops and branches in JAX, as operations that are compiled once. It imports JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from calcbench.vocabulary.loops import KNOWN, count_steps, spoil


def floats(structure: Any) -> Any:
    """Make floats of the Python integers in a structure, and tuples of its lists."""
    if isinstance(structure, (tuple, list)):
        return tuple(map(floats, structure))
    return float(structure) if type(structure) is int else structure


def scan(
    step: Callable[[Any, Any], Any], state: Any, xs: Any, length: int | None = None
) -> tuple[Any, Any]:
    """Scan as one operation, which is compiled once.

    Unrolled, forty steps take XLA over a minute to compile; a scan takes under a second.
    """

    def move(state: Any, x: Any) -> Any:
        return floats(step(state, x))

    xs = tuple(xs) if isinstance(xs, list) else xs
    found: tuple[Any, Any] = jax.lax.scan(move, floats(state), xs, length=count_steps(xs, length))
    return found


def cond(
    predicate: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands: Any
) -> Any:
    """Evaluate one of two branches, when the compiled code runs."""

    def branch(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *operands: floats(function(*operands))

    return jax.lax.cond(predicate, branch(true_fn), branch(false_fn), *operands)


def while_loop(
    condition: Callable[[Any], Any], step: Callable[[Any], Any], state: Any, limit: int
) -> Any:
    """Scan over `limit` steps, for reverse mode; those after the last one do nothing."""

    def move(state: Any, _: Any) -> Any:
        return cond(condition(state), step, lambda state: state, state), None

    state, _ = scan(move, state, None, limit)
    return spoil(jnp.where, condition(state), state)


TRACED = {"scan": scan, "cond": cond, "while_loop": while_loop}
"""The names that are spelled so where the cost is compiled."""


def cond_if_known(predicate: Any, *branches_and_operands: Any) -> Any:
    """Evaluate one branch; where a cost is traced, to find its shape, let JAX have both."""
    chosen = cond if isinstance(predicate, jax.core.Tracer) else KNOWN["cond"]
    return chosen(predicate, *branches_and_operands)


def while_loop_if_known(condition: Any, step: Any, state: Any, limit: int) -> Any:
    """Loop in Python; where a cost is traced, to find its shape, as JAX does."""
    unknown = isinstance(condition(state), jax.core.Tracer)
    chosen = while_loop if unknown else KNOWN["while_loop"]
    return chosen(condition, step, state, limit)


EAGER = {"cond": cond_if_known, "while_loop": while_loop_if_known}
"""The names that are spelled so where operations run one by one."""
