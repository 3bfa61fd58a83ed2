"""Finite differences: derivatives from values of the cost, and second ones from gradients.

A second derivative is the difference of a gradient: of the hand-derived one, which is exact,
where the problem has it, and else of a gradient that is itself made of differences.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.error_bound import ErrorBound, proved_components
from calcbench.backend.numpy_cost import check_value, prepare_numpy_cost
from calcbench.backend.prepared import Prepared
from calcbench.certified.certificate import is_free
from calcbench.certified.difference_bounds import (
    STRETCHES,
    enclose_error,
    estimate_cost_noise,
    estimate_noise,
    estimate_truncation,
    prove_noise,
)
from calcbench.errors import SelectorError, Unsupported, short_repr
from calcbench.operators import GRADIENT, Operator, find_operator, matrix_operator
from calcbench.operators.colouring import format_colours
from calcbench.operators.compression import compress
from calcbench.operators.evaluation import prepare_evaluation
from calcbench.operators.hand_derived import check_formula
from calcbench.operators.operator import highest_order, picked_partials, stored_order, whole_product
from calcbench.operators.partial import Partial
from calcbench.problem.flat import Shape, cut, flatten, unflatten
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import numpy_in

from .field import Field
from .schemes import (
    EVALUATIONS,
    SCHEMES,
    TINY,
    WORDS,
    arms,
    best_step,
    quotient,
)
from .vocabulary import complex_in, real_in

ENCLOSED = 4
"""Components whose truncation is enclosed in any case: each takes an evaluation of the cost."""

ENCLOSING_SECONDS = 0.25
"""Processor time after which no more components than that are enclosed, at one point."""


@dataclass(frozen=True)
class FiniteDifference(Backend):
    """Difference quotients of the cost: the delta method, with the step chosen well."""

    name = "finite_difference"
    kind = "approximate"

    scheme: Literal["central", "forward", "complex", "richardson"] = "central"
    delta: float | None = None
    of: Literal["gradient", "cost"] = "gradient"
    """What second partials are differences of: a hand-derived gradient if there is one, or always
    the cost alone, on which a wrong formula has no influence."""
    seconds: float = 5.0
    """The longest that one call may take, by an estimate before it is begun."""

    def __post_init__(self) -> None:
        """Refuse a step, or a time, that is not a positive number."""
        super().__post_init__()
        for option, value in (("delta", self.delta), ("seconds", self.seconds)):
            if value is not None and not (isinstance(value, Real) and 0 < value < np.inf):
                raise SelectorError(
                    f"backend {self.name!r}: {option} must be a positive number, "
                    f"got {short_repr(value)}"
                )

    @property
    def voice(self) -> str:
        return f"{self.name}[scheme={self.scheme}]"  # each scheme has errors of its own

    @classmethod
    def witnesses(cls) -> tuple[Backend, ...]:
        # Complex steps are exact. Of the others, a one-sided scheme contradicts the rest at a kink.
        schemes: tuple[Literal["complex", "central", "forward", "richardson"], ...]
        schemes = ("complex", "central", "forward", "richardson")
        return tuple(cls(scheme=scheme, of="cost", seconds=0.25) for scheme in schemes)

    @property
    def underflow(self) -> float:
        """What the step makes of the smallest normal number: times the step, it is no such."""
        if self.scheme != "complex" or self.delta is not None:
            return 0.0
        return float(np.finfo(self.dtype).tiny) / TINY[self.dtype]

    def namespace(self) -> Namespace:
        return (complex_in if self.scheme == "complex" else real_in)(self.dtype)

    def prepare_cost(self, point: Point) -> Prepared:
        return prepare_numpy_cost(self, point)  # of reals, in every scheme

    def prepare_gradient(self, point: Point) -> Prepared:
        return self._prepare(point, GRADIENT)

    def prepare_partial(self, point: Point, component: str) -> Prepared:
        return self._prepare(point, Partial(component))

    def prepare_pushforward(self, point: Point) -> Prepared:
        return self._prepare(point, find_operator("pushforward"))

    def prepare_jacobian(self, point: Point) -> Prepared:
        return self._prepare(point, find_operator("jacobian"))

    def prepare_hvp(self, point: Point) -> Prepared:
        return self._prepare(point, find_operator("hvp"))

    def prepare_hessian(self, point: Point) -> Prepared:
        return self._prepare(point, find_operator("hessian"))

    def _prepare(self, point: Point, operator: Operator) -> Prepared:
        """Prepare an operator as difference quotients: one along a direction, or one per column."""
        seconds = self._check(point)
        field = self._field(point, highest_order(operator.terms(point)))
        self._check_price(point, operator, field, seconds)
        compute, ending = self._computation(point, operator, field, 1.0)
        shapes = operator.layout(point).shapes
        load = self.loader(point)

        def seed(point: Point) -> np.ndarray:
            return self.cast(point.seed_vector)

        def unload(result: Any) -> Arrays:
            return {
                name: self.to_numpy(part).astype(self.dtype)
                for name, part in unflatten(result, shapes).items()
            }

        method = field.method + ending
        if not operator.seeded:
            return Prepared(load, compute, unload, method=method)
        return Prepared(
            lambda point: (load(point), seed(point)),
            lambda native: compute(*native),
            unload,
            method=method,
            seed=seed,
        )

    # --- the function whose differences are taken ---

    def _field(self, point: Point, order: int) -> Field:
        """Choose whose differences are taken: the cost, or a gradient for second partials."""
        shapes = tuple(point.shapes.values())
        function = point.problem.cost_on(
            self.name, self.namespace(), numpy=self.scheme != "complex"
        )

        def cost(x: np.ndarray, data: dict[str, Any], steps: np.ndarray) -> Any:
            return function(*cut(x, shapes), **data)

        words = WORDS[self.scheme]
        if order < 2:
            return Field(cost, self.scheme, f"{words} of the cost")
        if self.of == "gradient" and point.problem.derives("gradient"):
            self._check_gradient(point)
            method = f"{words} of the hand-derived gradient"
            return Field(self._hand_derived(point), self.scheme, method, gradient=True)
        own = self._differenced(Field(cost, self.scheme, ""))
        if self.scheme == "complex":
            method = f"{WORDS['central']} of the complex-step gradient"
            return Field(own, "central", method, twice=True, gradient=True)
        return Field(own, self.scheme, f"second {words} of the cost", twice=True)

    def _hand_derived(self, point: Point) -> Callable[..., Any]:
        """Make the hand-derived gradient a flat vector of the flat vector of parameters."""
        xp, shapes, names = self.namespace(), tuple(point.shapes.values()), list(point.shapes)
        gradient = point.problem.gradient

        def value(x: np.ndarray, data: dict[str, Any], steps: np.ndarray) -> Any:
            found = gradient(xp, *cut(x, shapes), **data)
            return flatten(found[name] for name in names)

        return value

    def _differenced(self, cost: Field) -> Callable[..., Any]:
        """Make the gradient by differences a flat vector of the flat vector of parameters."""
        difference = quotient(self.scheme)
        tiny = self.scheme == "complex" and self.delta is None

        def value(x: np.ndarray, data: dict[str, Any], steps: np.ndarray) -> Any:
            lengths = np.full_like(steps, TINY[self.dtype]) if tiny else steps
            at = [cost.by_component(x, data, steps, k) for k in range(len(x))]
            return np.array([difference(at[k], x[k], lengths[k]) for k in range(len(x))], x.dtype)

        return value

    def _computation(
        self, point: Point, operator: Operator, field: Field, stretch: float
    ) -> tuple[Callable[..., np.ndarray], str]:
        """Make ((parameters, data), direction) → the operator's flat result; say how it is done."""
        difference = quotient(field.scheme, stretch)

        def start(native: Any) -> tuple[np.ndarray, dict[str, Any], np.ndarray]:
            return flatten(native[0]), native[1], self._steps(point, native[0], field)

        def by_component(x: np.ndarray, data: Any, steps: np.ndarray, k: int) -> np.ndarray:
            line = field.by_component(x, data, stretch * steps, k)
            return np.ravel(difference(line, x[k], steps[k]))

        def directional(native: Any, along: np.ndarray) -> np.ndarray:
            x, data, steps = start(native)
            line = field.along(x, data, stretch * steps, along)
            return np.ravel(difference(line, x.dtype.type(0), self._stride(field, steps, along)))

        def columns(native: Any) -> np.ndarray:
            x, data, steps = start(native)
            found = [by_component(x, data, steps, k) for k in needed.tolist()]
            return np.stack(found, axis=1)[row, place]

        terms = operator.terms(point)
        if whole_product(terms):
            return directional, ""
        order = stored_order(operator, point)
        if order is not None:
            return self._coloured(point, order, field, stretch)
        row, column = picked_partials(terms)
        needed = np.flatnonzero(np.bincount(column))
        place = np.searchsorted(needed, column)
        return columns, ""

    def _coloured(
        self, point: Point, order: int, field: Field, stretch: float
    ) -> tuple[Callable[..., np.ndarray], str]:
        """Make (parameters, data) → the stored entries of a sparse matrix, colour by colour."""
        difference = quotient(field.scheme, stretch)
        rows, columns = point.extent(order)
        row, column = point.pattern(order)
        compression = compress((row, column), columns)
        places = compression.places(rows)

        def coloured(native: Any) -> np.ndarray:
            x, data, steps = flatten(native[0]), native[1], self._steps(point, native[0], field)
            if field.scheme != "complex":
                steps = (x + steps) - x  # as far as it really is
            products = [
                difference(
                    field.along(x, data, stretch * steps, steps * vector), x.dtype.type(0), 1.0
                )
                for vector in compression.vectors
            ]
            entries: np.ndarray = np.concatenate(products)[places] / steps[column]
            return entries

        return coloured, f", {format_colours(compression.colours)}"

    # --- steps ---

    def _steps(self, point: Point, parameters: Any, field: Field) -> np.ndarray:
        """Choose the step of every component, in the parameters' dtype."""
        choose = self._second_step if field.twice else self._step
        steps = [
            choose(x, point.problem.interval(name))
            for name, parameter in zip(point.shapes, parameters, strict=True)
            for x in parameter.flat
        ]
        return np.array(steps, parameters[0].dtype)

    def _step(self, x: Any, room: tuple[float, float]) -> float:
        """Choose the step at x: `delta`, or the scheme's optimum scaled by |x|, in the domain."""
        if self.delta is not None:
            return self.delta
        if self.scheme == "complex":
            return TINY[self.dtype]
        unit = float(np.finfo(self.dtype).eps)
        return best_step(x, room, SCHEMES[self.scheme].order + 1, unit, margin=4.0)

    def _second_step(self, x: Any, room: tuple[float, float]) -> float:
        """Choose the step for a difference of differences, whose rounding grows as u/h².

        Two central differences, each with half the step, are the classical
        (C(x+h) − 2C(x) + C(x−h))/h².
        """
        step = self.delta
        if step is None:
            # The complex-step gradient, of which central differences are taken, has no u/h.
            power = 3 if self.scheme == "complex" else SCHEMES[self.scheme].order + 2
            step = best_step(x, room, power, float(np.finfo(self.dtype).eps), margin=8.0)
        return step / 2 if self.scheme == "central" else step

    def _stride(self, field: Field, steps: np.ndarray, along: np.ndarray) -> float:
        """Choose the step along a direction: no component goes further than its own."""
        if field.scheme == "complex" or self.delta is not None:
            return float(steps[0])
        moving = along != 0
        return float(np.min(steps[moving] / np.abs(along[moving]))) if np.any(moving) else 1.0

    # --- error bounds ---

    def error_bound(self, point: Point, operator: Operator = GRADIENT) -> ErrorBound | None:
        """Bound truncation plus rounding over the step, per component.

        For a difference quotient it is estimated from steps around the one taken, and proved for
        partials of a gradient, as far as there is time. For an operator that is evaluated from such
        quotients their bounds are added up, without signs.
        """
        if len(operator.parts()) > 1:
            return self._joint_bound(point, operator)
        if not hasattr(self, f"prepare_{operator.name}"):
            return self._combined_bound(point, operator)
        if operator == GRADIENT:
            return self._gradient_bound(point)
        if highest_order(operator.terms(point)) == 0:
            return None
        return self._difference_bound(point, operator)

    def _joint_bound(self, point: Point, operator: Operator) -> ErrorBound:
        """Put the bounds of an operator's parts end to end; 0 for one that is exact."""
        flat, proved = [], []
        for part in operator.parts():
            zeros = {n: np.zeros(shape) for n, shape in part.layout(point).shapes.items()}
            bound = self.error_bound(point, part) or zeros
            flat.append(flatten(bound.values()))
            proved.append(proved_components(bound))
        shapes = operator.layout(point).shapes
        return _state_bound(np.concatenate(flat), np.concatenate(proved), shapes)

    def _combined_bound(self, point: Point, operator: Operator) -> ErrorBound | None:
        """Combine the bounds of the matrices that an operator is evaluated from."""
        stored, proved = {}, True
        orders = {term.order for term in operator.terms(point)}
        for order in orders:
            bound = self.error_bound(point, matrix_operator(point, order))
            if bound is not None:
                stored[order] = flatten(bound.values())
                proved &= bool(proved_components(bound).all())
        if not stored:
            return None
        for order in orders - stored.keys():
            stored[order] = np.zeros(len(point.pattern(order)[0]))
        seed = np.abs(self.cast(point.seed_vector)) if operator.seeded else None
        flat = prepare_evaluation(operator, point)(stored, seed)
        return _state_bound(flat, np.full(len(flat), proved), operator.layout(point).shapes)

    def _difference_bound(self, point: Point, operator: Operator) -> ErrorBound | None:
        """Estimate the truncation from three steps, and bound the rounding of the field."""
        field = self._field(point, highest_order(operator.terms(point)))
        if self.scheme == "complex" and self.delta is None and not field.twice:
            return self._analytic_bound(point, operator, field)
        quotients = self._quotients(point, operator, field)
        truncation = estimate_truncation(quotients, SCHEMES[field.scheme].order)
        parameters, _ = self.loader(point)(point)
        steps = self._steps(point, parameters, field)
        noise = SCHEMES[field.scheme].rounding * self._noise(point, field, steps)
        if operator.seeded:
            rounding = noise / self._stride(field, steps, self.convert(point.seed_vector))
        else:
            row, column = picked_partials(operator.terms(point))
            rounding = noise[row] / steps[column]
        unit = float(np.finfo(self.dtype).eps)
        _, near, _ = quotients
        flat = truncation + rounding + 4 * unit * np.abs(near)
        return _state_bound(flat, np.zeros(len(flat), dtype=bool), operator.layout(point).shapes)

    def _quotients(self, point: Point, operator: Operator, field: Field) -> list[np.ndarray]:
        """Compute the operator's flat result with steps of several lengths (`STRETCHES`)."""
        native = self.loader(point)(point)
        arguments = (native, self.convert(point.seed_vector)) if operator.seeded else (native,)
        return [
            self._computation(point, operator, field, stretch)[0](*arguments)
            for stretch in STRETCHES
        ]

    def _analytic_bound(self, point: Point, operator: Operator, field: Field) -> ErrorBound | None:
        """Estimate the error of complex steps where the cost is not analytic; None where it is.

        There Im f(x + ih) is h·f′(x), and half the step or twice as long gives the same quotient,
        to half of the digits at least. For x·√x at 0 none of them is the slope.
        """
        quotients = self._quotients(point, operator, field)
        _, near, _ = quotients
        change = estimate_truncation(quotients, SCHEMES["complex"].order)
        alike = change <= np.sqrt(np.finfo(self.dtype).eps) * np.abs(near) + self.underflow
        analytic = alike | ~np.isfinite(near)
        if analytic.all():
            return None
        bound = np.where(analytic, 0.0, change)
        return _state_bound(bound, analytic, operator.layout(point).shapes)

    def _noise(self, point: Point, field: Field, steps: np.ndarray) -> np.ndarray:
        """Bound the rounding in one value of the field, for each of its numbers."""
        if field.twice and self.scheme != "complex":
            noise = self._noise(point, self._field(point, 1), steps)
            bound: np.ndarray = SCHEMES[field.scheme].rounding * noise / steps
            return bound
        parameters, data = self.loader(point)(point)
        # A step away from the point itself, where operations may happen to be exact.
        estimate = estimate_noise(
            lambda x, data: field.value(x, data, steps), flatten(parameters) + steps, data
        )
        proved = prove_noise(point.round_to(self.dtype), self.dtype, field.gradient)
        return estimate if proved is None else np.maximum(estimate, proved)

    def _gradient_bound(self, point: Point) -> ErrorBound | None:
        """Bound the error of the gradient.

        Proved by enclosing the higher derivative over the step's interval: for every component
        with an explicit `delta`, and else for a seeded few of them, and all others that there is
        time for. Estimated from three steps for the rest, for costs over many rows, and where there
        is no enclosure.
        """
        if self.scheme == "complex" and self.delta is None:
            return self._analytic_bound(point, GRADIENT, self._field(point, 1))
        bound, proved = self._estimated_bound(point), np.zeros(point.size, dtype=bool)
        for k, enclosed in self._enclosed_bounds(point):
            if np.isfinite(enclosed):
                bound[k], proved[k] = enclosed, True
        return _state_bound(bound, proved, point.shapes)

    def _enclosed_bounds(self, point: Point) -> Iterator[tuple[int, float]]:
        """Prove bounds: (component, bound) pairs, infinite where there is no enclosure."""
        if self.delta is None and not is_free(point):  # it takes series of single numbers
            return
        rounded = point.round_to(self.dtype)
        # A complex step leaves the real interval over which derivatives are enclosed.
        real = self.scheme != "complex"
        noise = prove_noise(rounded, self.dtype, gradient=False) if real else None
        if noise is None:
            return
        steps = self._steps(rounded, list(rounded.parameters.values()), self._field(point, 1))
        unit, order = float(np.finfo(self.dtype).eps), SCHEMES[self.scheme].order
        x = flatten(rounded.parameters.values()).astype(self.dtype)
        deadline = time.thread_time() + ENCLOSING_SECONDS
        for done, k in enumerate(np.random.default_rng(0).permutation(point.size).tolist()):
            if self.delta is None and done >= ENCLOSED and time.thread_time() > deadline:
                return
            lines = arms(self.scheme, x[k], steps[k])
            yield k, enclose_error(rounded, k, lines, order, float(noise[0]), unit)

    def _estimated_bound(self, point: Point) -> np.ndarray:
        """Estimate the error of the gradient from three steps, as a flat vector."""
        field = self._field(point, 1)
        native = self.loader(point)(point)
        quotients = self._quotients(point, GRADIENT, field)
        cost = point.problem.cost_on(self.name, self.namespace(), numpy=self.scheme != "complex")
        truncation = estimate_truncation(quotients, SCHEMES[self.scheme].order)
        if self.scheme == "complex":
            return truncation
        # A step away as well: at the bottom of a valley, rounded parameters do nothing to a cost.
        steps = self._steps(point, native[0], field)
        shapes = tuple(point.shapes.values())
        away = cut(flatten(native[0]) + steps, shapes)
        here, there = (estimate_cost_noise(cost, x, native[1]) for x in (native[0], away))
        noise: float = np.fmax(here, there)
        return truncation + noise / steps.astype(np.float64)

    # --- checks ---

    def _check_price(self, point: Point, operator: Operator, field: Field, seconds: float) -> None:
        """Raise `Unsupported` where a call would take too long, at `seconds` per evaluation."""
        terms = operator.terms(point)
        if stored_order(operator, point) is not None:
            return  # one for each colour, and colours are few
        lines = 1 if whole_product(terms) else len(set(picked_partials(terms)[1].tolist()))
        count = lines * EVALUATIONS[field.scheme]
        if field.twice:  # each is a gradient, of differences itself
            count *= point.size * EVALUATIONS[self.scheme]
        if count * seconds > self.seconds:  # the first evaluation may have been slow for once
            seconds = min(seconds, self._check(point), self._check(point))
        if count * seconds > self.seconds:
            raise Unsupported(
                f"one {operator.name} takes {count:,} evaluations of the cost, about "
                f"{count * seconds:,.0f} s in all, over {self.seconds:g} s (less data, or "
                f"{self.name}[seconds={2 * math.ceil(count * seconds)}])"
            )

    def _check(self, point: Point) -> float:
        """Evaluate the cost once, and return the seconds of processor time that this takes.

        Raises `ProblemError` unless it is real and of the declared shape, `Unsupported` where it
        drops the imaginary part of a complex step.
        """
        problem = point.problem
        parameters, data = self.loader(point)(point)
        cost = problem.cost_on(self.name, self.namespace(), numpy=self.scheme != "complex")
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                started = time.thread_time()
                found = problem.cost_on(self.name, numpy_in(self.dtype), numpy=True)(
                    *parameters, **data
                )
                seconds = time.thread_time() - started
                check_value(point, found)
                if self.scheme == "complex":
                    cost(*[p.astype(complex) for p in parameters], **data)
            except np.exceptions.ComplexWarning:
                raise Unsupported(
                    "the cost drops the imaginary part (it writes into a real array)"
                ) from None
        return seconds

    def _check_gradient(self, point: Point) -> None:
        """Evaluate the hand-derived gradient once, where differences of it are taken.

        Raises `ProblemError` for wrong names or shapes, `Unsupported` where it drops the
        imaginary part of a complex step.
        """
        problem = point.problem
        parameters, data = self.loader(point)(point)
        found = problem.gradient(numpy_in(self.dtype), *parameters, **data)
        check_formula(point, "gradient", found)
        if self.scheme != "complex":
            return
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                moved = [p.astype(complex) for p in parameters]
                problem.gradient(complex_in(self.dtype), *moved, **data)
            except np.exceptions.ComplexWarning:
                raise Unsupported(
                    "the hand-derived gradient drops the imaginary part (it writes into a real "
                    "array)"
                ) from None


def _state_bound(bound: np.ndarray, proved: np.ndarray, shapes: Mapping[str, Shape]) -> ErrorBound:
    """Name the flat vectors of a bound and of whether it is proved; NaN is no bound: infinite."""
    finite = np.where(np.isnan(bound), np.inf, bound)
    return ErrorBound(unflatten(finite, shapes), unflatten(proved, shapes))
