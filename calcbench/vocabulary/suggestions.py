"""Suggestions for names that are not in the vocabulary."""

from __future__ import annotations

import difflib

import numpy as np

from calcbench.vocabulary.names import NAMES

SPELLED = {
    # NumPy
    "absolute": "abs",
    "fabs": "abs",
    "amax": "max",
    "concatenate": "concat",
    "hstack": "concat",
    "vstack": "stack",
    "column_stack": "stack",
    "dot": "matmul",
    "inner": "vecdot",
    "cumsum": "cumulative_sum",
    "cumprod": "cumulative_prod",
    "power": "pow",
    "float_power": "pow",
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
    "around": "round",
    "mod": "remainder",
    "fmod": "remainder",
    "ravel": "reshape",
    "flatten": "reshape",
    "newaxis": "expand_dims",
    "transpose": "permute_dims",
    "swapaxes": "moveaxis",
    "fliplr": "flip",
    "flipud": "flip",
    "full_like": "full",
    "array": "asarray",
    "identity": "eye",
    "alltrue": "all",
    "sometrue": "any",
    "msort": "sort",
    # SciPy
    "lgamma": "gammaln",
    "loggamma": "gammaln",
    "psi": "digamma",
    "log_expit": "log_sigmoid",
    "trigamma": "polygamma",
    # PyTorch
    "matrix_exp": "linalg.expm",
    "linalg.matrix_exp": "linalg.expm",
    "swish": "silu",
    "clamp": "clip",
    "hardtanh": "clip",
    "cat": "concat",
    "unbind": "unstack",
    "unsqueeze": "expand_dims",
    "permute": "permute_dims",
    "movedim": "moveaxis",
    "swapdims": "moveaxis",
    "sgn": "sign",
    "adjoint": "matrix_transpose",
    "expand": "broadcast_to",
    "repeat_interleave": "repeat",
    "index_select": "take",
    "take_along_dim": "take_along_axis",
    "topk": "top_k",
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "ger": "linalg.outer",
    "inverse": "linalg.inv",
    "logdet": "linalg.slogdet",
    "tensor": "asarray",
    "as_tensor": "asarray",
    "from_numpy": "asarray",
    # TensorFlow
    "reduce_sum": "sum",
    "reduce_mean": "mean",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_std": "std",
    "reduce_variance": "var",
    "reduce_logsumexp": "logsumexp",
    "reduce_all": "all",
    "reduce_any": "any",
    "is_finite": "isfinite",
    "is_nan": "isnan",
    "clip_by_value": "clip",
    "floormod": "remainder",
    "matvec": "matmul",
    "range": "arange",
    "fill": "full",
    "reverse": "flip",
    "convert_to_tensor": "asarray",
    "bessel_i0e": "i0e",
    "linalg.triangular_solve": "linalg.solve_triangular",
    "log_normal_cdf": "log_ndtr",
    "matrix_inverse": "linalg.inv",
    # JAX
    "select": "where",
    "fori_loop": "iterate",
    "conv": "conv2d",
    "conv_general_dilated": "conv2d",
    "variance": "var",
}
"""What functions are called in the libraries that have them so first → in the vocabulary."""

DIAGONAL = "xp.linalg.diagonal(A) takes a diagonal, x * xp.eye(n) makes a matrix that has it"

PUT_OTHERWISE = {"diag": DIAGONAL, "diagflat": DIAGONAL, "diag_embed": DIAGONAL}
"""What to write in place of a function for which there is no single name."""

JOINED = {name.replace("_", ""): name for name in NAMES}
"""Names without their underscores, for JAX says `erf_inv`, and PyTorch `logsoftmax`."""

LACKING = {
    *("beta", "chndtr", "erfcinv", "erfcx", "erfi", "exp1", "exp10", "expi", "expn", "gamma"),
    *("gammainc", "gammaincc", "gammasgn", "nbdtr", "nbdtrc", "nbdtri", "ncfdtr", "nctdtr"),
    "ndtri",
    *("celu", "glu", "igamma", "igammac", "log1mexp", "logcumsumexp", "lu", "prelu", "relu6"),
    *("rrelu", "rsqrt", "selu", "signal", "zero", "broadcast_tensors", "conv3d"),
    *("broadcast_to_rank", "cumlogsumexp", "cumulative_logsumexp", "cumulative_trapezoid"),
    *("custom_gradient", "no_gradient"),
    *("pbroadcast", "pmax", "pmean", "pmin", "psum"),
}
"""Functions of SciPy, PyTorch, TensorFlow and JAX that the vocabulary lacks, and that are no
misspelling of another. (NumPy's are known, for it is there.)"""

NEAR = 0.8
"""How similar a name must be to be taken for a misspelling (`difflib`, from 0 to 1)."""


def in_vocabulary(name: str) -> str:
    """Return what the vocabulary calls a function of another library; "" where it has none."""
    name = name.removesuffix("_")  # PyTorch writes into an array by `exp_`
    known = [full for full in (name, f"linalg.{name}") if full in NAMES]
    return known[0] if known else SPELLED.get(name) or JOINED.get(name.replace("_", ""), "")


def suggest(name: str) -> str:
    """End a message about a name that the vocabulary lacks: the name that is meant.

    A function that a library has, such as `sinc`, is no misspelling of another.
    """
    ours = in_vocabulary(name)
    if ours:
        return f"use xp.{ours}"
    if name in PUT_OTHERWISE:
        return PUT_OTHERWISE[name]
    lacking = hasattr(np, name) or name.removesuffix("_") in LACKING
    close = [] if lacking else difflib.get_close_matches(name, NAMES, n=1, cutoff=NEAR)
    return f"did you mean {close[0]!r}?" if close else "docs/vocabulary.md lists what is"
