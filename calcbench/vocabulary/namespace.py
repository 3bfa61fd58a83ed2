"""Namespace: the array vocabulary as the functions of one library."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from calcbench.errors import ProblemError, Unsupported
from calcbench.vocabulary.constants import CONSTANTS
from calcbench.vocabulary.names import GENERIC, NAMES
from calcbench.vocabulary.primitives import PRIMITIVES
from calcbench.vocabulary.suggestions import suggest


class Namespace:
    """The vocabulary of one backend: a plain object whose attributes are functions.

    A name that it does not spell follows from others (`calcbench.vocabulary.composed`), or is
    refused. Each is resolved once, so that using it costs an attribute lookup.
    """

    def __init__(self, spelling: Mapping[str, Any]) -> None:
        """Take name → function; dotted names (`linalg.solve`) become nested objects."""
        self.spelling = spelling
        for head in {name.partition(".")[0] for name in NAMES if "." in name}:
            setattr(self, head, _Nested(self, f"{head}."))
        for name, function in spelling.items():
            head, _, tail = name.rpartition(".")
            setattr(getattr(self, head) if head else self, tail, function)

    @classmethod
    def over(cls, module: Any, spellings: Mapping[str, Any]) -> Namespace:
        """Build the vocabulary from a module, and from spellings of the names that it lacks.

        A primitive is what `spellings` gives for it (`{"linalg.solve": solve}`), or else the
        module's attribute of that name, dotted or not, or what another vocabulary spells.
        A module's function of the same name that means something else must have a spelling,
        therefore; the tests of the vocabulary find it.

            >>> Namespace.over(np, {"sigmoid": sigmoid, "linalg.solve": solve})
        """
        if isinstance(module, Namespace):  # what follows from others does so in the new one
            return cls({**module.spelling, **spellings})
        found = {}
        for name in PRIMITIVES.keys() - spellings.keys():
            try:
                found[name] = functools.reduce(getattr, name.split("."), module)
            except AttributeError:
                continue
        return cls({**found, **spellings})

    def __getattr__(self, name: str) -> Any:
        # Reached only for names that are not there.
        function = self._compose(name)
        setattr(self, name, function)
        return function

    def _compose(self, name: str) -> Any:
        """Build a name that is not spelled from others, in this vocabulary's own spelling."""
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in NAMES:
            raise ProblemError(f"xp.{name} is not in the array vocabulary: {suggest(name)}")
        if name in CONSTANTS:
            return CONSTANTS[name][0]
        if name not in GENERIC:
            raise Unsupported(f"xp.{name} is not available on this backend")
        return functools.partial(GENERIC[name], self)


class _Nested:
    """The names that share a prefix, such as `linalg.`."""

    def __init__(self, whole: Namespace, prefix: str) -> None:
        self._whole = whole
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        function = self._whole._compose(f"{self._prefix}{name}")
        setattr(self, name, function)
        return function


def natively(module: Any, *names: str) -> dict[str, Any]:
    """Spell names by a module's functions of the same name, dotted or not."""
    return {name: functools.reduce(getattr, name.split("."), module) for name in names}
