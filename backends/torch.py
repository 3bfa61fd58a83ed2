"""PyTorch: reverse mode on a tape (eager), as a function transform (func), or compiled."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.interfaces import Derived, Function, Prepared, Problem, Transforming
from calcbench.interfaces.backend import direct, timed
from calcbench.interfaces.problem import Arrays
from calcbench.interfaces.vocabulary import NAMES, Namespace, iterate
from calcbench.operators import GRADIENT, Operator, named
from calcbench.program import (
    ALL,
    ITERATE,
    Rule,
    Spelling,
    Transforms,
    Use,
    Value,
    Writer,
    asked,
    listed,
    mapping,
    prints,
    transformed,
)

from . import by_hand


@dataclass(frozen=True)
class Torch(Transforming):
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

    def native(self, value: Any) -> Any:
        if hasattr(value, "requires_grad"):
            return value
        torch = self.framework()  # not for a tensor: torch.compile does not trace an import
        # By itself, torch gives a Python number its default dtype, float32.
        floating = getattr(torch, self.dtype) if isinstance(value, float) else None
        return torch.as_tensor(value, dtype=floating)

    # On a tape, the call is as short as an expert would write it: see benchmarks/test_overhead.py.

    def prepare_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        if self.mode != "eager":
            return self.transform(GRADIENT, problem, inputs)
        convert = self.loader(problem, inputs)

        def load(inputs: Any) -> Any:
            parameters, data = convert(inputs)
            return tuple(p.requires_grad_() for p in parameters), data

        value = self._value(problem, inputs, load(inputs))
        # Of a constant, torch refuses the gradient; it is zero.
        cost = direct(problem, problem.cost_on(self.name, self.namespace()))
        run = self._tape(cost) if value.requires_grad else _zeros
        return Prepared(load, run, self.unloader(problem), method="reverse")

    def prepare_cost(self, problem: Problem, inputs: Arrays) -> Prepared:
        if self.mode != "eager" or problem.vector_valued:
            return self.transform(named("cost"), problem, inputs)
        load = self.loader(problem, inputs)  # nothing requires a gradient: nothing is recorded
        self._value(problem, inputs, load(inputs))
        run = direct(problem, problem.cost_on(self.name, self.namespace()))
        return Prepared(load, run, self.unload_cost)

    def _value(self, problem: Problem, inputs: Arrays, native: Any) -> Any:
        """The cost as a tensor, and a check that it is what the problem says."""
        parameters, data = native
        value = self.function(problem, inputs).apply(parameters, tuple(data.values()))
        problem.check_cost(value.shape, value.dtype, problem.value_shape(inputs))
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

    # The primitives, and what torch does better than their compositions. Reverse over reverse
    # takes half the time of forward over reverse: torch's duals pay for every tangent twice.

    def pullback(self, function: Function) -> Derived:
        return self._by_mode(_tape_pullback, _func_pullback, function)

    def pushforward(self, function: Function) -> Derived:
        return self._by_mode(_dual_pushforward, _func_pushforward, function, _dual_pushforward)

    def gradient(self, function: Function) -> Derived | None:
        """On a tape, the pullback of nothing: the cotangent 1 is understood."""
        if self.mode == "eager":
            pull = self.pullback(function)
            return Derived(lambda p, d: pull.apply(p, d, None), pull.method)
        return Derived(self.framework().func.grad(function.apply), "reverse")

    def value_and_gradient(self, function: Function) -> Derived:
        return self._by_mode(_tape_value_and_gradient, _func_value_and_gradient, function)

    def jacobian(self, function: Function) -> Derived:
        return self._by_mode(_tape_jacobian, _func_jacobian, function, _single_jacobian)

    def hvp(self, function: Function) -> Derived:
        return self._by_mode(_tape_hvp, _func_hvp, function)

    def hessian(self, function: Function) -> Derived:
        return self._by_mode(_tape_hessian, _func_hessian, function, _single_hessian)

    def _by_mode(self, tape: Any, func: Any, function: Function, single: Any = None) -> Derived:
        """`single`, where there is one, stands in for `func` in float32."""
        if single is not None and self.dtype != "float64":
            func = single
        chosen = tape if self.mode == "eager" else func
        derived: Derived = chosen(self.framework(), function)
        return derived

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        if self.mode != "compile":
            return lambda native: function(*native), None
        compiled = self.framework().compile(_renewed(function), dynamic=False)
        _, seconds = timed(compiled, *native)  # the first call compiles
        return lambda native: compiled(*native), seconds

    def program(self, problem: Problem, operator: Operator | None = None) -> str:
        return _program(self, problem, asked(problem, operator, ALL))


def _zeros(native: Any) -> Any:
    parameters, _ = native
    return [parameter.detach() * 0 for parameter in parameters]


def _renewed(function: Any) -> Any:
    """The same function with a code object of its own.

    torch.compile keeps what it compiled with the code object, and after eight versions it runs
    the next one uncompiled.
    """
    return types.FunctionType(
        function.__code__.replace(),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


# --- operators on a tape (eager) -----------------------------------------------------------


def _variables(parameters: Any) -> Any:
    """The parameters anew, as the leaves of a tape."""
    return tuple(p.detach().requires_grad_() for p in parameters)


def _sweep(torch: Any, values: Any, variables: Any, cotangents: Any, **options: Any) -> Any:
    """One backward sweep; zeros for a variable that no value depends on, where torch refuses."""
    pairs = [(v, u) for v, u in zip(values, cotangents, strict=True) if v.requires_grad]
    if not pairs:
        return tuple(map(torch.zeros_like, variables))
    connected, seeds = zip(*pairs, strict=True)
    found = torch.autograd.grad(connected, variables, seeds, allow_unused=True, **options)
    return tuple(
        torch.zeros_like(p) if d is None else d for p, d in zip(variables, found, strict=True)
    )


def _sweeps(torch: Any, value: Any, variables: Any) -> Any:
    """The Jacobian of a vector: a sweep for each of its components, all at once."""
    count = value.shape[0]
    if value.requires_grad:
        units = torch.eye(count, dtype=value.dtype)
        found = torch.autograd.grad(
            value, variables, units, allow_unused=True, is_grads_batched=True
        )
    else:
        found = (None,) * len(variables)
    return tuple(
        p.new_zeros((count, *p.shape)) if d is None else d
        for p, d in zip(variables, found, strict=True)
    )


def _tape_pullback(torch: Any, function: Function) -> Derived:
    def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
        variables = _variables(parameters)
        return _sweep(torch, (function.apply(variables, data),), variables, (cotangent,))

    return Derived(pull, "reverse")


def _tape_value_and_gradient(torch: Any, function: Function) -> Derived:
    def both(parameters: Any, data: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        return value.detach(), _sweep(torch, (value,), variables, (None,))

    return Derived(both, "reverse, one sweep")


def _dual_pushforward(torch: Any, function: Function) -> Derived:
    forward = torch.autograd.forward_ad

    def push(parameters: Any, data: Any, direction: Any) -> Any:
        with forward.dual_level():
            value = function.apply(tuple(map(forward.make_dual, parameters, direction)), data)
            slope = forward.unpack_dual(value).tangent
            return torch.zeros_like(value) if slope is None else slope

    return Derived(push, "forward")


def _tape_jacobian(torch: Any, function: Function) -> Derived:
    """By rows; or, where columns are fewer, by the rows of the transpose.

    u ↦ Jᵀu is linear in u, so its Jacobian, at any u, is Jᵀ.
    """

    def by_rows(parameters: Any, data: Any) -> Any:
        variables = _variables(parameters)
        return _sweeps(torch, function.apply(variables, data), variables)

    def by_columns(parameters: Any, data: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        anywhere = torch.zeros_like(value, requires_grad=True)
        pulled = _sweep(torch, (value,), variables, (anywhere,), create_graph=True)
        (transpose,) = _sweeps(torch, _flat(torch, pulled), (anywhere,))
        return _cut(torch, transpose.T, parameters)

    if function.components < function.value[0]:
        return Derived(by_columns, "reverse over reverse, columns at once")
    return Derived(by_rows, "reverse, rows at once")


def _tape_hvp(torch: Any, function: Function) -> Derived:
    def hvp(parameters: Any, data: Any, direction: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        slopes = _sweep(torch, (value,), variables, (None,), create_graph=True)
        return _sweep(torch, slopes, variables, direction)

    return Derived(hvp, "reverse over reverse")


def _tape_hessian(torch: Any, function: Function) -> Derived:
    def hessian(parameters: Any, data: Any) -> Any:
        variables = _variables(parameters)
        value = function.apply(variables, data)
        slopes = _sweep(torch, (value,), variables, (None,), create_graph=True)
        return _rows(torch, _sweeps(torch, _flat(torch, slopes), variables), parameters)

    return Derived(hessian, "reverse over reverse, rows at once")


def _flat(torch: Any, arrays: Any) -> Any:
    """Arrays end to end, as one vector."""
    return torch.concat([array.reshape(-1) for array in arrays])


def _cut(torch: Any, matrix: Any, parameters: Any) -> Any:
    """The columns of a matrix, as an array (rows, *shape) for each parameter."""
    pieces = torch.split(matrix, [p.numel() for p in parameters], dim=1)
    return tuple(m.reshape((-1, *p.shape)) for m, p in zip(pieces, parameters, strict=True))


def _rows(torch: Any, blocks: Any, parameters: Any) -> Any:
    """Blocks (all rows, *shape), one for each parameter, cut into the rows of each parameter."""
    sizes = [p.numel() for p in parameters]
    return tuple(zip(*(torch.split(block, sizes) for block in blocks), strict=True))


# --- operators by function transforms (func, compile) --------------------------------------


def _func_pullback(torch: Any, function: Function) -> Derived:
    def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
        vjp = torch.func.vjp(lambda *p: function.apply(p, data), *parameters)[1]
        return vjp(cotangent)

    return Derived(pull, "reverse")


def _func_pushforward(torch: Any, function: Function) -> Derived:
    def push(parameters: Any, data: Any, direction: Any) -> Any:
        return torch.func.jvp(lambda *p: function.apply(p, data), parameters, direction)[1]

    return Derived(push, "forward")


def _func_value_and_gradient(torch: Any, function: Function) -> Derived:
    transformed = torch.func.grad_and_value(function.apply)

    def both(parameters: Any, data: Any) -> Any:
        partials, value = transformed(parameters, data)
        return value, partials

    return Derived(both, "reverse, one sweep")


def _func_jacobian(torch: Any, function: Function) -> Derived:
    if function.components <= function.value[0]:
        return Derived(torch.func.jacfwd(function.apply), "forward, columns at once")
    return Derived(torch.func.jacrev(function.apply), "reverse, rows at once")


def _func_hvp(torch: Any, function: Function) -> Derived:
    slopes = torch.func.grad(function.apply)

    def hvp(parameters: Any, data: Any, direction: Any) -> Any:
        vjp = torch.func.vjp(lambda *p: slopes(p, data), *parameters)[1]
        return vjp(direction)

    return Derived(hvp, "reverse over reverse")


def _func_hessian(torch: Any, function: Function) -> Derived:
    return Derived(torch.func.hessian(function.apply), "forward over reverse, columns at once")


# In `jvp`, and so in `jacfwd` and `hessian`, the tangent of 2.0*t is float64 where t is a float32
# of no dimensions (PyTorch 2.13). To cast the result would be too late: a matmul further on
# refuses to mix the two. Neither a dual outside torch.func nor reverse over reverse does so.


def _single_jacobian(torch: Any, function: Function) -> Derived:
    """As on a tape: by rows, or by the rows of the transpose."""
    if function.components > function.value[0]:
        return _func_jacobian(torch, function)

    def by_columns(parameters: Any, data: Any) -> Any:
        value, pull = torch.func.vjp(lambda *p: function.apply(p, data), *parameters)
        transpose = torch.func.jacrev(lambda u: _flat(torch, pull(u)))(torch.zeros_like(value))
        return _cut(torch, transpose.T, parameters)

    return Derived(by_columns, "reverse over reverse, columns at once")


def _single_hessian(torch: Any, function: Function) -> Derived:
    slopes = torch.func.grad(function.apply)
    return Derived(torch.func.jacrev(slopes), "reverse over reverse, rows at once")


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


def _program(backend: Torch, problem: Problem, operator: Operator) -> str:
    """On a tape, eagerly; all but the gradient (and the value with it) by torch.func."""
    writer = Writer(problem, backend.name, SPELLING, by_hand.NUMPY, operator=operator)
    with_value = operator.name == "value_and_gradient"
    tape = backend.mode == "eager" and (with_value or operator == GRADIENT)
    compiler = "torch.compile" if backend.mode == "compile" else ""
    by = Transforms("torch.func.", "torch.ones_like", value_first=False, compiler=compiler)

    def native(value: Value) -> str:
        grad = ", requires_grad=True" if value.parameter and tape else ""
        return f"torch.tensor({value.text}{grad})"

    data, cost = writer.data(native), writer.cost()
    if tape:
        blocks = [_backward(writer)]
    elif operator == GRADIENT:
        blocks = [_gradient(writer, by)]
    else:
        blocks = transformed(writer, by)
    printed = prints(writer, ".numpy()")
    if with_value:
        printed = printed.replace(f"{writer.value}.numpy()", f"{writer.value}.item()")
    switch = "torch.set_default_dtype(torch.float64)"
    return writer.compose(switch, *data, *cost, *blocks, printed)


def _backward(writer: Writer) -> str:
    """The gradient on a tape, and the value before it where that is asked for."""
    names, value = writer.problem.parameters, f"cost({writer.arguments})"
    start = ""
    if writer.operator != GRADIENT:
        start, value = f"{writer.value} = {value}\n", writer.value
    partials = {n: f"{n}.grad" if writer.uses(n) else f"torch.zeros_like({n})" for n in names}
    return f"{start}{value}.backward()\n{mapping('gradient', partials)}"


def _gradient(writer: Writer, by: Transforms) -> str:
    names = writer.problem.parameters
    function = by.compiled(f"torch.func.grad(cost, argnums={tuple(range(len(names)))})")
    return (
        f"partials = {function}({writer.arguments})\n"
        f"gradient = dict(zip({listed(writer.problem)}, partials))"
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
