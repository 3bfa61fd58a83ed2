"""torch: a function of tensors, certified by what it does on real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad
from torch.utils import _pytree as pytree

from calcbench.certified import budget
from calcbench.errors import SelectorError, short_repr
from calcbench.native import trees
from calcbench.native.function import Function, NotKnown, NoWay, WrongGradient, returns_other
from calcbench.native.torch.keeping import Keeping, unchanged
from calcbench.native.torch.program import Otherwise
from calcbench.native.torch.recording import Recorded, record
from calcbench.native.torch.storage import dtype_name, floats_of
from calcbench.native.values import is_beside, midpoints
from calcbench.problem.flat import Shape
from calcbench.problem.problem import Arrays

FUNCTIONAL = (
    "a module computes with parameters of its own, and with those in x by "
    "torch.func.functional_call(module, x, inputs)"
)
"""What to write where a function does not use its argument."""

MOST_OTHERWISE = 64
"""Conditions that may be otherwise just beside a point than at it. A loop may ask for more of them
every time that it is told of one, and the function is run as often."""


class TorchFunction(Function):
    """A function of tensors, several arguments, lists or dicts of them."""

    how = "ATen on balls"
    holds = "detach, no_grad"
    cuts = ", or the backward of an autograd.Function returns None"

    def __init__(self, function: Callable[..., Any], x: Any, name: str = "") -> None:
        """Take the function, its argument (a tuple: its arguments), and a name to call it by.

        Raises `NotKnown` for dtypes that are not certified, `SelectorError` for floats that are no
        tensors.
        """
        self.function, self.x = function, x
        self._leaves = trees.name_leaves(function, x)
        self._recorded: dict[tuple[bytes, tuple[bool, ...]], Recorded] = {}
        """Numbers, and what Python was told of conditions → the run, at the last point alone."""
        self._other = ""
        """The kind of what the function returns, if that is no tensor."""
        _check_tensors(self._leaves)
        moving = {n: leaf for n, leaf in self._leaves.items() if _moves(leaf)}
        super().__init__(
            name or trees.function_name(function),
            {n: floats_of(leaf) for n, leaf in moving.items()},
            {n: dtype_name(leaf.dtype) for n, leaf in moving.items()},
        )

    def run(self, arguments: Arrays, read: Callable[[Any], Any]) -> Any:
        """Call the function at these numbers, and read what it returns."""
        with unchanged() as before, Keeping(before):
            return read(self._run(self._tensors(arguments)))

    def to_numpy(self, returned: Any) -> np.ndarray:
        """Make an array of what the function returned, and remember what else that is."""
        self._other = "" if isinstance(returned, torch.Tensor) else type(returned).__name__
        return _numbers(returned)

    def call_along(self, arguments: Arrays, derivative: Callable[..., Any]) -> np.ndarray:
        """Call a derivative along a direction at these numbers."""
        with unchanged() as before, Keeping(before):
            return _numbers(derivative(*self._given(self._as_given(arguments))))

    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        """Call the gradient, or autograd if it is None: name → float64 array."""
        tensors = self._tensors(arguments)
        with unchanged() as before, Keeping(before):
            if gradient is None:
                return self._by_autograd(tensors, self._tensor(tensors), required=True)
            found = pytree.tree_map(_plain, gradient(*self._given(self._as_given(arguments))))
        return trees.read_gradient(self.x, self._leaves, self.arguments, found)

    def differentiate_outputs(
        self, arguments: Arrays, jacobian: Callable[..., Any] | None, shape: Shape
    ) -> Arrays:
        """Call the Jacobian, or autograd for each output if it is None."""
        tensors = self._tensors(arguments)
        with unchanged() as before, Keeping(before):
            if jacobian is None:
                numbers = self._tensor(tensors).reshape(-1)  # run once: dropout drops the same
                rows = [self._by_autograd(tensors, number) for number in numbers]
                parts = {name: np.stack([row[name] for row in rows]) for name in tensors}
                return {n: p.reshape(shape + self.arguments[n].shape) for n, p in parts.items()}
            found = pytree.tree_map(_plain, jacobian(*self._given(self._as_given(arguments))))
        return trees.read_gradient(self.x, self._leaves, self.arguments, found, shape)

    def multiply(self, arguments: Arrays, direction: Arrays) -> Arrays:
        """Multiply the Hessian by a direction: the slope of the gradient along it, by autograd."""
        tensors, along = self._tensors(arguments), self._tensors(direction)
        with unchanged() as before, Keeping(before):
            value, slope = self._tensor(tensors), torch.zeros(())
            if value.requires_grad:
                parts = torch.autograd.grad(
                    value, list(tensors.values()), allow_unused=True, create_graph=True
                )
                given = zip(parts, along.values(), strict=True)
                terms = [(p * v.detach()).sum() for p, v in given if p is not None]
                slope = sum(terms, slope)
            return self._by_autograd(tensors, slope)

    def push(self, arguments: Arrays, direction: Arrays) -> np.ndarray:
        """Take the derivative along a direction, by autograd's forward mode."""
        tensors, along = self._tensors(arguments), self._tensors(direction)
        with unchanged() as before, Keeping(before), forward_ad.dual_level():
            duals = {
                n: forward_ad.make_dual(t.detach(), along[n].detach()) for n, t in tensors.items()
            }
            value = self._tensor(duals)
            tangent = forward_ad.unpack_dual(value).tangent
            return _numbers(torch.zeros_like(value) if tangent is None else tangent)

    def pull(self, arguments: Arrays, cotangent: Any) -> Arrays:
        """Multiply a cotangent by the Jacobian, by autograd."""
        tensors = self._tensors(arguments)
        with unchanged() as before, Keeping(before):
            value = self._tensor(tensors)
            return self._by_autograd(tensors, value, required=True, cotangent=cotangent)

    def native(self, arguments: Arrays) -> Any:
        """Give numbers the form of the argument, as tensors."""
        given = self._given({n: t.detach() for n, t in self._tensors(arguments).items()})
        return given[0] if len(given) == 1 else given

    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Any:
        """Run what the function does at these numbers again, on numbers with proof."""
        if self._other:
            raise NotKnown(returns_other(self._other, "tensor"))
        numbers = [arguments[name] for name in self.arguments]
        floats = {name: midpoints(arguments[name]) for name in self.arguments}
        told: tuple[bool, ...] = ()
        for _ in range(MOST_OTHERWISE):
            budget.expect()  # every run takes as long as the function does
            recorded = self._record(floats, told)
            try:
                return recorded.evaluate(xp, numbers)
            except Otherwise as error:
                if not any(map(is_beside, numbers)):
                    raise
                taken = recorded.choices
                told = (*taken[: error.choice], not taken[error.choice])
        raise NotKnown(f"{MOST_OTHERWISE} and more of Python's conditions are others than at it")

    def _record(self, floats: Arrays, told: tuple[bool, ...]) -> Recorded:
        """Run the function at these numbers, or find the run that is known."""
        here = b"".join(np.asarray(array).tobytes() for array in floats.values())
        if (here, told) not in self._recorded:
            tensors = self._tensors(floats)
            leaves = list(tensors.values())
            found = record(lambda: self._run(tensors), leaves, self.use, told)
            known = {key: run for key, run in self._recorded.items() if key[0] == here}
            self._recorded = {**known, (here, told): found}
        return self._recorded[here, told]

    def _tensors(self, arguments: Arrays) -> dict[str, torch.Tensor]:
        """Make tensors of these numbers, of which autograd keeps the gradient."""
        with torch.inference_mode(False):
            return {n: _like(self._leaves[n], arguments[n]) for n in self.arguments}

    def _as_given(self, arguments: Arrays) -> dict[str, torch.Tensor]:
        """Make tensors of these numbers, of which autograd keeps the gradient where x has it so."""
        return {
            n: tensor.requires_grad_(self._leaves[n].requires_grad)
            for n, tensor in self._tensors(arguments).items()
        }

    def _given(self, tensors: Mapping[str, Any]) -> tuple[Any, ...]:
        """Build the arguments as the function wants them."""
        leaves = [tensors.get(name, leaf) for name, leaf in self._leaves.items()]
        return trees.as_tuple(trees.rebuild(self.x, leaves))

    def _run(self, tensors: Mapping[str, Any]) -> Any:
        return self.function(*self._given(tensors))

    def _tensor(self, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Run the function. Raises `WrongGradient` where it gives no tensor."""
        value = self._run(tensors)
        if isinstance(value, torch.Tensor):
            return value
        other = returns_other(type(value).__name__, "tensor")
        raise WrongGradient(f"autograd has no gradient: {other}")

    def _by_autograd(
        self,
        tensors: Mapping[str, torch.Tensor],
        value: torch.Tensor,
        required: bool = False,
        cotangent: torch.Tensor | None = None,
    ) -> Arrays:
        """Differentiate a number, or an array times a cotangent: 0 by what it does not depend on.

        Raises `NoWay` where a way to an argument is `required`, and there is none.
        """
        found = [None] * len(tensors)
        if value.requires_grad:
            leaves = list(tensors.values())
            found = torch.autograd.grad(
                value, leaves, cotangent, allow_unused=True, retain_graph=True
            )
            if required and all(part is None for part in found):
                raise NoWay("autograd", FUNCTIONAL)
        return {
            name: np.zeros(self.arguments[name].shape) if part is None else _numbers(part)
            for name, part in zip(tensors, found, strict=True)
        }


def _check_tensors(leaves: Mapping[str, Any]) -> None:
    """Raise `SelectorError` for numbers that are no tensors: torch has no gradient by them.

    And `NotKnown` for complex ones.
    """
    for name, leaf in leaves.items():
        if isinstance(leaf, torch.Tensor) and leaf.is_complex():
            raise NotKnown("complex numbers")
        if isinstance(leaf, (float, np.floating, np.ndarray)):
            raise SelectorError(
                f"a function of torch is checked by tensors, but {name} is {short_repr(leaf)}; "
                f"give it as torch.tensor(…)"
            )


def _like(leaf: torch.Tensor, numbers: np.ndarray) -> torch.Tensor:
    return torch.tensor(numbers, dtype=leaf.dtype, device=leaf.device, requires_grad=True)


def _moves(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and bool(leaf.is_floating_point())


def _numbers(value: Any) -> np.ndarray:
    """Return a result as a NumPy array, floats as float64; a number of Python as it is."""
    return floats_of(value) if isinstance(value, torch.Tensor) else np.asarray(value)


def _plain(value: Any) -> Any:
    """Make NumPy's array of a tensor."""
    return floats_of(value) if isinstance(value, torch.Tensor) else value
