"""A lock on a file: one process writes to it at a time."""

from __future__ import annotations

import os
import stat
import sys
from typing import IO, Any


def lock(file: IO[Any]) -> bool:
    """Lock an open file until it is closed, or its process ends; tell whether it is ours now.

    The lock is the system's and on the file itself, so that nothing is left behind when a process
    is killed. What is no file cannot be locked, nor can a file on a system without such locks
    (Windows, some network drives): it counts as ours.
    """
    if sys.platform == "win32" or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return True
    import fcntl  # Unix alone has it

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this drive
        return True
    return True
