"""The operator `cost`: what a gradient's time is divided by, evaluated by the same backend."""

import functools
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest
from modes import BACKENDS, cases, modes

import calcbench
from calcbench.backend.backend import Backend
from calcbench.backend.rows import BLOCK
from calcbench.backends.by_hand.derivatives import ByHand
from calcbench.catalogue.selection import select_backends
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.vocabulary.numpy import NUMPY

PROBLEMS = (
    "saddle",  # two numbers
    "batch_regression",  # rows
    "quadratic_cost",  # a vector and a matrix of data
    "softmax_cross_entropy",  # indices among the data
    "damped_wave",
)

BRIEFLY = ("softmax_cross_entropy",)
"""What a bare `pytest` tries other modes than the default on: a problem with rows and indices."""

ROUNDINGS = 16
"""What a cost may be off, in units of eps · (|C| + Σ |θ ∂C/∂θ| over all inputs).

The inputs are rounded to the dtype, each by eps/2 relative, which the sum carries into the cost;
and every backend rounds a short chain of operations of that magnitude, in an order of its own.
"""


@functools.cache
def problem(name):
    return calcbench.problems()[name]


@functools.cache
def where(name):
    return points_for(own_point(problem(name)))


def numpy_cost(name, inputs):
    """The cost in float64, called as a person would: no backend is involved."""
    parameters, data = problem(name).split(inputs)
    return float(problem(name).cost(NUMPY, *parameters, **data))


def allowance(name, inputs, dtype):
    """`ROUNDINGS` of the dtype at the magnitude that rounded inputs and operations act on."""
    value = numpy_cost(name, inputs)
    magnitude = abs(value)
    for key, array in inputs.values.items():
        if array.dtype.kind == "f":
            moved = inputs.with_values({key: array * (1 + 1e-6)})
            magnitude += abs(numpy_cost(name, moved) - value) / 1e-6
    return ROUNDINGS * float(np.finfo(dtype).eps) * magnitude


@pytest.mark.few(50, more=80)
@pytest.mark.parametrize(
    ("selector", "name", "dtype"),
    [
        *cases(modes(), PROBLEMS, BRIEFLY, "float64"),
        *cases(modes(), PROBLEMS, BRIEFLY, "float32"),
    ],
)
def test_cost(selector, name, dtype):
    """Prepared at one point, it gives the cost at the others."""
    (backend,) = select_backends([selector], dtype=dtype)
    prepared = backend.prepare(where(name)["own"], "cost")
    values = []
    for inputs in where(name).values():
        found = prepared.evaluate(inputs)
        assert list(found) == ["C"]
        assert found["C"].shape == ()
        assert found["C"].dtype == dtype
        error = abs(float(found["C"]) - numpy_cost(name, inputs))
        assert error <= allowance(name, inputs, dtype)
        values.append(float(found["C"]))
    assert len(set(values)) > 1  # a cost that is kept from the preparation would be the same


@pytest.mark.parametrize("name", BACKENDS)
def test_cost_in_blocks_of_rows(name):
    """More rows than are evaluated at once, in blocks of unequal length."""
    line = problem("straight_line_at_scale")
    inputs = own_point(line, BLOCK + 1_000)
    (backend,) = select_backends([name])
    prepared = backend.prepare(inputs, "cost")
    found = prepared.evaluate(inputs)["C"]
    expected = np.mean((inputs["m"] * inputs["x"] + inputs["b"] - inputs["y"]) ** 2)
    assert float(found) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("operator", "name"), [("gradient", "m"), ("cost", "C")])
def test_false_rows_are_not_put_into_blocks(operator, name):
    class Total(calcbench.Problem):
        """A sum over its rows, which says that it is their mean."""

        rows = ("x",)

        def inputs(self, size, rng):
            return {"m": 1.0, "x": np.arange(BLOCK + 1.0)}

        def cost(self, xp, m, *, x):
            return xp.sum(m * x)

        def gradient(self, xp, m, *, x):
            return {"m": xp.sum(x)}

    inputs = own_point(Total())
    prepared = ByHand().prepare(inputs, operator)
    found = prepared.evaluate(inputs)
    assert found[name] == BLOCK * (BLOCK + 1) / 2


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("selector", modes())
def test_a_constant_cost(selector, dtype):
    """A Python number takes the backend's dtype, not the framework's default."""

    @calcbench.problem(x=3.0)
    def constant(x):
        return 0.1

    (backend,) = select_backends([selector], dtype=dtype)
    prepared = backend.prepare(own_point(constant), "cost")
    found = prepared.unload(prepared.run(prepared.load(own_point(constant))))["C"]
    assert found.dtype == dtype
    assert found == np.asarray(0.1, dtype=dtype)


@pytest.mark.parametrize("operator", ["gradient", "cost"])
@pytest.mark.parametrize("selector", ["jax", "sympy", "tensorflow[mode=function]"])
def test_compiling_is_timed(selector, operator):
    line = problem("batch_regression")
    (backend,) = select_backends([selector])
    assert backend.prepare(own_point(line), operator).compile_seconds > 0


@pytest.mark.parametrize("selector", ["by_hand", "torch", "tensorflow", "jax[mode=eager]"])
def test_what_compiles_nothing_has_no_time_of_compiling(selector):
    line = problem("batch_regression")
    (backend,) = select_backends([selector])
    assert backend.prepare(own_point(line), "cost").compile_seconds is None


def test_unknown_operator():
    line = problem("batch_regression")
    with pytest.raises(calcbench.SelectorError, match=r"no operator 'costs'.*cost\b"):
        ByHand().prepare(own_point(line), "costs")


@dataclass(frozen=True)
class GradientOnly(Backend):
    """What a third party may have written before there was a cost to ask for."""

    name: ClassVar[str] = "gradient_only"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "exact"

    def namespace(self):
        return NUMPY

    def convert(self, array):
        return self.cast(array)

    def prepare_gradient(self, point):
        raise NotImplementedError


def test_backend_without_cost():
    line = problem("batch_regression")
    with pytest.raises(calcbench.Unsupported, match=r"'gradient_only'.* no prepare_cost"):
        GradientOnly().prepare(own_point(line), "cost")
