"""ATen operations of recurrent layers that torch runs as a whole.

On a CPU that is an LSTM in float32; on a graphics processor it is the cells of each step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calcbench.native.elementwise import elementwise, plus
from calcbench.native.function import NotKnown
from calcbench.native.products import matmul
from calcbench.native.values import Numbers, boxed, lift

LSTM = 2
"""The mode of oneDNN's layers that is an LSTM."""


def _layer(
    xp: Any, x: Any, by_input: Any, by_state: Any, bias: Any, other_bias: Any, hidden: Any,
    cell: Any, reverse: bool, batch_sizes: Any, mode: int, size: int, layers: int,
    has_biases: bool, bidirectional: bool, batch_first: bool, train: bool,
) -> Any:  # fmt: skip
    """Run over the steps of x (steps, batch, features): (all states, the last one, its cell).

    Layers and directions are one operation each, whatever is said of them.
    """
    if mode != LSTM or len(batch_sizes):
        raise NotKnown("aten::mkldnn_rnn_layer of this kind")
    x, h, c = lift(xp, x), boxed(lift(xp, hidden)[0]), boxed(lift(xp, cell)[0])
    by_input, by_state = (xp.matrix_transpose(lift(xp, w)) for w in (by_input, by_state))
    states: dict[int, Numbers] = {}
    steps = range(x.shape[0])
    for k in reversed(steps) if reverse else steps:
        gates = plus(xp, matmul(xp, boxed(x[k]), by_input), matmul(xp, h, by_state))
        if has_biases:
            gates = plus(xp, gates, plus(xp, bias, other_bias))
        h, c = _step(xp, gates, c, size)
        states[k] = h
    whole = boxed(xp.stack([states[k] for k in steps]))
    return whole, boxed(xp.stack([h])), boxed(xp.stack([c])), None


def _step(xp: Any, gates: Any, c: Any, size: int) -> tuple[Numbers, Numbers]:
    """Take one step of Hochreiter and Schmidhuber's cell, with a forget gate."""
    parts = [boxed(gates[:, k * size : (k + 1) * size]) for k in range(4)]
    enter, forget, leave = (elementwise(xp, "sigmoid", parts[k]) for k in (0, 1, 3))
    new = elementwise(xp, "multiply", enter, elementwise(xp, "tanh", parts[2]))
    c = plus(xp, elementwise(xp, "multiply", forget, c), new)
    return elementwise(xp, "multiply", leave, elementwise(xp, "tanh", c)), c


def _lstm_cell(
    xp: Any, by_input: Any, by_state: Any, c: Any, bias: Any = None, other_bias: Any = None
) -> tuple[Numbers, Numbers, None]:
    """Take one step, given the products of both matrices: (state, cell, what backward keeps)."""
    gates = plus(xp, _biased(xp, by_input, bias), _biased(xp, by_state, other_bias))
    return *_step(xp, gates, c, c.shape[-1]), None


def _gru_cell(
    xp: Any, by_input: Any, by_state: Any, h: Any, bias: Any = None, other_bias: Any = None
) -> tuple[Numbers, None]:
    """Take one step of a gated recurrent unit, given the products of both matrices."""
    size = h.shape[-1]
    given, kept = _biased(xp, by_input, bias), _biased(xp, by_state, other_bias)
    (r, z, n), (hr, hz, hn) = (
        [boxed(each[:, k * size : (k + 1) * size]) for k in range(3)] for each in (given, kept)
    )
    reset, update = (elementwise(xp, "sigmoid", plus(xp, *pair)) for pair in ((r, hr), (z, hz)))
    new = elementwise(xp, "tanh", plus(xp, n, elementwise(xp, "multiply", reset, hn)))
    change = elementwise(xp, "multiply", update, elementwise(xp, "subtract", h, new))
    return plus(xp, new, change), None


def _biased(xp: Any, x: Any, bias: Any) -> Numbers:
    return lift(xp, x) if bias is None else plus(xp, x, bias)


RULES: dict[str, Callable[..., Any]] = {
    "mkldnn_rnn_layer": _layer,
    "_thnn_fused_lstm_cell": _lstm_cell,
    "_thnn_fused_gru_cell": _gru_cell,
}
"""ATen's name → its rule."""
