"""Find the file that writes a backend's programs."""

from __future__ import annotations

from collections.abc import Iterable

from calcbench.backend.backend import Backend
from calcbench.catalogue.door import companion
from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem


def write_program(backend: Backend, problem: Problem, operator: Operator = GRADIENT) -> str:
    """Write a short stand-alone program that computes an operator as `backend` does.

    A backend that is a folder may hold `program.py`. In it, the function `program` takes the
    same arguments, and `PROGRAMS` has the names of the operators that it has programs for.
    Raises `Unsupported` with the reason where there is no program.
    """
    module = companion(type(backend), "program")
    if module is None:
        raise Unsupported("no stand-alone program for this backend")
    resolved = operator.resolve(own_point(problem))
    _check_operator(resolved, module.PROGRAMS)
    text: str = module.program(backend, problem, resolved)
    return text


def _check_operator(operator: Operator, known: Iterable[str]) -> None:
    *most, last = known
    if operator.name not in (*most, last):
        names = f"{', '.join(most)} and {last}" if most else last
        raise Unsupported(
            f"no stand-alone program for the {operator.name} by this backend, only for the {names}"
        )
