"""Contracts: what a name of the vocabulary says of itself, in its signature and its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Contract:
    """A name of the vocabulary: how it is called, and what it is.

    The first line of its text is its meaning, with its domain; what follows is a source, and what
    it is at ties and at the ends of its domain.
    """

    name: str
    """As in `xp.exp` or `xp.linalg.solve`, without `xp`."""

    text: str
    """What it is: the docstring."""

    signature: inspect.Signature | None = None
    """How it is called; `None` for a constant."""

    @property
    def call(self) -> str:
        """How it is called, without types: `sum(x, axis=None, keepdims=False)`."""
        if self.signature is None:
            return self.name
        arguments = self.signature.parameters.values()
        plain = [str(each.replace(annotation=inspect.Parameter.empty)) for each in arguments]
        return f"{self.name}({', '.join(plain)})"

    @property
    def meaning(self) -> str:
        """The first line of its text."""
        return self.text.partition("\n")[0].removesuffix(".")

    @property
    def line(self) -> str:
        """Both in one line: `square(x): x²`."""
        return f"{self.call}: {self.meaning}" if self.signature else self.meaning


def collect(themes: Mapping[ModuleType, str]) -> dict[str, Callable[..., Any]]:
    """List the functions of modules that each are the contract of a name, in their order.

    `themes` has for each module what its names begin with (`linalg.`); names that begin with `_`
    are helpers.
    """
    return {
        f"{prefix}{name}": function
        for module, prefix in themes.items()
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    }


def read_contract(name: str, function: Callable[..., Any]) -> Contract:
    """Read the contract of a name off its function.

    The argument `xp`, the vocabulary that a definition is evaluated in, is no part of the call.
    """
    signature = inspect.signature(function)
    arguments = [each for each in signature.parameters.values() if each.name != "xp"]
    text = inspect.getdoc(function) or ""
    return Contract(name, text, signature.replace(parameters=arguments))
