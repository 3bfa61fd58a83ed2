"""TensorFlow: a gradient tape, run eagerly, as a graph (function), or compiled by XLA."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.errors import Unsupported
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.backend import timed
from calcbench.interfaces.problem import Arrays
from calcbench.interfaces.vocabulary import NAMES, Namespace, iterate
from calcbench.program import ITERATE, PRINT, Spelling, Use, Value, Writer

from . import by_hand


@dataclass(frozen=True)
class TensorFlow(Backend):
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

    def prepare_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        tf = self.framework()
        count = len(problem.parameters)
        zero = tf.UnconnectedGradients.ZERO

        def differentiate(cost: Callable[..., Any], *arrays: Any) -> Any:
            parameters = arrays[:count]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(parameters)
                value = cost(*arrays)
            partials = tape.gradient(value, parameters, unconnected_gradients=zero)
            # Gathering from a parameter gives its gradient as IndexedSlices.
            return [p if isinstance(p, tf.Tensor) else tf.convert_to_tensor(p) for p in partials]

        return self._prepare(problem, inputs, differentiate, self.unloader(problem))

    def prepare_cost(self, problem: Problem, inputs: Arrays) -> Prepared:
        def evaluate(cost: Callable[..., Any], *arrays: Any) -> Any:
            return cost(*arrays)

        return self._prepare(problem, inputs, evaluate, self.unload_cost)

    def _prepare(
        self,
        problem: Problem,
        inputs: Arrays,
        operator: Callable[..., Any],
        unload: Callable[[Any], Arrays],
    ) -> Prepared:
        """Make `operator(cost, *arrays)` ready; the arrays are the parameters, then the data."""
        tf = self.framework()
        cost = problem.cost_on(self.name, self.namespace())
        convert = self.loader(problem, inputs)
        count = len(problem.parameters)

        def load(inputs: Any) -> Any:
            parameters, data = convert(inputs)
            return (*parameters, *data.values())

        def tensor(*arrays: Any) -> Any:
            data = dict(zip(problem.data, arrays[count:], strict=True))
            value = cost(*arrays[:count], **data)
            return value if tf.is_tensor(value) else tf.constant(value, self.dtype)

        native = load(inputs)
        value = tensor(*native)
        problem.check_cost(tuple(value.shape), value.dtype.name)
        function, seconds = functools.partial(operator, tensor), None
        if self.mode != "eager":
            graph = tf.function(function, jit_compile=self.mode == "xla", autograph=False)
            function = graph.get_concrete_function(*native)
            # The first call compiles: XLA to machine code, a graph into its optimised form.
            _, seconds = timed(function, *native)
        return Prepared(load, lambda native: function(*native), unload, seconds)

    def program(self, problem: Problem) -> str:
        return _program(self, problem)


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


def _program(backend: TensorFlow, problem: Problem) -> str:
    writer = Writer(problem, backend.name, SPELLING, by_hand.NUMPY)
    names = problem.parameters
    data = writer.data(_tensor)
    *needs, cost = writer.cost()
    graph = {"eager": "", "function": "@tf.function\n", "xla": "@tf.function(jit_compile=True)\n"}
    value = writer.fresh("value", "result")
    parameters = ", ".join(f'"{name}": {name}' for name in names)
    zero = "" if all(map(writer.uses, names)) else ', unconnected_gradients="zero"'
    gradient = (
        f"with tf.GradientTape() as tape:\n    {value} = cost({writer.arguments})\n"
        f"gradient = tape.gradient({value}, {{{parameters}}}{zero})"
    )
    if writer.mentions("take"):
        gradient += (
            "\n# What tf.gather reads has its gradient as IndexedSlices.\n"
            "gradient = {name: tf.convert_to_tensor(g) for name, g in gradient.items()}"
        )
    return writer.compose(
        *data,
        *needs,
        graph[backend.mode] + cost,
        gradient,
        PRINT.replace("{partial}", "{partial.numpy()}"),
    )


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
