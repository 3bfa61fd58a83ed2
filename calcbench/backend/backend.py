"""Backend: one way to differentiate, with preparation separate from running."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.backend.from_terms import prepare_from_terms
from calcbench.backend.prepared import Prepared
from calcbench.errors import (
    NotInstalled,
    ProblemError,
    SelectorError,
    Unsupported,
    first_line,
    missing,
    nearest,
    printable,
    short_repr,
)
from calcbench.operators import GRADIENT, Operator, find_operator
from calcbench.operators.operator import VALUE
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


@dataclass(frozen=True)
class Backend(ABC):
    """One way to take a gradient. Its fields are its options, as in `torch[mode=compile]`.

    A subclass is a frozen dataclass that declares the class attributes below and defines
    `namespace` and `prepare_gradient(point) -> Prepared`; partials and products with a direction
    follow from that. For any other operator it may define a method of the same kind,
    `prepare_<operator>`: `prepare_cost` is what a gradient's time is divided by. A framework that
    transforms functions states its primitives instead (`Transforming`), and has every operator. It
    imports its framework inside methods, through `framework()`, so that nothing is loaded until it
    is used.
    """

    name: ClassVar[str]
    """The name in selectors and tables."""

    kind: ClassVar[Literal["exact", "approximate", "symbolic"]]
    """`exact`: derivatives by rule, right up to rounding. `symbolic`: exact, through a formula.
    `approximate`: has an error of its own, bounded by `error_bound`."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Modules that must be importable."""

    install: ClassVar[str] = ""
    """The command that installs them."""

    requires_for: ClassVar[Mapping[str, tuple[tuple[str, ...], str]]] = {}
    """Option → the modules that it needs beside `requires`, and the command that installs them."""

    hand_derived: ClassVar[bool] = False
    """Whether it evaluates the problem's own formulas instead of differentiating `cost`."""

    dtype: Literal["float64", "float32"] = "float64"

    def __post_init__(self) -> None:
        """Refuse option values outside their declared choices."""
        for option, choices in self.options().items():
            value = getattr(self, option)
            if choices and not (isinstance(value, str) and value in choices):
                said = printable(value) if isinstance(value, str) else short_repr(value)
                raise SelectorError(
                    f"backend {self.name!r} has no {option}={said}: {nearest(said, choices)}"
                )

    @classmethod
    def options(cls) -> dict[str, tuple[str, ...]]:
        """List the options by name, each with its choices; none for one that takes a number."""
        hints = typing.get_type_hints(cls)
        return {
            field.name: typing.get_args(_literal(hints[field.name]))
            for field in dataclasses.fields(cls)
        }

    @property
    def selector(self) -> str:
        """How this backend is written: its name, and the options that are not the default."""
        changed = [
            f"{field.name}={getattr(self, field.name)}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"{self.name}[{','.join(changed)}]" if changed else self.name

    @property
    def voice(self) -> str:
        """Whose voice this is in a vote: backends of one voice count once, in whatever modes."""
        return self.name

    @property
    def underflow(self) -> float:
        """How large a result may be, at most, that is lost because it is too small for the method.

        As it stands 0: what is too small for the dtype itself is allowed for everybody.
        """
        return 0.0

    @classmethod
    def witnesses(cls) -> tuple[Backend, ...]:
        """List instances that help to decide where others contradict each other, or are few.

        They are run for that alone, and get no row. For a backend that needs nothing installed
        and uses nothing but values of the cost.
        """
        return ()

    @classmethod
    def missing(cls) -> str | None:
        """Say why this backend cannot be used here, None if it can; nothing is imported."""
        return missing(cls.requires, cls.install)

    @classmethod
    def framework(cls) -> Any:
        """Import and return the first of `requires`; looked up once, and then kept.

        Raises `NotInstalled` where it is missing or does not import, with the reason.
        """
        return _import_framework(cls)

    @abstractmethod
    def namespace(self) -> Any:
        """Return the array vocabulary (`calcbench.vocabulary`) in this backend's spelling."""

    def convert(self, array: np.ndarray) -> Any:
        """Turn a NumPy array into a native one. Floats take this backend's dtype, integers stay.

        As it stands, it gives a NumPy array.
        """
        return self.cast(array)

    def prepare(self, point: Point, operator: str | Operator = "gradient") -> Prepared:
        """Trace, compile or derive an operator (`calcbench.operators`) of the cost at a point.

        The result runs at any point of the same shapes. A method `prepare_<operator>` comes first.
        Raises `Unsupported` where this backend or the problem cannot, `NotInstalled` where the
        framework is missing, `ProblemError` where the problem breaks its contract.
        """
        if not isinstance(point, Point):
            raise SelectorError(
                f"a backend prepares a calcbench.Point, and not {short_repr(point)}: own_point "
                "makes one, and calcbench.prepare takes a problem"
            )
        chosen = find_operator(operator).resolve(point)
        if self.requires:
            point.problem.require_cost(self.name)
            self.framework()
        own = getattr(self, f"prepare_{chosen.name}", None)
        if own is None:
            return self.prepare_other(chosen, point)
        prepared: Prepared = own(point, *chosen.arguments())
        return prepared

    def prepare_other(self, operator: Operator, point: Point) -> Prepared:
        """Prepare an operator that the backend has no method `prepare_<operator>` for.

        Raises `Unsupported` where it follows from nothing that the backend has.
        """
        return prepare_from_terms(self, operator, point)

    def error_bound(self, point: Point, operator: Operator = GRADIENT) -> Arrays | None:
        """Bound the method's own error at a point, per component, beyond rounding.

        In the form of the operator's result; None for a method that is exact up to rounding. An
        `ErrorBound` says as well for which components it is proved, rather than estimated.
        """
        return None

    def unconnected(self, point: Point) -> tuple[str, ...]:
        """Name the parameters that the framework's record of the cost does not lead back to.

        Their partials come out as 0. For frameworks that record operations, and can tell.
        """
        return ()

    def trace_cost(self, point: Point) -> None:
        """Run the cost on values that have no numbers, to raise where the cost takes some out.

        It is asked where a derivative is lost. For frameworks that record operations; as it stands,
        nothing is run.
        """
        return

    def formulas(self, point: Point, operator: Operator = GRADIENT) -> dict[str, str]:
        """Write the cost and an operator's components as formulas, by name (`C`, `∂C/∂m`).

        For symbolic backends.
        """
        raise Unsupported(f"backend {self.name!r} is not symbolic")

    def prove(self, point: Point, formula: str = "gradient") -> str:
        """Compare a hand-derived formula with the derivative of the cost, symbolically.

        `formula` is the problem's method: `gradient`, `jacobian`, `hessian` or `hvp`.

        Returns `"proved"`, `"refuted"` or why neither could be shown. For symbolic backends.
        """
        raise Unsupported(f"backend {self.name!r} is not symbolic")

    def loader(self, point: Point) -> Callable[[Point], Any]:
        """Build the usual `Prepared.load`: (native parameters in order, native data by name).

        It refuses a point of other shapes, or with other static data, than that prepared for.
        """
        problem, statics = point.problem, point.statics
        shapes = {name: point[name].shape for name in (*problem.parameters, *problem.data)}

        def load(point: Point) -> Any:
            for name, shape in shapes.items():
                if point[name].shape != shape:
                    raise ProblemError(
                        f"problem {problem.name!r} was prepared for {name!r} of shape {shape}, "
                        f"and cannot run with shape {point[name].shape}: prepare it again"
                    )
            for name, value in statics.items():
                given = point.statics.get(name)
                if given != value:
                    raise ProblemError(
                        f"problem {problem.name!r} was prepared for {name}={short_repr(value)}, "
                        f"and cannot run with {short_repr(given)}: prepare it again"
                    )
            arrays = (name for name in shapes if name not in statics)
            native = {name: self.convert(point[name]) for name in arrays}
            return problem.split({**point.values, **native})

        return load

    def unloader(self, point: Point) -> Callable[[Iterable[Any]], Arrays]:
        """Build the usual `Prepared.unload`, from native partials in parameter order."""
        names = point.problem.parameters

        def unload(result: Iterable[Any]) -> Arrays:
            named = zip(names, result, strict=True)
            return {name: self.to_numpy(partial) for name, partial in named}

        return unload

    def unload_cost(self, value: Any) -> Arrays:
        """Give a native cost its name: the usual `Prepared.unload` of a prepared cost."""
        return {VALUE: self.to_numpy(value)}

    def to_numpy(self, native: Any) -> np.ndarray:
        """Convert one native array to NumPy: the way back from `convert`. Always a copy."""
        # A Python number, such as the 2 in ∂(2x)/∂x, is exact in every dtype.
        exact = type(native) in (int, float)
        return np.array(native, dtype=self.dtype if exact else None)

    def cast(self, array: np.ndarray) -> np.ndarray:
        """Copy a NumPy array with its floats in this backend's dtype."""
        dtype = self.dtype if array.dtype.kind == "f" else array.dtype
        return np.array(array, dtype=dtype)


@functools.cache
def _import_framework(backend: type[Backend]) -> Any:
    """Import what a backend needs. An error is not kept: the next call looks again."""
    reason = backend.missing()
    if reason:
        raise NotInstalled(f"backend {backend.name!r}: {reason}")
    module = backend.requires[0]
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise NotInstalled(
            f"backend {backend.name!r}: {module} is installed but does not import: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from error


def _literal(hint: Any) -> Any:
    """Return the `Literal[...]` of an option's type hint; anything else lists no choices."""
    return hint if typing.get_origin(hint) is Literal else None
