"""An interpreter of jaxprs, on numbers with proof.

Floats are numbers with proof, or NumPy's arrays: constants, which are exact. Integers, truth values
and keys of random numbers are native arrays always. What is computed of these alone, JAX computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal

from calcbench.certified.balls import NotFinite
from calcbench.native.elementwise import cast
from calcbench.native.function import NotKnown, Use
from calcbench.native.jax.demand import Planner
from calcbench.native.jax.framework import (
    EXACT,
    INTEGERS,
    Framework,
    has_discrete_operands,
    is_real,
    literal,
    place_of,
    plain,
)
from calcbench.native.jax.rules import OF_ALL, RULES
from calcbench.native.jax.step import Step
from calcbench.native.needs import SLOPE, UNUSED, Needs
from calcbench.native.values import boxed, hold, is_active, is_certified, midpoints


class Interpreter:
    """Runs jaxprs on numbers with proof in one vocabulary."""

    def __init__(self, xp: Any, planner: Planner, framework: Framework, use: Use) -> None:
        """Take the vocabulary, and what to tell of the dtype of an active operation."""
        self.xp = xp
        self.planner = planner
        self.framework = framework
        self.use = use

    def run(
        self, jaxpr: Any, consts: Sequence[Any], operands: Sequence[Any], needs: Needs
    ) -> list[Any]:
        """Run a jaxpr; what is not needed of its results is None."""
        known: dict[Any, Any] = {}
        known.update(zip(jaxpr.constvars, map(plain, consts), strict=True))
        known.update(zip(jaxpr.invars, operands, strict=True))

        def read(variable: Any) -> Any:
            return literal(variable) if isinstance(variable, Literal) else known[variable]

        for equation, wanted in self.planner.plan(jaxpr, needs).steps:
            try:
                results = self._apply(equation, [read(v) for v in equation.invars], wanted)
            except (NotKnown, NotFinite) as error:
                error.place = error.place or place_of(equation)
                raise
            known.update(zip(equation.outvars, results, strict=True))
        return [read(v) if need else None for v, need in zip(jaxpr.outvars, needs, strict=True)]

    def _apply(self, equation: Any, operands: list[Any], needs: Needs) -> list[Any]:
        name = equation.primitive.name
        if has_discrete_operands(equation) and not _has_rule_for_integers(name, operands):
            return self._of_integers(equation, operands)
        rule = RULES.get(name)
        if rule is None or _odd_dtypes(equation):
            return self._without_rule(equation, operands)
        if max(needs) < SLOPE:
            operands = [hold(self.xp, x) if is_certified(x) else x for x in operands]
        found = rule(Step(self.xp, equation, needs, self), *operands)
        results = [boxed(x) for x in (found if isinstance(found, list) else [found])]
        _check_shapes(equation, results, needs)
        self._report(equation, operands)
        return results

    def _of_integers(self, equation: Any, operands: Sequence[Any]) -> list[Any]:
        """Compute integers, truth values and keys, and constants of these."""
        function = INTEGERS.get(equation.primitive.name)
        if function is None or is_real(equation.outvars[0].aval):
            return self._natively(equation, operands)
        with np.errstate(all="ignore"):  # they wrap around
            return [function(*operands)]

    def _without_rule(self, equation: Any, operands: Sequence[Any]) -> list[Any]:
        """Leave to JAX what has no rule. Raises `NotKnown` if an argument takes part in it."""
        if any(map(is_active, operands)):
            odd = _odd_dtypes(equation)
            for dtype in odd:
                if not dtype.startswith("complex"):  # of which differences know the roundings
                    self.use(dtype)
            raise NotKnown(f"dtype {odd[0]}" if odd else f"primitive {equation.primitive.name}")
        return self._natively(
            equation,
            [
                midpoints(x).astype(v.aval.dtype) if is_certified(x) else x
                for x, v in zip(operands, equation.invars, strict=True)
            ],
        )

    def _natively(self, equation: Any, operands: Sequence[Any]) -> list[Any]:
        """Have JAX compute constants. Another of its modes may round them differently."""
        found = self.framework.apply(equation, operands)
        if equation.primitive.name in EXACT:
            return found
        return [
            cast(self.xp, x) if is_real(v.aval) else x
            for x, v in zip(found, equation.outvars, strict=True)
        ]

    def _report(self, equation: Any, operands: Sequence[Any]) -> None:
        """Tell the dtypes of an operation in which an argument takes part."""
        found = {str(v.aval.dtype) for v in equation.outvars if is_real(v.aval)}
        if found and any(map(is_active, operands)):
            for dtype in found:
                self.use(dtype)


def _has_rule_for_integers(name: str, operands: Sequence[Any]) -> bool:
    """Tell whether a rule takes NumPy's arrays of all kinds; keys are JAX's own."""
    return name in OF_ALL and not any(isinstance(x, jax.Array) for x in operands)


def _odd_dtypes(equation: Any) -> list[str]:
    """List the dtypes of variables that are complex, or that NumPy has not."""
    dtypes = [getattr(v.aval, "dtype", None) for v in (*equation.invars, *equation.outvars)]
    return [str(d) for d in dtypes if isinstance(d, np.dtype) and d.kind in "cV"]


def _check_shapes(equation: Any, results: Sequence[Any], needs: Needs) -> None:
    """Make sure that a rule gives what JAX would: an array of that shape, and not fewer of them."""
    for variable, found, need in zip(equation.outvars, results, needs, strict=True):
        if need != UNUSED and np.shape(found) != variable.aval.shape:
            raise AssertionError(f"{equation.primitive.name}: {np.shape(found)}")
