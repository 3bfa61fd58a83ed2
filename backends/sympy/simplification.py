"""Simplifying as far as there is time: SymPy may take an hour for twenty operations."""

from __future__ import annotations

from typing import Any

from calcbench.errors import Unsupported

from .deadline import deadline

HIGHEST_POWER = 1_000_000
"""The largest numerator or denominator in an exponent of what is simplified."""


def simplify(expression: Any, largest: int, seconds: float) -> Any:
    """Simplify an expression of at most so many operations.

    Raises `Unsupported` where it has more, or high powers, or where it takes longer.
    """
    import sympy

    if expression.count_ops() > largest:
        raise Unsupported(f"it has over {largest} operations")
    if _has_high_powers(expression):
        raise Unsupported("it has high powers")
    with deadline(seconds):
        return sympy.simplify(expression)


def _has_high_powers(expression: Any) -> bool:
    """Tell whether there are exponents such as 5404319552844595/2⁵⁴, which a float makes.

    SymPy takes them for powers of a root, and the integers of so high a power end the process.
    """
    import sympy

    exponents = [power.exp for power in expression.atoms(sympy.Pow, sympy.exp)]
    numbers = {number for e in exponents for number in e.atoms(sympy.Rational)}
    return any(max(abs(number.p), number.q) > HIGHEST_POWER for number in numbers)
