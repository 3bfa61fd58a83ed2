"""A comparison in this process, where a test says who the witnesses are: none, unless it does."""

from calcbench.harness.compare import compare_question, pose
from calcbench.operators import GRADIENT


def compare_problem(problem, backends, *, operator=GRADIENT, witnesses=(), **options):
    """The record of every backend; `options` are those of `pose`."""
    question = pose(problem, operator, **options)
    return compare_question(question, list(backends), timed=False, witnesses=witnesses)
