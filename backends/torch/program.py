"""Programs in PyTorch: backward on a tape, or torch.func."""

from __future__ import annotations

from calcbench.backends.torch.derivatives import Torch
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.problem import Problem
from calcbench.show.programs.writer import (
    ALL,
    ITERATE,
    Rule,
    Spelling,
    Transforms,
    Use,
    Value,
    Writer,
    asked,
    listed,
    mapping,
    prints,
    transformed,
)
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.numpy import NUMPY

# --- a program without calcbench -----------------------------------------------------------


def program(backend: Torch, problem: Problem, operator: Operator | None = None) -> str:
    """Write a short stand-alone program that computes an operator this way.

    Without `operator`, the gradient. Raises `Unsupported` with the reason where there is none.
    """
    return _write(backend, problem, asked(problem, operator, ALL))


def _write(backend: Torch, problem: Problem, operator: Operator) -> str:
    """On a tape, eagerly; all but the gradient (and the value with it) by torch.func."""
    writer = Writer(problem, backend.name, SPELLING, NUMPY, operator=operator)
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
        blocks = transformed(writer, by)
    printed = prints(writer, ".numpy()")
    if with_value:
        printed = printed.replace(f"{writer.value}.numpy()", f"{writer.value}.item()")
    switch = "torch.set_default_dtype(torch.float64)"
    return writer.compose(switch, *data, *cost, *blocks, printed)


def _backward(writer: Writer) -> str:
    """The gradient on a tape, and the value before it where that is asked for."""
    names, value = writer.problem.parameters, f"cost({writer.arguments})"
    start = ""
    if writer.operator != GRADIENT:
        start, value = f"{writer.value} = {value}\n", writer.value
    partials = {n: f"{n}.grad" if writer.uses(n) else f"torch.zeros_like({n})" for n in names}
    return f"{start}{value}.backward()\n{mapping('gradient', partials)}"


def _gradient(writer: Writer, by: Transforms) -> str:
    names = writer.problem.parameters
    function = by.compiled(f"torch.func.grad(cost, argnums={tuple(range(len(names)))})")
    return (
        f"partials = {function}({writer.arguments})\n"
        f"gradient = dict(zip({listed(writer.problem)}, partials))"
    )


def _clamp(bound: str, otherwise: str) -> Rule:
    """torch.maximum wants two tensors; beside a number, one writes clamp."""

    def rule(use: Use) -> str:
        if -1 not in use.ranks:
            return otherwise
        order = "x, y" if use.ranks[1] == -1 else "y, x"
        return f"lambda {order}: torch.clamp(x, {bound}=y)"

    return rule


def _over_all(name: str) -> Rule:
    """A reduction for which torch insists on `dim`."""

    def rule(use: Use) -> str:
        if len(use.arguments) > 1 or "axis" in use.keywords:
            return f"torch.{name}"
        flat = "x" if use.ranks == (1,) else "x.flatten()"
        return f"lambda x: torch.{name}({flat}, dim=0)"

    return rule


SPELLING = Spelling(
    "PyTorch",
    {
        **{name: f"torch.{name}" for name in NAMES},
        # As it stands, softplus turns linear at 20, an error of 2e-9.
        "softplus": "lambda x: torch.nn.functional.softplus(x, threshold=40)",
        "maximum": _clamp("min", "torch.maximum"),
        "minimum": _clamp("max", "torch.minimum"),
        "max": _over_all("amax"),
        "logsumexp": _over_all("logsumexp"),
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": "lambda x: x.mT",
        "concat": "torch.cat",
        "take": "lambda x, indices, axis=0: torch.index_select(x, axis, indices)",
        "take_along_axis": "torch.take_along_dim",
        "iterate": ITERATE,
    },
    imports={"torch": "import torch"},
    keywords={"axis": "dim", "keepdims": "keepdim"},
)
