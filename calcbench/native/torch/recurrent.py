"""The ATen operation of a recurrent layer that torch runs as a whole: an LSTM in float32."""

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


RULES: dict[str, Callable[..., Any]] = {"mkldnn_rnn_layer": _layer}
"""ATen's name → its rule."""
