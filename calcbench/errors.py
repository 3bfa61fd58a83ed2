"""The exceptions of calcbench, and the parts of their messages."""

import difflib
import importlib.util
import reprlib
from collections.abc import Iterable
from typing import Any


class CalcbenchError(Exception):
    """Bad input. The message is one clear line; the command line exits with status 2."""


class ProblemError(CalcbenchError):
    """A problem does not keep the contract of `calcbench.Problem`."""


class DeclarationError(ProblemError):
    """What a problem declares of its cost, its rows or its structure, is not true."""


class FormulaError(ProblemError):
    """A hand-derived formula does not give what it should, such as an array by parameter."""


class SelectorError(CalcbenchError):
    """A name, option or value that selects nothing."""


class NotInstalled(CalcbenchError):
    """A package that a problem or backend needs is missing, or does not import."""


class Unsupported(CalcbenchError):
    """A backend cannot do this problem or operator; the message is the reason."""


class LimitReached(ArithmeticError):
    """A loop of a cost, `xp.while_loop`, is not done after as many steps as it may take."""


class UnreadableFormula(CalcbenchError):
    """LaTeX that cannot be shown in another form; the message says what is not known."""


MANY = 25
"""Valid choices that a message does not list any more, where a command lists them."""


def nearest(word: str, choices: Iterable[str], listing: str = "") -> str:
    """Name the valid choices closest to `word`, as the end of an error message.

    `listing` is the command that lists them all, where there may be many.
    """
    known = sorted(choices)
    close = _closest(word, known, 0.5)
    if close:
        return f"did you mean {close}?"
    if listing and len(known) > MANY:
        return f"the nearest are {_closest(word, known, 0.0)}; `{listing}` lists all {len(known)}"
    return "choose from " + ", ".join(known)


def _closest(word: str, known: list[str], cutoff: float) -> str:
    """Name the three choices closest to a word, of those that are so similar; "" for none."""
    close = difflib.get_close_matches(word[:LONGEST_WORD], known, n=3, cutoff=cutoff)
    return " or ".join(map(repr, close))


LONGEST = 1_000
"""Characters of a message or of a cell of a table; of a longer one the middle is left out."""

LONGEST_WORD = 250
"""Characters of one word of it: a path may be that long; what else is echoed is not worth it."""


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's message: what fits into a table."""
    return shorten((full_text(error).strip() or "no message").splitlines()[0])


def full_text(error: BaseException) -> str:
    """Return the message of an exception; empty for one that raises when it is asked."""
    try:
        return str(error)
    except Exception:
        return ""


def shorten(text: str, longest: int = LONGEST) -> str:
    """Leave out the middle of a long text: the begin says what it is about, the end what for."""
    if len(text) <= longest:
        return text
    left_out = f"… {len(text) - longest:,} characters …"
    return text[: longest // 2] + left_out + text[-(longest // 2) :]


def write_apart(*numbers: float, digits: int = 10) -> list[str]:
    """Write numbers to so many digits, or to as many as it takes that all that differ look so."""
    distinct = len(set(numbers))
    for count in range(digits, 17):
        written = [f"{number:.{count}g}" for number in numbers]
        if len(set(written)) >= distinct:
            return written
    return [f"{number:.17g}" for number in numbers]


def printable(text: str) -> str:
    """Write any text so that it can stand in a message or a table: in one line, not too long.

    What a terminal would obey, and what nobody can see, is shown as an escape: `\\x1b`. Everything
    that comes from a name, a file or an exception passes here before it is printed.
    """
    words = (shorten(escape_controls(word), LONGEST_WORD) for word in text.split())
    return shorten(" ".join(words))


def escape_controls(text: str) -> str:
    """Show every character that is not printable as an escape, but for the ends of lines."""
    if all(map(str.isprintable, text.split("\n"))):
        return text
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def short_repr(value: Any) -> str:
    """Write a value for a message: one line, however large it is, and whatever its repr does."""
    try:
        return printable(reprlib.repr(value))
    except Exception:  # a number of more digits than Python writes, say
        return f"a {type(value).__name__} that cannot be written"


def missing(modules: Iterable[str], install: str = "") -> str | None:
    """Say which modules are not installed, and the command that installs them; None if all are."""
    absent = [module for module in modules if not _present(module)]
    if not absent:
        return None
    cure = f"; install it with: {install}" if install else ""
    return f"{', '.join(absent)} is not installed{cure}"


def _present(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a parent package that is absent, or half imported
        return False
