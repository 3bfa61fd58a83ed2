"""A browser without a network, for pages that have to work without one."""

import shutil
import subprocess

import pytest
from waiting import PATIENCE

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)

in_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def browse(path, height=900):
    """Open a page in a browser without a network; give its elements afterwards, and its errors."""
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
