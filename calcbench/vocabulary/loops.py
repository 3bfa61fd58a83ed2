"""Loops and branches: their arrays, and how they run where numbers are known while Python runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calcbench.errors import LimitReached


def count_steps(xs: Any, length: int | None) -> int:
    """Return the number of steps of a scan: the length of the first axis of all its arrays.

    Raises `ValueError` where two lengths differ, or where there is none.
    """
    arrays = xs if isinstance(xs, (tuple, list)) else () if xs is None else (xs,)
    lengths = {*(each.shape[0] for each in arrays), *([] if length is None else [length])}
    if len(lengths) != 1:
        said = " and ".join(map(str, sorted(lengths))) or "none"
        raise ValueError(f"scan: one length is needed, of xs or as length=…, and not {said}")
    return int(lengths.pop())


def slice_step(xs: Any, k: int) -> Any:
    """Return what step k of a scan is given: the k-th slice of its array, or of each of them."""
    if xs is None:
        return None
    return tuple(each[k] for each in xs) if isinstance(xs, (tuple, list)) else xs[k]


def stack_steps(xp: Any, kept: Any) -> Any:
    """Stack what the steps of a scan have returned: arrays, tuples of arrays, or None."""
    if not kept or kept[0] is None:
        return None
    if isinstance(kept[0], (tuple, list)):
        return tuple(stack_steps(xp, [*part]) for part in zip(*kept, strict=True))
    return xp.stack(kept)


def choose(where: Callable[..., Any], condition: Any, yes: Any, no: Any) -> Any:
    """Choose between two arrays, or tuples part by part, with a vocabulary's `where`."""
    if isinstance(yes, (tuple, list)):
        pairs = zip(yes, no, strict=True)
        return tuple(choose(where, condition, one, other) for one, other in pairs)
    return where(condition, yes, no)


def spoil(where: Callable[..., Any], condition: Any, state: Any) -> Any:
    """Make a state NaN, and all its derivatives, where a condition holds; integers stay."""
    if isinstance(state, (tuple, list)):
        return tuple(spoil(where, condition, part) for part in state)
    if "int" in str(getattr(state, "dtype", "")):
        return state
    return state * where(condition, float("nan"), 1.0)


# --- where a condition is known when it is reached ------------------------------------------------


def branch_on(holds: Callable[[Any], Any]) -> Callable[..., Any]:
    """Build a `cond` that evaluates one branch alone; `holds` tells whether a condition does."""

    def cond(
        predicate: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands: Any
    ) -> Any:
        return true_fn(*operands) if holds(predicate) else false_fn(*operands)

    return cond


def loop_while(holds: Callable[[Any], Any]) -> Callable[..., Any]:
    """Build a `while_loop` that runs as many steps as it needs.

    It raises `LimitReached` where the condition holds after `limit` steps.
    """

    def while_loop(
        condition: Callable[[Any], Any], step: Callable[[Any], Any], state: Any, limit: int
    ) -> Any:
        for _ in range(limit):
            if not holds(condition(state)):
                return state
            state = step(state)
        if holds(condition(state)):
            raise LimitReached(f"xp.while_loop: its condition still holds after {limit} steps")
        return state

    return while_loop


KNOWN = {"cond": branch_on(bool), "while_loop": loop_while(bool)}
"""Branches and loops for namespaces whose conditions Python can ask."""
