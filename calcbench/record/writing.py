"""Writing data and files: JSON that any file and terminal can hold, and files that are whole.

This file imports no NumPy: `calcbench list --json` is to be quick.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calcbench.errors import SelectorError


def write_json(data: Any, indent: int | None = None) -> str:
    """Write JSON with its mathematics readable, and escapes for what is no printable character.

    Not every file can hold half of a surrogate pair, and a terminal obeys some of the others.
    """
    text = json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)
    if all(map(str.isprintable, text.split("\n"))):
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to; its file takes the place of `path` once all of it is written.

    Where writing fails, as on a full disk, what was at `path` stays. What is no file, such as a
    pipe, is written to at once. Raises `SelectorError` where it cannot be written.
    """
    with refuse_unwritable(path):
        if _is_stream(path):
            yield path
            return
        target = path.resolve()
        # The end of the name says what is drawn; its length is one that every system takes.
        part = target.with_name(f".{secrets.token_hex(6)}{target.suffix[:16]}")
        try:
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            if target.exists():
                part.chmod(target.stat().st_mode)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Raise `SelectorError` for a file whose name cannot be, or whose folder is not there.

    For what takes long, before it begins.
    """
    size_of(path)
    with refuse_unwritable(path):
        path.parent.stat()
        if not path.parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))


def _is_stream(path: Path) -> bool:
    """Tell whether a path is no file that another could replace: /dev/stdout, a pipe, a folder."""
    return path.parent == Path("/dev") or (path.exists() and not path.is_file())


def size_of(path: Path) -> int | None:
    """Return how many bytes a file has; None where there is none.

    Raises `SelectorError` for a name that no file can have.
    """
    with refuse_unwritable(path):
        try:
            return path.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None


@contextlib.contextmanager
def refuse_unwritable(path: Path) -> Iterator[None]:
    """Say in one line why a file cannot be written, in place of what the system raises."""
    check_name(path)
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SelectorError(f"cannot write to {str(path)!r}: {reason}") from error


def check_name(path: Path) -> None:
    """Raise `SelectorError` for a name of a file that no system has."""
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise SelectorError(f"{str(path)!r} is no name that a file can have")
