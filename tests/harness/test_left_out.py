"""What ends a process, or never ends, where calcbench chose the point: it counts against nobody."""

import pytest

from calcbench.bench.rounds import Settings
from calcbench.bench.session_in_worker import SessionInWorker
from calcbench.harness.compare_in_worker import compare_in_worker
from calcbench.harness.request import Request
from calcbench.record.record import Status

SOURCE = """
import os
import calcbench

class Guest(calcbench.Problem):
    def inputs(self, size, rng):
        return {"x": 3.0, "y": 1.0}
    def cost(self, xp, x, y):
        on_balls = getattr(x, "dtype", None) == object
        {cost}
        return x**2 * y
    def gradient(self, xp, x, y):
        on_balls = getattr(x, "dtype", None) == object
        {gradient}
        return {"x": 2 * x * y, "y": x**2}
"""

EVER = "while True: pass"

WHERE = (
    "if not on_balls and x == 0:",  # where a backend runs
    "if on_balls and not x.item() > 0 and not x.item() < 0:",  # where the judge does
)


def write(file, cost="pass", gradient="pass"):
    return file(SOURCE.replace("{cost}", cost).replace("{gradient}", gradient))


def rows(name, timeout=2.0, backends=("by_hand", "finite_difference")):
    (records,) = compare_in_worker(Request([name], list(backends), timed=False), timeout, "fork")
    return records


@pytest.mark.few(1)
@pytest.mark.parametrize("end", [EVER, "os._exit(3)"])
@pytest.mark.parametrize("where", WHERE)
def test_a_cost_that_does_not_come_back_from_zeros(file, where, end):
    records = rows(write(file, f"{where}\n            {end}"))
    assert {record.status for record in records} == {Status.OK}
    told = "timeout 2 s" if end == EVER else "crash exit status 3"
    assert f"not judged at zeros: {told} there (declare a domain)" in records[0].judged


def test_a_formula_that_does_not_come_back_from_zeros(file):
    records = rows(write(file, gradient="if not on_balls and x == 0: os._exit(3)"))
    assert {record.status for record in records} == {Status.OK}
    assert "not judged at zeros: crash exit status 3" in records[1].judged


def test_a_formula_that_does_not_come_back_from_a_branch(file):
    records = rows(write(file, gradient="if on_balls and x > 10: os._exit(3)"))
    assert {record.status for record in records} == {Status.OK}
    assert "not judged at branches: crash exit status 3" in records[0].judged
    assert "the branches of the hand-derived gradient are unseen" in records[0].judged


def test_a_cost_that_comes_back_from_nowhere_else(file):
    """After two points the others are not tried; the problem's own is judged."""
    records = rows(write(file, "if not on_balls and not 2.9 < x < 3.1: os._exit(3)"))
    assert {record.status for record in records} == {Status.OK}
    assert "not judged at the other points: not tried" in records[0].judged
    assert records[0].reference["x"] == 6


@pytest.mark.full
def test_a_cost_that_does_not_come_back_from_its_own_point(file):
    by_hand, differences = rows(write(file, "while not on_balls and x > 2.9: pass"))
    assert (by_hand.status, differences.status) == (Status.OK, Status.TIMEOUT)


def test_a_wrong_formula_is_condemned_all_the_same(file):
    source = "while not on_balls and x == 0: pass"
    by_hand, differences = rows(write(file, source, "return {'x': x * y, 'y': x**2}"))
    assert (by_hand.status, differences.status) == (Status.DISAGREE, Status.OK)


@pytest.mark.full
@pytest.mark.parametrize("where", WHERE)
def test_in_a_benchmark(file, where):
    name = write(file, f"{where}\n            {EVER}")
    settings = Settings(burst=0.001, rounds=2, budget=0.1, timeout=4.0)
    session = SessionInWorker(
        60.0, "spawn", problems=[name], backends=["finite_difference"], settings=settings
    )
    try:
        session.run(lambda told: None, lambda record: None)
        (record,) = session.matrix()
    finally:
        session.close()
    assert record.status.measured, record.reason
    assert "not judged at zeros: timeout 4 s there (declare a domain)" in record.judged


def test_a_formula_alone_is_judged_where_the_cost_does_not_come_back(file):
    """The judge runs the cost of it, to see that it gives the same again, and goes on without."""
    (by_hand,) = rows(write(file, "if not on_balls: os._exit(3)"), backends=["by_hand"])
    assert by_hand.status is Status.OK
    assert "not judged at a second run of the cost: crash exit status 3" in by_hand.judged
