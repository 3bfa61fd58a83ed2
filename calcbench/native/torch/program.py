"""Program: the operations that a function ran through, to be run again on any kind of number.

The function itself runs once, on floats, and its branches are those that it took there. Run again,
the program is a straight line of the same operations; where the floats decided something that the
line depends on, it looks whether the numbers with proof decide it the same way. Beside a point at
which a comparison ties they may not: then the function runs once more, and is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from calcbench.certified.balls import NotFinite, Undecided
from calcbench.native.function import NotKnown
from calcbench.native.torch.truth import Open, holds
from calcbench.native.values import Numbers, is_certified, midpoints
from calcbench.problem.faults import find_place, frames_here

Rule = Callable[..., Any]
"""(xp, *arguments) → numbers with proof, truth values or integers; or a tuple of them."""


class Otherwise(Undecided):
    """Raised where numbers with proof choose another branch than the run that was recorded."""

    def __init__(self, choice: int) -> None:
        """Take which of the choices of that run it is."""
        super().__init__(UNLIKE)
        self.choice = choice


UNLIKE = "a branch that rounding decides"


class Slot(NamedTuple):
    """A result on the way: where it is in the program."""

    place: int
    active: bool
    """Whether it moves with the arguments."""


class _Step(NamedTuple):
    rule: Rule
    arguments: Sequence[Any]
    """Slots, constants, or lists of them."""
    check: bool
    place: str
    """The line of the user's code on which it is done."""


class Program:
    """A straight line of operations on numbers with proof."""

    def __init__(self) -> None:
        """Begin with no operation."""
        self.leaves: list[Slot] = []
        self._steps: list[_Step | None] = []

    def leaf(self) -> Slot:
        """Take one more argument."""
        self._steps.append(None)
        slot = Slot(len(self._steps) - 1, active=True)
        self.leaves.append(slot)
        return slot

    def record(self, rule: Rule, *arguments: Any, active: bool | None = None) -> Slot:
        """Append an operation; its result moves if one of its operands does, unless it is said."""
        if active is None:
            active = any(slot.active for slot in slots_in(arguments))
        place = find_place(frames_here())
        self._steps.append(_Step(rule, arguments, check=False, place=place))
        return Slot(len(self._steps) - 1, active)

    def expect(self, slot: Slot, decided: np.ndarray, choice: int | None = None) -> None:
        """Have the numbers with proof decide as floats did, for what follows depends on it.

        `choice` counts what Python was told the truth of, and may be told otherwise.
        """
        self._steps.append(_Step(_compare_with(decided, choice), (slot,), check=True, place=""))

    def run(self, xp: Any, leaves: Sequence[Numbers], output: Slot) -> Any:
        """Run all that the output needs, and look at what was decided."""
        found: dict[int, Any] = dict(zip((s.place for s in self.leaves), leaves, strict=True))
        for index in self._needed(output):
            step = self._steps[index]
            if step is not None:
                operands = [_filled(a, found) for a in step.arguments]
                if not getattr(step.rule, "of_open", False):
                    _check_decided(operands)
                try:
                    found[index] = step.rule(xp, *operands)
                except (NotKnown, NotFinite) as error:
                    error.place = error.place or step.place
                    raise
        return found[output.place]

    def _needed(self, output: Slot) -> list[int]:
        """List in order the steps that the output depends on, and those that look."""
        needed = {output.place}
        for index in reversed(range(len(self._steps))):
            step = self._steps[index]
            if step is not None and (step.check or index in needed):
                needed.add(index)
                needed.update(slot.place for slot in slots_in(step.arguments))
        return sorted(needed)


def slots_in(arguments: Any) -> Iterator[Slot]:
    """List the slots in arguments, and in lists of them."""
    if isinstance(arguments, Slot):
        yield arguments
    elif isinstance(arguments, (tuple, list)):
        for each in arguments:
            yield from slots_in(each)


def _filled(argument: Any, found: dict[int, Any]) -> Any:
    """Put numbers in the place of slots."""
    if isinstance(argument, Slot):
        return found[argument.place]
    if isinstance(argument, (tuple, list)) and any(True for _ in slots_in(argument)):
        return type(argument)(_filled(each, found) for each in argument)
    return argument


def of_open(rule: Rule) -> Rule:
    """Mark a rule that can go on with what is not decided (`truth.Open`)."""
    rule.of_open = True  # type: ignore[attr-defined]
    return rule


def _check_decided(operands: Any) -> None:
    """Raise why an operand is not decided, if one is not."""
    for each in operands:
        if isinstance(each, Open):
            raise each.reason
        if isinstance(each, (tuple, list)):
            _check_decided(each)


def _compare_with(decided: np.ndarray, choice: int | None) -> Rule:
    def look(xp: Any, numbers: Any) -> None:
        if decided.dtype == bool:
            same = np.array_equal(holds(xp, numbers), decided)
        else:
            whole = midpoints(numbers) if is_certified(numbers) else np.asarray(numbers)
            same = np.array_equal(whole, decided)
        if not same:
            raise Undecided(UNLIKE) if choice is None else Otherwise(choice)

    return look
