"""The vocabulary in PyTorch."""

from __future__ import annotations

from typing import Any

from calcbench.vocabulary.namespace import Namespace, iterate

# --- the vocabulary in PyTorch -------------------------------------------------------------


def namespace(torch: Any, dtype: str) -> Namespace:
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
