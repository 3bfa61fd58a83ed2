"""The table of contents, and links that a site has no page for; the Markdown stays plain."""

import re
from pathlib import Path

GROUPS = {
    "Start": ("README", "check", "pictures", "terminal", "python", "site/problems"),
    "Learn": ("lesson", "site/lessons", "walkthrough", "teaching", "lessons/exercises/README"),
    "Understand": ("concepts", "verdicts", "operators", "backends", "vocabulary"),
    "Measure": ("timing", "reports", "gradbench", "benchmarks/README"),
    "Look up": ("site/api", "stability", "dependencies", "CHANGELOG"),
    "Take part": ("CONTRIBUTING", "SECURITY"),
}
"""Caption → pages: names with a capital stand beside `docs/`, others in it."""


def setup(app):
    """Let Sphinx change what it has read."""
    app.connect("source-read", prepare)
    return {"parallel_read_safe": True}


def prepare(app, page, source):
    """Add the contents to the index; a link to a folder, which is no page, becomes its text."""
    folder = Path(app.srcdir, page).parent
    source[0] = re.sub(
        r"\[([^][]+)\]\(([\w/.-]+)\)",
        lambda link: link[1] if (folder / link[2]).is_dir() else link[0],
        source[0],
    )
    if page == app.config.root_doc:
        source[0] += "".join(f"\n{contents(*group)}" for group in GROUPS.items())


def contents(caption, pages):
    """Write one group of the contents."""
    lines = "\n".join(f"/{page}" if is_beside(page) else f"/docs/{page}" for page in pages)
    return f"```{{toctree}}\n:caption: {caption}\n:hidden:\n\n{lines}\n```\n"


def is_beside(page):
    """Tell whether a page stands beside `docs/`."""
    return page.rpartition("/")[2].isupper()
