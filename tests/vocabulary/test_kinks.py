"""What each library answers where a cost has no derivative, or one on one side alone.

The table in docs/vocabulary.md is what these runs gave, beside all that a derivative could be: the
convex hull of the limits of derivatives beside the point (Clarke's). UPDATE_DOCS=1 writes it anew.
"""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.optimize import nnls
from vocabulary.selectors import (
    CENTRAL,
    COMPLEX,
    DIFFERENTIATING,
    MODES,
    WHOLE,
    backend_for,
    gradient,
)

from calcbench.conformance.probe import Probe

PAGE = Path(__file__).parents[2] / "docs" / "vocabulary.md"

BEGIN, END = "<!-- kinks: begin -->", "<!-- kinks: end -->"

INF = math.inf

OUTSIDE = "✗"


class Kink(NamedTuple):
    """A function, where it has a kink, and the derivatives beside it."""

    call: Callable[..., Any]
    at: list[float]
    beside: list[tuple[float, ...]]
    """The limits of gradients: what lies between them is a subgradient."""


def one(call: Callable[..., Any], at: float, *beside: float) -> Kink:
    """A function of one number."""
    return Kink(call, [at], [(slope,) for slope in beside])


def two(call: Callable[..., Any], at: tuple[float, float], *beside: tuple[float, float]) -> Kink:
    """A function of two numbers."""
    return Kink(call, [*at], [*beside])


CIRCLE = [(math.cos(k * math.pi / 8), math.sin(k * math.pi / 8)) for k in range(16)]


def pair(xp: Any, x: Any, y: Any) -> Any:
    return xp.stack([x, y])


def mirror(xp: Any, x: Any) -> Any:
    """[[1, x], [x, 1]], whose eigenvalues 1 ± x meet at x = 0."""
    one = 1 + 0 * x
    return xp.stack([xp.stack([one, x]), xp.stack([x, one])])


KINKS: dict[str, Kink] = {
    "i0e(x) at 0": one(lambda xp, x: xp.i0e(x), 0.0, -1, 1),
    "linalg.svdvals([[x]])[0] at 0": one(
        lambda xp, x: xp.linalg.svdvals(xp.reshape(x, (1, 1)))[0], 0.0, -1, 1
    ),
    "linalg.eigvalsh([[1, x], [x, 1]])[0] at 0": one(
        lambda xp, x: xp.linalg.eigvalsh(mirror(xp, x))[0], 0.0, -1, 1
    ),
    "linalg.eigh([[1, x], [x, 1]])[1][0, 0]**2 at 0": one(
        lambda xp, x: xp.linalg.eigh(mirror(xp, x))[1][0, 0] ** 2, 0.0, 0
    ),
    "abs(x) at 0": one(lambda xp, x: xp.abs(x), 0.0, -1, 1),
    "maximum(x, y) at x = y, by x": one(lambda xp, x: xp.maximum(x, 1 + 0 * x), 1.0, 0, 1),
    "maximum(x, y) at x = y, by y": one(lambda xp, y: xp.maximum(1 + 0 * y, y), 1.0, 0, 1),
    "minimum(x, y) at x = y, by x": one(lambda xp, x: xp.minimum(x, 1 + 0 * x), 1.0, 0, 1),
    "minimum(x, y) at x = y, by y": one(lambda xp, y: xp.minimum(1 + 0 * y, y), 1.0, 0, 1),
    "maximum(x, 0) at 0": one(lambda xp, x: xp.maximum(x, 0), 0.0, 0, 1),
    "max([x, y, 0]) at x = y = 1": two(
        lambda xp, x, y: xp.max(xp.stack([x, y, 0])), (1.0, 1.0), (1, 0), (0, 1)
    ),
    "min([x, y]) at x = y": two(
        lambda xp, x, y: xp.min(pair(xp, x, y)), (1.0, 1.0), (1, 0), (0, 1)
    ),
    "relu(x) at 0": one(lambda xp, x: xp.relu(x), 0.0, 0, 1),
    "leaky_relu(x, 0.25) at 0": one(lambda xp, x: xp.leaky_relu(x, 0.25), 0.0, 0.25, 1),
    "elu(x, 2) at 0": one(lambda xp, x: xp.elu(x, 2.0), 0.0, 2, 1),
    "clip(x, 0, 1) at 0": one(lambda xp, x: xp.clip(x, 0.0, 1.0), 0.0, 0, 1),
    "clip(x, 0, 1) at 1": one(lambda xp, x: xp.clip(x, 0.0, 1.0), 1.0, 1, 0),
    "where(x > 0, x, 0) at 0": one(lambda xp, x: xp.where(x > 0, x, 0), 0.0, 0, 1),
    "where(x >= 0, x, 0) at 0": one(lambda xp, x: xp.where(x >= 0, x, 0), 0.0, 0, 1),
    "where(x > 0, sqrt(x), 0) at 0": one(lambda xp, x: xp.where(x > 0, xp.sqrt(x), 0), 0.0, 0, INF),
    # Orders.
    "sort([x, y])[0] at x = y": two(
        lambda xp, x, y: xp.sort(pair(xp, x, y))[0], (1.0, 1.0), (1, 0), (0, 1)
    ),
    "sort([x, y], descending=True)[0] at x = y": two(
        lambda xp, x, y: xp.sort(pair(xp, x, y), descending=True)[0], (1.0, 1.0), (1, 0), (0, 1)
    ),
    "top_k([x, y], 1) at x = y": two(
        lambda xp, x, y: xp.top_k(pair(xp, x, y), 1)[0][0], (1.0, 1.0), (1, 0), (0, 1)
    ),
    "median([x, y, 3]) at x = y = 1": two(
        lambda xp, x, y: xp.median(xp.stack([x, y, 3])), (1.0, 1.0), (1, 0), (0, 1)
    ),
    "median([x, y]) at x = y": two(
        lambda xp, x, y: xp.median(pair(xp, x, y)), (1.0, 1.0), (0.5, 0.5)
    ),
    # Lengths.
    "sqrt(x**2 + y**2) at x = y = 0": two(
        lambda xp, x, y: xp.sqrt(x**2 + y**2), (0.0, 0.0), *CIRCLE
    ),
    "hypot(x, y) at x = y = 0": two(lambda xp, x, y: xp.hypot(x, y), (0.0, 0.0), *CIRCLE),
    "linalg.norm([x, y]) at 0": two(
        lambda xp, x, y: xp.linalg.norm(pair(xp, x, y)), (0.0, 0.0), *CIRCLE
    ),
    "linalg.vector_norm([x, y], ord=1) at 0": two(
        lambda xp, x, y: xp.linalg.vector_norm(pair(xp, x, y), ord=1),
        (0.0, 0.0),
        *((a, b) for a in (-1, 1) for b in (-1, 1)),
    ),
    "linalg.vector_norm([x, y], ord=inf) at x = y": two(
        lambda xp, x, y: xp.linalg.vector_norm(pair(xp, x, y), ord=xp.inf),
        (1.0, 1.0),
        *((1, 0), (0, 1)),
    ),
    "std([x, y]) at x = y": two(
        lambda xp, x, y: xp.std(pair(xp, x, y)), (1.0, 1.0), (0.5, -0.5), (-0.5, 0.5)
    ),
    # Ends: on one side, there is nothing.
    "sqrt(x) at 0": one(lambda xp, x: xp.sqrt(x), 0.0, INF),
    "pow(x, 0.5) at 0": one(lambda xp, x: xp.pow(x, 0.5), 0.0, INF),
    "asin(x) at 1": one(lambda xp, x: xp.asin(x), 1.0, INF),
    "acos(x) at 1": one(lambda xp, x: xp.acos(x), 1.0, -INF),
    "acosh(x) at 1": one(lambda xp, x: xp.acosh(x), 1.0, INF),
    "entr(x) at 0": one(lambda xp, x: xp.entr(x), 0.0, INF),
    # Jumps: the slope is the same on both sides.
    "sign(x) at 0": one(lambda xp, x: xp.sign(x), 0.0, 0),
    "floor(x) at 1": one(lambda xp, x: xp.floor(x), 1.0, 0),
    "ceil(x) at 1": one(lambda xp, x: xp.ceil(x), 1.0, 0),
    "round(x) at 0.5": one(lambda xp, x: xp.round(x), 0.5, 0),
    "remainder(x, 1) at 1": one(lambda xp, x: xp.remainder(x, 1.0), 1.0, 1),
    "atan2(x, -1) at 0": one(lambda xp, x: xp.atan2(x, -1 + 0 * x), 0.0, -1),
    # No kinks: these have a derivative, which some miss.
    "x + x**0 at 0": one(lambda xp, x: x + x**0, 0.0, 1),
    "x**y at x = 0, y = 2": two(lambda xp, x, y: x**y, (0.0, 2.0), (0, 0)),
    "prod([x, y, 0]) at x = y = 0": two(
        lambda xp, x, y: xp.prod(xp.stack([x, y, 0 * x])), (0.0, 0.0), (0, 0)
    ),
}

STEEP = 1e80
"""From here on a slope is as good as infinite: a complex step of 1e-165 comes no nearer."""


class Kinks(Probe):
    """Every kink, each at arguments of its own."""

    def __init__(self):
        self.values = {
            f"x{number}_{k}_": np.array(x)
            for number, kink in enumerate(KINKS.values())
            for k, x in enumerate(kink.at)
        }
        self.parameters, self.data = tuple(self.values), ()

    def cost(self, xp, *parameters):
        left, total = list(parameters), 0.0
        for kink in KINKS.values():
            total = total + kink.call(xp, *[left.pop(0) for _ in kink.at])
        return total


@functools.cache
def answers(selector: str) -> dict[str, str]:
    """What a backend answers at each kink, as the table says it."""
    with np.errstate(all="ignore"):
        found = gradient(selector, Kinks())
    return {
        what: cell([float(found[f"x{number}_{k}_"]) for k in range(len(kink.at))], kink)
        for number, (what, kink) in enumerate(KINKS.items())
    }


def cell(slopes: list[float], kink: Kink) -> str:
    """Write an answer, marked where it is none of what a derivative could be."""
    text = ", ".join(map(number, slopes))
    known = not any(map(math.isnan, slopes))
    return f"{text} {OUTSIDE}" if known and not is_inside(slopes, kink.beside) else text


def number(x: float) -> str:
    if abs(x) > STEEP:
        return "∞" if x > 0 else "−∞"
    return {0.5: "½", -0.5: "−½"}.get(round(x, 9), f"{round(x, 9) + 0.0:.3g}".replace("-", "−"))


def is_inside(slopes: list[float], beside: list[tuple[float, ...]]) -> bool:
    """Whether slopes are a mean of those beside the point, with weights of 0 or more."""
    if len(slopes) == 1:
        low, high = min(beside)[0], max(beside)[0]
        x = slopes[0] if abs(slopes[0]) < STEEP else math.copysign(INF, slopes[0])
        return low - 1e-9 <= x <= high + 1e-9
    if not np.all(np.isfinite(slopes)):
        return False
    vertices = np.array([*zip(*beside, strict=True), [1.0] * len(beside)])
    _, residual = nnls(vertices, np.array([*slopes, 1.0]))
    return bool(residual < 1e-9)


def between(kink: Kink) -> str:
    """Write what a derivative could be."""
    if kink.beside == CIRCLE:
        return "of length up to 1"
    points = [", ".join(map(number, slopes)) for slopes in sorted(kink.beside)]
    if len(kink.at) == 1:
        return " … ".join(points)
    return " … ".join(f"({point})" for point in points) if len(points) > 1 else points[0]


def test_a_subgradient_is_a_mean_of_what_lies_beside():
    kink = KINKS["max([x, y, 0]) at x = y = 1"]
    assert cell([0.5, 0.5], kink) == "½, ½"
    assert cell([1.0, 1.0], kink) == f"1, 1 {OUTSIDE}"
    assert cell([math.nan, 0.0], kink) == "nan, 0"
    assert cell([1e82], KINKS["sqrt(x) at 0"]) == "∞"
    assert cell([0.0], KINKS["sqrt(x) at 0"]) == f"0 {OUTSIDE}"
    assert cell([0.8, 0.6], KINKS["hypot(x, y) at x = y = 0"]) != cell([2.0, 0.0], kink)


# --- the page -------------------------------------------------------------------------------------

COLUMNS = (CENTRAL, *(selector for selector in WHOLE if selector in DIFFERENTIATING))


def modes_of(selector: str) -> dict[str, str]:
    """Mode → the selector of a column's backend in that mode."""
    return {
        mode[1]: s
        for s in MODES
        if (mode := re.fullmatch(rf"{re.escape(selector)}\[mode=(\w+)\]", s))
    }


def full_cell(what: str, selector: str) -> str:
    """An answer, and after it those of other modes that differ."""
    own = answers(selector)[what]
    others = {mode: answers(s)[what] for mode, s in modes_of(selector).items()}
    differing = "; ".join(f"{mode}: {said}" for mode, said in others.items() if said != own)
    return f"{own} ({differing})" if differing else own


def table() -> str:
    heads = ["scheme=complex" if selector == COMPLEX else selector for selector in COLUMNS]
    lines = ["| " + " | ".join(["at", "between", *heads]) + " |", "|---" * (len(heads) + 2) + "|"]
    for what, kink in KINKS.items():
        cells = [full_cell(what, selector) for selector in COLUMNS]
        lines.append("| " + " | ".join([f"`{what}`", between(kink), *cells]) + " |")
    return "\n".join(lines)


def documented() -> dict[str, dict[str, str]]:
    """Kink → column → cell, as the page has them."""
    text = PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0]
    rows = [line.strip("| ").split(" | ") for line in text.strip().splitlines()]
    heads, body = rows[0], rows[2:]
    return {row[0].strip("`"): dict(zip(heads[1:], row[1:], strict=True)) for row in body}


@pytest.mark.skipif("UPDATE_DOCS" not in os.environ, reason="writes the page when it is asked to")
def test_write_the_page():
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}", "utf-8")


def test_the_page_has_every_kink_and_what_lies_beside_it():
    page = documented()
    assert [*page] == [*KINKS]
    assert {what: row["between"] for what, row in page.items()} == {
        what: between(kink) for what, kink in KINKS.items()
    }


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "selector",
    [
        pytest.param(selector, marks=[pytest.mark.full] if selector in MODES else [])
        for selector in (CENTRAL, *DIFFERENTIATING)
    ],
)
def test_the_page_has_the_answers(selector):
    backend_for(selector)
    column = selector if selector in COLUMNS else selector.partition("[")[0]
    mode = "" if selector in COLUMNS else selector.rstrip("]").partition("=")[2]
    for what, row in documented().items():
        said = row["scheme=complex" if column == COMPLEX else column]
        own, _, differing = said.removesuffix(")").partition(" (")
        others = dict(each.split(": ", 1) for each in differing.split("; ") if each)
        assert answers(selector)[what] == others.get(mode, own), what
