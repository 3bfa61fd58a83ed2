"""Names of the vocabulary that follow from others, by theme.

A definition is a function of the name, whose first argument is the vocabulary in which it is
evaluated: `clip(xp, x, low, high)`. Every backend has the name by it, and so do the certificate
and stand-alone programs, into which its source is copied (hence it may use `xp`, NumPy, Python's
own functions, and plain functions of this room, which are copied with it). Only a backend that
has something better spells the name.

The signature and the docstring are its contract (`calcbench.vocabulary.names`).
Names that begin with `_` are helpers.
"""

from __future__ import annotations

from types import ModuleType

from calcbench.vocabulary.contracts import collect

from . import (
    activations,
    approximations,
    control,
    convolution,
    creation,
    decompositions,
    elementary,
    linear_algebra,
    ordering,
    products,
    reductions,
    shapes,
    special,
)

THEMES: dict[ModuleType, str] = {
    creation: "",
    elementary: "",
    special: "",
    approximations: "",
    activations: "",
    reductions: "",
    ordering: "",
    shapes: "",
    products: "",
    convolution: "",
    linear_algebra: "linalg.",
    control: "",
    decompositions: "linalg.",
}
"""Module → the prefix of its names."""

DEFINITIONS = collect(THEMES)
"""Name (`linalg.norm`) → the function that defines it, in the order of the files."""
