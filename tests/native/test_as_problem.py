"""Functions as they are as a problem: compared and timed like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import calcbench as cb
from calcbench.errors import SelectorError

BRIEF = cb.Settings(burst=0.001, rounds=6, budget=0.3, precision=0.05)
X = np.random.default_rng(0).normal(size=(6, 3))
WEIGHTS = {"layers": [{"w": np.array([0.3, -0.5, 0.8]), "b": 0.5}], "labels": np.arange(6) % 2}


class Pair(NamedTuple):
    w: np.ndarray
    b: float


def numpy_loss(p):
    (layer,) = p["layers"]
    return np.mean((np.tanh(X @ layer["w"] + layer["b"]) - p["labels"]) ** 2)


def jax_loss(p):
    import jax.numpy as jnp

    (layer,) = p["layers"]
    return jnp.mean((jnp.tanh(X @ layer["w"] + layer["b"]) - p["labels"]) ** 2)


def test_floats_of_any_form_are_parameters_and_integers_data() -> None:
    model = cb.as_problem(numpy_loss, WEIGHTS)
    assert model.parameters == ("layers.0.w", "layers.0.b")
    assert (model.data, model.name) == (("labels",), "numpy_loss")
    found = cb.gradient(model, "finite_difference")
    reference = cb.reference(model).value
    np.testing.assert_allclose(found["layers.0.w"], reference["layers.0.w"], rtol=1e-7)
    assert cb.cost(model) == numpy_loss(WEIGHTS)


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda w, b: np.sum(np.sin(w)) * b, (X[0], 0.5)),
        (lambda pair: np.sum(np.sin(pair.w)) * pair.b, Pair(X[0], 0.5)),
        (lambda w: np.sum(np.sin(w)) * 0.5, X[0]),
        (lambda p, k: np.sum(np.sin(p[0])) * 0.5 * k, ([X[0]], 1)),
    ],
)
def test_arguments_reach_the_function_in_their_form(function: Any, x: Any) -> None:
    model = cb.as_problem(function, x, name="wave")
    np.testing.assert_allclose(cb.cost(model), 0.5 * np.sum(np.sin(X[0])), rtol=1e-15)
    (record,) = cb.verify(model, "finite_difference")
    assert record.status.value == "ok"
    assert record.reference is not None


def test_functions_of_two_frameworks_are_held_against_one_reference() -> None:
    pytest.importorskip("jax")
    both = {"numpy": numpy_loss, "jax": jax_loss}
    assert cb.verify(cb.as_problem(both, WEIGHTS), ["finite_difference", "jax"]).ok
    wrong = {"numpy": lambda p: 1.001 * numpy_loss(p), "jax": jax_loss}
    found = cb.verify(cb.as_problem(wrong, WEIGHTS), "jax")
    assert found.records[0].status.value == "disagree"


@pytest.mark.usefixtures("forked")
def test_functions_as_they_are_are_timed_with_their_verdict() -> None:
    run = cb.benchmark(numpy_loss, x=WEIGHTS, settings=BRIEF)
    (record,) = run.records
    assert (record.problem, record.backend) == ("numpy_loss", "finite_difference")
    assert record.status.value in ("ok", "noisy")  # right, on a busy machine too
    assert record.reference is not None
    assert record.timing is not None
    assert record.seconds["call"] > 0


def test_float32_arrays_are_timed_in_float32() -> None:
    model = cb.as_problem(lambda w: np.sum(w**2), X[0].astype(np.float32), name="squares")
    assert model.dtype == "float32"
    assert cb.as_problem(numpy_loss, WEIGHTS).dtype == "float64"


def test_a_file_may_hold_a_function_as_a_problem(cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text(
        """
import numpy as np
import calcbench as cb


def helper(z):
    return np.tanh(z)


def loss(w):
    return np.mean(helper(w) ** 2)


model = cb.as_problem(loss, np.ones(3))
"""
    )
    found = cli("compare", str(file), "-b", "finite_difference")
    assert found.status == 0
    assert "certified" in found.out


def test_bad_input_is_told_with_what_to_write() -> None:
    with pytest.raises(TypeError, match="as_problem needs x"):
        cb.as_problem(numpy_loss, None)
    with pytest.raises(SelectorError, match="'torhc' is no framework: did you mean 'torch'"):
        cb.as_problem({"torhc": numpy_loss}, WEIGHTS)
    with pytest.raises(SelectorError, match="no floating-point number"):
        cb.as_problem(np.sum, np.arange(3))
    with pytest.raises(SelectorError, match="f must be a function, got 'saddle'"):
        cb.benchmark("saddle", x=1.0)
    with pytest.raises(SelectorError, match=r"as it is: calcbench\.as_problem\(f, x\)"):
        cb.benchmark(numpy_loss)  # type: ignore[arg-type]


def test_first_function_is_the_reference_and_another_one_is_told() -> None:
    def double(w: Any) -> Any:
        import jax.numpy as jnp

        return 2 * jnp.sum(jnp.sin(w))

    single = lambda w: np.sum(np.sin(w))  # noqa: E731 (as users write them)
    for functions, wrong in (
        ({"numpy": single, "jax": double}, "jax"),
        ({"jax": double, "numpy": single}, "finite_difference"),
    ):
        model = cb.as_problem(functions, X[0])
        assert list(model.native_costs) == list(functions)
        found = {r.backend: r for r in cb.verify(model, ["finite_difference", "jax"])}
        assert [b for b, record in found.items() if record.status.value == "disagree"] == [wrong]
        if wrong == "jax":  # of differences the cost is not asked
            assert found[wrong].reason.startswith("its cost is another function: ")


# --- functions that give a vector -----------------------------------------------------------------


def numpy_waves(x):
    return np.tanh(X @ x)


def jax_waves(x):
    import jax.numpy as jnp

    return jnp.tanh(X @ x)


def test_vectors_have_jacobians_and_pullbacks() -> None:
    model = cb.as_problem(numpy_waves, np.ones(3))
    assert cb.cost(model).shape == (6,)
    slopes = (1 - numpy_waves(np.ones(3)) ** 2)[:, None] * X
    np.testing.assert_allclose(cb.jacobian(model, "finite_difference"), slopes, rtol=1e-6)
    np.testing.assert_allclose(cb.reference(model, operator="jacobian").value["jacobian"], slopes)
    for operator in ("pullback", "pushforward"):
        (record,) = cb.verify(model, "finite_difference", operator=operator)
        assert record.status.value == "ok"
    with pytest.raises(cb.Unsupported, match="vector-valued"):
        cb.gradient(model, "finite_difference")


def test_pullbacks_of_vectors_are_compared_and_timed() -> None:
    pytest.importorskip("jax")
    model = {"numpy": numpy_waves, "jax": jax_waves}
    x = np.ones(3)
    for operator in ("pullback", "pushforward"):
        found = cb.compare(cb.as_problem(model, x), ["jax"], operator=operator)
        assert [record.status.value for record in found] == ["ok"]
    run = cb.benchmark(jax_waves, x=jax_ones(), operator="pullback", settings=BRIEF)
    (record,) = run.records
    assert record.operator == "pullback"
    assert record.seconds["call"] > 0


def jax_ones() -> Any:
    import jax.numpy as jnp

    return jnp.ones(3)


def test_a_matrix_is_no_value_of_a_problem() -> None:
    with pytest.raises(SelectorError, match=r"gives an array of shape \(3, 3\).*by reshape\(-1\)"):
        cb.as_problem(lambda x: np.outer(x, x), np.ones(3))
    several = cb.as_problem(lambda x: (x[0], x[1]), np.ones(2))
    assert not several.vector_valued
