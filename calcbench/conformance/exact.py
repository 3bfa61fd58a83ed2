"""Exact numbers: functions of object arrays of mpmath's, at 400 digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import MPContext

mp: Any = MPContext()  # a context of its own: the digits of mpmath's global one stay as they are
mp.dps = 400  # 1 + exp(−800) needs 350

Function = Callable[..., Any]


def exact_numbers(x: Any) -> Any:
    """Make an object array of floats, exactly."""
    return np.asarray(np.frompyfunc(mp.mpf, 1, 1)(np.asarray(x, dtype=float)), dtype=object)


def floats(x: Any) -> np.ndarray:
    """Round exact numbers to doubles."""
    return np.asarray(x, dtype=object).astype(float)


def elementwise(function: Function) -> Function:
    """Make a function of numbers one of object arrays; it always returns an array."""

    def apply(*arrays: Any) -> Any:
        ufunc = np.frompyfunc(function, len(arrays), 1)
        return np.asarray(ufunc(*arrays), dtype=object)

    return apply


def choose(condition: Callable[..., bool], yes: Function, no: Function) -> Function:
    """Choose between two functions of numbers, element by element."""
    return elementwise(lambda *a: yes(*a) if condition(*a) else no(*a))


def log_sum(*terms: Any) -> Any:
    """Compute log Σ eˣ."""
    return mp.log(sum(map(mp.exp, terms)))


def matrix(x: Any) -> Any:
    """Make a matrix of mpmath's."""
    return mp.matrix(np.asarray(x).tolist())


def entries(x: Any) -> Any:
    """Make an object array of a matrix of mpmath's."""
    return np.array(x.tolist(), dtype=object).reshape(x.rows, x.cols)


def reduced(function: Callable[[list[Any]], Any], axis: int | None, keepdims: bool) -> Function:
    """Make a function of a list a reduction of an array, along an axis or over all."""

    def exact(x: Any) -> Any:
        lanes = np.reshape(x, -1) if axis is None else np.moveaxis(x, axis, -1)
        result = np.empty(lanes.shape[:-1], dtype=object)
        for index in np.ndindex(result.shape):
            result[index] = function(list(lanes[index]))
        if not keepdims:
            return result
        return result.reshape((1,) * x.ndim) if axis is None else np.expand_dims(result, axis)

    return exact


def along(function: Callable[[list[Any]], list[Any]], axis: int | None) -> Function:
    """Make a function of a list to a list one of arrays, along an axis or over all."""

    def exact(x: Any) -> Any:
        if axis is None:
            return np.reshape(np.array(function(list(x.flat)), dtype=object), x.shape)
        lanes = np.moveaxis(np.asarray(x, dtype=object), axis, -1)
        found = [function(list(lanes[i])) for i in np.ndindex(lanes.shape[:-1])]
        return np.moveaxis(np.array(found, dtype=object).reshape(*lanes.shape[:-1], -1), -1, axis)

    return exact
