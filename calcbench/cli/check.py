"""`calcbench check`: a gradient in a file of yours, held against its function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from calcbench.api.checking import check
from calcbench.catalogue.files import load_module
from calcbench.cli.flags import json_option
from calcbench.cli.options import traceback_option
from calcbench.cli.terminal import print_json
from calcbench.errors import SelectorError, nearest

GRADIENTS = ("{}_gradient", "{}_grad", "grad_{}", "gradient_{}")
"""Names that the gradient of a function has, if none is given."""

POINTS = ("x", "x0")
"""Names of the point at which to check, if none is given."""


@click.command("check")
@click.argument("target", metavar="FILE.py::FUNCTION")
@click.option(
    "--grad",
    metavar="NAME",
    help="The gradient in the file. [FUNCTION_gradient, FUNCTION_grad or grad_FUNCTION; without "
    "one, the framework's own]",
)
@click.option(
    "--x",
    "point",
    metavar="NAME",
    help="The point in the file, or a function that gives it; a tuple is several arguments. "
    "[x or x0]",
)
@click.option("--points", default=1, help="How many points to check, around that one. [1]")
@click.option("--seconds", default=60.0, help="What each sweep of a certificate may take. [60]")
@click.option("--certified", is_flag=True, help="Fail, too, where nothing is proved.")
@traceback_option
@json_option
def command(
    target: str,
    grad: str | None,
    point: str | None,
    points: int,
    seconds: float,
    certified: bool,
    as_json: bool,
) -> None:
    """Check the gradient of a function as it is: NumPy, torch, JAX or TensorFlow code.

    Exit status 0 if it is proved right, or nothing is proved and difference quotients agree
    (unless --certified); 1 if not.

    \b
    Examples:
      calcbench check model.py::loss
      calcbench check model.py::loss --grad backprop --x weights
      calcbench check model.py::loss --points 5 --certified
    """
    path, separator, name = target.rpartition("::")
    if not separator or not name:
        raise SelectorError(f"{target!r} names no function: write FILE.py::FUNCTION")
    names = vars(load_module(Path(path)))
    function = _find(path, names, name, callable, "function")
    found = check(
        function,
        _gradient(path, names, name, grad),
        _point(path, names, point),
        points=points,
        seconds=seconds,
        name=name,
    )
    if as_json:
        print_json(found.as_json())
    else:
        click.echo(str(found))
    right = found.certified if certified else found.ok or found.witnessed
    sys.exit(0 if right else 1)


def _gradient(path: str, names: dict[str, Any], name: str, grad: str | None) -> Any:
    """Find the gradient in a file; None, which is the framework's own, if nobody names one."""
    if grad is not None:
        return _find(path, names, grad, callable, "function")
    usual = (names.get(form.format(name)) for form in GRADIENTS)
    return next((value for value in usual if callable(value)), None)


def _point(path: str, names: dict[str, Any], point: str | None) -> Any:
    """Find the point in a file."""
    if point is None:
        point = next((name for name in POINTS if name in names), None)
    if point is None:
        raise SelectorError(f"{path} has no x: name the point at which to check by --x")
    value = _find(path, names, point, lambda value: True, "name")
    return value() if callable(value) else value


def _find(
    path: str, names: dict[str, Any], name: str, fits: Callable[[Any], bool], kind: str
) -> Any:
    """Find a name in a file."""
    if name in names and fits(names[name]):
        return names[name]
    raise SelectorError(f"{path} has no {kind} {name!r}: {nearest(name, _own(names, fits))}")


def _own(names: dict[str, Any], fits: Callable[[Any], bool]) -> Iterable[str]:
    """List the names that a file itself defines."""
    modules = type(sys)
    return [
        name
        for name, value in names.items()
        if not name.startswith("_") and not isinstance(value, modules) and fits(value)
    ]
