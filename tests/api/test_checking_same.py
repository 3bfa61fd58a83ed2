"""`check_same` and `assert_same`: one model in two frameworks, with faults planted in one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import calcbench as cb
from calcbench.errors import ProblemError, SelectorError

jax = pytest.importorskip("jax")
torch = pytest.importorskip("torch")

import jax.numpy as jnp  # noqa: E402 (only where there is JAX)
from torch import nn  # noqa: E402
from torch.func import functional_call  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812 (as everybody calls it)

DATA = np.random.default_rng(0).normal(size=(12, 5))
LABELS = np.arange(12) % 3


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    with wide(True):
        yield


def wide(on: bool) -> contextlib.AbstractContextManager[Any]:
    """Turn JAX's float64 on or off."""
    home = jax if hasattr(jax, "enable_x64") else jax.experimental
    context: contextlib.AbstractContextManager[Any] = home.enable_x64(on)
    return context


def network() -> Any:
    """Build a model of torch, of which no two parameters are equal."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 3)).double()
    with torch.no_grad():
        for parameter in model[1].parameters():
            parameter.uniform_()
    return model


MODEL = network()
PARAMETERS = dict(MODEL.named_parameters())


def torch_loss(parameters):
    scores = functional_call(MODEL, parameters, (torch.tensor(DATA),))
    return F.cross_entropy(scores, torch.tensor(LABELS))


def jax_model(eps=1e-5, sign=1.0, approximate=False, turned=False):
    """Make the same model in JAX, or one with a fault."""

    def jax_loss(p):
        z = DATA @ p["dense"]["kernel"] + p["dense"]["bias"]
        z = (z - z.mean(1, keepdims=True)) / jnp.sqrt(z.var(1, keepdims=True) + eps)
        z = jax.nn.gelu(z * p["norm"]["scale"] + p["norm"]["bias"], approximate=approximate)
        kernel = p["out"]["kernel"]
        z = z @ (kernel.reshape(3, 6).T if turned else kernel) + sign * p["out"]["bias"]
        return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(12), LABELS])

    return jax_loss


def to_jax(p):
    named = {name: jnp.asarray(array.detach().numpy()) for name, array in p.items()}
    return {
        "dense": {"kernel": named["0.weight"].T, "bias": named["0.bias"]},
        "norm": {"scale": named["1.weight"], "bias": named["1.bias"]},
        "out": {"kernel": named["3.weight"].T, "bias": named["3.bias"]},
    }


def test_a_model_in_two_frameworks_is_the_same_by_both_certificates() -> None:
    found = cb.assert_same(torch_loss, jax_model(), PARAMETERS, to_jax, points=2)
    assert found.digits is not None
    assert found.needed is not None
    assert found.digits > found.needed > 12
    assert (found.partials, found.proved, found.remarks) == (69, 2, ())
    head = "torch_loss and jax_loss: the same (ATen and jaxpr on balls; 69 partials, "
    assert str(found).startswith(head)
    np.testing.assert_allclose(found.gradient[1]["0.weight"], found.reference[0]["0.weight"])
    assert found.as_json()["names"] == ["torch_loss", "jax_loss"]


def test_parameters_given_side_by_side_are_found_by_their_numbers() -> None:
    assert cb.check_same(torch_loss, jax_model(), PARAMETERS, to_jax(PARAMETERS)).ok


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "fault",
    [{"eps": 1e-6}, {"sign": -1.0}, {"approximate": True}, {"turned": True}],
    ids=lambda fault: next(iter(fault)),
)
def test_another_model_differs_in_value_and_derivatives(fault: dict[str, Any]) -> None:
    found = cb.check_same(torch_loss, jax_model(**fault), PARAMETERS, to_jax)
    assert found.status == "disagree"
    assert found.outside > 0
    assert "the functions differ: torch_loss is " in found.reason
    assert " partials differ; the worst: ∂f/∂" in found.reason
    assert "gradient" not in found.reason


# --- a wrong gradient, and not another function ---------------------------------------------------

X, w, b = DATA[:6, :4], DATA[0, :4], np.zeros(6)


@jax.custom_vjp
def swish(x, b):
    return x * jax.nn.sigmoid(x) + b


def back(saved, g):
    x, _ = saved
    s = jax.nn.sigmoid(x)
    return g * (s + x * s * (1 - s)), g.mean() + 0 * g  # a mean for the sum


swish.defvjp(lambda x, b: (swish(x, b), (x, b)), back)


def wrong(w, b):
    return jnp.sum(swish(X @ w, b) ** 2)


def right(weight, bias):
    return (F.silu(torch.tensor(X) @ weight) + bias).square().sum()


def by_numpy(w, b):
    z = X @ w
    return np.sum((z / (1 + np.exp(-z)) + b) ** 2)


def by_hand(w, b):
    z = X @ w
    s = 1 / (1 + np.exp(-z))
    up = 2 * (z * s + b)
    return X.T @ (up * (s + z * s * (1 - s))), up


@pytest.mark.few(2)
@pytest.mark.parametrize(("f", "g"), [(wrong, right), (right, wrong), (by_numpy, wrong)])
def test_a_wrong_rule_is_blamed_on_the_gradient_of_its_function(f: Any, g: Any) -> None:
    found = cb.check_same(f, g, (w, b))
    assert found.status == "disagree"
    assert found.reason.startswith("the functions are the same, but the gradient of wrong is wrong")
    with pytest.raises(AssertionError, match="the gradient of wrong is wrong: 6 of 10 partials"):
        cb.assert_same(f, g, (w, b))


def test_a_numpy_function_is_compared_by_value_and_by_a_gradient_that_is_given() -> None:
    alone = cb.check_same(by_numpy, right, (w, b))
    assert alone.ok
    assert alone.remarks == ("by_numpy has no gradient of its own: grads=(…, …) would give it",)
    both = cb.check_same(by_numpy, right, (w, b), grads=(by_hand, None))
    assert both.ok
    assert not both.remarks

    def off(w, b):
        by_w, by_b = by_hand(w, b)
        return by_w * (1 + 1e-9), by_b

    found = cb.check_same(by_numpy, right, (w, b), grads=(off, None))
    assert "but the gradient of by_numpy is wrong: 4 of 10 partials" in found.reason


def test_what_is_held_constant_in_one_alone_makes_another_function() -> None:
    found = cb.check_same(
        lambda x: (x * x.detach()).sum(), lambda x: jnp.sum(x * x), w, names=("cut", "whole")
    )
    assert found.reason.startswith("the functions differ, though their values agree: 4 of 4 ")
    assert "(×2)" in found.reason


def test_other_roundings_of_constants_and_other_algorithms_are_no_difference() -> None:
    table = torch.arange(4, dtype=torch.float64)
    assert cb.check_same(
        lambda x: (x * torch.sin(table)).sum(), lambda x: jnp.sum(x * jnp.sin(jnp.arange(4.0))), w
    ).ok
    assert cb.check_same(
        lambda x: torch.log(torch.exp(x).sum()), lambda x: jax.nn.logsumexp(x), 10 * w
    ).ok


class SteepRamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return F.relu(x)

    @staticmethod
    def backward(ctx, g):
        return 7 * g


KINK = torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64)


def test_slopes_on_both_sides_of_a_kink_are_those_of_the_other_function() -> None:
    one = cb.check_same(lambda x: F.relu(x).sum(), lambda x: jnp.sum(jnp.maximum(x, 0)), KINK)
    assert one.ok
    assert one.remarks == ()
    steep = cb.check_same(
        lambda x: F.relu(x[0]) + x[1] ** 2, lambda x: 3 * x[0].abs() + x[1] ** 2, KINK
    )
    assert steep.status == "disagree"
    assert "one-sided derivatives by x[0] are 0 and 1 of" in steep.reason
    assert "-3 and 3 of" in steep.reason
    line = cb.check_same(lambda x: F.relu(x[0]) + x[1], lambda x: x[0] / 2 + x[1], KINK)
    assert line.status == "disagree"
    wrong = cb.check_same(
        lambda x: F.relu(x[0]) + x[1] ** 2,
        lambda x: SteepRamp.apply(x[0]) + x[1] ** 2,
        KINK,
        names=("plain", "steep"),
    )
    assert wrong.status == "disagree"
    assert wrong.reason.startswith("the gradient of steep is wrong: 1 of 3 partials outside of ")
    assert wrong.reason.endswith("∂f/∂x[0] is 7, should be between 0 and 1")


def test_slopes_below_a_kink_are_rounded_as_those_above() -> None:
    a, b, c = 0.6733, 0.3428, 0.1369
    for ramp in (lambda x: np.minimum(x, 0), lambda x: np.maximum(-x, 0)):
        for k in range(1, 6):
            found = cb.check_same(
                lambda x: a * b * k * np.sum(ramp(x)) / c + x[1],  # noqa: B023
                lambda x: (a / c) * np.sum(ramp(x) * b * k) + x[1],  # noqa: B023
                np.array([0.0, 2.0]),
            )
            assert found.ok, found


def test_what_several_components_decide_is_not_said_to_be_the_same() -> None:
    x = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)

    def ramp(x):
        return F.relu(x[0] + x[1]) + x[2] ** 2

    def steep(x):
        return 3 * (x[0] + x[1]).abs() + x[2] ** 2

    for other in (ramp, steep):
        found = cb.check_same(ramp, other, x)
        assert not found.ok
        assert found.partly
        assert found.unjudged == 2
        assert ": the same, but for 2 partials (" in str(found)
        assert found.remarks == ("not judged: 2 partials without a derivative here",)
        with pytest.raises(AssertionError, match="the same, but for 2 partials"):
            cb.assert_same(ramp, other, x)
    assert cb.check_same(ramp, steep, x, points=3).status == "disagree"
    assert "proved at 2 of 3 points" in str(cb.check_same(ramp, ramp, x, points=3))


# --- what is not certified, and dtypes ------------------------------------------------------------

FREQUENCIES = np.arange(4)
WAVES = np.exp(-2j * np.pi * np.outer(FREQUENCIES[:3], FREQUENCIES) / 4)


def by_fft(x, factor=1.0):
    return factor * jnp.sum(jnp.abs(jnp.fft.rfft(x)) ** 2 * jnp.arange(3))


def by_matrix(x):
    real, imaginary = torch.tensor(WAVES.real) @ x, torch.tensor(WAVES.imag) @ x
    return ((real**2 + imaginary**2) * torch.arange(3)).sum()


def test_one_certificate_judges_both() -> None:
    found = cb.check_same(by_fft, by_matrix, w)
    assert found.ok
    assert "by_fft is not certified: dtype complex128 at test_checking_same.py:" in str(found)
    assert "; both are held against the certificate of by_matrix" in str(found)
    other = cb.check_same(by_matrix, lambda x: by_fft(x, 1 + 1e-9), w, names=("matrix", "fft"))
    assert other.status == "disagree"
    assert other.reason.startswith("the functions differ: matrix is ")


def test_a_dtype_without_bounds_is_not_judged_by_the_other() -> None:
    found = cb.check_same(lambda x: (x.half() * 2).sum().double(), lambda x: jnp.sum(2 * x), w)
    assert found.status == "not certified"
    assert "dtype float16" in found.reason
    assert "their gradients to 16.0" in found.reason


def test_without_certificates_it_is_said_how_far_two_agree() -> None:
    found = cb.check_same(by_fft, lambda x: by_fft(x), w, names=("one", "two"))
    assert found.status == "not certified"
    assert not found.ok
    assert "their values agree to 16.0 digits, their gradients to 16.0" in found.reason


def test_the_coarser_of_two_dtypes_is_what_rounding_is_allowed_for() -> None:
    # In which a graphics processor has float32, too.
    with wide(False), jax.default_matmul_precision("highest"):
        found = cb.check_same(right, wrong, (w, b))
        fine = cb.check_same(by_numpy, lambda w, b: jnp.sum((jax.nn.silu(X @ w) + b) ** 2), (w, b))
    assert (found.dtype, found.status) == ("float32", "disagree")
    assert fine.ok, fine
    assert fine.digits is not None
    assert 4 < fine.digits < 8.5


# --- bad input ------------------------------------------------------------------------------------


def test_arguments_that_cannot_be_related_are_refused_with_what_to_write() -> None:
    equal = {name: torch.zeros_like(array) for name, array in PARAMETERS.items()}
    with pytest.raises(SelectorError, match=r"0 is in them twice.*give y, a function"):
        cb.check_same(torch_loss, jax_model(), equal, to_jax(equal))
    with pytest.raises(SelectorError, match="one place, and compute nothing"):
        cb.check_same(by_matrix, by_fft, w, lambda x: 2 * x)
    with pytest.raises(SelectorError, match="has 4 numbers, and <lambda> 3"):
        cb.check_same(by_matrix, lambda x: jnp.sum(x), w, w[:3])
    with pytest.raises(ProblemError, match=r"does not take this argument.*'dense'.*give y"):
        cb.check_same(torch_loss, jax_model(), PARAMETERS)
    with pytest.raises(SelectorError, match=r"other numbers than x: .* is .* in x and .* in y"):
        cb.check_same(by_matrix, by_fft, w, w + 1)
    with pytest.raises(SelectorError, match="integers are held constant"):
        cb.check_same(by_matrix, by_fft, np.arange(4))
    with pytest.raises(SelectorError, match="grads must be a pair"):
        cb.check_same(by_matrix, by_fft, w, grads=by_hand)  # type: ignore[arg-type]


def test_a_function_that_changes_is_not_judged() -> None:
    calls = iter(range(100))
    found = cb.check_same(lambda x: np.sum(x) + next(calls), lambda x: jnp.sum(x), w)
    assert found.status == "not certified"
    assert "gives another value at the same x" in found.reason


def test_functions_with_one_name_are_told_apart() -> None:
    found = cb.check_same(lambda x: (x**2).sum(), lambda x: jnp.sum(x**2), torch.tensor(w))
    assert found.names == ("<lambda> (f)", "<lambda> (g)")
