"""What users' code prints in a worker: whole lines, which stand over the progress on a terminal.

This file imports the standard library alone, so that the limits are set before NumPy is imported.
"""

from __future__ import annotations

import os
from typing import Any, TextIO

ERASE = "\r\x1b[2K"
"""Sent to a terminal: the line on which the cursor stands, with what it says of progress, is empty.

The command that shows the progress writes it anew, below."""


class WholeLines:
    """A stream that passes on whole lines, each over what a terminal shows of progress.

    A line that is not ended is kept until it is, or until `end_line`.
    """

    def __init__(self, terminal: TextIO) -> None:
        """Take the stream to a terminal."""
        self._terminal = terminal
        self._kept = ""

    def write(self, text: str) -> int:
        """Write what ends in a line break, and keep the rest."""
        *lines, self._kept = (self._kept + text).split("\n")
        if lines:
            self._terminal.write("".join(f"{ERASE}{line}\n" for line in lines))
            self._terminal.flush()
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write texts, one after the other."""
        self.write("".join(lines))

    def end_line(self) -> None:
        """Write what is kept, as a line."""
        if self._kept:
            self.write("\n")

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the stream."""
        return getattr(self._terminal, name)


def over_progress(stream: Any) -> Any:
    """Wrap a stream to a terminal that erases lines; leave any other as it is."""
    shown = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    return WholeLines(stream) if shown else stream


def end_line(stream: Any) -> None:
    """End the line that users' code has begun, where it is kept back."""
    if isinstance(stream, WholeLines):
        stream.end_line()
