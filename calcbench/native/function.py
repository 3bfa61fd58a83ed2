"""Function: a native function at an argument, which runs on numbers with proof."""

from __future__ import annotations

import contextlib
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from calcbench.errors import CalcbenchError, Unsupported, short_repr
from calcbench.native.keeping import kept, seeds_kept
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import Shape
from calcbench.problem.problem import Arrays

PRECISION = {"float64": 53, "float32": 24}
"""Dtype → bits of its significand: what can be certified."""


def coarser(one: str, other: str) -> str:
    """Return the coarser of two dtypes of `PRECISION`."""
    return min(one, other, key=PRECISION.__getitem__)


class Use(Protocol):
    """Is told of the dtype of an active operation: `Function.use`."""

    def __call__(self, dtype: str, remedy: str = "") -> None:
        """Take the dtype. Raises `NotKnown` for one without bounds."""


class NotKnown(Unsupported):
    """Raised where a front end has no rule; the message names what: `primitive fft`."""

    def __init__(self, what: str, place: str = "") -> None:
        """Take what is not known, and where in a user's code that is, if nothing else says it."""
        super().__init__(what)
        self.place = place


class OtherForm(NotKnown):
    """A function gives arrays in another form than it gave them in before."""


class NotAnArray(CalcbenchError):
    """What a function returned is no array, and none is made of it."""

    def __init__(self, returned: Any) -> None:
        """Take what it returned."""
        super().__init__(f"f returns {short_repr(returned)}, and no array")
        self.returned = returned


class NoGradient(CalcbenchError, TypeError):
    """A gradient is not given, and the framework has none of its own."""


class WrongGradient(CalcbenchError):
    """A gradient that is not an array of real numbers for each argument, of its shape."""

    def told_of(self, what: str) -> str:
        """Say it of what is checked, such as `the pullback`, where it is told of the gradient."""
        said = str(self)
        start = "the gradient "
        return f"{what} {said.removeprefix(start)}" if said.startswith(start) else said


class NoWay(WrongGradient):
    """A framework finds no way from the argument to the value, as where f does not use it."""

    def __init__(self, who: str, remedy: str) -> None:
        """Take what looked for a way, such as `the tape`, and what to write if f does not use x."""
        self.said = f"{who} finds no way from x to f(x)"
        self.question = f"does f use its argument? ({remedy})"
        super().__init__(f"{self.said}: {self.question}")


def returns_other(kind: str, wanted: str = "array") -> str:
    """Say that a function returns what its framework cannot differentiate, and what to return."""
    return f"f returns a plain {kind}: return the {wanted}, and not .item() or float() of it"


class Function(ABC):
    """A native function of one argument or several, at the numbers where it is to be certified.

    A front end is a subclass. Its `arguments` hold the numbers of all arrays of floats in the
    argument, by name (`trees.name_leaves`), as float64 arrays; what else is in the argument is
    constant. `run` and `differentiate` run the framework itself; `evaluate` runs the function on
    numbers with proof, any number of times. None of them may change the caller's arrays, modules,
    seeds or modes.

    What `evaluate` must hold:

    - Every float result of an operation with an active operand carries numbers with proof
      (`values.is_certified`), or `NotKnown` is raised, with the operation's name. What has no
      active operand is computed by the framework itself.
    - Comparisons, and what follows from them, are those of the numbers with proof (`comparing`),
      which raise where they cannot decide.
    - The dtype of every operation with an active operand is reported (`use`), and a conversion to a
      coarser one rounds (`elementwise.cast`).
    """

    how: ClassVar[str]
    """On what the function is run, such as `NumPy on balls`."""
    holds: ClassVar[str] = ""
    """What of the framework holds numbers constant, such as `detach, no_grad`."""
    cuts: ClassVar[str] = ""
    """How a custom rule leaves no way for its own derivatives, as the end of a sentence."""

    function: Callable[..., Any]
    """The function as it is, ..."""
    x: Any
    """... and its argument."""

    def __init__(self, name: str, arguments: Arrays, dtypes: Mapping[str, str]) -> None:
        """Take the function's name, its arguments by name, and the dtype of each."""
        self.name = name
        self.arguments = arguments
        self.dtypes = dict(dtypes)
        self.dtype = "float64"
        """The coarsest dtype of the arguments and of all active operations, so far."""
        self.nearby = "float64"
        """The coarsest of those, and of the branches that are taken just beside the point alone."""
        self.unbounded = ""
        """The dtype of an active operation of which no bounds are known, if there was one."""
        for dtype in dtypes.values():
            self.use(dtype)

    def call(self, arguments: Arrays) -> np.ndarray:
        """Call the function at these numbers; its value as a float64 array.

        Raises `NotAnArray` where it returns none, and what the function raises.
        """
        return np.asarray(self.run(arguments, self._read))

    def returned(self, arguments: Arrays) -> Any:
        """Call the function at these numbers; what it returns, as it is."""
        return self.run(arguments, lambda returned: returned)

    @abstractmethod
    def run(self, arguments: Arrays, read: Callable[[Any], Any]) -> Any:
        """Call the function at these numbers, and read what it returns, before all is put back."""

    @abstractmethod
    def to_numpy(self, returned: Any) -> np.ndarray:
        """Make an array of what the function returned, of floats a float64 array."""

    def _read(self, returned: Any) -> np.ndarray:
        try:
            return self.to_numpy(returned)
        except RAISED as error:
            raise NotAnArray(returned) from error

    def representable(self, arguments: Arrays) -> Arrays:
        """Round numbers to what the arguments' own dtypes hold; as float64 arrays all the same."""
        return {n: a.astype(self.dtypes[n]).astype(np.float64) for n, a in arguments.items()}

    def native(self, arguments: Arrays) -> Any:
        """Give numbers the form of the argument: what a product takes as its direction."""
        raise NotKnown(f"directions of {self.how}")

    def call_complex(self, arguments: Arrays) -> np.ndarray:
        """Call the function at complex numbers; what does not take them raises."""
        raise NotKnown("complex numbers")

    @abstractmethod
    def call_along(self, arguments: Arrays, derivative: Callable[..., Any]) -> np.ndarray:
        """Call a derivative along a direction at these numbers, as `call` calls the function."""

    @abstractmethod
    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        """Call the gradient, or the framework's own if it is None: name → float64 array.

        Raises `WrongGradient` for what is not of the arguments' shapes, and `NoGradient` where
        there is none of its own.
        """

    def differentiate_outputs(
        self, arguments: Arrays, jacobian: Callable[..., Any] | None, shape: Shape
    ) -> Arrays:
        """Call the Jacobian of a function that gives an array of this shape, as `differentiate`.

        Name → array of that shape, followed by the argument's.
        """
        raise NotKnown(f"Jacobians of {self.how}")

    def multiply(self, arguments: Arrays, direction: Arrays) -> Arrays:
        """Multiply the Hessian by a direction as the framework does: name → float64 array.

        Raises `NoGradient` where it has no derivatives of its own.
        """
        raise NoGradient("give what is to be checked: check(f, hvp, x, operator='hvp')")

    def push(self, arguments: Arrays, direction: Arrays) -> np.ndarray:
        """Take the derivative along a direction as the framework does, by its forward mode.

        Raises `NoGradient` where it has none of its own.
        """
        raise NoGradient(
            "give what is to be checked: check(f, pushforward, x, operator='pushforward')"
        )

    def pull(self, arguments: Arrays, cotangent: Any) -> Arrays:
        """Multiply a cotangent by the Jacobian as the framework does: name → float64 array.

        The cotangent is like what the function returns. Raises `NoGradient` where it has no
        derivatives of its own.
        """
        raise NoGradient("give what is to be checked: check(f, pullback, x, operator='pullback')")

    @abstractmethod
    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Any:
        """Run the function on numbers with proof: name → array of them. Gives its value as one."""

    @contextlib.contextmanager
    def undisturbed(self, gradient: Callable[..., Any] | None = None) -> Iterator[None]:
        """Leave random numbers as they were, and what the function and its gradient keep.

        And how NumPy and Python warn.
        """
        functions = (self.function,) if gradient is None else (self.function, gradient)
        with np.errstate(), warnings.catch_warnings(), seeds_kept(), kept(*functions):
            yield

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Take what is reported in the block for what is done beside the point alone."""
        before = self.dtype
        try:
            yield
        finally:
            self.dtype = before

    def use(self, dtype: str, remedy: str = "") -> None:
        """Report the dtype of an active operation, and what to write for another, if that is known.

        Raises `NotKnown` for one without bounds.
        """
        self.use_nearby(dtype, remedy)
        self.dtype = coarser(self.dtype, dtype)

    def use_nearby(self, dtype: str, remedy: str = "") -> None:
        """Report, as `use`, the dtype of what is done beside the point, and not at it."""
        if dtype not in PRECISION:
            self.unbounded = dtype
            raise NotKnown(f"dtype {dtype}" + (f"; {remedy}" if remedy else ""))
        self.nearby = coarser(self.nearby, dtype)
