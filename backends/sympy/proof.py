"""Proofs that a hand-derived formula is the derivative, in symbols.

A difference that simplifies to 0 while every datum is a symbol is a proof for all data. A formula
may use what its data obey (rows that are one-hot, a symmetric matrix); then the numbers of the data
are put in, exactly, and what is left is a proof for these data. A formula is refuted by a point
that the problem could have, and by nothing else. Where a difference has pieces, each is looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from enum import Enum
from typing import Any

import numpy as np

from calcbench.errors import Unsupported
from calcbench.problem.point import Point
from calcbench.problem.sampling import draw_inside, draw_units, sample_points

from .pieces import split, ties
from .simplification import simplify
from .trace import Trace, count_operations, scalars

ROUNDED_CONSTANT = 1e-12
"""A smaller difference than this, relative to a large value, may come from math.pi or 1/3 in a
formula, and refutes nothing."""

LARGEST_SIMPLIFICATION = 400
"""Operations beyond which SymPy's simplify takes too long to wait for."""

LARGEST_EVALUATION = 20_000
"""Operations beyond which a difference is not evaluated either."""

SIMPLIFICATION_SECONDS = 2.0
"""The longest that one simplification may take."""

SECONDS = 10.0
"""The longest that a proof may take."""

LONGEST_CONDITION = 60
"""Characters up to which the condition of a piece is written out."""

SCALES = (2.0, 20.0, 200.0, 2000.0)
"""Scales at which parameters are drawn, to find a point in each piece of a difference."""

DRAWS = 8
"""Points drawn at each scale."""

ENOUGH = 4
"""Points in a piece at which a difference is evaluated."""

Numbers = dict[Any, Any]
"""Symbol → the number that it has at a point, as a SymPy rational."""


class Decision(Enum):
    """What is known of the difference between a formula and the derivative."""

    ZERO = "0 for all data"
    ZERO_FOR_DATA = "0 for the data's own numbers"
    REFUTED = "not 0 at a point that the problem could have"
    OPEN = "neither could be shown"


class Proof:
    """What differences are decided with: the numbers of a problem."""

    def __init__(self, trace: Trace, point: Point) -> None:
        """Take a trace, and the point with the problem's own numbers."""
        self.trace, self.point = trace, point
        self.takes_data = False
        """Whether a difference was 0 for the data alone: no more is to be proved of the others."""

    def decide(self, statement: Any, truth: Any) -> tuple[Decision, str]:
        """Decide whether two expressions are the same, and where it is not, if it has pieces."""
        difference = _with_fractions(statement - truth)
        decisions = []
        for piece, condition in split(difference, self._parameters):
            decision = self._decide_piece(piece, condition, truth)
            if decision in (Decision.REFUTED, Decision.OPEN):
                return decision, _where(condition)
            decisions.append(decision)
        data = Decision.ZERO_FOR_DATA
        return (data if data in decisions else Decision.ZERO), ""

    def _decide_piece(self, difference: Any, condition: Any, truth: Any) -> Decision:
        """Decide about one piece of a difference, which counts where its condition holds."""
        from .vocabulary import elementary

        large = count_operations(difference) > LARGEST_EVALUATION
        spelled, truth = elementary(difference), elementary(truth)
        # What differs at data without any relation is not multiplied out, which may take hours.
        general = large or not any(_differs(spelled, truth, data) for data in self._any_data)
        if general and _vanishes(difference):
            return Decision.ZERO
        if large:
            return Decision.OPEN
        difference = spelled
        if any(
            _differs(difference, truth, numbers) and not ties(difference, numbers)
            for numbers in self._inside(condition)
        ):
            return Decision.REFUTED
        if general and not self.takes_data and _simplifies(difference):
            return Decision.ZERO
        if self._data and _simplifies(difference.xreplace(self._data)):
            self.takes_data = True
            return Decision.ZERO_FOR_DATA
        return Decision.OPEN

    def _inside(self, condition: Any) -> Iterator[Numbers]:
        """Yield a few points at which a condition holds."""
        if condition == True:  # noqa: E712  SymPy's true
            yield from self._points
            return
        found = 0
        for numbers in (*self._points, *self._scattered):
            if found < ENOUGH and condition.xreplace(numbers) == True:  # noqa: E712
                found += 1
                yield numbers

    @functools.cached_property
    def _parameters(self) -> set[Any]:
        """The symbols of the parameters."""
        return set(scalars(self.trace.symbols[name] for name in self.point.problem.parameters))

    @functools.cached_property
    def _points(self) -> list[Numbers]:
        """The numbers at the points at which agreement is checked."""
        return [self._numbers(point) for point in sample_points(self.point).values()]

    @functools.cached_property
    def _scattered(self) -> list[Numbers]:
        """The numbers at points of several scales, with the own data."""
        rng = np.random.default_rng(0)
        drawn = [
            draw_inside(self.point, functools.partial(draw_units, scale=scale), rng)
            for scale in SCALES
            for _ in range(DRAWS)
        ]
        return [self._numbers(point) for point in drawn if point is not None]

    @functools.cached_property
    def _any_data(self) -> tuple[Numbers, Numbers]:
        """Numbers that obey no relation: any, and some near the own ones, where a cost is real."""
        import sympy

        own = self._numbers(self.point).items()
        near = {symbol: x * sympy.Rational(1009 + k, 1000) for k, (symbol, x) in enumerate(own)}
        return {}, near

    @functools.cached_property
    def _data(self) -> Numbers:
        """The own numbers of the data alone."""
        return self._numbers(self.point, self.point.problem.data)

    def _numbers(self, point: Point, names: tuple[str, ...] | None = None) -> Numbers:
        """Read the numbers of all symbols, or of some arguments, at a point: of the first rows."""
        import sympy

        found: Numbers = {}
        if names is None:
            names = (*point.problem.parameters, *point.problem.data)
        for name in names:
            symbols, values = self.trace.symbols[name], point[name]
            if name in self.trace.rows:  # if there are fewer than symbols, some come twice
                values = values[np.arange(len(symbols)) % len(values)]
            if symbols.dtype == object:
                pairs = zip(symbols.flat, values.flat, strict=True)
                found |= {symbol: sympy.Rational(float(value)) for symbol, value in pairs}
        return found


def _where(condition: Any) -> str:
    """Say in which piece something is, if there are several."""
    if condition == True:  # noqa: E712  SymPy's true
        return ""
    text = str(condition)
    return f" where {text}" if len(text) <= LONGEST_CONDITION else " in one of its branches"


def _with_fractions(expression: Any) -> Any:
    """Write the floats of an expression as fractions: 0.5 is meant to be one half."""
    import sympy

    floats = expression.atoms(sympy.Float)
    return expression.xreplace({x: sympy.nsimplify(x, rational=True) for x in floats})


def _vanishes(expression: Any) -> bool:
    """Tell whether an expression is 0 as it stands, or multiplied out."""
    return bool(expression == 0 or _collapse(expression).expand() == 0 or expression.expand() == 0)


def _collapse(expression: Any) -> Any:
    """Write one symbol for each inner sum, of whose powers there are thousands of products.

    What is 0 with symbols in place of the sums is 0.
    """
    import sympy

    symbols: dict[Any, Any] = {}

    def write(inner: Any) -> Any:
        constant, varying = inner.as_coeff_Add()
        factor, one = varying.as_content_primitive()
        if one.could_extract_minus_sign():
            factor, one = -factor, -one
        if not one.is_Add:
            return inner
        return constant + factor * symbols.setdefault(one, sympy.Dummy(real=True))

    sums = expression.atoms(sympy.Add) - {expression}
    innermost = (s for s in sums if not any(part.has(sympy.Add) for part in s.args))
    return expression.xreplace({s: write(s) for s in innermost})


def _simplifies(expression: Any) -> bool:
    """Tell whether an expression can be simplified to 0, in a short time."""
    if _vanishes(expression):
        return True
    try:
        return bool(simplify(expression, LARGEST_SIMPLIFICATION, SIMPLIFICATION_SECONDS) == 0)
    except Unsupported:
        return False


def _differs(difference: Any, truth: Any, numbers: Numbers) -> bool:
    """Tell whether a difference from the truth is not 0 at these numbers, to 40 digits.

    Symbols without a number get ordinary ones. Where there is no real value it says nothing.
    """
    import sympy

    others = sorted((difference.free_symbols | truth.free_symbols) - numbers.keys(), key=str)
    values = numbers | {
        symbol: sympy.Rational(37 + 11 * k, 53) * (-1 if symbol.is_negative else 1)
        for k, symbol in enumerate(others)
    }
    error, size = (sympy.N(e.xreplace(values), 40) for e in (difference, truth))
    if not (error.is_real and error.is_finite and size.is_real and size.is_finite):
        return False
    return bool(abs(error) > ROUNDED_CONSTANT * max(1, abs(size)))
