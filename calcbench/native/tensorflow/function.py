"""TensorflowFunction: a function of tensors and variables at an argument, as it is."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from calcbench.errors import SelectorError, short_repr
from calcbench.native import trees
from calcbench.native.function import Function, NotKnown, NoWay, WrongGradient, returns_other
from calcbench.native.keeping import kept, variables_reached
from calcbench.native.needs import SLOPE
from calcbench.native.tensorflow.control import Cell
from calcbench.native.tensorflow.demand import Planner
from calcbench.native.tensorflow.framework import Framework, plain
from calcbench.native.tensorflow.interpreter import Interpreter
from calcbench.native.tensorflow.keeping import seeds_kept, unchanged
from calcbench.native.tensorflow.tracing import Traced, is_variable, quietly, read, trace
from calcbench.problem.flat import Shape
from calcbench.problem.problem import Arrays

WATCHED = "give the variables that it computes with as x, such as model.trainable_variables"
"""What to write where a function does not use its argument."""


class TensorflowFunction(Function):
    """A function of tensors and variables, several arguments, lists or dicts of them.

    A variable is given to the function as it is, with the numbers at which it is asked for. So a
    function may also read the variables of its argument from where it has them; if it takes no
    argument, it is called without.
    """

    how = "TensorFlow on balls"
    holds = "stop_gradient"
    cuts = ", or the rule of a tf.custom_gradient returns None"

    def __init__(self, function: Callable[..., Any], x: Any, name: str = "") -> None:
        """Take the function, its argument (a tuple: its arguments), and a name to call it by.

        Raises `NotKnown` for dtypes that are not certified, `SelectorError` for Python's floats,
        and for a variable that is given twice.
        """
        self.function, self.x = function, x
        self._leaves = _named(function, x)
        _check(self._leaves)
        moving = {n: leaf for n, leaf in self._leaves.items() if _moves(leaf)}
        self._variables = {n: _variable(v) for n, v in moving.items() if is_tf_variable(v)}
        _check_once(self._variables)
        super().__init__(
            name or trees.function_name(function),
            {n: _floats(leaf) for n, leaf in moving.items()},
            {n: _dtype(leaf).name for n, leaf in moving.items()},
        )
        self._framework = Framework()
        self._planner = Planner(self._framework)
        self._reached = [variable.handle for variable in variables_reached(function)]
        self._graph: Traced | Exception | None = None
        self._other = ""
        """The kind of what the function returns, if that is no tensor."""

    @contextlib.contextmanager
    def undisturbed(self, gradient: Callable[..., Any] | None = None) -> Iterator[None]:
        """Leave all as it was."""
        given = [] if gradient is None else variables_reached(gradient)
        with super().undisturbed(gradient), self._unchanged(v.handle for v in given):
            yield

    def run(self, arguments: Arrays, read: Callable[[Any], Any]) -> Any:
        """Call the function at these numbers, and read what it returns."""
        with self._at(arguments) as given:
            return read(self.function(*given))

    def to_numpy(self, returned: Any) -> np.ndarray:
        """Make an array of what the function returned, and remember what else that is."""
        self._other = "" if tf.is_tensor(returned) else type(returned).__name__
        return _numbers(returned)

    def call_along(self, arguments: Arrays, derivative: Callable[..., Any]) -> np.ndarray:
        """Call a derivative along a direction at these numbers."""
        with self._at(arguments) as given:
            return _numbers(derivative(*given))

    def call_complex(self, arguments: Arrays) -> np.ndarray:
        """Call the function at complex tensors, of which each is as precise."""
        if self._variables:
            raise NotKnown("complex variables")
        kinds = {"float64": tf.complex128, "float32": tf.complex64}
        tensors = {n: tf.constant(a, kinds[self.dtypes[n]]) for n, a in arguments.items()}
        with self._unchanged(), quietly(), warnings.catch_warnings(action="ignore"):
            return np.asarray(plain(tf.convert_to_tensor(self.function(*self._given(tensors)))))

    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        """Call the gradient, or that of a tape if it is None: name → float64 array."""
        with self._at(arguments) as given:
            if gradient is None:
                return self._by_tape(arguments)
            found = tf.nest.map_structure(_plain, gradient(*given))
            return trees.read_gradient(self.x, self._leaves, self.arguments, found)

    def differentiate_outputs(
        self, arguments: Arrays, jacobian: Callable[..., Any] | None, shape: Shape
    ) -> Arrays:
        """Call the Jacobian, or that of a tape if it is None."""
        with self._at(arguments) as given:
            if jacobian is None:
                return self._by_tape(arguments, shape=shape)
            found = tf.nest.map_structure(_plain, jacobian(*given))
            return trees.read_gradient(self.x, self._leaves, self.arguments, found, shape)

    def multiply(self, arguments: Arrays, direction: Arrays) -> Arrays:
        """Multiply the Hessian by a direction: the slope of a tape's gradient, by another tape."""
        with self._at(arguments):
            tensors, along = self._tensors(arguments), self._along(direction)
            sources = self._sources(tensors)
            with tf.GradientTape(watch_accessed_variables=False) as outer:
                outer.watch(sources)
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(sources)
                    value = self._tensor(tensors)
                parts = tape.gradient(value, sources)
                self._by_name(parts)  # a part of another shape would be stretched, and summed
                given = zip(parts, along, strict=True)
                slope = sum(tf.reduce_sum(p * v) for p, v in given if p is not None)
            found = outer.gradient(slope, sources) if tf.is_tensor(slope) else [None] * len(along)
            return self._by_name(found)

    def push(self, arguments: Arrays, direction: Arrays) -> np.ndarray:
        """Take the derivative along a direction, by TensorFlow's forward mode."""
        with self._at(arguments):
            tensors = self._tensors(arguments)
            sources = self._sources(tensors)
            with tf.autodiff.ForwardAccumulator(sources, self._along(direction)) as forward:
                value = self._tensor(tensors)
            return _numbers(forward.jvp(value, tf.UnconnectedGradients.ZERO))

    def pull(self, arguments: Arrays, cotangent: Any) -> Arrays:
        """Multiply a cotangent by the Jacobian, by a tape."""
        with self._at(arguments):
            return self._by_tape(arguments, cotangent)

    def native(self, arguments: Arrays) -> Any:
        """Give numbers the form of the argument, as tensors."""
        leaves = {n: tf.constant(a, self.dtypes[n]) for n, a in arguments.items()}
        given = self._put(leaves)
        return given[0] if len(given) == 1 else given

    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Any:
        """Run the function's graph on numbers with proof."""
        if self._other:
            raise NotKnown(returns_other(self._other, "tensor"))
        traced = self._traced()
        coarsest = min(np.dtype(dtype).itemsize for dtype in self.dtypes.values())
        interpreter = Interpreter(xp, self._planner, self._framework, self.use, coarsest)
        numbers = [arguments[n] for n in self.arguments if n not in self._variables]
        mine = {id(v.handle): Cell(arguments[n]) for n, v in self._variables.items()}
        captured = [mine.get(id(each)) or _captured(each) for each in traced.outside]
        with seeds_kept(traced.draws):
            (value,) = interpreter.run(traced.graph, [*numbers, *captured], (SLOPE,))
        return value

    # --- the graph ---

    def _traced(self) -> Traced:
        """Trace the function: all numbers of these shapes and dtypes have the same graph.

        Once more, if variables that were made on the way are gone.
        """
        if isinstance(self._graph, Exception):
            raise self._graph
        if self._graph is None or not all(map(_exists, self._graph.handles)):
            self._graph = self._trace()
        return self._graph

    def _trace(self) -> Traced:
        """Trace the function, or remember why that cannot be done."""
        specs = [
            tf.TensorSpec(array.shape, self.dtypes[n])
            for n, array in self.arguments.items()
            if n not in self._variables
        ]
        with kept(self.function), seeds_kept():  # it would keep what has no numbers
            try:
                return trace(self._of_tensors, specs, self.function)
            except (NotKnown, TypeError) as error:
                self._graph = error
                raise

    def _of_tensors(self, *tensors: Any) -> Any:
        names = [n for n in self.arguments if n not in self._variables]
        return self.function(*self._given(dict(zip(names, tensors, strict=True))))

    # --- running TensorFlow itself ---

    def _unchanged(self, more: Any = ()) -> contextlib.AbstractContextManager[None]:
        """Put variables back that the function, as far as it is known, may change."""
        handles, draws = (
            [*self._reached, *more, *(v.handle for v in self._variables.values())],
            True,
        )
        with contextlib.suppress(NotKnown, TypeError):
            handles, draws = [*handles, *self._traced().handles], self._traced().draws
        return unchanged(handles, draws)

    @contextlib.contextmanager
    def _at(self, arguments: Arrays) -> Iterator[tuple[Any, ...]]:
        """Write numbers into variables for a while, and give the arguments of the function."""
        with self._unchanged():
            for name, variable in self._variables.items():
                variable.assign(tf.constant(arguments[name], variable.dtype))
            yield self._given(self._tensors(arguments))

    def _tensors(self, arguments: Arrays) -> dict[str, Any]:
        return {
            n: tf.constant(arguments[n], self.dtypes[n])
            for n in self.arguments
            if n not in self._variables
        }

    def _put(self, leaves: Mapping[str, Any]) -> tuple[Any, ...]:
        """Build arguments with other leaves."""
        found = [leaves.get(name, leaf) for name, leaf in self._leaves.items()]
        return trees.as_tuple(trees.rebuild(self.x, found))

    def _given(self, tensors: Mapping[str, Any]) -> tuple[Any, ...]:
        """Build the arguments as the function wants them: none, if it has what it needs."""
        return () if self._variables and _takes_nothing(self.function) else self._put(tensors)

    def _by_tape(self, arguments: Arrays, cotangent: Any = None, shape: Shape = ()) -> Arrays:
        """Differentiate the value, times a cotangent if it is given, or all numbers of a shape."""
        tensors = self._tensors(arguments)
        sources = self._sources(tensors)
        with tf.GradientTape(persistent=bool(shape), watch_accessed_variables=False) as tape:
            tape.watch(sources)
            value = self._tensor(tensors)
        if shape:
            found = tape.jacobian(value, sources, experimental_use_pfor=False)
        else:
            found = tape.gradient(value, sources, cotangent)
        if all(part is None for part in found):
            raise NoWay("the tape", WATCHED)
        return self._by_name(found, shape)

    def _tensor(self, tensors: Mapping[str, Any]) -> Any:
        """Run the function. Raises `WrongGradient` where it gives no tensor."""
        value = self.function(*self._given(tensors))
        if tf.is_tensor(value):
            return value
        other = returns_other(type(value).__name__, "tensor")
        raise WrongGradient(f"the tape has no gradient: {other}")

    def _sources(self, tensors: Mapping[str, Any]) -> list[Any]:
        """List what is differentiated by: variables and tensors, in the order of the arguments."""
        return [self._variables.get(n, tensors.get(n)) for n in self.arguments]

    def _along(self, direction: Arrays) -> list[Any]:
        """Make tensors of a direction, those of variables, too."""
        return [tf.constant(direction[n], self.dtypes[n]) for n in self.arguments]

    def _by_name(self, found: Any, shape: Shape = ()) -> Arrays:
        """Name derivatives: 0 by what the function does not depend on.

        Raises `WrongGradient` for one of another shape, as a custom rule may give it.
        """
        return {
            n: np.zeros(shape + a.shape)
            if part is None
            else trees.read_part(n, _numbers(part), a.shape, shape)
            for (n, a), part in zip(self.arguments.items(), found, strict=True)
        }


def _captured(outside: Any) -> Any:
    """Read what a graph has from outside, now."""
    if is_variable(outside):
        return Cell(read(outside))
    return outside if outside.dtype == tf.resource else plain(outside)


def _exists(handle: Any) -> bool:
    try:
        read(handle)
    except tf.errors.OpError:
        return False
    return True


def _takes_nothing(function: Callable[..., Any]) -> bool:
    """Tell whether a function has no argument, as one whose variables are told to a minimizer."""
    try:
        return not inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


# --- leaves ---------------------------------------------------------------------------------------


def is_tf_variable(leaf: Any) -> bool:
    """Tell whether a leaf is a variable, of TensorFlow or of Keras."""
    return tf.is_tensor(leaf) and hasattr(leaf, "handle") and hasattr(leaf, "assign")


def _variable(leaf: Any) -> Any:
    """Return the variable of TensorFlow behind one of Keras."""
    return leaf if isinstance(leaf, tf.Variable) else leaf.value


def _named(function: Callable[..., Any], x: Any) -> trees.Leaves:
    """Name what the argument holds; a list of variables by their own names, if these differ."""
    leaves = trees.name_leaves(function, x)
    if isinstance(x, Mapping) or not all(map(is_tf_variable, leaves.values())):
        return leaves
    own = [_own_name(leaf) for leaf in leaves.values()]
    alone = len(own) == len(trees.as_tuple(x))
    if alone or len(set(own)) < len(own):
        return leaves
    return dict(zip(own, leaves.values(), strict=True))


def _own_name(variable: Any) -> str:
    return str(getattr(variable, "path", variable.name)).removesuffix(":0")


def _check(leaves: Mapping[str, Any]) -> None:
    """Raise `SelectorError` for Python's floats, which have no dtype, `NotKnown` for complex."""
    for name, leaf in leaves.items():
        if isinstance(leaf, complex) or (_has_dtype(leaf) and _dtype(leaf).is_complex):
            raise NotKnown("complex numbers")
        if isinstance(leaf, float) and not isinstance(leaf, np.floating):
            raise SelectorError(
                f"a function of TensorFlow is checked by tensors, but {name} is "
                f"{short_repr(leaf)}; give it as tf.constant({leaf!r}, tf.float64)"
            )


def _check_once(variables: Mapping[str, Any]) -> None:
    """Raise `SelectorError` for a variable that is there twice: it has one gradient."""
    names: dict[int, str] = {}
    for name, variable in variables.items():
        first = names.setdefault(id(variable), name)
        if first != name:
            raise SelectorError(
                f"the variable {_own_name(variable)} is given twice, as {first} and {name}: give "
                "each variable once, as list({id(v): v for v in x}.values()) has them"
            )


def _has_dtype(leaf: Any) -> bool:
    return tf.is_tensor(leaf) or isinstance(leaf, (np.ndarray, np.generic))


def _dtype(leaf: Any) -> Any:
    return tf.as_dtype(leaf.dtype)


def _moves(leaf: Any) -> bool:
    return _has_dtype(leaf) and bool(_dtype(leaf).is_floating)


def _floats(leaf: Any) -> np.ndarray:
    return np.asarray(tf.convert_to_tensor(leaf)).astype(np.float64)


def _numbers(value: Any) -> np.ndarray:
    """Return a result as a NumPy array, floats as float64."""
    found = np.asarray(tf.convert_to_tensor(value) if tf.is_tensor(value) else value)
    return found.astype(np.float64) if found.dtype.kind in "fV" else found


def _plain(value: Any) -> Any:
    """Make NumPy's array of a tensor, also of one that holds some rows alone."""
    return _numbers(value) if tf.is_tensor(value) or isinstance(value, tf.IndexedSlices) else value
