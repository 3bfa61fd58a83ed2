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


def is_exact(backend):
    """Whether its derivatives are right up to rounding, by a rule or a formula."""
    return backend.kind != "approximate"


def transforms(backend):
    """Whether its framework turns functions into their derivatives."""
    return issubclass(backend, Transforming)


def differentiates(backend):
    """Whether it needs nothing but the cost."""
    return not backend.hand_derived


def by_rule(backend):
    """Both: exact, and all that a cost of one's own has without a hand-derived gradient."""
    return is_exact(backend) and differentiates(backend)


def names(wanted):
    """The backends whose class is `wanted`, in their default modes."""
    return [name for name in BACKENDS if wanted(cb.backends()[name])]


def modes(wanted=lambda backend: True):
    """The same in every mode: `torch`, `torch[mode=func]`, `torch[mode=compile]`, …"""
    return [selector for name in names(wanted) for selector in _modes(cb.backends()[name])]


def _modes(backend):
    """The selectors of one backend: its default, then every other choice of every option."""
    own = [field for field in dataclasses.fields(backend) if field.name != "dtype"]
    others = [
        backend(**{field.name: choice}).selector
        for field in own
        for choice in backend.options()[field.name]
        if choice != field.default
    ]
    return [backend.name, *others]


def compiles(selector):
    """Whether a compiler runs that takes seconds for every operator of every problem."""
    return selector.endswith(("[mode=compile]", "[mode=xla]"))


def cases(selectors, problems, brief, *rest):
    """Selector × problem, with `rest` appended: `full` where it compiles and is not `brief`."""
    return [
        pytest.param(
            selector,
            problem,
            *rest,
            marks=[pytest.mark.full] if compiles(selector) and problem not in brief else [],
        )
        for selector in selectors
        for problem in problems
    ]


def name_of(selector):
    """The name in a selector."""
    return selector.partition("[")[0]


def missing(*selectors):
    """Why some of these cannot be used here, or None."""
    reasons = [cb.backends().cards[name_of(selector)].missing for selector in selectors]
    return next(filter(None, reasons), None)


def installed(selectors=BACKENDS):
    """Those that can be used here."""
    return [selector for selector in selectors if not missing(selector)]


def require(*selectors):
    """Skip the test that calls this where one of these is missing.

    For what starts a command line or reads a record: functions that are asked for a backend that
    is missing raise `NotInstalled`, and the test is skipped without a word.
    """
    reason = missing(*selectors)
    if reason:
        pytest.skip(reason)
