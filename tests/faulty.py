"""A backend that goes wrong in every way that one can, and when one likes.

A module of its own, because the processes of the harness that times import it.
"""

import ctypes
import os
import sys
import tempfile
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from calcbench import Prepared
from calcbench.backends.by_hand.derivatives import ByHand
from calcbench.bench import worker

HEALED = "CALCBENCH_TEST_HEALED"
"""Names a file in the environment of all processes: where there is one, every fault heals."""

os.environ.setdefault(HEALED, os.path.join(tempfile.gettempdir(), f"healed-{os.getpid()}"))


@dataclass(frozen=True)
class Faulty(ByHand):
    """The gradient by hand, and then something else."""

    name: ClassVar[str] = "faulty"

    fault: Literal["none", "raise", "quit", "exit", "segfault", "hang", "memory", "nan"] = "none"
    when: Literal["setup", "rounds"] = "setup"
    """Whether it goes wrong while the cell is set up, or later."""

    def prepare_gradient(self, point):
        prepared = super().prepare_gradient(point)

        def run(native):
            due = self.when == "setup" or worker._cell is not None
            if due and not os.path.exists(os.environ[HEALED]):
                return FAULTS[self.fault](prepared.run(native))
            return prepared.run(native)

        return Prepared(prepared.load, run, prepared.unload)


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
