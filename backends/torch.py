"""PyTorch: reverse mode on a tape (eager), as a function transform (func), or compiled."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.backend import direct, timed
from calcbench.interfaces.problem import Arrays
from calcbench.interfaces.vocabulary import NAMES, Namespace, iterate
from calcbench.program import ITERATE, PRINT, Rule, Spelling, Use, Value, Writer, mapping

from . import by_hand


@dataclass(frozen=True)
class Torch(Backend):
    """PyTorch's autograd; `func` is torch.func.grad, `compile` is that under torch.compile."""

    name: ClassVar[str] = "torch"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "exact"
    requires: ClassVar[tuple[str, ...]] = ("torch",)
    install: ClassVar[str] = "python -m pip install torch"

    mode: Literal["eager", "func", "compile"] = "eager"

    def namespace(self) -> Namespace:
        return _namespace(self.framework(), self.dtype)

    def convert(self, array: np.ndarray) -> Any:
        return self.framework().from_numpy(self.cast(array))

    def to_numpy(self, native: Any) -> np.ndarray:
        tensor = isinstance(native, self.framework().Tensor)
        return super().to_numpy(native.detach().numpy() if tensor else native)

    def prepare_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        cost = problem.cost_on(self.name, self.namespace())
        convert = self.loader(problem, inputs)

        def load(inputs: Any) -> Any:
            parameters, data = convert(inputs)
            return tuple(p.requires_grad_() for p in parameters), data

        native = load(inputs)
        seconds = None
        if not self._value(problem, cost, native).requires_grad:
            run = _zeros  # a constant: torch refuses, the gradient is zero
        elif self.mode == "eager":
            run = self._tape(direct(problem, cost))
        else:
            run = self._transformed(cost)
            if self.mode == "compile":
                _, seconds = timed(run, native)  # the first call compiles
        return Prepared(load, run, self.unloader(problem), seconds)

    def prepare_cost(self, problem: Problem, inputs: Arrays) -> Prepared:
        cost = problem.cost_on(self.name, self.namespace())
        load = self.loader(problem, inputs)  # nothing requires a gradient: nothing is recorded
        native = load(inputs)
        self._value(problem, cost, native)
        run, seconds = direct(problem, cost), None
        if self.mode == "compile":
            run = self.framework().compile(run)
            _, seconds = timed(run, native)  # the first call compiles
        return Prepared(load, run, self.unload_cost, seconds)

    def _value(self, problem: Problem, cost: Any, native: Any) -> Any:
        """The cost as a tensor, and a check that it is one number."""
        parameters, data = native
        value = self.framework().as_tensor(cost(*parameters, **data))
        problem.check_cost(value.shape, value.dtype)
        return value

    def _tape(self, cost: Any) -> Any:
        torch = self.framework()
        grad, zeros = torch.autograd.grad, torch.zeros_like
        # materialize_grads=True does the same as what is below, and takes longer over it.
        unused = functools.partial(operator.is_, None)

        def run(native: Any) -> Any:
            parameters, _ = native
            partials = grad(cost(native), parameters, allow_unused=True)
            if not any(map(unused, partials)):
                return partials
            return [zeros(p) if d is None else d for p, d in zip(parameters, partials, strict=True)]

        return run

    def _transformed(self, cost: Any) -> Any:
        torch = self.framework()
        gradient = torch.func.grad(lambda parameters, data: cost(*parameters, **data))
        if self.mode == "compile":
            gradient = torch.compile(gradient)

        def run(native: Any) -> Any:
            parameters, data = native
            return gradient(parameters, data)

        return run

    def program(self, problem: Problem) -> str:
        return _program(self, problem)


def _zeros(native: Any) -> Any:
    parameters, _ = native
    return [parameter.detach() * 0 for parameter in parameters]


# --- the vocabulary in PyTorch -------------------------------------------------------------


def _namespace(torch: Any, dtype: str) -> Namespace:
    floating = getattr(torch, dtype)

    def with_number(function: Any) -> Any:
        """Let the second argument be a number, which torch wants as a tensor."""

        def apply(x: Any, y: Any) -> Any:
            if not isinstance(y, torch.Tensor):
                y = torch.as_tensor(y, dtype=x.dtype)
            elif not isinstance(x, torch.Tensor):
                x = torch.as_tensor(x, dtype=y.dtype)
            return function(x, y)

        return apply

    def where(condition: Any, x: Any, y: Any) -> Any:
        if not (isinstance(x, torch.Tensor) or isinstance(y, torch.Tensor)):
            # Two numbers: torch would round them to its default dtype, float32.
            x = torch.as_tensor(x, dtype=floating)
        return torch.where(condition, x, y)

    def reduction(function: Any) -> Any:
        """`axis=None` and `keepdims` as in the array API; torch says dim and keepdim."""

        def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
            dim = tuple(range(x.ndim)) if axis is None else axis
            return function(x, dim=dim, keepdim=keepdims)

        return reduce

    def total(function: Any) -> Any:
        """Likewise, with the short call where every element is reduced."""

        def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
            if axis is None and not keepdims:
                return function(x)
            dim = tuple(range(x.ndim)) if axis is None else axis
            return function(x, dim=dim, keepdim=keepdims)

        return reduce

    def take(x: Any, indices: Any, axis: int = 0) -> Any:
        indices = torch.as_tensor(indices)
        flat = torch.index_select(x, axis, indices.reshape(-1))
        axis %= x.ndim
        return flat.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))

    def tensors(arrays: Any) -> list[Any]:
        """Let numbers stand among the arrays of stack."""
        is_tensor = torch.is_tensor
        return [a if is_tensor(a) else torch.as_tensor(a, dtype=floating) for a in arrays]

    return Namespace(
        {
            "pi": torch.pi,
            "exp": torch.exp,
            "expm1": torch.expm1,
            "log": torch.log,
            "log1p": torch.log1p,
            "sqrt": torch.sqrt,
            "sin": torch.sin,
            "cos": torch.cos,
            "tan": torch.tan,
            "tanh": torch.tanh,
            "abs": torch.abs,
            "sigmoid": torch.sigmoid,
            # torch.nn.functional.softplus turns linear at 20, an error of 2e-9; this does not.
            "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
            "maximum": with_number(torch.maximum),
            "minimum": with_number(torch.minimum),
            "logaddexp": with_number(torch.logaddexp),
            "where": where,
            "sum": total(torch.sum),
            "mean": total(torch.mean),
            "max": reduction(torch.amax),
            "logsumexp": reduction(torch.logsumexp),
            "matmul": torch.matmul,
            "einsum": torch.einsum,
            "matrix_transpose": lambda x: x.mT,
            "reshape": torch.reshape,
            "concat": lambda arrays, axis=0: torch.concat(list(arrays), dim=axis),
            "stack": lambda arrays, axis=0: torch.stack(tensors(arrays), dim=axis),
            "take": take,
            "take_along_axis": lambda x, i, axis: torch.take_along_dim(x, torch.as_tensor(i), axis),
            "linalg.cholesky": torch.linalg.cholesky,
            "linalg.solve": torch.linalg.solve,
            "linalg.slogdet": lambda x: tuple(torch.linalg.slogdet(x)),
            "iterate": iterate,
        }
    )


# --- a program without calcbench -----------------------------------------------------------


def _program(backend: Torch, problem: Problem) -> str:
    writer = Writer(problem, backend.name, SPELLING, by_hand.NUMPY)
    names, call = problem.parameters, f"cost({writer.arguments})"
    tape = backend.mode == "eager"

    def native(value: Value) -> str:
        grad = ", requires_grad=True" if value.parameter and tape else ""
        return f"torch.tensor({value.text}{grad})"

    if tape:
        partials = {n: f"{n}.grad" if writer.uses(n) else f"torch.zeros_like({n})" for n in names}
        gradient = f"{call}.backward()\n{mapping('gradient', partials)}"
    else:
        function = f"torch.func.grad(cost, argnums={tuple(range(len(names)))})"
        function = f"torch.compile({function})" if backend.mode == "compile" else function
        listed = ", ".join(f'"{name}"' for name in names)
        gradient = f"partials = {function}({writer.arguments})\n"
        gradient += f"gradient = dict(zip([{listed}], partials))"
    return writer.compose(
        "torch.set_default_dtype(torch.float64)",
        *writer.data(native),
        *writer.cost(),
        gradient,
        PRINT.replace("{partial}", "{partial.numpy()}"),
    )


def _clamp(bound: str, otherwise: str) -> Rule:
    """torch.maximum wants two tensors; beside a number, one writes clamp."""

    def rule(use: Use) -> str:
        if -1 not in use.ranks:
            return otherwise
        order = "x, y" if use.ranks[1] == -1 else "y, x"
        return f"lambda {order}: torch.clamp(x, {bound}=y)"

    return rule


def _over_all(name: str) -> Rule:
    """A reduction for which torch insists on `dim`."""

    def rule(use: Use) -> str:
        if len(use.arguments) > 1 or "axis" in use.keywords:
            return f"torch.{name}"
        flat = "x" if use.ranks == (1,) else "x.flatten()"
        return f"lambda x: torch.{name}({flat}, dim=0)"

    return rule


SPELLING = Spelling(
    "PyTorch",
    {
        **{name: f"torch.{name}" for name in NAMES},
        # As it stands, softplus turns linear at 20, an error of 2e-9.
        "softplus": "lambda x: torch.nn.functional.softplus(x, threshold=40)",
        "maximum": _clamp("min", "torch.maximum"),
        "minimum": _clamp("max", "torch.minimum"),
        "max": _over_all("amax"),
        "logsumexp": _over_all("logsumexp"),
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": "lambda x: x.mT",
        "concat": "torch.cat",
        "take": "lambda x, indices, axis=0: torch.index_select(x, axis, indices)",
        "take_along_axis": "torch.take_along_dim",
        "iterate": ITERATE,
    },
    imports={"torch": "import torch"},
    keywords={"axis": "dim", "keepdims": "keepdim"},
)
