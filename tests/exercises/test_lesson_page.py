"""A lesson becomes a page: prose, code, what it gives, pictures, and answers that are folded."""

import base64
import gzip
import json
import re

import pytest
from browser import browse, in_browser

from calcbench.errors import CalcbenchError
from calcbench.exercises.cells import Lesson, split
from calcbench.exercises.lesson_page import show, write
from calcbench.exercises.prose import as_html
from calcbench.exercises.running import read, run
from calcbench.problem.mathml import missing_mathml
from calcbench.report.page.library import missing_library

SOURCE = """\
# ---
# jupyter: {}
# ---

# %% [markdown]
# # 7. A title with $x^2$
#
# [![Badge](https://example.org/badge.svg)](https://example.org/open)
#
# Text with `code $5` and <script>alert(1)</script>.
#
# $$\\frac{1}{2}$$

# %%
from importlib import invalidate_caches
from importlib.util import find_spec

if find_spec("calcbench") is None:
    invalidate_caches()

# %%
import calcbench as cb
from calcbench.exercises import check, exercise

print("printed <b>")
1 + 1

# %%
cb.plot("square")

# %%
exercise("1.1")

# %%
check("1.1", ..., ..., ...)
"""


def lesson(source=SOURCE):
    return Lesson("07_a_title", split(source))


def test_cells_are_split_and_what_stands_before_them_is_none():
    found = lesson()
    assert [cell.is_text for cell in found.cells] == [True, *[False] * 5]
    assert (found.number, found.title) == (7, "7. A title with $x^2$")


def test_a_cell_prints_and_shows_its_last_line():
    outputs = list(run(lesson("# %%\nx = 2\nprint(x)\nx + 1\n\n# %%\ny = x")))
    assert [(o.printed, o.shown) for o in outputs] == [("2\n", 3), ("", None)]


def test_a_lesson_can_be_read_without_running_it():
    found = list(read(lesson()))
    assert [output.cell for output in found] == list(lesson().cells)
    assert [output.shown.id for output in found if output.shown] == ["1.1"]


def test_a_cell_that_raises_is_named():
    with pytest.raises(CalcbenchError, match="lesson 07_a_title, cell 2: ZeroDivisionError"):
        list(run(lesson("# %%\nx = 0\n\n# %%\n1 / x")))


def test_a_framework_that_is_missing_is_an_output():
    (output,) = run(lesson("# %%\nfrom calcbench import NotInstalled\nraise NotInstalled('no x')"))
    assert output.missing == "no x"


@pytest.fixture(scope="module")
def page():
    if reason := missing_library() or missing_mathml():
        pytest.skip(reason)
    return write([lesson()], lambda title: None)


def test_a_page_has_prose_code_output_and_one_library(page):
    assert "<h2>7. A title with <math" in page
    assert '<a href="#lesson-7">7. A title with x²</a>' in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<code>code $5</code>" in page
    assert '<pre class="out">printed &lt;b&gt;</pre><pre class="out">2</pre>' in page
    assert page.count('<div class="chart">') == 1
    assert page.count("startCharts();</script>") == 1


def test_the_data_of_a_picture_are_packed(page):
    packed = re.search(r'<script type="application/gzip">([^<]+)</script>', page)[1]
    spec = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite")


def test_a_page_asks_no_network_and_installs_nothing(page):
    body = page[page.index("<main>") : page.index("</main>")]
    assert "example.org" not in body
    assert "find_spec" not in body
    assert not re.search(r'(src|href)="(?!#)', body)


SLIDING = """\
# %%
import calcbench as cb

panel = cb.Panel("x", (0, 1), "y", (0, 1))
cb.draw(panel.moving({"a": (0, 1, 0.5, 0)}, lambda panel, a: panel.text(0.5, 0.5, f"a is {a:g}")))
"""

MOVE = """<script>
const waiting = setInterval(() => {
  const slider = document.querySelector("input[type=range]");
  if (!slider) return;
  clearInterval(waiting);
  slider.value = 1;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}, 50);
</script>"""


@in_browser
@pytest.mark.full
@pytest.mark.parametrize(("script", "drawn"), [("", "a is 0"), (MOVE, "a is 1")])
def test_a_slider_moves_its_picture(tmp_path, script, drawn):
    if reason := missing_library() or missing_mathml():
        pytest.skip(reason)
    path = tmp_path / "page.html"
    body, end = write([lesson(SLIDING)], lambda title: None).rsplit("</body>", 1)
    path.write_text(f"{body}{script}</body>{end}", "utf-8")
    seen, errors = browse(path, until=lambda seen: drawn in shown(seen))
    assert errors == []
    assert shown(seen) == {drawn}


def shown(page):
    """Find what the picture of a page says, whose code says it too."""
    return set(re.findall(r"a is \d", re.sub(r"<(pre|script).*?</\1>", "", page, flags=re.DOTALL)))


def test_answers_are_folded_and_nobody_is_marked(page):
    assert re.search(r"<details><summary>Answer</summary><p>to 5 = 9, to 3 = 7", page)
    assert "check(" not in page


@pytest.mark.skipif(missing_mathml() is not None, reason="no MathML")
def test_markdown_keeps_tables_and_formulas_in_lines():
    html = as_html("| a | b |\n|---|---|\n| $x_1$ | *y* |")
    assert "<table>" in html
    assert "<msub>" in html
    assert as_html("costs 5$") == "<p>costs 5$</p>\n"


@pytest.mark.skipif(missing_mathml() is not None, reason="no MathML")
def test_a_value_is_shown_as_a_notebook_shows_it():
    sympy = pytest.importorskip("sympy")
    x = sympy.Symbol("x")
    assert "<msup>" in show(x**2)
    assert show(None) == ""
    assert show("a<b") == '<pre class="out">&#x27;a&lt;b&#x27;</pre>'
