"""Remedies: what to write instead, where a statement of a cost is one of the usual mistakes.

A remedy is told only where it removes what was raised: by the expression that raised it, where that
is known.
"""

from __future__ import annotations

import ast
import re
import types
from typing import Any

import numpy as np

from calcbench.problem.snippets import Snippet
from calcbench.vocabulary.suggestions import in_vocabulary

LIBRARIES = ("numpy", "math", "cmath", "scipy", "torch", "tensorflow", "jax")
"""Packages of functions that a cost may not call on what it is given."""

ALIASES = (*LIBRARIES, "np", "tf", "jnp", "special")
"""Names that they usually go by, where the module is not known."""

CONVERSIONS = ("float", "int", "complex", "bool")
"""Functions of Python that take a single number out of an array."""

HARMLESS = ("abs", "pow")
"""Functions of Python that do as well with arrays."""

TAKEN = ("item", "numpy", "tolist")
"""Methods of arrays that do so."""

NO_BRANCH = (
    "truth value|convert.* bool|boolean conversion|Python `bool`|data-dependent control flow"
)
"""What libraries write where Python wants to know whether a value is true."""

NO_WRITE = "item assignment|in-place|inplace|read-only|immutable"
"""What they write where an array is written into."""

NO_PRODUCT = (
    r"attr 'T' of bool"  # TensorFlow
    r"|unsupported operand.*'(Strict)?(Greater|Less)Than'"  # SymPy
    r"|unsupported operand.*'(Unequality|Equality|And|Or|Not)'"
)
"""What they write where a condition is multiplied or added up."""

NO_NUMBER = r"numpy|convert|symbolic|concrete|item\(\)"
"""What they write where a number is taken out of an array that has none."""

INDEX, WHOLE = r"ind(ex|ices)", r"\bint(eger|egers|32|64)\b"
"""What they write, both, where an index is no integer."""


def find_remedy(what: str, snippet: Snippet) -> str:
    """Say what to write in place of a statement, by what it raised; "" if it is not known."""
    return (
        _condition(what)
        or _labels(what)
        or _foreign_function(what, snippet)
        or _branch(what, snippet)
        or _write(what, snippet)
    )


def leaves_namespace(snippet: Snippet) -> bool:
    """Tell whether what was raised is a call that leaves `xp`: `np.exp(x)`, `float(x)`."""
    return snippet.raised is not None and _leaves(snippet.raised, snippet)


def _condition(what: str) -> str:
    """`(x > 0) * x`: a condition that is used as a number."""
    if not re.search(NO_PRODUCT, what):
        return ""
    return "a condition becomes a number by xp.where(condition, 1.0, 0.0)"


def _labels(what: str) -> str:
    """Labels as floats, where an index is needed; or as integers, where a number is."""
    if "slice" in what:  # x[:n], with a number that is none of the labels
        return ""
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


# --- functions of other libraries -----------------------------------------------------------------


def _foreign_function(what: str, snippet: Snippet) -> str:
    """`np.exp(x)`, `float(x)`: a call that leaves `xp`, where the vocabulary has the function.

    All such functions of the statement are named: the next one would be raised after the first. Not
    where the call stands within one that the vocabulary lacks, for that one would be.
    """
    if snippet.raised is None and not re.search(NO_NUMBER, what, re.IGNORECASE):
        return ""
    suspects = snippet.expressions if snippet.raised is None else [snippet.raised]
    if not any(_can_be_mended(call, snippet) for call in suspects):
        return ""
    named = [
        call
        for call in snippet.expressions
        if _can_be_mended(call, snippet) and (call is snippet.raised or _has_variables(call))
    ]
    theirs = list(dict.fromkeys(_spell(call) for call in named if _replacement(call, snippet)))
    ours = list(dict.fromkeys(filter(None, (_replacement(call, snippet) for call in named))))
    taken = list(dict.fromkeys(_spell(call) for call in named if _takes_number(call)))
    if not ours:
        return f"leave {_listed(taken)} out: xp computes with arrays as they are"
    without = f", without {_listed(taken)}" if taken else ""
    return f"use {_listed(ours)} in place of {_listed(theirs)}{without}"


def _can_be_mended(call: ast.AST, snippet: Snippet) -> bool:
    """Tell whether a call leaves `xp`, and neither it nor one around it is without a remedy."""
    if not _leaves(call, snippet):
        return False
    calls = [outer for outer in snippet.around(call) if isinstance(outer, ast.Call)]
    if not _takes_number(call):
        calls = [outer for outer in calls if _is_foreign(outer, snippet)]
    return all(
        _takes_number(outer)
        or _replacement(outer, snippet)
        or _name(outer) in HARMLESS
        or _spell(outer).startswith("xp.")
        for outer in calls
    )


def _has_variables(call: ast.AST) -> bool:
    """Tell whether a call is given anything but constants."""
    if _takes_number(call):
        return True
    given = [*call.args, *call.keywords] if isinstance(call, ast.Call) else []
    return any(isinstance(part, ast.Name) for one in given for part in ast.walk(one))


def _leaves(call: ast.AST, snippet: Snippet) -> bool:
    """Tell whether an expression is a call that leaves `xp`."""
    return _takes_number(call) or _is_foreign(call, snippet)


def _takes_number(call: ast.AST) -> bool:
    """Tell whether an expression is `float(x)`, `x.item()` or the like."""
    if not isinstance(call, ast.Call):
        return False
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in TAKEN and not call.args
    return _name(call) in CONVERSIONS


def _is_foreign(call: ast.AST, snippet: Snippet) -> bool:
    """Tell whether an expression calls a function of a library."""
    if not isinstance(call, ast.Call):
        return False
    head, _, rest = _spell(call).partition(".")
    known = snippet.names.get(head)
    if rest and head != "xp":
        return isinstance(known, types.ModuleType) or (known is None and head in ALIASES)
    module = "numpy" if isinstance(known, np.ufunc) else getattr(known, "__module__", None) or ""
    return module.partition(".")[0] in LIBRARIES


def _replacement(call: ast.AST, snippet: Snippet) -> str:
    """Name what the vocabulary has in place of a library's function, `xp.exp`; "" if nothing."""
    ours = in_vocabulary(_spell(call).rpartition(".")[2]) if _is_foreign(call, snippet) else ""
    return f"xp.{ours}" if ours else ""


def _spell(call: Any) -> str:
    """Spell what is called: `np.exp`, `float()`."""
    if not isinstance(call, ast.Call):
        return ""
    if not _takes_number(call):
        return ast.unparse(call.func)
    return f".{call.func.attr}()" if isinstance(call.func, ast.Attribute) else _name(call) + "()"


def _listed(words: list[str]) -> str:
    """Write `a`, `a and b`, `a, b and c`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


# --- what Python wants to know --------------------------------------------------------------------


def _branch(what: str, snippet: Snippet) -> str:
    """`if x > 0`: a branch of Python, where the value is not known."""
    if not re.search(NO_BRANCH, what, re.IGNORECASE):
        return ""
    if isinstance(snippet.statement, ast.While):
        return "a loop cannot depend on a value: use xp.iterate, with a number of steps"
    where = snippet.expressions if snippet.raised is None else [snippet.raised]
    extremes = [call for call in where if _name(call) in ("max", "min")]
    if extremes:
        extreme = _name(extremes[0])
        ending = "imum" if len(extremes[0].args) > 1 else ""  # type: ignore[attr-defined]
        return f"use xp.{extreme}{ending} in place of {extreme}"
    return "use xp.where(condition, value, other) in place of a Python branch"


def _name(call: ast.AST) -> str:
    """Return what is called by its name alone, `max`; "" for anything else."""
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
        return call.func.id
    return ""


def _write(what: str, snippet: Snippet) -> str:
    """`x[0] = 1.0`, `x += 1`: a write into an array."""
    if not re.search(NO_WRITE, what):
        return ""
    statement = snippet.statement
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        written = ast.unparse(statement)
        mended = ast.BinOp(ast.Name(statement.target.id), statement.op, statement.value)
        return f"write {statement.target.id} = {ast.unparse(mended)} in place of {written}"
    return "build a new array, with xp.stack or xp.concat, in place of writing into one"
