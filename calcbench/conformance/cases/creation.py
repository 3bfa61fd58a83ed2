"""Constant arrays, times a parameter."""

from __future__ import annotations

import numpy as np

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import elementwise, mp
from calcbench.conformance.points import M, V

case = Table(CLOSE_COMPOSED)

for name, call, constant in (
    ("zeros", lambda xp: xp.zeros((2, 3)), np.zeros((2, 3))),
    ("ones", lambda xp: xp.ones((2, 3)), np.ones((2, 3))),
    ("full", lambda xp: xp.full((2, 3), 0.1), np.full((2, 3), 0.1)),
    ("arange", lambda xp: xp.arange(3), np.arange(3.0)),
    ("arange", lambda xp: xp.arange(1.5, 0.0, -0.5), np.arange(1.5, 0.0, -0.5)),
    ("linspace", lambda xp: xp.linspace(0.1, 0.7, 3), np.linspace(0.1, 0.7, 3)),
    ("linspace", lambda xp: xp.linspace(0, 3, 3, endpoint=False), np.arange(3.0)),
    ("eye", lambda xp: xp.eye(2, 3, k=1), np.eye(2, 3, 1)),
    ("eye", lambda xp: xp.eye(2, 3), np.eye(2, 3)),
    ("eye", lambda xp: xp.eye(3), np.eye(3)),
    ("one_hot", lambda xp: xp.one_hot(np.array([2, 0]), 3), np.eye(3)[[2, 0]]),
    ("asarray", lambda xp: xp.asarray([0.1, 2.0, -1.0]), np.array([0.1, 2.0, -1.0])),
    ("asarray", lambda xp: xp.asarray(0.1), np.array(0.1)),
):
    case(
        name,
        lambda xp, x, call=call: (x + 1.0) * call(xp) + x,
        [V],
        lambda x, constant=constant: (x + 1) * elementwise(mp.mpf)(constant) + x,
    )
for name, value in {"zeros_like": 0, "ones_like": 1}.items():
    case(
        name,
        lambda xp, x, name=name: x + x * getattr(xp, name)(x),
        [M],
        lambda x, value=value: x + x * value,
    )
