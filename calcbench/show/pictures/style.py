"""Colours, numbers and what all charts share."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from calcbench.errors import UnreadableFormula
from calcbench.problem.point import Point
from calcbench.report.picture import Chart
from calcbench.show.pictures.windows import Axis
from calcbench.show.unicode import SUPERSCRIPTS, as_unicode

SIDE = 340
"""Width and height of a square panel."""

INK = "#222222"
CURVE = "#0072b2"
TANGENT = "#d55e00"
SECANTS = ("#55b59f", "#1f8f78", "#005f4c")
"""From the widest secant to the narrowest."""

MOVABLE = "#cc79a7"
"""What a slider moves."""

PAIR = ("#d55e00", "#0072b2")
"""The slices along the first and the second parameter of a surface."""

MESH = "#9aa5b1"
LEVELS = ("#2a9d8f", "#2484b0", "#2358a0", "#0b2457")
"""From the lowest level curve to the highest: each is seen on white, and the other way round."""

QUIET = ("#a9b3bd", "#8d98a4", "#73808c", "#586571")
"""Level curves that stand behind something else."""

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colours that people tell apart, whatever they see (Okabe & Ito)."""

THIN, STEP, WIDE = 1.7, 1.6, 6.5
"""Width of a single line, of each one below it in addition, and of none more."""

DECADES = 8
"""Powers of ten that a logarithmic axis names, at most."""

FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"
"""First one that has ∂, Σ and small raised and lowered letters."""


def write_number(value: float, digits: int = 4) -> str:
    """Write a number for a reader: `6`, `−0.7358`, `1.5·10⁻⁹`; `no number` for NaN."""
    if math.isnan(value):
        return "no number"
    rounded = float(f"{value + 0.0:.{digits}g}")
    whole = rounded == int(rounded) and abs(rounded) < 1e7 if abs(rounded) < 1e300 else False
    return _typeset(f"{rounded:,.0f}" if whole else f"{rounded:.{digits}g}")


def shorten(value: float) -> float:
    """Round a number to what a picture shows: 17 digits would make a page twice as long."""
    return float(f"{value:.6g}")


def write_briefly(value: float) -> str:
    """Write a number for a label in a picture: `4·10⁶` rather than 4,000,000."""
    return _typeset(f"{value:.3g}") if abs(value) >= 1e5 else write_number(value)


def _typeset(text: str) -> str:
    """Write minus signs and powers of ten as in print: `-1e-09` is −10⁻⁹."""
    mantissa, e, exponent = text.replace("inf", "∞").partition("e")
    mantissa = mantissa.replace("-", "−")
    if not e:
        return mantissa
    raised = str(int(exponent)).replace("-", "−")
    power = "10" + "".join(SUPERSCRIPTS[sign] for sign in raised)
    unit = mantissa in ("1", "−1")
    return mantissa.removesuffix("1") + power if unit else f"{mantissa}·{power}"


def _label_numbers(least: float, most: float) -> str:
    """Write the expression by which Vega labels an axis: powers of ten outside of two sizes."""
    mantissa, raised = (f"split(format(datum.value, '.5~e'), 'e')[{k}]" for k in (0, 1))
    signs = {"[+]": "", "[-−]": SUPERSCRIPTS["−"], **{d: SUPERSCRIPTS[d] for d in "0123456789"}}
    for sign, small in signs.items():
        raised = f"replace({raised}, regexp('{sign}', 'g'), '{small}')"
    front = f"replace({mantissa} + '·', regexp('^([-−]?)1·$'), '$1')"
    size = "abs(datum.value)"
    plain = f"!datum.value || ({least!r} <= {size} && {size} < {most!r})"
    return f"{plain} ? format(datum.value, ',.7~f') : {front} + '10' + {raised}"


LABELS = _label_numbers(1e-4, 1e7)
"""How the numbers on an axis are written, unless it says otherwise."""

LOG_LABELS = (
    "indexof('125', slice(format(datum.value, 'e'), 0, 1)) >= 0 ? "
    f"({_label_numbers(1e-2, 1e4)}) : ''"
)
"""How those on a logarithmic axis are: 1, 2 and 5 times powers of ten."""


def line_widths(count: int) -> list[float]:
    """Choose widths for lines from the lowest to the top, so that of equal ones all are seen.

    Given are the first and the last: Vega spreads the others between them.
    """
    return [min(WIDE, THIN + STEP * (count - 1)), THIN]


def place(names: list[str], values: Any) -> str:
    """Write where a picture is: `x = 3, y = 2`."""
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{name} = {write_number(float(value), 6)}" for name, value in pairs)


def heading(point: Point) -> str:
    """Name a problem, with its formula where that can be written in a line."""
    try:
        formula = as_unicode(point.problem.formula)
    except UnreadableFormula:
        formula = ""
    return f"{point.problem.name}: {formula}" if formula else point.problem.name


def height_axis(alt: Any, field: str, title: str, labels: str = LABELS) -> Any:
    """Make a vertical axis; a letter stands upright beside it, a word along it."""
    upright = {"titleAngle": 0, "titleAlign": "right", "titlePadding": 8} if len(title) < 5 else {}
    return alt.Y(field, title=title).axis(labelExpr=labels, **upright)


def square(pair: tuple[Axis, Axis]) -> tuple[int, int]:
    """Give both axes the same scale, as far as the panel stays a rectangle that one can read."""
    return SIDE, round(SIDE * min(1.4, max(0.7, pair[1].width / pair[0].width)))


def chart_of(alt: Any, rows: Iterable[Mapping[str, Any]]) -> Any:
    """Start a chart of rows of data."""
    # As text: altair would copy and check every row of a list whenever charts are combined.
    text = json.dumps(list(rows), allow_nan=False)
    return alt.Chart(alt.InlineData(values=text, format=alt.DataFormat(type="json")))


def beside(alt: Any, *panels: Any) -> Any:
    """Put panels next to each other; each keeps its own colours."""
    return _apart(alt.hconcat(*panels, spacing=30))


def below(alt: Any, *panels: Any) -> Any:
    """Put panels below each other; each keeps its own colours."""
    return _apart(alt.vconcat(*panels, spacing=24))


def _apart(chart: Any) -> Any:
    return chart.resolve_scale(
        color="independent", strokeDash="independent", fill="independent"
    ).resolve_legend(color="independent", strokeDash="independent")


def framed(chart: Any, title: str, size: tuple[int, int], **more: Any) -> Any:
    """Give a panel its size, and its title if it has one."""
    titled = {"title": panel_title(title)} if title else {}
    return chart.properties(width=size[0], height=size[1], **titled, **more)


def decades(low: float, high: float) -> list[float]:
    """List the powers of ten on an axis, or every second or third of them."""
    first, last = int(np.ceil(np.log10(low) - 1e-9)), int(np.floor(np.log10(high) + 1e-9))
    every = -(-(last - first + 1) // DECADES)
    return [10.0**k for k in range(first, last + 1, every)]


def panel_title(text: str, colour: str = INK, below: str = "") -> dict[str, Any]:
    """Title one panel of a picture, perhaps with a line below."""
    title = {"text": text, "fontSize": 13, "color": colour}
    more = {"subtitle": below} if below else {}
    return {**title, **more, "anchor": "start", "frame": "group", "offset": 8}


def finish(chart: Any, title: str, *lines: str) -> Chart:
    """Give a chart its title, the lines below it, and the common style."""
    below = {"subtitle": found} if (found := [line for line in lines if line]) else {}
    heading = {"title": {"text": title, **below, "anchor": "start", "offset": 12}} if title else {}
    styled = (
        chart.properties(**heading, padding=12, description=title)
        .configure(font=FONT, background="#ffffff")
        .configure_mark(aria=False)  # the title says more than the numbers of every line
        .configure_view(stroke="#d0d4d8")
        .configure_line(strokeJoin="round")  # a sharp bend would have a spike
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            gridColor="#eceff1",
            labelFontSize=12,
            labelFlush=False,
            titleFontSize=13,
            labelExpr=LABELS,
        )
        .configure_title(
            fontSize=16, subtitleFontSize=13, subtitleColor="#555555", subtitlePadding=5, color=INK
        )
        .configure_legend(labelFontSize=12, labelLimit=420, titleFontSize=12, symbolStrokeWidth=3)
    )
    return Chart(title, styled)
