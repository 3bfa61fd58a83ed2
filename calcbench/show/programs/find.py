"""Find the file that writes a backend's programs."""

from __future__ import annotations

from calcbench.backend.backend import Backend
from calcbench.catalogue.door import companion
from calcbench.errors import Unsupported
from calcbench.operators import Operator
from calcbench.problem.problem import Problem


def program(backend: Backend, problem: Problem, operator: Operator | None = None) -> str:
    """Write a short stand-alone program that computes an operator as `backend` does.

    Without `operator`, the gradient. A backend that is a folder holds the function `program` of
    the same arguments in `program.py`. Raises `Unsupported` with the reason where there is none.
    """
    module = companion(type(backend), "program")
    if module is None:
        raise Unsupported("no stand-alone program for this backend")
    text: str = module.program(backend, problem, operator)
    return text
