"""`calcbench check`: a gradient in a file of yours, held against its function."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click
import numpy as np

from calcbench.api.checking import check
from calcbench.catalogue.files import load_module
from calcbench.cli.flags import json_option
from calcbench.cli.options import traceback_option
from calcbench.cli.terminal import print_json, results_apart
from calcbench.errors import CalcbenchError, ProblemError, SelectorError, nearest, printable
from calcbench.native.function import NoGradient
from calcbench.problem.faults import RAISED, describe

WORDS = {
    "gradient": ("gradient", "grad"),
    "pushforward": ("pushforward", "jvp"),
    "pullback": ("pullback", "vjp"),
    "hvp": ("hvp",),
    "jacobian": ("jacobian", "jac"),
}
"""Operator → what is before or after a function's name, in the name of what is checked of it."""

POINTS = ("x", "x0")
"""Names of the point at which to check, if none is given."""

LITERAL = "a name in the file, a number, or a list such as '[1, 2]'"
"""What --x may be."""


@click.command("check")
@click.argument("target", metavar="FILE.py::FUNCTION")
@click.option(
    "--grad",
    metavar="NAME",
    help="The gradient in the file. [FUNCTION_gradient, gradient_FUNCTION, FUNCTION_grad or "
    "grad_FUNCTION, and so with hvp, jacobian, jac, pushforward, jvp, pullback or vjp for another "
    "--operator; without one, that of torch, JAX or TensorFlow]",
)
@click.option(
    "--x",
    "point",
    metavar="X",
    help="The point: a name in the file, of a value or of a function that gives it; a number; or a "
    "list such as '[1, 2]'. A tuple is several arguments. [x or x0 in the file]",
)
@click.option(
    "--operator",
    metavar="OPERATOR",
    default="gradient",
    help="gradient, jacobian, pullback, pushforward or hvp; of the last three, the first takes a "
    "cotangent, too, and the others a direction. [gradient]",
)
@click.option("--points", default=1, help="How many points to check, around that one. [1]")
@click.option("--seconds", default=60.0, help="What each sweep of a certificate may take. [60]")
@click.option("--certified", is_flag=True, help="Fail, too, where not all is proved.")
@traceback_option
@json_option
def command(target: str, certified: bool, as_json: bool, **options: Any) -> None:
    """Check the gradient of a function as it is: NumPy, torch, JAX or TensorFlow code.

    FUNCTION may be a method: CLASS::METHOD, of a class that is made without arguments, or of an
    object that the file makes.

    Exit status 0 if it is proved right, or nothing is proved and difference quotients agree
    (unless --certified); 1 if not; 2 for bad input.

    \b
    Examples:
      calcbench check model.py::loss
      calcbench check model.py::loss --grad backprop --x weights
      calcbench check model.py::loss --x '[0.5, -1.0]'
      calcbench check model.py::loss --points 5 --certified
      calcbench check model.py::loss --operator hvp
      calcbench check model.py::layer --operator pullback --grad backward
      calcbench check model.py::Model::loss --json
    """
    try:
        with results_apart():
            found = _check(target, **options)
    except CalcbenchError as error:
        error.args = (_as_options(str(error)),)
        if as_json:
            print_json({"error": printable(str(error))})
        raise
    if as_json:
        print_json(found.as_json())
    else:
        click.echo(str(found))
    right = found.certified if certified else found.ok or found.witnessed
    sys.exit(0 if right else 1)


def _check(target: str, grad: str | None, point: str | None, operator: str, **options: Any) -> Any:
    """Find what is named on the command line, and check it."""
    found = _find_function(target)
    gradient = found.gradient(grad, operator)
    x = found.point(point)
    try:
        return check(found.function, gradient, x, operator=operator, name=found.name, **options)
    except NoGradient as error:
        names = ", ".join(_usual(found.name, operator))
        raise SelectorError(
            f"{found.file.path} has none of {names}, and NumPy has no gradient of its own: write "
            f"one, or name yours by --grad"
            if operator == "gradient"
            else f"{found.file.path} has none of {names}: name what is to be checked by --grad"
        ) from error


def _as_options(message: str) -> str:
    """Write an operator as it is chosen on the command line, and not in Python."""
    found = re.sub(r"operator='(\w+)' or '(\w+)'", r"--operator \1 or \2", message)
    return re.sub(r"operator='(\w+)'", r"--operator \1", found)


def _usual(name: str, operator: str) -> list[str]:
    """List the names that what is checked of a function has, if none is given."""
    words = WORDS.get(operator, ())
    return [form for word in words for form in (f"{name}_{word}", f"{word}_{name}")]


class _File(NamedTuple):
    """A file of Python, and what it defines."""

    path: str
    names: dict[str, Any]
    module: str

    def functions(self) -> list[str]:
        """List the functions and classes that the file itself defines."""
        return [
            name
            for name, value in self.names.items()
            if callable(value) and getattr(value, "__module__", None) == self.module
        ]

    def find(self, name: str) -> Any:
        """Find a function by name, or by CLASS::METHOD."""
        return self.owner_and_function(name)[1]

    def owner_and_function(self, name: str) -> tuple[Any, Any]:
        """Find a function, and the object that it is a method of; None for one of no object."""
        first, *rest = name.split("::")
        if first not in self.names:
            raise self._lacks(first)
        owner, found = None, self.names[first]
        for part in rest:
            owner = self._made(found, first, part)
            found = _attribute(self.path, owner, part)
        if isinstance(found, type):
            raise SelectorError(
                f"{self.path}: {name} is a class: name a method of it, {self.path}::{name}::METHOD"
            )
        if not callable(found):
            raise self._lacks(name)
        return owner, found

    def _lacks(self, name: str) -> SelectorError:
        known = self.functions()
        if not known:
            return SelectorError(f"{self.path} defines no function")
        first = name.partition("::")[0]
        return SelectorError(f"{self.path} has no function {name!r}: {nearest(first, known)}")

    def _made(self, kind: Any, name: str, method: str) -> Any:
        """Make an object of a class whose method wants one."""
        if not isinstance(kind, type):
            return kind
        if not inspect.isfunction(inspect.getattr_static(kind, method, None)):
            return kind
        try:
            return kind()
        except RAISED as error:
            raise SelectorError(
                f"{self.path}: {name}() does not make an object ({describe(error)}): make one in "
                f"the file, model = {name}(…), and check {self.path}::model::{method}"
            ) from error


def _attribute(path: str, owner: Any, name: str) -> Any:
    found = getattr(owner, name, None)
    if found is None:
        known = [n for n in dir(owner) if not n.startswith("_")]
        kind = owner if isinstance(owner, type) else type(owner)
        raise SelectorError(f"{path}: {kind.__name__} has no {name!r}: {nearest(name, known)}")
    return found


class _Found(NamedTuple):
    """The function that is checked, and where it is."""

    file: _File
    owner: Any
    function: Callable[..., Any]
    name: str

    def gradient(self, grad: str | None, operator: str) -> Any:
        """Find the gradient: beside a method first; None, which is the framework's own, if none."""
        if grad is not None:
            method = getattr(self.owner, grad, None)
            return method if callable(method) else self.file.find(grad)
        for name in _usual(self.name, operator):
            for found in (getattr(self.owner, name, None), self.file.names.get(name)):
                if callable(found):
                    return found
        return None

    def point(self, given: str | None) -> Any:
        """Find the point in the file, or read it."""
        path, names = self.file.path, self.file.names
        name = next((n for n in POINTS if n in names), None) if given is None else given
        if name is None:
            raise SelectorError(
                f"{path} has no {' or '.join(POINTS)}: name the point at which to check by --x, "
                f"{LITERAL}"
            )
        value = names[name] if name in names else _read_point(path, names, name)
        if inspect.isroutine(value):
            with _blamed(f"{path}: {name}()"):
                value = value()
        if value is None:
            raise SelectorError(f"{path}: {name} is None, and no point at which to check")
        return value


def _read_point(path: str, names: dict[str, Any], text: str) -> Any:
    """Read a number, a list or a tuple of them. Raises `SelectorError` for anything else."""
    with contextlib.suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        value = ast.literal_eval(text)
        if isinstance(value, tuple):
            return tuple(map(_numbers, value))
        return _numbers(value)
    own = [n for n, v in names.items() if not n.startswith("_") and not isinstance(v, ModuleType)]
    hint = nearest(text, own) if text.isidentifier() else f"--x is {LITERAL}"
    raise SelectorError(f"{path} has no name {text!r}: {hint}")


def _numbers(value: Any) -> Any:
    """Make floats of numbers. Raises `ValueError` or `TypeError` for what is none."""
    found = np.array(value, dtype=float)
    return found if found.ndim else float(found)


def _find_function(target: str) -> _Found:
    """Find the function that FILE.py::FUNCTION names."""
    path, separator, name = target.partition("::")
    if not path:
        raise SelectorError(f"{target!r} names no file: write FILE.py::FUNCTION")
    if Path(path).is_dir():
        raise SelectorError(
            f"{path!r} is a folder: write FILE.py::FUNCTION, of a file in it"
            + "".join(f", as {file}" for file in sorted(Path(path).glob("*.py"))[:1])
        )
    module = load_module(Path(path))
    file = _File(path, vars(module), module.__name__)
    if not (separator and name):
        known = ", ".join(file.functions()) or "which it defines none"
        raise SelectorError(f"{target!r} names no function: write {path}::FUNCTION, of {known}")
    with _blamed(path):
        owner, function = file.owner_and_function(name)
    return _Found(file, owner, function, name.rpartition("::")[2])


@contextlib.contextmanager
def _blamed(where: str) -> Iterator[None]:
    """Turn what a user's file raises into one line."""
    try:
        yield
    except CalcbenchError:
        raise
    except RAISED as error:
        raise ProblemError(f"{where} raises {describe(error)}") from error
