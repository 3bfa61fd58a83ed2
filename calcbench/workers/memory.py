"""The resident memory of this process, its peak since a reset, and what a process may take."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from pathlib import Path

import psutil

STATUS = Path("/proc/self/status")
"""Where Linux tells the peak: proc(5)."""

CLEAR = Path("/proc/self/clear_refs")
"""Where Linux resets it."""


def resident() -> int:
    """Return the bytes that are resident now."""
    return int(psutil.Process().memory_info().rss)


def memory_limit() -> int:
    """Return the bytes that a worker may take by default: it fails before the system does."""
    return int(psutil.virtual_memory().available * 3 // 4)


def free_memory() -> None:
    """Return free memory to the system: the next allocation would take it, and not show."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc


def reset_peak() -> bool:
    """Reset the peak to what is resident now; tell whether the system can (Linux alone can)."""
    try:
        CLEAR.write_text("5")
    except OSError:
        return False
    return True


def peak() -> int | None:
    """Return the most bytes resident since `reset_peak`; None where the system does not tell."""
    with contextlib.suppress(OSError, ValueError):
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
