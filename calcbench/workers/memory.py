"""Resident memory of this process, and its peak since a moment of one's choice."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from pathlib import Path

import psutil

STATUS = Path("/proc/self/status")


CLEAR = Path("/proc/self/clear_refs")


def resident() -> int:
    """Bytes resident now."""
    return int(psutil.Process().memory_info().rss)


def free_memory() -> None:
    """Give back what is free, so that it does not hide what is taken next."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc


def reset_peak() -> bool:
    """Let the peak start anew from now; whether this system can (Linux: proc(5), clear_refs)."""
    try:
        CLEAR.write_text("5")
    except OSError:
        return False
    return True


def peak() -> int | None:
    """Bytes resident at most since `reset_peak`; None where the system does not tell."""
    with contextlib.suppress(OSError, ValueError):
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
