"""Results: the lines of a program that name what was computed, and print it."""

from __future__ import annotations

from calcbench.errors import Unsupported
from calcbench.problem.problem import Problem
from calcbench.show.programs.layout import quote_all
from calcbench.show.programs.writer import Writer

NEWLINE = r"\n"
"""A line break inside a string, as it is written in a program."""


def name_hessian_blocks(problem: Problem, rows: str) -> str:
    """Return the lines that name the blocks of a Hessian, which are given row by row."""
    names = quote_all(problem.parameters)
    return (
        "hessian = {\n    (one, other): block\n"
        f"    for one, row in zip({names}, {rows})\n"
        f"    for other, block in zip({names}, row)\n}}"
    )


def print_result(writer: Writer, native: str = "", native_value: str = "") -> str:
    """Return the lines that print the result of the writer's operator.

    `native` is the call that makes an array of NumPy's, such as `.numpy()`; `native_value` that
    for the value of the cost, where it is another one. Raises `Unsupported` for an operator whose
    result has no way to be printed.
    """
    problem, operator = writer.problem, writer.operator
    first, *more = problem.parameters
    letter = writer.letter
    value = _print(letter, writer.value, native_value or native)
    gradient = _print_each(f"d{letter}/d{{name}}", "partial", "gradient", native)
    product = _print_each("(H v)_{name}", "part", "product", native)
    lines = {
        "cost": value,
        "gradient": gradient,
        "value_and_gradient": f"{value}\n{gradient}",
        "partial": _print(f"d{letter}/d{writer.component}", "partial", native),
        "pushforward": _print("J v" if problem.vector_valued else f"d{letter}·v", "slope", native),
        "pullback": _print_each("(J^T u)_{name}", "part", "product", native),
        "jacobian": _print_each(f"d{letter}/d{{name}}", "block", "jacobian", native),
        "hvp": product,
        "gradient_and_hvp": f"{gradient}\n{product}",
        "hessian": _print_pairs(letter, native),
        "second_derivative": _print(f"d2{letter}/d{first}2", "second_derivative", native),
    }
    if not more:
        lines["jacobian"] = _print(f"d{letter}/d{first}", "jacobian", native, NEWLINE)
        lines["hessian"] = _print(f"d2{letter}/d{first}2", "hessian", native, NEWLINE)
    if operator.name not in lines:
        raise Unsupported(f"no program prints the {operator.name}")
    return lines[operator.name]


def _print(label: str, text: str, native: str, after: str = " ") -> str:
    return f'print(f"{label} ={after}{{{text}{native}}}")'


def _print_each(label: str, item: str, of: str, native: str) -> str:
    return f'for name, {item} in {of}.items():\n    print(f"{label} = {{{item}{native}}}")'


def _print_pairs(letter: str, native: str) -> str:
    """Return the lines that print block by block, of a dict with the two names as its key."""
    return (
        "for (one, other), block in hessian.items():\n"
        f'    print(f"d2{letter}/d{{one}} d{{other}} = {{block{native}}}")'
    )
