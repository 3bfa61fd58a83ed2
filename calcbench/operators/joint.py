"""Joint: operators taken together, which share their work; their results stand end to end."""

from __future__ import annotations

from abc import abstractmethod

from calcbench.operators.entries import Term
from calcbench.operators.operator import Operator
from calcbench.problem.point import Point


class Joint(Operator):
    """Several operators in one: it states the terms of its parts, one after the other."""

    @abstractmethod
    def parts(self) -> tuple[Operator, ...]:
        """List the operators whose results, end to end, are this one's."""

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State the terms of every part, each for the numbers after those of the part before."""
        found: list[Term] = []
        start = 0
        for part in self.parts():
            found += [term.shift(start) for term in part.terms(point)]
            start += part.layout(point).size
        return tuple(found)
