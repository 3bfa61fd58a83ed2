"""What is needed of the equations of a jaxpr: nothing, values alone, or slopes too.

JAX traces more than a result needs. A comparison that feeds nothing must not tie, and the largest
logit, which softmax subtracts behind a `stop_gradient`, has a value at a tie and needs no slope.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
from jax.extend.core import Literal

from calcbench.native.needs import UNUSED, VALUE, Needs

CALLS = frozenset(
    {
        "jit", "pjit", "closed_call", "core_call", "call", "remat", "remat2", "checkpoint",
        "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr", "custom_vmap_call",
        "composite", "call_hi_primitive", "eval_jaxpr", "xla_metadata_call",
    }
)  # fmt: skip
"""Equations that apply a function. That of a custom rule is the function itself, not its rule."""


class Plan(NamedTuple):
    """The equations of a jaxpr that are needed, in order, and for what."""

    steps: list[tuple[Any, Needs]]
    """(equation, what is needed of its results)."""
    inputs: Needs
    """What is needed of the arguments."""


class Planner:
    """Makes plans, each once."""

    def __init__(self) -> None:
        """Start without any."""
        self.plan = functools.cache(self._plan)

    def _plan(self, jaxpr: Any, wanted: Needs) -> Plan:
        """Plan for results of which this is wanted."""
        needs: dict[Any, int] = {}

        def want(variables: Any, wanted: Needs) -> None:
            for variable, need in zip(variables, wanted, strict=True):
                if not isinstance(variable, Literal):
                    needs[variable] = max(need, needs.get(variable, UNUSED))

        want(jaxpr.outvars, wanted)
        steps = []
        for equation in reversed(jaxpr.eqns):
            results = tuple(needs.get(variable, UNUSED) for variable in equation.outvars)
            if any(results):
                want(equation.invars, self._operands(equation, results))
                steps.append((equation, results))
        inputs = tuple(needs.get(variable, UNUSED) for variable in jaxpr.invars)
        return Plan(steps[::-1], inputs)

    def _operands(self, equation: Any, results: Needs) -> Needs:
        """Return what an equation needs of its operands."""
        name, most = equation.primitive.name, max(results)
        if name == "stop_gradient":
            return (VALUE,) * len(equation.invars)
        if name in CALLS:
            return self.plan(callee(equation)[0], results).inputs
        if name == "cond":
            branches = [self.plan(b.jaxpr, results).inputs for b in equation.params["branches"]]
            return (most, *map(max, *branches))
        return (most,) * len(equation.invars)


def callee(equation: Any) -> tuple[Any, Any]:
    """Return the jaxpr that an equation applies, and its constants."""
    params = equation.params
    if "_prim" in params:
        return _expanded(equation.primitive, params["_prim"])
    found = next(params[k] for k in ("jaxpr", "call_jaxpr", "fun_jaxpr", "call") if k in params)
    return (found.jaxpr, found.consts) if hasattr(found, "jaxpr") else (found, ())


@functools.lru_cache(maxsize=1000)
def _expanded(primitive: Any, operation: Any) -> tuple[Any, Any]:
    """Write in primitives what JAX keeps whole since 0.11: custom rules, checkpoints."""
    expand = functools.partial(primitive.to_lojax, _prim=operation)
    found = jax.make_jaxpr(expand)(*operation.in_avals_flat)
    return found.jaxpr, found.consts
