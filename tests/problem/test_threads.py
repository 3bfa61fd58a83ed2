"""Linear algebra takes one thread where a cost is judged, and all of them where it is timed."""

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import calcbench as cb


@pytest.fixture
def watched():
    """A problem, and the numbers of threads that were seen at each of its evaluations."""
    seen = []

    @cb.problem(x=1.5)
    def square(x):
        seen.append(threads())
        return x * x

    return square, seen


def threads():
    return max(each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas")


def test_a_cost_is_judged_in_one_thread(watched):
    square, seen = watched
    with threadpool_limits(2, "blas"):
        (record,) = cb.verify(square, "finite_difference").records
        assert threads() == 2
    assert record.status == "ok"
    assert set(seen) == {1}


def test_what_is_timed_has_the_threads_that_it_has_by_default(watched):
    square, seen = watched
    with threadpool_limits(2, "blas"):
        (record,) = cb.compare(square, ["finite_difference"]).records
    assert record.seconds["call"] > 0
    assert set(seen) == {1, 2}
