"""Check what a problem declares, as attributes of its class or as options of the decorator."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from calcbench.errors import ProblemError, nearest, short_repr
from calcbench.problem.problem import Problem
from calcbench.problem.rows import REDUCTIONS
from calcbench.problem.size import NamedSize, is_size


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_sequence(value: Any, holds: Callable[[Any], bool]) -> bool:
    return isinstance(value, (tuple, list)) and all(holds(item) for item in value)


def _is_interval(value: Any) -> bool:
    try:
        low, high = value
        return bool(float(low) < float(high))  # NaN is less than nothing
    except Exception:  # anything may come from an object that is no number
        return False


def _is_limit(value: Any) -> bool:
    return _is_sequence(value, lambda _: True) and [type(part) for part in value] == [int, str]


def _is_domain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_interval(interval) for interval in value.values())
    return callable(value)


METHODS = ("gradient", "jacobian", "hessian", "hvp", "outputs", "structure")

FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda value: _is_text(value) and value != "", "a text"),
    "sizes": (
        lambda value: _is_sequence(value, is_size) and len(value) > 0,
        "a tuple of whole numbers of at least 1, such as (10, 1000), or of dicts of them by name",
    ),
    "rows": (
        lambda value: _is_sequence(value, _is_text),
        'a tuple of names of data, such as ("X", "y")',
    ),
    "reduction": (_is_text, '"mean" or "sum"'),
    "domain": (
        _is_domain,
        "a dict of parameter name → (low, high) with low < high, or a function of the values",
    ),
    "limits": (
        lambda value: isinstance(value, Mapping) and all(map(_is_limit, value.values())),
        "a dict of backend name → (largest size, reason)",
    ),
    "requires": (
        lambda value: _is_sequence(value, _is_text),
        'a tuple of names of modules, such as ("scipy",)',
    ),
    "install": (_is_text, "a text"),
    "formula": (_is_text, "a text"),
    "place": (_is_text, "a text"),
    "derivation": (
        lambda value: _is_sequence(
            value, lambda step: _is_sequence(step, _is_text) and len(step) == 2
        ),
        "a tuple of steps, each of them (words, LaTeX)",
    ),
    "sources": (lambda value: _is_sequence(value, _is_text), "a tuple of texts"),
    **dict.fromkeys(METHODS, (callable, "a function")),
}
"""Attribute → what it must be like, for the code and in words."""


ARGUMENTS = {"parameters": ("parameters", "values"), "data": ("data arguments", "files")}
"""Attribute that calcbench fills → what it lists, and under which name to keep something else."""


def check_declarations(problem: Problem) -> None:
    """Raise `ProblemError` for the first attribute that has not the form that it should have."""
    subject = f"problem {short_repr(problem.name)}"
    for attribute, (fits, words) in FORMS.items():
        value = getattr(problem, attribute)
        if not fits(value):
            raise ProblemError(f"{subject}: {attribute} must be {words}, got {short_repr(value)}")
    for attribute in ARGUMENTS:
        _check_arguments(subject, attribute, getattr(problem, attribute))
    if problem.reduction not in REDUCTIONS:
        choices = nearest(problem.reduction, REDUCTIONS)
        raise ProblemError(f"{subject}: reduction = {short_repr(problem.reduction)}: {choices}")
    for name in problem.rows:
        _check_name(subject, "rows", name, problem.data, "data")
    for name in () if callable(problem.domain) else problem.domain:
        _check_name(subject, "domain", name, problem.parameters, "a parameter")
    named = [isinstance(size, Mapping | NamedSize) for size in problem.sizes]
    if any(named) and problem.options:
        raise ProblemError(
            f"{subject}: sizes must have no names, for a size of a decorated function is how many "
            "of its rows to take"
        )
    names = {tuple(sorted(s.names)) for s in problem.sizes if isinstance(s, NamedSize)}
    if len(names) > 1 or (any(named) and not all(named)):
        raise ProblemError(f"{subject}: sizes must have the same names, got {problem.sizes}")
    if len(problem.sizes) > 1 and problem.fixed_data:
        raise ProblemError(
            f"{subject}: sizes needs rows=…, of which a size takes the first: the data of a "
            "decorated function are what they are"
        )


def _check_arguments(subject: str, attribute: str, value: Any) -> None:
    """Raise `ProblemError` where a class keeps something else in a list of the cost's arguments."""
    lists, kept = ARGUMENTS[attribute]
    if not (isinstance(value, tuple) and _is_sequence(value, _is_text)):
        raise ProblemError(
            f"{subject}: {attribute!r} lists its {lists}, by the signature of cost, but is "
            f"{short_repr(value)}: keep that under another name, such as self.{kept}"
        )


def _check_name(subject: str, attribute: str, name: str, known: tuple[str, ...], kind: str) -> None:
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        known_names = ", ".join(known) or "none"
        raise ProblemError(
            f"{subject}: {attribute} names {name!r}, which is not {kind} ({known_names}){hint}"
        )
