"""A backend that goes wrong in every way that one can, and when one likes.

A module of its own, because the processes of the harness that times import it.
"""

import ctypes
import os
import sys
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from calcbench import Prepared
from calcbench.backends.by_hand.derivatives import ByHand
from calcbench.bench import worker


@dataclass(frozen=True)
class Faulty(ByHand):
    """The gradient by hand, and then something else."""

    name: ClassVar[str] = "faulty"

    fault: Literal["none", "raise", "quit", "exit", "segfault", "hang", "memory", "nan"] = "none"
    when: Literal["setup", "rounds"] = "setup"
    """Whether it goes wrong while the cell is set up, or later."""

    healed: ClassVar[str] = ""
    """A file (`healing`): where there is one, the fault heals."""

    def prepare_gradient(self, point):
        prepared = super().prepare_gradient(point)

        def run(native):
            due = self.when == "setup" or worker._cell is not None
            if due and not os.path.exists(self.healed):
                return FAULTS[self.fault](prepared.run(native))
            return prepared.run(native)

        return Prepared(prepared.load, run, prepared.unload)


def healing(file, **options):
    """Make a faulty backend that is healthy once there is a file, in whatever process it runs.

    It is no option, for which the backend would have another name.
    """
    backend = Faulty(**options)
    object.__setattr__(backend, "healed", str(file))
    return backend


def _raise(gradient):
    raise ValueError("it raises")


def _hang(gradient):
    while True:
        pass


def _eat(gradient):
    eaten = []
    while True:
        eaten.append(np.ones(8_000_000))


FAULTS = {
    "none": lambda gradient: gradient,
    "raise": _raise,
    "quit": lambda gradient: sys.exit(4),
    "exit": lambda gradient: os._exit(3),
    "segfault": lambda gradient: ctypes.string_at(0),
    "hang": _hang,
    "memory": _eat,
    "nan": lambda gradient: {name: np.nan * partial for name, partial in gradient.items()},
}
