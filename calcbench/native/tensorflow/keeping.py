"""Keeping: what a run changes of TensorFlow is put back: variables, seeds, modes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context  # which has no other door to the state of seeds
from tensorflow.python.ops import stateful_random_ops  # which makes a generator if asked for one

from calcbench.native.tensorflow.tracing import read


@contextlib.contextmanager
def unchanged(handles: Iterable[Any], draws: bool = False) -> Iterator[None]:
    """Run eagerly; put back variables, by their handles, and seeds, whatever happens.

    So every run begins with the same numbers, also those that it draws, if it does.
    """
    before = [*_read_all([*handles, *_global_generator()])]
    with seeds_kept(draws):
        try:
            yield
        finally:
            for handle, value in before:
                tf.raw_ops.AssignVariableOp(resource=handle, value=value)


def _global_generator() -> list[Any]:
    """List the handle of the state of TensorFlow's global generator; none if it is not made."""
    made = stateful_random_ops.global_generator
    return [] if made is None else [made.state.handle]


def _read_all(handles: Iterable[Any]) -> Iterator[tuple[Any, np.ndarray]]:
    """Read variables, but those that are gone or have no value yet."""
    for handle in {id(each): each for each in handles}.values():
        with contextlib.suppress(tf.errors.OpError):
            yield handle, read(handle)


@contextlib.contextmanager
def seeds_kept(draws: bool = False) -> Iterator[None]:
    """Put back the seed that TensorFlow draws the seeds of operations from.

    Operations that draw go on from where they were the last time with this seed; all are begun
    anew before and after a run that draws.
    """
    now, names = context.context(), ("_seed", "_rng")
    before = {name: vars(now)[name] for name in names if name in vars(now)}
    state = before["_rng"].getstate() if "_rng" in before else None
    if draws:
        now.clear_kernel_cache()
    try:
        yield
    finally:
        for name in names:
            vars(now).pop(name, None)
        vars(now).update(before)
        if state is not None:
            before["_rng"].setstate(state)
        if draws:
            now.clear_kernel_cache()
