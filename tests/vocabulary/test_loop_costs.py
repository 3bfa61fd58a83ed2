"""Costs with loops, and with derivatives inside, on every backend and certified."""

import pytest
from vocabulary.costs.loops import COSTS

import calcbench

QUICK = ("finite_difference[scheme=complex]", "finite_difference", "autograd", "dual", "tape")
"""Backends that load no framework."""

# JAX's eager mode apart, which takes half a minute for a loop.
FRAMEWORKS = (
    *("torch", "torch[mode=func]", "tensorflow", "tensorflow[mode=function]"),
    *("tensorflow[mode=xla]", "jax"),
)


def check(name, backends, operator="gradient"):
    comparison = calcbench.compare(COSTS[name], list(backends), operator=operator)
    assert [(row.backend, row.status) for row in comparison] == [(b, "ok") for b in backends], [
        row.reason for row in comparison
    ]
    assert all(row.certified_digits > 15 for row in comparison), str(comparison)


@pytest.mark.few(3)
@pytest.mark.parametrize("name", COSTS)
def test_costs_are_certified(name):
    check(name, QUICK)


# All frameworks at once, for what takes long is the certificate.
@pytest.mark.few(0, more=4)
@pytest.mark.parametrize("operator", ["gradient", "hvp"])
@pytest.mark.parametrize("name", COSTS)
def test_frameworks_agree(name, operator):
    check(name, FRAMEWORKS, operator)


@pytest.mark.every
@pytest.mark.parametrize("operator", ["gradient", "hvp"])
@pytest.mark.parametrize("name", COSTS)
def test_eager_jax_agrees(name, operator):
    check(name, ["jax[mode=eager]"], operator)


def test_second_order():
    check("root", ["autograd", "torch", "jax"], "hvp")
