"""The JavaScript that draws charts in a page: Vega, Vega-Lite and Vega-Embed in one file."""

from __future__ import annotations

import functools
import importlib
import re

from calcbench.errors import missing

INSTALL = "python -m pip install vl-convert-python"


def missing_library() -> str | None:
    """Say why there can be no charts, and the command that changes it; None if there can."""
    return missing(["vl_convert"], INSTALL)


@functools.cache
def chart_library(version: str | None = None) -> str:
    """Bundle the JavaScript: 0.9 MB, once for all charts of a page. It takes seconds to make.

    `version` is that of Vega-Lite (`6.1`), by default the latest that there is.
    """
    bundle: str = importlib.import_module("vl_convert").javascript_bundle(vl_version=version)
    return re.sub("</(script)", r"<\\/\1", bundle, flags=re.IGNORECASE)
