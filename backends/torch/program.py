"""Programs in PyTorch: backward on a tape, or torch.func."""

from __future__ import annotations

from calcbench.operators import GRADIENT, Operator
from calcbench.problem.problem import Problem
from calcbench.show.programs.inputs import Value
from calcbench.show.programs.layout import format_dict, quote_all
from calcbench.show.programs.results import print_result
from calcbench.show.programs.spelling import (
    CONSTANTS,
    ELEMENTWISE,
    ITERATE,
    Rule,
    Spelling,
    Use,
    same_names,
    scan_with,
)
from calcbench.show.programs.transforms import TRANSFORMED, Transforms, transform_cost
from calcbench.show.programs.writer import Writer
from calcbench.vocabulary.numpy import SPECIAL

from .derivatives import Torch

PROGRAMS = ("gradient", *TRANSFORMED)
"""The operators that have a program."""


def program(backend: Torch, problem: Problem, operator: Operator) -> str:
    """Write the program: on a tape for an eager gradient, else by torch.func."""
    writer = Writer(problem, backend.name, SPELLING, operator)
    with_value = operator.name == "value_and_gradient"
    tape = backend.mode == "eager" and (with_value or operator == GRADIENT)
    compiler = "torch.compile" if backend.mode == "compile" else ""
    by = Transforms("torch.func.", "torch.ones_like", value_first=False, compiler=compiler)

    def native(value: Value) -> str:
        grad = ", requires_grad=True" if value.parameter and tape else ""
        return f"torch.tensor({value.text}{grad})"

    data, cost = writer.data(native), writer.cost()
    if tape:
        blocks = [_backward(writer)]
    elif operator == GRADIENT:
        blocks = [_gradient(writer, by)]
    else:
        blocks = transform_cost(writer, by)
    printed = print_result(writer, _to_numpy(writer), ".item()" if with_value else "")
    switch = "torch.set_default_dtype(torch.float64)"
    return writer.compose(switch, *data, *cost, *blocks, printed)


def _to_numpy(writer: Writer) -> str:
    """Return the call that makes an array of NumPy's, also of a 0 that has no memory yet.

    The derivative of sgn is such a one.
    """
    second = writer.operator.name in ("hessian", "hvp", "gradient_and_hvp", "second_derivative")
    return ".numpy(force=True)" if second and writer.mentions("abs") else ".numpy()"


def _backward(writer: Writer) -> str:
    """Return the gradient on a tape, after the value where the operator has it too."""
    names, value = writer.problem.parameters, f"cost({writer.arguments})"
    start = ""
    if writer.operator != GRADIENT:
        start, value = f"{writer.value} = {value}\n", writer.value
    partials = {n: f"{n}.grad" if writer.uses(n) else f"torch.zeros_like({n})" for n in names}
    if writer.mentions(
        "sign", "stop_gradient"
    ):  # of constants that a condition chooses, nothing is on the tape
        missing = "torch.zeros_like({0}) if {0}.grad is None else {0}.grad"
        partials = {n: missing.format(n) for n in names}
    return f"{start}{value}.backward()\n{format_dict('gradient', partials)}"


def _gradient(writer: Writer, by: Transforms) -> str:
    names = writer.problem.parameters
    function = by.compile_call(f"torch.func.grad(cost, argnums={tuple(range(len(names)))})")
    return (
        f"partials = {function}({writer.arguments})\n"
        f"gradient = dict(zip({quote_all(names)}, partials))"
    )


def _clamp(bound: str, otherwise: str) -> Rule:
    """Spell `maximum` or `minimum`: torch wants two tensors, and `clamp` beside a number."""

    def rule(use: Use) -> str:
        if -1 not in use.ranks:
            return otherwise
        order = "x, y" if use.ranks[1] == -1 else "y, x"
        return f"lambda {order}: torch.clamp(x, {bound}=y)"

    return rule


def _reduction(name: str, needs_axis: bool) -> Rule:
    """Spell a reduction: over all axes, torch takes no `keepdim`, and some insist on `dim`."""

    def rule(use: Use) -> str:
        axis = (*use.arguments, use.keywords.get("axis", "None"))[1 if use.arguments[1:] else -1]
        if axis.isidentifier() and axis != "None":  # a variable, which may be None
            return f"""\
def {name}(x, axis=None, keepdims=False):
    dim = tuple(range(x.ndim)) if axis is None else axis
    return torch.{name}(x, dim=dim, keepdim=keepdims)"""
        has_axis = axis != "None"
        if not has_axis and "keepdims" in use.keywords:
            over_all = "dim=tuple(range(x.ndim)), keepdim=keepdims"
            return f"lambda x, keepdims, axis=None: torch.{name}(x, {over_all})"
        if has_axis or not needs_axis:
            return f"torch.{name}"
        flat = "x" if use.ranks == (1,) else "x.flatten()"
        return f"lambda x, axis=None: torch.{name}({flat}, dim=0)"

    return rule


def _logaddexp(use: Use) -> str:
    """Spell `logaddexp`: torch wants two tensors."""
    if -1 not in use.ranks:
        return "torch.logaddexp"
    order = "x, y" if use.ranks[1] == -1 else "y, x"
    return f"lambda {order}: torch.logaddexp(x, torch.tensor(y, dtype=torch.float64))"


def _stack(use: Use) -> str:
    """Spell `stack`: torch wants tensors alone."""
    if use.ranks[:1] != (-1,):
        return "torch.stack"
    return """\
def stack(numbers, axis=0):
    return torch.stack([torch.as_tensor(n, dtype=torch.float64) for n in numbers], dim=axis)"""


def _take(use: Use) -> str:
    """Spell `take`: index_select wants one axis of indices, in a tensor."""
    if use.ranks[1:2] in ((), (1,)):
        return "lambda x, indices, axis=0: torch.index_select(x, axis, torch.as_tensor(indices))"
    axis = use.keywords.get("axis", "".join(use.arguments[2:]) or "0")
    if axis == "0":
        return "lambda x, indices, axis=0: x[indices]"
    last = axis in ("-1", str(use.ranks[0] - 1))
    return "lambda x, indices, axis: x[..., indices]" if last else ""


def _polygamma(use: Use) -> str:
    """Spell `polygamma`; torch's own is off by 5e-10 for n = 1."""
    exact = use.arguments[:1] and use.arguments[0].isdigit() and use.arguments[0] not in "01"
    return "torch.special.polygamma" if exact else ""


def _condition(name: str) -> str:
    """Spell `all` or `any`: over all axes, torch takes no `keepdim`."""
    return f"""\
def {name}(p, axis=None, keepdims=False):
    dim = tuple(range(p.ndim)) if axis is None else axis
    return torch.{name}(p, dim=dim, keepdim=keepdims)"""


def _place(name: str) -> Rule:
    """Spell `argmax` or `argmin`: over all axes, torch takes no `keepdim`."""

    def rule(use: Use) -> str:
        plain = use.arguments[1:] or "axis" in use.keywords or "keepdims" not in use.keywords
        return f"torch.{name}" if plain else ""

    return rule


SPELLING = Spelling(
    "PyTorch",
    {
        **same_names("torch.", *CONSTANTS, *ELEMENTWISE, "sigmoid", "where", "einsum", "reshape"),
        **same_names("torch.", "linalg.solve", "linalg.slogdet"),
        **same_names("torch.special.", *SPECIAL, "erfinv", "log_ndtr", "i0e"),
        "polygamma": _polygamma,
        # As it stands, softplus turns linear at 20, an error of 2e-9.
        "softplus": "lambda x: torch.nn.functional.softplus(x, threshold=40)",
        "maximum": _clamp("min", "torch.maximum"),
        "minimum": _clamp("max", "torch.minimum"),
        "logaddexp": _logaddexp,
        "sum": _reduction("sum", needs_axis=False),
        "mean": _reduction("mean", needs_axis=False),
        "max": _reduction("amax", needs_axis=True),
        "logsumexp": _reduction("logsumexp", needs_axis=True),
        "linalg.cholesky": """\
def cholesky(x):
    return torch.linalg.cholesky((x + x.mT) / 2)  # of both triangles alike""",
        "linalg.eigh": """\
def eigh(x):
    return torch.linalg.eigh((x + x.mT) / 2)  # of both triangles alike""",
        "linalg.eigvalsh": """\
def eigvalsh(x):
    return torch.linalg.eigvalsh((x + x.mT) / 2)  # of both triangles alike""",
        **same_names("torch.", "linalg.svd", "linalg.svdvals", "linalg.qr"),
        "linalg.expm": "torch.linalg.matrix_exp",
        "linalg.solve_triangular": """\
def solve_triangular(a, b, lower=False):
    columns = b if b.ndim > 1 else b[:, None]
    return torch.linalg.solve_triangular(a, columns, upper=not lower).reshape(b.shape)""",
        "cumulative_sum": "lambda x, axis=0: torch.cumsum(x, dim=axis)",
        "asarray": "lambda value: torch.as_tensor(np.asarray(value))",
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": "lambda x: x.mT",
        "concat": "torch.cat",
        "stack": _stack,
        "take": _take,
        "argsort": """\
def argsort(x, axis=-1, descending=False, stable=True):
    return torch.argsort(x, dim=axis, descending=descending, stable=True)""",
        **same_names("torch.nn.functional.", "conv1d", "conv2d"),
        "all": _condition("all"),
        "any": _condition("any"),
        "argmax": _place("argmax"),
        "argmin": _place("argmin"),
        **same_names("torch.", "isnan", "isfinite"),
        "take_along_axis": "torch.take_along_dim",
        "unstack": "torch.unbind",
        "iterate": ITERATE,
        "stop_gradient": "lambda x: x.detach()",
        "grad": """\
def grad(f):
    def slope(x, *others):
        inner = torch.func.grad(lambda x: torch.as_tensor(f(x, *others)))
        return inner(torch.as_tensor(x))
    return slope""",
        "scan": scan_with("torch.stack([torch.as_tensor(y) for y in {}])"),
    },
    imports={"torch": "import torch"},
    keywords={"axis": "dim", "keepdims": "keepdim"},
)
