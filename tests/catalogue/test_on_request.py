"""A theme that takes part when it is named: listed, selected by name or theme, and not run by a
bare command."""

import json

from calcbench import Problem
from calcbench.catalogue.door import default_problems, problems
from calcbench.catalogue.selection import select_problems
from calcbench.harness.every_problem import every_problem
from calcbench.harness.request import Request, Selection
from calcbench.problems import ON_REQUEST

NAMES = [name for name, card in problems().cards.items() if card.theme in ON_REQUEST]


def test_they_are_in_the_catalogue_last_and_no_others_are_on_request():
    assert NAMES
    assert list(problems())[-len(NAMES) :] == NAMES
    assert [*default_problems(), *NAMES] == list(problems())


def test_a_bare_comparison_leaves_them_out():
    assert Selection(Request()).names == list(default_problems())


def test_a_name_or_the_theme_selects_them():
    assert [p.name for p in select_problems(["gradbench"])] == NAMES
    assert [p.name for p in select_problems([NAMES[0]])] == NAMES[:1]


def test_the_list_says_so(cli):
    done = cli("list", "problems")
    assert "gradbench (not in the default set; ask for it: -p gradbench)" in done.out
    listed = json.loads(cli("list", "problems", "--json").out)["problems"]
    assert [card["name"] for card in listed if not card["default"]] == NAMES


def test_a_name_is_compared(cli):
    done = cli("verify", "hello", "-b", "by_hand", "--json")
    assert [record["status"] for record in json.loads(done.out)] == ["ok"]


def test_a_bare_benchmark_leaves_them_out():
    found = [problem.name for problem in every_problem() if isinstance(problem, Problem)]
    assert set(found) <= set(default_problems())
    assert "square" in found
