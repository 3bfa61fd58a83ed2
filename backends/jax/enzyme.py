"""Enzyme: a compiler pass that differentiates the program which JAX gives to XLA.

JAX lowers the cost to StableHLO, Enzyme (Moses & Churavy, NeurIPS 2020) differentiates that, and
XLA compiles what comes out. In the package `enzyme_ad` this is a primitive of JAX, `enzyme_jax_ir`,
whose forward and reverse rules are Enzyme's. A rule has no derivative itself (0.0.16): for second
derivatives Enzyme's forward mode goes over the gradient that JAX's own reverse mode wrote.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from calcbench.errors import NotInstalled, Unsupported, first_line, missing
from calcbench.operators.function import Derived, Function

from .._quiet import quiet_stderr

MODULE = "enzyme_ad"
INSTALL = "python -m pip install 'calcbench[enzyme]'"


def enzyme() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Import what makes a function one that Enzyme differentiates.

    Raises `NotInstalled` where it is missing, with the command that installs it.
    """
    absent = missing((MODULE,), INSTALL)
    if absent:
        raise NotInstalled(f"backend 'jax[mode=enzyme]': {absent}")
    try:
        module = importlib.import_module(f"{MODULE}.jax")
    except Exception as error:
        raise NotInstalled(
            f"backend 'jax[mode=enzyme]': {MODULE} is installed but does not import: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from error
    decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = module.enzyme_jax_ir()
    return decorator


def wrap(jax: Any, function: Function) -> Function:
    """Make a function one that Enzyme differentiates.

    All arrays are arguments of what it is given: it cannot close over one that is being traced.
    """
    count, decorate = len(function.parameters), enzyme()

    def flat(*arrays: Any) -> Any:
        return function.apply(arrays[:count], arrays[count:])

    def apply(parameters: Any, data: Any) -> Any:
        return decorate(flat)(*parameters, *data)

    return Function(apply, function.parameters, function.value)


NO_RULE = re.compile(r"could not compute the adjoint for this operation [^\n]*?\"stablehlo.(\w+)")
DUMPS = "TEST_UNDECLARED_OUTPUTS_DIR"
TARGET = re.compile(r'call_target_name = "(\w+)"')


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Raise `Unsupported` for what Enzyme says, while it compiles, that it cannot differentiate.

    Its pages about that are held back, and so is the file of the program that it leaves (it goes to
    the folder which TEST_UNDECLARED_OUTPUTS_DIR names).
    """
    try:
        with quiet_stderr(), tempfile.TemporaryDirectory() as folder, _environment(DUMPS, folder):
            yield
    except Exception as error:
        _, failed, said = str(error).partition("Pipeline failed:\n")
        if not failed:
            raise
        raise Unsupported(f"Enzyme does not differentiate this: {_shorten(said)}") from error


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable of the environment, and set it back."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _shorten(said: str) -> str:
    """Name the operation that has no rule, of the pages that Enzyme says."""
    operation = NO_RULE.search(said)
    if operation is None:
        return said.strip().partition("\n")[0]
    called = TARGET.search(said)
    return f"it has no rule for {called[1] if called else operation[1]} (mode=jit has one)"


def repeat(jax: Any, function: Function, count: int) -> Function:
    """Make a function of so many copies of each parameter, stacked along a first axis."""

    def apply(parameters: Any, data: Any) -> Any:
        return jax.vmap(lambda *one: function.apply(one, data))(*parameters)

    shapes = tuple((count, *shape) for shape in function.parameters)
    return Function(apply, shapes, (count, *function.value))


Derive = Callable[[Function], Derived]


def jacobian(jax: Any, function: Function, pushforwards: Derive, pullbacks: Derive) -> Derived:
    """Multiply by the unit vectors of the rows or the columns, whichever are fewer."""
    (rows,) = function.value
    sizes = list(map(math.prod, function.parameters))
    ends = np.cumsum(sizes)[:-1]

    def by_rows(parameters: Any, data: Any) -> Any:
        return pull.apply(parameters, data, jax.numpy.eye(rows, dtype=parameters[0].dtype))

    def by_columns(parameters: Any, data: Any) -> Any:
        units = jax.numpy.eye(sum(sizes), dtype=parameters[0].dtype)
        parts = zip(jax.numpy.split(units, ends, axis=1), function.parameters, strict=True)
        directions = tuple(part.reshape((-1, *shape)) for part, shape in parts)
        columns = push.apply(parameters, data, directions)
        blocks = zip(jax.numpy.split(columns.T, ends, axis=1), function.parameters, strict=True)
        return tuple(block.reshape((rows, *shape)) for block, shape in blocks)

    if function.components <= rows:
        push = pushforwards(function)
        return Derived(by_columns, f"{push.method}, by columns")
    pull = pullbacks(function)
    return Derived(by_rows, f"{pull.method}, by rows")


def hessian(jax: Any, function: Function, hvp: Derive) -> Derived:
    """Loop over the columns, each a Hessian-vector product."""
    product = hvp(function)
    ends = np.cumsum(list(map(math.prod, function.parameters)))[:-1]

    def apply(parameters: Any, data: Any) -> Any:
        # A column is a row as well, for the matrix is symmetric.
        blocks = _along_all(jax, function, product, parameters, data)
        cut = [jax.numpy.split(block, ends) for block in blocks]
        return tuple(
            tuple(part.reshape((*mine, *part.shape[1:])) for part in row)
            for mine, row in zip(function.parameters, zip(*cut, strict=True), strict=True)
        )

    return Derived(apply, f"{product.method}, columns one by one")


def _along_all(jax: Any, function: Function, derived: Derived, parameters: Any, data: Any) -> Any:
    """Take a derivative along the unit vector of every component, in a loop that XLA compiles."""
    numpy, shapes = jax.numpy, function.parameters
    ends = np.cumsum(list(map(math.prod, shapes)))[:-1]

    def along(unit: Any) -> Any:
        parts = zip(numpy.split(unit, ends), shapes, strict=True)
        direction = tuple(part.reshape(shape) for part, shape in parts)
        return derived.apply(parameters, data, direction)

    return jax.lax.map(along, numpy.eye(function.components, dtype=parameters[0].dtype))
