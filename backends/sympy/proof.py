"""Proofs that an expression is identically 0."""

from __future__ import annotations

from typing import Any

ROUNDED_CONSTANT = 1e-12
"""A smaller difference than this may come from math.pi or 1/3 in a formula, and refutes nothing."""


LARGEST_SIMPLIFICATION = 400
"""Operations beyond which SymPy's simplify takes too long to wait for."""


def is_zero(difference: Any) -> bool | None:
    """Decide whether an expression is identically 0.

    True if that is proved, False if it is refuted, None if neither could be shown.
    """
    import sympy

    from .vocabulary import elementary

    difference = sympy.nsimplify(difference, rational=True)  # 0.5 is meant to be one half
    if difference == 0 or difference.expand() == 0:
        return True
    if abs(_sample(difference)) > ROUNDED_CONSTANT:
        return False
    difference = elementary(difference)
    if difference.count_ops() <= LARGEST_SIMPLIFICATION and sympy.simplify(difference) == 0:
        return True
    return None


def _sample(expression: Any) -> Any:
    """Evaluate at one fixed ordinary point, to 40 digits: enough to refute an identity."""
    import sympy

    from .vocabulary import elementary

    symbols = sorted(expression.free_symbols, key=str)
    values = {
        symbol: sympy.Rational(37 + 11 * k, 53) * (-1 if symbol.is_negative else 1)
        for k, symbol in enumerate(symbols)
    }
    return sympy.N(elementary(expression).subs(values), 40)
