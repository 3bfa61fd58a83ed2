"""What can be looked at: a problem, pictures of it, gradient descent, the errors of differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, overload

from calcbench.catalogue.selection import (
    BackendSelector,
    ProblemSelector,
    find_backend,
    find_problem,
    is_one,
    select_backends,
)
from calcbench.operators import Operator
from calcbench.problem.arguments import list_of
from calcbench.problem.faults import EXITS, blamed_on
from calcbench.problem.inputs import own_point
from calcbench.problem.size import SizeLike
from calcbench.report.picture import Picture
from calcbench.show.descent import Descent, Descents
from calcbench.show.descent import descend as follow
from calcbench.show.describe import describe
from calcbench.show.description import Description
from calcbench.show.pictures.landscape import default_backend
from calcbench.show.pictures.plot import plot as draw_plot
from calcbench.show.steps import SCHEMES, Curve, curve


def show(
    problem: ProblemSelector,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    operator: str | Operator = "gradient",
) -> Description:
    """Show a problem: formula, derivation, symbolic derivatives, and a program per backend.

    The programs compute the same without calcbench; without `backends`, they are those of the
    default ones. It prints as `calcbench show` does; in a notebook, formulas are set. `.data` has
    all of it as plain data.

        >>> calcbench.show("saddle", "jax")
        >>> calcbench.show("saddle", [], "hessian")     # no programs

    Raises what `gradient` raises.
    """
    chosen = find_problem(problem)
    selectors = backends if backends is None else list_of("backends", backends, is_one)
    with blamed_on(chosen.name):
        return Description(chosen, describe(chosen, selectors, operator))


def steps(
    problem: ProblemSelector,
    partial: str = "",
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> Curve:
    """Take one partial derivative by differences at many steps, and find its true error at each.

    `partial` is a component, `m` or `w[3]`; the first if not said. The backends are those with a
    step, by default forward, central and Richardson differences. What comes back prints as a
    table, plots itself (`.save("v.svg")`), and has `.steps` and the predicted `.optimum`.

        >>> curve = calcbench.steps("chain_rule_single")
        >>> curve.optimum["finite_difference[scheme=forward]"]
        1e-07

    Raises what `gradient` raises, and `NotCertified` where there is no true value to compare with.
    """
    chosen = find_problem(problem)
    selectors = SCHEMES if backends is None else list_of("backends", backends, is_one)
    engines = select_backends(selectors)
    with blamed_on(chosen.name, EXITS):
        return curve(chosen, partial, engines, at, size, seed)


def plot(
    problem: ProblemSelector,
    backend: BackendSelector | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    kind: str | None = None,
    parameters: str | Iterable[str] = (),
    window: Mapping[str, tuple[float, float]] | None = None,
    size: SizeLike | None = None,
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
    names = list_of("parameters", parameters, lambda name: isinstance(name, str))
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
    size: SizeLike | None = ...,
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
    size: SizeLike | None = ...,
    seed: int = ...,
) -> Descents: ...


def descend(
    problem: ProblemSelector,
    backend: BackendSelector | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    rate: float | Iterable[float] = 0.01,
    steps: int = 100,
    size: SizeLike | None = None,
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
        paths = follow(point, engine, list_of("rate", rate, _is_number), steps)
    return paths[0] if _is_number(rate) else paths


def _is_number(rate: Any) -> bool:
    """Whether a rate is one, and no list: text, which is refused, and an array without axes too."""
    many = isinstance(rate, Iterable) and not isinstance(rate, str)
    return not many or getattr(rate, "shape", None) == ()
