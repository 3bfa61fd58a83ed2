"""Programs in TensorFlow: gradient tapes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from calcbench.operators import Operator
from calcbench.problem.problem import Problem
from calcbench.show.programs.inputs import Value
from calcbench.show.programs.layout import quote, quote_all
from calcbench.show.programs.results import name_hessian_blocks, print_result
from calcbench.show.programs.spelling import ITERATE, Spelling, Use, same_names, scan_with
from calcbench.show.programs.writer import Writer

from .derivatives import TensorFlow


def program(backend: TensorFlow, problem: Problem, operator: Operator) -> str:
    """Write the program: the cost, as a graph if the mode says so, and tapes around it."""
    writer = Writer(problem, backend.name, SPELLING, operator)
    forward = operator.name == "pushforward"  # which XLA does not take of variables
    data = writer.data(_constant if forward else _tensor)
    *needs, cost = writer.cost()
    graph = {"eager": "", "function": "@tf.function\n", "xla": "@tf.function(jit_compile=True)\n"}
    block, printed = PROGRAMS[operator.name](writer), print_result(writer, ".numpy()")
    return writer.compose(*data, *needs, graph[backend.mode] + cost, block, printed)


def _first_tape(writer: Writer) -> str:
    return f"with tf.GradientTape() as tape:\n    {writer.value} = cost({writer.arguments})\n"


def _unconnected(writer: Writer) -> str:
    """Return the argument that gives 0 by a parameter on which nothing depends."""
    used = all(map(writer.uses, writer.problem.parameters))
    constant = writer.mentions(
        "floor", "round", "sign", "stop_gradient"
    )  # they have no gradient, or a cut tape
    return "" if used and not constant else ', unconnected_gradients="zero"'


def _by_name(writer: Writer) -> str:
    parameters = ", ".join(f"{quote(name)}: {name}" for name in writer.problem.parameters)
    return f"{{{parameters}}}"


def _dense(writer: Writer, result: str) -> str:
    """Return the lines that make tensors of what the tape gave by name."""
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
    name, _ = writer.place
    taken = "jacobian" if writer.problem.vector_valued else "gradient"
    whole = f"tape.{taken}({writer.value}, {name}{_unconnected(writer)})"
    if writer.mentions("take"):
        whole = f"tf.convert_to_tensor({whole})"
    return f"{_first_tape(writer)}partial = {writer.pick_component(whole)}"


def _tape_jacobian(writer: Writer) -> str:
    several = len(writer.problem.parameters) > 1
    sources = _by_name(writer) if several else writer.problem.parameters[0]
    taken = f"jacobian = tape.jacobian({writer.value}, {sources}{_unconnected(writer)})"
    return _first_tape(writer) + taken


def _forward_pushforward(writer: Writer) -> str:
    """Take the derivative along a direction in forward mode."""
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
    """Return the line that makes the point for two tapes, and the names of it and its slopes."""
    first, *more = writer.problem.parameters
    if not more:
        return "", first, writer.fresh("slope", "partial")
    point = writer.fresh("parameters", "point")
    made = f"{point} = [{', '.join((first, *more))}]\n"
    return made, point, writer.fresh("slopes", "partials")


def _two_tapes(writer: Writer, persistent: str = "") -> str:
    """Return the lines that take the slopes on a tape, inside a second one."""
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
"""The argument of a tape over slopes, which need not depend on every parameter."""


def _tape_hessian(writer: Writer) -> str:
    made, point, slopes = _point(writer)
    if not made:
        return f"{_two_tapes(writer)}hessian = outer.jacobian({slopes}, {point}, {ZERO})"
    rows = writer.fresh("rows", "blocks")
    return (
        f"{_two_tapes(writer, 'persistent=True')}"
        f"{rows} = [outer.jacobian(slope, {point}, {ZERO}) for slope in {slopes}]\n"
        f"{name_hessian_blocks(writer.problem, rows)}"
    )


def _tape_hvp(writer: Writer) -> str:
    """Take the pullback of the slopes, which is their pushforward: the Hessian is symmetric."""
    made, point, slopes = _point(writer)
    v, products = writer.fresh("v", "direction"), writer.fresh("products", "parts")
    ones = f"[tf.ones_like(p) for p in {point}]" if made else f"tf.ones_like({point})"
    named = f"dict(zip({quote_all(writer.problem.parameters)}, {products}))"
    return (
        f"{_two_tapes(writer)}# Along a direction of ones; the Hessian is symmetric.\n"
        f"{v} = {ones}\n"
        f"{products} = outer.gradient({slopes}, {point}, output_gradients={v}, {ZERO})\n"
        f"product = {named if made else f'{{{quote(point)}: {products}}}'}"
        f"{_dense(writer, 'product')}"
    )


def _tape_gradient_and_hvp(writer: Writer) -> str:
    made, point, slopes = _point(writer)
    named = f"dict(zip({quote_all(writer.problem.parameters)}, {slopes}))"
    gradient = f"gradient = {named if made else f'{{{quote(point)}: {slopes}}}'}"
    return f"{_tape_hvp(writer)}\n{gradient}"


def _tape_second_derivative(writer: Writer) -> str:
    _, point, slopes = _point(writer)
    return f"{_two_tapes(writer)}second_derivative = outer.gradient({slopes}, {point}, {ZERO})"


PROGRAMS: dict[str, Callable[[Writer], str]] = {
    "gradient": _tape_gradient,
    "value_and_gradient": _tape_gradient,
    "partial": _tape_partial,
    "pushforward": _forward_pushforward,
    "pullback": _tape_pullback,
    "jacobian": _tape_jacobian,
    "hvp": _tape_hvp,
    "gradient_and_hvp": _tape_gradient_and_hvp,
    "hessian": _tape_hessian,
    "second_derivative": _tape_second_derivative,
    "cost": lambda writer: f"{writer.value} = cost({writer.arguments})",
}
"""Operator → what writes the block that takes it."""


def _constant(value: Value) -> str:
    return _tensor(dataclasses.replace(value, parameter=False))


def _tensor(value: Value) -> str:
    kind = "tf.Variable" if value.parameter else "tf.constant"
    dtype = "" if value.kind == "array" else f", dtype=tf.{'int64' if value.integer else 'float64'}"
    return f"{kind}({value.text}{dtype})"


def _matmul(use: Use) -> str:
    spellings: dict[tuple[int, ...], str] = {
        (1, 1): "lambda x, y: tf.tensordot(x, y, 1)",
        (2, 1): "tf.linalg.matvec",
        (1, 2): "lambda x, y: tf.linalg.matvec(y, x, transpose_a=True)",
    }
    return spellings.get(use.ranks, "tf.matmul")


def _solve(use: Use) -> str:
    vector = use.ranks == (2, 1)
    return "lambda a, b: tf.linalg.solve(a, b[:, None])[:, 0]" if vector else "tf.linalg.solve"


def _logaddexp(use: Use) -> str:
    """Spell `logaddexp`: a stack wants arrays of one shape."""
    if len(set(use.ranks)) == 1:
        return "lambda x, y: tf.reduce_logsumexp(tf.stack([x, y]), axis=0)"
    return """\
def logaddexp(x, y):
    larger, smaller = tf.where(x >= y, x, y), tf.where(x >= y, y, x)
    shift = tf.where(larger == -np.inf, tf.zeros_like(larger), larger)
    return larger + tf.math.softplus(smaller - shift)"""


def _where(use: Use) -> str:
    """Spell `where`: of two Python numbers, TensorFlow would make float32."""
    if not use.ranks:
        return """\
def where(condition, x, y):
    if not (tf.is_tensor(x) or tf.is_tensor(y)):
        x = tf.constant(x, dtype=tf.float64)
    return tf.where(condition, x, y)"""
    if use.ranks[1:] != (-1, -1):
        return "tf.where"
    return "lambda condition, x, y: tf.where(condition, tf.constant(x, dtype=tf.float64), y)"


def _condition(name: str) -> str:
    """Spell `all` or `any`, of numbers as well: those hold that are not 0."""
    return f"""\
def {name}(p, axis=None, keepdims=False):
    return tf.reduce_{name}(tf.cast(p, tf.bool), axis=axis, keepdims=keepdims)"""


SPELLING = Spelling(
    "TensorFlow",
    {
        **same_names("tf.", "exp", "sqrt", "sin", "cos", "tan", "tanh", "abs", "sigmoid"),
        **same_names("tf.", "maximum", "minimum", "einsum", "reshape", "stack"),
        **same_names("tf.", "linalg.slogdet"),
        **same_names("tf.", "atan", "floor", "round"),
        **same_names("tf.", "logical_and", "logical_or", "logical_not"),
        **same_names("tf.math.", "erf", "erfc", "digamma"),
        "gammaln": "tf.math.lgamma",
        "polygamma": "lambda n, x: tf.math.polygamma(tf.constant(n, tf.float64), x)",
        "i0e": "tf.math.bessel_i0e",
        "pi": "np.pi",
        "e": "np.e",
        "inf": "np.inf",
        "expm1": "tf.math.expm1",
        "log": "tf.math.log",
        "log1p": "tf.math.log1p",
        "softplus": "tf.math.softplus",
        "logaddexp": _logaddexp,
        "where": _where,
        "sum": "tf.reduce_sum",
        "mean": "tf.reduce_mean",
        "max": "tf.reduce_max",
        "logsumexp": "tf.reduce_logsumexp",
        "asarray": "lambda value: tf.constant(np.asarray(value))",
        "matmul": _matmul,
        "matrix_transpose": "tf.linalg.matrix_transpose",
        "concat": "lambda arrays, axis=0: tf.concat(arrays, axis=axis)",
        "cumulative_sum": "tf.cumsum",
        "argsort": """\
def argsort(x, axis=-1, descending=False, stable=True):
    return tf.argsort(x, axis, "DESCENDING" if descending else "ASCENDING", stable=True)""",
        "all": _condition("all"),
        "any": _condition("any"),
        "isnan": "tf.math.is_nan",
        "isfinite": "tf.math.is_finite",
        "take": "lambda x, indices, axis=0: tf.gather(x, indices, axis=axis)",
        "unstack": "lambda x, axis=0: tf.unstack(x, axis=axis)",
        "take_along_axis": "tf.experimental.numpy.take_along_axis",
        "linalg.cholesky": """\
def cholesky(x):
    # Of both triangles alike.
    return tf.linalg.cholesky((x + tf.linalg.matrix_transpose(x)) / 2)""",
        "linalg.solve": _solve,
        "linalg.solve_triangular": """\
def solve_triangular(a, b, lower=False):
    columns = b if len(b.shape) > 1 else b[:, None]
    return tf.reshape(tf.linalg.triangular_solve(a, columns, lower=lower), b.shape)""",
        "linalg.eigh": """\
def eigh(x):
    # Of both triangles alike.
    return tf.linalg.eigh((x + tf.linalg.matrix_transpose(x)) / 2)""",
        "linalg.eigvalsh": """\
def eigvalsh(x):
    # Of both triangles alike.
    return tf.linalg.eigvalsh((x + tf.linalg.matrix_transpose(x)) / 2)""",
        "linalg.svd": """\
def svd(x, full_matrices=True):
    s, u, v = tf.linalg.svd(x, full_matrices=full_matrices)
    return u, s, tf.linalg.matrix_transpose(v)""",
        "linalg.svdvals": "lambda x: tf.linalg.svd(x, compute_uv=False)",
        **same_names("tf.", "linalg.qr"),
        "iterate": ITERATE,
        "stop_gradient": "tf.stop_gradient",
        "grad": """\
def grad(f):
    def slope(x, *others):
        with tf.GradientTape() as inner:
            x = tf.identity(tf.convert_to_tensor(x, dtype=tf.float64))
            inner.watch(x)
            y = f(x, *others)
        return inner.gradient(y, x, unconnected_gradients="zero")
    return slope""",
        "scan": scan_with("tf.stack({})"),
    },
    imports={"tf": "import tensorflow as tf"},
)
