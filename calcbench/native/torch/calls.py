"""Calls: one operation of ATen with its operands, and what is recorded of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from calcbench.native.comparing import choose
from calcbench.native.elementwise import times
from calcbench.native.function import NotKnown
from calcbench.native.torch import elementary, linear_algebra, moving, normalization
from calcbench.native.torch.graphics import is_blurred
from calcbench.native.torch.keeping import written
from calcbench.native.torch.operations import (
    DRAWN,
    OF_OPEN,
    RULES,
    SHAPED,
    TRUNCATING,
    UNREAD,
    decompositions,
    is_empty,
    is_of_floats,
    is_truth,
    is_view,
    takes,
    tensors,
)
from calcbench.native.torch.program import Rule, Slot, of_open
from calcbench.native.torch.storage import Unknown, constant, dtype_name, floats_of, is_nothing
from calcbench.native.values import hold, is_certified

if TYPE_CHECKING:
    from calcbench.native.torch.recording import Recorder


class Call:
    """One operation with its operands."""

    def __init__(self, mode: Recorder, func: Any, args: Any, kwargs: Any) -> None:
        """Take what the mode was given."""
        self.mode, self.func, self.args, self.kwargs = mode, func, args, kwargs
        self.space, self.name = func._schema.name.split("::")
        self.base = self.name.rstrip("_") if func._schema.is_mutable else self.name
        self._flat, self._spec = pytree.tree_flatten((args, kwargs))

    @property
    def said(self) -> str:
        """Name the operation for a message."""
        name = f"{self.space}::{self.name}"
        return self.mode.inside or (name if self.space == "aten" else f"custom_op {name}")

    def run(self) -> Any:
        """Run it, and see to it that every result has proof, or is known to have none."""
        if self.base in SHAPED:
            return self._plain()
        if not any(map(self.mode.knows, self._flat)):
            return self._of_nothing() if any(map(is_empty, self._flat)) else self._plain()
        if is_view(self.func):
            return self._view()
        if self._changes_unseen():
            if self._clamps_nothing():
                return self._plain()
            raise NotKnown(f"{self.said}, without autograd, of what depends on an argument")
        if self.name in DRAWN:
            return self._drawn()
        self.known = {
            k: found
            for k, t in enumerate(self._flat)
            if self.mode.knows(t) and (found := self._read(t)) is not None
        }
        if self.name == "_local_scalar_dense":
            return self._number()
        unknown = next((v for v in self.known.values() if isinstance(v, Unknown)), None)
        if unknown is not None:
            return self._give_up(unknown.reason, unknown.place)
        return self._recorded()

    def _read(self, tensor: torch.Tensor) -> Any:
        """Return what there is to know of an operand; of a comparison, as it moves.

        It has no slope anyhow, and where it ties another branch is near, detached or not.
        """
        if self.base in elementary.RELATIONS and self.mode.shadows.has(tensor):
            found = self.mode.shadows.find(tensor)
            if isinstance(found, Slot):
                return found
        return self.mode.read(tensor)

    def _plain(self) -> Any:
        return self.func(*self.args, **self.kwargs)

    # --- what computes nothing ---

    def _of_nothing(self) -> Any:
        """Run what has no numbers of an argument, though autograd takes its result for active."""
        result = self._plain()
        for tensor in () if is_view(self.func) else tensors(result):
            if tensor.is_floating_point():
                self._write_floats(tensor, active=True)
        return result

    def _view(self) -> Any:
        """Make a view, which is of the same storage; one of a constant tensor is constant too."""
        if self.func._can_decompose():  # it may be a copy
            return self._otherwise()
        result, mode = self._plain(), self.mode
        source = next(t for t in self._flat if isinstance(t, torch.Tensor))
        held = self.base != "detach" and not mode.counts(source)
        for each in tensors(result):
            if held:
                mode.shadows.hold(each)
            elif self.base == "detach" or mode.shadows.is_doubtful(source):
                mode.shadows.doubt(each)
            if mode.shadows.has(source) and not (is_nothing(each) or mode.shadows.has(each)):
                raise NotKnown(f"{self.said}, a view that is a copy")
        return result

    def _number(self) -> Any:
        """Give a number to Python: a condition or an integer is decided, what moves is lost."""
        found = self.known.get(0)
        if isinstance(found, Unknown):
            raise found.error()
        if found is not None and found.active:
            raise NotKnown("Tensor.item() of what depends on an argument")
        if found is not None and self._flat[0].dtype == torch.bool:
            return self.mode.choose(found, floats_of(self._flat[0]))
        if found is not None and not self._flat[0].is_floating_point():
            self._settled(self._flat[0])
        return self._plain()

    def _drawn(self) -> Any:
        result = self._plain()
        self._write_floats(self._flat[0], active=True)
        return result

    def _changes_unseen(self) -> bool:
        """Tell whether this writes where autograd does not look, over what moves."""
        return any(
            isinstance(found := self.mode.shadows.find(tensor), Slot)
            and found.active
            and not self.mode.counts(tensor)
            for tensor in written(self.func, self.args, self.kwargs)
            if self.mode.shadows.has(tensor)
        )

    def _clamps_nothing(self) -> bool:
        """Tell whether this clamps in place, and changes nothing: libraries do that unseen."""
        if self.base not in ("clamp", "clamp_min", "clamp_max"):
            return False
        if any(map(self.mode.knows, self._flat[1:])):
            return False
        named = moving.bound(self.func, self.args, self.kwargs)
        low, high = (
            floats_of(bound) if isinstance(bound, torch.Tensor) else bound
            for bound in (named.get("min"), named.get("max"))
        )
        target, program = self._flat[0], self.mode.program
        found = program.record(
            lambda xp, x: elementary.within(xp, x, low, high),
            self.mode.shadows.find(target),
            active=False,
        )
        program.expect(found, np.ones(target.shape, dtype=bool))
        return bool(np.array_equal(np.clip(floats_of(target), low, high), floats_of(target)))

    # --- what is recorded ---

    def _recorded(self) -> Any:
        if self.base in self.mode.blurring and is_blurred(self._flat):
            self.mode.use("TensorFloat-32", f"set {self.mode.blurring[self.base]} = False")
        special = self._special()
        if special is not None:
            return special()
        if self.base.startswith("bitwise") and not all(map(is_truth, self._flat)):
            return self._give_up(self.said)
        args, kwargs = pytree.tree_unflatten(
            [self._operand(k, t) for k, t in enumerate(self._flat)], self._spec
        )
        options = {name: value for name, value in kwargs.items() if name not in UNREAD}
        if self.base not in RULES or not takes(self.base, len(args), tuple(options)):
            return self._otherwise()
        rule, names = RULES[self.base], tuple(options)

        def apply(xp: Any, operands: Any, rest: Any) -> Any:
            return rule(xp, *operands, **dict(zip(names, rest, strict=True)))

        if self.base in OF_OPEN:
            of_open(apply)
        return self._keep(self._plain(), apply, list(args), list(options.values()))

    def _special(self) -> Callable[[], Any] | None:
        """Find operations whose rule depends on more than their operands."""
        named = moving.bound(self.func, self.args, self.kwargs)
        if moving.adds(self.base, named):
            return self._added
        if self.base in moving.MOVES:
            return self._otherwise if moving.combines(named) else self._moved
        if self._converts_first():
            return self._of_converted
        if self.base in moving.LINEAR:
            return self._linear
        return {
            "_to_copy": self._converted,
            "native_dropout": self._dropped,
            "_fused_rms_norm": self._normed,
            "equal": self._compared,
            "embedding": self._embedded,
            **dict.fromkeys(linear_algebra.SIGNED, self._signed),
        }.get(self.base)

    def _operand(self, k: int, value: Any) -> Any:
        """Return what an operand is in the program: a slot, or a constant."""
        if k in self.known:
            return self.known[k]
        return floats_of(value) if isinstance(value, torch.Tensor) else value

    def _operand_of(self, tensor: torch.Tensor) -> Any:
        return self._operand(next(k for k, t in enumerate(self._flat) if t is tensor), tensor)

    def _value_of(self, value: Any) -> Any:
        """Return what a tensor or a number is in the program."""
        return self._operand_of(value) if isinstance(value, torch.Tensor) else float(value)

    def _settled(self, value: Any) -> Any:
        """Return an operand that places or branches depend on: it is as the floats have it."""
        if isinstance(value, torch.Tensor) and self.mode.knows(value):
            found = self.mode.read(value)
            if isinstance(found, Unknown):
                raise found.error()
            if found is not None:
                self.mode.program.expect(found, floats_of(value))
        return value.cpu() if isinstance(value, torch.Tensor) else value

    def _converted(self) -> Any:
        source, result = self._flat[0], self._plain()
        floats = source.is_floating_point() and result.is_floating_point()
        coarser = floats and result.element_size() < source.element_size()
        return self._keep(result, lambda xp, x: elementary.convert(xp, x, coarser), self.known[0])

    def _converts_first(self) -> bool:
        """Tell whether floats are made integers before anything is computed of them."""
        dtype, first = self.kwargs.get("dtype"), self._flat[0]
        return (
            self.base != "_to_copy"
            and dtype is not None
            and not dtype.is_floating_point
            and isinstance(first, torch.Tensor)
            and first.is_floating_point()
        )

    def _of_converted(self) -> Any:
        first, *rest = self.args
        return self.mode.again(
            self.said, lambda: self.func(first.to(self.kwargs["dtype"]), *rest, **self.kwargs)
        )

    def _dropped(self) -> Any:
        result, (_, p, training) = self._plain(), self.args
        dropping = training is None or training
        factor = floats_of(result[1]) / (1 - p if p < 1 else 1) if dropping else np.ones(())
        return self._keep(result, lambda xp, x: times(xp, x, factor), self.known[0])

    def _normed(self) -> Any:
        """Divide by the root of the mean square; ε is by default that of the dtype."""
        x, shape, weight, eps = self.args
        eps = torch.finfo(x.dtype).eps if eps is None else eps

        def rule(xp: Any, x: Any, weight: Any) -> Any:
            return normalization.rms_norm(xp, x, shape, weight, eps)

        weight = None if weight is None else self._operand_of(weight)
        return self._keep(self._plain(), rule, self._operand_of(x), weight)

    def _embedded(self) -> Any:
        """Take rows; torch holds the padding constant."""
        named = moving.bound(self.func, self.args, self.kwargs)
        movement = moving.Movement(self.func, self.args, self.kwargs, self._settled)
        take, padding = movement.rule(), named.get("padding_idx", -1)
        padded = floats_of(named["indices"])[..., None] == padding

        def rule(xp: Any, weight: Any) -> Any:
            rows = take(xp, weight)
            return choose(xp, padded, hold(xp, rows), rows) if padded.any() else rows

        return self._keep(self._plain(), rule, self._operand_of(named["weight"]))

    def _signed(self) -> Any:
        """Record a decomposition, whose vectors have the signs that torch gave them."""
        result, rule = self._plain(), linear_algebra.SIGNED[self.base]
        given = [floats_of(t) for t in result]
        return self._keep(result, lambda xp, x: rule(xp, x, given), self.known[0])

    def _compared(self) -> bool:
        result = bool(self._plain())
        operands = [self._operand(k, t) for k, t in enumerate(self._flat)]
        rule = elementary.RULES[self.base]
        slot = self.mode.program.record(rule, *operands, active=False)
        return self.mode.choose(slot, np.asarray(result))

    def _linear(self) -> Any:
        source, result = self._flat[0], self._plain()
        if moving.too_large(self.base, source, result):
            return self._otherwise(f"{self.said} of so many numbers: too large")
        rule = moving.linear_rule(self.func, self.base, source.shape, self.args[1:], self.kwargs)
        return self._keep(result, rule, self.known[0])

    def _added(self) -> Any:
        named = {
            name: pytree.tree_map(self._settled, value) if name in moving.PLACES else value
            for name, value in moving.bound(self.func, self.args, self.kwargs).items()
        }
        target, updates = (self._value_of(named[n]) for n in ("self", moving.updates(named)))
        rule = moving.adding_rule(named)
        return self._keep(self._plain(), rule, target, updates)

    def _moved(self) -> Any:
        """Move numbers as the operation moves their indices; places and masks are settled."""
        movement = moving.Movement(self.func, self.args, self.kwargs, self._settled)
        operands = map(self._value_of, movement.operands)
        return self._keep(self._plain(), movement.rule(), *operands)

    # --- what there is no rule for ---

    def _otherwise(self, reason: str = "") -> Any:
        """Run what the operation amounts to, as torch says; else its results are unknown, and why.

        Where no reason is given, it is the name of the operation.
        """
        decomposition = None if self.func._schema.is_mutable else decompositions().get(self.func)
        run = decomposition or functools.partial(self.func.decompose)
        args, kwargs = pytree.tree_map(self._without_hidden, (self.args, self.kwargs))
        result = self.mode.again(self.said, lambda: run(*args, **kwargs))
        return self._give_up(reason or self.said) if result is NotImplemented else result

    def _without_hidden(self, value: Any) -> Any:
        """Copy a tensor that counts as constant though its storage moves."""
        if not self.mode.knows(value) or self.mode.counts(value):
            return value
        copy = value.detach().clone()
        found = self.mode.read(value)
        if found is not None:
            self.mode.shadows.write(copy, found)
        return copy

    def _give_up(self, reason: str, place: str = "") -> Any:
        """Run it: results that move with an argument are unknown, and why."""
        moving_ones = [v for v in self.known.values() if isinstance(v, Unknown) or v.active]
        if not moving_ones:
            for tensor in self._flat:
                if isinstance(tensor, torch.Tensor) and not tensor.is_floating_point():
                    self._settled(tensor)
        result = self._plain()
        if moving_ones and not tensors(result) and result is not None:
            raise NotKnown(reason, place)
        changed = written(self.func, self.args, self.kwargs)
        for tensor in (*tensors(result), *changed):
            if moving_ones:
                self.mode.shadows.write(tensor, Unknown(reason, place))
            elif self.mode.shadows.has(tensor):
                self._write_floats(tensor)
        return result

    def _write_floats(self, tensor: torch.Tensor, active: bool = False) -> None:
        """Have what a tensor is now; `active` where autograd goes on to take it for that."""
        slot = self.mode.program.record(constant(floats_of(tensor)), active=active)
        self.mode.shadows.write(tensor, slot)

    # --- results ---

    def _keep(self, result: Any, rule: Rule, *operands: Any) -> Any:
        """Record the rule, and that the results have what it gives."""
        if any(t.is_complex() for t in tensors(result)):
            return self._mark(result, Unknown(f"complex numbers ({self.said})"))
        whole = self.mode.program.record(rule, *operands)
        several = isinstance(result, (tuple, list))
        for k, tensor in enumerate(result if several else [result]):
            if isinstance(tensor, torch.Tensor):
                self._keep_one(tensor, whole, k)
        for tensor in written(self.func, self.args, self.kwargs):
            if self.mode.shadows.has(tensor) and not any(t is tensor for t in tensors(result)):
                self._write_floats(tensor)
        return result

    def _keep_one(self, tensor: torch.Tensor, whole: Slot, k: int) -> None:
        part = of_open(
            functools.partial(
                _part, k=k, shape=tuple(tensor.shape), said=self.said, kind=self._kind(tensor)
            )
        )
        active = whole.active and tensor.is_floating_point()
        self.mode.shadows.write(tensor, self.mode.program.record(part, whole, active=active))
        if active and (k or self.mode.in_custom_function()):
            self.mode.shadows.doubt(tensor)
        if active:
            self.mode.use(dtype_name(tensor.dtype))

    def _kind(self, tensor: torch.Tensor) -> Rule:
        """Find how a result is read by its dtype: integers and truth values move with nothing."""
        if tensor.is_floating_point():
            return elementary.same
        if tensor.dtype == torch.bool:
            return elementary.as_truth
        if not any(map(is_of_floats, self._flat)):
            return elementary.as_integers
        return elementary.truncated if self.base in TRUNCATING else _only_integers(self.said)

    def _mark(self, result: Any, unknown: Unknown) -> Any:
        for tensor in tensors(result):
            self.mode.shadows.write(tensor, unknown)
        return result


def _part(xp: Any, whole: Any, *, k: int, shape: tuple[int, ...], said: str, kind: Rule) -> Any:
    """Take one result of a rule. Raises `NotKnown` for one that it does not give."""
    several = whole if isinstance(whole, (tuple, list)) else (whole,)
    found = several[k] if k < len(several) else None
    if found is None:
        raise NotKnown(f"{said}, its result {k}")
    if tuple(np.shape(found)) != shape:
        raise NotKnown(f"{said} of these shapes")
    return kind(xp, found)


def _only_integers(said: str) -> Rule:
    """Refuse numbers of a rule where floats become integers on the way, as in sums of these."""

    def look(xp: Any, found: Any) -> Any:
        if is_certified(found):
            raise NotKnown(f"{said} of floats, as integers")
        return found

    return look
