"""Loops and branches in TensorFlow's graphs, as operations. It imports TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from calcbench.vocabulary.duals import check_number
from calcbench.vocabulary.loops import count_steps, slice_step, spoil

Step = Callable[[Any, Any], Any]


def traced(
    dtype: str, where: Callable[..., Any], constant: Callable[[Any], Any], xla: bool
) -> dict[str, Any]:
    """Spell loops and branches for a graph; Python numbers in what they carry take `dtype`.

    `constant` makes tensors of the arrays of NumPy that a loop reads. `xla`: the graph is for XLA.
    """

    def tensors(structure: Any) -> Any:
        if isinstance(structure, (tuple, list)):
            return tuple(map(tensors, structure))
        if structure is None or tf.is_tensor(structure):
            return structure
        return tf.convert_to_tensor(structure, dtype)

    def read(xs: Any, k: Any, ahead: Any) -> tuple[Any, Any]:
        """Return what step k is given, and the slices after it; under XLA these are in no list."""
        return (slice_step(xs, k), ahead) if xla else _pop_each(xs, ahead)

    def scan(step: Step, state: Any, xs: Any, length: int | None = None) -> tuple[Any, Any]:
        """Scan as one loop of the graph, which is traced and compiled once."""
        count, first = count_steps(xs, length), tensors(state)
        if count == 0:
            return first, None
        xs = _each(constant, tuple(xs) if isinstance(xs, list) else xs, nothing=None)
        # One step by itself shows what there is to stack.
        first, y = tensors(step(first, slice_step(xs, 0)))

        def going(k: Any, state: Any, ahead: Any, kept: Any) -> Any:
            return k < count

        def move(k: Any, state: Any, ahead: Any, kept: Any) -> Any:
            x, ahead = read(xs, k, ahead)
            state, y = tensors(step(state, x))
            return k + 1, state, ahead, _each(_push, y, kept)

        if count == 1:  # XLA (TensorFlow 2.21) has no derivative of a loop of no steps
            return first, _each(lambda part: part[None], y, nothing=None)
        ahead = () if xla else _each(_list_after_first, xs)
        kept = _each(lambda part: _push(part, _empty_list(part, count)), y)
        start = (tf.constant(1), first, ahead, kept)
        _, state, _, kept = _loop(going, move, start, count - 1)
        return state, _each(lambda part, pushed: _stack(part, pushed, count), y, kept, nothing=None)

    def cond(
        predicate: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands: Any
    ) -> Any:
        """Evaluate one of two branches, when the graph runs."""
        return tf.cond(
            tf.cast(predicate, tf.bool),
            lambda: tensors(true_fn(*operands)),
            lambda: tensors(false_fn(*operands)),
        )

    def while_loop(
        condition: Callable[[Any], Any], step: Callable[[Any], Any], state: Any, limit: int
    ) -> Any:
        """Loop as long as the condition holds, when the graph runs."""
        (state,) = _loop(
            lambda state: tf.cast(condition(state), tf.bool),
            lambda state: (tensors(step(state)),),
            (tensors(state),),
            limit,
        )
        return spoil(where, condition(state), state)

    return {"scan": scan, "cond": cond, "while_loop": while_loop}


def grad_in(dtype: str) -> Callable[..., Any]:
    """Build `grad`, by a tape of its own, which outer tapes record."""

    def grad(f: Callable[..., Any]) -> Callable[..., Any]:
        def slopes(x: Any, *others: Any) -> Any:
            x = x if tf.is_tensor(x) else tf.convert_to_tensor(x, dtype)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                x = tf.identity(x)  # what is outside of f is not what moves
                tape.watch(x)
                y = tf.convert_to_tensor(f(x, *others), dtype)
            check_number(y)
            return tf.convert_to_tensor(tape.gradient(y, x, unconnected_gradients="zero"))

        return slopes

    return grad


def _loop(going: Callable[..., Any], move: Callable[..., Any], start: Any, limit: int) -> Any:
    """Loop in the graph that is traced, or, where none is, as a cost is checked, in one of its own.

    Run eagerly, a long loop takes seconds. Where an operation of the graph fails, it is run so, and
    what is raised names the line.
    """

    def loop() -> Any:
        return tf.while_loop(going, move, start, maximum_iterations=limit)

    if not tf.executing_eagerly():
        return loop()
    graph = tf.function(loop, autograph=False).get_concrete_function()
    try:
        return graph()
    except tf.errors.OpError:
        return loop()


# What a scan keeps is pushed to a list, whose derivative pops it off again. That of tf.TensorArray
# (2.21) reads an element and overwrites it, for which it copies all: n steps take time n². So does
# that of a look-up, an array as large as all: what a scan reads is popped off a list, too, whose
# derivative is pushed to one. XLA adds to one array in place, and lists take it longer.


def _empty_list(part: Any, count: int) -> Any:
    """Make a list for so many tensors like one of them."""
    return tf.raw_ops.EmptyTensorList(
        element_shape=tf.shape(part), max_num_elements=count, element_dtype=part.dtype
    )


def _push(part: Any, kept: Any) -> Any:
    """Put a tensor at the end of a list."""
    return tf.raw_ops.TensorListPushBack(input_handle=kept, tensor=part)


def _list_after_first(x: Any) -> Any:
    """List the slices of an array after the first, backward: the next one is the list's end."""
    return tf.raw_ops.TensorListFromTensor(
        tensor=tf.reverse(x[1:], (0,)), element_shape=tf.convert_to_tensor(x.shape[1:])
    )


def _pop_each(xs: Any, ahead: Any) -> tuple[Any, Any]:
    """Take the next slice of each array off its list; return the slices, and the lists."""
    if xs is None:
        return None, ahead
    if not isinstance(xs, tuple):
        return _pop(xs, ahead)
    popped = [_pop(x, rest) for x, rest in zip(xs, ahead, strict=True)]
    return tuple(x for x, _ in popped), tuple(rest for _, rest in popped)


def _pop(x: Any, ahead: Any) -> tuple[Any, Any]:
    """Take the next slice of an array off the end of its list; return the slice and the list."""
    ahead, part = tf.raw_ops.TensorListPopBack(
        input_handle=ahead, element_shape=tf.convert_to_tensor(x.shape[1:]), element_dtype=x.dtype
    )
    part.set_shape(x.shape[1:])  # which a loop does not know of what is in a list
    return part, ahead


def _stack(part: Any, kept: Any, count: int) -> Any:
    """Make one tensor of a list of so many, each like `part`."""
    return tf.raw_ops.TensorListStack(
        input_handle=kept,
        element_shape=tf.shape(part),
        element_dtype=part.dtype,
        num_elements=count,
    )


def _each(function: Callable[..., Any], first: Any, *others: Any, nothing: Any = ()) -> Any:
    """Apply a function to the parts of tuples, or to what is no tuple.

    In place of None comes `nothing`: (), which a loop can carry.
    """
    if first is None:
        return nothing
    if isinstance(first, tuple):
        each = zip(first, *others, strict=True)
        return tuple(_each(function, *parts, nothing=nothing) for parts in each)
    return function(first, *others)
