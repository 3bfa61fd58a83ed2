"""Products of arrays along axes, convolutions, and factors of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.elementwise import elementwise
from calcbench.native.movement import broadcast, move, transpose, windows
from calcbench.native.reductions import reduce
from calcbench.native.values import Numbers, boxed, hold, lift


def matmul(xp: Any, x: Any, y: Any) -> Numbers:
    """Multiply matrices, vectors on either side, or batches that broadcast, as `np.matmul`."""
    x, y = lift(xp, x), lift(xp, y)
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    if batch and x.ndim > 1 and y.ndim > 1:
        x = broadcast(xp, x, (*batch, *x.shape[-2:])) if x.shape[:-2] != batch else x
        y = broadcast(xp, y, (*batch, *y.shape[-2:])) if y.shape[:-2] != batch else y
    return boxed(xp.matmul(x, y))


def dot_general(
    xp: Any,
    x: Any,
    y: Any,
    contracting: tuple[Sequence[int], Sequence[int]],
    batch: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> Numbers:
    """Multiply and add up along pairs of axes: (batch axes, other axes of x, other axes of y)."""
    left = _Blocks(xp, x, contracting[0], batch[0])
    right = _Blocks(xp, y, contracting[1], batch[1])
    found = xp.matmul(left.rows(), right.columns())
    return boxed(xp.reshape(found, (*left.batch, *left.free, *right.free)))


class _Blocks:
    """An array as a batch of matrices: the axes that are kept by those that are added up."""

    def __init__(self, xp: Any, x: Any, summed: Sequence[int], batch: Sequence[int]) -> None:
        self.xp, self.x = xp, lift(xp, x)
        self.axes = tuple(batch), tuple(summed)
        self.others = tuple(a for a in range(self.x.ndim) if a not in (*batch, *summed))
        shape = self.x.shape
        self.batch = tuple(shape[a] for a in batch)
        self.free = tuple(shape[a] for a in self.others)
        self.count = math.prod(shape[a] for a in summed)

    def rows(self) -> Numbers:
        """Lay out as (*batch, others, summed)."""
        batch, summed = self.axes
        moved = transpose(self.xp, self.x, (*batch, *self.others, *summed))
        return boxed(self.xp.reshape(moved, (*self.batch, math.prod(self.free), self.count)))

    def columns(self) -> Numbers:
        """Lay out as (*batch, summed, others)."""
        batch, summed = self.axes
        moved = transpose(self.xp, self.x, (*batch, *summed, *self.others))
        return boxed(self.xp.reshape(moved, (*self.batch, self.count, math.prod(self.free))))


def einsum(xp: Any, subscripts: str, *operands: Any) -> Numbers:
    """Multiply and add up as `np.einsum`; an ellipsis stands for axes that all operands have."""
    lifted = [lift(xp, x) for x in operands]
    return boxed(xp.einsum(_spell_out(subscripts, [x.ndim for x in lifted]), *lifted))


def _spell_out(subscripts: str, ndims: Sequence[int]) -> str:
    """Put letters in the place of ellipses."""
    if "..." not in subscripts:
        return subscripts
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    free = [c for c in "zyxwvutsrqponmlkjihgfedcba".upper() if c not in subscripts]
    hidden = [
        ndim - len(term) + 3 if "..." in term else 0
        for term, ndim in zip(terms, ndims, strict=True)
    ]
    letters = "".join(free[: max(hidden)])
    spelled = [
        term.replace("...", letters[len(letters) - n :] if n else "")
        for term, n in zip(terms, hidden, strict=True)
    ]
    if not arrow:
        single = {c for c in inputs if c.isalpha() and inputs.count(c) == 1}
        output = "..." + "".join(sorted(single))
    return f"{','.join(spelled)}->{output.replace('...', letters)}"


def convolve(
    xp: Any,
    x: Any,
    kernel: Any,
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int = 1,
) -> Numbers:
    """Slide kernels (out, in/groups, *sizes) over x (batch, in, *lengths), without flipping them.

    Gives (batch, out, *lengths); channels and kernels are taken in so many groups.
    """
    x, kernel = lift(xp, x), lift(xp, kernel)
    n, outs = kernel.ndim - 2, kernel.shape[0] // groups
    cut = windows(xp, x, kernel.shape[2:], strides, padding, dilation)
    ins = x.shape[1] // groups
    places, inside = tuple(range(2, 2 + n)), tuple(range(2 + n, 2 + 2 * n))
    parts = []
    for g in range(groups):
        mine = cut[:, g * ins : (g + 1) * ins]
        weights = kernel[g * outs : (g + 1) * outs]
        found = dot_general(xp, mine, weights, ((1, *inside), tuple(range(1, 2 + n))))
        parts.append(transpose(xp, found, (0, 1 + n, *(a - 1 for a in places))))
    return parts[0] if groups == 1 else boxed(xp.concat(parts, axis=1))


def convolve_transposed(
    xp: Any,
    x: Any,
    kernel: Any,
    strides: Sequence[int],
    around: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int = 1,
) -> Numbers:
    """Put zeros between the numbers, and slide mirrored kernels (in, out/groups, *sizes) over them.

    `around` is how many zeros are put before and after, or below 0 how many numbers are cut off.
    """
    kernel = lift(xp, kernel)
    outs = kernel.shape[1]

    def turn(places: np.ndarray) -> np.ndarray:
        parts = np.stack(np.split(places, groups)).swapaxes(1, 2)
        kernels = parts.reshape(groups * outs, -1, *places.shape[2:])
        return np.flip(kernels, tuple(range(2, places.ndim)))

    spread = _cropped(dilate(xp, x, strides), around)
    padding = [(max(a, 0), max(b, 0)) for a, b in around]
    ones = [1] * len(strides)
    return convolve(xp, spread, move(xp, turn, kernel), ones, padding, dilation, groups)


def _cropped(x: Numbers, around: Sequence[tuple[int, int]]) -> Numbers:
    """Cut off where the padding is below 0."""
    cuts = tuple(slice(max(-a, 0), x.shape[k + 2] - max(-b, 0)) for k, (a, b) in enumerate(around))
    return boxed(x[(slice(None), slice(None), *cuts)])


def dilate(xp: Any, x: Any, steps: Sequence[int]) -> Numbers:
    """Put zeros between the numbers along the last axes: `steps` − 1 of them along each."""

    def spread(indices: np.ndarray) -> np.ndarray:
        others = indices.ndim - len(steps)
        lengths = [
            (k - 1) * step + 1 if k else 0
            for k, step in zip(indices.shape[others:], steps, strict=True)
        ]
        wide = np.zeros((*indices.shape[:others], *lengths), dtype=np.int64)
        wide[(slice(None),) * others + tuple(slice(None, None, step) for step in steps)] = indices
        return wide

    return move(xp, spread, x)


# --- matrices -------------------------------------------------------------------------------------


def swapped(xp: Any, x: Any) -> Numbers:
    """Transpose a matrix; of a batch, each."""
    return boxed(xp.matrix_transpose(lift(xp, x)))


def each_matrix(xp: Any, function: Callable[..., Any], *arrays: Any) -> Numbers:
    """Apply a function of matrices to each of a batch of them; batches broadcast."""
    lifted = [lift(xp, x) for x in arrays]
    batch = np.broadcast_shapes(*(x.shape[:-2] for x in lifted))
    if not batch:
        return boxed(function(*lifted))
    wide = [
        xp.reshape(broadcast(xp, x, (*batch, *x.shape[-2:])), (-1, *x.shape[-2:])) for x in lifted
    ]
    found = [function(*(x[k] for x in wide)) for k in range(math.prod(batch))]
    stacked = xp.stack(found)
    return boxed(xp.reshape(stacked, (*batch, *stacked.shape[1:])))


def determinant(xp: Any, a: Any) -> Numbers:
    """Compute the determinant as ± e^log|det|, of a batch each; a singular one is left open."""
    sign, log = log_determinant(xp, a)
    return elementwise(xp, "multiply", sign, elementwise(xp, "exp", log))


def log_determinant(xp: Any, a: Any) -> tuple[Numbers, Numbers]:
    """Compute the sign of the determinant, which is held, and log|det|; of a batch, each."""

    def both(matrix: Any) -> Numbers:
        return boxed(xp.stack([lift(xp, part) for part in xp.linalg.slogdet(matrix)]))

    found = each_matrix(xp, both, a)
    return hold(xp, boxed(found[..., 0])), boxed(found[..., 1])


def cholesky(xp: Any, x: Any, upper: bool = False) -> Numbers:
    """Factor x = L Lᵀ, or Uᵀ U, of which only that triangle is read; of a batch, each."""
    factor = boxed(xp.linalg.cholesky(symmetric(xp, x, lower=not upper)))
    return swapped(xp, factor) if upper else factor


def symmetric(xp: Any, x: Any, lower: bool = True) -> Numbers:
    """Make symmetric matrices of the one triangle that is read."""
    triangle = choose_triangle(xp, x, lower)
    rest = choose_triangle(xp, x, lower, -1 if lower else 1)
    return boxed(triangle + xp.matrix_transpose(rest))


def solve(xp: Any, a: Any, b: Any) -> Numbers:
    """Solve a x = b for matrices b; of a batch, each."""
    return each_matrix(xp, xp.linalg.solve, a, b)


def inverse(xp: Any, a: Any) -> Numbers:
    """Compute the inverse; of a batch, each."""
    return solve(xp, a, np.eye(np.shape(a)[-1]))


def trace(xp: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Numbers:
    """Add up a diagonal, as `np.trace`."""
    return reduce(xp, "sum", move(xp, lambda i: np.diagonal(i, offset, axis1, axis2), x), -1)


def solve_triangular(
    xp: Any,
    a: Any,
    b: Any,
    lower: bool = True,
    unit_diagonal: bool = False,
    left: bool = True,
) -> Numbers:
    """Solve a x = b, or x a = b, for matrices b, where only one triangle of a is read."""
    if not left:
        found = solve_triangular(xp, swapped(xp, a), swapped(xp, b), not lower, unit_diagonal)
        return swapped(xp, found)
    a = choose_triangle(xp, a, lower)
    if unit_diagonal:
        one = np.eye(a.shape[-1])
        a = choose_triangle(xp, a, lower, diagonal=-1 if lower else 1) + lift(xp, one)
    return each_matrix(xp, lambda a, b: xp.linalg.solve_triangular(a, b, lower=lower), a, b)


def choose_triangle(xp: Any, x: Any, lower: bool, diagonal: int = 0) -> Numbers:
    """Keep the lower or the upper triangle of matrices, up to a diagonal; zeros elsewhere."""
    x = lift(xp, x)
    ones = np.ones(x.shape[-2:], dtype=bool)
    kept = np.tril(ones, diagonal) if lower else np.triu(ones, diagonal)
    return boxed(xp.where(np.broadcast_to(kept, x.shape), x, lift(xp, 0.0)))
