"""The array vocabulary: the names that a cost may use, on every backend alike.

A cost takes its array functions from `xp` and from nowhere else, and this file is the whole
list. Each backend spells the names in its own library (its `vocabulary.py`), and so do the
certificate (`certified/vocabulary.py`) and stand-alone programs (`program.py`,
`show/programs/numpy_spelling.py`); what they do not spell follows from other names, as `composed/`
says. `calcbench.conformance` compares value and derivative of every name
with exact ones, at ordinary points, ties, zero and extremes. Spelling and meaning follow the
Python array API standard where it has the name.

Operators (`+ - * / **`, comparisons, unary minus), basic slices (`w[0]`, `w[1:]`,
`w[:, None]`) and `.shape` work on every backend; Python numbers mix with arrays. In-place
writes do not: gather, never scatter.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from calcbench.vocabulary.composed import DEFINITIONS
from calcbench.vocabulary.constants import CONSTANTS
from calcbench.vocabulary.contracts import Contract, read_contract
from calcbench.vocabulary.duals import grad
from calcbench.vocabulary.primitives import PRIMITIVES

GENERIC: dict[str, Callable[..., Any]] = {"grad": grad, **DEFINITIONS}
"""Name → the function, of a vocabulary and of its arguments, that defines it in any vocabulary."""

NAMES: dict[str, Any] = {**CONSTANTS, **PRIMITIVES, **GENERIC}
"""Name → what its contract is read off."""


@functools.cache
def contracts() -> dict[str, Contract]:
    """Read all contracts: for the page, and for the type of `xp`."""
    functions = {**PRIMITIVES, **GENERIC}
    return {
        **{name: Contract(name, text) for name, (_, text) in CONSTANTS.items()},
        **{name: read_contract(name, function) for name, function in functions.items()},
    }
