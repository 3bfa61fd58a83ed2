"""How long a test waits on a machine that may have other things to do."""

import time

PATIENCE = 300.0
"""Seconds for what ends by itself: only something that hangs is ever waited for so long."""


def wait_until(condition):
    """Wait until `condition()` holds; fail where it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
