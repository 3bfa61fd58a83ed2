"""Arrays from constants and from other arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calcbench.vocabulary.array import Array, Indices, Number, Shape


def asarray(constant: Any) -> Array:
    """Make an array of a number or an array that no parameter enters, for arithmetic.

    Floats take the precision of the run; integers and truth values stay what they are.
    """


def reshape(x: Array, shape: Shape) -> Array:
    """Lay the numbers, in their order, into another shape, of which one length may be −1."""


def concat(arrays: Sequence[Array], axis: int = 0) -> Array:
    """Join arrays along an axis that they have."""


def stack(arrays: Sequence[Number], axis: int = 0) -> Array:
    """Join arrays of one shape along a new axis; among scalars, numbers may stand."""


def take(x: Array, indices: Indices, axis: int = 0) -> Array:
    """Take slices by integer index, in an array of any shape."""


def take_along_axis(x: Array, indices: Indices, axis: int) -> Array:
    """Take elements by integer index, one array of them for each lane along the axis."""
