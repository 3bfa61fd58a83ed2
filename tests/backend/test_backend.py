"""What a backend has by default, and how it finds its framework."""

import sys
from dataclasses import dataclass

import numpy as np
import pytest

import calcbench as cb
from calcbench.backend import backend as module
from calcbench.backend.transforming import Transforming
from calcbench.errors import NotInstalled
from calcbench.operators.function import Derived
from calcbench.vocabulary.numpy import NUMPY


@dataclass(frozen=True)
class OnSquares(Transforming):
    """A backend for x² alone, with nothing but what must be stated."""

    name = "on_squares"
    kind = "exact"

    def namespace(self):
        return NUMPY

    def pullback(self, function):
        return Derived(lambda p, data, u: tuple(2 * x * u for x in p), "reverse")


def test_class_attributes_need_no_annotation():
    assert OnSquares.options() == {"dtype": ("float64", "float32")}
    assert OnSquares(dtype="float32").selector == "on_squares[dtype=float32]"


def test_arrays_are_numpys_and_calls_plain_by_default():
    found = cb.gradient("square", OnSquares())["x"]
    assert (found, found.dtype) == (10.0, np.float64)
    single = OnSquares(dtype="float32")
    assert single.convert(np.array([1.0])).dtype == np.float32
    assert single.convert(np.array([1])).dtype == np.int64
    run, seconds = single.finish(lambda x, y: x - y, (1, 2))
    assert (run((7, 4)), seconds) == (3, None)


@pytest.fixture
def needy():
    @dataclass(frozen=True)
    class Needy(OnSquares):
        """It needs a framework."""

        name = "needy"
        requires = ("framework_of_the_tests",)
        install = "pip install framework_of_the_tests"

    return Needy


def test_a_framework_is_looked_up_once(needy, tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr(module, "missing", lambda *found: looked.append(found))
    (tmp_path / "framework_of_the_tests.py").write_text("VERSION = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    frameworks = {id(needy().framework()) for _ in range(5)}
    assert frameworks == {id(sys.modules.pop("framework_of_the_tests"))}
    assert len(looked) == 1


def test_that_a_framework_is_missing_is_not_kept(needy, tmp_path, monkeypatch):
    with pytest.raises(NotInstalled, match="'needy': framework_of_the_tests is not installed; ins"):
        needy.framework()
    (tmp_path / "framework_of_the_tests.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NotInstalled, match="installed but does not import: ZeroDivisionError"):
        needy.framework()
    (tmp_path / "framework_of_the_tests.py").write_text("VERSION = 22\n")
    assert needy.framework().VERSION == 22
    del sys.modules["framework_of_the_tests"]
