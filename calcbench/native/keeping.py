"""Keeping: what a user's code holds is put back after it ran on numbers with proof.

Code keeps things: a layer its activations, a loss a count, a class its calls. What it keeps of such
a run would be found by the next call, and by the user. So what is reachable from a function (the
object of a method, closures, defaults, attributes, globals of its module, and the same of the
functions of the user's own that it can call) is noted before, and put back where it changed.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import operator
import random
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from calcbench.native.rebinding import ABSENT, is_own, python_function, without_cache

MOST = 10_000
"""Lists, dicts and objects that are noted at most."""

MOST_ITEMS = 100_000
"""Items of lists and dicts that are noted at most: what does not fit is data, and only grows."""

LARGEST = 1_000_000
"""Numbers of the largest array whose contents are noted: longer ones are data, and not written."""

FOREIGN = (types.ModuleType, types.BuiltinFunctionType)
"""What is not looked into: it is not the function's own."""

FRAMEWORKS = (
    "builtins", "functools", "jax", "jaxlib", "keras", "numpy", "tensorflow", "torch"
)  # fmt: skip
"""Packages that wrap functions, as tf.function does: what they keep is theirs, and a lot."""

WRAPPERS = (types.MethodType, staticmethod, classmethod)
"""What holds a function, and some of them an object."""

DEFAULTS = tuple(vars(types.FunctionType)[name] for name in ("__defaults__", "__kwdefaults__"))
"""What reads and writes the defaults of a function."""

PLAIN = (str, bytes, int, float, complex, type(None))
"""What holds nothing else."""


@contextlib.contextmanager
def seeds_kept() -> Iterator[None]:
    """Put back the random numbers of Python and NumPy, and of torch if it is there."""
    states = random.getstate(), np.random.get_state()
    of_torch = torch_states()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        for set_state, state in of_torch:
            set_state(state)


def torch_states() -> list[tuple[Callable[[Any], Any], Any]]:
    """List the states of torch's random numbers, each after what sets it; none without torch."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    states = [(torch.set_rng_state, torch.get_rng_state())]
    if torch.cuda.is_initialized():
        states.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    return states


@contextlib.contextmanager
def kept(*functions: Any) -> Iterator[None]:
    """Put back what changed of all that functions can reach."""
    found = _Noted(set().union(*map(_packages, functions)))
    for root in itertools.chain.from_iterable(map(_roots, functions)):
        found.note(root)
    try:
        yield
    finally:
        found.put_back()


def variables_reached(*functions: Any) -> list[Any]:
    """List the variables of TensorFlow among what functions can reach."""
    found = _Noted(set().union(*map(_packages, functions)))
    for root in itertools.chain.from_iterable(map(_roots, functions)):
        found.note(root)
    return found.variables


def _packages(function: Any) -> set[str]:
    """Name the packages whose objects are a function's own: that of its code, of its object."""
    owners = (python_function(function), type(function), type(getattr(function, "__self__", None)))
    names = {str(getattr(owner, "__module__", "")).partition(".")[0] for owner in owners}
    return names.difference(FRAMEWORKS)


def _roots(function: Any) -> list[Any]:
    """List what a function can reach: its object, closures, defaults, and its module's globals."""
    code, inner = python_function(function), inspect.unwrap(function)
    roots = [function, inner, getattr(function, "__self__", None), code]
    if code is not None:
        roots += [code.__closure__, code.__defaults__, code.__kwdefaults__, code.__globals__]
    return roots


class _Noted:
    """Containers and what they held."""

    def __init__(self, packages: set[str]) -> None:
        self.packages = packages
        self.seen: dict[int, Any] = {}  # kept, so that no other is at its address
        self.left = MOST_ITEMS
        self.dicts: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self.lists: list[tuple[list[Any] | deque[Any], list[Any]]] = []
        self.long: list[tuple[list[Any], int]] = []
        self.members: list[tuple[Any, Any, Any]] = []
        self.cells: list[tuple[types.CellType, Any]] = []
        self.classes: list[tuple[type, dict[str, Any]]] = []
        self.drawing: list[tuple[Callable[[Any], Any], Any]] = []
        self.arrays: list[tuple[np.ndarray, np.ndarray]] = []
        self.variables: list[Any] = []

    def note(self, root: Any) -> None:
        """Note what can be reached from an object."""
        left = [root]
        while left and len(self.seen) < MOST:
            value = without_cache(left.pop())
            if isinstance(value, (*PLAIN, *FOREIGN)) or id(value) in self.seen:
                continue
            self.seen[id(value)] = value
            left += self._inside(value)

    def _inside(self, value: Any) -> list[Any]:
        """Note one object; list what it holds."""
        if isinstance(value, (dict, list, deque, tuple)):
            return self._inside_container(value)
        if isinstance(value, types.FunctionType):
            return self._inside_function(value)
        if isinstance(value, functools.partial):
            return [value.func, *value.args, *value.keywords.values(), value.__dict__]
        if isinstance(value, WRAPPERS):
            return [value.__func__, getattr(value, "__self__", None)]
        if isinstance(value, types.CellType):
            return self._inside_cell(value)
        if type(value) is np.ndarray:
            if value.flags.writeable and value.dtype != object and value.size <= LARGEST:
                self.arrays.append((value, value.copy()))
            return []
        if isinstance(value, type):
            return self._inside_class(value)
        return self._inside_object(value)

    def _inside_container(self, value: Any) -> list[Any]:
        """Note what a container holds, as far as there is room; of a longer list how long it is."""
        if len(value) > self.left:
            if isinstance(value, list):
                self.long.append((value, len(value)))
            return []
        self.left -= len(value)
        if isinstance(value, dict):
            self.dicts.append((value, dict(value)))
            return list(value.values())
        if not isinstance(value, tuple):
            self.lists.append((value, list(value)))
        return list(value)

    def _inside_function(self, function: types.FunctionType) -> list[Any]:
        """Note a function of the user's own: its attributes, closure, defaults and globals."""
        if not (is_own(function) or self._is_of_packages(function.__module__)):
            return []
        held = [self._note_member(member, function) for member in DEFAULTS]
        return [function.__globals__, *held, function.__closure__, function.__dict__]

    def _note_member(self, member: Any, value: Any) -> Any:
        """Note what one of its descriptors gives for an object, if it has that."""
        held = _read(member, value)
        self.members.append((member, value, held))
        return None if held is ABSENT else held

    def _inside_object(self, value: Any) -> list[Any]:
        if isinstance(value, random.Random):
            self.drawing.append((value.setstate, value.getstate()))
        elif isinstance(value, np.random.RandomState):
            self.drawing.append((value.set_state, value.get_state()))
        elif isinstance(value, np.random.Generator):
            bits = value.bit_generator
            self.drawing.append((functools.partial(setattr, bits, "state"), bits.state))
        if _is_variable(value):
            self.variables.append(value)
            return []
        more = _variables_of(value)
        if not self._is_own(value):
            return more
        held = value.__dict__ if type(value).__dictoffset__ else None
        more += [self._note_member(member, value) for member in _slots(type(value))]
        return [*more, held, type(value)] if type(held) is dict else [*more, type(value)]

    def _is_own(self, value: Any) -> bool:
        """Tell whether an object is of the function's own packages, or a module of torch's."""
        torch = sys.modules.get("torch")
        own = self._is_of_packages(type(value).__module__) or is_own(type(value))
        return own or (torch is not None and isinstance(value, torch.nn.Module))

    def _is_of_packages(self, module: str | None) -> bool:
        return str(module).partition(".")[0] in self.packages

    def _inside_class(self, value: type) -> list[Any]:
        if not (self._is_of_packages(value.__module__) or is_own(value)):
            return []
        held = dict(vars(value))
        self.classes.append((value, held))
        return [*held.values(), *value.__bases__]

    def _inside_cell(self, cell: types.CellType) -> list[Any]:
        try:
            self.cells.append((cell, cell.cell_contents))
        except ValueError:  # it is empty
            return []
        return [cell.cell_contents]

    def put_back(self) -> None:
        """Put back what changed."""
        for now, before in self.dicts:
            if now.keys() != before.keys() or any(now[key] is not before[key] for key in before):
                now.clear()
                now.update(before)
        for values, held in self.lists:
            if len(values) != len(held) or not all(map(operator.is_, values, held)):
                values.clear()
                values.extend(held)
        for long, length in self.long:
            del long[length:]
        for member, value, contents in self.members:
            _put_member_back(member, value, contents)
        for kind, attributes in self.classes:
            _put_class_back(kind, attributes)
        for set_state, state in self.drawing:
            set_state(state)
        for cell, inside in self.cells:
            cell.cell_contents = inside
        for array, copy in self.arrays:
            if array.tobytes() != copy.tobytes():
                array[...] = copy


def _slots(kind: type) -> list[Any]:
    """List what reads and writes the attributes of a class that are named in `__slots__`."""
    owners = [vars(base) for base in kind.__mro__ if "__slots__" in vars(base)]
    members = itertools.chain.from_iterable(owner.values() for owner in owners)
    return [each for each in members if isinstance(each, types.MemberDescriptorType)]


def _read(member: Any, value: Any) -> Any:
    try:
        return member.__get__(value)
    except AttributeError:
        return ABSENT


def _put_member_back(member: Any, value: Any, before: Any) -> None:
    if _read(member, value) is before:
        return
    if before is ABSENT:
        member.__delete__(value)
    else:
        member.__set__(value, before)


def _is_variable(value: Any) -> bool:
    """Tell whether this is a variable of TensorFlow's."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(value, tensorflow.Variable)


def _variables_of(value: Any) -> list[Any]:
    """List the variables of a module, layer or generator of TensorFlow's or Keras'."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return []
    if _draws(value):
        found = [value.state]
    elif isinstance(value, tensorflow.__internal__.tracking.AutoTrackable):
        found = list(getattr(value, "variables", ()) or ())
    else:
        found = [value]
    keras = getattr(sys.modules.get("keras"), "Variable", ())
    held = [v.value if isinstance(v, keras) else v for v in found]
    return [v for v in held if _is_variable(v)]


def _draws(value: Any) -> bool:
    """Tell whether this is a generator of random numbers of TensorFlow's or Keras'."""
    kinds = [sys.modules["tensorflow"].random.Generator]
    if "keras" in sys.modules:
        kinds.append(sys.modules["keras"].random.SeedGenerator)
    return isinstance(value, tuple(kinds))


def _put_class_back(kind: type, before: Mapping[str, Any]) -> None:
    now = dict(vars(kind))
    for name in now.keys() - before.keys():
        delattr(kind, name)
    for name in before:
        if name not in now or now[name] is not before[name]:
            setattr(kind, name, before[name])
