"""Panels: what a reader draws on axes of their own, and what sliders move."""

import json
import re

import numpy as np
import pytest

import calcbench as cb
from calcbench.show.pictures.contours import bends
from calcbench.show.pictures.marks import Mark

alt = pytest.importorskip("altair")


def panel(**options):
    return cb.Panel("x", (-2, 2), "y", (-1, 4), **options)


def charts(picture):
    """Give the charts that a picture of one panel consists of, each with its rows."""
    for chart in picture.chart.layer:
        data = picture.chart.data if chart.data is alt.Undefined else chart.data
        yield chart, json.loads(data.values)


def lines(picture):
    return [row for layer, rows in charts(picture) if layer.mark.type == "line" for row in rows]


def test_a_curve_is_the_function():
    rows = lines(cb.draw(panel().curve(lambda x: x**2)))
    assert (rows[0]["x"], rows[-1]["x"]) == (-2, 2)
    np.testing.assert_allclose([r["y"] for r in rows], [r["x"] ** 2 for r in rows], rtol=1e-4)


def test_a_curve_is_broken_at_a_pole_and_left_out_where_it_is_not_finite():
    (pole,) = panel().curve(lambda x: 1 / x if x else np.nan).layers
    assert len({row["piece"] for row in pole.rows}) == 2
    (half,) = panel().curve(lambda x: x**0.5 if x >= 0 else np.nan).layers
    assert min(row["x"] for row in half.rows) == 0


def test_two_lines_of_one_colour_are_not_joined():
    drawn = lines(cb.draw(panel().line(1, (0, 0)).line(1, (0, 1))))
    assert len({row["line"] for row in drawn}) == 2


def test_a_line_has_its_slope_and_goes_through_its_place():
    (line,) = panel().line(-3, (1, 2), reach=0.5).layers
    assert line.rows == ({"x": 0.5, "y": 3.5}, {"x": 1.5, "y": 0.5})


def test_a_path_keeps_its_order_and_leaves_out_what_a_logarithm_has_not():
    log = cb.Panel("x", (1e-3, 1), "y", (1e-3, 1), log="xy")
    (path,) = log.path([1, 0.1, 0.01, 0], [0.1, 0, 0.01, 1]).layers
    assert [(row["x"], row["y"], row["order"]) for row in path.rows] == [
        (1, 0.1, 0),
        (0.01, 0.01, 1),
    ]


def test_what_lies_outside_the_axes_has_no_dot_and_no_label():
    layers = panel().dots([0, 9], [0, 0], ["in", "out"]).layers
    assert [[row.get("text") for row in layer.rows] for layer in layers] == [[None], ["in"], []]


def test_a_path_that_leaves_the_axes_has_dots_on_them_alone():
    line, dots = panel().path([0, 9], [0, 0], dots=True).layers
    assert (len(line.rows), len(dots.rows)) == (2, 1)


def test_labels_of_level_curves_keep_clear_of_dots():
    round_and_round = panel(size=(300, 300)).levels(lambda x, y: x**2 + y**2, [1])

    def label(picture):
        (found,) = {
            (r["x"], r["y"])
            for _, rows in charts(picture)
            for r in rows
            if "level" in r and "text" in r
        }
        return np.array(found)

    free = label(cb.draw(round_and_round))
    moved = label(cb.draw(round_and_round.dots(*free[:, None])))
    assert np.linalg.norm(moved - free) > 0.1
    assert np.linalg.norm(moved) == pytest.approx(1, abs=0.01)  # still on its curve


def test_a_slider_shows_the_frame_of_its_place():
    def frame(empty, slope, height):
        return empty.line(slope, (0, height)).text(0, 0, f"{slope:g} and {height:g}")

    picture = cb.draw(panel().moving({"m": (-1, 1, 0.5, 0.5), "b": (0, 2, 1, 2)}, frame))
    assert "0.5 and 2" in picture.svg()
    assert "1 and 2" not in picture.svg()
    spec = picture.chart.to_dict()
    assert [(p["name"], p["value"]) for p in spec["params"]] == [("slider_m", 0.5), ("slider_b", 2)]
    assert {row["frame"] for row in lines(picture)} == set(range(15))


@pytest.mark.parametrize(("m", "b"), [(-1, 0), (0.5, 2), (1, 1)])
def test_moving_the_sliders_shows_another_frame(m, b):
    vl_convert = pytest.importorskip("vl_convert")

    def frame(empty, slope, height):
        return empty.line(slope, (0, height)).text(0, 0, f"{slope:g} and {height:g}")

    sliders = {"m": (-1, 1, 0.5, 0.5), "b": (0, 2, 1, 2)}
    spec = cb.draw(panel().moving(sliders, frame)).chart.to_dict()
    for param, value in zip(spec["params"], (m, b), strict=True):
        param["value"] = value
    shown = set(re.findall(r">([^<>]+ and [^<>]+)<", vl_convert.vegalite_to_svg(spec)))
    assert shown == {f"{m:g} and {b:g}"}


def test_panels_stand_in_rows_and_bars_are_panels():
    picture = cb.draw(panel(), panel(), cb.Bars("digits", {"one": 7.5}), title="three", columns=2)
    assert picture.chart.to_dict()["columns"] == 2
    assert "7.5" in picture.svg()
    assert "<title>three</title>" in picture.svg()


def test_a_bar_on_a_logarithmic_axis_begins_at_its_end():
    spec = cb.draw(cb.Bars("slope", {"a": 1e-6}, across=(1e-8, 1), log=True)).chart.to_dict()
    assert spec["layer"][0]["encoding"]["x2"] == {"datum": 1e-8}


def test_an_arrow_ends_where_it_is_said():
    picture = cb.draw(panel().arrows([(0, 0)], [(1, 2)]))
    (layer,) = charts(picture)
    assert [(r["x"], r["y"]) for r in layer[1]][:2] == [(0, 0), (1, 2)]


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        (lambda: panel().rule(x=1, y=1), "give one of the two"),
        (lambda: panel().text(0, 0, "a", side="up"), "no side 'up': choose one of n, ne"),
        (lambda: panel().moving({"a": (0, 1, 1e-6, 0)}, lambda p, a: p), "at most"),
        (
            lambda: panel().moving({"a": (0, 1, 1, 0)}, lambda p, a: p.levels(lambda x, y: x, [a])),
            "cannot be moved",
        ),
        (lambda: cb.draw(cb.Bars("a", {"b": 1}, log=True)), "needs its ends"),
        (lambda: cb.draw(), "at least one panel"),
        (lambda: cb.draw("saddle"), "'saddle' is no calcbench.Panel"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_told(drawn, message):
    with pytest.raises(cb.SelectorError, match=message):
        drawn()


def test_a_panel_is_not_changed_by_what_is_drawn_on_it():
    first = panel().curve(abs)
    first.dots([0], [0])
    assert [type(layer) for layer in first.layers] == [Mark]


def test_a_line_needs_its_bends_alone():
    straight = np.linspace([0, 0], [90, 30], 200)
    assert bends(straight) == [0, 199]
    angle = np.concatenate([straight, np.linspace([90, 30], [90, 100], 50)])
    assert bends(angle) in ([0, 199, 249], [0, 200, 249])
    t = np.linspace(0, 2 * np.pi, 2000)
    circle = 100 * np.stack([np.cos(t), np.sin(t)], axis=1)
    kept = circle[bends(circle)]
    assert len(kept) < 200
    middles = np.linalg.norm((kept[1:] + kept[:-1]) / 2, axis=1)
    assert np.min(middles) >= 100 - 0.1  # no chord misses the circle by more than that
