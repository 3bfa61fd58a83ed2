"""Threads of linear algebra: one, where a cost runs to be judged and not to be timed.

A product of a matrix and a vector takes a tenth of a millisecond, and threads that wait for the
next one keep a processor busy for twenty: as long as others need that processor, each product takes
as long. Sums come out the same at every run, too.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from threadpoolctl import ThreadpoolController


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Have NumPy's linear algebra take one thread in the block, or in the function decorated."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _libraries() -> ThreadpoolController:
    """Find the libraries of linear algebra that are loaded: NumPy's is one of them."""
    return ThreadpoolController()
