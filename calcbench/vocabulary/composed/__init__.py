"""Names of the vocabulary that follow from others: one file each, called like the name.

A file holds one function of that name, whose first argument is the vocabulary in which it is
evaluated: `cumulative_sum(xp, x, axis=None)`. Every backend has it by this definition, and so do
the certificate and stand-alone programs, into which its source is copied (hence it may use
`xp`, Python's own functions and others of its file, and no name of calcbench). Only those that
have something better spell it.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any


@functools.cache
def find_definition(name: str) -> Callable[..., Any] | None:
    """Return the function that defines a name (`linalg.norm`) by others, None if there is none."""
    path = f"{__name__}.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if not f"{path}.".startswith(f"{error.name}."):  # a file that lacks something itself
            raise
        return None
    definition = getattr(module, name.rpartition(".")[2], None)
    return definition if callable(definition) else None
