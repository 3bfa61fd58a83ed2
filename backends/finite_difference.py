"""Finite differences: the gradient from nothing but values of the cost."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.certified.certificate import affordable, cost_noise
from calcbench.certified.reference import NotCertified
from calcbench.certified.series import taylor_bounds
from calcbench.errors import SelectorError, Unsupported
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.problem import Arrays
from calcbench.interfaces.vocabulary import Namespace
from calcbench.program import PRINT, Writer, mapping

from . import by_hand
from .by_hand import NUMPY

# The error of a difference quotient is truncation, growing as hᵖ, plus rounding, growing as
# u/h; the sum is least near h = u^(1/(p+1)) in the units of the parameter. Nocedal & Wright,
# Numerical Optimization, 2nd ed., section 8.1.
ORDER = {"forward": 1, "central": 2, "richardson": 6}

# What multiplies hᵖ·|f⁽ᵖ⁺¹⁾|/(p+1)!, and what multiplies (rounding of the cost)/h. For Richardson,
# central quotients of h, h/2, h/4 are combined with weights 1/45, −20/45, 64/45.
CONSTANTS = {
    "forward": (1.0, 2.0),
    "central": (1.0, 1.0),
    "complex": (1.0, 0.0),
    "richardson": ((1 + 20 / 2**6 + 64 / 4**6) / 45, (1 + 20 * 2 + 64 * 4) / 45),
}

ENCLOSED = 4
"""Components whose truncation is enclosed: each takes an evaluation of the cost in series."""

# Complex step: no subtraction, hence no rounding over h, and h can be so small that the
# truncation h² underflows, so that even a partial of 0 comes out as 0. Squire & Trapp, SIAM
# Review 40 (1998) 110-112.
TINY = {"float64": 1e-165, "float32": 1e-23}

SAFETY = 4.0
"""The truncation bound is an estimate from two step sizes; it is widened by this factor."""

ROUNDINGS = 16.0
"""Roundings assumed in one evaluation of the cost, in units of its natural magnitude."""


@dataclass(frozen=True)
class FiniteDifference(Backend):
    """Difference quotients of the cost: the delta method, with the step chosen well."""

    name: ClassVar[str] = "finite_difference"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "approximate"

    scheme: Literal["central", "forward", "complex", "richardson"] = "central"
    delta: float | None = None

    def __post_init__(self) -> None:
        """Refuse a step that is not a positive number."""
        super().__post_init__()
        if self.delta is not None and not 0 < self.delta < np.inf:
            raise SelectorError(
                f"backend {self.name!r}: delta must be a positive number, got {self.delta}"
            )

    @classmethod
    def witnesses(cls) -> tuple[Backend, ...]:
        return (cls(scheme="complex"), cls())

    def namespace(self) -> Namespace:
        return COMPLEX if self.scheme == "complex" else NUMPY

    def convert(self, array: np.ndarray) -> np.ndarray:
        return self.cast(array)

    def prepare_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        cost = problem.cost_on(self.name, self.namespace())
        self._check(problem, cost, inputs)
        difference = self._difference(1.0)
        room = [self._room(problem, name) for name in problem.parameters]

        def run(native: Any) -> Any:
            parameters, data = native
            return [
                _partials(difference, cost, parameters, data, position, room[position])
                for position in range(len(parameters))
            ]

        return Prepared(self.loader(problem, inputs), run, self.unloader(problem))

    def prepare_cost(self, problem: Problem, inputs: Arrays) -> Prepared:
        return by_hand.prepare_numpy_cost(self, problem, inputs)  # of reals, in every scheme

    def error_bound(self, problem: Problem, inputs: Arrays) -> Arrays | None:
        """Truncation plus rounding over the step, per component.

        Proved by enclosing the higher derivative over the step's interval: for every component
        with an explicit `delta`, and else for a seeded few of them. Estimated from the step and
        its double for the rest, for costs over too many rows, and where there is no enclosure.
        """
        if self.scheme == "complex" and self.delta is None:
            return None
        bound = self._estimated_bound(problem, inputs)
        if not affordable(problem, inputs):
            return bound
        held = {n: np.asarray(self.cast(a), dtype=a.dtype) for n, a in inputs.items()}
        try:
            noise = cost_noise(problem, held, self.dtype)
        except NotCertified:
            return bound
        places = [(n, i) for n in problem.parameters for i in np.ndindex(held[n].shape)]
        chosen = np.random.default_rng(0).permutation(len(places))
        if self.delta is None:  # a step so small that the estimate can be relied on
            chosen = chosen[:ENCLOSED]
        for name, index in (places[k] for k in chosen):
            proved = self._proved_bound(problem, held, name, index, noise)
            if np.isfinite(proved):
                bound[name][index] = proved
        return bound

    def _proved_bound(
        self, problem: Problem, inputs: Arrays, name: str, index: tuple[int, ...], noise: float
    ) -> float:
        """Taylor's theorem: the error of a scheme of order p is C·hᵖ·f⁽ᵖ⁺¹⁾(ξ)/(p+1)!."""
        order = ORDER.get(self.scheme, 2)
        step = np.float64(self._step(inputs[name][index], *self._room(problem, name)))
        truncation, rounding = CONSTANTS[self.scheme]
        bounds = taylor_bounds(problem, inputs, name, index, step, order + 1)
        highest, slope = bounds[order + 1], bounds[1]
        unit = float(np.finfo(self.dtype).eps)
        # The quotient itself is rounded, and so is the step in it.
        return float(
            truncation * highest * step**order + rounding * noise / step + 4 * unit * slope
        )

    def _estimated_bound(self, problem: Problem, inputs: Arrays) -> Arrays:
        """For a scheme of order p the quotients of h and 2h differ by (2ᵖ − 1)·truncation."""
        cost = problem.cost_on(self.name, self.namespace())
        parameters, data = self.loader(problem, inputs)(inputs)
        order = ORDER.get(self.scheme, 2)
        bound = {}
        near, far = self._difference(1.0), self._difference(2.0)
        noise = self._noise(cost, parameters, data)
        for position, name in enumerate(problem.parameters):
            room = self._room(problem, name)
            one = _partials(near, cost, parameters, data, position, room)
            two = _partials(far, cost, parameters, data, position, room)
            truncation = SAFETY * np.abs(two - one) / (2.0**order - 1.0)
            step = np.vectorize(self._step, otypes=[float])(parameters[position], *room)
            rounding = 0.0 if self.scheme == "complex" else noise / step
            bound[name] = np.asarray(truncation + rounding)
        return bound

    def _noise(self, cost: Callable[..., Any], parameters: Any, data: Any) -> float:
        """Rounding in one difference of costs: its value, and what rounded parameters do to it."""
        unit = float(np.finfo(self.dtype).eps)
        value = float(np.real(cost(*parameters, **data)))
        shifted = [np.asarray(p + np.sqrt(unit) * np.abs(p), dtype=p.dtype) for p in parameters]
        slope = abs(float(np.real(cost(*shifted, **data))) - value) / np.sqrt(unit)
        return ROUNDINGS * unit * (abs(value) + slope)

    def _check(self, problem: Problem, cost: Callable[..., Any], inputs: Arrays) -> None:
        """One evaluation: is it a real number, and does it keep the imaginary part?"""
        parameters, data = self.loader(problem, inputs)(inputs)
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                real = np.asarray(problem.cost_on(self.name, NUMPY)(*parameters, **data))
                problem.check_cost(real.shape, real.dtype)
                if self.scheme == "complex":
                    cost(*[p.astype(complex) for p in parameters], **data)
            except np.exceptions.ComplexWarning:
                raise Unsupported(
                    "the cost drops the imaginary part (it writes into a real array)"
                ) from None

    def _room(self, problem: Problem, name: str) -> tuple[float, float]:
        return problem.domain.get(name, (-np.inf, np.inf))

    def _step(self, x: float, low: float, high: float) -> float:
        """The step at x: `delta`, or the scheme's optimum scaled by |x|, inside the domain."""
        if self.delta is not None:
            return self.delta
        if self.scheme == "complex":
            return TINY[self.dtype]
        unit = float(np.finfo(self.dtype).eps)
        step = unit ** (1.0 / (ORDER[self.scheme] + 1)) * max(abs(float(x)), 1.0)
        # Twice the step is needed for the error bound; stay clear of the ends.
        return min(step, (x - low) / 4.0, (high - x) / 4.0) if low < x < high else step

    def _difference(self, stretch: float) -> Callable[..., float]:
        """The quotient of one variable, `(function, x, room) → slope`, at `stretch` × the step."""

        def forward(function: Any, x: Any, room: Any) -> float:
            ahead = x + x.dtype.type(stretch * self._step(x, *room))
            return (function(ahead) - function(x)) / (ahead - x)

        def central(function: Any, x: Any, room: Any, shrink: float = 1.0) -> float:
            step = x.dtype.type(stretch * shrink * self._step(x, *room))
            ahead, behind = x + step, x - step
            return (function(ahead) - function(behind)) / (ahead - behind)

        def richardson(function: Any, x: Any, room: Any) -> float:
            """Three central differences, extrapolated to h = 0 (error h⁶)."""
            d1, d2, d4 = (central(function, x, room, 1.0 / k) for k in (1, 2, 4))
            e1, e2 = (4 * d2 - d1) / 3, (4 * d4 - d2) / 3
            return (16 * e2 - e1) / 15

        def complex_step(function: Any, x: Any, room: Any) -> float:
            step = stretch * self._step(x, *room)
            return function(x + 1j * step).imag / step

        return {
            "forward": forward,
            "central": central,
            "complex": complex_step,
            "richardson": richardson,
        }[self.scheme]

    def program(self, problem: Problem) -> str:
        return _program(self, problem)


def _partials(
    difference: Callable[..., float],
    cost: Callable[..., Any],
    parameters: tuple[np.ndarray, ...],
    data: dict[str, Any],
    position: int,
    room: tuple[float, float],
) -> np.ndarray:
    """The partial derivatives of the cost by every element of one parameter."""
    parameter = parameters[position]
    before, after = parameters[:position], parameters[position + 1 :]
    partials = np.empty(parameter.shape, parameter.dtype)
    for index in np.ndindex(parameter.shape):

        def along(value: Any, index: Any = index) -> Any:
            moved = np.array(parameter, dtype=np.result_type(value))
            moved[index] = value
            return cost(*before, moved, *after, **data)

        partials[index] = difference(along, parameter[index], room)
    return partials


# --- the vocabulary on complex numbers -----------------------------------------------------
# Complex step needs each function's analytic continuation. NumPy's own is right for exp, log,
# sin, matmul, solve and the like; the ones below are not analytic there (abs, cholesky,
# slogdet), not defined (logaddexp), or compare imaginary parts (maximum).


def _larger(x: Any, y: Any) -> Any:
    return np.where(np.real(x) >= np.real(y), x, y)


def _smaller(x: Any, y: Any) -> Any:
    return np.where(np.real(x) <= np.real(y), x, y)


def _abs(x: Any) -> Any:
    return np.where(np.real(x) < 0, -x, x)


def _log1p(x: Any) -> Any:
    # NumPy's complex log1p loses the real part near 0.
    return np.log1p(np.real(x)) + 1j * np.imag(x) / (1 + np.real(x))


def _sigmoid(x: Any) -> Any:
    positive = np.real(x) >= 0
    decay = np.exp(np.where(positive, -x, x))
    return np.where(positive, 1.0, decay) / (1.0 + decay)


def _softplus(x: Any) -> Any:
    return _logaddexp(x, np.zeros_like(x))


def _logaddexp(x: Any, y: Any) -> Any:
    # One choice for both: at a tie, `_larger` and `_smaller` would each take x, and y be lost.
    first = np.real(x) >= np.real(y)
    larger, smaller = np.where(first, x, y), np.where(first, y, x)
    return larger + _log1p(np.exp(smaller - larger))


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    flat = np.reshape(x, -1) if axis is None else x
    along = 0 if axis is None else axis
    where = np.expand_dims(np.argmax(np.real(flat), axis=along), along)
    top = np.take_along_axis(flat, where, axis=along)
    if axis is None:
        return np.reshape(top, (1,) * np.ndim(x)) if keepdims else top[0]
    return top if keepdims else np.squeeze(top, axis=along)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(np.real(x), axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def _cholesky(a: Any) -> Any:
    """Cholesky-Banachiewicz with transposes instead of conjugates, so that it is analytic."""
    n = a.shape[-1]
    factor = np.zeros(a.shape, dtype=a.dtype)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - np.sum(factor[i, :j] * factor[j, :j])
            factor[i, j] = np.sqrt(rest) if i == j else rest / factor[j, j]
    return factor


def _slogdet(a: Any) -> Any:
    """The phase of the determinant, less its real sign, is the imaginary part of log |det|."""
    phase, logdet = np.linalg.slogdet(a)
    sign = np.sign(np.real(phase))
    return sign, logdet + np.log(phase * sign)


COMPLEX = Namespace(
    {
        **{name: value for name, value in vars(NUMPY).items() if name not in ("_prefix", "linalg")},
        "abs": _abs,
        "log1p": _log1p,
        "sigmoid": _sigmoid,
        "softplus": _softplus,
        "maximum": _larger,
        "minimum": _smaller,
        "logaddexp": _logaddexp,
        "max": _max,
        "logsumexp": _logsumexp,
        "linalg.cholesky": _cholesky,
        "linalg.solve": NUMPY.linalg.solve,
        "linalg.slogdet": _slogdet,
    }
)


# --- a program without calcbench -----------------------------------------------------------


def _program(backend: FiniteDifference, problem: Problem) -> str:
    if backend.scheme != "central":
        raise Unsupported(f"no program for scheme={backend.scheme}, only for central differences")
    writer = Writer(problem, backend.name, by_hand.SPELLING, NUMPY)
    h = writer.fresh("h", "step", "delta")
    arrays = [name for name in problem.parameters if writer.inputs[name].ndim]
    partials = {name: _quotient(name, writer.arguments, h) for name in problem.parameters}
    for name in arrays:
        partials[name] = f"central(lambda {name}: cost({writer.arguments}), {name})"
    step, gradient = f"{h} = {backend.delta or '1e-5'}", mapping("gradient", partials)
    return writer.compose(
        *writer.data(by_hand.numpy_value),
        *writer.cost(),
        *([step, CENTRAL.format(h=h), gradient] if arrays else [f"{step}\n{gradient}"]),
        PRINT,
    )


def _quotient(name: str, arguments: str, h: str) -> str:
    """The central difference by one number, in the program's words."""
    ahead, behind = (
        ", ".join(f"{a} {sign} {h}" if a == name else a for a in arguments.split(", "))
        for sign in "+-"
    )
    return f"(cost({ahead}) - cost({behind})) / (2 * {h})"


CENTRAL = """\
def central(function, x):
    partials = np.empty_like(x)
    for index in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[index] = {h}
        partials[index] = (function(x + shift) - function(x - shift)) / (2 * {h})
    return partials"""
