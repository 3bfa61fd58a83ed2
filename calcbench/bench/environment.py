"""The environment of a run: machine, libraries, git state. No host, no user, no path."""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import platform
import re
import secrets
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import pyperf

from calcbench.record.run import Environment
from calcbench.workers.limits import processors

ALWAYS = ("numpy",)
"""Libraries that every cell uses."""

PYPERF = {
    "cpu_model_name": "cpu",
    "cpu_config": "cpu_config",
    "aslr": "aslr",
    "load_avg_1min": "load",
    "timer": "timer",
}
"""pyperf's names → ours. Its others tell the host's name or paths, or repeat what is here."""


def environment(modules: Iterable[str], settings: dict[str, Any], cells: int) -> Environment:
    """Describe this machine and the libraries that provide `modules`, as they are now."""
    started = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Environment(
        id=secrets.token_hex(6),
        started=started,
        calcbench=version("calcbench"),
        machine=machine(),
        versions=versions(modules),
        settings=settings,
        git=git_state(Path(__file__).parent),
        cells=cells,
    )


def machine() -> dict[str, Any]:
    """Describe the processor, memory, system and load, as far as the system tells."""
    metadata = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    found = {ours: metadata[theirs] for theirs, ours in PYPERF.items() if theirs in metadata}
    return {
        **found,
        "cores": psutil.cpu_count(logical=False),
        "processors": processors(),
        "memory": psutil.virtual_memory().total,
        "system": f"{platform.system()} {_release()} {platform.machine()}",
    }


def _release() -> str:
    """Return the system's version without what its builder appended."""
    found = re.match(r"[\d.]+", platform.release())
    return found[0].rstrip(".") if found else platform.release()


def versions(modules: Iterable[str]) -> dict[str, str]:
    """Find the versions of Python, calcbench, NumPy and the libraries that provide `modules`.

    Name → version, or `?` if unknown.
    """
    names = dict.fromkeys((*ALWAYS, *modules))
    return {
        "python": platform.python_version(),
        "calcbench": version("calcbench"),
        **{name: version(name) for name in names},
    }


@functools.cache
def version(module: str) -> str:
    """Find the version of the distribution that provides a module: scikit-learn's for `sklearn`."""
    for name in (module, *_distributions().get(module, ())):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "?"


@functools.cache
def _distributions() -> dict[str, list[str]]:
    """Map modules to the distributions that provide them; looking takes a while."""
    return dict(importlib.metadata.packages_distributions())


def git_state(folder: Path) -> dict[str, Any]:
    """Return `commit` and `dirty` of the repository that `folder` is tracked in; else nothing."""
    commit = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if commit is None or changed is None:
        return {}
    # An installed calcbench may lie in a folder of somebody else's repository.
    tracked = _git(folder, "ls-files", "--error-unmatch", "__init__.py")
    return {} if tracked is None else {"commit": commit, "dirty": bool(changed)}


def _git(folder: Path, *arguments: str) -> str | None:
    """Run git in a folder, and return what it prints; None where it fails, or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
