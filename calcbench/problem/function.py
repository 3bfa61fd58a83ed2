"""A problem made of one decorated function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.errors import ProblemError, SelectorError, nearest, short_repr
from calcbench.problem.native import FRAMEWORKS, run_native, takes_xp
from calcbench.problem.problem import Problem
from calcbench.problem.rows import long_axis

FORMULAS = ("gradient", "jacobian", "hessian", "hvp")
"""Options that are functions of what the cost takes, with `xp` first if they need it."""

OPTIONS = (
    *FORMULAS,
    "rows",
    "reduction",
    "domain",
    "sizes",
    "outputs",
    "structure",
    "limits",
    "formula",
    "derivation",
    "sources",
    "place",
    "framework",
    *(f"cost_{framework}" for framework in FRAMEWORKS),
)
"""What the decorator may say of a problem, beside the values of its arguments."""


class FunctionProblem(Problem):
    """A problem made of one function and the values of its arguments; see `problem`."""

    def __init__(self, function: Callable[..., Any], values: Mapping[str, Any]) -> None:
        """Take the cost, a value for each of its arguments, and options (`OPTIONS`)."""
        self._function = function
        self._takes_xp = takes_xp(function)
        self._framework = ""
        arguments = {argument.name for argument in self._signature}
        options = {n: v for n, v in values.items() if n in OPTIONS and n not in arguments}
        self._values = {name: value for name, value in values.items() if name not in options}
        self._declares_rows = "rows" in options
        options.setdefault("sizes", (self._length(options.get("rows", ())),))
        for name in FORMULAS:
            if callable(options.get(name)) and not takes_xp(options[name]):
                options[name] = _with_xp(options[name])
        framework = options.pop("framework", "")
        if framework:
            _check_framework(self.name, framework, self._takes_xp)
            self._framework, options[f"cost_{framework}"] = framework, function
        vars(self).update(options)  # they come before the attributes of the class

    @property
    def name(self) -> str:
        """The function's name."""
        return self._function.__name__

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self._function) or "").split("\n", 1)[0]

    @property
    def options(self) -> tuple[str, ...]:
        """What the decorator takes beside the arguments of the function."""
        return OPTIONS

    @property
    def fixed_data(self) -> bool:
        """Whether it runs on all of its data or not at all: declared rows can be fewer."""
        return not self._declares_rows

    @property
    def one_size(self) -> bool:
        """Whether there is no other size; of declared rows, any number can be taken."""
        return self.fixed_data

    @property
    def native(self) -> bool:
        """Whether the function is a framework's own code."""
        return bool(self._framework)

    @property
    def _signature(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self._function).parameters.values())[int(self._takes_xp) :]

    def inputs(self, size: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return the values given to the decorator; of declared rows, the first `size`."""
        if self.fixed_data:
            return self._values
        rows = self._length(self.rows)
        if size > rows:
            raise SelectorError(f"problem {self.name!r} has {rows:,} rows, got size {size:,}")
        given = {name: np.asarray(self._values[name]) for name in self.rows if name in self._values}
        return {**self._values, **{n: array[:size] for n, array in given.items() if array.ndim}}

    def _length(self, rows: Any) -> int:
        """Return how many rows there are: of the data named, or by the long axis of all data."""
        if isinstance(rows, tuple) and rows:
            lengths = [len(a) for a in map(np.asarray, map(self._values.get, rows)) if a.ndim]
            return max(lengths, default=1)
        data = [a.name for a in self._signature if a.kind is a.KEYWORD_ONLY]
        return long_axis(self._values, data) or 1

    def cost(self, xp: Any, *parameters: Any, **data: Any) -> Any:
        """Call the function, with `xp` if that is its first argument."""
        if self._framework:
            return run_native(self, xp, *parameters, **data)
        if self._takes_xp:
            return self._function(xp, *parameters, **data)
        return self._function(*parameters, **data)

    def __call__(self, *arguments: Any, **data: Any) -> Any:
        """Call the undecorated function."""
        return self._function(*arguments, **data)


def _check_framework(name: str, framework: Any, takes_xp: bool) -> None:
    """Refuse a framework that there is not, or a function that is written for all of them."""
    if framework not in FRAMEWORKS:
        raise ProblemError(
            f"problem {name!r}: framework={short_repr(framework)}: "
            f"{nearest(str(framework), FRAMEWORKS)}"
        )
    if takes_xp:
        raise ProblemError(
            f"problem {name!r}: a function of xp is for every framework: leave framework out"
        )


def _check_function(function: Any) -> None:
    """Refuse what is no function of named arguments."""
    try:
        if isinstance(getattr(function, "__name__", None), str) and not isinstance(function, type):
            inspect.signature(function)
            return
    except (TypeError, ValueError):  # some that are built in
        pass
    raise ProblemError(
        f"@calcbench.problem decorates a function with a name and named arguments, and not "
        f"{short_repr(function)}"
    )


NAMED = ("__module__", "__name__", "__qualname__", "__doc__")
"""What a wrapped function keeps; Python 3.12 cannot give it the type parameters of a class."""


def _with_xp(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a formula that needs no array namespace one that is given it, as a method is."""

    @functools.wraps(function, assigned=NAMED)
    def formula(xp: Any, *arguments: Any, **data: Any) -> Any:
        return function(*arguments, **data)

    return formula


def problem(*undecorated: Any, **values: Any) -> Callable[[Callable[..., Any]], FunctionProblem]:
    """Turn a function into a `Problem`, with the values of its arguments.

        @calcbench.problem(x=3.0, y=2.0)
        def saddle(x, y):
            return x**2 - y**2

        calcbench.gradient(saddle, backend="jax")    # {"x": array(6.), "y": array(-4.)}

    A function that needs `exp`, `sum` and the like takes the array namespace as its first
    argument, named `xp`. Keyword-only arguments are data.

    A decorated function may say what a class may (`Problem`): `rows` and `reduction`, `domain`,
    `sizes`, the formulas `gradient`, `jacobian`, `hessian` and `hvp`, and so on.

        def by_hand(xp, w, *, X, y):
            residual = xp.matmul(X, w) - y
            return {"w": 2 * xp.mean(residual[:, None] * X, axis=0)}

        @calcbench.problem(w=[0.0, 0.0], X=X, y=y, rows=("X", "y"), gradient=by_hand)
        def least_squares(xp, w, *, X, y):
            return xp.mean((xp.matmul(X, w) - y) ** 2)

    `rows` names the data whose rows the cost is the mean of, or with `reduction="sum"` the sum; a
    size is then how many of them to take, from the first. Where no rows are declared, data with
    one long first axis in common are tried as rows. A formula takes what the cost takes. A name
    that is an argument of the function is that argument, and not an option.

    `framework="torch"` (or `"jax"`, `"numpy"`, `"tensorflow"`) says that the function is that
    framework's own code: it is differentiated by this framework alone, and by those of other
    functions that are given as `cost_jax=…` and so on.
    """

    if undecorated:
        raise ProblemError(
            "a problem is decorated with the values of its arguments, by name: "
            "@calcbench.problem(x=3.0, y=2.0)"
        )

    def decorate(function: Callable[..., Any]) -> FunctionProblem:
        _check_function(function)
        return FunctionProblem(function, values)

    return decorate
