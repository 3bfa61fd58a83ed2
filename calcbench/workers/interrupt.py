"""Ctrl-C while the command line is imported: it ends in one line, not in a traceback.

The imports take a third of a second. This file is imported first, and imports what
Python has loaded already.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import pairwise
from types import FrameType

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it: 128 + SIGINT."""


def end_at_once(signum: int, frame: FrameType | None) -> None:
    """End this process: nothing has been begun that would have to be cleaned up."""
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)


def is_command() -> bool:
    """Tell whether this process is the command line, rather than somebody's own program."""
    program = sys.argv[0] if sys.argv else ""
    if program == "-m":  # while Python looks for the module to run
        return ("-m", "calcbench") in pairwise(sys.orig_argv)
    return os.path.splitext(os.path.basename(program))[0] == "calcbench"


def begin() -> None:
    """Let Ctrl-C end the command line at once, until `raise_again`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler and is_command():
        signal.signal(signal.SIGINT, end_at_once)


def raise_again() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` again, for somebody is there to catch it."""
    if signal.getsignal(signal.SIGINT) is end_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)
