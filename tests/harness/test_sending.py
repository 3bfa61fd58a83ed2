"""What is sent to other processes: problems of files, with what their code asks for."""

from __future__ import annotations

import sys

import pytest

import calcbench as cb

BESIDE = """
import calcbench
from scaling_beside import scale

TWO = 2.0

@calcbench.problem(w=1.5)
def scaled(xp, w):
    return scale(w) ** TWO
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "scaling_beside.py").write_text("def scale(w):\n    return 3 * w\n", "utf-8")
    path = tmp_path / "scaled.py"
    path.write_text(BESIDE, "utf-8")
    return path


@pytest.mark.parametrize(
    "selector",
    ["finite_difference", "jax", pytest.param("torch[mode=compile]", marks=pytest.mark.full)],
)
def test_a_file_may_use_the_file_beside_it_and_its_globals(file, selector):
    if cb.backends()[selector.partition("[")[0]].missing():
        pytest.skip("not installed")
    (row,) = cb.compare(file, [selector])
    assert row.status == "ok", row.reason


INHERITED = """
import calcbench

TWO = 2.0

class Power(calcbench.Problem):
    def inputs(self, size, rng):
        return {"w": 1.5}

    def cost(self, xp, w):
        return w ** TWO

class Inherited(Power):
    pass
"""


@pytest.mark.parametrize(
    "selector", ["jax", pytest.param("torch[mode=compile]", marks=pytest.mark.full)]
)
def test_a_cost_that_is_inherited_in_its_file_goes_along(tmp_path, selector):
    if cb.backends()[selector.partition("[")[0]].missing():
        pytest.skip("not installed")
    path = tmp_path / "inherited.py"
    path.write_text(INHERITED, "utf-8")
    rows = cb.compare(path, [selector])
    assert [row.status for row in rows] == ["ok", "ok"], [row.reason for row in rows]


def test_files_of_one_name_in_two_folders_are_two(tmp_path):
    found = []
    for folder, factor in (("a", 3), ("b", 5)):
        (tmp_path / folder).mkdir()
        beside = f"def scale(w):\n    return {factor} * w\n"
        (tmp_path / folder / "scaling_beside.py").write_text(beside, "utf-8")
        (tmp_path / folder / f"{folder}.py").write_text(BESIDE, "utf-8")
        before = list(sys.path)
        (row,) = cb.compare(tmp_path / folder / f"{folder}.py", ["finite_difference"])
        assert row.status == "ok", row.reason
        found.append(float(row.value["w"]))
        assert sys.path == before
    assert found == pytest.approx([2 * 9 * 1.5, 2 * 25 * 1.5])
