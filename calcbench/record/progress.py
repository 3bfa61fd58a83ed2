"""Progress: what is being done, in one line of text at a time."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""A function that shows one line to the user, in place of the line before."""


def silent(text: str) -> None:
    """Show nothing: the `Progress` of a program that has nobody to show it to."""
