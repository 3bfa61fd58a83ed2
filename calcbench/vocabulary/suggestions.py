"""Suggestions for names that are not in the vocabulary."""

from __future__ import annotations

import difflib

import numpy as np

from calcbench.vocabulary.names import NAMES

SPELLED = {
    "absolute": "abs",
    "fabs": "abs",
    "amax": "max",
    "concatenate": "concat",
    "hstack": "concat",
    "vstack": "stack",
    "dot": "matmul",
    "cumsum": "cumulative_sum",
    "cumprod": "cumulative_prod",
    "power": "pow",
    "amin": "min",
    "product": "prod",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "rint": "round",
    "mod": "remainder",
    "fmod": "remainder",
    "lgamma": "gammaln",
    "loggamma": "gammaln",
    "psi": "digamma",
    "trigamma": "polygamma",
    "bessel_i0e": "i0e",
    "matrix_exp": "linalg.expm",
    "linalg.matrix_exp": "linalg.expm",
    "linalg.triangular_solve": "linalg.solve_triangular",
    "log_normal_cdf": "log_ndtr",
    "logsigmoid": "log_sigmoid",
    "swish": "silu",
    "transpose": "permute_dims",
    "swapaxes": "moveaxis",
    "clamp": "clip",
    "identity": "eye",
}
"""Functions of NumPy, SciPy and PyTorch → what the vocabulary calls them."""

NEAR = 0.8
"""How similar a name must be to be taken for a misspelling (`difflib`, from 0 to 1)."""


def in_vocabulary(name: str) -> str:
    """Return what the vocabulary calls a function of another library; "" where it has none."""
    known = [full for full in (name, f"linalg.{name}") if full in NAMES]
    return known[0] if known else SPELLED.get(name, "")


def suggest(name: str) -> str:
    """End a message about a name that the vocabulary lacks: the name that is meant.

    A function that NumPy has, such as `zeros`, is no misspelling of another.
    """
    ours = in_vocabulary(name)
    if ours:
        return f"use xp.{ours}"
    close = [] if hasattr(np, name) else difflib.get_close_matches(name, NAMES, n=1, cutoff=NEAR)
    return f"did you mean {close[0]!r}?" if close else "docs/vocabulary.md lists what is"
