"""Reasons: why a user's code is not certified, where in it that is, and what to do instead.

What is raised on numbers with proof speaks of these, or of what a library makes of them. A user
wrote neither: so it is told here in terms of the user's own code.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from calcbench.native.function import NotKnown
from calcbench.problem.faults import find_fault, message_of, raising_line
from calcbench.problem.snippets import Snippet

LONGEST = 60
"""Characters of an expression that are quoted."""


class Known(NamedTuple):
    """What an error means, if its text is of a known kind."""

    pattern: str
    """What is in `Type: message`."""
    what: str
    """What it is in the user's code, of which `{call}` is the expression; empty where the message
    says it, which stands, too, where the expression is not known."""
    remedy: str
    """What to do."""


KNOWN = (
    Known("NotKnown: f returns", "", ""),  # which says all
    Known("unhashable", "numbers of the argument as keys", "do without the set, dict or cache"),
    Known("does not hand over", "`{call}` makes a plain array of numbers of the argument", ""),
    Known("an array from outside", "", "make it inside of the function, by np.empty_like(x)"),
    Known("numbers with proof>'", "numbers of the argument as text", "compute with the numbers"),
    Known("an index that is a float|as an integer|int\\(\\) of a", "", "an integer has no slope"),
    Known("float\\(\\) of a tensor", "", "compute with the tensor itself"),
    Known("method (tolist|numerator|item) of", "", "compute with the array itself"),
    Known(r"Tensor\.(item|tolist|numpy|__array__)", "", "compute with the tensor itself"),
    Known("TracerArrayConversion", "NumPy's function of a traced array", "take jax.numpy's"),
    Known("NonConcreteBoolean", "a mask as an index", "take jnp.where(mask, x, 0.0)"),
    Known("TracerIntegerConversion", "a traced value as an index", "take jnp.take(x, k)"),
    Known(
        "TracerBoolConversion|[Bb]oolean conversion of traced",
        "Python's if, while, and or or on a traced value",
        "take jax.lax.cond or jnp.where; jax.lax.while_loop for a loop",
    ),
    Known(
        "ConcretizationType|Abstract tracer value",
        "float(), int(), .item() or math's function of a traced value",
        "compute with the array itself, by jax.numpy",
    ),
    Known(
        "OperatorNotAllowedInGraph",
        "Python's if, while, and or or on a traced tensor",
        "take tf.cond or tf.where; tf.while_loop for a loop",
    ),
    Known(
        "symbolic tf.Tensor.* to a numpy|SymbolicTensor' object has no attribute",
        "NumPy's function or .numpy() of a traced tensor",
        "compute with the tensor itself",
    ),
    Known("out=.* don't support automatic", "", "write x.mul(y) in place of torch.mul(…, out=…)"),
    Known("JAX arrays are immutable", "", "write x.at[k].set(y) in place of x[k] = y"),
    Known("Can't call numpy\\(\\) on Tensor", "", "take torch's function in place of NumPy's"),
)
"""Kinds of errors, and what to do about each."""

WRITES = "`{call} = …` writes into an array from outside of the function"

WRITTEN = (
    Known("Tracer", WRITES, "build it by jax.numpy, x.at[k].set(y)"),
    Known("", WRITES, "make it inside of the function, by np.empty_like(x)"),
)
"""What is the matter where numbers of the argument are written into a plain array."""

PASSED = re.compile("numbers with proof|Traced|Tracer|Ball|traced")
"""What is in a message that speaks of what a user did not write."""


def explain(error: BaseException) -> str:
    """Say why code cannot be run on numbers with proof: what, in which line, and what to do."""
    root = next((each for each in chain(error) if isinstance(each, NotKnown)), error)
    line = next(filter(None, map(raising_line, chain(error))), None)
    snippet = Snippet(None, None, {}) if line is None else line.snippet
    kinds = WRITTEN if _writes(snippet) else KNOWN
    known = next((k for k in kinds for each in chain(error) if _is(k, each)), None)
    what = _known_what(known, snippet) or _what(root, snippet)
    place = getattr(root, "place", "") or ("" if line is None else str(line))
    place = "" if place in what else place
    remedy = f" ({known.remedy})" if known and known.remedy else ""
    return f"{what}{f' at {place}' if place else ''}{remedy}"


def describe_raised(error: BaseException) -> str:
    """Describe what a function or gradient raises on its own numbers: where, what, and a remedy."""
    fault = find_fault(error)
    known = next((known for known in KNOWN if _is(known, error)), None)
    return str(fault._replace(remedy=known.remedy if known else ""))


def _known_what(known: Known | None, snippet: Snippet) -> str:
    """Fill in what a known kind of error is; empty where its own message says it."""
    if known is None or ("{call}" in known.what and snippet.raised is None):
        return ""
    return known.what.format(call=_quote(snippet.raised))


def _what(error: BaseException, snippet: Snippet) -> str:
    """Say what it is that cannot be run, as its message does, or else by its expression."""
    if isinstance(error, NotKnown):
        return str(error)
    said = f"{type(error).__name__}: {message_of(error)}"
    if isinstance(snippet.statement, ast.Raise):
        return f"on numbers with proof it raises {said}"
    quoted = f"`{_quote(snippet.raised)}`" if snippet.raised is not None else "a call"
    why = "" if PASSED.search(said) else f" ({said})"
    return f"{quoted} does not take numbers with proof{why}"


def _is(known: Known, error: BaseException) -> bool:
    return bool(re.search(known.pattern, f"{type(error).__name__}: {message_of(error)}"))


def chain(error: BaseException) -> Iterator[BaseException]:
    """List an error and those that it came of."""
    each: BaseException | None = error
    seen: set[int] = set()
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _writes(snippet: Snippet) -> bool:
    """Tell whether what raised is an item that is written into, `buffer[k] = x`."""
    raised = snippet.raised
    return isinstance(raised, ast.Subscript) and isinstance(raised.ctx, ast.Store)


def _quote(expression: ast.AST | None) -> str:
    """Quote an expression."""
    text = "" if expression is None else ast.unparse(expression)
    return textwrap.shorten(text, LONGEST, placeholder="…") or "…"
