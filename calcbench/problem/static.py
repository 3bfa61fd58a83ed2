"""Static data: loop counts, shapes and index structures, which are no arrays.

Among the values of a point they stand as arrays without axes that hold an object; a cost gets them
as they were given.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class Static(np.ndarray):
    """An array without axes that holds an object, as no other array does."""


def is_static(value: Any) -> bool:
    """Tell whether a value is no array: an integer of Python's, text, or a tuple of such."""
    if type(value) is tuple:
        return all(map(is_static, value))
    return type(value) is int or isinstance(value, str)


def wrap_static(value: Any) -> Static:
    """Put a value into an array without axes."""
    array = np.empty((), dtype=object)
    array[()] = value
    return array.view(Static)


def unwrap_static(value: Any) -> Any:
    """Take static data out of the array that holds them; leave all else."""
    return value.item() if isinstance(value, Static) else value
