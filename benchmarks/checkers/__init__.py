"""Gradients, right and wrong, in the form that each framework's own checker takes.

A side is a module for a framework: `NAME`; `CHECKERS`, name → whether that accepts a case;
`VERSIONS`, the packages that the table names; `settings()`, the context in which to run it; and

compile_gradient(case)       have the framework compile what it does once for a function
KINDS                        names of functions as people write them
draw(kind, rng)              one of these at a random point, as a `Case`
program(seed)                a random function: a function of a generator, which gives a `Case`
swish(fault)                 x·σ(x) + b in a loss, by a rule with one of the `FAULTS`
spoiled(case, place, factor) the same case, one component of its gradient multiplied
network()                    a classifier of pictures, 784-64-10
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """A function and what is its gradient, which may be wrong, at a point."""

    f: Callable[..., Any]
    grad: Callable[..., Any] | None
    """None for the framework's own, with the rules in f."""
    x: Any
    """The argument, or a tuple of several."""


FAULTS = ("factor", "sign", "1e-5", "1e-9", "mean for sum", "missing sum", "float32 leak")
"""What is wrong in a rule."""


def slopes(
    fault: str,
    x: Any,
    s: Any,
    g: Any,
    single: Callable[[Any], Any],
    total: Callable[[Any], Any] = lambda g: g.sum(0),
) -> tuple[Any, Any]:
    """Take an adjoint g back through x·s + b, s = σ(x), by a rule with a fault, or without ("").

    `single` rounds to float32 and back, `total` adds rows up.
    """
    slope = g * (s + x * s * (1 - s))
    by_x = {
        "factor": lambda: 2 * slope,
        "sign": lambda: g * (s - x * s * (1 - s)),
        "1e-5": lambda: slope * (1 + 1e-5),
        "1e-9": lambda: slope * (1 + 1e-9),
        "float32 leak": lambda: single(slope),
    }.get(fault, lambda: slope)()
    reduce = {"mean for sum": lambda: total(g) / g.shape[0], "missing sum": lambda: g[0]}
    return by_x, reduce.get(fault, lambda: total(g))()


def factors(leaves: Sequence[Any], place: int, factor: float) -> list[np.ndarray]:
    """Make arrays of the shapes of others: ones, but for one number, counted through all."""
    sizes = [math.prod(leaf.shape) for leaf in leaves]
    flat = np.ones(sum(sizes))
    flat[place] = factor
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return [part.reshape(tuple(leaf.shape)) for part, leaf in zip(parts, leaves, strict=True)]
