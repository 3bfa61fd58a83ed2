"""TensorFlow: a gradient tape, run eagerly, as a graph (function), or compiled by XLA."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from calcbench.backend.calling import measure_call
from calcbench.backend.transforming import Transforming
from calcbench.operators.function import Derived, Function
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.vocabulary.namespace import Namespace

from .._quiet import quiet_stderr

FLOW = ("While", "StatelessWhile", "If", "StatelessIf", "PartitionedCall")
"""The operations of a graph that `tf.while_loop` and `tf.cond` make; on a tape they are called."""


@dataclass(frozen=True)
class TensorFlow(Transforming):
    """TensorFlow's gradient tape, eager, in a graph or compiled by XLA."""

    name = "tensorflow"
    kind = "exact"
    requires = ("tensorflow",)
    install = "python -m pip install tensorflow"

    mode: Literal["eager", "function", "xla"] = "eager"

    @classmethod
    def framework(cls) -> Any:
        """Import TensorFlow without its log lines on the standard error stream."""
        if "tensorflow" in sys.modules:
            return super().framework()
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with quiet_stderr():  # before its logger reads TF_CPP_MIN_LOG_LEVEL, it logs
            tensorflow = super().framework()
            with contextlib.suppress(AttributeError):  # something else of that name
                # It looks for GPUs when first used, and logs that there are none.
                tensorflow.config.list_physical_devices()
        return tensorflow

    def namespace(self) -> Namespace:
        self.framework()  # says why where it is missing
        from .vocabulary import namespace

        return namespace(self.dtype, self.mode)

    def convert(self, array: np.ndarray) -> Any:
        return self.framework().constant(self.cast(array))

    def native(self, value: Any) -> Any:
        tf = self.framework()
        return value if tf.is_tensor(value) else tf.constant(value, self.dtype)

    def check(self, problem: Problem, function: Function, native: tuple[Any, ...]) -> None:
        count = len(function.parameters)
        value = function.apply(native[:count], native[count:])
        problem.check_cost(tuple(value.shape), value.dtype.name, function.value)

    def unconnected(self, point: Point) -> tuple[str, ...]:
        tf = self.framework()
        parameters, data = self.loader(point)(point)
        eager = dataclasses.replace(self, mode="eager")  # a loop of a graph gives 0 for None
        tape, value = _record(tf, eager.function(point), parameters, self.arrays(point, data))
        partials = tape.gradient(value, parameters)
        return tuple(n for n, p in zip(point.shapes, partials, strict=True) if p is None)

    def trace_cost(self, point: Point) -> None:
        tf = self.framework()
        parameters, data = self.loader(point)(point)
        graph = dataclasses.replace(self, mode="function")
        function = tf.function(graph.function(point).apply, autograph=False)
        function.get_concrete_function(parameters, self.arrays(point, data))

    def pullback(self, function: Function) -> Derived:
        tf = self.framework()

        def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
            tape, value = _record(tf, function, parameters, data)
            return _gradient(tf, tape, value, parameters, cotangent)

        return Derived(pull, "reverse")

    def pushforward(self, function: Function) -> Derived:
        tf = self.framework()

        def push(parameters: Any, data: Any, direction: Any) -> Any:
            if self.mode != "eager":
                function.apply(parameters, data)  # to look at; the graph drops what is not used
                if _has_flow(tf):  # through which no tangent is pushed (2.21)
                    return twice(parameters, data, direction)
            with tf.autodiff.ForwardAccumulator(parameters, direction) as accumulator:
                value = function.apply(parameters, data)
            return accumulator.jvp(value, tf.UnconnectedGradients.ZERO)

        pull = self.pullback(function).apply

        def twice(parameters: Any, data: Any, direction: Any) -> Any:
            """Sweep backward through a backward sweep: u ↦ uᵀJ is linear, its transpose is J."""
            anywhere = tf.zeros(function.value, self.dtype)
            with tf.GradientTape() as tape:
                tape.watch(anywhere)
                pulled = pull(parameters, data, anywhere)
            (slope,) = _gradient(tf, tape, pulled, (anywhere,), direction)
            return slope

        return Derived(push, "forward")

    def gradient(self, function: Function) -> Derived:
        pull = self.pullback(function).apply
        return Derived(lambda p, d: pull(p, d, None), "reverse")

    def value_and_gradient(self, function: Function) -> Derived:
        tf = self.framework()

        def both(parameters: Any, data: Any) -> Any:
            tape, value = _record(tf, function, parameters, data)
            return value, _gradient(tf, tape, value, parameters)

        return Derived(both, "reverse, one sweep")

    def jacobian(self, function: Function) -> Derived:
        """Go by rows; where columns are fewer, by the rows of the transpose."""
        tf = self.framework()

        def by_rows(parameters: Any, data: Any) -> Any:
            tape, value = _record(tf, function, parameters, data, persistent=True)
            return self._sweeps(tape, value, parameters)

        if function.components >= function.value[0]:
            return Derived(by_rows, f"reverse, rows {self._together}")
        count = len(function.parameters)
        sizes = [math.prod(shape) for shape in function.parameters]
        pull = self.pullback(function).apply

        def transposed(cotangent: Any, point: Any) -> Any:
            return _flat(tf, pull(point[:count], point[count:], *cotangent))

        # u ↦ Jᵀu is linear in u, so its Jacobian, at any u, is Jᵀ.
        linear = Function(transposed, (function.value,), (function.components,))

        def by_columns(parameters: Any, data: Any) -> Any:
            anywhere = (tf.zeros(function.value, self.dtype),)
            tape, pulled = _record(tf, linear, anywhere, (*parameters, *data), persistent=True)
            (columns,) = self._sweeps(tape, pulled, anywhere)
            pieces = tf.split(tf.transpose(columns), sizes, axis=1)
            ends = zip(pieces, function.parameters, strict=True)
            return tuple(tf.reshape(piece, (*function.value, *shape)) for piece, shape in ends)

        return Derived(by_columns, f"reverse over reverse, columns {self._together}")

    def hvp(self, function: Function) -> Derived:
        both = self.gradient_and_hvp(function).apply
        return Derived(lambda p, d, v: both(p, d, v)[1], "reverse over reverse")

    def gradient_and_hvp(self, function: Function) -> Derived:
        """Use two tapes: a forward accumulator takes twice the time, and eight times under XLA."""
        tf = self.framework()
        slopes = Function(self.gradient(function).apply, function.parameters, function.parameters)

        def both(parameters: Any, data: Any, direction: Any) -> Any:
            tape, partials = _record(tf, slopes, parameters, data)
            return partials, _gradient(tf, tape, partials, parameters, direction)

        return Derived(both, "reverse over reverse, one sweep")

    def pullbacks(self, function: Function) -> Derived:
        tf = self.framework()

        def pull(parameters: Any, data: Any, cotangents: Any) -> Any:
            tape, value = _record(tf, function, parameters, data, persistent=True)
            return self._sweeps_from(tape, value, parameters, cotangents)

        return Derived(pull, "reverse")

    def pushforwards(self, function: Function) -> Derived:
        """Sweep backward through a backward sweep: u ↦ uᵀJ is linear, its transpose is J."""
        tf = self.framework()
        pull = self.pullback(function).apply
        count = len(function.parameters)

        def transposed(cotangent: Any, point: Any) -> Any:
            return pull(point[:count], point[count:], *cotangent)

        linear = Function(transposed, (function.value,), function.parameters)

        def push(parameters: Any, data: Any, directions: Any) -> Any:
            anywhere = (tf.zeros(function.value, self.dtype),)
            tape, pulled = _record(tf, linear, anywhere, (*parameters, *data), persistent=True)
            return self._sweeps_from(tape, pulled, anywhere, directions)[0]

        return Derived(push, "reverse over reverse")

    def hvps(self, function: Function) -> Derived:
        tf = self.framework()
        slopes = Function(self.gradient(function).apply, function.parameters, function.parameters)

        def hvps(parameters: Any, data: Any, directions: Any) -> Any:
            tape, partials = _record(tf, slopes, parameters, data, persistent=True)
            return self._sweeps_from(tape, partials, parameters, directions)

        return Derived(hvps, "reverse over reverse")

    def hessian(self, function: Function) -> Derived:
        tf = self.framework()
        gradient = self.gradient(function).apply
        sizes = [math.prod(shape) for shape in function.parameters]

        def flat(parameters: Any, data: Any) -> Any:
            return _flat(tf, gradient(parameters, data))

        slopes = Function(flat, function.parameters, (function.components,))

        def hessian(parameters: Any, data: Any) -> Any:
            tape, partials = _record(tf, slopes, parameters, data, persistent=True)
            blocks = self._sweeps(tape, partials, parameters)
            return tuple(zip(*(tf.split(block, sizes) for block in blocks), strict=True))

        return Derived(hessian, f"reverse over reverse, rows {self._together}")

    @property
    def _together(self) -> str:
        return "one by one" if self.mode == "eager" else "at once"

    def _sweeps(self, tape: Any, value: Any, parameters: Any) -> Any:
        """Take the Jacobian of a vector on a persistent tape: a sweep for each component."""
        tf = self.framework()
        return self._sweeps_from(tape, value, parameters, tf.eye(value.shape[0], dtype=value.dtype))

    def _sweeps_from(self, tape: Any, value: Any, parameters: Any, units: Any) -> Any:
        """Sweep backward on a persistent tape from each of several cotangents, along a first axis.

        `value` may be a tuple, and each of `units` then as well.
        """
        tf = self.framework()

        def sweep(unit: Any) -> Any:
            return _gradient(tf, tape, value, parameters, unit)

        if self.mode != "eager":
            if not _has_flow(tf):
                return tf.vectorized_map(sweep, units)
            # It cannot vectorise what a loop of the graph has kept for its gradient (2.21).
            if self.mode == "function":
                specs = tuple(tf.TensorSpec(p.shape, p.dtype) for p in parameters)
                return tf.map_fn(sweep, units, fn_output_signature=specs)
        # Eagerly, vectorized_map would trace its graph anew at every call; and XLA wants to know
        # how long a loop within a loop is.
        found = map(sweep, _unstack(tf, units))
        return tuple(map(tf.stack, zip(*found, strict=True)))

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        if self.mode == "eager":
            return lambda native: function(*native), None
        graph = self.framework().function(function, jit_compile=self.mode == "xla", autograph=False)
        concrete = graph.get_concrete_function(*native)
        # The first call compiles: XLA to machine code, a graph into its optimised form.
        _, seconds = measure_call(concrete, *native)
        return lambda native: concrete(*native), seconds


def _record(
    tf: Any, function: Function, parameters: Any, data: Any, persistent: bool = False
) -> tuple[Any, Any]:
    """Evaluate a function on a tape; return the tape and the value."""
    with tf.GradientTape(persistent=persistent, watch_accessed_variables=False) as tape:
        tape.watch(parameters)
        value = function.apply(parameters, data)
    return tape, value


def _gradient(tf: Any, tape: Any, value: Any, parameters: Any, cotangent: Any = None) -> Any:
    """Sweep backward once: a tensor for each parameter, zeros where nothing depends on it."""
    zero = tf.UnconnectedGradients.ZERO
    partials = tape.gradient(value, parameters, cotangent, unconnected_gradients=zero)
    # Gathering from a parameter gives its gradient as IndexedSlices.
    return tuple([p if isinstance(p, tf.Tensor) else tf.convert_to_tensor(p) for p in partials])


def _unstack(tf: Any, units: Any) -> Any:
    """List what is stacked along a first axis: in an array, or in a tuple of arrays."""
    if isinstance(units, tuple):
        return zip(*map(tf.unstack, units), strict=True)
    return tf.unstack(units)


def _has_flow(tf: Any) -> bool:
    """Tell whether the graph that is being traced has a loop or a branch in it."""
    graph = tf.compat.v1.get_default_graph()
    return any(operation.type in FLOW for operation in graph.get_operations())


def _flat(tf: Any, arrays: Any) -> Any:
    """Put arrays end to end, as one vector."""
    return tf.concat([tf.reshape(array, (-1,)) for array in arrays], axis=0)
