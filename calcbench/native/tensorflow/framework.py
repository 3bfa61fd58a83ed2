"""Operations that TensorFlow computes itself: of constants, and of indices in place of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context, execute  # what tf.raw_ops call, by other names
from tensorflow.python.framework import function_def_to_graph

from calcbench.problem.faults import find_place

T = TypeVar("T")


def place_of(operation: Any) -> str:
    """Find the line of a user's code that an operation stands for: `model.py:9`, or ""."""
    frames = reversed(list(getattr(operation, "traceback", None) or ()))
    return find_place((frame.filename, frame.lineno) for frame in frames)


def is_real(tensor: Any) -> bool:
    """Tell whether a tensor of a graph holds floats."""
    return bool(tensor.dtype.is_floating)


def plain(value: Any) -> Any:
    """Make NumPy's array of a tensor of numbers; what holds something else stays."""
    numeric = value.dtype.is_floating or value.dtype.is_integer or value.dtype.is_bool
    return np.asarray(value) if numeric or value.dtype.is_complex else value


class Framework:
    """Has TensorFlow apply operations of a graph, and remembers what is found of them."""

    def __init__(self) -> None:
        """Start without any."""
        self._remembered: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._graphs: dict[str, Any] = {}

    def apply(
        self, operation: Any, operands: Sequence[Any], indices: Sequence[int] = ()
    ) -> list[Any]:
        """Apply an operation to native arrays, of which some are indices in place of floats."""
        attributes = self.remember(
            f"attributes {sorted(indices)}",
            operation,
            lambda: _read_attributes(operation, indices),
        )
        tensors = [
            x
            if tf.is_tensor(x)
            else tf.constant(x, tf.int64 if k in indices else operation.inputs[k].dtype)
            for k, x in enumerate(operands)
        ]
        with tf.device("/CPU:0"):
            found = execute.execute(
                operation.type.encode(),
                len(operation.outputs),
                inputs=tensors,
                attrs=attributes,
                ctx=context.context(),
            )
        return [plain(value) for value in found]

    def constant(self, operation: Any) -> np.ndarray:
        """Read a constant of a graph."""
        return self.remember("constant", operation, lambda: _read_constant(operation))

    def graph_of(self, operation: Any, attribute: str) -> Any:
        """Return the graph of a function that an operation applies."""
        return self.function_graph(operation.get_attr(attribute).name)

    def function_graph(self, name: str) -> Any:
        """Return the graph of a function by its name.

        It is made of the definition: TensorFlow changes the graph that it traced when it
        differentiates a loop in it.
        """
        if name not in self._graphs:
            with tf.init_scope():
                definition = context.context().get_function_def(name)
                self._graphs[name] = function_def_to_graph.function_def_to_graph(definition)
        return self._graphs[name]

    def remember(self, what: str, part: Any, build: Callable[[], T]) -> T:
        """Return what is built for a part of a graph, which is built once."""
        key = what, id(part)
        if key not in self._remembered:
            self._remembered[key] = part, build()  # the part too, or another had its id
        found: T = self._remembered[key][1]
        return found


def _read_constant(operation: Any) -> Any:
    found = tf.make_ndarray(operation.get_attr("value"))
    return tf.constant(found) if found.dtype == object else found  # text


def _read_attributes(operation: Any, indices: Sequence[int]) -> tuple[Any, ...]:
    """Read the attributes of an operation: what is moved as indices is of int64."""
    attributes = {
        name: _encoded(operation.get_attr(name))
        for name in operation.node_def.attr
        if not name.startswith("_")
    }
    first = 0
    for argument in operation.op_def.input_arg:
        count = attributes[argument.number_attr] if argument.number_attr else 1
        if argument.type_list_attr:
            count = len(attributes[argument.type_list_attr])
        if argument.type_attr and any(first <= k < first + count for k in indices):
            attributes[argument.type_attr] = tf.int64.as_datatype_enum
        first += count
    return tuple(part for pair in attributes.items() for part in pair)


def _encoded(value: Any) -> Any:
    if isinstance(value, tf.DType):
        return value.as_datatype_enum
    return [_encoded(each) for each in value] if isinstance(value, list) else value
