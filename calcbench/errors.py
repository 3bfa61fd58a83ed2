"""The exceptions of calcbench, and the parts of their messages."""

import difflib
import importlib.util
from collections.abc import Iterable


class CalcbenchError(Exception):
    """Bad input. The message is one clear line; the command line exits with status 2."""


class ProblemError(CalcbenchError):
    """A problem does not keep the contract of `calcbench.Problem`."""


class SelectorError(CalcbenchError):
    """A name, option or value that selects nothing."""


class NotInstalled(CalcbenchError):
    """A package that a problem or backend needs is missing, or does not import."""


class Unsupported(CalcbenchError):
    """A backend cannot do this problem or operator; the message is the reason."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Name the valid choices closest to `word`, as the end of an error message."""
    known = sorted(choices)
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(name) for name in close) + "?"
    return "choose from " + ", ".join(known)


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's message: what fits into a table."""
    return (full_text(error).strip() or "no message").splitlines()[0]


def full_text(error: BaseException) -> str:
    """Return the message of an exception; empty for one that raises when it is asked."""
    try:
        return str(error)
    except Exception:
        return ""


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
