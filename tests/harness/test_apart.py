"""Frameworks in workers of their own: imported at the same time, and the same results as here."""

import re
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from modes import require

from calcbench.backends.finite_difference.derivatives import FiniteDifference
from calcbench.errors import NotInstalled
from calcbench.harness import apart, guest
from calcbench.harness.compare_each import compare_each
from calcbench.harness.compare_in_worker import compare_in_worker
from calcbench.harness.request import Request
from calcbench.record.record import Status

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these workers are forked")

LIGHT = ("by_hand", "finite_difference")


def compare(problem, backends, draft=None, timeout=30.0, **options):
    request = Request([problem], list(backends), **{"timed": False, **options})
    (records,) = compare_in_worker(request, timeout, "fork", draft=draft)
    return records


@dataclass(frozen=True)
class One(FiniteDifference):
    """Differences that need a slow framework."""

    name = "one"
    requires = ("slow_one",)


@dataclass(frozen=True)
class Other(FiniteDifference):
    """Differences that need another one."""

    name = "other"
    requires = ("slow_other",)


SLOW = """
import time
from pathlib import Path

begun = time.monotonic()
time.sleep(0.5)
Path(__file__).with_suffix(".txt").write_text(f"{begun} {time.monotonic()}")
"""


@pytest.fixture
def frameworks(tmp_path, monkeypatch):
    """Two slow frameworks; gives the folder that they are in."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("slow_one", "slow_other"):
        (tmp_path / f"{name}.py").write_text(SLOW)
    return tmp_path


def test_frameworks_are_imported_at_the_same_time(frameworks):
    records = compare("saddle", [*LIGHT, One(), Other()])
    assert [record.status for record in records] == [Status.OK] * 4
    times = [(frameworks / f"slow_{n}.txt").read_text().split() for n in ("one", "other")]
    (begun, done), (begun_other, done_other) = ([float(t) for t in pair] for pair in times)
    assert begun < done_other
    assert begun_other < done
    assert [record.seconds.get("import", 0.0) >= 0.5 for record in records] == [False] * 2 + [
        True
    ] * 2


def test_light_rows_are_shown_judged_while_frameworks_are_imported(frameworks):
    drafts = []
    compare("saddle", [One(), *LIGHT], lambda records, judged: drafts.append((records, judged)))
    rows = [(judged, [record.backend for record in records]) for records, judged in drafts]
    assert rows[0] == (False, ["by_hand"])
    assert (True, list(LIGHT)) in rows
    (judged,) = [records for records, judged in drafts if judged and len(records) == 2]
    assert [record.status for record in judged] == [Status.OK, Status.OK]
    assert judged[0].reference is not None
    assert drafts[0][0][0].digits is None


def test_records_are_in_the_order_that_was_asked_for(frameworks):
    records = compare("saddle", ["finite_difference", One(), "by_hand"])
    assert [record.backend for record in records] == ["finite_difference", "one", "by_hand"]


def test_modes_of_one_framework_share_its_import(frameworks):
    modes = (One(), One(scheme="forward"), Other())
    records = compare("square", modes)
    assert [r.backend for r in records] == ["one", "one[scheme=forward]", "other"]
    assert {r.status for r in records} == {Status.OK}


def test_a_framework_that_does_not_import_is_refused_by_name(frameworks, monkeypatch):
    (frameworks / "slow_one.py").write_text("raise RuntimeError('it is broken')")
    with pytest.raises(NotInstalled, match="RuntimeError: it is broken"):
        compare("saddle", [*LIGHT, One()])


def test_a_framework_whose_import_ends_its_worker_is_a_row(frameworks):
    (frameworks / "slow_one.py").write_text("import os\nos._exit(3)")
    records = compare("saddle", [*LIGHT, One(), Other()])
    assert [r.status for r in records] == [Status.OK, Status.OK, Status.CRASH, Status.OK]
    assert records[2].reason == "crash exit status 3"


def without_time(judged):
    return re.sub(r"certified in [\d.]+ s", "certified", judged)


def same(records, others):
    assert len(records) == len(others)
    for one, other in zip(records, others, strict=True):
        assert (one.backend, one.status) == (other.backend, other.status)
        assert without_time(one.judged) == without_time(other.judged)
        assert one.digits == pytest.approx(other.digits, abs=0.5)
        for name, value in other.value.items():
            assert np.array_equal(one.value[name], value)


@pytest.mark.parametrize("size", [None, 20_000])
def test_a_framework_gives_apart_what_it_gives_here(size):
    """Of 20,000 rows the judge runs it again, on some of them."""
    require("autograd")
    problem = "saddle" if size is None else "straight_line_at_scale"
    backends = [*LIGHT, "autograd"]
    (here,) = compare_each(Request([problem], backends, timed=False, size=size))
    same(compare(problem, backends, size=size), here)


def test_what_is_large_is_run_in_one_worker(monkeypatch):
    require("autograd")
    monkeypatch.setattr(guest, "LARGEST_SENT", 0)
    monkeypatch.setattr(apart, "run", None)
    records = compare("saddle", [*LIGHT, "autograd"])
    assert [record.status for record in records] == [Status.OK] * 3


OWN = """
import os
import calcbench


class Own(calcbench.Problem):
    def inputs(self, size, rng):
        return {"x": 3.0}

    def cost(self, xp, x):
        if type(x).__name__ == "ArrayBox":
            CODE
        return helper(x)

    def gradient(self, xp, x):
        return {"x": 2 * x}


def helper(x):
    return x * x
"""


def test_a_file_goes_along_with_its_code(file):
    require("autograd")
    name = file(OWN.replace("CODE", "pass"))
    assert [r.status for r in compare(name, [*LIGHT, "autograd"])] == [Status.OK] * 3


SOMETIMES = """
import pathlib, time

read = pathlib.Path(__file__).with_suffix(".txt")
time.sleep(4 if read.exists() else 0)
read.touch()

def double(x):
    return 2 * x
"""

USER = """
import calcbench
import sometimes_slow

@calcbench.problem(x=[1.0, 2.0])
def quadratic(xp, x):
    return sometimes_slow.double(xp.sum(x**2))
"""


@pytest.mark.full
def test_what_a_file_imports_is_no_time_of_the_backends(
    frameworks, file, tmp_path_factory, monkeypatch
):
    """The library is quick where the file is read, and slow in the framework's worker."""
    library = tmp_path_factory.mktemp("library")
    (library / "sometimes_slow.py").write_text(SOMETIMES)
    monkeypatch.syspath_prepend(library)
    (record,) = compare(str(file(USER)), [One()], timeout=2.0)
    assert (library / "sometimes_slow.txt").exists()
    assert record.status is Status.OK, record.reason


def test_the_end_of_a_framework_ends_nothing_else(file):
    require("autograd")
    name = file(OWN.replace("CODE", "os._exit(3)"))
    records = compare(name, ["autograd", *LIGHT])
    assert [record.status for record in records] == [Status.CRASH, Status.OK, Status.OK]


def test_a_file_that_cannot_be_sent_is_run_here(file):
    require("autograd")
    source = OWN.replace("CODE", "pass").replace("return helper", "LOCK\n        return helper")
    name = file(source + "\n\nimport threading\n\nLOCK = threading.Lock()\n")
    assert [r.status for r in compare(name, [*LIGHT, "autograd"])] == [Status.OK] * 3
