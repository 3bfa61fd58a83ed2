"""Programs of central differences."""

from __future__ import annotations

from calcbench.backends.finite_difference.derivatives import FiniteDifference
from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.partial import Partial
from calcbench.problem.problem import Problem
from calcbench.show.programs.numpy import SPELLING, numpy_value
from calcbench.show.programs.writer import Writer, asked, indexed, mapping, prints
from calcbench.vocabulary.numpy import NUMPY

# --- a program without calcbench -----------------------------------------------------------


PROGRAMS = ("gradient", "value_and_gradient", "partial", "pushforward", "jacobian", "cost")


def program(backend: FiniteDifference, problem: Problem, operator: Operator | None = None) -> str:
    """Write a short stand-alone program that computes an operator this way.

    Without `operator`, the gradient. Raises `Unsupported` with the reason where there is none.
    """
    return _write(backend, problem, asked(problem, operator, PROGRAMS))


def _write(backend: FiniteDifference, problem: Problem, operator: Operator) -> str:
    if backend.scheme != "central":
        raise Unsupported(f"no program for scheme={backend.scheme}, only for central differences")
    writer = Writer(problem, backend.name, SPELLING, NUMPY, operator=operator)
    h = writer.fresh("h", "step", "delta")
    step, result = f"{h} = {backend.delta or '1e-5'}", _differences(writer, h)
    if operator.name == "cost":
        lines = [result]
    elif "central(" in result:
        lines = [step, CENTRAL.format(h=h), result]
    else:
        lines = [f"{step}\n{result}"]
    return writer.compose(*writer.data(numpy_value), *writer.cost(), *lines, prints(writer))


def _differences(writer: Writer, h: str) -> str:
    """The lines that take the differences."""
    problem, operator = writer.problem, writer.operator
    value = f"{writer.value} = cost({writer.arguments})"
    if operator.name == "cost":
        return value
    if operator.name == "pushforward":
        slope = _quotient(problem.parameters, writer.arguments, h)
        return f"# Along a direction of ones.\nslope = {slope}"
    if isinstance(operator, Partial):
        name, _ = writer.point.split_component(operator.component)
        return f"partial = {indexed(writer, _by_parameter(writer, name, h))}"
    partials = {name: _by_parameter(writer, name, h) for name in problem.parameters}
    if operator.name == "jacobian" and len(partials) == 1:
        return f"jacobian = {partials[problem.parameters[0]]}"
    if operator.name == "jacobian":
        return mapping("jacobian", partials)
    gradient = mapping("gradient", partials)
    return gradient if operator == GRADIENT else f"{value}\n{gradient}"


def _by_parameter(writer: Writer, name: str, h: str) -> str:
    """The partials by one parameter: a quotient, or one for every element of an array."""
    if not writer.inputs[name].ndim:
        return _quotient((name,), writer.arguments, h)
    if writer.problem.vector_valued:
        raise Unsupported(f"no program for the {writer.operator.name} by an array")
    return f"central(lambda {name}: cost({writer.arguments}), {name})"


def _quotient(names: tuple[str, ...], arguments: str, h: str) -> str:
    """The central difference by one number, or by all together, in the program's words."""
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
