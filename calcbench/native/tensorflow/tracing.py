"""Tracing: the graph of a function of tensors and variables."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.autograph.operators import py_builtins  # what it calls for Python's own

from calcbench.native.function import NotKnown
from calcbench.native.reasons import chain
from calcbench.native.rebinding import rebound
from calcbench.problem.faults import RAISED, message_of


class Traced(NamedTuple):
    """The graph of a function: of its tensors first, then of what it has from outside."""

    graph: Any
    outside: list[Any]
    """What is captured: tensors, and handles of variables."""

    @property
    def draws(self) -> bool:
        """Whether some operation draws random numbers, and keeps a state of its own."""
        definition = self.graph.as_graph_def()
        functions = definition.library.function
        nodes = [*definition.node, *(node for each in functions for node in each.node_def)]
        return any("seed2" in node.attr and "Stateless" not in node.op for node in nodes)

    @property
    def handles(self) -> list[Any]:
        """List the handles of variables that it reads or writes."""
        return [each for each in self.outside if is_variable(each)]


def trace(function: Callable[..., Any], specs: Sequence[Any], users: Any) -> Traced:
    """Trace a function of tensors like these, which calls the user's own, `users`.

    Python's branches on values are tried as they are, which fails, and then as AutoGraph reads
    them. Raises `NotKnown` for a function that cannot be traced.
    """
    with quietly():
        found = None
        with contextlib.suppress(*RAISED):  # what comes up again is raised as it is then
            found = _trace(function, specs, autograph=False)
        found = found or _trace_as_read(function, specs, users)
    if len(found.outputs) != 1:
        raise TypeError(f"the function returns {len(found.outputs)} tensors: one is differentiated")
    return Traced(found, [outside for outside, _ in found.captures])


def _trace_as_read(function: Callable[..., Any], specs: Sequence[Any], users: Any) -> Any:
    """Trace a function as AutoGraph reads it, which makes `float` a conversion to float32.

    A `tf.function` runs so, and is traced by itself. Any other runs as it is, where `float` gives a
    number of Python's, of all digits and without a slope: a moving one is refused. Functions that
    keep what they gave would give tensors of another graph, and are called anew.
    """
    with rebound(users, (), {}, {}), _float_as_it_runs():
        try:
            return _trace(function, specs, autograph=True)
        except RAISED as error:
            refusal = next((each for each in chain(error) if isinstance(each, NotKnown)), None)
            said = message_of(error)
            raise refusal or NotKnown(f"what TensorFlow does not trace: {said}") from error


_one_at_a_time = threading.RLock()
"""What AutoGraph calls for `float` is the same for all threads."""


@contextlib.contextmanager
def _float_as_it_runs() -> Iterator[None]:
    """Have AutoGraph make of `float` what it is where the function runs, in this thread alone."""
    calls, own = py_builtins.BUILTIN_FUNCTIONS_MAP, threading.get_ident()
    with _one_at_a_time:
        before = calls["float"]

        def convert(*values: Any) -> Any:
            return (_to_float if threading.get_ident() == own else before)(*values)

        calls["float"] = convert
        try:
            yield
        finally:
            calls["float"] = before


def _to_float(*values: Any) -> float:
    """Convert as `float` does. Raises `NotKnown` for a tensor that is not known."""
    if values and tf.is_tensor(values[0]):
        known = tf.get_static_value(values[0])
        if known is None:
            raise NotKnown("float() of a tensor, which cuts off its slope")
        return float(known)
    return float(*values)


def _trace(function: Callable[..., Any], specs: Sequence[Any], autograph: bool) -> Any:
    return tf.function(function, autograph=autograph).get_concrete_function(*specs).graph


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keep to oneself what TensorFlow says of code that it cannot read, or run."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("CRITICAL")
    try:
        yield
    finally:
        logger.setLevel(level)


def is_variable(outside: Any) -> bool:
    """Tell whether what a graph has from outside is the handle of a variable."""
    known = outside.dtype == tf.resource and getattr(outside, "_handle_data", None)
    return bool(known and known.is_set and len(known.shape_and_type) == 1)


def read(handle: Any) -> np.ndarray:
    """Read a variable by its handle."""
    (kind,) = handle._handle_data.shape_and_type
    return np.asarray(tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.as_dtype(kind.dtype)))
