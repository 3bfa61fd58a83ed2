"""Panels side by side: a picture of a reader's own."""

from __future__ import annotations

from dataclasses import replace

from calcbench.errors import SelectorError, short_repr
from calcbench.report.picture import Chart, load_altair
from calcbench.show.pictures.bars import Bars
from calcbench.show.pictures.panel import Panel
from calcbench.show.pictures.style import finish


def draw(*panels: Panel | Bars, title: str = "", note: str = "", columns: int = 2) -> Chart:
    """Put panels into a picture, row by row; `title` and `note` stand above.

    It shows itself as the last line of a notebook's cell; `.save("picture.html")` makes a page
    whose sliders move. Raises `NotInstalled` without the extra `plot`.

        >>> panel = calcbench.Panel("x", (0, 4), "y", (0, 16)).curve(lambda x: x**2, "y = x²")
        >>> calcbench.draw(panel, title="A parabola").save("parabola.svg")
    """
    if not panels:
        raise SelectorError("a picture has at least one panel")
    for panel in panels:
        if not isinstance(panel, Panel | Bars):
            raise SelectorError(f"{short_repr(panel)} is no calcbench.Panel, and no calcbench.Bars")
    alt = load_altair()
    charts = [panel.chart(alt) for panel in panels]
    chart = charts[0]
    if len(charts) > 1:
        chart = alt.concat(*charts, columns=columns, spacing=28)
        chart = chart.resolve_scale(color="independent", x="independent", y="independent")
    return replace(finish(chart, title, note), title=title or "; ".join(p.caption for p in panels))
