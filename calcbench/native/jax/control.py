"""Rules of primitives that apply functions: calls, custom rules, loops, branches, and solvers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import jaxpr_as_fun

from calcbench.native.comparing import choose
from calcbench.native.elementwise import elementwise
from calcbench.native.jax.demand import CALLS, callee
from calcbench.native.jax.smooth import is_logaddexp
from calcbench.native.jax.step import Rule, Step
from calcbench.native.movement import pick
from calcbench.native.needs import SLOPE, UNUSED, Needs
from calcbench.native.products import solve
from calcbench.native.values import Numbers, boxed, is_certified, lift


def _call(step: Step, *operands: Any) -> list[Any]:
    """Apply the function itself; the rule for its derivative, if it has one, is what is judged."""
    equation, framework = step.equation, step.interpreter.framework
    if framework.remember("logaddexp", equation, lambda: is_logaddexp(equation)):
        return [elementwise(step.xp, "logaddexp", *operands)]
    jaxpr, consts = callee(step.equation)
    return step.run(jaxpr, consts, operands, step.needs)


def _all(step: Step, jaxpr: Any, operands: Sequence[Any]) -> list[Any]:
    """Apply a function of which all results are needed, for what the equation's are."""
    return step.run(jaxpr.jaxpr, jaxpr.consts, operands, _like(step, len(jaxpr.jaxpr.outvars)))


def _like(step: Step, count: int) -> Needs:
    return (max(step.needs),) * count


# --- loops and branches ---------------------------------------------------------------------------


def _branch(step: Step, which: np.ndarray, *operands: Any) -> list[Any]:
    branches = step.params["branches"]
    chosen = branches[min(max(int(which), 0), len(branches) - 1)]
    return step.run(chosen.jaxpr, chosen.consts, operands, step.needs)


def _while(step: Step, *operands: Any) -> list[Any]:
    """Apply a step while a condition holds; of a batch, where it does."""
    p = step.params
    ends = np.cumsum([p["cond_nconsts"], p["body_nconsts"]])
    asked, done, state = operands[: ends[0]], operands[ends[0] : ends[1]], [*operands[ends[1] :]]
    while np.any(going := np.asarray(_all(step, p["cond_jaxpr"], [*asked, *state])[0])):
        moved = _all(step, p["body_jaxpr"], [*done, *state])
        pairs = zip(state, moved, strict=True)
        state = [_choose(step, going, *pair) for pair in pairs] if going.ndim else moved
    return state


def _choose(step: Step, going: np.ndarray, before: Any, after: Any) -> Any:
    """Take what is after a step where it is made, by the first axes."""
    where = np.broadcast_to(
        going.reshape(going.shape + (1,) * (np.ndim(after) - going.ndim)), np.shape(after)
    )
    if is_certified(before) or is_certified(after):
        return choose(step.xp, where, after, before)
    return np.where(where, after, before)


def _scan(step: Step, *operands: Any) -> list[Any]:
    p = step.params
    ends = np.cumsum(_lengths(p))
    shared, state, rows = operands[: ends[0]], [*operands[ends[0] : ends[1]]], operands[ends[1] :]
    needs = (*_like(step, len(state)), *step.needs[len(state) :])
    order = range(p["length"])
    kept = {}
    for k in reversed(order) if p["reverse"] else order:
        each = [boxed(row[k]) for row in rows]
        found = step.run(p["jaxpr"].jaxpr, p["jaxpr"].consts, [*shared, *state, *each], needs)
        state, kept[k] = found[: len(state)], found[len(state) :]
    return [*state, *_stacked(step, [kept[k] for k in order], len(state))]


def _lengths(params: Mapping[str, Any]) -> tuple[int, int]:
    """Count what all steps of a scan share, and what its state holds."""
    if "num_carry" in params:
        return params["num_consts"], params["num_carry"]
    shared, state, _ = params["ft_in"].unpack()  # since JAX 0.11
    return len(shared), len(state)


def _stacked(step: Step, kept: Sequence[Sequence[Any]], first: int) -> list[Any]:
    """Stack what the steps gave: native arrays as such, unless some are numbers with proof."""
    variables = step.equation.outvars[first:]
    if not kept:
        return [np.zeros(v.aval.shape, v.aval.dtype) for v in variables]
    found: list[Any] = []
    for need, parts in zip(step.needs[first:], zip(*kept, strict=True), strict=True):
        if need == UNUSED:
            found.append(None)
        elif any(map(is_certified, parts)):
            found.append(step.xp.stack([lift(step.xp, part) for part in parts]))
        else:
            found.append(np.stack(parts))
    return found


# --- solvers --------------------------------------------------------------------------------------


class _Systems(NamedTuple):
    """Linear systems side by side, as of several right sides or of a batch."""

    unknowns: np.ndarray
    """For each system, the positions of its unknowns among all."""
    probes: np.ndarray
    """Row k: 1 at the k-th unknown of every system."""
    product: Any
    """The jaxpr of (constants, rows of vectors) → the product with each row."""


def _solve(step: Step, *operands: Any) -> list[Any]:
    """Solve a linear system by what it says of itself: the product of its matrix and a vector.

    How the solver finds the solution is not looked at.
    """
    lengths, matvec = step.params["const_lengths"], step.params["jaxprs"].matvec
    consts, right = operands[: lengths.matvec], operands[sum(lengths) :]
    shapes = [x.shape for x in right]
    framework = step.interpreter.framework
    systems = framework.remember(
        "systems", matvec, lambda: _tell_apart(matvec, len(consts), shapes)
    )
    sides = pick(step.xp, right, systems.unknowns[..., None] + 1)
    solved = solve(step.xp, _matrices(step, systems, consts), sides)
    places = np.argsort(systems.unknowns, axis=None) + 1
    parts = np.split(places, np.cumsum([math.prod(shape) for shape in shapes])[:-1])
    return [
        pick(step.xp, [solved], part.reshape(shape))
        for part, shape in zip(parts, shapes, strict=True)
    ]


def _matrices(step: Step, systems: _Systems, consts: Sequence[Any]) -> Numbers:
    """Compute the matrices of all systems, by one product for the same unknown of each."""
    product, unknowns = systems.product, systems.unknowns
    operands = [*consts, systems.probes]
    (columns,) = step.run(product.jaxpr, product.consts, operands, (SLOPE,))
    places = np.arange(unknowns.shape[1]) * unknowns.size + unknowns[:, :, None]
    return pick(step.xp, [columns], places + 1)


def _tell_apart(matvec: Any, count: int, shapes: Sequence[Any]) -> _Systems:
    """Find systems side by side. Unknowns are of one where NaN spreads from one to the other."""
    given = [v.aval for v in matvec.jaxpr.invars]
    size, dtype = sum(map(math.prod, shapes)), given[-1].dtype
    product = _over_rows(matvec, count, shapes)
    alone = np.eye(size, dtype=bool)
    ones = [np.ones(aval.shape, aval.dtype) for aval in given[:count]]
    spread = product(ones, np.where(alone, np.nan, 1.0).astype(dtype))
    unknowns = _group(np.isnan(np.asarray(spread)) | alone)
    probes = np.zeros((unknowns.shape[1], size), dtype)
    for k, column in enumerate(unknowns.T):
        probes[k, column] = 1
    like = [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in given[:count]]
    return _Systems(unknowns, probes, jax.make_jaxpr(product)(like, probes))


def _group(linked: np.ndarray) -> np.ndarray:
    """List the members of each group of linked ones; one group if their sizes differ."""
    labels, both = np.arange(len(linked)), linked | linked.T
    for _ in labels:  # the least label goes from one to the next
        labels = np.where(both, labels, len(linked)).min(axis=1)
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.stack(groups) if len({*map(len, groups)}) == 1 else np.arange(len(linked))[None]


def _over_rows(matvec: Any, count: int, shapes: Sequence[Any]) -> Any:
    """Build the product with each row of a matrix, as a matrix."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    dtypes = [v.aval.dtype for v in matvec.jaxpr.invars[count:]]

    def product(consts: Sequence[Any], vector: Any) -> Any:
        parts = jax.numpy.split(vector, ends)
        x = [p.reshape(s).astype(d) for p, s, d in zip(parts, shapes, dtypes, strict=True)]
        return jax.numpy.concatenate([y.ravel() for y in jaxpr_as_fun(matvec)(*consts, *x)])

    return jax.vmap(product, in_axes=(None, 0))


RULES: dict[str, Rule] = {
    **dict.fromkeys(CALLS, _call),
    "cond": _branch,
    "while": _while,
    "scan": _scan,
    "custom_linear_solve": _solve,
}
"""Primitive → its rule."""
