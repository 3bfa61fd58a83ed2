"""Fingerprints of inputs: the same in every process, and other ones for other values."""

import numpy as np

from calcbench.bench.fingerprint import digest
from calcbench.problem.static import wrap_static


def inputs(**others):
    """A value of each kind, static data among them, as new objects at every call."""
    return {
        "x": np.array([1.0, 2.0]),
        "steps": wrap_static(int("1000")),
        "tree": wrap_static(tuple(int(text) for text in ("-1", "3000", "0"))),
        "mode": wrap_static("".join(["rev", "erse"])),
        **others,
    }


def test_static_data_count_by_value_and_not_by_address():
    assert digest(inputs()) == digest(inputs())


def test_other_values_have_another():
    found = [
        digest(inputs()),
        digest(inputs(x=np.array([1.0, 3.0]))),
        digest(inputs(steps=wrap_static(1001))),
        digest(inputs(tree=wrap_static((-1, 3000, 1)))),
        digest(inputs(mode=wrap_static("forward"))),
    ]
    assert len(set(found)) == len(found)
