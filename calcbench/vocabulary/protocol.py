"""The vocabulary as a type, for editors and for mypy: `def cost(self, xp: Vocabulary, …)`.

Written from the contracts (`calcbench.vocabulary.names`) by
`UPDATE_DOCS=1 pytest tests/vocabulary/test_protocol.py`. A test holds it equal to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from calcbench.vocabulary.array import (
    Array,
    Axes,
    Condition,
    Indices,
    Number,
    Padding,
    Shape,
    State,
)


class Linalg(Protocol):
    """Linear algebra: what is called `xp.linalg.…`."""

    def cholesky(self, x: Array) -> Array:
        """Compute the lower triangular factor L of (x + xᵀ)/2 = L Lᵀ, which is positive definite.

        Both triangles count alike; a matrix that is not positive definite has no factor: libraries
        raise an error, or give NaN.
        """

    def solve(self, a: Array, b: Array) -> Array:
        """Find the x with a x = b; b is a vector or a matrix.

        The matrix is square and has an inverse; of one that has none, libraries raise an error, or give
        infinite numbers or NaN.
        """

    def eigh(self, x: Array) -> tuple[Array, Array]:
        """Compute (eigenvalues, eigenvectors) of (x + xᵀ)/2, the smallest first.

        The vectors are columns, of length 1, and their signs a library's own. Where two eigenvalues
        coincide, their vectors may be any of a plane, and neither they nor one value alone has a
        derivative.
        """

    def slogdet(self, x: Array) -> tuple[Array, Array]:
        """Compute (sign, log |det x|) of a square matrix.

        The sign is −1 or 1, and its derivative 0; of a determinant of 0 it is 0, with the logarithm −∞.
        """

    def outer(self, x: Array, y: Array) -> Array:
        """Compute the matrix of all products xᵢyⱼ of two vectors."""

    def cross(self, x: Array, y: Array, axis: int = -1) -> Array:
        """Compute the cross product of vectors of three numbers along an axis."""

    def trace(self, x: Array) -> Array:
        """Compute the sum of the diagonal of a square matrix."""

    def diagonal(self, x: Array) -> Array:
        """Take the diagonal of a square matrix."""

    def inv(self, x: Array) -> Array:
        """Compute the inverse of a matrix."""

    def det(self, x: Array) -> Array:
        """Compute the determinant of a matrix that has an inverse."""

    def matrix_power(self, x: Array, n: int) -> Array:
        """Multiply a square matrix by itself, n times in all; its inverse, for n < 0."""

    def vector_norm(
        self, x: Array, axis: int | None = None, keepdims: bool = False, ord: float = 2
    ) -> Array:
        """Compute (Σ |xᵢ|ᵖ)^(1/p) for p = ord: 2 the length, 1 the sum of sizes, inf the largest."""

    def matrix_norm(self, x: Array, keepdims: bool = False) -> Array:
        """Compute the Frobenius norm √Σ xᵢⱼ² of a matrix."""

    def norm(self, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        """Compute √Σ xᵢ² over one axis, or over all."""

    def solve_triangular(self, a: Array, b: Array, lower: bool = False) -> Array:
        """Solve a x = b, of a no more than the upper (or the lower) triangle is read."""

    def eigvalsh(self, x: Array) -> Array:
        """Compute the eigenvalues of (x + xᵀ)/2, the smallest first."""

    def qr(self, x: Array) -> tuple[Array, Array]:
        """Factor x = Q R: orthonormal columns, no more than x has rows or columns, and a triangle."""

    def svd(self, x: Array, full_matrices: bool = True) -> tuple[Array, Array, Array]:
        """Factor x = U diag(s) Vᵀ, the largest first; of no square, with full_matrices=False."""

    def svdvals(self, x: Array) -> Array:
        """Compute the singular values, the largest first."""

    def expm(self, x: Array) -> Array:
        """Compute the exponential I + x + x²/2! + … of a square matrix."""


class Vocabulary(Protocol):
    """The names that a cost may use: what `xp` has, on every backend alike."""

    pi: float
    """The circle constant π."""

    e: float
    """Euler's number e."""

    inf: float
    """Infinity."""

    @property
    def linalg(self) -> Linalg:
        """Linear algebra: `xp.linalg.solve`."""

    def exp(self, x: Array) -> Array:
        """eˣ.

        0 at −∞; infinite where it overflows, from 710 on in float64.
        """

    def expm1(self, x: Array) -> Array:
        """eˣ − 1, accurate near 0."""

    def log(self, x: Array) -> Array:
        """Compute the natural logarithm, of x > 0.

        −∞ at 0, NaN below.
        """

    def log1p(self, x: Array) -> Array:
        """log(1 + x), accurate near 0, of x > −1.

        −∞ at −1, NaN below.
        """

    def sqrt(self, x: Array) -> Array:
        """Compute the square root, of x ≥ 0.

        At 0 it has an end, where its slope is infinite; NaN below.
        """

    def sin(self, x: Array) -> Array:
        """Compute the sine of an angle in radians."""

    def cos(self, x: Array) -> Array:
        """Compute the cosine of an angle in radians."""

    def tan(self, x: Array) -> Array:
        """Compute the tangent of an angle in radians."""

    def tanh(self, x: Array) -> Array:
        """Compute the hyperbolic tangent."""

    def atan(self, x: Array) -> Array:
        """Compute the inverse of tan, between −π/2 and π/2."""

    def abs(self, x: Array) -> Array:
        """|x|.

        At 0 it has a kink, with the slopes −1 and 1 on its sides: each library answers in its own way.
        """

    def floor(self, x: Array) -> Array:
        """Round down to a whole number; its derivative is 0.

        It jumps at whole numbers, where libraries say 0 too.
        """

    def round(self, x: Array) -> Array:
        """Round to the nearest whole number, of two to the even one; its derivative is 0.

        It jumps between whole numbers, where libraries say 0 too.
        """

    def maximum(self, x: Number, y: Number) -> Array:
        """Take the larger, element by element; one of both may be a number.

        At a tie it has a kink, with slopes between (0, 1) and (1, 0): each library answers in its own
        way.
        """

    def erf(self, x: Array) -> Array:
        """2/√π ∫₀ˣ e^(−t²) dt.

        The error function (DLMF 7.2.1): −1 at −∞, 1 at ∞.
        """

    def erfc(self, x: Array) -> Array:
        """1 − erf(x), accurate for large x.

        The complementary error function (DLMF 7.2.2): 2 at −∞, 0 at ∞.
        """

    def gammaln(self, x: Array) -> Array:
        """log |Γ(x)|.

        The logarithm of the gamma function (DLMF 5.2.1): infinite at 0 and at whole numbers below.
        """

    def digamma(self, x: Array) -> Array:
        """Compute the derivative of gammaln.

        The logarithmic derivative of the gamma function (DLMF 5.2.2), which has poles at 0 and at whole
        numbers below.
        """

    def where(self, condition: Condition, x: Number, y: Number) -> Array:
        """Take x where the condition holds, else y.

        Both are evaluated: one that is infinite or NaN where it is not chosen can still spoil the
        derivative. At a tie the derivative is that of the branch that is chosen.
        """

    def logical_and(self, p: Condition, q: Condition) -> Array:
        """Tell where both conditions hold: of numbers, where they are not 0."""

    def logical_not(self, p: Condition) -> Array:
        """Tell where a condition does not hold: of numbers, where they are 0."""

    def sum(self, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
        """Add up all numbers, or those along axes; 0, of none."""

    def max(self, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
        """Find the largest of all numbers, or along axes.

        At a tie it has a kink: the slopes of the largest may be any shares of 1.
        """

    def matmul(self, x: Array, y: Array) -> Array:
        """Multiply matrices, or batches of them; vectors (1-D) are allowed on either side."""

    def einsum(self, subscripts: str, *arrays: Array) -> Array:
        """Sum products over the axes of the same letter: `einsum("ij,jk->ik", x, y)`.

        Letters that the result has are kept, and all others summed over; a letter that stands twice in
        one term takes a diagonal.
        """

    def asarray(self, constant: Any) -> Array:
        """Make an array of a number or an array that no parameter enters, for arithmetic.

        Floats take the precision of the run; integers and truth values stay what they are.
        """

    def reshape(self, x: Array, shape: Shape) -> Array:
        """Lay the numbers, in their order, into another shape, of which one length may be −1."""

    def concat(self, arrays: Sequence[Array], axis: int = 0) -> Array:
        """Join arrays along an axis that they have."""

    def stack(self, arrays: Sequence[Number], axis: int = 0) -> Array:
        """Join arrays of one shape along a new axis; among scalars, numbers may stand."""

    def take(self, x: Array, indices: Indices, axis: int = 0) -> Array:
        """Take slices by integer index, in an array of any shape."""

    def take_along_axis(self, x: Array, indices: Indices, axis: int) -> Array:
        """Take elements by integer index, one array of them for each lane along the axis."""

    def argsort(
        self, x: Array, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> Array:
        """Find the indices that sort x, up or down; of equals the first comes first.

        They are integers, and do not move with x.
        """

    def stop_gradient(self, x: Array) -> Array:
        """Hold x constant: its derivative is 0.

        In first and second derivatives, and inside of `grad`.
        """

    def grad(self, f: Callable[..., Any]) -> Callable[..., Array]:
        """Build the function (x, *others) → the derivative of the number f(x, *others) by x.

        Here it is one evaluation of f on duals for each number of x. Raises `ProblemError` where f does
        not give one number.
        """

    def zeros(self, shape: Shape) -> Array:
        """Make an array of zeros."""

    def ones(self, shape: Shape) -> Array:
        """Make an array of ones."""

    def full(self, shape: Shape, fill_value: float) -> Array:
        """Fill an array with one number."""

    def zeros_like(self, x: Array) -> Array:
        """Make zeros in the shape of x."""

    def ones_like(self, x: Array) -> Array:
        """Make ones in the shape of x."""

    def arange(self, start: float, stop: float | None = None, step: float = 1.0) -> Array:
        """Make evenly spaced numbers from start (0 if only one is given) up to, without, stop."""

    def linspace(self, start: float, stop: float, num: int, endpoint: bool = True) -> Array:
        """Make `num` evenly spaced numbers from start to stop, which `endpoint` includes."""

    def eye(self, n_rows: int, n_cols: int | None = None, k: int = 0) -> Array:
        """Make a matrix with ones on the k-th diagonal; it is square, if n_cols is not given."""

    def one_hot(self, indices: Indices, n: int) -> Array:
        """Make for every integer k a row of n numbers that is 1 at k and 0 elsewhere."""

    def square(self, x: Array) -> Array:
        """x²."""

    def reciprocal(self, x: Array) -> Array:
        """1/x."""

    def pow(self, x: Number, y: Number) -> Array:
        """xʸ; where y is not a whole number, of x > 0."""

    def exp2(self, x: Array) -> Array:
        """2ˣ."""

    def log2(self, x: Array) -> Array:
        """Compute the logarithm to base 2."""

    def log10(self, x: Array) -> Array:
        """Compute the logarithm to base 10."""

    def minimum(self, x: Number, y: Number) -> Array:
        """Take the smaller, element by element; one of both may be a number.

        At a tie it has a kink, as `maximum`.
        """

    def logaddexp(self, x: Number, y: Number) -> Array:
        """log(eˣ + eʸ), without overflow; one of both may be a number.

        −∞ beside y is y; at ties it is smooth.
        """

    def hypot(self, x: Array, y: Array) -> Array:
        """√(x² + y²)."""

    def sinh(self, x: Array) -> Array:
        """Compute the hyperbolic sine, accurate near 0."""

    def cosh(self, x: Array) -> Array:
        """Compute the hyperbolic cosine."""

    def asinh(self, x: Array) -> Array:
        """Compute the inverse of sinh, accurate near 0."""

    def acosh(self, x: Array) -> Array:
        """Compute the inverse of cosh, of x > 1, accurate near 1."""

    def atanh(self, x: Array) -> Array:
        """Compute the inverse of tanh, of |x| < 1, accurate near 0."""

    def sign(self, x: Array) -> Array:
        """−1, 0 or 1; its derivative is 0."""

    def clip(self, x: Array, low: Number | None = None, high: Number | None = None) -> Array:
        """x, but no less than low and no more than high, where these are given."""

    def ceil(self, x: Array) -> Array:
        """Round up to a whole number; its derivative is 0."""

    def remainder(self, x: Array, y: Number) -> Array:
        """Compute what is left of x after whole multiples of y; it has the sign of y."""

    def asin(self, x: Array) -> Array:
        """Compute the inverse of sin, of |x| < 1."""

    def acos(self, x: Array) -> Array:
        """Compute the inverse of cos, of |x| < 1, accurate near 1."""

    def atan2(self, y: Array, x: Array) -> Array:
        """Compute the angle of the point (x, y), between −π and π."""

    def logical_or(self, p: Condition, q: Condition) -> Array:
        """Tell where one of two conditions holds, or both: of numbers, where they are not 0."""

    def equal(self, x: Number, y: Number) -> Array:
        """Tell whether x = y."""

    def not_equal(self, x: Number, y: Number) -> Array:
        """Tell whether x ≠ y."""

    def expit(self, x: Array) -> Array:
        """1 / (1 + e⁻ˣ): another name of sigmoid."""

    def logit(self, x: Array) -> Array:
        """log(x / (1 − x)), of 0 < x < 1: the inverse of sigmoid."""

    def xlogy(self, x: Array, y: Array) -> Array:
        """x log y, and 0 where both are 0."""

    def xlog1py(self, x: Array, y: Array) -> Array:
        """x log(1 + y), and 0 where x is 0 and y is −1."""

    def entr(self, x: Array) -> Array:
        """−x log x of x > 0, 0 at 0: a term of an entropy."""

    def rel_entr(self, x: Array, y: Array) -> Array:
        """x log(x/y), and 0 where both are 0: a term of a relative entropy."""

    def betaln(self, a: Array, b: Array) -> Array:
        """log |B(a, b)| = log |Γ(a) Γ(b) / Γ(a + b)|."""

    def ndtr(self, x: Array) -> Array:
        """Compute the distribution function of the standard normal distribution."""

    def polygamma(self, n: int, x: Array) -> Array:
        """Compute the n-th derivative of digamma, of x > 0; n is a Python integer, 0 for digamma."""

    def erfinv(self, x: Array) -> Array:
        """Compute the inverse of erf, of |x| < 1."""

    def log_ndtr(self, x: Array) -> Array:
        """Compute the logarithm of `ndtr`, accurate in its left tail too."""

    def i0e(self, x: Array) -> Array:
        """Compute e^−|x| I₀(x), with the modified Bessel function of the first kind, of order 0."""

    def sigmoid(self, x: Array) -> Array:
        """1 / (1 + e⁻ˣ), without overflow."""

    def softplus(self, x: Array) -> Array:
        """log(1 + eˣ), without overflow."""

    def relu(self, x: Array) -> Array:
        """max(x, 0)."""

    def leaky_relu(self, x: Array, slope: float = 0.01) -> Array:
        """x above 0, slope·x below."""

    def elu(self, x: Array, alpha: float = 1.0) -> Array:
        """x above 0, α(eˣ − 1) below."""

    def silu(self, x: Array) -> Array:
        """x·sigmoid(x)."""

    def log_sigmoid(self, x: Array) -> Array:
        """log(1 / (1 + e⁻ˣ)), without overflow."""

    def softmax(self, x: Array, axis: int | None = None) -> Array:
        """eˣ / Σ eˣ, without overflow."""

    def log_softmax(self, x: Array, axis: int | None = None) -> Array:
        """x − log Σ eˣ, without overflow."""

    def gelu(self, x: Array, approximate: str = "none") -> Array:
        """x·ndtr(x), or with `approximate="tanh"` the approximation of it by tanh."""

    def mean(self, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
        """Compute the mean of all numbers, or along axes."""

    def logsumexp(self, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
        """log Σ eˣ of all numbers, or along axes, without overflow.

        Of nothing but −∞ it is −∞, with the slopes 0.
        """

    def min(self, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
        """Find the smallest."""

    def var(
        self, x: Array, axis: Axes = None, correction: float = 0.0, keepdims: bool = False
    ) -> Array:
        """Compute the mean squared distance from the mean (over n − correction, not n numbers)."""

    def std(
        self, x: Array, axis: Axes = None, correction: float = 0.0, keepdims: bool = False
    ) -> Array:
        """Compute the square root of `var`."""

    def prod(self, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        """Multiply all numbers, or those along one axis."""

    def cumulative_sum(self, x: Array, axis: int | None = None) -> Array:
        """Compute running totals along an axis; only a vector needs none."""

    def cumulative_prod(self, x: Array, axis: int | None = None) -> Array:
        """Compute running products along an axis; only a vector needs none."""

    def sort(
        self, x: Array, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> Array:
        """Put numbers in order along an axis, the smallest first or, if `descending`, the largest."""

    def argmax(self, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        """Find where the largest is, the first of equals: its place along an axis, or in all of x."""

    def argmin(self, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        """Find where the smallest is, the first of equals: its place along an axis, or in all of x."""

    def top_k(self, x: Array, k: int, axis: int = -1) -> tuple[Array, Array]:
        """Find the k largest along an axis: (values, indices), the largest first."""

    def median(self, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        """Find the number in the middle; of an even number of them, the mean of the middle two."""

    def all(self, p: Condition, axis: Axes = None, keepdims: bool = False) -> Array:
        """Tell whether all conditions hold: of numbers, where they are not 0."""

    def any(self, p: Condition, axis: Axes = None, keepdims: bool = False) -> Array:
        """Tell whether any of the conditions holds: of numbers, where they are not 0."""

    def isnan(self, x: Array) -> Array:
        """Tell where x is not a number."""

    def isfinite(self, x: Array) -> Array:
        """Tell where x is a number, and not infinite."""

    def expand_dims(self, x: Array, axis: int = 0) -> Array:
        """Insert an axis of length 1."""

    def squeeze(self, x: Array, axis: int) -> Array:
        """Remove an axis of length 1."""

    def permute_dims(self, x: Array, axes: Sequence[int]) -> Array:
        """Put the axes into another order."""

    def matrix_transpose(self, x: Array) -> Array:
        """Swap the last two axes."""

    def moveaxis(self, x: Array, source: int, destination: int) -> Array:
        """Move one axis to another place."""

    def unstack(self, x: Array, axis: int = 0) -> tuple[Array, ...]:
        """Return a tuple of the slices along an axis."""

    def flip(self, x: Array, axis: int | None = None) -> Array:
        """Reverse the order along one axis, or along all."""

    def roll(self, x: Array, shift: int, axis: int | None = None) -> Array:
        """Move all along an axis by `shift` places; what leaves at the end comes first."""

    def broadcast_to(self, x: Array, shape: Shape) -> Array:
        """Repeat x so that it has this shape, by the rules of broadcasting."""

    def repeat(self, x: Array, repeats: int, axis: int | None = None) -> Array:
        """Repeat every slice along an axis (without one, every number) so many times in a row."""

    def tile(self, x: Array, repetitions: Sequence[int]) -> Array:
        """Repeat the whole array so many times along each axis: a number for each, the last last."""

    def pad(
        self, x: Array, pad_width: Sequence[tuple[int, int]], constant_values: float = 0.0
    ) -> Array:
        """Put one number around an array: `pad_width` has (before, after) for every axis."""

    def tril(self, x: Array, k: int = 0) -> Array:
        """Keep the lower triangle of a matrix, up to the k-th diagonal; zeros above."""

    def triu(self, x: Array, k: int = 0) -> Array:
        """Keep the upper triangle of a matrix, from the k-th diagonal; zeros below."""

    def vecdot(self, x: Array, y: Array, axis: int = -1) -> Array:
        """Compute Σ xᵢyᵢ along an axis."""

    def tensordot(self, x: Array, y: Array, axes: int | Sequence[Sequence[int]] = 2) -> Array:
        """Sum products over axes: the last so many of x with the first of y, or those of two lists."""

    def conv1d(self, x: Array, kernel: Array, stride: int = 1, padding: Padding = 0) -> Array:
        """Slide a kernel (out, in, width) along x, (in, length) or (batch, in, length)."""

    def conv2d(
        self, x: Array, kernel: Array, stride: int | Sequence[int] = 1, padding: Padding = 0
    ) -> Array:
        """Slide a kernel (out, in, height, width) over x, (in, rows, columns) or (batch, in, …)."""

    def scan(
        self, step: Callable[[Any, Any], Any], state: State, xs: State, length: int | None = None
    ) -> tuple[State, State]:
        """step(state, x) → (state, y) for each slice x of xs; return (state, all y stacked)."""

    def iterate(self, step: Callable[[Any], State], state: State, n: int) -> State:
        """Apply step n times; state is an array or a tuple of arrays."""

    def cond(
        self,
        predicate: Condition,
        true_fn: Callable[..., State],
        false_fn: Callable[..., State],
        *operands: Any,
    ) -> State:
        """true_fn(*operands) where predicate, one condition, holds; else false_fn(*operands)."""

    def while_loop(
        self,
        condition: Callable[[Any], Condition],
        step: Callable[[Any], State],
        state: State,
        limit: int,
    ) -> State:
        """Apply step while condition(state) holds; an error if it still does after `limit` steps."""
