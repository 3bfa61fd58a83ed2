"""Pictures: what is drawn is what the cost and its slopes are, and every file stands alone."""

import itertools
import json
import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from modes import installed

import calcbench as cb
from calcbench.catalogue.door import default_problems
from calcbench.catalogue.selection import find_backend, find_problem
from calcbench.errors import NotInstalled, SelectorError, Unsupported
from calcbench.problem.inputs import own_point
from calcbench.report import picture
from calcbench.show.pictures import plot as plots
from calcbench.show.pictures.contours import LETTER, LINE, choose_levels
from calcbench.show.pictures.curve import secant_slopes, section_along
from calcbench.show.pictures.fit import find_fit
from calcbench.show.pictures.grid import compute_grid, refine
from calcbench.show.pictures.landscape import Landscape, default_backend
from calcbench.show.pictures.profile import section_downhill
from calcbench.show.pictures.style import LABELS, write_briefly, write_number
from calcbench.show.pictures.windows import Axis, choose_window, nice_ticks, sample, visible_range

REALS = (-math.inf, math.inf)
COSTS = [name for name in default_problems() if not find_problem(name).vector_valued]


@cb.problem(x=0.0)
def kink(xp, x):
    return xp.abs(x)


@cb.problem(x=0.0)
def tie_without_kink(xp, x):
    return xp.where(x > 0, x**2, -(x**2))


@cb.problem(x=0.0, y=1.0)
def fold(xp, x, y):
    return xp.abs(x) + y**2


@cb.problem(x=3.0)
def nowhere(xp, x):
    return xp.log(-x)


def landscape(problem, at=None, backend="by_hand"):
    point = own_point(find_problem(problem) if isinstance(problem, str) else problem, at=at)
    return Landscape(point, find_backend(backend))


def rows_of(chart):
    """All rows of data in a chart, whatever panel they are in."""
    found = [row for text in chart.to_dict()["datasets"].values() for row in json.loads(text)]
    assert found
    return found


# --- windows and curves --------------------------------------------------------------------


def test_a_window_holds_the_point_and_shrinks_around_a_steep_one():
    assert choose_window(lambda x: x**2, 2.0, (-4, 6), REALS) == (-4, 6)
    low, high = choose_window(lambda x: x**5, 2.0, (-4, 6), REALS)
    assert -4 < low < 2 < high < 6
    assert high**5 < 40 * 32
    assert choose_window(lambda x: x**2, 2.0, (-4, 6), (0.0, math.inf)) == (0.0, 6)


def decay(x):
    return math.exp(-1e9 * x) if x > -7e-7 else math.inf


def test_a_window_shrinks_until_the_curve_is_seen():
    low, high = choose_window(decay, 1e-9, (-2.0, 2.0), REALS)
    assert low < 1e-9 < high < 1e-8
    values = [decay(x) for x in np.linspace(low, high, 50)]
    assert max(values) < 100 * np.median(values)


def test_a_curve_that_is_steep_however_close_is_not_drawn_from_nearby():
    low, high = choose_window(lambda x: abs(x) ** 0.01 + (x == 0), 0.0, (-2.0, 2.0), REALS)
    assert high - low > 0.05
    step = choose_window(lambda x: max(0.0, x - 1.8), 0.5, (-2.0, 2.5), REALS)
    assert step == (-2.0, 2.5)


def test_a_window_leaves_out_what_has_no_value():
    def root(x):
        return math.sqrt(x) if x >= 0 else math.nan

    low, high = choose_window(root, 1.0, (-2, 2), REALS)
    assert -0.1 < low <= 0
    assert high == 2


def pieces(function, low=-1.0, high=1.0):
    return len({piece for _, _, piece in sample(function, low, high)})


def test_a_curve_is_broken_at_a_jump_and_at_a_pole_only():
    assert pieces(lambda x: x**3) == 1
    assert pieces(abs) == 1
    assert pieces(lambda x: math.tanh(1e4 * (x - 0.123))) == 1
    assert pieces(lambda x: float(x > 0.123)) == 2
    assert pieces(lambda x: 1 / (x - 0.123)) == 2
    assert pieces(lambda x: math.tan(4 * x)) == 3


def test_a_pole_does_not_flatten_the_rest():
    ys = [y for _, y, _ in sample(lambda x: 1 / (x - 0.123), -1.0, 1.0)]
    low, high = visible_range(ys)
    assert max(abs(low), abs(high)) < 100 < max(map(abs, ys))


def test_ticks_are_round():
    assert nice_ticks(-6, 6, 4) == [-6, -4, -2, 0, 2, 4, 6] or nice_ticks(-6, 6, 4) == [-5, 0, 5]
    assert write_number(-0.73575888) == "−0.7358"
    assert write_number(1_000_000.0) == "1,000,000"


NUMBERS = {
    0.0: "0",
    -6.0: "−6",
    0.0025: "0.0025",
    1_500_000.0: "1,500,000",
    1e-9: "10⁻⁹",
    -1e9: "−10⁹",
    1.5e-9: "1.5·10⁻⁹",
    -2.5e300: "−2.5·10³⁰⁰",
}


def test_powers_of_ten_are_raised():
    assert {value: write_number(value) for value in NUMBERS} == NUMBERS
    assert [write_briefly(4e6), write_briefly(123_456.0)] == ["4·10⁶", "1.23·10⁵"]
    assert [write_number(math.nan), write_number(-math.inf)] == ["no number", "−∞"]


def test_axes_write_numbers_as_text_does():
    alt = picture.load_altair()
    axis = alt.Axis(labelExpr=LABELS, values=list(NUMBERS), labelOverlap=False)
    chart = alt.Chart(alt.InlineData([{"x": value} for value in NUMBERS])).mark_point()
    drawn = picture.Chart("", chart.encode(alt.X("x:Q", axis=axis).scale(type="symlog"))).svg()
    assert sorted(re.findall("<text[^>]*>([^<]+)</text>", drawn)) == sorted(
        [*NUMBERS.values(), "x"]
    )


# --- slopes ----------------------------------------------------------------------------------


def test_secants_are_the_delta_method():
    scene = landscape("delta_method")
    section = section_along(scene, Axis("x", 0, -4.0, 6.0))
    assert section.slope == 6.0
    slopes = secant_slopes(section)
    assert [step for step, _ in slopes] == [2.0, 1.0, 0.5]
    for step, slope in slopes:
        assert slope == pytest.approx(6.0 + step)


def test_a_slider_moves_one_more_secant_through_all_steps():
    drawn = cb.plot("delta_method")
    rows = [row for row in rows_of(drawn.chart) if row.get("is") == "second"]
    steps = {row["k"]: row["x"] - 2.0 for row in rows}
    assert len(steps) >= 40
    assert 0 not in steps
    assert min(steps.values()) < -2
    for row in rows:
        assert row["y"] == pytest.approx(row["x"] ** 2 + 2 * row["x"] + 2)
        slope = 6 + steps[row["k"]]
        assert row["text"].endswith(f"slope {write_number(slope, 6)}")
    (slider,) = drawn.chart.to_dict()["params"]
    assert slider["value"] == 0
    assert "slope 3.5" not in drawn.svg()


@pytest.mark.parametrize("backend", installed(["by_hand", "finite_difference", "sympy"]))
def test_slices_have_the_partial_derivatives_as_slopes(backend):
    scene = landscape("cylinder_volume", backend=backend)
    slopes = [section_along(scene, Axis(n, k, 0.0, 9.0)).slope for k, n in enumerate("rl")]
    assert slopes == pytest.approx([30 * math.pi, 9 * math.pi], rel=1e-6)


def test_the_profile_goes_down_as_steeply_as_the_gradient_is_long():
    section = section_downhill(landscape("batch_regression"))
    assert section.slope == pytest.approx(-math.hypot(36.305, 6.265))
    assert section.function(0.01) == pytest.approx(section.height + 0.01 * section.slope, rel=0.01)


@cb.problem(x=0.25, y=0.5, z=2.0, domain={"x": (0.0, np.inf), "z": (1.5, 2.5)})
def positive(x, y, z):
    return (x + y) ** 2 - z


def in_the_ball(values):
    return sum(float(value) ** 2 for value in values.values()) < 1


@cb.problem(x=0.5, y=0.25, z=0.0, domain=in_the_ball)
def ball(x, y, z):
    return 5 * x**2 + y**2 + z


@pytest.mark.parametrize(
    ("problem", "ends"), [(positive, (0, -1)), (ball, (0,))], ids=["intervals", "function"]
)
def test_the_profile_stops_at_the_domain(problem, ends):
    scene = landscape(problem, backend="finite_difference")
    section = section_downhill(scene)
    way = -scene.gradient(scene.origin) / np.linalg.norm(scene.gradient(scene.origin))

    def inside(distance):
        return problem.contains(scene.point.unflatten(scene.origin + distance * way))

    drawn = [x for x, _, _ in sample(section.function, section.low, section.high)]
    assert all(map(inside, drawn[1:-1]))  # the ends of an interval are drawn where there is a cost
    step = (section.high - section.low) / (len(drawn) - 1)
    for end in ends:  # as far as the domain goes, but for one sample
        assert not inside(drawn[end] + 1.1 * (step if end else -step))


@pytest.mark.parametrize("problem", [positive, ball], ids=["intervals", "function"])
def test_the_profile_of_a_point_outside_the_domain_is_drawn_all_the_same(problem):
    drawn = cb.plot(problem, at={"x": -1.5, "y": 0.5, "z": 2.0}, kind="profile")
    xs = [row["x"] for row in rows_of(drawn.chart) if "piece" in row]
    assert min(xs) < -1 < 1 < max(xs)


def test_a_kink_has_no_tangent_and_says_so():
    scene = landscape(kink, backend="finite_difference")
    section = section_along(scene, Axis("x", 0, -2.0, 2.0))
    assert section.slope is None
    assert "not smooth" in section.note
    assert dict(secant_slopes(section)) == {1.0: 1.0, -1.0: -1.0}


def test_a_kink_along_one_component_leaves_the_other_its_tangent():
    scene = landscape(fold, backend="finite_difference")
    along = [section_along(scene, Axis(n, k, -2.0, 2.0)).slope for k, n in enumerate("xy")]
    assert along[0] is None
    assert along[1] == pytest.approx(2.0, rel=1e-6)
    drawn = cb.plot(fold).svg()
    assert "no tangent" in drawn


def test_a_point_without_a_cost_is_refused():
    with pytest.raises(Unsupported, match="not a finite number at x = 3"):
        cb.plot(nowhere)


@cb.problem(x=1.0)
def raises_beyond(xp, x):
    if x > 1.5:
        raise RuntimeError("no further")
    return x**2


@cb.problem(x=1.0)
def raises_at_once(xp, x):
    return xp.exp(x) + {}


def test_where_the_cost_raises_nothing_is_drawn_and_that_is_said():
    drawn = cb.plot(raises_beyond)
    said = drawn.svg()
    assert "left out where the cost raises test_pictures.py:" in said
    assert "RuntimeError: no further" in said
    curve = [row for row in rows_of(drawn.chart) if row.get("line") == "C"]
    assert max(row["x"] for row in curve) <= 1.5


MINE = "import calcbench\n@calcbench.problem(x=1.0)\ndef mine(xp, x):\n"


def test_a_cost_that_raises_at_the_point_is_one_line_of_the_command(cli, file):
    file(MINE + "    return xp.exp(x) + {}\n")
    for command in (("plot", "cost.py"), ("descend", "cost.py", "-b", "finite_difference")):
        done = cli(*command)
        assert (done.status, done.out) == (2, ""), done
        assert done.err.count("\n") == 1
        assert "cost.py:4" in done.err
        assert "TypeError" in done.err
    with pytest.raises(TypeError):
        cb.plot(raises_at_once)


def test_what_a_cost_prints_or_ends_is_kept_out(cli, file, tmp_path):
    file(MINE + "    print('hello')\n    return x**2\n")
    done = cli("plot", "cost.py")
    assert (done.status, done.out) == (0, "drawn to mine.svg\n"), done
    assert (tmp_path / "mine.svg").exists()


# --- level curves, regressions, letters ------------------------------------------------------


@cb.problem(x=0.4, y=1.0)
def saddle_of_kinks(xp, x, y):
    return xp.abs(x) - xp.abs(y)


@pytest.mark.parametrize(
    ("problem", "smooth"), [("single_point_regression", True), (saddle_of_kinks, False)]
)
def test_a_grid_is_refined_where_that_is_nearer_to_the_cost(problem, smooth):
    scene = landscape(problem, backend="finite_difference")
    axes = (Axis("a", 0, -2.0, 2.0), Axis("b", 1, -1.9, 2.1))

    def height(a, b):
        return scene.cost(np.array([a, b]))

    coarse = compute_grid(height, axes)
    fine = refine(coarse, height, axes)
    assert (len(fine.xs) > len(coarse.xs)) == smooth
    for i, j in [(0, 0), (7, 100), (60, 20), (33, 57)]:
        i, j = i % len(fine.ys), j % len(fine.xs)
        assert fine.heights[i, j] == pytest.approx(
            height(fine.xs[j], fine.ys[i]), rel=1e-9, abs=1e-9
        )


def test_levels_are_round_and_grow_by_factors_where_the_cost_does():
    x, y = np.meshgrid(np.linspace(-3, 3, 41), np.linspace(-3, 3, 41))
    assert choose_levels(x**2 - y**2) == [-8, -6, -4, -2, 0, 2, 4, 6, 8]
    valley = choose_levels((1 - x) ** 2 + 100 * (y - x**2) ** 2)
    assert {round(b / a, 1) for a, b in itertools.pairwise(valley)} <= {3.0, 3.3}
    assert choose_levels(np.full((3, 3), 2.0)) == []
    assert choose_levels(np.full((3, 3), np.nan)) == []


def test_arrows_follow_the_gradient_and_level_curves_the_level():
    scene = cb.plot("saddle", kind="contours")
    rows = rows_of(scene.chart)
    starts = [k for k, row in enumerate(rows) if "arrow" in row and row["order"] == 0]
    assert len(starts) > 40
    for k in starts:
        (a, b), (c, d) = ((row["x"], row["y"]) for row in rows[k : k + 2])
        assert (c - a) * -2 * b == pytest.approx((d - b) * 2 * a, abs=1e-9)
        assert (c - a) * 2 * a + (d - b) * -2 * b > 0
    curves = [row for row in rows if "line" in row]
    heights = {}
    for row in curves:
        heights.setdefault(row["level"], []).append(row["x"] ** 2 - row["y"] ** 2)
    assert len(heights) > 5
    for found in heights.values():
        assert np.ptp(found) < 0.1


def test_the_curve_of_a_regression_is_its_model():
    point = own_point(find_problem("batch_regression"))
    fit = find_fit(point, find_backend("by_hand"))
    assert fit.predict(np.array([0.9, 0.1]), 3.0) == pytest.approx(2.8)
    assert len(fit.points()) == 8
    single = find_fit(own_point(find_problem("single_point_regression")), find_backend("by_hand"))
    assert single.predict(np.array([0.9, 0.1]), 7.0) == pytest.approx(6.4)


@pytest.mark.parametrize("name", ["quadratic_cost", "binary_cross_entropy", "saddle", "square"])
def test_what_is_no_regression_of_one_variable_has_no_curve(name):
    point = own_point(find_problem(name))
    assert find_fit(point, default_backend(point.problem)) is None
    with pytest.raises(Unsupported, match="no points"):
        cb.plot(name, kind="fit")


def test_long_data_are_sampled_and_that_is_said(monkeypatch):
    monkeypatch.setattr(plots, "ROWS", 500)
    drawn = cb.plot("straight_line_at_scale", kind="slices", size=10_000)
    assert "on 500 of 10,000 rows, evenly spaced" in drawn.svg()


def test_many_points_are_thinned_and_that_is_said():
    drawn = cb.plot("straight_line_at_scale", kind="fit", size=10_000).svg()
    assert "400 of 10,000 points" in drawn


def test_letters_are_those_of_the_formula():
    letters = {name: find_problem(name).letter for name in COSTS}
    assert letters["saddle"] == "z"
    assert letters["damped_wave"] == "u"
    assert letters["batch_regression"] == "C"
    assert letters["rosenbrock"] == "f"
    assert kink.letter == "C"


# --- whole pictures --------------------------------------------------------------------------


@pytest.mark.few(3)
@pytest.mark.parametrize("name", COSTS)
def test_every_cost_has_a_picture_with_its_letters_and_numbers_only(name):
    drawn = cb.plot(name, size=find_problem(name).sizes[0])
    text = json.dumps(drawn.chart.to_dict(), allow_nan=False)
    assert find_problem(name).letter in text
    assert "NaN" not in text
    assert "Infinity" not in text
    for row in rows_of(drawn.chart):
        assert all(math.isfinite(v) for v in row.values() if isinstance(v, float))


def test_a_picture_is_svg_in_a_notebook():
    drawn = cb.plot("saddle")
    assert drawn._repr_svg_() == drawn.svg()
    root = ElementTree.fromstring(drawn.svg())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = " ".join("".join(element.itertext()) for element in root.iter())
    for wanted in ("saddle: z = x² − y²", "∂z/∂x = 6, ∂z/∂y = −4", "the slice y = 2: slope 6"):
        assert wanted in words
    assert "saddle" in repr(drawn)


@pytest.mark.parametrize(
    ("ending", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_the_ending_of_the_name_is_the_form(tmp_path, ending, start):
    path = tmp_path / f"picture{ending}"
    cb.plot("square").save(path)
    assert path.read_bytes().startswith(start)


def test_a_page_needs_nothing_from_elsewhere(tmp_path):
    path = tmp_path / "picture.html"
    cb.plot("saddle").save(path)
    page = path.read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert '<meta charset="utf-8">' in page
    assert "<title>saddle: z = x² − y²</title>" in page
    assert page.count("</script>") == 2  # the library, and the picture
    around = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert not re.search(r"src=|href=|@import|url\(", around)
    (data,) = re.findall(r'vegaEmbed\("#picture", (.*?), \{"renderer"', page)
    assert "http" not in data.replace("https://vega.github.io/schema/vega-lite", "")
    assert len(page) < 1_400_000


def test_a_window_and_parameters_are_what_was_asked_for():
    drawn = cb.plot("quadratic_cost", parameters=["w[0]", "b"], window={"b": (0, 1)}, kind="slices")
    spec = json.dumps(drawn.chart.to_dict())
    assert '"title": "w[0]"' in spec
    assert '"title": "w[1]"' not in spec
    assert '"domain": [0.0, 1.0]' in spec


def test_a_window_beside_the_point_draws_what_is_in_it():
    drawn = cb.plot("saddle", window={"x": (-3, -1), "y": (0, 4)})
    for row in rows_of(drawn.chart):
        if "w" in row and "text" not in row:
            assert max(abs(row[k]) for k in "uvw") <= 1 + 1e-9
    assert "the slice x = 3" in drawn.svg()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kind": "contoors"}, "did you mean 'contours'"),
        ({"kind": "curve"}, "needs 1 moving component, and 2 are chosen"),
        ({"parameters": ["w"]}, "'w'"),
        ({"parameters": ["x", "x"]}, "twice"),
        ({"window": {"q": (0, 1)}}, "'q'"),
        ({"window": {"x": (3, 1)}}, "not an interval"),
        ({"window": {"x": 3}}, "not an interval"),
        ({"window": {"x": (0, math.inf)}}, "not an interval"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(options, named):
    with pytest.raises(SelectorError, match=re.escape(named)):
        cb.plot("saddle", **options)


def test_a_vector_has_no_picture():
    with pytest.raises(Unsupported, match="gives a vector"):
        cb.plot("curve_fit_residuals")


def test_a_missing_library_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(picture, "missing", lambda modules, cure: f"altair is not there; {cure}")
    with pytest.raises(NotInstalled, match="extra plot: altair is not there; python -m pip"):
        cb.plot("square")


def test_every_kind_draws():
    for kind in plots.KINDS:
        name = "delta_method" if kind == "curve" else "batch_regression"
        assert cb.plot(name, kind=kind).svg().startswith("<svg")


# --- the command -----------------------------------------------------------------------------


def test_the_command_says_where_the_picture_is(cli, file, tmp_path):
    file("")
    done = cli("plot", "square")
    assert (done.status, done.out, done.err) == (0, "drawn to square.svg\n", "")
    assert (tmp_path / "square.svg").read_text("utf-8").startswith("<svg")


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("sqare",), "'square'"),
        (("square", "-o", "v.gif"), ".svg, .png, .pdf, .html"),
        (("square", "-o", "nowhere/v.svg"), "nowhere/v.svg"),
        (("saddle", "--kind", "curve"), "needs 1 moving component"),
        (("saddle", "--window", "x=3"), "not an interval"),
        (("saddle", "--parameters", "x,q"), "'q'"),
        (("saddle", "--at", "z=1"), "'z'"),
        (("square", "-b", "nobody"), "'nobody'"),
    ],
)
def test_bad_input_is_one_line(cli, file, arguments, named):
    file("")
    done = cli("plot", *arguments)
    assert (done.status, done.out) == (2, ""), done
    assert done.err.count("\n") == 1
    assert named in done.err


# --- the domain, and the edges of a picture -------------------------------------------------------


@cb.problem(x=0.2, y=0.2, domain=lambda values: abs(float(values["x"])) < 0.5)
def narrow(x, y):
    return x * x + y * y


@cb.problem(x=0.2, y=0.2, domain={"x": (-0.5, 0.5)})
def interval(x, y):
    return x * x + y * y


@pytest.mark.parametrize("problem", [narrow, interval], ids=["function", "interval"])
def test_nothing_is_drawn_outside_the_domain(problem):
    def rows(kind, *parameters):
        window = {"x": (-2, 2)}
        picture = cb.plot(
            problem, "finite_difference", kind=kind, parameters=parameters, window=window
        )
        return rows_of(picture.chart)

    curve = [row["x"] for row in rows("curve", "x") if row.get("line") == "C"]
    levels = [row["x"] for row in rows("contours") if "level" in row]
    mesh = [2 * row["u"] for row in rows("surface") if row.get("piece", "").count("-") == 1]
    for xs in (curve, levels, mesh):
        assert 0.2 < max(map(abs, xs)) <= 0.5


@cb.problem(x=1.0, y=0.5)
def pole(x, y):
    return 1 / (x * x + y * y)


def test_a_line_of_a_surface_is_cut_where_it_leaves_the_box():
    rows = rows_of(cb.plot(pole, "finite_difference", kind="surface").chart)
    mesh = [row for row in rows if row.get("piece", "").count("-") == 1]
    assert max(row["w"] for row in mesh) == pytest.approx(1.0)
    assert sum(row["w"] == pytest.approx(1.0, abs=1e-12) for row in mesh) > 8


@pytest.mark.parametrize("problem", ["rosenbrock", "damped_wave", "cone_volume", "saddle", pole])
def test_labels_of_levels_keep_apart_and_inside(problem):
    picture = cb.plot(problem, "finite_difference", kind="contours")
    (panel,) = picture.chart.to_dict()["vconcat"]
    size = panel["width"], panel["height"]
    scales = [panel["layer"][0]["encoding"][axis]["scale"]["domain"] for axis in "xy"]
    boxes = [
        [
            *(
                (row[axis] - low) / (high - low) * side
                for axis, (low, high), side in zip("xy", scales, size, strict=True)
            ),
            LETTER * len(row["text"]),
        ]
        for row in rows_of(picture.chart)
        if "text" in row
    ]
    assert len(boxes) > 4
    for x, y, width in boxes:
        assert width / 2 <= x <= size[0] - width / 2
        assert LINE / 2 <= y <= size[1] - LINE / 2
    unique = {tuple(box) for box in boxes}
    for (x, y, width), (u, v, other) in itertools.combinations(unique, 2):
        assert abs(x - u) > (width + other) / 2 or abs(y - v) > LINE


def test_the_page_of_a_picture_has_the_derivation(tmp_path):
    pytest.importorskip("latex2mathml")
    path = tmp_path / "picture.html"
    cb.plot("saddle", kind="graph").save(path)
    page = path.read_text("utf-8")
    assert page.count("<math") == len(cb.problems()["saddle"].derivation)
    assert "prefers-color-scheme: dark" in page
