"""Kinks of decompositions and Bessel functions, and what each library answers there.

Found by running, like those in `test_vocabulary`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy import nan


def mirror(xp: Any, x: Any) -> Any:
    """[[1, x], [x, 1]], whose eigenvalues 1 ± x meet at x = 0."""
    one = 1 + 0 * x
    return xp.stack([xp.stack([one, x]), xp.stack([x, one])])


KINKS: dict[str, tuple[Callable[..., Any], list[float]]] = {
    "i0e(x) at 0": (lambda xp, x: xp.i0e(x), [0.0]),
    "linalg.svdvals([[x]])[0] at 0": (
        lambda xp, x: xp.linalg.svdvals(xp.reshape(x, (1, 1)))[0],
        [0.0],
    ),
    "linalg.eigvalsh([[1, x], [x, 1]])[0] at 0": (
        lambda xp, x: xp.linalg.eigvalsh(mirror(xp, x))[0],
        [0.0],
    ),
    "linalg.eigh([[1, x], [x, 1]])[1][0, 0]**2 at 0": (
        lambda xp, x: xp.linalg.eigh(mirror(xp, x))[1][0, 0] ** 2,
        [0.0],
    ),
}

ANSWERS: dict[str, tuple[float, ...]] = {
    "finite_difference": (0, 0, 0, 0),
    "finite_difference[scheme=complex]": (0, 0, 0, 0),
    "sympy": (0, 0, 0, 0),
    "torch": (0, 1, 0, nan),
    "tensorflow": (0, 1, 0, 0),
    "jax": (0, 1, 0, nan),
    "autograd": (0, 1, 0, nan),
    "dual": (-1, nan, nan, nan),
    "tape": (-1, nan, nan, nan),
}
