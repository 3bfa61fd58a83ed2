"""The processes that users' code runs in: confined, kept, ended, replaced. Real processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from waiting import PATIENCE, wait_until

from calcbench.errors import SelectorError
from calcbench.record.record import Status
from calcbench.workers.isolation import Worker, WorkerDied
from calcbench.workers.serving import consult

LARGE = 2**24
"""Bytes that no pipe holds."""


@pytest.fixture(params=["spawn", "fork"])
def worker(request):
    if request.param not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {request.param}")
    # A process that is forked begins with what this one has allocated.
    own = psutil.Process().memory_info().data if request.param == "fork" else 0
    found = Worker(threads=1, memory=own + 3 * 2**28, start=request.param)
    yield found
    found.stop()


@pytest.fixture
def spawned():
    found = Worker(threads=1, memory=None)
    yield found
    found.stop()


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start_a_child():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid


@pytest.mark.few(1)
def test_it_is_confined_and_kept(worker):
    assert len(worker.ask(os.sched_getaffinity, 0, timeout=PATIENCE)) == 1
    assert worker.ask(os.getenv, "OMP_NUM_THREADS", timeout=PATIENCE) == "1"
    assert worker.ask(os.getpgid, 0, timeout=PATIENCE) != os.getpgid(0)
    with pytest.raises(MemoryError):
        worker.ask(bytearray, 2**30, timeout=PATIENCE)
    first = worker.ask(os.getpid, timeout=PATIENCE)
    assert worker.ask(os.getpid, timeout=PATIENCE) == first
    with pytest.raises(WorkerDied, match=r"timeout 0\.5 s"):
        worker.ask(time.sleep, 60, timeout=0.5)
    assert worker.ask(os.getpid, timeout=PATIENCE) != first
    assert len(worker.ask(os.sched_getaffinity, 0, timeout=PATIENCE)) == 1


@pytest.mark.parametrize(
    ("task", "argument", "reason"),
    [
        (os._exit, 0, "crash exit status 0"),
        (os._exit, 7, "crash exit status 7"),
        (signal.raise_signal, signal.SIGKILL, "crash SIGKILL"),
        (os.closerange, (3, 1000), "crash"),
    ],
)
def test_an_end_is_a_crash_at_once(worker, task, argument, reason):
    orphan = worker.ask(start_a_child, timeout=PATIENCE)
    arguments = argument if isinstance(argument, tuple) else (argument,)
    started = time.monotonic()
    with pytest.raises(WorkerDied, match=reason) as death:
        worker.ask(task, *arguments, timeout=10 * PATIENCE)
    assert time.monotonic() - started < PATIENCE
    assert death.value.status is Status.CRASH
    wait_until(lambda: not alive(orphan))


@pytest.mark.parametrize("sent", [b"", bytes(LARGE)])
def test_one_that_is_stopped_is_a_timeout(worker, sent):
    os.kill(worker.ask(os.getpid, timeout=PATIENCE), signal.SIGSTOP)
    with pytest.raises(WorkerDied, match=r"timeout 0\.5 s") as death:
        worker.ask(len, sent, timeout=0.5)
    assert death.value.status is Status.TIMEOUT
    assert worker.ask(len, sent, timeout=PATIENCE) == len(sent)


def test_one_that_is_stopped_while_it_answers_is_a_timeout(spawned):
    process = spawned.ask(os.getpid, timeout=PATIENCE)
    threading.Timer(0.3, os.kill, [process, signal.SIGSTOP]).start()
    with pytest.raises(WorkerDied, match="timeout"):
        ask_for_ever(spawned)


def test_one_that_dies_while_idle_is_a_crash_and_is_replaced(spawned):
    first = spawned.ask(os.getpid, timeout=PATIENCE)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not alive(first))
    with pytest.raises(WorkerDied, match="crash SIGKILL"):
        spawned.ask(os.getpid, timeout=PATIENCE)
    assert spawned.ask(os.getpid, timeout=PATIENCE) != first


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_would_end_a_program_ends_a_task_alone(spawned, error):
    first = spawned.ask(os.getpid, timeout=PATIENCE)
    with pytest.raises(WorkerDied, match=error.__name__) as death:
        spawned.ask(_raise, error, timeout=PATIENCE)
    assert death.value.status is Status.ERROR
    assert spawned.ask(os.getpid, timeout=PATIENCE) == first


def test_exceptions_of_calcbench_and_of_python_arrive(spawned):
    for error in (SelectorError, ZeroDivisionError):
        with pytest.raises(error, match="it raises"):
            spawned.ask(_raise, error, "it raises", timeout=PATIENCE)
    with pytest.raises(WorkerDied, match="Strange: it raises"):
        spawned.ask(_raise, Strange, "it raises", timeout=PATIENCE)


def test_what_cannot_be_sent_is_a_failure_and_no_end(spawned):
    first = spawned.ask(os.getpid, timeout=PATIENCE)
    with pytest.raises((TypeError, AttributeError, WorkerDied)):
        spawned.ask(threading.Lock, timeout=PATIENCE)
    assert spawned.ask(os.getpid, timeout=PATIENCE) == first


@pytest.mark.full
def test_a_task_may_ask_back_and_waiting_costs_it_no_time(spawned):
    def answer(question):
        time.sleep(1.5)
        return question + 1

    assert spawned.ask(_consult_thrice, 1, timeout=4.0, answer=answer) == 4


def test_a_task_may_run_while_others_are_asked(worker, spawned):
    worker.begin(time.sleep, 0.3)
    assert spawned.ask(abs, -2, timeout=PATIENCE) == 2
    assert worker.finish(PATIENCE, PATIENCE) is None
    assert worker.ask(abs, -1, timeout=PATIENCE) == 1


def test_a_result_that_came_in_time_may_be_fetched_late(spawned):
    spawned.begin(abs, -2)
    wait_until(spawned.pipe.poll)
    assert spawned.finish(0.0, 5.0) == 2


def test_a_task_that_was_begun_may_end_its_process_or_never_end(spawned):
    spawned.begin(os._exit, 3)
    with pytest.raises(WorkerDied, match="crash exit status 3"):
        spawned.finish(PATIENCE, PATIENCE)
    spawned.begin(time.sleep, 600)
    with pytest.raises(WorkerDied, match=r"timeout 0.5 s"):
        spawned.finish(0.5, 0.5)
    assert spawned.ask(abs, -1, timeout=PATIENCE) == 1


def test_what_it_prints_goes_to_stderr(worker, capfd):
    worker.ask(print_at_once, "printed", timeout=PATIENCE)
    worker.ask(os.write, 1, b"written\n", timeout=PATIENCE)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "printed\nwritten\n"


class Strange(Exception):
    """An exception that the harness does not know."""


def ask_for_ever(worker):
    while True:  # most of the time, it writes
        worker.ask(bytes, LARGE, timeout=1.0)


def print_at_once(text):
    print(text, flush=True)


def _raise(error, *arguments):
    raise error(*arguments)


def _consult_thrice(number):
    for _ in range(3):
        number = consult(number)
    return number
