"""Loops and branches, for namespaces that are traced: every step and every branch is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from calcbench.vocabulary.array import Condition, State
from calcbench.vocabulary.loops import choose, count_steps, spoil, stack_steps

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def scan(
    xp: Vocabulary,
    step: Callable[[Any, Any], Any],
    state: State,
    xs: State,
    length: int | None = None,
) -> tuple[State, State]:
    """step(state, x) → (state, y) for each slice x of xs; return (state, all y stacked)."""
    kept = []
    for x in _slices(xp, xs, count_steps(xs, length)):
        state, y = step(state, x)
        kept.append(y)
    return state, stack_steps(xp, kept)


def _slices(xp: Vocabulary, xs: Any, count: int) -> Iterable[Any]:
    """List what each of so many steps is given.

    An array is unstacked at once: on a tape, the derivative of a look-up is an array as large as
    all, and a look-up at each of n steps would take time n².
    """
    if xs is None:
        return [None] * count
    if isinstance(xs, (tuple, list)):
        return zip(*map(xp.unstack, xs), strict=True) if xs else [()] * count
    return xp.unstack(xs)


def iterate(xp: Vocabulary, step: Callable[[Any], State], state: State, n: int) -> State:
    """Apply step n times; state is an array or a tuple of arrays."""
    return xp.scan(lambda state, _: (step(state), None), state, None, n)[0]


def cond(
    xp: Vocabulary,
    predicate: Condition,
    true_fn: Callable[..., State],
    false_fn: Callable[..., State],
    *operands: Any,
) -> State:
    """true_fn(*operands) where predicate, one condition, holds; else false_fn(*operands)."""
    return choose(xp.where, predicate, true_fn(*operands), false_fn(*operands))


def while_loop(
    xp: Vocabulary,
    condition: Callable[[Any], Condition],
    step: Callable[[Any], State],
    state: State,
    limit: int,
) -> State:
    """Apply step while condition(state) holds; an error if it still does after `limit` steps."""
    start = state

    def move(state: Any) -> Any:
        going = condition(state)
        # Once done, it goes on from the start, where a step is defined; nothing comes of it.
        return choose(xp.where, going, step(choose(xp.where, going, state, start)), state)

    state = xp.iterate(move, state, limit)
    return spoil(xp.where, condition(state), state)
