"""TensorFlow: a gradient tape, run eagerly, as a graph (function), or compiled by XLA."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.errors import Unsupported
from calcbench.interfaces import Derived, Function, Problem, Transforming
from calcbench.interfaces.backend import timed
from calcbench.interfaces.vocabulary import NAMES, Namespace, iterate
from calcbench.operators import Operator
from calcbench.operators.partial import Partial
from calcbench.program import (
    ALL,
    ITERATE,
    Spelling,
    Use,
    Value,
    Writer,
    asked,
    indexed,
    listed,
    pairs,
    prints,
    quoted,
)

from . import by_hand


@dataclass(frozen=True)
class TensorFlow(Transforming):
    """TensorFlow's gradient tape, eager, in a graph or compiled by XLA."""

    name: ClassVar[str] = "tensorflow"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "exact"
    requires: ClassVar[tuple[str, ...]] = ("tensorflow",)
    install: ClassVar[str] = "python -m pip install tensorflow"

    mode: Literal["eager", "function", "xla"] = "eager"

    @classmethod
    def framework(cls) -> Any:
        """Import TensorFlow without its log lines on the standard error stream."""
        if "tensorflow" in sys.modules:
            return super().framework()
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _quiet_stderr():
            tensorflow = super().framework()
            with contextlib.suppress(AttributeError):  # something else of that name
                # It looks for GPUs when first used, and logs that there are none.
                tensorflow.config.list_physical_devices()
        return tensorflow

    def namespace(self) -> Namespace:
        return _namespace(self.framework(), self.dtype, xla=self.mode == "xla")

    def convert(self, array: np.ndarray) -> Any:
        return self.framework().constant(self.cast(array))

    def native(self, value: Any) -> Any:
        tf = self.framework()
        return value if tf.is_tensor(value) else tf.constant(value, self.dtype)

    def check(self, problem: Problem, function: Function, native: tuple[Any, ...]) -> None:
        count = len(function.parameters)
        value = function.apply(native[:count], native[count:])
        problem.check_cost(tuple(value.shape), value.dtype.name, function.value)

    def pullback(self, function: Function) -> Derived:
        tf = self.framework()

        def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
            tape, value = _taped(tf, function, parameters, data)
            return _gradient(tf, tape, value, parameters, cotangent)

        return Derived(pull, "reverse")

    def pushforward(self, function: Function) -> Derived:
        tf = self.framework()

        def push(parameters: Any, data: Any, direction: Any) -> Any:
            with tf.autodiff.ForwardAccumulator(parameters, direction) as accumulator:
                value = function.apply(parameters, data)
            return accumulator.jvp(value, tf.UnconnectedGradients.ZERO)

        return Derived(push, "forward")

    def gradient(self, function: Function) -> Derived:
        pull = self.pullback(function).apply
        return Derived(lambda p, d: pull(p, d, None), "reverse")

    def value_and_gradient(self, function: Function) -> Derived:
        tf = self.framework()

        def both(parameters: Any, data: Any) -> Any:
            tape, value = _taped(tf, function, parameters, data)
            return value, _gradient(tf, tape, value, parameters)

        return Derived(both, "reverse, one sweep")

    def jacobian(self, function: Function) -> Derived:
        """By rows; or, where columns are fewer, by the rows of the transpose."""
        tf = self.framework()

        def by_rows(parameters: Any, data: Any) -> Any:
            tape, value = _taped(tf, function, parameters, data, persistent=True)
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
            tape, pulled = _taped(tf, linear, anywhere, (*parameters, *data), persistent=True)
            (columns,) = self._sweeps(tape, pulled, anywhere)
            pieces = tf.split(tf.transpose(columns), sizes, axis=1)
            ends = zip(pieces, function.parameters, strict=True)
            return tuple(tf.reshape(piece, (*function.value, *shape)) for piece, shape in ends)

        return Derived(by_columns, f"reverse over reverse, columns {self._together}")

    def hvp(self, function: Function) -> Derived:
        """Two tapes: a forward accumulator takes twice the time, and eight times under XLA."""
        tf = self.framework()
        slopes = Function(self.gradient(function).apply, function.parameters, function.parameters)

        def hvp(parameters: Any, data: Any, direction: Any) -> Any:
            tape, partials = _taped(tf, slopes, parameters, data)
            return _gradient(tf, tape, partials, parameters, direction)

        return Derived(hvp, "reverse over reverse")

    def hessian(self, function: Function) -> Derived:
        tf = self.framework()
        gradient = self.gradient(function).apply
        sizes = [math.prod(shape) for shape in function.parameters]

        def flat(parameters: Any, data: Any) -> Any:
            return _flat(tf, gradient(parameters, data))

        slopes = Function(flat, function.parameters, (function.components,))

        def hessian(parameters: Any, data: Any) -> Any:
            tape, partials = _taped(tf, slopes, parameters, data, persistent=True)
            blocks = self._sweeps(tape, partials, parameters)
            return tuple(zip(*(tf.split(block, sizes) for block in blocks), strict=True))

        return Derived(hessian, f"reverse over reverse, rows {self._together}")

    @property
    def _together(self) -> str:
        return "one by one" if self.mode == "eager" else "at once"

    def _sweeps(self, tape: Any, value: Any, parameters: Any) -> Any:
        """The Jacobian of a vector on a persistent tape: a sweep for each of its components."""
        tf = self.framework()
        units = tf.eye(value.shape[0], dtype=value.dtype)

        def sweep(unit: Any) -> Any:
            return _gradient(tf, tape, value, parameters, unit)

        if self.mode != "eager":
            return tf.vectorized_map(sweep, units)
        # Eagerly, vectorized_map would trace its graph anew at every call.
        return tuple(map(tf.stack, zip(*map(sweep, tf.unstack(units)), strict=True)))

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        if self.mode == "eager":
            return lambda native: function(*native), None
        graph = self.framework().function(function, jit_compile=self.mode == "xla", autograph=False)
        concrete = graph.get_concrete_function(*native)
        # The first call compiles: XLA to machine code, a graph into its optimised form.
        _, seconds = timed(concrete, *native)
        return lambda native: concrete(*native), seconds

    def program(self, problem: Problem, operator: Operator | None = None) -> str:
        return _program(self, problem, asked(problem, operator, ALL))


def _taped(
    tf: Any, function: Function, parameters: Any, data: Any, persistent: bool = False
) -> tuple[Any, Any]:
    """The function's value, and the tape that recorded it."""
    with tf.GradientTape(persistent=persistent, watch_accessed_variables=False) as tape:
        tape.watch(parameters)
        value = function.apply(parameters, data)
    return tape, value


def _gradient(tf: Any, tape: Any, value: Any, parameters: Any, cotangent: Any = None) -> Any:
    """One backward sweep: a tensor for each parameter, zeros where nothing depends on it."""
    zero = tf.UnconnectedGradients.ZERO
    partials = tape.gradient(value, parameters, cotangent, unconnected_gradients=zero)
    # Gathering from a parameter gives its gradient as IndexedSlices.
    return tuple([p if isinstance(p, tf.Tensor) else tf.convert_to_tensor(p) for p in partials])


def _flat(tf: Any, arrays: Any) -> Any:
    """Arrays end to end, as one vector."""
    return tf.concat([tf.reshape(array, (-1,)) for array in arrays], axis=0)


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hold back what native code writes to file descriptor 2 (Python cannot see it).

    TensorFlow logs before its logger reads TF_CPP_MIN_LOG_LEVEL. Python's own sys.stderr still
    goes to the same descriptor, so an exception's traceback is not lost: it travels as itself.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


# --- the vocabulary in TensorFlow ----------------------------------------------------------
# tf.* rather than tf.experimental.numpy: the latter's logaddexp has gradient 0 at ties (2.21),
# and its promotion rules cost microseconds on every eager call.


def _namespace(tf: Any, dtype: str, xla: bool) -> Namespace:
    linalg = tf.linalg

    def pair(x: Any, y: Any) -> tuple[Any, Any]:
        """Two operands, where either or both may be numbers."""
        if tf.is_tensor(x):
            return x, y if tf.is_tensor(y) else tf.convert_to_tensor(y, dtype=x.dtype)
        x = tf.convert_to_tensor(x, dtype=y.dtype if tf.is_tensor(y) else dtype)
        return x, y if tf.is_tensor(y) else tf.convert_to_tensor(y, dtype=dtype)

    def logaddexp(x: Any, y: Any) -> Any:
        # x + softplus(y − x): its partials are sigmoids, right at ties and at extremes.
        x, y = pair(x, y)
        return x + tf.math.softplus(y - x)

    def where(condition: Any, x: Any, y: Any) -> Any:
        return tf.where(condition, *pair(x, y))

    def matmul(x: Any, y: Any) -> Any:
        if x.shape.rank == 1 and y.shape.rank == 1:
            return tf.tensordot(x, y, 1)
        if y.shape.rank == 1:
            return linalg.matvec(x, y)
        if x.shape.rank == 1:
            return linalg.matvec(y, x, transpose_a=True)
        return tf.matmul(x, y)

    def solve(a: Any, b: Any) -> Any:
        if b.shape.rank == a.shape.rank - 1:
            return linalg.solve(a, b[..., None])[..., 0]
        return linalg.solve(a, b)

    def slogdet(x: Any) -> Any:
        if xla:
            raise Unsupported("XLA has no determinant for TensorFlow (2.21); mode=function has")
        return tuple(linalg.slogdet(x))

    def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
        axis %= x.shape.rank
        last = x.shape.rank - 1
        order = [a for a in range(last + 1) if a != axis] + [axis]
        back = [order.index(a) for a in range(last + 1)]
        moved = tf.gather(
            tf.transpose(x, order), tf.transpose(indices, order), axis=last, batch_dims=last
        )
        return tf.transpose(moved, back)

    return Namespace(
        {
            "pi": np.pi,
            "exp": tf.exp,
            "expm1": tf.math.expm1,
            "log": tf.math.log,
            "log1p": tf.math.log1p,
            "sqrt": tf.sqrt,
            "sin": tf.sin,
            "cos": tf.cos,
            "tan": tf.tan,
            "tanh": tf.tanh,
            "abs": tf.abs,
            "sigmoid": tf.sigmoid,
            "softplus": tf.math.softplus,
            "maximum": lambda x, y: tf.maximum(*pair(x, y)),
            "minimum": lambda x, y: tf.minimum(*pair(x, y)),
            "logaddexp": logaddexp,
            "where": where,
            "sum": tf.reduce_sum,
            "mean": tf.reduce_mean,
            "max": tf.reduce_max,
            "logsumexp": tf.reduce_logsumexp,
            "matmul": matmul,
            "einsum": tf.einsum,
            "matrix_transpose": linalg.matrix_transpose,
            "reshape": tf.reshape,
            "concat": lambda arrays, axis=0: tf.concat(list(arrays), axis=axis),
            "stack": lambda arrays, axis=0: tf.stack(list(arrays), axis=axis),
            "take": lambda x, indices, axis=0: tf.gather(x, indices, axis=axis),
            "take_along_axis": take_along_axis,
            "linalg.cholesky": linalg.cholesky,
            "linalg.solve": solve,
            "linalg.slogdet": slogdet,
            "iterate": iterate,
        }
    )


# --- a program without calcbench -----------------------------------------------------------


def _program(backend: TensorFlow, problem: Problem, operator: Operator) -> str:
    writer = Writer(problem, backend.name, SPELLING, by_hand.NUMPY, operator=operator)
    forward = operator.name == "pushforward"  # which XLA does not take of variables
    data = writer.data(_constant if forward else _tensor)
    *needs, cost = writer.cost()
    graph = {"eager": "", "function": "@tf.function\n", "xla": "@tf.function(jit_compile=True)\n"}
    block = _OPERATORS[operator.name](writer)
    return writer.compose(
        *data, *needs, graph[backend.mode] + cost, block, prints(writer, ".numpy()")
    )


def _first_tape(writer: Writer) -> str:
    return f"with tf.GradientTape() as tape:\n    {writer.value} = cost({writer.arguments})\n"


def _unconnected(writer: Writer) -> str:
    """The argument that gives 0 by a parameter on which nothing depends."""
    used = all(map(writer.uses, writer.problem.parameters))
    return "" if used else ', unconnected_gradients="zero"'


def _by_name(writer: Writer) -> str:
    parameters = ", ".join(f"{quoted(name)}: {name}" for name in writer.problem.parameters)
    return f"{{{parameters}}}"


def _dense(writer: Writer, result: str) -> str:
    """The lines that make tensors of what the tape gave by name."""
    if not writer.mentions("take"):
        return ""
    return (
        "\n# What tf.gather reads has its gradient as IndexedSlices.\n"
        f"{result} = {{name: tf.convert_to_tensor(g) for name, g in {result}.items()}}"
    )


def _tape_gradient(writer: Writer) -> str:
    zero = _unconnected(writer)
    taken = f"gradient = tape.gradient({writer.value}, {_by_name(writer)}{zero})"
    return _first_tape(writer) + taken + _dense(writer, "gradient")


def _tape_pullback(writer: Writer) -> str:
    ones = f"output_gradients=tf.ones_like({writer.value})"
    return (
        f"{_first_tape(writer)}# A cotangent of ones.\nproduct = tape.gradient(\n"
        f"    {writer.value}, {_by_name(writer)}, {ones}{_unconnected(writer)}\n)"
        f"{_dense(writer, 'product')}"
    )


def _tape_partial(writer: Writer) -> str:
    operator = writer.operator
    assert isinstance(operator, Partial)
    name, _ = operator.place(writer.problem, writer.inputs)
    taken = "jacobian" if writer.problem.vector_valued else "gradient"
    whole = f"tape.{taken}({writer.value}, {name}{_unconnected(writer)})"
    if writer.mentions("take"):
        whole = f"tf.convert_to_tensor({whole})"
    return f"{_first_tape(writer)}partial = {indexed(writer, whole)}"


def _tape_jacobian(writer: Writer) -> str:
    several = len(writer.problem.parameters) > 1
    sources = _by_name(writer) if several else writer.problem.parameters[0]
    taken = f"jacobian = tape.jacobian({writer.value}, {sources}{_unconnected(writer)})"
    return _first_tape(writer) + taken


def _accumulated(writer: Writer) -> str:
    """Forward mode."""
    point, v = writer.fresh("parameters", "point"), writer.fresh("v", "direction")
    accumulator = writer.fresh("forward", "accumulator")
    return (
        f"# Along a direction of ones.\n{point} = [{', '.join(writer.problem.parameters)}]\n"
        f"{v} = [tf.ones_like(p) for p in {point}]\n"
        f"with tf.autodiff.ForwardAccumulator({point}, {v}) as {accumulator}:\n"
        f"    {writer.value} = cost({writer.arguments})\n"
        f"slope = {accumulator}.jvp({writer.value})"
    )


def _point(writer: Writer) -> tuple[str, str, str]:
    """The point at which two tapes are used: the line that makes it, its name, its slopes'."""
    first, *more = writer.problem.parameters
    if not more:
        return "", first, writer.fresh("slope", "partial")
    point = writer.fresh("parameters", "point")
    made = f"{point} = [{', '.join((first, *more))}]\n"
    return made, point, writer.fresh("slopes", "partials")


def _two_tapes(writer: Writer, persistent: str = "") -> str:
    """The slopes, on a tape of their own."""
    made, point, slopes = _point(writer)
    taken = (
        f"{made}with tf.GradientTape({persistent}) as outer:\n"
        "    with tf.GradientTape() as inner:\n"
        f"        {writer.value} = cost({writer.arguments})\n"
        f"    {slopes} = inner.gradient({writer.value}, {point}{_unconnected(writer)})\n"
    )
    if writer.mentions("take"):
        taken += f"    {slopes} = tf.nest.map_structure(tf.convert_to_tensor, {slopes})\n"
    return taken


ZERO = 'unconnected_gradients="zero"'
"""A slope need not depend on every parameter."""


def _tape_hessian(writer: Writer) -> str:
    made, point, slopes = _point(writer)
    if not made:
        return f"{_two_tapes(writer)}hessian = outer.jacobian({slopes}, {point}, {ZERO})"
    rows = writer.fresh("rows", "blocks")
    return (
        f"{_two_tapes(writer, 'persistent=True')}"
        f"{rows} = [outer.jacobian(slope, {point}, {ZERO}) for slope in {slopes}]\n"
        f"{pairs(writer.problem, rows)}"
    )


def _tape_hvp(writer: Writer) -> str:
    """The Hessian is symmetric: the pullback of the slopes is their pushforward."""
    made, point, slopes = _point(writer)
    v, products = writer.fresh("v", "direction"), writer.fresh("products", "parts")
    ones = f"[tf.ones_like(p) for p in {point}]" if made else f"tf.ones_like({point})"
    named = f"dict(zip({listed(writer.problem)}, {products}))"
    return (
        f"{_two_tapes(writer)}# Along a direction of ones; the Hessian is symmetric.\n"
        f"{v} = {ones}\n"
        f"{products} = outer.gradient({slopes}, {point}, output_gradients={v}, {ZERO})\n"
        f"product = {named if made else f'{{{quoted(point)}: {products}}}'}"
        f"{_dense(writer, 'product')}"
    )


def _tape_second_derivative(writer: Writer) -> str:
    _, point, slopes = _point(writer)
    return f"{_two_tapes(writer)}second_derivative = outer.gradient({slopes}, {point}, {ZERO})"


_OPERATORS: dict[str, Callable[[Writer], str]] = {
    "gradient": _tape_gradient,
    "value_and_gradient": _tape_gradient,
    "partial": _tape_partial,
    "pushforward": _accumulated,
    "pullback": _tape_pullback,
    "jacobian": _tape_jacobian,
    "hvp": _tape_hvp,
    "hessian": _tape_hessian,
    "second_derivative": _tape_second_derivative,
    "cost": lambda writer: f"{writer.value} = cost({writer.arguments})",
}


def _constant(value: Value) -> str:
    return _tensor(dataclasses.replace(value, parameter=False))


def _tensor(value: Value) -> str:
    kind = "tf.Variable" if value.parameter else "tf.constant"
    dtype = "" if value.kind == "array" else f", dtype=tf.{'int64' if value.integer else 'float64'}"
    return f"{kind}({value.text}{dtype})"


def _matmul(use: Use) -> str:
    spelled: dict[tuple[int, ...], str] = {
        (1, 1): "lambda x, y: tf.tensordot(x, y, 1)",
        (2, 1): "tf.linalg.matvec",
        (1, 2): "lambda x, y: tf.linalg.matvec(y, x, transpose_a=True)",
    }
    return spelled.get(use.ranks, "tf.matmul")


def _solve(use: Use) -> str:
    vector = use.ranks == (2, 1)
    return "lambda a, b: tf.linalg.solve(a, b[:, None])[:, 0]" if vector else "tf.linalg.solve"


SPELLING = Spelling(
    "TensorFlow",
    {
        **{name: f"tf.{name}" for name in NAMES},
        "pi": "np.pi",
        "expm1": "tf.math.expm1",
        "log": "tf.math.log",
        "log1p": "tf.math.log1p",
        "softplus": "tf.math.softplus",
        "logaddexp": "lambda x, y: tf.reduce_logsumexp(tf.stack([x, y]), axis=0)",
        "sum": "tf.reduce_sum",
        "mean": "tf.reduce_mean",
        "max": "tf.reduce_max",
        "logsumexp": "tf.reduce_logsumexp",
        "matmul": _matmul,
        "matrix_transpose": "tf.linalg.matrix_transpose",
        "concat": "lambda arrays, axis=0: tf.concat(arrays, axis=axis)",
        "take": "lambda x, indices, axis=0: tf.gather(x, indices, axis=axis)",
        "take_along_axis": "tf.experimental.numpy.take_along_axis",
        "linalg.solve": _solve,
        "iterate": ITERATE,
    },
    imports={"tf": "import tensorflow as tf"},
)
