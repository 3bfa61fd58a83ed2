"""What becomes an operator in a program has the parentheses that keep its meaning."""

import ast

import pytest
from execution import backend, execute

from calcbench.catalogue.files import load_file
from calcbench.operators.cost import Cost
from calcbench.problem.inputs import own_point
from calcbench.show.programs.find import write_program
from calcbench.vocabulary.numpy import NUMPY

AROUND = [
    "-CALL",
    "CALL ** 2",
    "2.0 ** (CALL / 9)",
    "1.5 / CALL",
    "1.5 - CALL",
    "CALL - 1.5",
    "s * CALL * s",
    "(CALL) / s",
    "[CALL, 0.5][0]",
    "{'key': CALL}['key']",
    "(s, CALL)[1]",
    "(CALL if s > 0 else s)",
    "(s if CALL > s else CALL)",
    "abs(CALL)",
    "CALL.real",
    "(lambda: CALL)()",
    "sum(t * CALL for t in (1.0, 2.0))",
    "float(f'{CALL:.17g}')",
    "(s < CALL) * 1.0",
    "(not CALL) + s",
    "(CALL and s)",
    "(\n            CALL\n            - s\n        )",
]
"""Where a call may stand."""

ARGUMENTS = ["x", "x + 1", "-x", "x * s", "x**2", "(x - s)", "x if s > 0 else y", "x[::-1]"]
"""What it may be called with."""


CALLS = [(first, second) for first in ARGUMENTS for second in (ARGUMENTS[1], "y")]


def written(around, call):
    """The cost as source text, with `call` of both arguments in each place."""
    terms = [around.replace("CALL", call.format(*arguments)) for arguments in CALLS]
    return "\n".join(f"        total += {term}" for term in terms)


def problem(folder, around):
    path = folder / "parentheses.py"
    path.write_text(
        f'''
import numpy as np
from calcbench import Problem

class Parentheses(Problem):
    """Calls everywhere."""

    def inputs(self, size, rng):
        return {{"x": np.array([1.0, 2.0]), "y": np.array([0.5, -1.5]), "s": 0.75}}

    def cost(self, xp, x, y, s):
        total = 0.0
{written(around, "xp.matmul({}, {})")}
        return total
''',
        encoding="utf-8",
    )
    return load_file(path)[0]


def added(source):
    """What is added up in some source text, as syntax, in which parentheses leave no trace."""
    tree = ast.parse(source)
    return [ast.dump(node.value) for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]


@pytest.mark.few(8)
@pytest.mark.parametrize("around", AROUND)
def test_the_cost_is_the_same(around, tmp_path):
    found = problem(tmp_path, around)
    source = write_program(backend("finite_difference"), found, Cost())
    in_full = written(around, "((({}) @ ({})))")
    assert added(source) == added(f"def cost():\n{in_full}")
    module, _ = execute(source)
    assert module.value == found.cost(NUMPY, **own_point(found).values)
