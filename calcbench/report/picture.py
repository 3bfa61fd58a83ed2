"""A picture: it shows itself in a notebook without a network, and saves itself to a file."""

from __future__ import annotations

import html
import importlib
import io
import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from calcbench.errors import NotInstalled, SelectorError, missing, printable, short_repr
from calcbench.record.writing import replacing
from calcbench.report.page.library import chart_library
from calcbench.report.page.template import embed

REQUIRED = ("altair", "vl_convert", "contourpy")
"""Modules of the extra `plot`."""

INSTALL = "python -m pip install altair vl-convert-python contourpy"

ENDINGS = (".svg", ".png", ".pdf", ".html")
"""Ends of the names of files that a picture is saved to: each is a form of its own."""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 2rem; font-family: sans-serif; background: Canvas; color: CanvasText; }}
figure {{ margin: 0; overflow-x: auto; }}
.vega-bind {{ font-size: 14px; margin: 4px 0; }}
/* Pictures are drawn on white: in the dark, light and dark change places, and hues stay. */
@media (prefers-color-scheme: dark) {{
  body {{ background: #141414; color: #ddd; }}
  svg {{ filter: invert(.92) hue-rotate(180deg); }}
}}
@media (min-width: 45rem) {{ svg {{ max-width: 100%; height: auto; }} }}
details {{ max-width: 50rem; margin: 1rem; }}
summary {{ cursor: pointer; }}
math {{ font-size: 1.12rem; }}
math[display="block"] {{ width: fit-content; max-width: 100%; overflow: auto hidden; }}
</style>
</head>
<body>
<figure id="picture">{body}</figure>
{below}
{scripts}</body>
</html>
"""


def load_altair() -> Any:
    """Import altair. Raises `NotInstalled` where a module of the extra `plot` is missing."""
    reason = missing(REQUIRED, INSTALL)
    if reason:
        raise NotInstalled(f"a picture needs the extra plot: {reason}")
    return importlib.import_module("altair")


def can_draw() -> bool:
    """Tell whether the extra `plot` is there: a notebook shows text where it is not."""
    return missing(REQUIRED, INSTALL) is None


def check_ending(path: str | Path, endings: tuple[str, ...] = ENDINGS) -> str:
    """Return the ending of a file's name. Raises `SelectorError` for one that is no form."""
    if not isinstance(path, (str, Path)):
        raise SelectorError(
            f"a picture is saved by the name of its file, such as 'saddle.svg', and not by "
            f"{short_repr(path)}"
        )
    ending = Path(path).suffix.lower()
    if ending not in endings:
        raise SelectorError(
            f"a picture cannot be written to {printable(repr(str(path)))}: "
            f"choose a name that ends in {', '.join(endings)}"
        )
    return ending


class Picture(ABC):
    """What `cb.plot` and others return. The last line of a notebook's cell shows it."""

    endings: ClassVar[tuple[str, ...]] = ENDINGS
    title: str
    below: str
    """What a page says below the picture, as HTML."""

    @abstractmethod
    def svg(self) -> str:
        """Write the picture as SVG."""

    @abstractmethod
    def page(self) -> str:
        """Write an HTML page that needs nothing from elsewhere."""

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"<Picture of {self.title}: save it with .save('picture.svg')>"

    def render(self, ending: str) -> bytes:
        """Write the picture in the form that an ending names."""
        match ending:
            case ".svg":
                return self.svg().encode()
            case ".html":
                return self.page().encode()
            case ".png":
                return bytes(_converter().svg_to_png(self.svg(), scale=2))
            case _:
                return bytes(_converter().svg_to_pdf(self.svg()))

    def save(self, path: str | Path) -> None:
        """Write the picture to a file whose name ends in .svg, .png, .pdf or .html.

        Raises `SelectorError` for another ending, or a file that cannot be written.
        """
        rendered = self.render(check_ending(path, self.endings))
        with replacing(Path(path)) as part:
            part.write_bytes(rendered)


@dataclass(frozen=True, repr=False)
class Chart(Picture):
    """A picture drawn by altair; in a page, sliders and tooltips work."""

    endings: ClassVar[tuple[str, ...]] = (*ENDINGS, ".json")
    title: str
    chart: Any
    """The `altair.Chart`, to be changed further."""
    below: str = ""

    def render(self, ending: str) -> bytes:
        """Write the picture in the form that an ending names; `.json` is Vega-Lite."""
        if ending == ".json":
            return json.dumps(self.chart.to_dict()).encode()
        return super().render(ending)

    @cached_property
    def _svg(self) -> str:
        written = io.StringIO()
        self.chart.save(written, format="svg")
        start, end, rest = written.getvalue().partition(">")
        described = f'{start} role="img"{end}<title>{html.escape(self.title)}</title>'
        return described + re.sub(r' (d|transform)="[^"]*"', _round_numbers, rest)

    def svg(self) -> str:
        """Write the picture as SVG."""
        return self._svg

    def page(self) -> str:
        """Write an HTML page that holds the data and the library that draws them."""
        spec = embed(self.chart.to_dict())
        actions = '{"export": true, "source": false, "compiled": false, "editor": false}'
        call = f'vegaEmbed("#picture", {spec}, {{"renderer": "svg", "actions": {actions}}});'
        major, minor, *_ = load_altair().SCHEMA_VERSION.removeprefix("v").split(".")
        library = chart_library(f"{major}.{minor}")
        scripts = f"<script>{library}</script>\n<script>{call}</script>\n"
        title = html.escape(self.title)
        return PAGE.format(title=title, body="", below=self.below, scripts=scripts)


@dataclass(frozen=True, repr=False)
class Drawing(Picture):
    """A picture that is SVG from the start."""

    title: str
    markup: str
    below: str = ""

    def svg(self) -> str:
        """Write the picture as SVG."""
        return self.markup

    def page(self) -> str:
        """Write an HTML page around the SVG."""
        title = html.escape(self.title)
        return PAGE.format(title=title, body=self.markup, below=self.below, scripts="")


def _round_numbers(attribute: re.Match[str]) -> str:
    """Round coordinates to hundredths of a pixel: 17 digits each make a file twice as long."""
    return re.sub(r"-?\d+\.\d{3,}(e-\d+)?", lambda n: f"{float(n[0]):.2f}", attribute[0])


def _converter() -> Any:
    load_altair()
    return importlib.import_module("vl_convert")
