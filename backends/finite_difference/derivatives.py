"""Finite differences: derivatives from values of the cost, and second ones from gradients.

A second derivative is the difference of a gradient: of the hand-derived one, which is exact,
where the problem has it, and else of a gradient that is itself made of differences.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.numpy_cost import prepare_numpy_cost
from calcbench.backend.prepared import Prepared
from calcbench.backends.finite_difference.vocabulary import COMPLEX
from calcbench.certified.certificate import affordable, cost_noise, gradient_noise
from calcbench.certified.reference import NotCertified
from calcbench.certified.series import taylor_bounds
from calcbench.errors import SelectorError, Unsupported
from calcbench.operators import GRADIENT, Operator, named
from calcbench.operators.colouring import compress
from calcbench.operators.jacobian import times_jacobian, told
from calcbench.operators.operator import COTANGENT, by_parameter, cut, direction
from calcbench.operators.partial import Partial
from calcbench.problem.problem import Arrays, Problem
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import NUMPY

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


SHAKES = 3
"""Random changes of the inputs from which the rounding of a value is estimated."""


WORDS = {
    "forward": "forward differences",
    "central": "central differences",
    "complex": "complex steps",
    "richardson": "extrapolated central differences",
}


@dataclass(frozen=True)
class Field:
    """What is differenced, and how."""

    value: Callable[[np.ndarray, dict[str, Any], np.ndarray], Any]
    """(flat vector of parameters, data, steps of differences within it) → array."""
    scheme: str
    method: str
    twice: bool = False
    """Whether it is made of differences itself."""
    gradient: bool = False
    """Whether it is the gradient that is differenced, and not the cost."""


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
                self._partials(difference, cost, parameters, data, position, room[position])
                for position in range(len(parameters))
            ]

        return Prepared(
            self.loader(problem, inputs),
            run,
            self.unloader(problem),
            method=f"{WORDS[self.scheme]} of the cost",
        )

    def prepare_partial(self, problem: Problem, inputs: Arrays, component: str) -> Prepared:
        return self._prepare(problem, inputs, Partial(component))

    def prepare_pushforward(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("pushforward"))

    def prepare_jacobian(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("jacobian"))

    def prepare_hvp(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("hvp"))

    def prepare_hessian(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("hessian"))

    def _prepare(self, problem: Problem, inputs: Arrays, operator: Operator) -> Prepared:
        """An operator as differences of a field: one along a direction, or one per column."""
        self._check(problem, problem.cost_on(self.name, self.namespace()), inputs)
        field = self._field(problem, inputs, operator)
        compute, ending = self._computation(problem, inputs, operator, field, 1.0)
        layout = operator.layout(problem, inputs)
        load = self.loader(problem, inputs)

        def seed(inputs: Any) -> np.ndarray:
            return _flat([self.convert(inputs[direction(name)]) for name in problem.parameters])

        def unload(result: Any) -> Arrays:
            parts = cut(tuple(layout.shapes.values()), result)
            return {
                name: self.to_numpy(part).astype(self.dtype)
                for name, part in zip(layout.shapes, parts, strict=True)
            }

        method = field.method + ending
        if not operator.seeded:
            return Prepared(load, compute, unload, method=method)
        return Prepared(
            lambda inputs: (load(inputs), seed(inputs)),
            lambda native: compute(*native),
            unload,
            method=method,
            seed=seed,
        )

    def _field(self, problem: Problem, inputs: Arrays, operator: Operator) -> Field:
        """What is differenced for an operator: the cost, or for a second derivative a gradient."""
        shapes = tuple(inputs[name].shape for name in problem.parameters)
        function = problem.cost_on(self.name, self.namespace())

        def cost(x: np.ndarray, data: dict[str, Any], steps: np.ndarray) -> Any:
            return function(*_parts(shapes, x), **data)

        def hand_derived(x: np.ndarray, data: dict[str, Any], steps: np.ndarray) -> Any:
            found = problem.gradient(xp, *_parts(shapes, x), **data)
            return _flat([found[name] for name in problem.parameters])

        def own(x: np.ndarray, data: dict[str, Any], steps: np.ndarray) -> Any:
            tiny = self.scheme == "complex" and self.delta is None
            lengths = np.full_like(steps, TINY[self.dtype]) if tiny else steps
            at = [_one(cost, x, data, steps, k) for k in range(len(x))]
            return np.array([difference(at[k], x[k], lengths[k]) for k in range(len(x))], x.dtype)

        xp, difference, words = self.namespace(), self._difference(1.0), WORDS[self.scheme]
        if operator.name not in ("hvp", "hessian"):
            return Field(cost, self.scheme, f"{words} of the cost")
        if problem.derives("gradient"):
            self._check_gradient(problem, inputs)
            method = f"{words} of the hand-derived gradient"
            return Field(hand_derived, self.scheme, method, gradient=True)
        if self.scheme == "complex":
            method = f"{WORDS['central']} of the complex-step gradient"
            return Field(own, "central", method, twice=True, gradient=True)
        return Field(own, self.scheme, f"second {words} of the cost", True)

    def _computation(
        self, problem: Problem, inputs: Arrays, operator: Operator, field: Field, stretch: float
    ) -> tuple[Callable[..., np.ndarray], str]:
        """((parameters, data), direction) → the operator's flat result; how it is put together."""
        difference = self._difference(stretch, field.scheme)

        def start(native: Any) -> tuple[np.ndarray, dict[str, Any], np.ndarray]:
            x = _flat(native[0])
            return x, native[1], self._steps(problem, native[0], field)

        def directional(native: Any, along: np.ndarray) -> np.ndarray:
            x, data, steps = start(native)
            line = _line(field.value, x, data, stretch * steps, along)
            return np.ravel(difference(line, x.dtype.type(0), self._stride(field, steps, along)))

        def component(native: Any) -> np.ndarray:
            x, data, steps = start(native)
            one = _one(field.value, x, data, stretch * steps, position)
            return np.ravel(difference(one, x[position], steps[position]))

        def columns(native: Any) -> np.ndarray:
            x, data, steps = start(native)
            found = [
                difference(_one(field.value, x, data, stretch * steps, k), x[k], steps[k])
                for k in range(len(x))
            ]
            return np.stack(found, axis=1).ravel()

        def coloured(native: Any) -> np.ndarray:
            x, data, steps = start(native)
            if field.scheme != "complex":
                steps = (x + steps) - x  # as far as it really is
            products = [
                difference(
                    _line(field.value, x, data, stretch * steps, steps * vector),
                    x.dtype.type(0),
                    1.0,
                )
                for vector in compression.seeds
            ]
            return np.concatenate(products)[places] / steps[column]

        if operator.seeded:
            return directional, ""
        if isinstance(operator, Partial):
            position = operator.position(problem, inputs)
            return component, ""
        structure = problem.structure(inputs)
        if not structure.sparse:
            return columns, ""
        extent = operator.extent(problem, inputs)  # type: ignore[attr-defined]
        row, column = structure.pattern(*extent)
        compression = compress((row, column), extent[1])
        places = compression.places(extent[0])
        return coloured, f", {told(compression.colours)}"

    def _steps(self, problem: Problem, parameters: Any, field: Field) -> np.ndarray:
        """The step of every component, in the parameters' dtype."""
        steps = [
            self._second_step(x, *self._room(problem, name), field.scheme)
            if field.twice
            else self._step(x, *self._room(problem, name))
            for name, parameter in zip(problem.parameters, parameters, strict=True)
            for x in parameter.flat
        ]
        return np.array(steps, parameters[0].dtype)

    def _second_step(self, x: Any, low: float, high: float, scheme: str) -> float:
        """The step for a difference of differences, whose rounding grows as u/h².

        Two central differences, each with half the step, are the classical
        (C(x+h) − 2C(x) + C(x−h))/h².
        """
        # The complex-step gradient, of which `scheme` takes differences, has no u/h of its own.
        more = 1 if self.scheme == "complex" else 2
        unit = float(np.finfo(self.dtype).eps)
        step = self.delta
        if step is None:
            step = unit ** (1.0 / (ORDER[scheme] + more)) * max(abs(float(x)), 1.0)
            step = min(step, (x - low) / 8.0, (high - x) / 8.0) if low < x < high else step
        return step / 2 if self.scheme == "central" else step

    def _stride(self, field: Field, steps: np.ndarray, along: np.ndarray) -> float:
        """The step along a direction: no component goes further than its own."""
        if field.scheme == "complex" or self.delta is not None:
            return float(steps[0])
        moving = along != 0
        return float(np.min(steps[moving] / np.abs(along[moving]))) if np.any(moving) else 1.0

    def prepare_cost(self, problem: Problem, inputs: Arrays) -> Prepared:
        return prepare_numpy_cost(self, problem, inputs)  # of reals, in every scheme

    def error_bound(
        self, problem: Problem, inputs: Arrays, operator: Operator | None = None
    ) -> Arrays | None:
        """Truncation plus rounding over the step, per component.

        Of the gradient, see `_gradient_bound`; of the other operators, estimated from the step
        and its double, and from the rounding of what is differenced.
        """
        operator = operator or GRADIENT
        if operator.name == "cost":
            return None
        if operator.name in ("gradient", "value_and_gradient"):
            bound = self._gradient_bound(problem, inputs)
            extra = {n: np.zeros(()) for n in operator.layout(problem, inputs).shapes}
            return None if bound is None else {**extra, **bound}
        if operator.name == "pullback":
            return self._pullback_bound(problem, inputs)
        if operator.name == "second_derivative":
            bound = self.error_bound(problem, inputs, named("hessian"))
            shapes = operator.layout(problem, inputs).shapes
            return bound and {n: bound["hessian"].reshape(shape) for n, shape in shapes.items()}
        return self._difference_bound(problem, inputs, operator)

    def _pullback_bound(self, problem: Problem, inputs: Arrays) -> Arrays | None:
        """The cotangent, without its signs, times the bound of the gradient or the Jacobian."""
        cotangent = np.abs(self.cast(inputs[COTANGENT]))
        if not problem.vector_valued:
            bound = self._gradient_bound(problem, inputs)
            return bound and {name: np.asarray(cotangent * part) for name, part in bound.items()}
        bound = self._difference_bound(problem, inputs, named("jacobian"))
        if bound is None:
            return None
        flat = times_jacobian(problem, inputs)(bound["jacobian"], cotangent)
        shapes = tuple(inputs[name].shape for name in problem.parameters)
        return by_parameter(problem, cut(shapes, flat))

    def _difference_bound(
        self, problem: Problem, inputs: Arrays, operator: Operator
    ) -> Arrays | None:
        """For a scheme of order p the results of h and 2h differ by (2ᵖ − 1)·truncation."""
        field = self._field(problem, inputs, operator)
        if self.scheme == "complex" and self.delta is None and not field.twice:
            return None
        native = self.loader(problem, inputs)(inputs)
        seeds = [self.convert(inputs[name]) for name in operator.seeds(problem, inputs)]
        arguments = (native, _flat(seeds)) if seeds else (native,)
        near, far = (
            self._computation(problem, inputs, operator, field, stretch)[0](*arguments)
            for stretch in (1.0, 2.0)
        )
        order = ORDER.get(field.scheme, 2)
        truncation = SAFETY * np.abs(far - near) / (2.0**order - 1.0)
        steps = self._steps(problem, native[0], field)
        noise = CONSTANTS[field.scheme][1] * self._field_noise(problem, inputs, field, steps)
        if operator.seeded:
            rounding = noise / self._stride(field, steps, _flat(seeds))
        elif isinstance(operator, Partial):
            rounding = noise / steps[operator.position(problem, inputs)]
        else:
            extent = operator.extent(problem, inputs)  # type: ignore[attr-defined]
            row, column = problem.structure(inputs).pattern(*extent)
            rounding = noise[row] / steps[column]
        unit = float(np.finfo(self.dtype).eps)
        flat = truncation + rounding + 4 * unit * np.abs(near)
        layout = operator.layout(problem, inputs)
        parts = cut(tuple(layout.shapes.values()), flat)
        return dict(zip(layout.shapes, map(np.asarray, parts), strict=True))

    def _field_noise(
        self, problem: Problem, inputs: Arrays, field: Field, steps: np.ndarray
    ) -> np.ndarray:
        """Rounding in one value of what is differenced, number by number."""
        if field.twice and self.scheme != "complex":
            cost = self._field(problem, inputs, GRADIENT)
            noise = self._field_noise(problem, inputs, cost, steps)
            return CONSTANTS[field.scheme][1] * noise / steps
        estimate = self._shaken(problem, inputs, field, steps)
        if problem.vector_valued or not affordable(problem, inputs):
            return estimate
        held = {n: np.asarray(self.cast(a), dtype=a.dtype) for n, a in inputs.items()}
        try:
            if not field.gradient:
                return np.maximum(estimate, cost_noise(problem, held, self.dtype))
            proved = gradient_noise(problem, held, self.dtype)
        except NotCertified:
            return estimate
        return np.maximum(estimate, _flat([proved[name] for name in problem.parameters]))

    def _shaken(
        self, problem: Problem, inputs: Arrays, field: Field, steps: np.ndarray
    ) -> np.ndarray:
        """The same, estimated: what small random changes of all inputs do, scaled to roundings.

        A step away from the point itself, where operations may happen to be exact.
        """
        parameters, data = self.loader(problem, inputs)(inputs)
        unit = float(np.finfo(self.dtype).eps)
        rng = np.random.default_rng(0)

        def shake(array: np.ndarray) -> np.ndarray:
            if array.dtype.kind != "f":
                return array
            return np.asarray(array * (1 + np.sqrt(unit) * rng.uniform(-1, 1, array.shape)))

        x = _flat(parameters) + steps
        value = np.ravel(np.real(field.value(x, data, steps)))
        spread = np.zeros_like(value)
        for _ in range(SHAKES):
            other = field.value(
                shake(x), {name: shake(array) for name, array in data.items()}, steps
            )
            spread = np.maximum(spread, np.abs(np.ravel(np.real(other)) - value))
        return ROUNDINGS * unit * (np.abs(value) + spread / np.sqrt(unit))

    def _gradient_bound(self, problem: Problem, inputs: Arrays) -> Arrays | None:
        """The bound of the gradient.

        Proved by enclosing the higher derivative over the step's interval: for every component
        with an explicit `delta`, and else for a seeded few of them. Estimated from the step and
        its double for the rest, for costs over too many rows, and where there is no enclosure.
        """
        if self.scheme == "complex" and self.delta is None:
            return None
        bound = self._estimated_bound(problem, inputs)
        # A complex step leaves the real interval over which derivatives are enclosed.
        if self.scheme == "complex" or not affordable(problem, inputs):
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
        order = ORDER[self.scheme]
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
            one = self._partials(near, cost, parameters, data, position, room)
            two = self._partials(far, cost, parameters, data, position, room)
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
                problem.check_cost(real.shape, real.dtype, problem.value_shape(inputs))
                if self.scheme == "complex":
                    cost(*[p.astype(complex) for p in parameters], **data)
            except np.exceptions.ComplexWarning:
                raise Unsupported(
                    "the cost drops the imaginary part (it writes into a real array)"
                ) from None

    def _check_gradient(self, problem: Problem, inputs: Arrays) -> None:
        """The same of the hand-derived gradient, where it is what is differenced."""
        parameters, data = self.loader(problem, inputs)(inputs)
        shapes = {name: inputs[name].shape for name in problem.parameters}
        problem.check_gradient(problem.gradient(NUMPY, *parameters, **data), shapes)
        if self.scheme != "complex":
            return
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                problem.gradient(COMPLEX, *[p.astype(complex) for p in parameters], **data)
            except np.exceptions.ComplexWarning:
                raise Unsupported(
                    "the hand-derived gradient drops the imaginary part (it writes into a real "
                    "array)"
                ) from None

    def _room(self, problem: Problem, name: str) -> tuple[float, float]:
        return problem.domain.get(name, (-np.inf, np.inf))

    def _step(self, x: Any, low: float, high: float) -> float:
        """The step at x: `delta`, or the scheme's optimum scaled by |x|, inside the domain."""
        if self.delta is not None:
            return self.delta
        if self.scheme == "complex":
            return TINY[self.dtype]
        unit = float(np.finfo(self.dtype).eps)
        step = unit ** (1.0 / (ORDER[self.scheme] + 1)) * max(abs(float(x)), 1.0)
        # Twice the step is needed for the error bound; stay clear of the ends.
        return min(step, (x - low) / 4.0, (high - x) / 4.0) if low < x < high else step

    def _difference(self, stretch: float, scheme: str = "") -> Callable[..., Any]:
        """The quotient of one variable, `(function, x, step) → slope`, at `stretch` × the step."""

        def forward(function: Any, x: Any, step: Any) -> Any:
            ahead = x + x.dtype.type(stretch * step)
            return (function(ahead) - function(x)) / (ahead - x)

        def central(function: Any, x: Any, step: Any, shrink: float = 1.0) -> Any:
            step = x.dtype.type(stretch * shrink * step)
            ahead, behind = x + step, x - step
            return (function(ahead) - function(behind)) / (ahead - behind)

        def richardson(function: Any, x: Any, step: Any) -> Any:
            """Three central differences, extrapolated to h = 0 (error h⁶)."""
            d1, d2, d4 = (central(function, x, step, 1.0 / k) for k in (1, 2, 4))
            e1, e2 = (4 * d2 - d1) / 3, (4 * d4 - d2) / 3
            return (16 * e2 - e1) / 15

        def complex_step(function: Any, x: Any, step: Any) -> Any:
            step = stretch * step
            return np.imag(function(x + 1j * step)) / step

        return {
            "forward": forward,
            "central": central,
            "complex": complex_step,
            "richardson": richardson,
        }[scheme or self.scheme]

    def _partials(
        self,
        difference: Callable[..., Any],
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

            x = parameter[index]
            partials[index] = difference(along, x, self._step(x, *room))
        return partials


def _flat(parts: Any) -> np.ndarray:
    """Arrays for each parameter, end to end."""
    return np.concatenate([np.ravel(part) for part in parts])


def _parts(shapes: tuple[tuple[int, ...], ...], x: np.ndarray) -> list[np.ndarray]:
    """The flat vector as an array for each parameter."""
    parts, start = [], 0
    for shape in shapes:
        size = math.prod(shape)
        parts.append(x[start : start + size].reshape(shape))
        start += size
    return parts


def _one(value: Any, x: np.ndarray, data: Any, steps: np.ndarray, k: int) -> Callable[[Any], Any]:
    """A field as a function of one component."""

    def one(number: Any) -> Any:
        moved = np.array(x, dtype=np.result_type(number))
        moved[k] = number
        return value(moved, data, steps)

    return one


def _line(
    value: Any, x: np.ndarray, data: Any, steps: np.ndarray, along: np.ndarray
) -> Callable[[Any], Any]:
    """A field as a function of how far to go along a direction."""
    return lambda t: value(x + t * along, data, steps)
