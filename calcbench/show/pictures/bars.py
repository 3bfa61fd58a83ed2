"""A panel of bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calcbench.errors import SelectorError
from calcbench.show.pictures.style import CURVE, INK, SIDE, chart_of, decades, framed


@dataclass(frozen=True)
class Bars:
    """A panel of bars, each with its name and its number.

    `across` has the ends of the axis; a logarithmic one (`log`) needs them.

        >>> digits = calcbench.Bars("digits", {"forward": 7.5, "central": 10.3}, across=(0, 16))
        >>> calcbench.draw(digits)
    """

    x: str
    values: Mapping[str, float]
    title: str = ""
    across: tuple[float, float] | None = None
    log: bool = False
    colour: str = CURVE
    width: int = SIDE

    @property
    def caption(self) -> str:
        """Say what is drawn, to whoever does not see it."""
        return self.title or self.x

    def chart(self, alt: Any) -> Any:
        """Draw the bars by altair."""
        rows = [
            {"name": name, "x": float(value), "text": f"{value:.4g}".replace("-", "−")}
            for name, value in self.values.items()
        ]
        x, start = self._channels(alt)
        y = alt.Y("name:N", title=None, sort=[*self.values]).axis(labelExpr="datum.value")
        bars = chart_of(alt, rows).mark_bar(color=self.colour, opacity=0.8, size=18, clip=True)
        texts = chart_of(alt, rows).mark_text(align="left", dx=5, fontSize=12, color=INK)
        layered = alt.layer(bars.encode(x, y, x2=start), texts.encode(x, y, text="text:N"))
        return framed(layered, self.title, (self.width, 30 * len(rows) + 10))

    def _channels(self, alt: Any) -> tuple[Any, Any]:
        """Make the axis, and say where bars begin."""
        x = alt.X("x:Q", title=self.x)
        if self.across is None:
            if self.log:
                raise SelectorError("a logarithmic axis of bars needs its ends: across=(1e-6, 1)")
            return x, alt.X2Datum(0)
        x = x.scale(type="log" if self.log else "linear", domain=[*self.across], nice=False)
        if self.log:
            x = x.axis(values=decades(*self.across), format="~e")
        return x, alt.X2Datum(self.across[0])
