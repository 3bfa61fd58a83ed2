"""Proofs that a hand-derived formula is the derivative, in symbols.

A difference that simplifies to 0 while every datum is a symbol is a proof for all data. A formula
may use what its data obey (rows that are one-hot, a symmetric matrix); then the numbers of the data
are put in, exactly, and what is left is a proof for these data. A formula is refuted by a point
that the problem could have, and by nothing else. Where a difference has pieces, each is looked at.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Iterator
from enum import Enum
from typing import Any

import numpy as np

from calcbench.errors import Unsupported
from calcbench.problem.point import Point
from calcbench.problem.sampling import draw_inside, draw_units, sample_points

from .trace import Trace, count_operations

ROUNDED_CONSTANT = 1e-12
"""A smaller difference than this, relative to its terms, may come from math.pi or 1/3 in a formula,
and refutes nothing."""

LARGEST_SIMPLIFICATION = 400
"""Operations beyond which SymPy's simplify takes too long to wait for."""

LARGEST_EVALUATION = 20_000
"""Operations beyond which a difference is not evaluated either."""

MOST_PIECES = 32
"""Pieces of a difference (of `where`) that are looked at one by one."""

SECONDS = 10.0
"""After how many seconds, of the processor, a proof begins no further step."""

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
    """What differences are decided with: the numbers of a problem, and a deadline."""

    def __init__(self, trace: Trace, point: Point, started: float) -> None:
        """Take a trace, the point with the problem's own numbers, and `time.thread_time()`."""
        self.trace, self.point = trace, point
        self.deadline = started + SECONDS

    def decide(self, difference: Any) -> tuple[Decision, str]:
        """Decide whether an expression is 0, and where it is not, if it has pieces.

        Raises `Unsupported` past the deadline.
        """
        import sympy

        difference = sympy.nsimplify(difference, rational=True)  # 0.5 is meant to be one half
        decisions = []
        for piece, condition in _pieces(difference):
            decision = self._decide_piece(piece, condition)
            if decision in (Decision.REFUTED, Decision.OPEN):
                return decision, "" if condition == True else f" where {condition}"  # noqa: E712
            decisions.append(decision)
        data = Decision.ZERO_FOR_DATA
        return (data if data in decisions else Decision.ZERO), ""

    def _decide_piece(self, difference: Any, condition: Any) -> Decision:
        """Decide about one piece of a difference, which counts where its condition holds."""
        from .vocabulary import elementary

        self._check_deadline()
        if _vanishes(difference):
            return Decision.ZERO
        if count_operations(difference) > LARGEST_EVALUATION:
            return Decision.OPEN
        difference = elementary(difference)
        if any(_differs(difference, numbers) for numbers in self._inside(condition)):
            return Decision.REFUTED
        if not _differs(difference, {}) and _simplifies(difference):
            return Decision.ZERO
        self._check_deadline()
        if self._data and _simplifies(difference.xreplace(self._data)):
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
    def _data(self) -> Numbers:
        """The own numbers of the data alone."""
        return self._numbers(self.point, self.point.problem.data)

    def _numbers(self, point: Point, names: tuple[str, ...] = ()) -> Numbers:
        """Read the numbers of all symbols, or of some arguments, at a point: of the first rows."""
        import sympy

        found: Numbers = {}
        for name in names or (*point.problem.parameters, *point.problem.data):
            symbols, values = self.trace.symbols[name], point[name]
            if name in point.problem.rows:  # if there are fewer than symbols, some come twice
                values = values[np.arange(len(symbols)) % len(values)]
            if symbols.dtype == object:
                pairs = zip(symbols.flat, values.flat, strict=True)
                found |= {symbol: sympy.Rational(float(value)) for symbol, value in pairs}
        return found

    def _check_deadline(self) -> None:
        """Raise `Unsupported` past the deadline."""
        if time.thread_time() > self.deadline:
            raise Unsupported(f"it takes longer than {SECONDS:.0f} seconds")


def _pieces(difference: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the pieces of an expression, each with the condition under which it counts."""
    import sympy

    branches = difference.atoms(sympy.Piecewise)
    if not branches or math.prod(len(branch.args) for branch in branches) > MOST_PIECES:
        yield difference, sympy.true
        return
    folded = sympy.piecewise_fold(difference)
    before = sympy.false
    for piece, condition in (
        getattr(folded, "args", ()) if folded.is_Piecewise else [(folded, True)]
    ):
        yield piece, sympy.And(condition, sympy.Not(before))
        before = sympy.Or(before, condition)


def _vanishes(expression: Any) -> bool:
    """Tell whether an expression is 0 as it stands, or multiplied out."""
    return bool(expression == 0 or expression.expand() == 0)


def _simplifies(expression: Any) -> bool:
    """Tell whether an expression can be simplified to 0, in a short time."""
    import sympy

    if _vanishes(expression):
        return True
    short = expression.count_ops() <= LARGEST_SIMPLIFICATION
    return bool(short and sympy.simplify(expression) == 0)


def _differs(expression: Any, numbers: Numbers) -> bool:
    """Tell whether an expression is not 0 at these numbers, to 40 digits.

    Symbols without a number get ordinary ones. Where it has no real value it says nothing.
    """
    import sympy

    others = sorted(expression.free_symbols - numbers.keys(), key=str)
    values = numbers | {
        symbol: sympy.Rational(37 + 11 * k, 53) * (-1 if symbol.is_negative else 1)
        for k, symbol in enumerate(others)
    }
    terms = [sympy.N(term.xreplace(values), 40) for term in sympy.Add.make_args(expression)]
    if not all(term.is_real and term.is_finite for term in terms):
        return False
    scale = max(1, sum(abs(term) for term in terms))
    return bool(abs(sum(terms)) > ROUNDED_CONSTANT * scale)
