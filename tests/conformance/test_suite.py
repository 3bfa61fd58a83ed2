"""The suite for backends: one that has the primitives alone passes it, and faults are found."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcbench import Backend, Namespace, Prepared, Unsupported
from calcbench.backends.by_hand import ByHand
from calcbench.backends.finite_difference import FiniteDifference
from calcbench.conformance import vocabulary
from calcbench.conformance.case import Failed, Wrong
from calcbench.vocabulary.numpy import NUMPY
from calcbench.vocabulary.primitives import PRIMITIVES

BARE = Namespace({name: NUMPY.spelling[name] for name in PRIMITIVES})
"""The primitives in NumPy, and no name beside them."""


@dataclasses.dataclass(frozen=True)
class Duals(Backend):
    """Forward mode on NumPy's arrays: one run of the cost for each number of the parameters."""

    name = "duals"
    kind = "exact"
    xp = BARE

    def namespace(self):
        return self.xp

    def prepare_gradient(self, point):
        cost, load = point.problem.cost_on(self.name, self.xp), self.loader(point)

        def run(native):
            parameters, data = native
            return [self.slopes(cost, parameters, data, k) for k in range(len(parameters))]

        return Prepared(load, run, self.unloader(point))

    def slopes(self, cost, parameters, data, k):
        """The derivatives by the numbers of one parameter."""

        def of_one(x):
            return cost(*parameters[:k], x, *parameters[k + 1 :], **data)

        return np.asarray(self.xp.grad(of_one)(parameters[k]))


def test_nothing_but_primitives_is_spelled():
    assert len(BARE.spelling) <= 45
    assert BARE.mean.func.__module__ == "calcbench.vocabulary.composed.reductions"


@pytest.mark.few(30)
@pytest.mark.parametrize("name", vocabulary.NAMES)
def test_a_backend_of_primitives_has_the_whole_vocabulary(name):
    for case in vocabulary.cases_of(name):  # one by one: forward mode evaluates all for each number
        vocabulary.check_cases(Duals(), [case])


def variant(**changes):
    """The same backend with other names, or (where None) without some."""
    names = {**BARE.spelling, **{name.replace("_of_", "."): f for name, f in changes.items()}}

    class Variant(Duals):
        xp = Namespace({name: f for name, f in names.items() if f is not None})

    return Variant()


FAULTS = {
    "a value that is off in its twelfth digit": (
        {"square": lambda x: x * x * (1 + 1e-12)},
        r"square, case 0: value\[0\] is 6\.25000000000\d+, not 6\.25",
    ),
    "the slope of one factor of two": (
        {"square": lambda x: BARE.stop_gradient(x) * x},
        r"square, case 0: derivative by argument 0\[0\] is -2\.5, not -5\.0",
    ),
    "a slope at a tie": (
        {"logaddexp": lambda x, y: BARE.where(x >= y, x, y) + BARE.softplus(-BARE.abs(x - y))},
        r"logaddexp, case 0: derivative by argument 0\[0\] is 1\.0, not 0\.5",
    ),
    "a digit lost near 0": (
        {"expm1": lambda x: BARE.exp(x) - 1.0},
        r"expm1, vector: value\[\d+\] is",
    ),
    "an overflow": (
        {"softplus": lambda x: BARE.log(1.0 + BARE.exp(x))},
        r"softplus, .*: overflow encountered in exp",
    ),
    "an axis that is dropped": (
        {"mean": lambda x, axis=None, keepdims=False: BARE.mean(x, axis=axis)},
        r"mean, case \d: shape \(2,\), not \(2, 1\)",
    ),
    "the last of equals first": (
        {"argsort": lambda x, axis=-1, descending=False, stable=True: np.argsort(-x, axis=axis)},
        r"argsort, case \d+: value",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault):
    changes, told = FAULTS[fault]
    (name,) = changes
    with pytest.raises(Wrong, match=told):
        vocabulary.check(variant(**changes), name)


def test_what_a_backend_lacks_is_said():
    refused = vocabulary.missing(variant(linalg_of_eigh=None), ["sin", "linalg.eigvalsh"])
    assert refused == {"linalg.eigvalsh": "xp.linalg.eigh is not available on this backend"}
    with pytest.raises(Unsupported):
        vocabulary.check(variant(sqrt=None), "asin")


def refuse(x, *others, **options):
    raise ZeroDivisionError("not today")


def test_what_a_backend_raises_is_a_reason_that_names_the_case():
    """And not the end: the other names are still tried."""
    told = "sin, vector: ZeroDivisionError: not today"
    broken = variant(sin=refuse)
    with pytest.raises(Failed, match=told):
        vocabulary.check(broken, "sin")
    assert vocabulary.missing(broken, ["sin", "exp"]) == {"sin": told}
    curt = variant(mean=lambda x: BARE.mean(x))
    assert "unexpected keyword argument 'axis'" in vocabulary.missing(curt, ["mean", "sum"])["mean"]


@pytest.mark.parametrize("method", ["prepare_gradient", "error_bound"])
def test_what_a_method_raises_names_the_name(method):
    """Also the bound of an approximate method, which is asked for what differs."""

    class Broken(FiniteDifference):
        error_bound = refuse

    setattr(Broken, method, refuse)
    with pytest.raises(Failed, match="sin, vector, or one of its like: ZeroDivisionError"):
        vocabulary.check(Broken(), "sin")


class Shapeless:
    def __init__(self, value):
        self.value = value


def test_arrays_without_a_shape_are_told_of():
    with pytest.raises(Wrong, match=r"sin, vector: a Shapeless, which has no attribute `shape`"):
        vocabulary.check(variant(sin=Shapeless), "sin")


def test_an_approximate_method_may_differ_by_the_bound_that_it_states():
    vocabulary.check(FiniteDifference(), "sin")
    honest = vocabulary.cases_of("sin")

    class Certain(FiniteDifference):
        """It says that it has no error."""

        def error_bound(self, point, operator=None):
            return {name: np.zeros_like(point[name]) for name in point.problem.parameters}

    with pytest.raises(Wrong, match="derivative by argument 0"):
        vocabulary.check_cases(Certain(), honest)


def test_of_a_backend_without_derivatives_the_values_are_compared():
    vocabulary.check(ByHand(), "tanh")


def test_a_name_without_cases_is_an_error():
    with pytest.raises(KeyError):
        vocabulary.cases_of("arctan")


def example(having):
    """Run the example of CONTRIBUTING that has this text, and give its names."""
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")
    (source,) = (body for body in re.findall(r"```python\n(.*?)```", text, re.S) if having in body)
    scope: dict[str, Any] = {"__name__": __name__}
    exec(source, scope)
    return scope


def test_the_example_of_the_documentation():
    example("check(")["test_vocabulary"]("softplus")


def test_the_backend_of_the_documentation_has_what_it_spells_and_what_follows():
    backend = example("class ForwardMode(Backend)")["ForwardMode"]()
    spelled = backend.namespace().spelling
    for name in (*spelled, "mean", "var", "cosh", "square", "plus", "times", "divide"):
        vocabulary.check(backend, name)
    assert len(spelled) == 4
    refused = vocabulary.missing(backend, [*spelled, "tanh", "slice"])
    assert refused["tanh"] == "xp.tanh is not available on this backend"
    assert refused["slice"] == "slice, case 0: TypeError: 'Dual' object is not subscriptable"
    assert len(refused) == 2
