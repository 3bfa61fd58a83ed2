"""Transforming: a backend whose framework turns functions into their derivatives.

It states the primitives that it has, `pullback` (reverse mode) or `pushforward` (forward mode) or
both; every operator follows from them by composition (`calcbench.operators.composition`). Where the
framework has something better, the backend defines a method of the operator's name. This is the
design of DifferentiationInterface.jl (Dalle & Hill, JMLR 27 (2026)).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import replace
from operator import call
from typing import Any

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.operators import Operator
from calcbench.operators.function import Derived, Function
from calcbench.problem.point import Point, same_integers
from calcbench.problem.problem import Arrays, Problem


class Transforming(Backend):
    """A backend that states `pullback`, `pushforward` or both.

    A method of another operator's name (`hessian(self, function)`; not `partial`, and not for a
    sparse matrix) overrides the composition; it may give None to decline. `prepare_gradient` and
    the like take precedence over both.
    """

    def pullback(self, function: Function) -> Derived | None:
        """Return (parameters, data, cotangent u) → uᵀJ, a tuple with an array for each parameter.

        None, as it stands, for a framework without reverse mode.
        """
        return None

    def pushforward(self, function: Function) -> Derived | None:
        """Return (parameters, data, direction v) → J v, of the form of the function's value.

        None, as it stands, for a framework without forward mode.
        """
        return None

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        """Trace or compile `function(*native)`; also give the seconds that compiling took.

        What comes back takes all native arrays as one tuple, and returns when its result is ready.
        Without an override the function is called as it is.
        """
        return lambda native: function(*native), None

    def native(self, value: Any) -> Any:
        """Make a cost a native array: it may be a Python number, where it depends on no data."""
        return value

    def check(self, problem: Problem, function: Function, native: tuple[Any, ...]) -> None:
        """Evaluate once; raise `ProblemError` unless the value is what the problem says."""
        count = len(function.parameters)
        value = function.apply(native[:count], native[count:])
        problem.check_cost(tuple(value.shape), str(value.dtype), function.value)

    def context(self) -> contextlib.AbstractContextManager[Any]:
        """Open the context in which arrays are converted and functions prepared."""
        return contextlib.nullcontext()

    def function(self, point: Point) -> Function:
        """Make the problem's cost a native function; its data are those that are arrays."""
        return self._function_over(point, self.namespace())

    def _function_over(self, point: Point, xp: Any) -> Function:
        cost = point.problem.cost_on(self.name, xp)
        names, statics = _array_names(point), point.statics

        def apply(parameters: tuple[Any, ...], data: tuple[Any, ...]) -> Any:
            arrays = dict(zip(names, data, strict=True))
            return self.native(cost(*parameters, **arrays, **statics))

        def over(xp: Any) -> Function:
            return self._function_over(point, xp)

        return Function(apply, tuple(point.shapes.values()), point.value_shape, over)

    def prepare_other(self, operator: Operator, point: Point) -> Prepared:
        """Prepare an operator from the primitives, or the framework's own."""
        return self.transform(operator, point)

    def transform(self, operator: Operator, point: Point) -> Prepared:
        """Compose an operator of the cost, trace or compile it, and check the cost once."""
        prepared, fixed = self._transform_at(operator, point)
        return self._follow_integers(prepared, operator, point) if fixed else prepared

    def _transform_at(self, operator: Operator, point: Point) -> tuple[Prepared, bool]:
        """Transform an operator; also tell whether it holds for the point's integers alone."""
        names = tuple(operator.seed_shapes(point))
        convert = self.loader(point)
        count = len(point.problem.parameters)
        total = count + len(_array_names(point))

        def seed(point: Point) -> Any:
            with self.context():
                return tuple(self.convert(point.seed[name]) for name in names)

        def load(point: Point) -> Any:
            with self.context():
                parameters, data = convert(point)
                arrays = (*parameters, *self.arrays(point, data))
            return (arrays, seed(point)) if names else arrays

        native = load(point)
        arrays = (*native[0], *native[1]) if names else native
        with self.context():
            function = self.function(point)
            self.check(point.problem, function, arrays[:total])
            derived = operator.compose(self, function, point)
            # Integers that it holds for alone are constants of the program: it is faster for it.
            held = {k: arrays[count + k] for k in _find_integers(point)} if derived.fixed else {}
            flat = _flatten(derived, count, total, operator.seeded == "direction", held)
            finished, seconds = self.finish(flat, arrays)

        def run_seeded(native: Any) -> Any:
            return finished((*native[0], *native[1]))

        collect = operator.collector(point)

        def unload(result: Any) -> Arrays:
            return collect(self.numpy(result))

        run = run_seeded if names else finished
        method = derived.method
        return Prepared(load, run, unload, seconds, method, seed if names else None), bool(held)

    def _follow_integers(self, prepared: Prepared, operator: Operator, point: Point) -> Prepared:
        """Load with a point's arrays the program for its integers, so that `run` need not choose.

        It is transformed as the point is loaded, if they are not those of `point`; the last is
        kept.
        """
        last = [(point, prepared)]

        def program(other: Point) -> Callable[[Any], Any]:
            if same_integers(point, other):
                return prepared.run
            if not same_integers(last[0][0], other):
                last[0] = (other, self._transform_at(operator, other)[0])
            return last[0][1].run

        def load(other: Point) -> Any:
            native = prepared.load(other)  # refuses other shapes
            return functools.partial(program(other), native)

        def load_seeded(other: Point) -> Any:
            arrays, seed = prepared.load(other)
            run = program(other)
            return (lambda seed: run((arrays, seed))), seed

        if operator.seeded:
            return replace(prepared, load=load_seeded, run=lambda native: native[0](native[1]))
        return replace(prepared, load=load, run=call)

    def arrays(self, point: Point, data: dict[str, Any]) -> tuple[Any, ...]:
        """Take of native data those that are arrays, in order, and no static ones."""
        return tuple(data[name] for name in _array_names(point))

    def numpy(self, result: Any) -> Any:
        """Convert native arrays in tuples, however nested, to NumPy arrays in tuples."""
        if isinstance(result, (tuple, list)):
            return tuple(self.numpy(part) for part in result)
        return self.to_numpy(result)


def _flatten(
    derived: Derived, count: int, total: int, tuples: bool, held: dict[int, Any]
) -> Callable[..., Any]:
    """Make a derivative a function of all native arrays: parameters, data and seeds.

    `count` are parameters, `total` those and data. `tuples`: a seed has an array for each
    parameter, and is handed on as a tuple. `held` are data, by number, that stay as they are.
    """

    def flat(*arrays: Any) -> Any:
        seeds, data = arrays[total:], arrays[count:total]
        given = (seeds,) if seeds and tuples else seeds
        if held:
            data = tuple(held.get(k, array) for k, array in enumerate(data))
        return derived.apply(arrays[:count], data, *given)

    return flat


def _find_integers(point: Point) -> list[int]:
    """Find the data that are arrays of integers, among those that are arrays."""
    return [k for k, name in enumerate(_array_names(point)) if point[name].dtype.kind != "f"]


def _array_names(point: Point) -> list[str]:
    """List the data that are arrays."""
    return [name for name in point.problem.data if name not in point.statics]
