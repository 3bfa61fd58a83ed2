"""Rules of operations that move numbers to other places, and of those that add up on the way.

TensorFlow itself moves indices in place of the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.comparing import choose
from calcbench.native.elementwise import elementwise
from calcbench.native.movement import lanes, pick, scatter_add, transpose
from calcbench.native.reductions import reduce
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, lift

FIRST = (0,)
ALL_BUT_LAST = slice(None, -1)
EVERY = slice(None)

MOVED: dict[str, tuple[int, ...] | slice] = {
    **dict.fromkeys(
        (
            "BatchToSpace", "BatchToSpaceND", "BroadcastTo", "DepthToSpace", "Diag", "DiagPart",
            "DynamicPartition", "ExtractImagePatches", "Gather", "GatherNd", "GatherV2",
            "MatrixBandPart", "MatrixDiag", "MatrixDiagPart", "MirrorPad", "Pad", "Reverse",
            "ResizeNearestNeighbor", "ReverseSequence", "ReverseV2", "Roll", "Slice",
            "SpaceToBatch", "SpaceToBatchND", "SpaceToDepth", "SplitV", "StridedSlice", "Tile",
            "Unpack",
        ),
        FIRST,
    ),
    "Fill": (1,),
    "Split": (1,),
    "Concat": slice(1, None),
    "ConcatV2": ALL_BUT_LAST,
    "Pack": EVERY,
    "MatrixDiagPartV2": (0, 2),
    "MatrixDiagPartV3": (0, 2),
    "MatrixDiagV2": (0, 4),
    "MatrixDiagV3": (0, 4),
    "MatrixSetDiag": (0, 1),
    "MatrixSetDiagV2": (0, 1),
    "MatrixSetDiagV3": (0, 1),
    "PadV2": (0, 2),
    "SparseToDense": (2, 3),
    "TensorScatterUpdate": (0, 2),
    "TensorStridedSliceUpdate": (0, 4),
}  # fmt: skip
"""Operation → which of its operands it moves."""


def _move(step: Step, *operands: Any) -> list[Any]:
    """Have TensorFlow move indices, from 1 on; 0 stands for what it pads with zeros."""
    which = MOVED[step.name]
    return _moved(step, [*range(len(operands))[which]] if isinstance(which, slice) else [*which],
                  operands)  # fmt: skip


def _moved(step: Step, which: Sequence[int], operands: Sequence[Any]) -> list[Any]:
    numbers, given, start = [lift(step.xp, operands[k]) for k in which], list(operands), 1
    for k, x in zip(which, numbers, strict=True):
        size = math.prod(x.shape)
        given[k] = np.arange(start, start + size).reshape(x.shape)
        start += size
    return [pick(step.xp, numbers, places) for places in step.of_indices(which, *given)]


def _stitch(step: Step, *operands: Any) -> list[Any]:
    half = len(operands) // 2
    return _moved(step, range(half, 2 * half), operands)


def _reshape(step: Step, x: Any, shape: Any) -> Numbers:
    return step.xp.reshape(x, _sizes(shape))


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in np.ravel(shape))


def _squeeze(step: Step, x: Any) -> Numbers:
    axes = [a % x.ndim for a in step.attribute("squeeze_dims")]
    gone = axes or [a for a, n in enumerate(x.shape) if n == 1]
    return step.xp.reshape(x, tuple(n for a, n in enumerate(x.shape) if a not in gone))


def _expand(step: Step, x: Any, axis: Any) -> Numbers:
    k = int(np.ravel(axis)[0]) % (x.ndim + 1)
    return step.xp.reshape(x, (*x.shape[:k], 1, *x.shape[k:]))


def _transpose(step: Step, x: Any, order: Any) -> Numbers:
    return transpose(step.xp, x, tuple(a % x.ndim for a in _sizes(order)))


# --- what has the shape of numbers, and no more ---------------------------------------------------


def _shape(step: Step, *operands: Any) -> list[Any]:
    return [np.array(np.shape(x), step.dtype) for x in operands]


def _filled(value: float) -> Rule:
    return lambda step, x: np.full(np.shape(x), value, step.dtype)


# --- by index -------------------------------------------------------------------------------------


def _targets(step: Step, shape: Sequence[int], indices: Any, updates: Any) -> np.ndarray:
    """Find for each update its place in a flat array; −1 where it falls outside."""
    indices = np.asarray(indices, np.int64)
    depth = indices.shape[-1]
    sizes, row = np.array(shape[:depth], np.int64), math.prod(shape[depth:])
    outside = np.any((indices < 0) | (indices >= sizes), axis=-1)
    steps = np.array([math.prod(shape[k + 1 : depth]) for k in range(depth)], np.int64)
    first = np.where(outside, -1, np.sum(indices * steps, axis=-1) * row)
    found = first[..., None] + np.where(outside[..., None], 0, np.arange(row))
    return np.where(first[..., None] < 0, -1, found).reshape(np.shape(updates))


def _scatter(step: Step, indices: Any, updates: Any, shape: Any) -> Numbers:
    sizes = _sizes(shape)
    return scatter_add(step.xp, np.zeros(sizes), _targets(step, sizes, indices, updates), updates)


def _scatter_onto(sign: str) -> Rule:
    def rule(step: Step, x: Any, indices: Any, updates: Any) -> Numbers:
        places = _targets(step, np.shape(x), indices, updates)
        return scatter_add(step.xp, x, places, elementwise(step.xp, sign, updates))

    return rule


def _scatter_extreme(name: str, neutral: float) -> Rule:
    def rule(step: Step, x: Any, indices: Any, updates: Any) -> Numbers:
        places = _targets(step, np.shape(x), indices, updates).ravel()
        found, touched = _reduced(step.xp, name, updates, places, math.prod(np.shape(x)), neutral)
        best = step.xp.reshape(found, np.shape(x))
        combined = elementwise(step.xp, f"{name}imum", x, best)
        return choose(step.xp, touched.reshape(np.shape(x)), combined, x)

    return rule


def _reduced(
    xp: Any, name: str, updates: Any, places: np.ndarray, size: int, neutral: float
) -> tuple[Numbers, np.ndarray]:
    """Reduce the updates for each place: (that, whether there are any)."""
    found = lanes(places, size)
    if not found.shape[1]:
        return lift(xp, np.full(size, neutral)), np.zeros(size, dtype=bool)
    picked = pick(xp, [updates], found, fill=neutral)
    return reduce(xp, name, picked, 1), np.any(found > 0, axis=1)


# --- segments -------------------------------------------------------------------------------------


def _segments(ids: Any, count: Any, x: Any) -> tuple[np.ndarray, tuple[int, ...]]:
    """Give the place of each number in the flat result, and the shape of that."""
    ids = np.asarray(ids, np.int64)
    rest = np.shape(x)[ids.ndim :]
    length = int(count) if count is not None else int(ids.max(initial=-1)) + 1
    row = math.prod(rest)
    inside = (ids >= 0) & (ids < length)
    places = np.where(inside[..., None], ids[..., None] * row + np.arange(row), -1)
    return places.reshape(np.shape(x)), (length, *rest)


def _segment_sum(step: Step, x: Any, ids: Any, count: Any = None) -> Numbers:
    places, shape = _segments(ids, count, x)
    return scatter_add(step.xp, np.zeros(shape), places, x)


def _segment_mean(step: Step, x: Any, ids: Any) -> Numbers:
    total = _segment_sum(step, x, ids)
    counts = np.maximum(np.bincount(np.ravel(ids), minlength=total.shape[0]), 1)
    shape = (-1, *[1] * (total.ndim - 1))
    return elementwise(step.xp, "divide", total, counts.astype(np.float64).reshape(shape))


def _segment_extreme(name: str, neutral: float) -> Rule:
    """Build the largest or smallest of each segment; of an empty one it is what TensorFlow says."""

    def rule(step: Step, x: Any, ids: Any, count: Any = None) -> Numbers:
        places, shape = _segments(ids, count, x)
        size = math.prod(shape)
        found, touched = _reduced(step.xp, name, x, places.ravel(), size, neutral)
        info = np.finfo(step.dtype)
        empty = 0.0 if count is None else float(info.min if name == "max" else info.max)
        whole = choose(step.xp, touched, found, empty)
        return step.xp.reshape(whole, shape)

    return rule


def _gather_of_sparse(step: Step, indices: Any, values: Any, shape: Any, dense: Any) -> Numbers:
    """Multiply a sparse matrix and a dense one."""
    xp, indices = step.xp, np.asarray(indices, np.int64)
    if step.attribute("adjoint_a"):
        indices, shape = indices[:, ::-1], np.asarray(shape)[::-1]
    dense = lift(xp, dense)
    dense = xp.matrix_transpose(dense) if step.attribute("adjoint_b") else dense
    rows = xp.take(dense, indices[:, 1], axis=0)
    terms = elementwise(xp, "multiply", rows, xp.reshape(lift(xp, values), (-1, 1)))
    result = (int(shape[0]), int(dense.shape[1]))
    return scatter_add(xp, np.zeros(result), _targets(step, result, indices[:, :1], terms), terms)


RULES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(MOVED, _move),
    "DynamicStitch": _stitch,
    "ParallelDynamicStitch": _stitch,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "ExpandDims": _expand,
    "Transpose": _transpose,
    "Shape": _shape,
    "ShapeN": _shape,
    "Size": lambda step, x: np.array(math.prod(np.shape(x)), step.dtype),
    "Rank": lambda step, x: np.array(np.ndim(x), step.dtype),
    "ZerosLike": _filled(0.0),
    "OnesLike": _filled(1.0),
    "ScatterNd": _scatter,
    "TensorScatterAdd": _scatter_onto("positive"),
    "TensorScatterSub": _scatter_onto("negative"),
    "TensorScatterMax": _scatter_extreme("max", -math.inf),
    "TensorScatterMin": _scatter_extreme("min", math.inf),
    "SegmentSum": _segment_sum,
    "SegmentSumV2": _segment_sum,
    "UnsortedSegmentSum": _segment_sum,
    "SegmentMean": _segment_mean,
    "SegmentMax": _segment_extreme("max", -math.inf),
    "SegmentMin": _segment_extreme("min", math.inf),
    "UnsortedSegmentMax": _segment_extreme("max", -math.inf),
    "UnsortedSegmentMin": _segment_extreme("min", math.inf),
    "SparseTensorDenseMatMul": _gather_of_sparse,
}
"""Operation → its rule."""
