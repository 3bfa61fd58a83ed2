"""A browser without a network, for pages that have to work without one."""

import re
import shutil
import subprocess
import time

import pytest
from waiting import PATIENCE

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)

in_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def browse(path, height=900, until=lambda seen: True):
    """Open a page in a browser without a network; give its elements afterwards, and its errors.

    The browser's clock jumps from timer to timer, and does not wait for a chart that another of its
    threads unpacks: on a busy machine the page is opened again until `until(elements)` holds.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        seen, errors = _open(path, height)
        if errors or until(seen) or time.monotonic() > deadline:
            return seen, errors


def drawn(seen):
    """Find the charts that a page has drawn."""
    return re.findall('<svg[^>]*class="marks"', seen)


def _open(path, height):
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--window-size=1200,{height}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=20000",
        "--enable-logging=stderr",
        "--dump-dom",
        path.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
