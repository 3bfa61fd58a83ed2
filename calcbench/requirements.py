"""Whether modules can be imported here, found without importing them."""

import importlib.util
from collections.abc import Iterable


def missing(modules: Iterable[str], install: str = "") -> str | None:
    """Why the modules cannot be imported here, with the cure; None if all of them are there."""
    absent = [module for module in modules if not _present(module)]
    if not absent:
        return None
    cure = f"; install it with: {install}" if install else ""
    return f"{', '.join(absent)} is not installed{cure}"


def _present(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a parent package that is absent, or half imported
        return False
