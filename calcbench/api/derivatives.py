"""Operators of a problem's cost at a point, by one backend; and their certified values.

The functions share most of their arguments, each written out so that editors complete them and
`help` lists them. `problem` is a name, a path to a `.py` file or a `Problem`; `backend` a name,
perhaps with options (`"torch[mode=compile]"`), or a `Backend`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.backend.numpy_cost import check_repeats
from calcbench.catalogue.selection import BackendSelector, ProblemSelector, find_problem
from calcbench.certified.reference import Reference
from calcbench.certified.reference import reference as certified
from calcbench.harness import evaluate as evaluation
from calcbench.harness.evaluate import Evaluator, evaluate
from calcbench.operators import Operator, find_operator
from calcbench.operators.partial import Partial
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Arrays
from calcbench.problem.size import SizeLike


def cost(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Compute the value of a problem's cost by one backend: an array of shape ().

    Of a vector-valued problem, all its outputs, shape (m,).

        >>> calcbench.cost("saddle", at={"x": 3, "y": 2})
        array(5.)

    Raises what `gradient` raises.
    """
    found: np.ndarray = evaluate("cost", problem, backend, at, size, seed)
    return found


def gradient(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> Arrays:
    """Take the gradient of a problem's cost by one backend: parameter name → array of its shape.

    `at` gives parameters other values than the problem's own, which the rest keep. Data come
    from the problem, at `size` and `seed`. The arrays are float64, or float32 by a backend with
    `dtype=float32`.

        >>> calcbench.gradient("batch_regression", backend="torch", at={"m": 0.9, "b": 0.1})
        {'m': array(36.305), 'b': array(6.265)}

    Raises `SelectorError` for an unknown name or a bad `at`, `NotInstalled` where a framework is
    missing, `Unsupported` where the backend cannot do this problem, `ProblemError` where the
    problem breaks its contract.
    """
    found: Arrays = evaluate("gradient", problem, backend, at, size, seed)
    return found


def value_and_gradient(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, Arrays]:
    """Take the cost and its gradient together: (C, parameter name → array of its shape).

    The two share their work, where the backend can.

        >>> calcbench.value_and_gradient("saddle", "jax")
        (array(5.), {'x': array(6.), 'y': array(-4.)})

    Raises what `gradient` raises.
    """
    found: tuple[np.ndarray, Arrays] = evaluate(
        "value_and_gradient", problem, backend, at, size, seed
    )
    return found


def partial(
    problem: ProblemSelector,
    component: str = "",
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Take the partial derivative by one component, `m` or `w[3]`: an array of shape ().

    Without a `component`, by the first. Of a vector-valued problem, the partials of all its
    outputs, shape (m,).

        >>> calcbench.partial("saddle", "y", "torch")
        array(-4.)

    Raises what `gradient` raises, and `SelectorError` for a component that there is not.
    """
    found: np.ndarray = evaluate(Partial(component), problem, backend, at, size, seed)
    return found


def pushforward(
    problem: ProblemSelector,
    direction: Mapping[str, Any],
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Take the derivative along a direction v: ∇C·v, an array of shape ().

    Of a vector-valued problem, J·v, shape (m,). `direction` gives every parameter an array of its
    shape.

        >>> calcbench.pushforward("saddle", {"x": 1, "y": 2}, "jax")
        array(-2.)

    Raises what `gradient` raises, and `SelectorError` for a direction that does not fit.
    """
    found: np.ndarray = evaluate("pushforward", problem, backend, at, size, seed, direction)
    return found


def pullback(
    problem: ProblemSelector,
    cotangent: Any,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> Arrays:
    """Multiply a cotangent u by the Jacobian, Jᵀu: parameter name → array of its shape.

    `cotangent` has the shape of the value: a number for a cost, (m,) for a vector-valued problem;
    or it is a dict with that as `C`.

        >>> calcbench.pullback("saddle", 10, "jax")
        {'x': array(60.), 'y': array(-40.)}

    Raises what `gradient` raises, and `SelectorError` for a cotangent that does not fit.
    """
    found: Arrays = evaluate("pullback", problem, backend, at, size, seed, cotangent)
    return found


def jacobian(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
    sparse: bool = False,
) -> Any:
    """Take the Jacobian of a vector-valued problem: a row per output, a column per component.

    An array of shape (m, n), over the n components of all parameters, in order, end to end. With
    `sparse`, a `scipy.sparse.csr_array` of the entries that the problem's `structure` stores.

    Raises what `gradient` raises, and `Unsupported` for a cost (it has a gradient), or for a
    matrix that is too large to be dense.
    """
    return evaluate("jacobian", problem, backend, at, size, seed, sparse=sparse)


def hvp(
    problem: ProblemSelector,
    direction: Mapping[str, Any],
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> Arrays:
    """Multiply the Hessian by a direction, without the Hessian: parameter name → array.

    Each array has the parameter's shape. `direction` gives every parameter an array of its shape.

        >>> calcbench.hvp("saddle", {"x": 1, "y": 1}, "jax")
        {'x': array(2.), 'y': array(-2.)}

    Raises what `gradient` raises, and `SelectorError` for a direction that does not fit.
    """
    found: Arrays = evaluate("hvp", problem, backend, at, size, seed, direction)
    return found


def gradient_and_hvp(
    problem: ProblemSelector,
    direction: Mapping[str, Any],
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> tuple[Arrays, Arrays]:
    """Take the gradient and the Hessian times a direction together: (∇C, H·v), each by parameter.

    The two share their work, where the backend can: H·v is how the gradient changes along v. All
    arrays have the parameter's shape; `direction` gives every parameter an array of its shape.

        >>> calcbench.gradient_and_hvp("saddle", {"x": 1, "y": 1}, "jax")
        ({'x': array(6.), 'y': array(-4.)}, {'x': array(2.), 'y': array(-2.)})

    Raises what `gradient` raises, and `SelectorError` for a direction that does not fit.
    """
    found: tuple[Arrays, Arrays] = evaluate(
        "gradient_and_hvp", problem, backend, at, size, seed, direction
    )
    return found


def hessian(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
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
    return evaluate("hessian", problem, backend, at, size, seed, sparse=sparse)


def second_derivative(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Take d²C/dx² of a cost of a single number: an array of the parameter's shape.

        >>> calcbench.second_derivative("square", "sympy")
        array(2.)

    Raises what `gradient` raises, and `Unsupported` for a problem of several numbers.
    """
    found: np.ndarray = evaluate("second_derivative", problem, backend, at, size, seed)
    return found


def prepare(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    operator: str | Operator = "gradient",
    *,
    size: SizeLike | None = None,
    seed: int = 0,
    sparse: bool = False,
) -> Evaluator:
    """Prepare an operator on a backend, once; call what comes back at as many points as you like.

    The functions above trace, compile or derive anew at every call, which takes JAX a quarter of a
    second. What comes back takes the parameters by name, and returns what the function of the
    operator's name returns.

        >>> slope = calcbench.prepare("batch_regression", "jax")
        >>> slope
        <gradient of batch_regression(m, b; x, y), jax: reverse>
        >>> slope(m=0.9, b=0.1)
        {'m': array(36.305), 'b': array(6.265)}

    `slope()` evaluates at the problem's own values, `slope(**at)` at those of a dict; what is left
    out keeps its own. Data may be given too, in place of the problem's, in the same shapes:
    `slope(m=0.9, b=0.1, x=x, y=y)`. An operator that takes a direction or a cotangent takes it
    first: `product(direction, x=3, y=2)`.
    With `sparse`, a Hessian or Jacobian is a `scipy.sparse.csr_array`.

    Raises what `gradient` raises; the call, `SelectorError` for values that do not fit.
    """
    return evaluation.prepare(operator, problem, backend, size, seed, sparse)


def reference(
    problem: ProblemSelector,
    at: Mapping[str, Any] | None = None,
    *,
    operator: str | Operator = "gradient",
    direction: Mapping[str, Any] | None = None,
    size: SizeLike | None = None,
    seed: int = 0,
) -> Reference:
    """Certify the gradient of a problem's cost, or another operator: values with error radii.

    The radii are rigorous: ball arithmetic on the cost itself, to 30 digits or more
    (`calcbench.certified`).

        >>> calcbench.reference("cylinder_volume", at={"r": 3, "l": 5})
        v = [141.371669411540695730818952248 +/- 4.23e-28]
        ∂v/∂r = [94.2477796076937971538793014984 +/- 1.50e-29]
        ∂v/∂l = [28.2743338823081391461637904495 +/- 1.56e-29]

    A number that does not exist because a comparison ties here says so. Without `direction`, a
    product is taken with a random one. Raises `NotCertified` where the cost leaves the array
    vocabulary, is not a number, or has a branch that no precision decides, `ProblemError` for one
    that gives another value when it is run again, and what `gradient` raises for bad input.
    """
    chosen = find_problem(problem)
    point = own_point(chosen, size, seed, at)
    wanted = find_operator(operator).resolve(point)
    check_repeats(point)
    rng = np.random.default_rng([seed, 3])
    return certified(wanted.seed_point(point, rng, direction), wanted)
