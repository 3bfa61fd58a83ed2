"""Convolutions: sums of products written out, strides and paddings."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from calcbench.conformance.case import CLOSE_COMPOSED, Table

case = Table(CLOSE_COMPOSED)

LINE = np.array([[0.5, -1.25, 2.0, 0.75, -0.5], [1.5, 0.25, -1.0, 3.0, 0.125]])
KERNEL = np.array([[[0.5, -1.0], [0.25, 2.0]], [[1.0, 0.5], [-0.75, 1.5]]])
IMAGE = np.array(
    [
        [
            [0.5, -1.25, 2.0, 1.0],
            [0.75, -0.5, 1.5, -2.0],
            [0.25, -1.0, 3.0, 0.125],
            [2.0, 1.0, -0.5, 4.0],
        ]
    ]
)
FILTERS = np.array([[[[0.5, -1.0, 0.25], [2.0, 1.5, -0.75]]]])


def slide(x: Any, kernel: Any, strides: tuple[int, ...], pads: list[tuple[int, int]]) -> Any:
    """The definition: Σ kernel[d, c, k] · padded x[c, stride·o + k], for each d and o."""
    dims = len(strides)
    if x.ndim == dims + 2:
        return np.array([slide(one, kernel, strides, pads) for one in x], dtype=object)
    x = np.pad(x, [(0, 0), *pads])
    widths = kernel.shape[2:]
    count = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:], widths, strides, strict=True)]
    found = np.empty((len(kernel), *count), dtype=object)
    for d, *o in np.ndindex(found.shape):
        terms = [
            kernel[(d, c, *k)] * x[(c, *(s * i + j for s, i, j in zip(strides, o, k, strict=True)))]
            for c in range(len(x))
            for k in itertools.product(*map(range, widths))
        ]
        found[(d, *o)] = sum(terms)
    return found


for x, options, strides, pads in (
    (LINE, {}, (1,), [(0, 0)]),
    (LINE, {"stride": 2, "padding": 1}, (2,), [(1, 1)]),
    (LINE, {"padding": "same"}, (1,), [(0, 1)]),
    (np.stack([LINE, -2 * LINE]), {"padding": "valid", "stride": 3}, (3,), [(0, 0)]),
):
    case(
        "conv1d",
        lambda xp, x, k, options=options: xp.conv1d(x, k, **options),
        [x, KERNEL],
        lambda x, k, strides=strides, pads=pads: slide(x, k, strides, pads),
    )
for x, options, strides, pads in (
    (IMAGE, {}, (1, 1), [(0, 0), (0, 0)]),
    (IMAGE, {"padding": "same"}, (1, 1), [(0, 1), (1, 1)]),
    (
        np.stack([IMAGE, 0.5 * IMAGE]),
        {"stride": (2, 1), "padding": (1, 0)},
        (2, 1),
        [(1, 1), (0, 0)],
    ),
):
    case(
        "conv2d",
        lambda xp, x, k, options=options: xp.conv2d(x, k, **options),
        [x, FILTERS],
        lambda x, k, strides=strides, pads=pads: slide(x, k, strides, pads),
    )
