"""Every backend of the catalogue, in every mode: what tests are parametrized with.

Nothing is listed here, so that a backend or a mode that is added is tested from then on. Nor is
anything left out where a framework is missing: a test that asks for it is skipped, with the reason
(conftest.py).
"""

import dataclasses

import pytest

import calcbench as cb
from calcbench.backend.transforming import Transforming

BACKENDS = tuple(cb.backends())
"""The names of all backends, each of which selects one in its default mode."""


APART = ("enzyme",)
"""Modes of an extra that `all` leaves out; they have tests of their own (`test_enzyme.py`)."""


def is_exact(backend):
    """Say whether its derivatives are right up to rounding, by a rule or a formula."""
    return backend.kind != "approximate"


def transforms(backend):
    """Say whether its framework turns functions into their derivatives."""
    return issubclass(backend, Transforming)


def differentiates(backend):
    """Say whether it takes the cost alone, and no hand-derived formula."""
    return not backend.hand_derived


def by_rule(backend):
    """Say whether it is exact, and takes the cost alone."""
    return is_exact(backend) and differentiates(backend)


def names(wanted):
    """List the backends whose class is `wanted`, each in its default mode."""
    return [name for name in BACKENDS if wanted(cb.backends()[name])]


def modes(wanted=lambda backend: True):
    """List the same in every mode: `torch`, `torch[mode=func]`, `torch[mode=compile]`, …"""
    return [selector for name in names(wanted) for selector in _modes(cb.backends()[name])]


def _modes(backend):
    """List one backend's selectors: its default, then every other choice of every option."""
    own = [field for field in dataclasses.fields(backend) if field.name != "dtype"]
    others = [
        backend(**{field.name: choice}).selector
        for field in own
        for choice in backend.options()[field.name]
        if choice != field.default and choice not in APART
    ]
    return [backend.name, *others]


def compiles(selector):
    """Say whether a compiler runs, which takes seconds for every operator of every problem."""
    return selector.endswith(("[mode=compile]", "[mode=xla]"))


def cases(selectors, problems, brief, *rest):
    """List selector × problem (× `rest`): `full` but for default modes, and `brief` problems."""
    return [
        pytest.param(
            selector,
            problem,
            *rest,
            marks=[] if selector == name_of(selector) or problem in brief else [pytest.mark.full],
        )
        for selector in selectors
        for problem in problems
    ]


def name_of(selector):
    """Give the backend's name in a selector."""
    return selector.partition("[")[0]


def missing(*selectors):
    """Say why some of these cannot be used here; None where all of them can."""
    reasons = [cb.backends().cards[name_of(selector)].missing for selector in selectors]
    return next(filter(None, reasons), None)


def installed(selectors=BACKENDS):
    """List those that can be used here."""
    return [selector for selector in selectors if not missing(selector)]


def require(*selectors):
    """Skip the test that calls this where one of these is missing.

    Needed only where nothing raises `NotInstalled`, which skips a test by itself (conftest.py).
    """
    reason = missing(*selectors)
    if reason:
        pytest.skip(reason)
