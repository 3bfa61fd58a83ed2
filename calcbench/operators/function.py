"""Native functions, and their derivatives as native functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from calcbench.problem.flat import Shape


@dataclass(frozen=True)
class Function:
    """A native function of parameters and data, to be differentiated by the parameters."""

    apply: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]
    """(parameters, data) → a native array, or a tuple of them."""

    parameters: tuple[Shape, ...]
    """The shape of every parameter."""

    value: Any
    """The shape of what it gives: `()` or (m,); a tuple of shapes where it gives a tuple."""

    over: Callable[[Any], Function] | None = None
    """The same function with another vocabulary in the place of the backend's, where it has one."""

    @property
    def components(self) -> int:
        """How many numbers the parameters hold together."""
        return sum(map(math.prod, self.parameters))


class Derived(NamedTuple):
    """A derivative of a function, as a native function, and how it is taken."""

    apply: Callable[..., Any]
    """(parameters, data, *seeds) → native arrays. A direction is a tuple with an array for each
    parameter; a cotangent is of the form of the function's value."""

    method: str
    """In the field's words: `reverse`, `forward over reverse`."""

    fixed: bool = False
    """Whether it holds for the integer data alone that it was derived at: a sparse structure, and
    what a cost looks up where, are made of them."""
