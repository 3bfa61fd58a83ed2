"""Recording: a function runs on real tensors, and what it does is kept as a program.

A dispatch mode sees every operation, below autograd: in place or not, in a branch, a checkpoint, a
custom function's forward, or a backward that the function itself asks for. Beside the storages that
depend on an argument it keeps where their numbers are in the program.

Which tensors count as constant, autograd says: those that are made where it is off, outside of
custom functions, and those that a user has detached. Inside of the forward of a custom function
autograd looks at nothing, and there everything counts: so a wrong rule shows.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from calcbench.native.function import NotKnown, Use
from calcbench.native.torch import elementary
from calcbench.native.torch.calls import Call
from calcbench.native.torch.graphics import blurring, by_operations
from calcbench.native.torch.keeping import Kept, unchanged
from calcbench.native.torch.program import Program, Slot
from calcbench.native.torch.storage import Shadows, Unknown, floats_of, is_nothing
from calcbench.native.values import hold, lift

READING = (
    torch.Tensor.numpy, torch.Tensor.tolist, torch.Tensor.__array__, torch.Tensor.__dlpack__,
    torch.Tensor.data_ptr,
)  # fmt: skip
"""What takes the numbers of a tensor out of torch."""

DETACHING = (
    torch.Tensor.detach, torch.detach, torch.Tensor.detach_, torch.detach_,
    torch.Tensor.data.__get__,
)  # fmt: skip
"""What makes a tensor constant that shares the storage of one that moves."""

_APPLY = torch.autograd.Function.apply.__func__.__code__
"""The code under which custom functions run."""


CLOSE = (torch.isclose, torch.allclose, torch.Tensor.isclose, torch.Tensor.allclose)
"""What compares within a tolerance, as checks of arguments do."""


class Recorder(TorchDispatchMode):  # type: ignore[misc]
    """Run operations as they are, and record those that depend on an argument."""

    def __init__(
        self, kept: Kept, use: Use, blurring: Mapping[str, str], told: Sequence[bool]
    ) -> None:
        """Take where to keep what is written over, and who is told of active dtypes.

        `blurring` names operations that may round factors to TensorFloat-32 (`graphics`); `told` is
        what Python is told of the first conditions that it asks for, whatever the floats say.
        """
        super().__init__()
        self.program = Program()
        self.choices: list[bool] = []
        """What Python was told of each condition that it asked for."""
        self.shadows = Shadows(self.program)
        self.inside = ""
        """The operation that is being run by what it amounts to, if one is."""
        self.refusal: NotKnown | None = None
        """The first reason for which nothing can be certified, which the function may catch."""
        self.use = use
        self.blurring = blurring
        self._kept = kept
        self._told = told
        self._leaves: list[torch.Tensor] = []
        self._reaches: dict[Any, bool] = {}

    def watch(self, leaf: torch.Tensor) -> None:
        """Take a tensor as an argument of the program."""
        self.shadows.write(leaf, self.program.leaf())
        self._leaves.append(leaf)

    def knows(self, tensor: Any) -> bool:
        """Tell whether a value is a tensor with something to know of, beside its floats."""
        if not isinstance(tensor, torch.Tensor):
            return False
        return self.shadows.has(tensor) or self._is_lost(tensor)

    def read(self, tensor: torch.Tensor) -> Slot | Unknown | None:
        """Return what there is to know of a tensor where it is used; None if it is constant."""
        if not self.shadows.has(tensor):
            return self._lost(tensor)
        found = self.shadows.find(tensor)
        if isinstance(found, Slot) and not found.active and self._is_lost(tensor):
            return self._lost(tensor)
        if self.counts(tensor) or (isinstance(found, Slot) and not found.active):
            return found
        return (
            None if isinstance(found, Unknown) else self.program.record(_hold, found, active=False)
        )

    def choose(self, slot: Slot, truth: np.ndarray) -> bool:
        """Tell Python whether a condition holds, by which it chooses what to run."""
        number = len(self.choices)
        holds = self._told[number] if number < len(self._told) else bool(truth)
        self.choices.append(holds)
        self.program.expect(slot, np.full(truth.shape, holds), number)
        return holds

    def counts(self, tensor: torch.Tensor) -> bool:
        """Tell whether a derivative is taken through a tensor, as autograd sees it."""
        if self.shadows.is_held(tensor):
            return False
        if not tensor.is_floating_point() or self.looks_through():
            return True
        # Below autograd an operation may consist of others, whose results require nothing.
        doubtful = self.shadows.is_doubtful(tensor)
        return torch.is_grad_enabled() and (tensor.requires_grad or not doubtful)

    def in_custom_function(self) -> bool:
        """Tell whether the forward of a custom function is being run."""
        return in_custom_function()

    def looks_through(self) -> bool:
        """Tell whether autograd does not look at what is being run."""
        return bool(self.inside) or in_custom_function()

    def _lost(self, tensor: torch.Tensor) -> Unknown:
        return Unknown(f"a result of {tensor.grad_fn.name()} that no operation gives")

    def _is_lost(self, tensor: torch.Tensor) -> bool:
        """Tell whether autograd takes for a function of an argument what no operation gave."""
        node = tensor.grad_fn
        return not (self.inside or node is None or is_nothing(tensor)) and self._leads(node)

    def _leads(self, node: Any) -> bool:
        """Tell whether a node of autograd's graph leads to an argument."""
        todo, seen = [node], {node}
        while todo and node not in self._reaches:
            each = todo.pop()
            variable = getattr(each, "variable", None)
            if self._reaches.get(each) or any(variable is leaf for leaf in self._leaves):
                self._reaches[node] = True
            following = {n for n, _ in each.next_functions if n is not None} - seen
            seen |= following
            todo += following
        return self._reaches.setdefault(node, False)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and record it where it depends on an argument."""
        kwargs = kwargs or {}
        self._kept.before(func, args, kwargs)
        try:
            with torch._C.DisableTorchFunction():
                result = Call(self, func, args, kwargs).run()
        except NotKnown as error:
            self.refusal = self.refusal or error
            raise
        self._kept.after(func, result)
        return result

    def again(self, said: str, function: Callable[[], Any]) -> Any:
        """Run what an operation amounts to, under this mode; `said` is its name."""
        before, self.inside = self.inside, self.inside or said
        try:
            with self:
                return function()
        finally:
            self.inside = before


def _hold(xp: Any, x: Any) -> Any:
    return hold(xp, x)


def in_custom_function() -> bool:
    """Tell whether the forward of a custom function is being run."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code is _APPLY:
            return True
        if frame.f_code is record.__code__:
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return False


class Asking(TorchFunctionMode):  # type: ignore[misc]
    """See what the function itself asks of torch, and not torch of its own accord.

    What it detaches counts as constant. What takes the numbers of a tensor out of torch is refused
    where they depend on an argument.
    """

    def __init__(self, recorder: Recorder) -> None:
        """Take what records the run."""
        super().__init__()
        self.recorder = recorder

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function of torch."""
        if func in CLOSE:
            return self._compare_close(func, *args, **(kwargs or {}))
        if func in READING and self._depends(args[0]):
            error = NotKnown(f"Tensor.{func.__name__}() of what depends on an argument")
            self.recorder.refusal = self.recorder.refusal or error
            raise error
        result = func(*args, **(kwargs or {}))
        if func in DETACHING and not in_custom_function():
            self.recorder.shadows.hold(result)
        return result

    def _compare_close(self, func: Any, x: Any, y: Any, *rest: Any, **options: Any) -> Any:
        """Compare without asking whether both are one, which need not be decided."""
        with _disable_current_modes():
            result = func(x, y, *rest, **options)
        known = [self.recorder.read(t) for t in (x, y) if self.recorder.knows(t)]
        if not any(isinstance(found, Slot) for found in known):
            return result
        operands = [
            found if self.recorder.knows(t) and (found := self.recorder.read(t)) else floats_of(t)
            for t in (x, y)
        ]
        names = dict(zip(("rtol", "atol", "equal_nan"), rest, strict=False))
        rule = functools.partial(elementary.is_close, **names, **options)
        slot = self.recorder.program.record(rule, *operands, active=False)
        if isinstance(result, torch.Tensor):
            self.recorder.shadows.write(result, slot)
        else:
            every = self.recorder.program.record(elementary.RULES["all"], slot, active=False)
            self.recorder.program.expect(every, np.asarray(result))
        return result

    def _depends(self, tensor: torch.Tensor) -> bool:
        if not self.recorder.knows(tensor) or not self.recorder.counts(tensor):
            return False
        found = self.recorder.read(tensor)
        return isinstance(found, Unknown) or (isinstance(found, Slot) and found.active)


class Recorded(NamedTuple):
    """A function's run at one point."""

    program: Program
    output: Slot | np.ndarray
    """Where the value is in the program, or what it is if it does not depend on the arguments."""
    choices: Sequence[bool]
    """What Python was told of each condition."""

    def evaluate(self, xp: Any, leaves: Sequence[Any]) -> Any:
        """Run it again, on numbers with proof."""
        if isinstance(self.output, Slot):
            return self.program.run(xp, leaves, self.output)
        return lift(xp, self.output)


def record(
    function: Callable[..., Any],
    leaves: Sequence[torch.Tensor],
    use: Use,
    told: Sequence[bool] = (),
) -> Recorded:
    """Run a function of no argument, which uses the leaves, and record it.

    `use` is told of the dtypes of active operations; `told` is what Python is told of the first
    conditions, whatever the floats say. Raises `NotKnown` for a value that depends on
    the leaves in a way that there is no rule for.
    """
    with unchanged() as kept:
        recorder = Recorder(kept, use, blurring(), told)
        for leaf in leaves:
            recorder.watch(leaf)
        with by_operations(), Asking(recorder), recorder:
            value = function()
        if recorder.refusal is not None:
            raise recorder.refusal
        if not recorder.knows(value):
            output: Any = floats_of(torch.as_tensor(value))
            return Recorded(recorder.program, output, recorder.choices)
        found = recorder.read(value)
        if isinstance(found, Unknown):
            raise found.error()
        output = floats_of(value) if found is None else found
        return Recorded(recorder.program, output, recorder.choices)
