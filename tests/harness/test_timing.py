"""A first timing, on a machine that has other things to do."""

import os
import sys
import time

import pytest

from calcbench.harness import timing
from calcbench.harness.timing import AGAIN, FEW_ROUNDS, first_timing


class Disturbed:
    """A call of 2 ms that takes ten times as long where the system is said to interrupt it."""

    def __init__(self, interrupted):
        self.interrupted, self.calls, self.count = interrupted, 0, 0

    def __call__(self, native):
        disturbed = self.interrupted(self.calls)
        self.calls += 1
        self.count += disturbed
        time.sleep(0.02 if disturbed else 0.002)


@pytest.fixture
def timed(monkeypatch):
    def time_it(interrupted):
        call = Disturbed(interrupted)
        monkeypatch.setattr(timing, "interruptions", lambda: call.count)
        return first_timing(call, None), call.calls

    return time_it


def test_rounds_in_which_the_processor_was_taken_away_do_not_count(timed):
    quiet, calls = timed(lambda number: False)
    assert calls == 1 + FEW_ROUNDS
    mostly, calls = timed(lambda number: number % 3 != 0)
    assert mostly < 4 * quiet  # a disturbed call takes ten times as long
    assert calls > 1 + FEW_ROUNDS


def test_where_all_rounds_are_disturbed_their_median_is_told_after_a_while(timed):
    found, calls = timed(lambda number: True)
    assert found >= 0.02
    assert calls <= 1 + AGAIN * FEW_ROUNDS


def test_a_round_or_two_are_no_median(timed):
    found, _ = timed(lambda number: number % 7 != 5)  # two of the rounds are undisturbed
    assert found >= 0.02


def test_long_calls_are_not_repeated_for_that(timed, monkeypatch):
    monkeypatch.setattr(timing, "SLICE", 0.001)
    _, calls = timed(lambda number: True)
    assert calls == 1 + FEW_ROUNDS


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs one processor for two")
def test_interruptions_are_counted_by_the_system(process):
    """Of two processes that share a processor, each is interrupted by the other."""
    done = process(
        code="""
import os, signal, time
from calcbench.harness.timing import interruptions

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
child = os.fork()
while not child:
    pass
before, end = interruptions(), time.process_time() + 0.2
while time.process_time() < end:
    pass
print(interruptions() - before)
os.kill(child, signal.SIGKILL)
"""
    )
    assert int(done.out) > 0, done


@pytest.mark.skipif(sys.platform != "linux", reason="threads are told apart by few systems")
def test_interruptions_of_other_threads_are_none(process):
    """The other thread shares its processor with a process, and this one waits for it."""
    done = process(
        code="""
import os, signal, threading, time
import resource
from calcbench.harness.timing import interruptions

def work():
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        pass

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
child = os.fork()
while not child:
    pass
thread = threading.Thread(target=work)
before = interruptions(), resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before[1], interruptions() - before[0])
os.kill(child, signal.SIGKILL)
"""
    )
    of_all, own = map(int, done.out.split())
    assert own < of_all / 2, done
