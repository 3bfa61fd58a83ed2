"""The public functions: operators, `reference`, `compare`, `verify`, `plot`, `benchmark`.

The operator functions share most of their arguments, each written out so that editors complete
them and `help` lists them. `problem` is a name, a path to a `.py` file or a `Problem`; `backend` a
name, perhaps with options (`"torch[mode=compile]"`), or a `Backend`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from calcbench.bench.rounds import Settings
from calcbench.bench.selection import open_session
from calcbench.catalogue.selection import (
    BackendSelector,
    ProblemSelector,
    find_backend,
    find_problem,
)
from calcbench.certified.reference import Reference
from calcbench.certified.reference import reference as certified
from calcbench.harness.compare_each import compare_each
from calcbench.harness.evaluate import evaluate, evaluate_matrix
from calcbench.operators import Operator, find_operator
from calcbench.operators.hessian import Hessian
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.partial import Partial
from calcbench.problem.faults import EXITS, blamed_on
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Arrays
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record
from calcbench.report.comparison import as_html, as_text
from calcbench.report.picture import Picture
from calcbench.report.run import Run
from calcbench.show.descent import Descent, Descents
from calcbench.show.descent import descend as follow
from calcbench.show.pictures.landscape import default_backend
from calcbench.show.pictures.plot import plot as draw_plot


@dataclass(frozen=True)
class Comparison:
    """The records of a comparison. It prints as tables, in a terminal and in a notebook."""

    records: tuple[Record, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing disagreed and nothing failed."""
        return not any(record.status.failed for record in self.records)

    def __str__(self) -> str:
        """Write the tables as plain text."""
        return as_text(self.records)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.records)


def gradient(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Arrays:
    """Take the gradient of a problem's cost by one backend: parameter name → array of its shape.

    `at` gives every parameter a value; without it the problem's own values are used. Data come
    from the problem, at `size` and `seed`. The arrays are float64, or float32 by a backend with
    `dtype=float32`.

        >>> calcbench.gradient("batch_regression", backend="torch", at={"m": 0.9, "b": 0.1})
        {'m': array(36.305), 'b': array(6.265)}

    Raises `SelectorError` for an unknown name or a bad `at`, `NotInstalled` where a framework is
    missing, `Unsupported` where the backend cannot do this problem, `ProblemError` where the
    problem breaks its contract.
    """
    return evaluate("gradient", problem, backend, at, size, seed)


def value_and_gradient(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, Arrays]:
    """Take the cost and its gradient together: (C, parameter name → array of its shape).

    The two share their work, where the backend can.

        >>> calcbench.value_and_gradient("saddle", "jax")
        (array(5.), {'x': array(6.), 'y': array(-4.)})

    Raises what `gradient` raises.
    """
    found = evaluate("value_and_gradient", problem, backend, at, size, seed)
    name, *_ = found  # the value comes first
    return found.pop(name), found


def partial(
    problem: ProblemSelector,
    component: str = "",
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Take the partial derivative by one component, `m` or `w[3]`: an array of shape ().

    Without a `component`, by the first. Of a vector-valued problem, the partials of all its
    outputs, shape (m,).

        >>> calcbench.partial("saddle", "y", "torch")
        array(-4.)

    Raises what `gradient` raises, and `SelectorError` for a component that there is not.
    """
    return evaluate(Partial(component), problem, backend, at, size, seed)["C"]


def pushforward(
    problem: ProblemSelector,
    direction: Mapping[str, Any],
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Take the derivative along a direction v: ∇C·v, an array of shape ().

    Of a vector-valued problem, J·v, shape (m,). `direction` gives every parameter an array of its
    shape.

        >>> calcbench.pushforward("saddle", {"x": 1, "y": 2}, "jax")
        array(-2.)

    Raises what `gradient` raises, and `SelectorError` for a direction that does not fit.
    """
    return evaluate("pushforward", problem, backend, at, size, seed, direction)["C"]


def pullback(
    problem: ProblemSelector,
    cotangent: Any,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Arrays:
    """Multiply a cotangent u by the Jacobian, Jᵀu: parameter name → array of its shape.

    `cotangent` has the shape of the value: a number for a cost, (m,) for a vector-valued problem;
    or it is a dict with that as `C`.

        >>> calcbench.pullback("saddle", 10, "jax")
        {'x': array(60.), 'y': array(-40.)}

    Raises what `gradient` raises, and `SelectorError` for a cotangent that does not fit.
    """
    seeds = cotangent if isinstance(cotangent, Mapping) else {"C": cotangent}
    return evaluate("pullback", problem, backend, at, size, seed, seeds)


def jacobian(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
    sparse: bool = False,
) -> Any:
    """Take the Jacobian of a vector-valued problem: a row per output, a column per component.

    An array of shape (m, n), over the n components of all parameters, in order, end to end. With
    `sparse`, a `scipy.sparse.csr_array` of the entries that the problem's `structure` stores.

    Raises what `gradient` raises, and `Unsupported` for a cost (it has a gradient), or for a
    matrix that is too large to be dense.
    """
    return evaluate_matrix(Jacobian(), problem, backend, at, size, seed, sparse)


def hvp(
    problem: ProblemSelector,
    direction: Mapping[str, Any],
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Arrays:
    """Multiply the Hessian by a direction, without the Hessian: parameter name → array.

    Each array has the parameter's shape. `direction` gives every parameter an array of its shape.

        >>> calcbench.hvp("saddle", {"x": 1, "y": 1}, "jax")
        {'x': array(2.), 'y': array(-2.)}

    Raises what `gradient` raises, and `SelectorError` for a direction that does not fit.
    """
    return evaluate("hvp", problem, backend, at, size, seed, direction)


def hessian(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
    sparse: bool = False,
) -> Any:
    """Take the Hessian of a problem's cost: a square matrix over the components of all parameters.

    An array of shape (n, n); the n components stand in order, end to end. With `sparse`, a
    `scipy.sparse.csr_array` of the entries that the problem's `structure` stores.

        >>> calcbench.hessian("saddle", "torch")
        array([[ 2.,  0.],
               [ 0., -2.]])

    Raises what `gradient` raises, and `Unsupported` for a vector-valued problem, or for a matrix
    that is too large to be dense.
    """
    return evaluate_matrix(Hessian(), problem, backend, at, size, seed, sparse)


def second_derivative(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Take d²C/dx² of a cost of a single number: an array of the parameter's shape.

        >>> calcbench.second_derivative("square", "sympy")
        array(2.)

    Raises what `gradient` raises, and `Unsupported` for a problem of several numbers.
    """
    (found,) = evaluate("second_derivative", problem, backend, at, size, seed).values()
    return found


def reference(
    problem: ProblemSelector,
    at: Mapping[str, Any] | None = None,
    *,
    operator: str | Operator = "gradient",
    direction: Mapping[str, Any] | None = None,
    size: int | None = None,
    seed: int = 0,
) -> Reference:
    """Certify the gradient of a problem's cost, or another operator: values with error radii.

    The radii are rigorous: ball arithmetic on the cost itself, to 30 digits or more
    (`calcbench.certified`).

        >>> calcbench.reference("cylinder_volume", at={"r": 3, "l": 5})
        C = [141.371669411540695730818952248 +/- 4.23e-28]
        ∂C/∂r = [94.2477796076937971538793014984 +/- 1.50e-29]
        ∂C/∂l = [28.2743338823081391461637904495 +/- 1.56e-29]

    A number that does not exist because a comparison ties here says so. Without `direction`, a
    product is taken with a random one. Raises `NotCertified` where the cost leaves the array
    vocabulary, is not a number, or has a branch that no precision decides, and what `gradient`
    raises for bad input.
    """
    chosen = find_problem(problem)
    point = own_point(chosen, size, seed, at)
    wanted = find_operator(operator).resolve(point)
    rng = np.random.default_rng([seed, 3])
    return certified(wanted.seed_point(point, rng, direction), wanted)


def plot(
    problem: ProblemSelector,
    backend: BackendSelector | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    kind: str | None = None,
    parameters: str | Iterable[str] = (),
    window: Mapping[str, tuple[float, float]] | None = None,
    size: int | None = None,
    seed: int = 0,
) -> Picture:
    """Draw a problem's cost around a point, with the slopes that a backend takes.

    Of one number, the curve with its tangent and secants; of two, the surface, its level curves
    with arrows along the gradient, and the two slices that the partial derivatives are slopes of;
    of more, the cost along the gradient and the steepest slices. A regression shows its data and
    curve too. `kind` asks for one of these alone: `"curve"`, `"surface"`, `"contours"`,
    `"slices"`, `"profile"` or `"fit"`; or for the `"graph"` of a small cost: its operations, with
    values computed forwards and slopes in reverse. `parameters` are the components that move
    (`["w[0]", "b"]`), `window` the intervals that they are drawn over. Without `backend`, the
    formulas derived by hand if there are some, else differences.

        >>> calcbench.plot("saddle")                    # shows itself in a notebook
        >>> calcbench.plot("saddle", window={"x": (-3, 3), "y": (-3, 3)}).save("saddle.svg")

    Raises what `gradient` raises, `SelectorError` for a kind, component or interval that there is
    not, and `NotInstalled` without the extra `plot`.
    """
    chosen = find_problem(problem)
    point = own_point(chosen, size, seed, at)
    names = [parameters] if isinstance(parameters, str) else list(parameters)
    engine = None if backend is None else find_backend(backend)
    with blamed_on(chosen.name, EXITS):
        return draw_plot(point, engine, kind, names, window)


@overload
def descend(
    problem: ProblemSelector,
    backend: BackendSelector | None = ...,
    at: Mapping[str, Any] | None = ...,
    *,
    rate: float = ...,
    steps: int = ...,
    size: int | None = ...,
    seed: int = ...,
) -> Descent: ...


@overload
def descend(
    problem: ProblemSelector,
    backend: BackendSelector | None = ...,
    at: Mapping[str, Any] | None = ...,
    *,
    rate: Iterable[float],
    steps: int = ...,
    size: int | None = ...,
    seed: int = ...,
) -> Descents: ...


def descend(
    problem: ProblemSelector,
    backend: BackendSelector | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    rate: float | Iterable[float] = 0.01,
    steps: int = 100,
    size: int | None = None,
    seed: int = 0,
) -> Descent | Descents:
    """Descend the gradient of a problem's cost: θ ← θ − rate · ∇C, as often as `steps` says.

    The backend is prepared once; without one, the formulas derived by hand take the gradient if
    there are some, else differences do. The path has `.parameters` and `.costs` from the start to
    the last step, and plots itself: on the level curves, with the cost per step. For several rates,
    `rate=[0.01, 0.04]`, there is a path each. A path ends early where the cost is no longer finite,
    and says so.

        >>> path = calcbench.descend("batch_regression", "jax", rate=0.04, steps=600)
        >>> path.end
        {'m': array(-0.46928571), 'b': array(1.76)}

    Raises what `gradient` raises, and `SelectorError` for a rate or number of steps that is none.
    """
    point = own_point(find_problem(problem), size, seed, at)
    engine = default_backend(point.problem) if backend is None else find_backend(backend)
    with blamed_on(point.problem.name, EXITS):
        if isinstance(rate, Iterable) and not isinstance(rate, str):
            return follow(point, engine, rate, steps)
        return follow(point, engine, [rate], steps)[0]


def compare(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    operator: str | Operator | None = None,
    direction: Mapping[str, Any] | None = None,
    size: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
    timed: bool = True,
    certify: str | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Differentiate problems by backends; judge who agrees, to how many digits; time one call.

    Without `problems`, all of them; without `backends`, the default ones in their default modes;
    `"all"` is every backend that there is. `at` needs a single problem. A missing framework is an
    error if its backend was asked for by name, and a record (`not_installed`) otherwise. `dtype`
    applies to every backend. `operator` asks for something else than the gradient (the Jacobian,
    of a vector-valued problem), such as `"hessian"` (see `calcbench.operators`); where a problem or
    backend has none, its record is `skipped`. Products are taken with `direction` (a single
    problem's), or with a random one. `certify` is `"full"` for the truth over all rows of the data,
    `"sample"` for some of them, `"none"` for a vote; by default an estimate of the time decides.

    Raises what `gradient` raises, for bad input; what a backend gets wrong is a record.
    """
    records: list[Record] = []
    for batch in compare_each(
        problems,
        backends,
        at,
        operator=operator,
        direction=direction,
        size=size,
        seed=seed,
        dtype=dtype,
        timed=timed,
        certify=certify,
        progress=progress,
    ):
        records.extend(batch)
    return Comparison(tuple(records))


def verify(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    **options: Any,
) -> Comparison:
    """Compare without timing: agreement alone. `.ok` says whether nothing is wrong.

    `options` are those of `compare`.
    """
    return compare(problems, backends, at, timed=False, **options)


def benchmark(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    sizes: int | Iterable[int] | None = None,
    *,
    operator: str | Operator = "gradient",
    dtypes: str | Iterable[str] | None = None,
    threads: int | Iterable[int] = 1,
    seed: int = 0,
    settings: Settings | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> Run:
    """Time problems × backends × sizes × dtypes × threads; one process per backend, interleaved.

    Without `problems`, `backends` or `sizes`: all problems, the default backends in their default
    modes (`"all"`: every backend), the sizes that each problem declares. `operator` asks for
    something else than the gradient. `settings` say how closely (`cb.Settings`, `cb.QUICK`). With
    `output`, every cell is written to that file as it ends; with `resume`, those that the file
    holds already are not run again, unless they failed or their source or library versions have
    changed.

        >>> run = calcbench.benchmark("batch_regression", "torch", settings=calcbench.QUICK)
        >>> run.records[0].seconds["call"]      # seconds of one gradient, steady state
        4.6e-05

    Raises `SelectorError` for a bad selection and `NotInstalled` where a backend asked for by
    name is missing. Whatever a backend does wrong, be it a crash or a hang, is a record.
    """
    session = open_session(
        problems,
        backends,
        sizes,
        operator=operator,
        dtypes=dtypes,
        threads=threads,
        seed=seed,
        settings=settings,
        output=output,
        resume=resume,
    )
    for record in session.records(progress):
        progress(f"{record.problem} · {record.backend} · {record.status.value}")
    return Run.of(session.run())
