"""How the worker of a command is started."""

from __future__ import annotations

import sys
import threading

from calcbench.catalogue.door import backends, problems

PICTURES = "vl_convert"
"""What draws pictures: it has threads of its own, which Python does not count."""


def start_method() -> str:
    """Choose the start method of multiprocessing for a command's worker.

    `fork`, where it is safe: the worker then has imported already what this process has, and takes
    10 ms to start in place of half a second. It is not where there are threads, which a fork leaves
    half done: threads of ours, or of the frameworks and libraries that backends and problems need.
    """
    cards = [*backends().cards.values(), *problems().cards.values()]
    libraries = {name for card in cards for name in card.declared.get("requires", ())}
    loaded = any(sys.modules.get(name) is not None for name in (*libraries, PICTURES))
    quiet = threading.active_count() == 1 and not loaded
    return "fork" if sys.platform == "linux" and quiet else "spawn"
