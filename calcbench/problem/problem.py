"""Problem: a cost function of named parameters, written once for every backend."""

from __future__ import annotations

import inspect
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np

from calcbench.errors import ProblemError, Unsupported
from calcbench.problem import notebook
from calcbench.problem.faults import RAISED, describe_method
from calcbench.problem.native import (
    defines_native_costs,
    get_ready,
    native_costs,
    native_signature,
    run_native,
    takes_xp,
)
from calcbench.problem.size import NamedSize, declared
from calcbench.problem.static import unwrap_static
from calcbench.problem.structure import DENSE, Structure

Arrays = dict[str, np.ndarray]


class Problem(ABC):
    """A cost function C of named parameters, to be differentiated.

    The signature of `cost` is the declaration: after `xp`, positional arguments are the
    parameters (differentiated), keyword-only arguments are data (held constant)::

        class Paraboloid(Problem):
            \"\"\"z = x² + a·y².\"\"\"

            def inputs(self, size, rng):
                return {"x": 3.0, "y": 2.0, "a": 0.5}

            def cost(self, xp, x, y, *, a):
                return x**2 + a * y**2

    Everything else is optional, and declared by class attributes.
    """

    sizes: ClassVar[tuple[Any, ...]] = (1,)
    """Sizes worth running (what size means, the problem says); the first is the default. They may
    have names: `sizes = ({"n": 8, "d": 2}, {"n": 1000, "d": 10})`, and `inputs` reads
    `size["n"]`."""

    rows: ClassVar[tuple[str, ...]] = ()
    """Data arguments with one row per sample, along their first axis. The cost must then be
    the mean (or the sum, see `reduction`) of the cost of its rows taken one by one, up to a term
    that no row enters. Where none are declared, long data are tried (`calcbench.problem.rows`)."""

    reduction: ClassVar[str] = "mean"
    """How the costs of single rows combine: `"mean"` or `"sum"`."""

    domain: Mapping[str, tuple[float, float]] | Callable[..., bool] = {}
    """Where the cost is smooth: an open interval per parameter, all reals if not named; or a
    method `domain(self, values)` that says of all values by name whether they are a valid point.
    Points that calcbench chooses lie inside; so the point of zeros is left out where 0 does not."""

    limits: ClassVar[Mapping[str, tuple[int, str]]] = {}
    """Backend name → (the largest size that it can do, why)."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Modules that `inputs` imports beyond NumPy."""

    install: ClassVar[str] = ""
    """The command that installs what `requires` names."""

    formula: ClassVar[str] = ""
    """The cost in LaTeX."""

    derivation: ClassVar[tuple[tuple[str, str], ...]] = ()
    """The derivation of `gradient`, and of what else is derived: steps of (words, LaTeX)."""

    sources: ClassVar[tuple[str, ...]] = ()
    """Where the problem and its derivation come from."""

    place: ClassVar[str] = ""
    """Its place in the class, for example "Gradients"."""

    read_from: str = ""
    """What its data were read from, as records name it; empty where they are no files. A class
    whose constructor takes `data`, their folder or one of them, has that by `--data`."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Make named sizes of the dicts that a class declares; run native costs, if it has those.

        That is, `cost_torch` and the like where there is no `cost`.
        """
        super().__init_subclass__(**options)
        if getattr(cls.cost, "__isabstractmethod__", False) and defines_native_costs(cls):
            cls.cost = run_native  # type: ignore[method-assign]
        if "sizes" in vars(cls):
            cls.sizes = declared(cls.sizes)

    @abstractmethod
    def inputs(self, size: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return a value for every parameter and data argument, by name.

        Python numbers and lists become float64 arrays. NumPy integer arrays stay integers:
        they are for indices (`xp.take`). Data that are a Python integer, text, or a tuple of such
        stay what they are: counts, shapes and structures. `rng` is seeded; draw from nothing else.
        """

    @abstractmethod
    def cost(self, xp: Any, *parameters: Any, **data: Any) -> Any:
        """Compute the cost: one real number (shape `()`), from the array namespace `xp` alone.

        A vector-valued problem, one that defines `outputs`, returns that many, as an array (m,).

        A problem has no need of it that has the cost in the code of frameworks: methods
        `cost_torch`, `cost_jax`, `cost_numpy` or `cost_tensorflow`, of the parameters and data,
        without `xp`. It is differentiated by these frameworks alone.
        """

    def outputs(self, inputs: Arrays) -> int:
        """Return how many numbers `cost` gives: defining this makes the problem vector-valued.

        Such a problem has a Jacobian instead of a gradient (and no `rows`).
        """
        raise NotImplementedError

    def structure(self, inputs: Arrays) -> Structure:
        """Say which entries of the Hessian (Jacobian, if vector-valued) may be other than 0.

        Rows and columns are the components of all parameters, in order, end to end. It is
        checked: a structure that leaves out an entry that is not 0 is an error.
        """
        return DENSE

    def gradient(self, xp: Any, *parameters: Any, **data: Any) -> Mapping[str, Any]:
        """Return the gradient derived by hand: parameter name → array of the parameter's shape."""
        raise NotImplementedError

    def jacobian(self, xp: Any, *parameters: Any, **data: Any) -> Mapping[str, Any]:
        """Return the Jacobian derived by hand, of a vector-valued problem.

        Parameter name → array of shape (m, *the parameter's shape).
        """
        raise NotImplementedError

    def hessian(self, xp: Any, *parameters: Any, **data: Any) -> Mapping[tuple[str, str], Any]:
        """Return the Hessian derived by hand, block by block.

        (name, other name) → array of shape (*shape of the one, *shape of the other). Each pair of
        parameters once: the block of (b, m) is that of (m, b), transposed.
        """
        raise NotImplementedError

    def hvp(
        self, xp: Any, direction: Mapping[str, Any], *parameters: Any, **data: Any
    ) -> Mapping[str, Any]:
        """Return the Hessian times a direction, derived by hand, without the Hessian.

        Both are parameter name → array of the parameter's shape.
        """
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The problem's name: the class name in snake_case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(type(self)) or "").split("\n", 1)[0]

    @property
    def letter(self) -> str:
        """The letter that `formula` has for the value: z of z = x² − y², C where it has none."""
        found = re.match(r"\\?([A-Za-z]+)(_\w|_\{\w+\})?(\([^()]*\))? *=", self.formula)
        letter = _letter(found[1]) if found else ""
        return letter if letter and letter not in self.parameters else "C"

    @property
    def vector_valued(self) -> bool:
        """Whether the function gives a vector, and not a cost."""
        return self._defines("outputs")

    @property
    def has_gradient(self) -> bool:
        """Whether a hand-derived gradient is there."""
        return self.derives("gradient")

    def derives(self, derivative: str) -> bool:
        """Whether `gradient`, `jacobian`, `hessian` or `hvp` is there, derived by hand."""
        return self._defines(derivative)

    def _defines(self, method: str) -> bool:
        """Whether a method that may be left out is there, in the class or given to a decorator."""
        own = getattr(self, method)
        return getattr(own, "__func__", own) is not getattr(Problem, method)

    @property
    def options(self) -> tuple[str, ...]:
        """What may be said beside the values of the arguments: for a decorated function."""
        return ()

    @property
    def fixed_data(self) -> bool:
        """Whether the inputs are the same whatever the size: of a function without `rows`."""
        return False

    @property
    def one_size(self) -> bool:
        """Whether there is no other size than that of `sizes`; where it has names, there is."""
        return len(self.sizes) == 1 and not isinstance(self.sizes[0], NamedSize)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the signature of `cost`."""
        return _declared(self.name, self._signature)[0]

    @cached_property
    def data(self) -> tuple[str, ...]:
        """Names of the data arguments."""
        return _declared(self.name, self._signature)[1]

    @property
    def native(self) -> bool:
        """Whether it has native costs alone, `cost_torch` and the like."""
        return type(self).cost is run_native

    @cached_property
    def native_costs(self) -> dict[str, Callable[..., Any]]:
        """The costs in frameworks' own code: framework → function of parameters and data."""
        return native_costs(self)

    def get_ready(self, values: Arrays) -> None:
        """Import what running the cost on numbers with proof needs; of one in `xp`, nothing."""
        if self.native:
            get_ready(self, values)

    @property
    def _signature(self) -> list[inspect.Parameter]:
        if self.native:
            return native_signature(self)
        arguments = list(inspect.signature(self.cost).parameters.values())
        if not arguments or arguments[0].name != "xp":
            raise ProblemError(f"problem {self.name!r}: the first argument of cost must be xp")
        return arguments[1:]

    def interval(self, name: str) -> tuple[float, float]:
        """Return the open interval of a parameter in the domain: all reals if it has none."""
        everywhere = (-np.inf, np.inf)
        return everywhere if callable(self.domain) else self.domain.get(name, everywhere)

    def contains(self, values: Arrays) -> bool:
        """Tell whether the values, by name, lie inside the domain.

        Raises `ProblemError` for a `domain` that is a function and raises.
        """
        if not callable(self.domain):
            return all(
                np.all((low < values[name]) & (values[name] < high))
                for name, (low, high) in self.domain.items()
            )
        try:
            return bool(self.domain({name: array.copy() for name, array in values.items()}))
        except RAISED as error:
            told = describe_method("domain(values)", values, error)
            raise ProblemError(f"problem {self.name!r}: {told}") from error

    def cost_on(self, backend: str, xp: Any, numpy: bool = False) -> Callable[..., Any]:
        """Bind the cost to the namespace `xp`, as `f(*parameters, **data)`.

        A method `cost_<backend>` takes precedence over `cost`, for the rare case in which the
        generic code cannot be the fair one; without `xp` among its arguments, it is the backend's
        own code. It is checked against the others like any result. `numpy` says that code of
        NumPy's will do. Raises `Unsupported` where all costs are native, and none is of this
        backend.
        """
        self.require_cost(backend, numpy)
        general = self.native_costs.get("numpy", self.cost) if numpy else self.cost
        cost = getattr(self, f"cost_{backend}", general)
        return partial(cost, xp) if takes_xp(cost) else cost

    def require_cost(self, backend: str, numpy: bool = False) -> None:
        """Raise `Unsupported` for a backend that all native costs leave out."""
        if not self.native or hasattr(self, f"cost_{backend}"):
            return
        if not (numpy and "numpy" in self.native_costs):
            *most, last = self.native_costs
            names = f"{', '.join(most)} and {last}" if most else last
            raise Unsupported(f"the cost is in the code of {names} alone")

    def split(self, inputs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Split inputs by name into (parameters in order, data by name): how `cost` is called."""
        return (
            tuple(inputs[name] for name in self.parameters),
            {name: unwrap_static(inputs[name]) for name in self.data},
        )

    def value_shape(self, inputs: Arrays) -> tuple[int, ...]:
        """Return the shape of the result of `cost`: `()`, or (m,) for a vector-valued problem."""
        return (int(self.outputs(inputs)),) if self.vector_valued else ()

    def check_returned(self, value: Any) -> None:
        """Raise `ProblemError` for a cost that is None (a forgotten `return`) or text."""
        if value is None or isinstance(value, (str, bytes, Mapping)):
            raise ProblemError(
                f"the cost of problem {self.name!r} must return a number, but it returned {value!r}"
            )

    def check_cost(
        self, shape: tuple[int, ...], dtype: Any, expected: tuple[int, ...] = ()
    ) -> None:
        """Raise `ProblemError` unless a cost of this shape and dtype is what it should be.

        Real, and of the `expected` shape (`value_shape`): one number, if nothing is said.
        """
        if tuple(shape) != expected:
            wanted = f"{expected[0]} numbers (its outputs)" if expected else "one number"
            raise ProblemError(
                f"the cost of problem {self.name!r} must return {wanted}, "
                f"but it returned an array of shape {tuple(shape)}"
            )
        kind = str(dtype)
        if "bool" in kind:
            raise ProblemError(
                f"the cost of problem {self.name!r} must return a number, but it returned a "
                "condition, which becomes one by xp.where(condition, 1.0, 0.0)"
            )
        if "complex" in kind or "int" in kind:
            raise ProblemError(
                f"the cost of problem {self.name!r} must return a real floating-point number, "
                f"but it returned {kind.removeprefix('torch.')}"
            )

    def check_gradient(self, gradient: Any, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise `ProblemError` unless a hand-derived gradient has the right names and shapes."""
        subject = f"the hand-derived gradient of problem {self.name!r}"
        if not isinstance(gradient, Mapping):
            raise ProblemError(
                f"{subject} must be a dict of parameter name → partial derivative, "
                f"but it is a {type(gradient).__name__}"
            )
        missing = [name for name in self.parameters if name not in gradient]
        extra = [name for name in gradient if name not in self.parameters]
        if missing:
            raise ProblemError(f"{subject} lacks {', '.join(map(repr, missing))}")
        if extra:
            raise ProblemError(
                f"{subject} names {', '.join(map(repr, extra))}, "
                f"but the parameters are {', '.join(self.parameters)}"
            )
        for name in self.parameters:
            shape = np.shape(gradient[name])
            if shape != shapes[name]:
                raise ProblemError(
                    f"{subject} gives {name!r} the shape {shape}, "
                    f"but the parameter has the shape {shapes[name]}"
                )

    def __repr__(self) -> str:
        arguments = ", ".join(self.parameters)
        if self.data:
            arguments += f"; {', '.join(self.data)}"
        return f"<Problem {self.name}({arguments}): {self.summary}>"

    def _repr_markdown_(self) -> str:
        return notebook.as_markdown(self)

    def _repr_html_(self) -> str:
        return notebook.as_html(self)

    def _repr_latex_(self) -> str | None:
        return notebook.as_latex(self)


def _letter(name: str) -> str:
    """Give a letter as it is, or a Greek one by its name; none for a word."""
    if len(name) == 1:
        return name
    size = "SMALL" if name.islower() else "CAPITAL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {name.upper()}")
    except KeyError:
        return ""


def _declared(
    name: str, arguments: list[inspect.Parameter]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split a cost's arguments into parameters (positional) and data (keyword-only)."""
    parameters: list[str] = []
    data: list[str] = []
    for argument in arguments:
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            raise ProblemError(
                f"problem {name!r}: cost takes {argument}, but the signature is the declaration: "
                "name every parameter, and every data argument after a bare *"
            )
        (data if argument.kind is argument.KEYWORD_ONLY else parameters).append(argument.name)
    if not parameters:
        raise ProblemError(f"problem {name!r}: cost has no parameter to differentiate")
    return tuple(parameters), tuple(data)
