"""Special functions and decompositions in float32: nothing in them becomes float64."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from vocabulary.selectors import WHOLE, backend_for
from vocabulary.test_vocabulary import leaves

from calcbench.conformance.case import Case
from calcbench.conformance.cases import decompositions
from calcbench.conformance.exact import elementwise, mp
from calcbench.conformance.probe import Probe, dtype_of
from calcbench.conformance.vocabulary import compare
from calcbench.problem.inputs import own_point

FLOAT32_CLOSE = 2e-4
"""Slopes of eigenvectors of these matrices, and of a tail at −12, lose three digits of seven."""

SPECIAL: dict[str, tuple[Any, Any, list[float]]] = {
    "polygamma": (lambda xp, x: xp.polygamma(1, x), lambda x: mp.polygamma(1, x), [0.25, 2.5]),
    "erfinv": (lambda xp, x: xp.erfinv(x), mp.erfinv, [0.25, -0.75]),
    "log_ndtr": (lambda xp, x: xp.log_ndtr(x), lambda x: mp.log(mp.ncdf(x)), [-12.0, -2.5, 0.5]),
    "i0e": (lambda xp, x: xp.i0e(x), lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), [2.5, -24.0]),
}


def cases() -> list[Case]:
    special = [
        Case(name, call, (np.array(at),), elementwise(exact), scale=1.0, close=FLOAT32_CLOSE)
        for name, (call, exact, at) in SPECIAL.items()
    ]
    first = [found[0] for found in decompositions.case.cases.values()]
    return special + [dataclasses.replace(case, close=FLOAT32_CLOSE) for case in first]


@pytest.mark.few(4)
@pytest.mark.parametrize("selector", WHOLE)
def test_float32_stays_float32(selector):
    single = selector.removesuffix("]") + ("," if "[" in selector else "[") + "dtype=float32]"
    backend, probe = backend_for(single), Probe(cases())
    inputs = own_point(probe)
    prepared = backend.prepare(inputs)
    if backend.name == "finite_difference":
        probe.dtypes.clear()  # preparing has tried complex128 once
    result = prepared.run(prepared.load(inputs))
    # To SymPy, a slope that does not vary is a Python number.
    assert {dtype_of(leaf) for leaf in leaves(result)} - {"object"} == {"float32"}
    assert probe.dtypes <= {"float32", "complex64", "object"}
    assert not compare(probe.cases, prepared.unload(result), slopes=not backend.hand_derived)
