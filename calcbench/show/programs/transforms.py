"""Transforms: programs for frameworks that make functions of functions, as JAX does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from calcbench.problem.problem import Problem
from calcbench.show.programs.layout import quote, quote_all
from calcbench.show.programs.results import name_hessian_blocks
from calcbench.show.programs.writer import Writer


@dataclass(frozen=True)
class Transforms:
    """The transforms `grad`, `jvp`, `vjp`, … of functions, as a framework spells them."""

    prefix: str
    """`jax.`, `torch.func.`"""
    ones: str
    """The function that makes ones of the shape of an array."""
    value_first: bool
    """Whether it has `value_and_grad`, and not `grad_and_value`."""
    compiler: str = ""
    """The transform that compiles, if it is to."""

    def compile_call(self, function: str) -> str:
        """Return an expression for a function, under the compiler."""
        return f"{self.compiler}({function})" if self.compiler else function

    def compile_definition(self, definition: str) -> str:
        """Return the definition of a function, under the compiler."""
        return f"@{self.compiler}\n{definition}" if self.compiler else definition


def transform_cost(writer: Writer, by: Transforms) -> list[str]:
    """Return blocks that take the writer's operator of the function `cost`.

    The operator is one of `TRANSFORMED`.
    """
    return TRANSFORMED[writer.operator.name](writer, by)


# --- pieces ------------------------------------------------------------------------------------


def _argnums(problem: Problem) -> str:
    """Return the argument that asks for all parameters, where there are several."""
    count = len(problem.parameters)
    return f", argnums={tuple(range(count))}" if count > 1 else ""


def _apply(writer: Writer, by: Transforms, transform: str) -> str:
    """Return a transform of the cost by all parameters, called."""
    function = f"{by.prefix}{transform}(cost{_argnums(writer.problem)})"
    return f"{by.compile_call(function)}({writer.arguments})"


def _name_parts(problem: Problem, result: str, parts: str) -> str:
    """Return the line that names the parts that a transform gave: a tuple, or the only one."""
    if len(problem.parameters) == 1:
        return f"{result} = {{{quote(problem.parameters[0])}: {parts}}}"
    return f"{result} = dict(zip({quote_all(problem.parameters)}, {parts}))"


def _fix_data(writer: Writer, function: str) -> str:
    """Return a function of all arguments as one of the parameters alone."""
    if not writer.problem.data:
        return function
    return f"lambda {', '.join(writer.problem.parameters)}: {function}({writer.arguments})"


def _along_ones(
    writer: Writer,
    by: Transforms,
    name: str,
    function: str,
    result: Callable[[str], str],
    kept: str = "[1]",
) -> list[str]:
    """Return blocks that define the derivative of a function along `v`, and call it with ones.

    `kept` says which of the function's value and its derivative; both, if it is empty.
    """
    v, arguments = writer.fresh("v", "direction"), writer.arguments
    parameters = ", ".join(writer.problem.parameters)
    point = f"({parameters},)" if "," not in parameters else f"({parameters})"
    inner = _fix_data(writer, function)
    defined = (
        f"def {name}({v}, {arguments}):\n    return {by.prefix}jvp({inner}, {point}, {v}){kept}"
    )
    call = result(f"{name}({v}, {arguments})")
    ones = f"# Along a direction of ones.\n{v} = tuple(map({by.ones}, {point}))\n{call}"
    return [by.compile_definition(defined), ones]


# --- one function per operator -----------------------------------------------------------------


def _cost(writer: Writer, by: Transforms) -> list[str]:
    return [f"{writer.value} = {by.compile_call('cost')}({writer.arguments})"]


def _value_and_gradient(writer: Writer, by: Transforms) -> list[str]:
    transform = "value_and_grad" if by.value_first else "grad_and_value"
    parts = writer.fresh("partials", "slopes")
    both = f"{writer.value}, {parts}" if by.value_first else f"{parts}, {writer.value}"
    named = _name_parts(writer.problem, "gradient", parts)
    return [f"{both} = {_apply(writer, by, transform)}\n{named}"]


def _partial(writer: Writer, by: Transforms) -> list[str]:
    problem, (name, _) = writer.problem, writer.place
    number = problem.parameters.index(name)
    argnums = f", argnums={number}" if len(problem.parameters) > 1 else ""
    function = f"{by.prefix}{'jacfwd' if problem.vector_valued else 'grad'}(cost{argnums})"
    whole = f"{by.compile_call(function)}({writer.arguments})"
    return [f"partial = {writer.pick_component(whole)}"]


def _pushforward(writer: Writer, by: Transforms) -> list[str]:
    return _along_ones(writer, by, "pushforward", "cost", lambda call: f"slope = {call}")


def _hvp(writer: Writer, by: Transforms) -> list[str]:
    slopes = writer.fresh("slopes", "grad_cost")
    function = f"{slopes} = {by.prefix}grad(cost{_argnums(writer.problem)})"

    def name_product(call: str) -> str:
        return _name_parts(writer.problem, "product", call)

    return [function, *_along_ones(writer, by, "hvp", slopes, name_product)]


def _gradient_and_hvp(writer: Writer, by: Transforms) -> list[str]:
    slopes, found = writer.fresh("slopes", "grad_cost"), writer.fresh("partials", "slopes_there")
    products = writer.fresh("products", "parts")
    function = f"{slopes} = {by.prefix}grad(cost{_argnums(writer.problem)})"

    def name_both(call: str) -> str:
        gradient = _name_parts(writer.problem, "gradient", found)
        product = _name_parts(writer.problem, "product", products)
        return f"{found}, {products} = {call}\n{gradient}\n{product}"

    return [function, *_along_ones(writer, by, "gradient_and_hvp", slopes, name_both, kept="")]


def _pullback(writer: Writer, by: Transforms) -> list[str]:
    value, pull = writer.value, writer.fresh("pull", "pull_back")
    names = writer.problem.parameters
    defined = (
        f"def pullback({writer.arguments}):\n"
        f"    {value}, {pull} = {by.prefix}vjp({_fix_data(writer, 'cost')}, {', '.join(names)})\n"
        f"    return {pull}({by.ones}({value}))  # a cotangent of ones"
    )
    call = f"product = dict(zip({quote_all(names)}, pullback({writer.arguments})))"
    return [by.compile_definition(defined), call]


def _jacobian(writer: Writer, by: Transforms) -> list[str]:
    (rows,) = writer.problem.value_shape(writer.inputs)
    applied = _apply(writer, by, "jacrev" if writer.components > rows else "jacfwd")
    if len(writer.problem.parameters) == 1:
        return [f"jacobian = {applied}"]
    blocks = writer.fresh("blocks", "columns")
    return [f"{blocks} = {applied}\n{_name_parts(writer.problem, 'jacobian', blocks)}"]


def _hessian(writer: Writer, by: Transforms) -> list[str]:
    applied = _apply(writer, by, "hessian")
    if len(writer.problem.parameters) == 1:
        return [f"hessian = {applied}"]
    rows = writer.fresh("rows", "blocks")
    return [f"{rows} = {applied}\n{name_hessian_blocks(writer.problem, rows)}"]


def _second_derivative(writer: Writer, by: Transforms) -> list[str]:
    (name,) = writer.problem.parameters
    if writer.inputs[name].ndim:
        applied = _apply(writer, by, "hessian")
        return [f"second_derivative = {applied}.reshape({name}.shape)"]
    function = by.compile_call(f"{by.prefix}grad({by.prefix}grad(cost))")
    return [f"second_derivative = {function}({writer.arguments})"]


TRANSFORMED: dict[str, Callable[[Writer, Transforms], list[str]]] = {
    "value_and_gradient": _value_and_gradient,
    "partial": _partial,
    "pushforward": _pushforward,
    "pullback": _pullback,
    "jacobian": _jacobian,
    "hvp": _hvp,
    "gradient_and_hvp": _gradient_and_hvp,
    "hessian": _hessian,
    "second_derivative": _second_derivative,
    "cost": _cost,
}
"""Operators but the gradient, which each framework writes in a way of its own."""
