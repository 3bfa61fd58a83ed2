"""Primitives: the names that follow from nothing, by theme.

Each function here is the contract of one: its signature, and in its docstring what it is, its
domain, and what it is at ties and ends. It has no body, for every backend spells the name in its
own library, or takes the library's function of the same name. All other names follow from these
(`calcbench.vocabulary.composed`).
"""

from __future__ import annotations

from types import ModuleType

from calcbench.vocabulary.contracts import collect

from . import conditions, control, elementary, linear_algebra, ordering, products, shapes, special

THEMES: dict[ModuleType, str] = {
    elementary: "",
    special: "",
    conditions: "",
    products: "",
    shapes: "",
    ordering: "",
    control: "",
    linear_algebra: "linalg.",
}
"""Module → what its names begin with."""

PRIMITIVES = collect(THEMES)
"""Name (`linalg.solve`) → its contract, in the order of the files."""
