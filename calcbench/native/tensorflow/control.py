"""Rules of operations that apply functions, and of variables and lists, which they pass along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from calcbench.native.function import NotKnown
from calcbench.native.tensorflow.demand import BRANCHES, CALLS, LOOPS, SWITCHES, all_slopes
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import is_certified, lift


def _call(step: Step, *operands: Any) -> list[Any]:
    return step.run(step.callee("f"), operands, step.needs, step.after)


def _branch(step: Step, which: Any, *operands: Any) -> list[Any]:
    then, otherwise = BRANCHES[step.name]
    chosen = then if np.all(np.asarray(which)) else otherwise
    return step.run(step.callee(chosen), operands, step.needs, step.after[1:])


def _switch(step: Step, which: Any, *operands: Any) -> list[Any]:
    branches = step.operation.get_attr("branches")
    k = int(which) if 0 <= int(which) < len(branches) else len(branches) - 1
    graph = step.interpreter.framework.function_graph(branches[k].name)
    return step.run(graph, operands, step.needs, step.after[1:])


def _loop(step: Step, *operands: Any) -> list[Any]:
    """Apply a step while a condition holds."""
    going, body = step.callee("cond"), step.callee("body")
    state: Sequence[Any] = operands
    needs = all_slopes(len(operands))
    while np.all(np.asarray(step.run(going, state, all_slopes(1), needs)[0])):
        state = step.run(body, state, needs, needs)
    return list(state)


# --- variables ------------------------------------------------------------------------------------


class Cell:
    """A variable: what is written into it last."""

    def __init__(self, value: Any) -> None:
        """Begin with a value."""
        self.value = value


def _read(step: Step, cell: Any) -> Any:
    if not isinstance(cell, Cell):
        raise NotKnown(f"operation {step.name} of what is no variable")
    return cell.value


def _write(step: Step, cell: Cell, value: Any) -> list[Any]:
    cell.value = value
    return []


def _change(operation: str) -> Rule:
    """Build an operation that adds to a variable, or subtracts."""

    def rule(step: Step, cell: Cell, value: Any) -> list[Any]:
        if is_certified(cell.value) or is_certified(value):
            x, y = lift(step.xp, cell.value), lift(step.xp, value)
            cell.value = x + y if operation == "add" else x - y
        else:
            cell.value = getattr(np, operation)(cell.value, value).astype(cell.value.dtype)
        return []

    return rule


def _variable_shape(step: Step, cell: Cell) -> np.ndarray:
    return np.array(np.shape(cell.value), step.dtype)


def _gather(step: Step, cell: Cell, indices: Any) -> Any:
    """Pick rows of a variable."""
    value, places = cell.value, np.asarray(indices, np.int64)
    if step.attribute("batch_dims"):
        raise NotKnown(f"operation {step.name} of batches")
    return step.xp.take(value, places, axis=0) if is_certified(value) else value[places]


def _gather_each(step: Step, cell: Cell, indices: Any) -> Any:
    key = tuple(np.moveaxis(np.asarray(indices, np.int64), -1, 0))
    value = cell.value
    if not is_certified(value):
        return value[key]
    shape = np.shape(value)
    flat = np.arange(int(np.prod(shape))).reshape(shape)[key]
    return step.xp.take(step.xp.reshape(value, (-1,)), flat)


def _draw_and_skip(step: Step, cell: Cell, algorithm: Any, delta: Any) -> Any:
    """Take the state of a generator of random numbers, and go on."""
    state = tf.Variable(cell.value)
    found = step.natively(state.handle, algorithm, delta)
    cell.value = state.numpy()
    return found


# --- lists of tensors, in which loops keep what they pass -----------------------------------------


class Tensors(tuple[Any, ...]):
    """A list of tensors; None is one that is not set."""

    __slots__ = ()

    def with_item(self, k: int, value: Any) -> Tensors:
        """Return a list with another item, which may be beyond its end."""
        items = [*self, *[None] * (k + 1 - len(self))]
        items[k] = value
        return Tensors(items)


def _read_item(step: Step, items: Tensors, k: Any, shape: Any) -> Any:
    found = items[int(k)]
    return _zeros(step, items, shape) if found is None else found


def _zeros(step: Step, items: Tensors, shape: Any) -> np.ndarray:
    """Give what an item that was never set holds."""
    like = next((np.shape(x) for x in items if x is not None), None)
    sizes = tuple(np.ravel(shape)) if like is None else like
    return np.zeros(sizes, step.operation.get_attr("element_dtype").as_numpy_dtype)


def _stack(step: Step, items: Tensors, shape: Any, *_: Any) -> Any:
    parts = [_zeros(step, items, shape) if x is None else x for x in items]
    if any(map(is_certified, parts)):
        return step.xp.stack([lift(step.xp, part) for part in parts])
    if not parts:
        return np.zeros((0, *(max(n, 0) for n in np.ravel(shape))), step.dtype)
    return np.stack(parts)


def _concatenate(step: Step, items: Tensors, *_: Any) -> list[Any]:
    lengths = np.array([np.shape(x)[0] for x in items], np.int64)
    if any(map(is_certified, items)):
        return [step.xp.concat([lift(step.xp, x) for x in items]), lengths]
    return [np.concatenate(items), lengths]


def _pop(step: Step, items: Tensors, shape: Any) -> list[Any]:
    last = _zeros(step, items, shape) if items[-1] is None else items[-1]
    return [Tensors(items[:-1]), last]


def _rows(x: Any) -> Tensors:
    return Tensors(x[k] for k in range(np.shape(x)[0]))


def _gather_items(step: Step, items: Tensors, indices: Any, shape: Any) -> Any:
    return _stack(step, Tensors(items[k] for k in np.ravel(indices)), shape)


def _scatter_items(step: Step, x: Any, indices: Any, shape: Any, count: Any = -1) -> Tensors:
    found = Tensors([None] * max(int(count), 0))
    for k, item in zip(np.ravel(indices), _rows(x), strict=True):
        found = found.with_item(int(k), item)
    return found


LISTS: dict[str, Rule] = {
    "EmptyTensorList": lambda step, *_: Tensors(),
    "TensorListReserve": lambda step, shape, count: Tensors([None] * int(count)),
    "TensorListResize": lambda step, items, count: Tensors(
        [*items, *[None] * max(int(count) - len(items), 0)][: int(count)]
    ),
    "TensorListFromTensor": lambda step, x, *_: _rows(x),
    "TensorListSetItem": lambda step, items, k, x: items.with_item(int(k), x),
    "TensorListGetItem": _read_item,
    "TensorListPushBack": lambda step, items, x: Tensors((*items, x)),
    "TensorListPopBack": _pop,
    "TensorListStack": _stack,
    "TensorListConcat": _concatenate,
    "TensorListConcatV2": _concatenate,
    "TensorListGather": _gather_items,
    "TensorListScatterV2": _scatter_items,
    "TensorListLength": lambda step, items: np.array(len(items), np.int32),
    "TensorListElementShape": lambda step, items: np.array(
        np.shape(next(x for x in items if x is not None)), step.dtype
    ),
}
"""Operation → its rule."""

VARIABLES: dict[str, Rule] = {
    "ReadVariableOp": _read,
    "AssignVariableOp": _write,
    "AssignAddVariableOp": _change("add"),
    "AssignSubVariableOp": _change("subtract"),
    "VariableShape": _variable_shape,
    "VarIsInitializedOp": lambda step, cell: np.array(True),
    "ResourceGather": _gather,
    "ResourceGatherNd": _gather_each,
    "RngReadAndSkip": _draw_and_skip,
}
"""Operation → its rule."""

RULES: dict[str, Rule] = {
    **dict.fromkeys(CALLS, _call),
    **dict.fromkeys(BRANCHES, _branch),
    **dict.fromkeys(LOOPS, _loop),
    **dict.fromkeys(SWITCHES, _switch),
    **VARIABLES,
    **LISTS,
}
"""Operation → its rule."""
