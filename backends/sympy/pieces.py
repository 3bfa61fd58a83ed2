"""Pieces: the ways in which the comparisons in an expression may go, each with its condition.

The absolute value, the sign, the extremes and the step compare, too: 2·|x| is the derivative of x²
on one side alone. Where both sides of a comparison are equal there is no piece: a derivative that
exists there is the limit of those beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

MOST_COMPARISONS = 8
"""Comparisons that are gone through one after the other."""

TIE = 1e-30
"""Below this, of 40 digits, the sides of a comparison are taken as equal."""


def split(
    expression: Any, parameters: set[Any], known: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, Any]]:
    """Yield the pieces of an expression, each with the condition under which it counts.

    Pieces whose comparisons contradict each other are left out, and those in which an expression
    of the parameters has a single value. In a piece there may be comparisons left, beyond
    `MOST_COMPARISONS`.
    """
    import sympy

    expression = _with_comparisons(expression)
    comparison = _innermost(expression)
    if comparison is None or len(known) == MOST_COMPARISONS:
        yield expression, sympy.And(*known)
        return
    opposite = comparison.negated
    for chosen, holds in ((comparison, True), (opposite, False)):
        if _is_possible((*known, chosen), parameters):
            ways = {comparison: sympy.sympify(holds), opposite: sympy.sympify(not holds)}
            yield from split(expression.xreplace(ways), parameters, (*known, chosen))


def ties(expression: Any, numbers: dict[Any, Any]) -> bool:
    """Tell whether the sides of a comparison in an expression are equal at these numbers."""
    import sympy

    from . import ordering

    gaps = [gap for kink in expression.atoms(*_kinks()) for gap in _gaps(kink)]
    gaps += ordering.gaps(expression)
    gaps += [comparison.gts - comparison.lts for comparison in _comparisons(expression)]
    values = (sympy.N(gap.xreplace(numbers), 40) for gap in gaps if gap.free_symbols)
    return any(bool(abs(value) < TIE) for value in values if value.is_real)


# --- comparisons ----------------------------------------------------------------------------------


def _kinks() -> tuple[Any, ...]:
    """Return the functions that compare."""
    import sympy

    return sympy.Abs, sympy.sign, sympy.Heaviside, sympy.DiracDelta, sympy.Max, sympy.Min


def _gaps(kink: Any) -> list[Any]:
    """List what a function that compares is not smooth at the zeros of."""
    import sympy

    if not isinstance(kink, (sympy.Max, sympy.Min)):
        return [kink.args[0]]
    return [one - other for one in kink.args for other in kink.args if str(one) < str(other)]


def _with_comparisons(expression: Any) -> Any:
    """Write the functions that compare as pieces; what stands inside another stays as it is."""
    import sympy

    kinks = _kinks()
    inner = (*kinks, sympy.Piecewise)
    plain = (k for k in expression.atoms(*kinks) if not any(a.has(*inner) for a in k.args))
    return expression.xreplace({kink: _compare(kink) for kink in plain})


def _compare(kink: Any) -> Any:
    """Write one function that compares as pieces."""
    import sympy

    first, *others = kink.args
    if isinstance(kink, (sympy.Max, sympy.Min)):
        rest = kink.func(*others)
        rest = _compare(rest) if len(others) > 1 else rest
        holds = first >= rest if isinstance(kink, sympy.Max) else first <= rest
        return sympy.Piecewise((first, holds), (rest, True))
    above, below = {
        sympy.Abs: (first, -first),
        sympy.sign: (1, -1),
        sympy.Heaviside: (1, 0),
        sympy.DiracDelta: (0, 0),
    }[kink.func]
    return sympy.Piecewise((above, first > 0), (below, True))


def _comparisons(expression: Any) -> set[Any]:
    """Return the comparisons that choose a piece."""
    import sympy

    pieces = expression.atoms(sympy.Piecewise)
    return {c for piece in pieces for _, when in piece.args for c in when.atoms(sympy.Rel)}


def _innermost(expression: Any) -> Any:
    """Return the first comparison that has no other inside, if there is one."""
    import sympy

    inner = (*_kinks(), sympy.Piecewise)
    plain = [c for c in _comparisons(expression) if not c.has(*inner)]
    return min(plain, key=str, default=None)


# --- which of them can hold together --------------------------------------------------------------


class _Range(NamedTuple):
    """The values that an expression may have: from `low` to `high`."""

    low: Any
    high: Any
    has_low: bool = True
    """Whether `low` itself is one of them."""
    has_high: bool = True

    def meet(self, other: _Range) -> _Range:
        """Return the values that belong to both; of two bounds, the tighter one decides."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        has_low = all(one.has_low for one in (self, other) if one.low == low)
        has_high = all(one.has_high for one in (self, other) if one.high == high)
        return _Range(low, high, has_low, has_high)


def _is_possible(known: tuple[Any, ...], parameters: set[Any]) -> bool:
    """Tell whether no expression is left without a value, or one of the parameters with one."""
    ranges: dict[Any, _Range] = {}
    for comparison in known:
        expression, allowed = _read(comparison)
        if allowed is None:
            continue
        before = ranges.get(expression) or _natural_range(expression)
        ranges[expression] = here = before.meet(allowed)
        single = here.has_low and here.has_high and not _varies(expression, parameters)
        if here.low > here.high or (here.low == here.high and not single):
            return False
    return True


def _natural_range(expression: Any) -> _Range:
    """Return the range of an expression that no comparison is known of, by its sign."""
    import sympy

    low = 0 if expression.is_nonnegative else -sympy.oo
    high = 0 if expression.is_nonpositive else sympy.oo
    return _Range(low, high)


def _varies(expression: Any, parameters: set[Any]) -> bool:
    """Tell whether an expression has one value only where a comparison ties."""
    from .ordering import Place
    from .vocabulary import Floor, Round

    whole = expression.has(Floor, Round, Place)
    return bool(expression.free_symbols & parameters) and not whole


def _read(comparison: Any) -> tuple[Any, _Range | None]:
    """Read a comparison as an expression, without a constant or factor, and its range."""
    import sympy

    constant, varying = (comparison.lhs - comparison.rhs).as_coeff_Add()
    factor, expression = varying.as_content_primitive()
    if expression.could_extract_minus_sign():
        factor, expression = -factor, -expression
    if not (factor.is_Rational and constant.is_Rational and factor != 0):
        return expression, None
    end, endless = -constant / factor, sympy.oo
    if isinstance(comparison, sympy.Eq):
        return expression, _Range(end, end)
    if isinstance(comparison, sympy.Ne):
        return expression, None
    above = isinstance(comparison, (sympy.Gt, sympy.Ge)) == bool(factor > 0)
    ends = isinstance(comparison, (sympy.Ge, sympy.Le))
    if above:
        return expression, _Range(end, endless, has_low=ends)
    return expression, _Range(-endless, end, has_high=ends)
