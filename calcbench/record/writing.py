"""Writing data and files: JSON that any file and terminal can hold.

This file imports no NumPy: `calcbench list --json` is to be quick.
"""

from __future__ import annotations

import json
from typing import Any


def write_json(data: Any, indent: int | None = None) -> str:
    """Write JSON with its mathematics readable, and escapes for what is no printable character.

    Not every file can hold half of a surrogate pair, and a terminal obeys some of the others.
    """
    text = json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)
    if all(map(str.isprintable, text.split("\n"))):
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
