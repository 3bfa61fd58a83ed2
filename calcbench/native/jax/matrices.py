"""Rules of products, convolutions and decompositions."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from calcbench.native.decompositions import eigenvalues, eigh, lu, qr, singular_values, svd
from calcbench.native.function import NotKnown
from calcbench.native.jax.moving import pad_array
from calcbench.native.jax.step import Rule, Step
from calcbench.native.movement import move, transpose
from calcbench.native.needs import UNUSED
from calcbench.native.products import (
    cholesky,
    convolve,
    dot_general,
    solve_triangular,
    swapped,
    symmetric,
)
from calcbench.native.values import Numbers, is_active, lift, midpoints


def _check_precision(step: Step, x: Any, y: Any) -> None:
    """Report products of float32 that a processor may compute with fewer bits of the factors.

    By default a graphics processor takes 11 of 24 (TensorFloat-32), a TPU 8 (bfloat16).
    """
    processor, asked = jax.default_backend(), step.params["precision"]
    asked = asked if isinstance(asked, tuple) else (asked,)
    if processor == "cpu" or all(p == jax.lax.Precision.HIGHEST for p in asked):
        return
    if any(v.aval.dtype == np.float32 for v in step.equation.invars) and (
        is_active(x) or is_active(y)
    ):
        dtype = "bfloat16" if processor == "tpu" else "TensorFloat-32"
        step.interpreter.use(dtype, 'compute under jax.default_matmul_precision("highest")')


def _dot_general(step: Step, x: Any, y: Any) -> Numbers:
    _check_precision(step, x, y)
    contracting, batch = step.params["dimension_numbers"]
    return dot_general(step.xp, x, y, contracting, batch)


def _convolve(step: Step, x: Any, kernel: Any) -> Numbers:
    _check_precision(step, x, kernel)
    p = step.params
    if p["batch_group_count"] != 1:
        raise NotKnown("primitive conv_general_dilated with groups of batches")
    layout = p["dimension_numbers"]
    x = transpose(step.xp, lift(step.xp, x), layout.lhs_spec)
    kernel = transpose(step.xp, lift(step.xp, kernel), layout.rhs_spec)
    config = [(0, 0, 0), (0, 0, 0)] + [
        (*padding, dilation - 1)
        for padding, dilation in zip(p["padding"], p["lhs_dilation"], strict=True)
    ]
    found = convolve(
        step.xp,
        move(step.xp, lambda indices: pad_array(indices, 0, config), x),
        kernel,
        p["window_strides"],
        ((0, 0),) * (x.ndim - 2),
        p["rhs_dilation"],
        p["feature_group_count"],
    )
    return transpose(step.xp, found, np.argsort(layout.out_spec).tolist())


def _solve_triangular(step: Step, a: Any, b: Any) -> Numbers:
    """Solve a x = b, or x a = b."""
    p = step.params
    if p["transpose_a"]:
        a = swapped(step.xp, a)
    lower = p["lower"] != p["transpose_a"]
    return solve_triangular(step.xp, a, b, lower, p["unit_diagonal"], p["left_side"])


# --- decompositions, whose vectors have JAX's signs -----------------------------------------------


def _eigen(step: Step, x: Numbers) -> list[Any]:
    """Compute eigenvectors and eigenvalues; the signs of vectors are JAX's."""
    _refuse(step, subset_by_index=(None, (0, x.shape[-1])), sort_eigenvalues=(True,))
    whole = symmetric(step.xp, x, step.params.get("lower", True))
    if step.needs[0] == UNUSED:
        return [None, eigenvalues(step.xp, whole)]
    values, vectors = eigh(step.xp, whole, _of_jax(step, x)[0])
    return [vectors, values]


def _singular(step: Step, x: Numbers) -> list[Any]:
    """Compute singular values and, where they are needed, vectors, of which the signs are JAX's."""
    _refuse(step, subset_by_index=(None, (0, min(x.shape[-2:]))))
    if not any(step.needs[1:]):
        return [singular_values(step.xp, x), *(None for _ in step.equation.outvars[1:])]
    if step.params["full_matrices"] and x.shape[-2] != x.shape[-1]:
        raise NotKnown("primitive svd with full matrices")
    u, values, v = svd(step.xp, x, _of_jax(step, x)[1])
    return [values, u, v]


def _orthogonal(step: Step, x: Numbers) -> list[Any]:
    """Factor x = Q R; the signs are JAX's."""
    _refuse(step, pivoting=(False,))
    if step.params["full_matrices"] and x.shape[-2] > x.shape[-1]:
        raise NotKnown("primitive qr with full matrices")
    return [*qr(step.xp, x, _of_jax(step, x)[0])]


def _refuse(step: Step, **known: tuple[Any, ...]) -> None:
    for name, values in known.items():
        if step.params.get(name, values[0]) not in values:
            raise NotKnown(f"primitive {step.equation.primitive.name} with {name}")


def _of_jax(step: Step, x: Numbers) -> list[np.ndarray]:
    """Have JAX factor the same matrix in its own dtype: it reads the same triangle."""
    return step.natively(midpoints(x).astype(step.equation.invars[0].aval.dtype))


RULES: dict[str, Rule] = {
    "dot_general": _dot_general,
    "conv_general_dilated": _convolve,
    "cholesky": lambda step, x: cholesky(step.xp, x),
    "triangular_solve": _solve_triangular,
    "lu": lambda step, x: lu(step.xp, x),
    "eigh": _eigen,
    "svd": _singular,
    "qr": _orthogonal,
}
"""Primitive → its rule."""
