"""Problems whose cost is a framework's own code: `cost_torch`, `cost_numpy` and no `xp`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import calcbench as cb
from calcbench.certified.certificate import certify
from calcbench.certified.reference import NotCertified
from calcbench.errors import ProblemError, Unsupported
from calcbench.native.costs import _identify
from calcbench.operators import find_operator
from calcbench.problem.inputs import own_point


class Least(cb.Problem):
    """A fit of tanh by least squares, in NumPy's own code."""

    rows = ("X", "y")

    def inputs(self, size: int, rng: np.random.Generator) -> Mapping[str, Any]:
        X = rng.normal(size=(12, 3))
        return {"w": rng.normal(size=3), "b": 0.5, "X": X, "y": np.sin(X[:, 0]), "power": 2}

    def cost_numpy(self, w: Any, b: Any, *, X: Any, y: Any, power: int) -> Any:
        return np.mean((np.tanh((X - X.mean(axis=0)) @ w) + b - y) ** power)

    def gradient(self, xp: Any, w: Any, b: Any, *, X: Any, y: Any, power: int) -> Mapping[str, Any]:
        X = X - xp.mean(X, axis=0)
        t = xp.tanh(xp.matmul(X, w))
        r = power * (t + b - y)
        return {"w": xp.mean((r * (1 - t * t))[:, None] * X, axis=0), "b": xp.mean(r)}


class Both(Least):
    """The same in JAX's code, too."""

    def cost_jax(self, w: Any, b: Any, *, X: Any, y: Any, power: int) -> Any:
        import jax.numpy as jnp

        return jnp.mean((jnp.tanh((X - X.mean(axis=0)) @ w) + b - y) ** power)


class Shifted(Both):
    """Another cost in JAX, of the same gradient."""

    def cost_jax(self, *given: Any, **data: Any) -> Any:
        return super().cost_jax(*given, **data) + 1e-9

    cost_jax.__wrapped__ = Both.cost_jax  # type: ignore[attr-defined]


class Turned(Both):
    """Another cost in JAX, with a wrong sign in one place."""

    def cost_jax(self, w: Any, b: Any, *, X: Any, y: Any, power: int) -> Any:
        return super().cost_jax(w, -b, X=X, y=y, power=power)


class Generic(Least):
    """The same in the vocabulary, which NumPy's code is held against."""

    def cost(self, xp: Any, w: Any, b: Any, *, X: Any, y: Any, power: int) -> Any:
        return xp.mean((xp.tanh(xp.matmul(X - xp.mean(X, axis=0), w)) + b - y) ** power)


class Detour(cb.Problem):
    """NumPy's code leaves what is known, and that of JAX does not."""

    def inputs(self, size: int, rng: np.random.Generator) -> Mapping[str, Any]:
        return {"x": rng.normal(size=4)}

    def cost_numpy(self, x: Any) -> Any:
        return np.sum(np.abs(np.fft.fft(x)) ** 2)

    def cost_jax(self, x: Any) -> Any:
        return 4 * (x**2).sum()


def statuses(problem: cb.Problem, *backends: str, **options: Any) -> dict[str, str]:
    """Compare a problem: backend → verdict."""
    found = cb.verify(problem, backends or None, **options)
    return {record.backend: record.status.value for record in found}


def reasons(problem: cb.Problem, *backends: str) -> dict[str, str]:
    return {record.backend: record.reason for record in cb.verify(problem, backends)}


def test_numpy_code_is_differenced_and_its_formula_is_proved_right() -> None:
    found = statuses(Least(), "by_hand", "finite_difference", "dual")
    assert found == {"by_hand": "ok", "finite_difference": "ok", "dual": "skipped"}
    assert reasons(Least(), "dual")["dual"] == "the cost is in the code of numpy alone"
    assert "finite_difference[scheme=complex]" in statuses(
        Least(), "finite_difference[scheme=complex]"
    )
    np.testing.assert_allclose(cb.cost(Least()), cb.cost(Generic()), rtol=1e-14)


def test_the_certificate_is_that_of_the_same_cost_in_the_vocabulary() -> None:
    for name in ("gradient", "hessian", "value_and_gradient"):
        operator = find_operator(name)
        native, generic = (
            certify(own_point(problem), "float64", operator) for problem in (Least(), Generic())
        )
        np.testing.assert_allclose(native.value, generic.value, rtol=1e-15)
        assert np.all(native.bound < 1e-10)


def test_a_wrong_formula_of_a_native_cost_is_found() -> None:
    class Off(Least):
        def gradient(self, xp: Any, *given: Any, **data: Any) -> Mapping[str, Any]:
            found = super().gradient(xp, *given, **data)
            return {**found, "b": found["b"] * (1 + 1e-9)}

    assert statuses(Off(), "by_hand") == {"by_hand": "disagree"}


def test_native_code_beside_a_general_cost_is_what_its_backend_runs() -> None:
    assert set(statuses(Generic(), "finite_difference", "dual").values()) == {"ok"}

    class Wrong(Generic):
        def cost_numpy(self, *given: Any, **data: Any) -> Any:
            return 1.001 * super().cost_numpy(*given, **data)

        cost_numpy.__wrapped__ = Least.cost_numpy  # type: ignore[attr-defined]

    assert statuses(Wrong(), "finite_difference", "dual") == {
        "finite_difference": "disagree",
        "dual": "ok",
    }


# --- two frameworks -------------------------------------------------------------------------------


def test_each_framework_runs_its_own_code_and_others_are_left_out() -> None:
    pytest.importorskip("jax")
    found = statuses(Both(), "jax", "finite_difference", "by_hand", "torch", "sympy")
    assert found == {
        "jax": "ok",
        "finite_difference": "ok",
        "by_hand": "ok",
        "torch": "skipped",
        "sympy": "skipped",
    }
    single = statuses(Both(), "jax", operator="hvp", dtype="float32")
    assert single == {"jax[dtype=float32]": "ok"}
    with pytest.raises(Unsupported, match="the cost is in the code of numpy and jax alone"):
        cb.gradient(Both(), "torch")


def test_native_costs_that_are_other_functions_disagree() -> None:
    pytest.importorskip("jax")
    assert statuses(Turned(), "jax", "by_hand") == {"jax": "disagree", "by_hand": "ok"}
    assert statuses(Shifted(), "jax", "by_hand") == {"jax": "disagree", "by_hand": "ok"}
    assert reasons(Shifted(), "jax")["jax"].startswith("its cost is another function: ")


def test_the_reference_is_of_the_first_cost_that_can_be_certified() -> None:
    pytest.importorskip("jax")
    found = cb.reference(Detour())
    point = own_point(Detour())
    np.testing.assert_allclose(found.value["x"], 8 * point["x"], rtol=1e-15)
    assert statuses(Detour(), "jax", "finite_difference") == {
        "jax": "ok",
        "finite_difference": "ok",
    }


def test_a_decorated_function_says_whose_code_it_is() -> None:
    pytest.importorskip("torch")

    @cb.problem(w=[0.5, -1.0], X=np.eye(2), k=3, framework="torch")
    def loss(w, *, X, k):
        return (k * X @ w).sin().sum()

    assert loss.native
    assert statuses(loss, "torch", "finite_difference") == {
        "torch": "ok",
        "finite_difference": "skipped",
    }
    np.testing.assert_allclose(cb.gradient(loss, "torch")["w"], 3 * np.cos([1.5, -3.0]))
    assert "the framework's own code" in str(cb.show(loss))


def test_a_file_with_native_costs_is_run_where_its_frameworks_are(cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "fit.py"
    file.write_text(
        '''
import numpy as np
import calcbench as cb


class Fit(cb.Problem):
    """A fit."""

    def inputs(self, size, rng):
        return {"w": rng.normal(size=3), "X": rng.normal(size=(5, 3))}

    def cost_numpy(self, w, *, X):
        return (np.tanh(X @ w) ** 2).mean()
'''
    )
    found = cli("compare", str(file), "-b", "jax", "-b", "sympy", "-b", "finite_difference")
    assert found.status == 0
    assert "certified" in found.out
    assert "jax, sympy: the cost is in the code of numpy alone" in found.out


# --- what is declared wrongly ---------------------------------------------------------------------


def test_costs_must_take_the_same_and_be_there() -> None:
    class Odd(Least):
        def cost_jax(self, w: Any, *, X: Any) -> Any:
            return (X @ w).sum()

    with pytest.raises(ProblemError, match=r"cost_jax takes \(.*\), and cost_numpy \(.*same"):
        own_point(Odd())

    class Nothing(cb.Problem):
        def inputs(self, size: int, rng: np.random.Generator) -> Mapping[str, Any]:
            return {"w": 1.0}

    with pytest.raises(TypeError, match="abstract"):
        Nothing()  # type: ignore[abstract]
    with pytest.raises(ProblemError, match="framework='torhc': did you mean 'torch'"):
        cb.problem(w=1.0, framework="torhc")(lambda_of_w)
    with pytest.raises(ProblemError, match="a function of xp is for every framework"):
        cb.problem(w=1.0, framework="torch")(of_xp)


def lambda_of_w(w: Any) -> Any:
    return w


def of_xp(xp: Any, w: Any) -> Any:
    return xp.exp(w)


# --- what a cost reads besides its arguments ------------------------------------------------------


class Scaled(cb.Problem):
    """A cost in JAX that reads an attribute, which is in the trace."""

    alpha = 2.0

    def inputs(self, size: int, rng: np.random.Generator) -> Mapping[str, Any]:
        return {"w": np.array([1.5, 0.3])}

    def cost_jax(self, w: Any) -> Any:
        return self.alpha * (w**2).sum()


def test_what_a_cost_reads_may_change_between_two_comparisons() -> None:
    pytest.importorskip("jax")
    problem = Scaled()
    for alpha in (2.0, 3.0):
        problem.alpha = alpha
        assert statuses(problem, "jax") == {"jax": "ok"}
        np.testing.assert_allclose(
            cb.reference(problem).value["w"], 2 * alpha * np.array([1.5, 0.3])
        )


def test_nothing_is_certified_by_a_cost_that_computes_another_value_when_traced() -> None:
    jax = pytest.importorskip("jax")

    class Unlike(Scaled):
        def cost_jax(self, w: Any) -> Any:
            traced = isinstance(w, jax.core.Tracer)
            return (3.0 if traced else 2.0) * (w**2).sum()

    with pytest.raises(
        NotCertified, match=r"cost_jax: it gives 4\.6.*, and its operations .* 7\.0"
    ):
        certify(own_point(Unlike()), "float64")


def test_what_a_native_cost_keeps_of_a_certificate_is_put_back() -> None:
    class Keeping(Scaled):
        cost_jax = None

        def cost_numpy(self, w: Any) -> Any:
            self.last = w
            return (w**2).sum()

    problem = Keeping()
    certify(own_point(problem), "float64")
    assert not hasattr(problem, "last")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([True, False]), np.array([1, 0], np.uint8)),
        ([np.arange(2000)], [np.arange(2000) + (np.arange(2000) == 1000)]),
        (1, True),
    ],
    ids=["dtype", "elided", "bool"],
)
def test_constants_that_differ_are_told_apart(one: Any, other: Any) -> None:
    assert _identify(one) != _identify(other)
    assert _identify(one) == _identify(one.copy() if isinstance(one, np.ndarray) else one)
