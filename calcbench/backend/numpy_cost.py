"""The cost alone, in NumPy."""

from __future__ import annotations

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.calling import unpack_call
from calcbench.backend.prepared import Prepared
from calcbench.problem.point import Point
from calcbench.vocabulary.numpy import numpy_in


def prepare_numpy_cost(backend: Backend, point: Point) -> Prepared:
    """Prepare the cost in NumPy, on all rows at once."""
    problem = point.problem
    load = backend.loader(point)
    run = unpack_call(problem, problem.cost_on(backend.name, numpy_in(backend.dtype)))
    found = run(load(point))
    problem.check_returned(found)
    value = np.asarray(found)
    problem.check_cost(value.shape, value.dtype, point.value_shape)
    return Prepared(load, run, backend.unload_cost)
