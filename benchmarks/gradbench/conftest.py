"""Options of the race: where the peer is, and where the table goes."""

from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption("--peer", type=Path, help="a checkout of gradbench/gradbench, to race against")
    parser.addoption("--page", type=Path, help="a file that the table of the race is written to")
    parser.addoption("--races", default="", help="evaluations, separated by commas (all)")
    parser.addoption("--without", default="", help="contenders that are too slow: 'GradBench jax'")
    parser.addoption("--rounds", type=int, default=9, help="rounds of every race (9)")


@pytest.fixture(scope="session")
def checkout(request):
    """The peer's checkout. Without one there is no race."""
    given = request.config.getoption("--peer", default=None)
    if given is None:
        pytest.skip("no peer: pytest benchmarks/gradbench --peer CHECKOUT_OF_GRADBENCH")
    if not (given / "python" / "gradbench" / "gradbench").is_dir():
        pytest.fail(f"--peer {given}: there is no python/gradbench/gradbench in it")
    return given.resolve()
