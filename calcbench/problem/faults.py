"""Faults in users' code: in which file and line something was raised, what, and the remedy.

Whatever is raised where a user's code runs is described here, and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import sysconfig
import textwrap
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from calcbench.errors import CalcbenchError, ProblemError, full_text, shorten
from calcbench.problem.remedies import find_remedy, leaves_namespace
from calcbench.problem.snippets import Snippet, Span, find_snippet, span_of

RAISED = (Exception, SystemExit, GeneratorExit)
"""What users' code may raise: `sys.exit()` too, for it must not end the program that runs it.

Not `KeyboardInterrupt`, which is the user at the keyboard."""

EXITS = (SystemExit, GeneratorExit)
"""What of `RAISED` ends a program quietly, past every `except Exception`."""

STANDARD = sysconfig.get_path("stdlib")
"""The folder of Python's own library."""

TRACEBACK = "CALCBENCH_TRACEBACK"
"""Set in the environment, it shows all of every exception, on stderr."""

SHORT = 160
"""Characters of a message that are kept where there is a remedy, which says more."""


class Fault(NamedTuple):
    """What was raised by a user's code, or because of it."""

    place: str
    """`cost.py:9`, the last line of the user's own code on the way; empty if there is none."""
    what: str
    """The type and the message of the exception, in one line."""
    remedy: str
    """What to write instead, for the usual mistakes."""

    def __str__(self) -> str:
        """Put it into one line: `cost.py:9: TypeError: …; use xp.exp in place of np.exp`."""
        place = f"{self.place}: " if self.place else ""
        if not self.remedy:
            return f"{place}{self.what}"
        what = textwrap.shorten(self.what, SHORT, placeholder="…").rstrip(".")
        return f"{place}{what}; {self.remedy}"


def find_fault(error: BaseException) -> Fault:
    """Find what is wrong in a user's code by the exception that it led to."""
    line = raising_line(error)
    if isinstance(error, CalcbenchError):  # it says itself what is wrong, and perhaps where
        told = str(error)
        known = line is None or told.startswith(str(line)) or refused_by_ours(error)
        return Fault("" if known else str(line), told, "")
    what = f"{type(error).__name__}: {message_of(error)}"
    if line is None:
        return Fault("", what, "")
    return Fault(str(line), what, find_remedy(what, line.snippet) if _has_xp(error) else "")


def describe_method(method: str, given: Iterable[str], error: BaseException) -> str:
    """Describe what a method of a problem raises that is given values by name, such as `domain`."""
    names = shorten(", ".join(given))
    return f"{method}, which is given a dict of arrays by name ({names}), raises {describe(error)}"


def describe(error: BaseException) -> str:
    """Describe an exception in one line: where, what, and the remedy."""
    _trace(error)
    return str(find_fault(error))


def refused_by_ours(error: BaseException) -> bool:
    """Tell whether a problem of calcbench raised this itself; its line is none of the user's."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    raised_in = frames[-1].f_globals.get("__name__") or "" if frames else ""
    return raised_in.startswith("calcbench.problems.")


def find_departure(error: BaseException) -> str:
    """Say where a cost leaves `xp`, by what a value without a number raised there; "" if it did not
    leave it there.
    """
    line = raising_line(error)
    if line is None or not leaves_namespace(line.snippet):
        return ""
    what = f"{type(error).__name__}: {message_of(error)}"
    return f"{line}: {find_remedy(what, line.snippet) or 'the cost leaves xp'}"


def show_tracebacks() -> None:
    """Have this process, and those that it starts, print all of what `describe` describes."""
    os.environ[TRACEBACK] = "1"


def _trace(error: BaseException) -> None:
    """Print a traceback, if that is asked for."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error, file=sys.stderr)


@contextlib.contextmanager
def blamed_on(name: str, raised: tuple[type[BaseException], ...] = RAISED) -> Iterator[None]:
    """Turn what is raised in the block into a `ProblemError` about the problem of that name.

    Errors of calcbench pass; a `ProblemError` that a line of the user's led to names that line,
    and one that a problem of calcbench raises itself, as over a file, names that problem.
    """
    try:
        yield
    except ProblemError as error:
        told = describe(error)
        error.args = (f"{name}: {told}" if refused_by_ours(error) else told,)
        raise
    except CalcbenchError:
        raise
    except raised as error:
        raise ProblemError(f"problem {name!r}: {describe(error)}") from error


# --- where -------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A line of a user's code."""

    file: str
    number: int
    names: dict[str, Any]
    """The names of its module, where it is known."""
    span: Span | None = None
    """Where the expression stands that was being evaluated, if that is known."""

    @property
    def snippet(self) -> Snippet:
        """The statement that the line belongs to."""
        return find_snippet(self.file, self.number, self.span, self.names)

    def __str__(self) -> str:
        """Write `cost.py:9`."""
        return f"{Path(self.file).name}:{self.number}"


def raising_line(error: BaseException) -> Line | None:
    """Find the last line of a user's own code that an exception passed through."""
    if isinstance(error, SyntaxError) and error.filename and is_users(error.filename, ""):
        return Line(error.filename, error.lineno or 0, {})
    found, passed = None, error.__traceback__
    while passed is not None:
        code, names = passed.tb_frame.f_code, passed.tb_frame.f_globals
        if is_users(code.co_filename, names.get("__name__") or ""):
            span = span_of(code, passed.tb_lasti)
            found = Line(code.co_filename, passed.tb_lineno, names, span)
        passed = passed.tb_next
    return found or _told_line(error)


def _has_xp(error: BaseException) -> bool:
    """Tell whether a function of a user's on the way to an exception has `xp`.

    A method such as `inputs` has none, nor has a cost in a framework's own code: what
    `xp` has is no remedy there. Where no function of a user's is known, it is taken for the cost.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    known = [
        frame.f_code
        for frame in frames
        if is_users(frame.f_code.co_filename, frame.f_globals.get("__name__") or "")
    ]
    return not known or any("xp" in (*code.co_varnames, *code.co_freevars) for code in known)


def defining_line(function: Any) -> Line | None:
    """Find where a function of a user's begins; None for one of calcbench's or a library's."""
    code, module = getattr(function, "__code__", None), getattr(function, "__module__", None)
    if code is None or not is_users(code.co_filename, module or ""):
        return None
    return Line(code.co_filename, code.co_firstlineno, {})


OWN = str(Path(__file__).parents[1])
"""The folder of calcbench's rooms."""


def find_place(frames: Iterable[tuple[str, int]]) -> str:
    """Find the first line of a user's own code among files and lines: `cost.py:9`, or ""."""
    for file, number in frames:
        if not file.startswith(OWN) and is_users(file, ""):
            return str(Line(file, number, {}))
    return ""


def frames_here() -> Iterator[tuple[str, int]]:
    """List the files and lines of the calls under way, the innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back


def _told_line(error: BaseException) -> Line | None:
    """Find the line in the message: TensorFlow and torch.compile run a translation of the code."""
    modules = {getattr(module, "__file__", None): name for name, module in [*sys.modules.items()]}
    told = re.findall(r'File "([^"]+)", line (\d+)', full_text(error))
    users = [
        Line(file, int(number), _names(modules.get(file)))
        for file, number in told
        if is_users(file, modules.get(file, ""))
    ]
    return users[-1] if users else None


def _names(module: str | None) -> dict[str, Any]:
    """Return the names of a module, if it is one that is loaded."""
    return vars(sys.modules[module]) if module in sys.modules else {}


def is_users(file: str, module: str) -> bool:
    """Whether code is neither calcbench's nor a library's; a notebook's cell is the user's."""
    if file.startswith("<"):
        return file.startswith("<ipython") or file == "<stdin>"
    if module.startswith("calcbench.") and not module.startswith("calcbench.problems."):
        return False
    library = ("site-packages", "dist-packages", "__autograph_generated", STANDARD)
    return not any(part in file for part in library)


# --- what --------------------------------------------------------------------------------------


def message_of(error: BaseException) -> str:
    """Return one line of the message: the first, or the last where the first has nothing to say."""
    lines = [line.strip() for line in full_text(error).splitlines() if line.strip()]
    if lines and lines[0] == "in user code:":  # TensorFlow's; the exception itself comes last
        return shorten(lines[-1].removeprefix(f"{type(error).__name__}: "))
    return shorten(lines[0]) if lines else "no message"
