"""Remedies: what to write instead, where a line of a cost is one of the usual mistakes."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from typing import Any

from calcbench.vocabulary.suggestions import in_vocabulary

LIBRARIES = ("np", "numpy", "math", "torch", "tf", "tensorflow", "jnp", "jax", "scipy", "special")
"""Names that libraries usually go by, where the module is not known."""

NO_BRANCH = (
    "truth value|convert.* bool|boolean conversion|Python `bool`|data-dependent control flow"
)
"""What libraries write where Python wants to know whether a value is true."""

NO_WRITE = "item assignment|in-place|inplace|read-only|immutable"
"""What they write where an array is written into."""

INDEX, WHOLE = r"ind(ex|ices)", r"\bint(eger|egers|32|64)\b"
"""What they write, both, where an index is no integer."""


def find_remedy(what: str, source: str, names: Mapping[str, Any]) -> str:
    """Say what to write in place of a line, by its source and the exception; "" if it is not known.

    `names` are those of the module that the line stands in.
    """
    return (
        _labels(what) or _foreign_function(source, names) or _branch(what, source) or _write(what)
    )


def _labels(what: str) -> str:
    """Labels as floats, where an index is needed; or as integers, where a number is."""
    no_index = re.search(INDEX, what, re.IGNORECASE) and re.search(WHOLE, what)
    if no_index or re.search(r"[Cc]annot cast .* to .*int64", what):  # the latter from `xp.take`
        return "give labels as a NumPy array of integers: np.array([0, 2, 1])"
    whole, real = (
        re.search(r"int(32|64)|\bLong\b|\blong\b", what),
        re.search("float|[Dd]ouble", what),
    )
    if whole and real:
        return "integer arrays are for indices: give numbers to calculate with as floats"
    return ""


def _foreign_function(source: str, names: Mapping[str, Any]) -> str:
    """`np.exp(x)`: a function of another library, where the vocabulary has it."""
    for library, name in re.findall(r"\b(\w+(?:\.\w+)*)\.(\w+)\(", source):
        head = library.partition(".")[0]
        foreign = isinstance(names.get(head), types.ModuleType) or head in LIBRARIES
        ours = in_vocabulary(name)
        if foreign and ours:
            return f"use xp.{ours} in place of {library}.{name}"
    return ""


def _branch(what: str, source: str) -> str:
    """`if x > 0`: a branch of Python, where the value is not known."""
    if not re.search(NO_BRANCH, what, re.IGNORECASE):
        return ""
    if re.search(r"\bwhile\b", source):
        return "a loop cannot depend on a value: use xp.iterate, with a number of steps"
    extreme = re.search(r"(?<![.\w])(max|min)\(", source)
    if extreme:
        return f"use xp.{extreme[1]}imum in place of {extreme[1]}"
    return "use xp.where(condition, value, other) in place of a Python branch"


def _write(what: str) -> str:
    """`x[0] = 1.0`: a write into an array."""
    if not re.search(NO_WRITE, what):
        return ""
    return "build a new array, with xp.stack or xp.concat, in place of writing into one"
