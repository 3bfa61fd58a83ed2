"""HIPS autograd: reverse mode on NumPy."""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.backend.transforming import Transforming
from calcbench.operators.function import Derived, Function
from calcbench.problem.problem import Problem
from calcbench.vocabulary.axes import require_thin, running_axis
from calcbench.vocabulary.duals import check_number
from calcbench.vocabulary.loops import KNOWN
from calcbench.vocabulary.namespace import Namespace, natively
from calcbench.vocabulary.numpy import LOWEST, NUMPY, SPECIAL, constant

INDEPENDENT = "Output seems independent of input"
"""autograd's warning where nothing depends on the parameters. It is no mistake: the slope is 0."""


@dataclass(frozen=True)
class Autograd(Transforming):
    """HIPS autograd's vector-Jacobian product."""

    name = "autograd"
    kind = "exact"
    requires = ("autograd",)
    install = "python -m pip install autograd"

    def namespace(self) -> Namespace:
        return Namespace.over(self.framework().numpy, spellings(self.framework(), self.dtype))

    def native(self, value: Any) -> Any:
        return number(self.dtype, value)

    def pullback(self, function: Function) -> Derived:
        autograd, count = self.framework(), len(function.parameters)

        def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
            def value(boxed: Any) -> Any:
                found = function.apply(tuple(boxed[k] for k in range(count)), data)
                return autograd.builtins.tuple(found) if type(found) is tuple else found

            partials = autograd.core.make_vjp(value, parameters)[0](cotangent)
            found = tuple(partials[k] for k in range(count))
            if self.dtype == "float64":
                return found
            # Some slopes come in float64 even so: those of mean, of x**2.
            return tuple(autograd.numpy.astype(part, self.dtype) for part in found)

        return Derived(pull, "reverse")

    def check(self, problem: Problem, function: Function, native: tuple[Any, ...]) -> None:
        with warnings.catch_warnings():  # a derivative inside a cost may be that of a constant
            warnings.filterwarnings("ignore", INDEPENDENT)
            super().check(problem, function, native)

    def finish(self, function: Callable[..., Any], native: Any) -> tuple[Any, Any]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function(*native)
        if not any(INDEPENDENT in str(warning.message) for warning in caught):
            return super().finish(function, native)

        def run(native: Any) -> Any:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", INDEPENDENT)
                return function(*native)

        return run, None


# --- what is spelled differently -----------------------------------------------------------------
# `anp` is autograd.numpy, which has no rule for some of NumPy's functions (take, concat), and an
# imperfect one for others: its slope of tanh overflows in cosh, that of where does not sum over
# what was broadcast, that of einsum has no `ii->i`.


def spellings(autograd: Any, dtype: str) -> dict[str, Any]:
    """Build what differs from NumPy's names; numbers that meet no array take `dtype`."""
    anp, bind = autograd.numpy, functools.partial

    def lift(x: Any) -> Any:
        return x if hasattr(x, "shape") else np.asarray(x, dtype)

    def lift_both(x: Any, y: Any) -> tuple[Any, Any]:
        return lift_beside(x, y), lift_beside(y, x)

    def lift_beside(x: Any, y: Any) -> Any:
        """Make an array of a number; an integer beside integers stays one, for indices."""
        integers = type(x) is int and hasattr(y, "dtype") and y.dtype.kind in "iu"
        return np.asarray(x) if integers else lift(x)

    rules = own_rules(autograd)

    def where(condition: Any, x: Any, y: Any) -> Any:
        return rules["where"](condition, *lift_both(x, y))

    return {
        **rules,
        "asarray": bind(constant, dtype),
        **natively(importlib.import_module("autograd.scipy.special"), *SPECIAL, "erfinv"),
        "atan": anp.arctan,
        "abs": anp.fabs,
        "softplus": lambda x: anp.logaddexp(x, 0.0),
        "maximum": lambda x, y: anp.maximum(*lift_both(x, y)),
        "minimum": lambda x, y: anp.minimum(*lift_both(x, y)),
        "logaddexp": lambda x, y: logaddexp(where, anp, lift(x), lift(y)),
        "where": where,
        "cumulative_sum": lambda x, axis=None: anp.cumsum(x, running_axis(x, axis)),
        "einsum": bind(einsum, anp),
        "matrix_transpose": lambda x: anp.swapaxes(x, -1, -2),
        "concat": anp.concatenate,
        "stack": lambda arrays, axis=0: anp.stack([lift(a) for a in arrays], axis),
        "take": take,
        "take_along_axis": take_along_axis,
        "argsort": bind(argsort, anp),
        **natively(anp, "argmax", "argmin", "all", "any", "isnan", "isfinite"),
        **natively(anp, "mean", "logical_or"),
        "linalg.cholesky": bind(cholesky, anp),
        "linalg.solve": bind(solve, anp),
        "linalg.solve_triangular": importlib.import_module(
            "autograd.scipy.linalg"
        ).solve_triangular,
        "linalg.eigh": bind(eigh, anp),
        "linalg.svd": bind(svd, anp),
        "linalg.slogdet": bind(slogdet, anp),
        **KNOWN,
        "stop_gradient": bind(hold, autograd.tracer),
        "grad": bind(grad, autograd),
    }


def number(dtype: str, value: Any) -> Any:
    """Make an array of a Python number, which has neither shape nor dtype; leave all else."""
    if hasattr(value, "shape"):
        return value
    return np.asarray(value, dtype if isinstance(value, float) else None)


@functools.cache  # a rule is registered with autograd for good
def own_rules(autograd: Any) -> dict[str, Any]:
    """Define functions with slopes of their own: name → function."""
    anp, defvjp = autograd.numpy, autograd.extend.defvjp
    unbroadcast = autograd.numpy.numpy_vjps.unbroadcast_f
    # In functions of their own: a second rule for np.tanh itself would change the user's.
    tanh, sigmoid, logsumexp, where = map(
        autograd.extend.primitive,
        (lambda x: np.tanh(x), NUMPY.sigmoid, NUMPY.logsumexp, lambda c, x, y: np.where(c, x, y)),
    )

    def softmax_times(ans: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        def expand(a: Any) -> Any:
            return a if axis is None or keepdims else anp.expand_dims(a, axis)

        return lambda g: expand(g) * anp.exp(x - anp.maximum(expand(ans), LOWEST))

    defvjp(tanh, lambda ans, x: lambda g: g * (1 - ans * ans))
    defvjp(sigmoid, lambda ans, x: lambda g: g * ans * (1 - ans))
    defvjp(logsumexp, softmax_times)
    defvjp(
        where,
        None,
        lambda ans, c, x, y: unbroadcast(x, lambda g: where(c, g, 0.0)),
        lambda ans, c, x, y: unbroadcast(y, lambda g: where(c, 0.0, g)),
    )
    return {"tanh": tanh, "sigmoid": sigmoid, "logsumexp": logsumexp, "where": where}


def einsum(anp: Any, subscripts: str, *arrays: Any) -> Any:
    """Contract arrays; of an array that has a letter twice, the diagonal is taken first."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if all(len(set(term)) == len(term) for term in terms) or "." in inputs:
        return anp.einsum(subscripts, *arrays)
    if not arrow:
        output = "".join(sorted(c for c in {*inputs} - {","} if inputs.count(c) == 1))
    pairs = [diagonal(anp, *pair) for pair in zip(terms, arrays, strict=True)]
    inputs = ",".join(term for term, _ in pairs)
    return anp.einsum(f"{inputs}->{output}", *(array for _, array in pairs))


def diagonal(anp: Any, term: str, array: Any) -> tuple[str, Any]:
    """Take the diagonal over every letter that stands twice: `iji` → `ij`."""
    for letter in sorted({*term}):
        while term.count(letter) > 1:
            one, other = term.index(letter), term.rindex(letter)
            along = np.arange(array.shape[one])
            array = anp.moveaxis(array, (one, other), (0, 1))[along, along]
            term = letter + term[:one] + term[one + 1 : other] + term[other + 1 :]
    return term, array


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices by integer index, of any shape."""
    return x[(slice(None),) * (axis % x.ndim) + (indices,)]


def argsort(anp: Any, x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Find the indices that sort x, of equals the first first."""
    return anp.argsort(-x if descending else x, axis, kind="stable")


def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    """Take elements by integer index, beside their places along the other axes."""
    places = [*np.ogrid[tuple(slice(n) for n in x.shape)]]
    places[axis] = indices
    return x[tuple(places)]


def logaddexp(where: Any, anp: Any, x: Any, y: Any) -> Any:
    """Compute log(eˣ + eʸ); the second derivatives of autograd's own are NaN where both are −∞."""
    first = x >= y
    larger, smaller = where(first, x, y), where(first, y, x)
    return larger + anp.logaddexp(smaller - where(larger == -np.inf, 0.0, larger), 0.0)


def cholesky(anp: Any, x: Any) -> Any:
    """Factor (x + xᵀ)/2, so that both triangles count alike; NumPy reads the lower one alone."""
    return anp.linalg.cholesky((x + anp.swapaxes(x, -1, -2)) / 2)


def eigh(anp: Any, x: Any) -> tuple[Any, Any]:
    """Give eigenvalues and eigenvectors of (x + xᵀ)/2 as a plain tuple."""
    found = anp.linalg.eigh((x + anp.swapaxes(x, -1, -2)) / 2)
    return found[0], found[1]


def svd(anp: Any, x: Any, full_matrices: bool = True) -> tuple[Any, Any, Any]:
    """Give (U, s, Vᵀ) as a plain tuple; of a matrix that is not square, without further columns."""
    require_thin(x.shape, full_matrices)
    found = anp.linalg.svd(x, full_matrices=False)
    return found[0], found[1], found[2]


def solve(anp: Any, a: Any, b: Any) -> Any:
    """Solve a x = b for a vector or matrix b. (NumPy 2 takes 1-D b only beside 2-D a.)"""
    if b.ndim == a.ndim - 1:
        return anp.linalg.solve(a, b[..., None])[..., 0]
    return anp.linalg.solve(a, b)


def hold(tracer: Any, x: Any) -> Any:
    """Take the value out of all boxes: nothing moves it any more."""
    while tracer.isbox(x):
        x = x._value
    return x


def grad(autograd: Any, f: Callable[..., Any]) -> Callable[..., Any]:
    """Differentiate by the first argument, which may be a Python number."""

    def number(*arguments: Any) -> Any:
        y = f(*arguments)
        check_number(y)
        return y

    slopes = autograd.grad(number)
    return lambda x, *others: slopes(float(x) if type(x) is int else x, *others)


def slogdet(anp: Any, x: Any) -> tuple[Any, Any]:
    """Give (sign, log |det x|) as a plain tuple."""
    found = anp.linalg.slogdet(x)
    return found[0], found[1]
