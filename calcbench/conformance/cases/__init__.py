"""Cases of every name of the vocabulary, and of the operators, by theme.

They are costs and closed forms, written without types.
"""

from __future__ import annotations

from calcbench.conformance.case import Case

from . import (
    activations,
    choices,
    control,
    convolution,
    creation,
    decompositions,
    elementary,
    elementwise,
    linear_algebra,
    operators,
    ordering,
    products,
    reductions,
    running,
    shapes,
    special,
    spread,
)

TABLES = (
    *(elementwise.CASES, choices.case.cases, elementary.case.cases, special.case.cases),
    *(activations.case.cases, reductions.case.cases, spread.case.cases, running.case.cases),
    *(products.case.cases, shapes.case.cases, creation.case.cases, ordering.case.cases),
    linear_algebra.case.cases,
    *(decompositions.case.cases, convolution.case.cases, control.case.cases),
)

OPERATORS: dict[str, list[Case]] = operators.case.cases
"""`plus`, `slice`, … → cases of what arrays can do without `xp`."""


def _merge() -> dict[str, list[Case]]:
    merged: dict[str, list[Case]] = {}
    for table in TABLES:
        for name, cases in table.items():
            merged.setdefault(name, []).extend(cases)
    return merged


CASES = _merge()
"""Name of the vocabulary → its cases, of which the first is an ordinary one."""
