"""Native functions, and their derivatives as native functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Function:
    """A native function of parameters and data, to be differentiated by the parameters."""

    apply: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]
    """(parameters, data) → a native array, or a tuple of them."""

    parameters: tuple[Shape, ...]
    """The shape of every parameter."""

    value: Any
    """The shape of what it gives: `()` or (m,); a tuple of shapes where it gives a tuple."""

    @property
    def components(self) -> int:
        """The numbers that the parameters hold together."""
        return sum(int(np.prod(shape)) for shape in self.parameters)


class Derived(NamedTuple):
    """A derivative of a function, as a native function, and how it is taken."""

    apply: Callable[..., Any]
    """(parameters, data, *seeds) → native arrays. A direction is a tuple with an array for each
    parameter; a cotangent is of the form of the function's value."""

    method: str
    """In the field's words: `reverse`, `forward over reverse`."""
