"""Programs of central differences."""

from __future__ import annotations

from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.problem import Problem
from calcbench.show.programs.layout import format_dict
from calcbench.show.programs.numpy_spelling import SPELLING, numpy_value
from calcbench.show.programs.results import print_result
from calcbench.show.programs.writer import Writer

from .derivatives import FiniteDifference

PROGRAMS = ("gradient", "value_and_gradient", "partial", "pushforward", "jacobian", "cost")
"""The operators that have a program."""


def program(backend: FiniteDifference, problem: Problem, operator: Operator) -> str:
    """Write the program: central differences of the cost, with one step."""
    if backend.scheme != "central":
        raise Unsupported(f"no program for scheme={backend.scheme}, only for central differences")
    writer = Writer(problem, backend.name, SPELLING, operator)
    h = writer.fresh("h", "step", "delta")
    step, result = f"{h} = {backend.delta or '1e-5'}", _differences(writer, h)
    if operator.name == "cost":
        lines = [result]
    elif "central(" in result:
        lines = [step, CENTRAL.format(h=h), result]
    else:
        lines = [f"{step}\n{result}"]
    return writer.compose(*writer.data(numpy_value), *writer.cost(), *lines, print_result(writer))


def _differences(writer: Writer, h: str) -> str:
    """Return the lines that take the differences."""
    problem, operator = writer.problem, writer.operator
    value = f"{writer.value} = cost({writer.arguments})"
    if operator.name == "cost":
        return value
    if operator.name == "pushforward":
        slope = _quotient(problem.parameters, writer.arguments, h)
        return f"# Along a direction of ones.\nslope = {slope}"
    if operator.name == "partial":
        name, _ = writer.place
        return f"partial = {writer.pick_component(_by_parameter(writer, name, h))}"
    partials = {name: _by_parameter(writer, name, h) for name in problem.parameters}
    if operator.name == "jacobian" and len(partials) == 1:
        return f"jacobian = {partials[problem.parameters[0]]}"
    if operator.name == "jacobian":
        return format_dict("jacobian", partials)
    gradient = format_dict("gradient", partials)
    return gradient if operator == GRADIENT else f"{value}\n{gradient}"


def _by_parameter(writer: Writer, name: str, h: str) -> str:
    """Return the partials by one parameter: a quotient, or one for every element of an array."""
    if not writer.inputs[name].ndim:
        return _quotient((name,), writer.arguments, h)
    if writer.problem.vector_valued:
        raise Unsupported(f"no program for the {writer.operator.name} by an array")
    return f"central(lambda {name}: cost({writer.arguments}), {name})"


def _quotient(names: tuple[str, ...], arguments: str, h: str) -> str:
    """Return the central difference by one number, or by all together."""
    ahead, behind = (
        ", ".join(f"{a} {sign} {h}" if a in names else a for a in arguments.split(", "))
        for sign in "+-"
    )
    return f"(cost({ahead}) - cost({behind})) / (2 * {h})"


CENTRAL = """\
def central(function, x):
    partials = np.empty_like(x)
    for index in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[index] = {h}
        partials[index] = (function(x + shift) - function(x - shift)) / (2 * {h})
    return partials"""
