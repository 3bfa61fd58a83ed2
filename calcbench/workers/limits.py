"""The limits of a process, on processors and memory, set before NumPy or a framework is imported.

This file imports nothing but the standard library: libraries make their thread pools when imported.
CPU affinity is what every framework obeys (measured: JAX 0.10 ignores `XLA_FLAGS`); the
environment variables serve systems that have no affinity.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

from calcbench.workers.printing import over_progress

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
"""Environment variables by which OpenMP, OpenBLAS, MKL and XLA choose their threads."""


def processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def restrict(threads: int | None, memory: int | None) -> None:
    """Confine this process to `threads` processors and `memory` bytes, where they are given.

    It becomes the leader of a process group, so that whatever it starts can be ended with it,
    and it ends with the process that started it.
    """
    if threads is not None:
        limit_threads(threads)
    if memory is not None:
        _limit_memory(memory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the harness's to answer
    if hasattr(os, "setpgid"):
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
    _end_with_parent()
    # What a cost prints must not stand between the harness's own lines.
    os.dup2(2, 1)
    sys.stdout = sys.stderr = over_progress(sys.stderr)


def limit_threads(threads: int) -> None:
    """Keep to some processors, and have libraries start that many threads."""
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        # The last ones: the first processor serves most interrupts.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def _limit_memory(memory: int) -> None:
    """Let allocations beyond `memory` bytes fail, rather than have the system choose a victim."""
    if sys.platform == "win32":
        return
    import resource  # Unix alone has it

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))


def _end_with_parent() -> None:
    """Ask Linux to kill this process when the one that started it is gone, even by SIGKILL."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
