"""Spellings: how a framework writes the names of the array vocabulary in source text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from calcbench.errors import Unsupported
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.suggestions import suggest


def scan_with(stack: str) -> str:
    """Write the helper `scan` for a framework in which a Python loop is the idiom.

    `stack` is the expression that stacks a list of arrays, `np.stack({})`.
    """
    return f"""\
def scan(step, state, xs, length=None):
    several, kept, y = isinstance(xs, (tuple, list)), [], None
    parts = xs if several else (xs,)
    for k in range(parts[0].shape[0] if length is None else length):
        x = tuple(None if part is None else part[k] for part in parts)
        state, y = step(state, x if several else x[0])
        kept.append(y)
    if isinstance(y, tuple):
        return state, tuple({stack.format("part")} for part in zip(*kept))
    return state, None if y is None else {stack.format("kept")}"""


ITERATE = """\
def iterate(step, state, n):
    for _ in range(n):
        state = step(state)
    return state"""
"""The helper for frameworks in which a Python loop is the idiom."""


CONSTANTS = ("pi", "e", "inf")

ELEMENTWISE = (
    *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "tanh", "atan", "abs"),
    *("floor", "round", "logical_and", "logical_or", "logical_not"),
)
"""Functions, element by element, that NumPy, PyTorch and JAX call as the vocabulary does."""


@dataclass(frozen=True)
class Use:
    """One use of a name of the vocabulary, for spellings that depend on it."""

    arguments: tuple[str, ...] = ()
    """The positional arguments of the call, as source text."""

    keywords: Mapping[str, str] = field(default_factory=dict)
    """Its keyword arguments, likewise."""

    ranks: tuple[int, ...] = ()
    """How many axes each positional argument has; −1 for a Python number, and of a list the least
    of its elements. Empty for a call that did not run at the problem's own inputs."""


Rule = Callable[[Use], str]
"""A spelling that depends on the use."""


@dataclass(frozen=True)
class Spelling:
    """The array vocabulary in the source text of one framework.

    The spelling of a name is one of

    - `"torch.exp"`: another name, with the same arguments;
    - `"lambda x: x.mT"`: an expression to put in the place of the call;
    - `"def softplus(x):\\n    return np.logaddexp(x, 0.0)"`: a helper to write down once, whose
      arguments are called as in the vocabulary;
    - a function from the `Use` to one of these, or to "" where there is none.

    A name that is not among `names` is written by its definition
    (`calcbench.vocabulary.composed`); without one, a cost that uses it has no program.
    """

    framework: str
    """What to call it in messages."""

    names: Mapping[str, str | Rule]

    imports: Mapping[str, str] = field(default_factory=dict)
    """Name → the statement that imports it, such as `np` → `import numpy as np`."""

    keywords: Mapping[str, str] = field(default_factory=dict)
    """Keyword argument → its name in the framework's functions, such as `axis` → `dim`."""

    def spell(self, name: str, use: Use) -> str:
        """Spell a name of the vocabulary as one of the first three forms above; "" for none.

        Raises `Unsupported` for a name that is not in the vocabulary.
        """
        if name not in NAMES:
            raise Unsupported(f"xp.{name} is not in the array vocabulary: {suggest(name)}")
        spelling = self.names.get(name, "")
        return spelling(use) if callable(spelling) else spelling


def same_names(prefix: str, *names: str) -> dict[str, str]:
    """Spell names that a library has under the same name: `torch.` and `exp` as `torch.exp`."""
    return {name: f"{prefix}{name}" for name in names}
