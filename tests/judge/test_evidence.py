"""Evidence: the judge catches what is wrong, and does not cry wolf.

Every hand-derived gradient in the repository is mutated in every way below, by a seeded choice
of component; the judge must condemn each. Then healthy backends run at random points; it must
condemn none, on the problems here and on random ones (`random_costs.py`), a third of them over data
that obey a relation. `pytest tests/judge/test_evidence.py -rA -m ""` prints the table
of faults.
"""

import ast
import functools
import inspect
import textwrap
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from modes import BACKENDS, installed
from random_costs import random_cost

import calcbench
from calcbench.catalogue.door import default_problems
from calcbench.catalogue.selection import select_backends
from calcbench.certified.certificate import Certificate
from calcbench.judge.certifying import certificates_at
from calcbench.judge.contract import run_points
from calcbench.judge.judge import judge
from calcbench.judge.verdict import verdicts
from calcbench.judge.vote import Vote
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.record.record import Status

HEALTHY = installed([*BACKENDS, "finite_difference[scheme=complex]"])

A_FEW = 4
"""Random points of each problem in a bare `pytest`."""

RANDOM_POINTS = 2_000
"""Over all problems, in the whole evidence: `pytest -m full`."""

SLOW_PROBLEMS = {
    "breast_cancer_logistic_regression": 8,
    "diabetes_linear_regression": 20,
    "straight_line_at_scale": 20,
}
"""Problems with many rows, and how many of the random points they get."""


@functools.cache
def problem(name):
    return calcbench.problems()[name]


COSTS = [name for name in default_problems() if not problem(name).vector_valued]
"""The problems that have a gradient; the others are in test_operators.py."""


@functools.cache
def certified(name):
    where = points_for(own_point(problem(name)))
    return where, certificates_at(where, ["float64"])


def judged(faulty, name):
    """The verdict on the hand-derived gradient of `faulty`, a mutation of the problem `name`."""
    where, certificates = certified(name)
    # Its cost is the same, and so is what is certified; its formula is evaluated at the point.
    certificates = {
        key: replace(found, point=replace(found.point, problem=faulty))
        for key, found in certificates.items()
    }
    where = {
        name: Point(faulty, {n: a.copy() for n, a in point.values.items()})
        for name, point in where.items()
    }
    (by_hand,) = select_backends(["by_hand"])
    runs = [run_points(by_hand, where)]
    (record,) = verdicts(Vote(runs, where, 0, [], {}), certificates)
    return record


def check_that_caught(record):
    """What condemned a gradient, from its reason."""
    for words, check in (
        ("the formula for", "formula in balls"),
        ("changed its inputs", "inputs intact"),
        ("a second run", "run twice"),
        ("has shape", "shape"),
        ("the hand-derived gradient of problem", "names and shapes"),
        ("instead of float64", "dtype"),
        (" at random", "certificate, elsewhere"),
        (" at zeros", "certificate, elsewhere"),
        ("expected", "certificate"),
    ):
        if words in record.reason:
            return check
    return f"? {record.reason}"


# --- mutations of the result: (gradient, component chosen, random numbers) → gradient ---------


def component_error(relative):
    def mutate(gradient, name, index, rng):
        wrong = np.array(gradient[name], dtype=float)
        wrong[index] *= 1 + relative
        return {**gradient, name: wrong}

    return mutate


def sign(gradient, name, index, rng):
    return component_error(-2.0)(gradient, name, index, rng)


def factor_two(gradient, name, index, rng):
    return {**gradient, name: 2 * gradient[name]}


def all_zeros(gradient, name, index, rng):
    return {n: 0.0 * g for n, g in gradient.items()}


def nan(gradient, name, index, rng):
    return component_error(np.nan)(gradient, name, index, rng)


def wrong_shape(gradient, name, index, rng):
    return {**gradient, name: np.asarray(gradient[name])[None]}


def float32_leak(gradient, name, index, rng):
    return {n: np.asarray(g).astype(np.float32).astype(np.float64) for n, g in gradient.items()}


def noise(gradient, name, index, rng):
    return component_error(1e-9 * rng.standard_normal())(gradient, name, index, rng)


def swapped_names(gradient, name, index, rng):
    """Exchange two parameters of the same shape; None if there are no two."""
    shapes = {n: np.shape(g) for n, g in gradient.items()}
    other = next((n for n in gradient if n != name and shapes[n] == shapes[name]), None)
    return other and {**gradient, name: gradient[other], other: gradient[name]}


def index_shift(gradient, name, index, rng):
    """Shift the components of an array by one; None for a scalar."""
    return (np.ndim(gradient[name]) and {**gradient, name: np.roll(gradient[name], 1)}) or None


def swapped_neighbours(gradient, name, index, rng):
    if np.size(gradient[name]) < 2:
        return None
    flat = np.array(gradient[name]).ravel()
    flat[:2] = flat[1::-1]
    return {**gradient, name: flat.reshape(np.shape(gradient[name]))}


def formula_error(relative):
    """An error of the formula, which ball arithmetic sees through any rounding."""

    def mutate(gradient, name, index, rng):
        return {**gradient, name: gradient[name] * (1 + relative)}

    return mutate


IN_FORMULA = (1e-13, 1e-14)
RELATIVE = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12)
CERTAIN = 1e-10
"""The size of fault from which every one must be caught."""

MUTATIONS = {
    "sign": sign,
    "factor 2": factor_two,
    "index shift": index_shift,
    "swapped neighbours": swapped_neighbours,
    "swapped names": swapped_names,
    "float32 leak": float32_leak,
    "noise 1e-9": noise,
    "wrong shape": wrong_shape,
    "all zeros": all_zeros,
    "NaN in one": nan,
    **{f"relative {size:.0e}": component_error(size) for size in RELATIVE},
    **{f"formula {size:.0e}": formula_error(size) for size in IN_FORMULA},
}


def mutated(name, mutate, rng):
    """The problem with a mutated hand-derived gradient; None where it does not apply.

    A component is chosen among those above 1e-6 of the largest, at the problem's own point.
    """
    original = problem(name)
    truth = certified(name)[1]["own", "float64"].truth.value
    largest = max(np.max(np.abs(g)) for g in truth.values())
    places = [
        (n, i) for n, g in truth.items() for i in np.ndindex(g.shape) if abs(g[i]) > 1e-6 * largest
    ]
    chosen, index = places[rng.integers(len(places))]
    if not mutate(dict(truth), chosen, index, rng):
        return None
    if mutate in (swapped_names, index_shift, swapped_neighbours):
        changed = mutate(dict(truth), chosen, index, rng)
        if all(np.array_equal(changed[n], truth[n]) for n in truth):
            return None  # the problem is symmetric: nothing is wrong

    class Mutant(type(original)):
        def gradient(self, xp, *parameters, **data):
            right = super().gradient(xp, *parameters, **data)
            return mutate(dict(right), chosen, index, rng)

    return Mutant()


def stale(name):
    """A gradient that keeps what it computed first."""

    class Stale(type(problem(name))):
        kept = None

        def gradient(self, xp, *parameters, **data):
            self.kept = self.kept or dict(super().gradient(xp, *parameters, **data))
            return self.kept

    return Stale()


def mutates_inputs(name):
    """A gradient that writes into its first parameter."""

    class Writes(type(problem(name))):
        def gradient(self, xp, *parameters, **data):
            right = super().gradient(xp, *parameters, **data)
            parameters[0][...] = parameters[0] * (1 + 1e-9) + 1e-9
            return right

    return Writes()


def dropped_terms(name):
    """The problem once for every term of a sum in its gradient, with that term left out."""
    source = textwrap.dedent(inspect.getsource(type(problem(name)).gradient))
    sums = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
    ]
    for number in range(len(sums)):
        tree = ast.parse(source)
        nodes = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp)]
        target = [n for n in nodes if isinstance(n.op, (ast.Add, ast.Sub))][number]

        class Drop(ast.NodeTransformer):
            def visit_BinOp(self, node, target=target):
                self.generic_visit(node)
                return node.left if node is target else node

        code = ast.unparse(ast.fix_missing_locations(Drop().visit(tree)))
        scope = {}
        exec(compile(code, f"<{name} without term {number}>", "exec"), {"np": np}, scope)
        yield type("Mutant", (type(problem(name)),), {"gradient": scope["gradient"]})()


def faults(name):
    """Every faulty version of a problem: (kind of fault, problem)."""
    rng = np.random.default_rng(sum(map(ord, name)))
    for kind, mutate in MUTATIONS.items():
        mutant = mutated(name, mutate, rng)
        if mutant is not None:
            yield kind, mutant
    yield "stale", stale(name)
    yield "mutated inputs", mutates_inputs(name)
    for mutant in dropped_terms(name):
        yield "dropped term", mutant


@functools.cache
def verdicts_on_faults(name):
    """What the judge says of every faulty version of a problem: (kind, what caught it, reason)."""
    found = []
    for kind, mutant in faults(name):
        record = judged(mutant, name)
        caught = check_that_caught(record) if record.status.failed else "missed"
        found.append((kind, caught, record.reason))
    return found


def may_be_missed(kind):
    return kind.startswith(("relative", "formula")) and float(kind.split()[1]) < CERTAIN


@pytest.mark.few(14, more=15)
@pytest.mark.parametrize("name", COSTS)
def test_every_fault_is_caught(name):
    found = verdicts_on_faults(name)
    assert len(found) > 15
    missed = [(kind, reason) for kind, caught, reason in found if caught == "missed"]
    assert [(kind, reason) for kind, reason in missed if not may_be_missed(kind)] == []


@pytest.mark.full
def test_table_of_faults():
    """Print what caught what, over all problems."""
    counted = Counter(
        (kind, caught) for name in COSTS for kind, caught, _ in verdicts_on_faults(name)
    )
    checks = sorted({check for _, check in counted})
    kinds = list(dict.fromkeys(kind for kind, _ in counted))
    width = max(map(len, kinds))
    print(f"\n{'fault':<{width}}  " + "  ".join(checks))
    for kind in kinds:
        row = [str(counted[kind, check] or "–").rjust(len(check)) for check in checks]
        print(f"{kind:<{width}}  " + "  ".join(row))
    total = sum(counted.values())
    missed = sum(n for (_, check), n in counted.items() if check == "missed")
    print(f"{total - missed} of {total} faults caught")
    assert total > 500


# --- faults in one branch of a formula ------------------------------------------------------------

BRANCHES = {
    "x < -1": lambda xp, p: p < -1.0,
    "|x| > 3": lambda xp, p: xp.abs(p) > 3.0,
    "x > 10": lambda xp, p: p > 10.0,
}


def wrong_in_a_branch(name, condition, rng):
    """A gradient that is a quarter too large where a condition of one of its parameters holds."""
    chosen = problem(name).parameters[rng.integers(len(problem(name).parameters))]

    class Mutant(type(problem(name))):
        def gradient(self, xp, *parameters, **data):
            right = super().gradient(xp, *parameters, **data)
            here = condition(xp, parameters[self.parameters.index(chosen)])
            return {**right, chosen: xp.where(here, 1.25 * right[chosen], right[chosen])}

    return Mutant()


@pytest.mark.few(8)
@pytest.mark.parametrize("kind", BRANCHES)
@pytest.mark.parametrize("name", COSTS)
def test_every_fault_in_a_branch_is_caught_or_named(name, kind):
    rng = np.random.default_rng(sum(map(ord, name + kind)))
    mutant = wrong_in_a_branch(name, BRANCHES[kind], rng)
    where = {n: Point(mutant, dict(p.values)) for n, p in certified(name)[0].items()}
    found = judge([run_points(*select_backends(["by_hand"]), where)], where, 0, [])
    caught = found.records[0].status is Status.DISAGREE
    assert caught or found.unseen, found.records[0]
    assert caught == (not found.unseen)


# --- no false alarm -------------------------------------------------------------------------------


def shares():
    """How many random points each problem gets, 2,000 in all."""
    others = [name for name in COSTS if name not in SLOW_PROBLEMS]
    left = RANDOM_POINTS - sum(SLOW_PROBLEMS.values())
    each, rest = divmod(left, len(others))
    return SLOW_PROBLEMS | {name: each + (k < rest) for k, name in enumerate(others)}


@pytest.mark.few(6)
@pytest.mark.parametrize(
    ("name", "count"),
    [
        *((name, A_FEW) for name in COSTS),
        *(pytest.param(name, count, marks=pytest.mark.full) for name, count in shares().items()),
    ],
)
def test_no_false_alarm(name, count):
    chosen = problem(name)
    own = own_point(chosen)
    where = {}
    for seed in range(-(-count // 2)):
        drawn = points_for(own, seed=seed + 100)
        where |= {f"{p}-{seed}": i for p, i in drawn.items() if p.startswith("random")}
    where = {"own": own} | dict(list(where.items())[:count])
    certificates = certificates_at(where, ["float64"])
    runs = [run_points(backend, where) for backend in select_backends(HEALTHY)]
    found = verdicts(Vote(runs, where, 0, [], {}), certificates)
    assert {r.backend: (r.status, r.reason) for r in found} == dict.fromkeys(
        HEALTHY, (Status.OK, "")
    )
    assert all(isinstance(c, Certificate) for c in certificates.values())


def test_random_points_are_two_thousand():
    assert sum(shares().values()) == RANDOM_POINTS
    assert set(shares()) == set(COSTS)


RANDOM_COSTS = 300

ON_RANDOM_COSTS = installed(
    ["by_hand", "sympy", "finite_difference", "finite_difference[scheme=complex]", "torch"]
)


def points_of_random_cost(number):
    """Points of a random cost: its own ones, and those of two more seeds."""
    own = own_point(random_cost(number), seed=number)
    where = points_for(own, seed=number)
    for seed in (1, 2):
        drawn = points_for(own, seed=number + RANDOM_COSTS * seed)
        where |= {f"{name}-{seed}": p for name, p in drawn.items() if name.startswith("random")}
    return where


@pytest.mark.few(3, more=14)
@pytest.mark.parametrize("number", range(RANDOM_COSTS))
def test_no_false_alarm_on_random_costs(number):
    where = points_of_random_cost(number)
    assert len(where) >= 7
    runs = [run_points(backend, where) for backend in select_backends(ON_RANDOM_COSTS)]
    found = judge(runs, where, 0, [])
    assert {r.backend: (r.status, r.reason) for r in found.records} == dict.fromkeys(
        ON_RANDOM_COSTS, (Status.OK, "")
    )
    (symbolic,) = select_backends(["sympy"])
    assert not symbolic.prove(where["own"]).startswith("refuted")


def test_random_costs_are_of_the_right_kinds():
    structured = [random_cost(k).name for k in range(0, RANDOM_COSTS, 3)]
    assert 3 * len(structured) == RANDOM_COSTS
    assert set(structured) == {
        "one_hot", "signs", "symmetric", "positive_definite", "sorted_times", "integers"
    }  # fmt: skip
