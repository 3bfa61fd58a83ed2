"""Expressions compiled to NumPy, and broadcast over rows of data block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from calcbench.backend.rows import add_blocks
from calcbench.errors import Unsupported
from calcbench.vocabulary.numpy import LOWEST, logsumexp, polygamma, sigmoid, softplus, special

from .trace import Trace, scalars


def compile_expressions(trace: Trace, expressions: list[Any]) -> Callable[..., Any]:
    """Compile expressions to one NumPy function that lists their values.

    Its arguments are all symbols: parameters, data that are the same for every row, the direction
    or cotangent, and then the columns of the row data.
    """
    import sympy

    from .ordering import NUMPY_FUNCTIONS

    arguments = []
    for name in (*trace.problem.parameters, *trace.fixed):
        arguments += list(trace.symbols[name].flat)
    arguments += list(scalars(trace.seeds.values()))
    for name in trace.rows:
        arguments += list(trace.symbols[name].flat)
    own_functions = {
        **NUMPY_FUNCTIONS,
        "LogSumExp": lambda *terms: logsumexp(np.stack(np.broadcast_arrays(*terms)), 0),
        "Softplus": softplus,
        "Share": lambda x, y: np.exp(x - np.maximum(y, LOWEST)),
        "Sigmoid": sigmoid,
        "Floor": np.floor,
        "Round": np.round,
        "Held": lambda x: x,
        "erf": special("erf"),
        "Erfc": special("erfc"),
        "loggamma": special("gammaln"),
        "digamma": special("digamma"),
        "polygamma": polygamma,
        "erfinv": special("erfinv"),
        "LogNdtr": special("log_ndtr"),
        "ScaledBesselI": special("ive"),
        "Heaviside": step,
        "DiracDelta": lambda x, *k: np.zeros(np.shape(x)),  # a jump's slope, beside the jump
    }
    # In the code a symbol has a name of its own: one called `exp` would hide the function. They are
    # renamed after what is shared was found, when the expressions are short.
    names = sympy.numbered_symbols("shared_")
    shared, reduced = sympy.cse(expressions, names, list=False)
    own = {
        symbol: sympy.Symbol(f"argument_{k}", **symbol.assumptions0)
        for k, symbol in enumerate(arguments)
    }
    shared = [(name, expression.xreplace(own)) for name, expression in shared]
    renamed = [expression.xreplace(own) for expression in reduced]
    function: Callable[..., Any] = sympy.lambdify(
        list(own.values()),
        renamed,
        modules=[own_functions, "numpy"],
        printer=_printer(own_functions),
        cse=lambda _: (shared, renamed),
    )
    return function


OPERATORS = {
    "floor": ", which is what // gives: use xp.floor(x / y)",
    "Mod": ", which is what % gives: use x - y * xp.floor(x / y)",
}
"""What a cost may say instead of an operator of Python's of which SymPy makes this function."""


def _printer(functions: Iterable[str]) -> Any:
    """Make SymPy's printer of NumPy code, but for numbers: it writes fifteen digits of them.

    It raises `Unsupported` for what it cannot write, a function or its derivative.
    """
    from sympy.printing.codeprinter import PrintMethodNotImplementedError
    from sympy.printing.numpy import NumPyPrinter

    class ExactPrinter(NumPyPrinter):  # type: ignore[misc]
        def _print_Float(self, number: Any) -> str:  # noqa: N802 (SymPy calls it so)
            return repr(float(number))

        def _print_Pow(self, power: Any, **options: Any) -> str:  # noqa: N802
            # NumPy's sqrt(pi) would be a float64, and make float64 of float32.
            real = power.is_number and power.is_real
            return repr(float(power)) if real else super()._print_Pow(power, **options)

        def _print_Derivative(self, derivative: Any) -> str:  # noqa: N802
            name = derivative.expr.func.__name__
            raise Unsupported(f"SymPy has no derivative of {name}{OPERATORS.get(name, '')}")

        def _print(self, expression: Any, **options: Any) -> str:
            try:
                return str(super()._print(expression, **options))
            except PrintMethodNotImplementedError:
                name = type(expression).__name__
                raise Unsupported(f"SymPy cannot write {name} in NumPy") from None

    return ExactPrinter(
        {
            "fully_qualified_modules": False,
            "inline": True,
            "allow_unknown_functions": False,
            "user_functions": {name: name for name in functions},
        }
    )


def step(x: Any, middle: Any) -> Any:
    """Compute 0 below 0, 1 above and `middle` at 0; a difference of two −∞ is a tie as well."""
    return np.heaviside(np.where(np.isnan(x), 0.0, x), middle)


def sum_over_rows(
    function: Callable[..., Any], fixed: list[Any], columns: list[np.ndarray], reduction: str
) -> list[Any]:
    """Evaluate a function of one row on all rows, block by block; list the sums, or means."""
    n = len(columns[0])

    def sums(block: slice) -> list[Any]:
        values = function(*fixed, *(column[block] for column in columns))
        # A partial that does not depend on the row comes back as one number for all of them.
        return [np.sum(v) if np.ndim(v) else v * (block.stop - block.start) for v in values]

    totals = add_blocks(sums, n)
    return [total / n for total in totals] if reduction == "mean" else totals


def split_columns(data: np.ndarray) -> list[np.ndarray]:
    """Split row data of any shape into contiguous columns, one per element of a row."""
    return [np.ascontiguousarray(column) for column in data.reshape(len(data), -1).T]
