"""Operator: what can be asked of a backend about a problem."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.errors import SelectorError, Unsupported
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function

Shape = tuple[int, ...]

VALUE = "C"
"""What the cost is called in results; a parameter of that name goes before it."""

COTANGENT = "cotangent C"
"""What the seed of a pullback is called among the inputs: no name that an argument could have."""


def direction(parameter: str) -> str:
    """What the direction's part for one parameter is called among the inputs."""
    return f"direction {parameter}"


@dataclass(frozen=True)
class Layout:
    """The form of an operator's result: what it holds, and what each number in it is called."""

    shapes: dict[str, Shape]
    """Name → shape, in order."""
    label: Callable[[int], str]
    """Position in the flat vector → `∂C/∂w[3]`."""

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())


@dataclass(frozen=True)
class Operator(ABC):
    """What is asked for: the gradient, the Hessian, … Written as its `selector`."""

    name: ClassVar[str]

    seeded: ClassVar[Literal["", "direction", "cotangent"]] = ""
    """What it takes beside the inputs: a direction (an array for each parameter) or a cotangent
    (an array of the value's shape). They stand among the inputs, under names of their own."""

    formula: ClassVar[str] = ""
    """The hand-derived method of a problem that gives just this: `gradient`, `hessian`, …"""

    @property
    def selector(self) -> str:
        """How it is written: its name, and `partial[w[3]]`."""
        return self.name

    def settled(self, problem: Problem, inputs: Arrays) -> Operator:
        """The same with everything decided that the problem decides.

        Raises `Unsupported` where the problem has no such derivative, `SelectorError` for a
        component that it does not have.
        """
        return self

    def seeds(self, problem: Problem, inputs: Arrays) -> dict[str, Shape]:
        """Name among the inputs → shape, of the direction or cotangent."""
        if self.seeded == "direction":
            return {direction(name): inputs[name].shape for name in problem.parameters}
        if self.seeded == "cotangent":
            return {COTANGENT: problem.value_shape(inputs)}
        return {}

    def seeded_at(
        self,
        problem: Problem,
        inputs: Arrays,
        rng: np.random.Generator,
        given: Mapping[str, Any] | None = None,
    ) -> Arrays:
        """The inputs with a direction or cotangent: the one `given` by name, or a random one.

        Directions are named by parameter, a cotangent is `C`. Raises `SelectorError` for one
        that does not fit.
        """
        shapes = self.seeds(problem, inputs)
        if given is None:
            return {**inputs, **{n: np.array(rng.uniform(-1, 1, s)) for n, s in shapes.items()}}
        if not shapes:
            raise SelectorError(f"operator {self.name!r} takes no direction")
        if not isinstance(given, Mapping):
            raise SelectorError(
                f"direction must be a dict of name → values, got a {type(given).__name__}"
            )
        names = {key: _seed_name(key) for key in shapes}
        extra = [name for name in given if name not in names.values()]
        missing = [name for name in names.values() if name not in given]
        if extra or missing:
            raise SelectorError(
                f"direction: operator {self.name!r} needs a value for "
                f"{', '.join(names.values())}, got {', '.join(given) or 'none'}"
            )
        return {**inputs, **{n: _seed(names[n], given[names[n]], s) for n, s in shapes.items()}}

    def derived_from(self, problem: Problem) -> str:
        """The hand-derived method that this is evaluated from: `gradient`, `hessian`, … or ""."""
        first = "jacobian" if problem.vector_valued else "gradient"
        return first if problem.derives(first) else ""

    @abstractmethod
    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """The form of the result."""

    @abstractmethod
    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """The result by name, from NumPy arrays in the form in which `compose` gives them."""

    @classmethod
    @abstractmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """The operator on a native function, composed from the primitives that a backend has.

        Raises `Unsupported` where they do not suffice.
        """

    def derive(
        self, backend: Transforming, function: Function, problem: Problem, inputs: Arrays
    ) -> Derived:
        """The operator on the problem's cost, by a backend that transforms functions."""
        return backend.derive(self.name, function)

    def prepare(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """Make it ready: the backend's own `prepare_…`, its transforms, or its gradient."""
        from calcbench.backend.transforming import Transforming

        own = getattr(backend, f"prepare_{self.name}", None)
        if own is not None:
            prepared: Prepared = own(problem, inputs, *self.arguments())
            return prepared
        if isinstance(backend, Transforming):
            return backend.transform(self, problem, inputs)
        return self.fallback(backend, problem, inputs)

    def arguments(self) -> tuple[Any, ...]:
        """What a backend's own `prepare_…` takes beside problem and inputs."""
        return ()

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """Make it ready from the backend's other operators. Raises `Unsupported` if none helps."""
        raise Unsupported(
            f"backend {backend.name!r} has no {self.name}: it defines no prepare_{self.name}, "
            "and nothing that it would follow from"
        )


def named_seeds(operator: Operator, problem: Problem, inputs: Arrays) -> Arrays:
    """The direction by parameter name, or the cotangent as `C`; empty if there is none."""
    return {_seed_name(key): inputs[key] for key in operator.seeds(problem, inputs)}


def _seed_name(key: str) -> str:
    return VALUE if key == COTANGENT else key.removeprefix("direction ")


# --- names of components -------------------------------------------------------------------


def place(shapes: Mapping[str, Shape], position: int) -> tuple[str, tuple[int, ...]]:
    """Which argument, and which index in it, one entry of the flat vector is."""
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        if position < size:
            return name, tuple(int(i) for i in np.unravel_index(position, shape))
        position -= size
    raise IndexError(position)


def written(name: str, index: tuple[int, ...]) -> str:
    """A component as it is written: `m`, `w[3]`, `W[1, 2]`."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def component(shapes: Mapping[str, Shape], position: int) -> str:
    """The name of one entry of the flat vector."""
    return written(*place(shapes, position))


def parameter_shapes(problem: Problem, inputs: Arrays) -> dict[str, Shape]:
    """Parameter name → shape."""
    return {name: inputs[name].shape for name in problem.parameters}


def components(problem: Problem, inputs: Arrays) -> int:
    """The numbers that the parameters hold together."""
    return sum(inputs[name].size for name in problem.parameters)


def value_name(problem: Problem) -> str:
    """What the cost is called in results: `C`, or `C(·)` beside a parameter C."""
    return f"{VALUE}(·)" if VALUE in problem.parameters else VALUE


# --- pieces of compositions ----------------------------------------------------------------


def unit_directions(backend: Backend, shapes: tuple[Shape, ...]) -> Iterator[tuple[Any, ...]]:
    """The unit vector of every component in turn, as native directions."""
    total = sum(int(np.prod(shape)) for shape in shapes)
    for position in range(total):
        unit = np.zeros(total)
        unit[position] = 1.0
        yield native_direction(backend, shapes, unit)


def native_direction(
    backend: Backend, shapes: tuple[Shape, ...], vector: np.ndarray
) -> tuple[Any, ...]:
    """A flat vector as a native array for each parameter."""
    return tuple(backend.convert(part) for part in cut(shapes, vector))


def cut(shapes: tuple[Shape, ...], vector: np.ndarray) -> list[np.ndarray]:
    """A flat vector (or the last axis of a matrix) as an array for each shape."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    pieces = np.split(vector, np.cumsum(sizes)[:-1], axis=-1)
    lead = vector.shape[:-1]
    return [p.reshape((*lead, *s)) for p, s in zip(pieces, shapes, strict=True)]


def assembled(xp: Any, shapes: tuple[Shape, ...], slopes: Iterable[Any], lead: Shape = ()) -> Any:
    """Slopes by every component, each of shape `lead`, as a native array for each parameter.

    Of shape (*lead, *the parameter's shape).
    """
    left = iter(slopes)
    sizes = [(shape, int(np.prod(shape))) for shape in shapes]
    return tuple(
        xp.reshape(xp.stack([next(left) for _ in range(size)], axis=-1), (*lead, *shape))
        for shape, size in sizes
    )


def by_parameter(problem: Problem, parts: Any) -> Arrays:
    """A tuple with an array for each parameter, as a dict."""
    return dict(zip(problem.parameters, parts, strict=True))


def matrix(parts: Any, rows: int) -> np.ndarray:
    """Arrays of shape (rows, *shape), one for each parameter, side by side as a matrix."""
    return np.concatenate([np.reshape(part, (rows, -1)) for part in parts], axis=1)


def _seed(name: str, value: Any, shape: Shape) -> np.ndarray:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise SelectorError(f"direction: {name} is not numbers of shape {shape}") from None
    if array.shape != shape:
        raise SelectorError(f"direction: {name} must have shape {shape}, got {array.shape}")
    if not np.all(np.isfinite(array)):
        raise SelectorError(f"direction: {name} is not finite")
    return array
