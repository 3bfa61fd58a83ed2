"""Parts of docs/vocabulary.md that tests write, with UPDATE_DOCS=1, or compare."""

import os
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "vocabulary.md"


def hold(part: str, wanted: str) -> None:
    """Compare the part of the page between two comments with what it should be, or write it."""
    begin, end = (f"<!-- {part}: {edge} -->" for edge in ("begin", "end"))
    before, rest = PAGE.read_text("utf-8").split(begin)
    found, after = rest.split(end)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(f"{before}{begin}\n\n{wanted}\n\n{end}{after}", "utf-8")
    else:
        assert found == f"\n\n{wanted}\n\n"
