"""Parts of docs/vocabulary.md that tests write, with UPDATE_DOCS=1, or compare."""

import os
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "vocabulary.md"


def hold(part: str, wanted: str) -> None:
    """Compare the part of the page between two comments with what it should be, or write it."""
    if os.environ.get("UPDATE_DOCS"):
        write(PAGE, part, wanted)
    else:
        assert _split(PAGE, part)[1] == f"\n\n{wanted}\n\n"


def write(page: Path, part: str, text: str) -> None:
    """Write the part of a page between two comments."""
    before, _, after = _split(page, part)
    page.write_text(f"{before}\n\n{text}\n\n{after}", "utf-8")


def _split(page: Path, part: str) -> tuple[str, str, str]:
    """Split a page at two comments, which stay with what is before and behind."""
    begin, end = (f"<!-- {part}: {edge} -->" for edge in ("begin", "end"))
    before, rest = page.read_text("utf-8").split(begin)
    found, after = rest.split(end)
    return before + begin, found, end + after
