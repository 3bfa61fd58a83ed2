"""Namespace: the array vocabulary as the functions of one library."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from calcbench.errors import ProblemError, Unsupported, nearest
from calcbench.vocabulary.names import NAMES


class Namespace:
    """The vocabulary of one backend: a plain object whose attributes are functions.

    Names are resolved once, when it is built, so that using one costs an attribute lookup.
    """

    def __init__(self, spelling: Mapping[str, Any], prefix: str = "") -> None:
        """Take name → function; dotted names (`linalg.solve`) become a nested namespace."""
        self._prefix = prefix
        nested: dict[str, dict[str, Any]] = {}
        for name, function in spelling.items():
            head, _, tail = name.partition(".")
            if tail:
                nested.setdefault(head, {})[tail] = function
            else:
                setattr(self, name, function)
        for head, names in nested.items():
            setattr(self, head, Namespace(names, f"{head}."))

    @classmethod
    def over(cls, module: Any, spellings: Mapping[str, Any]) -> Namespace:
        """Build the vocabulary from a module, and from spellings of the names that it lacks.

        A name is what `spellings` gives for it (`{"linalg.solve": solve}`), or else the module's
        attribute of that name, dotted or not. A name that neither has is not there, except for
        `iterate`, which is then a Python loop. A module's function of the same name that means
        something else must have a spelling, therefore; the tests of the vocabulary find it.

            >>> Namespace.over(np, {"sigmoid": sigmoid, "linalg.solve": solve})
        """
        found = {"iterate": iterate}
        for name in NAMES.keys() - spellings.keys():
            try:
                found[name] = functools.reduce(getattr, name.split("."), module)
            except (AttributeError, Unsupported):  # `module` may be a namespace
                continue
        return cls({**found, **spellings})

    def __getattr__(self, name: str) -> Any:
        # Reached only for names that are not there.
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self._prefix}{name}"
        if full in NAMES:
            raise Unsupported(f"xp.{full} is not available on this backend")
        raise ProblemError(f"xp.{full} is not in the array vocabulary: {nearest(full, NAMES)}")


def iterate(step: Any, state: Any, n: int) -> Any:
    """Apply `step` to `state` n times, by a Python loop: right wherever nothing is traced."""
    for _ in range(n):
        state = step(state)
    return state


def running_axis(x: Any, axis: int | None) -> int:
    """Give the axis that `cumulative_sum` runs along: without one, that of a vector.

    Raises `ProblemError` for any other array without one, as in the array API standard: the
    libraries themselves would flatten it, or raise errors of their own.
    """
    if axis is not None:
        return axis
    if len(x.shape) != 1:
        raise ProblemError(f"xp.cumulative_sum of an array of shape {tuple(x.shape)} needs an axis")
    return 0
