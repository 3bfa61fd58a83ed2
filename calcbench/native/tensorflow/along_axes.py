"""Rules of operations along axes: reductions, running ones, orders, and losses of logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.native.comparing import argmax, argmin, argsort, compare, largest
from calcbench.native.elementwise import elementwise
from calcbench.native.movement import move
from calcbench.native.needs import enclose_extreme_along
from calcbench.native.reductions import accumulate, log_softmax, norm, reduce, softmax
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, boxed, lift


def _axes(x: Any, axes: Any) -> tuple[int, ...]:
    return tuple(int(a) % np.ndim(x) for a in np.ravel(axes))


def _reduction(name: str) -> Rule:
    def rule(step: Step, x: Any, axes: Any) -> Numbers:
        return reduce(step.xp, name, x, _axes(x, axes), bool(step.attribute("keep_dims")))

    return rule


def _extreme(name: str) -> Rule:
    """Build the largest or the smallest along axes. Where no slope is needed, no tie matters."""

    def rule(step: Step, x: Any, axes: Any) -> Numbers:
        reduction = enclose_extreme_along if step.held else reduce
        return reduction(step.xp, name, x, _axes(x, axes), bool(step.attribute("keep_dims")))

    return rule


def _norm(step: Step, x: Any, axes: Any) -> Numbers:
    return norm(step.xp, x, 2, _axes(x, axes), bool(step.attribute("keep_dims")))


def _half_square(step: Step, x: Any) -> Numbers:
    return elementwise(step.xp, "multiply", reduce(step.xp, "sum", lift(step.xp, x) ** 2), 0.5)


def _argument(function: Any) -> Rule:
    def rule(step: Step, x: Any, axis: Any) -> np.ndarray:
        return np.asarray(function(step.xp, x, int(np.ravel(axis)[0]))).astype(step.dtype)

    return rule


def _running(name: str, neutral: float) -> Rule:
    """Build what there is so far; an exclusive one is without the number itself."""

    def rule(step: Step, x: Any, axis: Any) -> Numbers:
        along, back = int(np.ravel(axis)[0]) % x.ndim, bool(step.attribute("reverse"))
        found = accumulate(step.xp, name, x, along, back)
        if not step.attribute("exclusive"):
            return found
        return move(step.xp, lambda places: _shifted(places, along, back), found, fill=neutral)

    return rule


def _shifted(places: np.ndarray, axis: int, back: bool) -> np.ndarray:
    """Put 0 at the one end, and leave out the other."""
    found = np.roll(places, -1 if back else 1, axis)
    found[(slice(None),) * axis + (-1 if back else 0,)] = 0
    return found


def _top(step: Step, x: Any, k: Any = None) -> list[Any]:
    """Find the k largest along the last axis, and where they are."""
    count = int(k) if k is not None else step.attribute("k")
    found, places = largest(step.xp, x, count)
    return [found, places.astype(step.operation.outputs[1].dtype.as_numpy_dtype)]


def _nth(step: Step, x: Any, n: Any) -> Numbers:
    order = argsort(step.xp, x, -1, descending=bool(step.attribute("reverse")))
    chosen = order[..., int(n) : int(n) + 1]
    found = step.xp.take_along_axis(lift(step.xp, x), chosen, axis=-1)
    return step.xp.reshape(found, found.shape[:-1])


def _bound(name: str) -> Rule:
    """Build how many of a sorted row are below each number, or not above it."""

    def rule(step: Step, rows: Any, x: Any) -> np.ndarray:
        rows, x = lift(step.xp, rows), lift(step.xp, x)
        below = compare(step.xp, name, rows[..., None, :], x[..., None])
        return np.asarray(np.count_nonzero(below, axis=-1), step.dtype)

    return rule


# --- of logits ------------------------------------------------------------------------------------


def _cross_entropy(step: Step, x: Any, labels: Any) -> list[Any]:
    """Compute −Σ labels · log softmax(x) of each row, and what TensorFlow says is its slope."""
    terms = elementwise(step.xp, "multiply", labels, log_softmax(step.xp, x, -1))
    loss = elementwise(step.xp, "negative", reduce(step.xp, "sum", terms, -1))
    if not step.needs[1]:
        return [loss, None]
    return [loss, elementwise(step.xp, "subtract", softmax(step.xp, x, -1), labels)]


def _cross_entropy_of_classes(step: Step, x: Any, labels: Any) -> list[Any]:
    chosen = np.eye(np.shape(x)[-1])[np.asarray(labels, np.int64)]
    if step.needs[1]:
        return _cross_entropy(step, x, chosen)
    x = lift(step.xp, x)
    places = np.asarray(labels, np.int64)[:, None]
    picked = step.xp.take_along_axis(log_softmax(step.xp, x, -1), places, axis=-1)
    return [boxed(step.xp.reshape(-boxed(picked), (-1,))), None]


RULES: dict[str, Rule] = {
    "Sum": _reduction("sum"),
    "Mean": _reduction("mean"),
    "Prod": _reduction("prod"),
    "Max": _extreme("max"),
    "Min": _extreme("min"),
    "EuclideanNorm": _norm,
    "L2Loss": _half_square,
    "ArgMax": _argument(argmax),
    "ArgMin": _argument(argmin),
    "Cumsum": _running("add", 0.0),
    "Cumprod": _running("multiply", 1.0),
    "CumulativeLogsumexp": _running("logaddexp", -np.inf),
    "TopK": _top,
    "TopKV2": _top,
    "NthElement": _nth,
    "LowerBound": _bound("less"),
    "UpperBound": _bound("less_equal"),
    "Softmax": lambda step, x: softmax(step.xp, x, -1),
    "LogSoftmax": lambda step, x: log_softmax(step.xp, x, -1),
    "SoftmaxCrossEntropyWithLogits": _cross_entropy,
    "SparseSoftmaxCrossEntropyWithLogits": _cross_entropy_of_classes,
}
"""Operation → its rule."""
