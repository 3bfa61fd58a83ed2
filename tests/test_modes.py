"""What tests go by: every backend in every mode is asked, and only what is absent skips."""

from importlib.util import find_spec

import pytest
from absent import OPTIONAL, is_absent
from modes import APART, BACKENDS, cases, installed, missing, modes

import calcbench as cb
from calcbench.catalogue.selection import select_backends


def test_every_choice_of_every_option_is_a_mode():
    found = select_backends(modes())
    assert [backend.selector for backend in found] == modes()
    assert list(dict.fromkeys(backend.name for backend in found)) == list(cb.backends())
    for name in BACKENDS:
        for option, choices in cb.backends()[name].options().items():
            if option != "dtype":
                chosen = {getattr(b, option) for b in found if b.name == name}
                assert chosen >= set(choices).difference(APART)


def test_a_bare_pytest_runs_the_default_modes_and_a_sample_of_the_others():
    found = cases(modes(), ["square", "saddle"], ["saddle"])
    assert [case.values for case in found] == [
        (selector, problem) for selector in modes() for problem in ("square", "saddle")
    ]
    for case in found:
        selector, problem = case.values
        assert bool(case.marks) == (selector not in BACKENDS and problem == "square")


@pytest.mark.parametrize("module", sorted(OPTIONAL))
def test_a_package_that_may_be_missing_skips_where_it_is(module):
    message = f"backend 'mine': {module} is not installed; install it with: pip install it"
    assert is_absent(message) == (find_spec(module) is None)


@pytest.mark.parametrize(
    "message",
    [
        "no problem 'sqare': did you mean 'square'?",
        "numpy is not installed",
        "problem 'mine': no_such_module is not installed; install it with: pip install it",
        "backend 'jax': jax is installed but does not import: ImportError: no message",
    ],
)
def test_any_other_refusal_is_a_failure(message):
    assert not is_absent(message)


def test_the_core_is_never_missing():
    assert set(installed()) >= {"by_hand", "sympy", "finite_difference"}
    assert missing("by_hand", "sympy", "finite_difference") is None
