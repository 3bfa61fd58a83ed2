"""Options of the benchmarks."""


def pytest_addoption(parser):
    parser.addoption(
        "--points",
        type=int,
        default=40,
        help="random points for each framework in test_checkers.py (2000 for the documentation)",
    )
