"""The cost alone, in NumPy."""

from __future__ import annotations

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.calling import direct
from calcbench.backend.prepared import Prepared
from calcbench.problem.problem import Arrays, Problem
from calcbench.vocabulary.numpy import NUMPY


def prepare_numpy_cost(backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
    """Make the cost ready in NumPy, on all rows at once."""
    cost = problem.cost_on(backend.name, NUMPY)
    load = backend.loader(problem, inputs)
    run = direct(problem, cost)
    value = np.asarray(run(load(inputs)))
    problem.check_cost(value.shape, value.dtype, problem.value_shape(inputs))
    return Prepared(load, run, backend.unload_cost)
