"""What happens at a point that cannot be judged counts against nobody; elsewhere it does."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest
from posing import compare_problem

import calcbench
from calcbench.backend.prepared import Prepared
from calcbench.backends.by_hand.derivatives import ByHand
from calcbench.catalogue.selection import select_backends
from calcbench.record.record import Status


class Root(calcbench.Problem):
    """√x·y: defined for x ≥ 0 alone, and no domain is declared."""

    certified = True

    def inputs(self, size, rng):
        return {"x": 4.0, "y": 0.5}

    def cost(self, xp, x, y):
        if not self.certified and str(getattr(x, "dtype", "")) == "object":
            raise TypeError("not of balls")
        return xp.sqrt(x) * y

    def gradient(self, xp, x, y):
        return {"x": y / (2 * xp.sqrt(x)), "y": xp.sqrt(x)}


class Uncertified(Root):
    """The same, without a certificate."""

    certified = False


@dataclass(frozen=True)
class Raising(ByHand):
    """The gradient by hand, and an exception where it is asked to."""

    name: ClassVar[str] = "raising"
    when: object = field(default=lambda point: not point["x"] > 0)
    preparing: bool = False

    def prepare_gradient(self, point):
        if self.preparing and self.when(point):
            raise ValueError("it does not trace here")
        prepared = super().prepare_gradient(point)

        def load(point):
            if self.when(point):
                raise ValueError("no square root")
            return prepared.load(point)

        return Prepared(load, prepared.run, prepared.unload)

    @classmethod
    def options(cls):
        return {}


def judge(problem, *backends):
    return compare_problem(problem, backends)


@pytest.mark.parametrize("problem", [Root(), Uncertified()], ids=["certified", "by vote"])
def test_an_exception_where_the_cost_is_undefined_counts_against_nobody(problem):
    (right,) = select_backends(["by_hand"])
    found = judge(problem, Raising(), right, *select_backends(["finite_difference"]))
    assert [(r.status, r.reason) for r in found] == [(Status.OK, "")] * 3
    assert "not judged at zeros" in found[0].judged


@pytest.mark.parametrize("problem", [Root(), Uncertified()], ids=["certified", "by vote"])
def test_an_exception_where_others_are_right_is_an_error(problem):
    backends = select_backends(["by_hand", "finite_difference[scheme=complex]"])
    fails = Raising(when=lambda point: point["x"] != 4.0)
    wrong, *others = judge(problem, fails, *backends)
    assert wrong.status is Status.ERROR
    assert wrong.reason.endswith("ValueError: no square root (at random-1)")
    assert {r.status for r in others} == {Status.OK}


def test_an_exception_at_the_own_point_is_an_error():
    (found,) = judge(Root(), Raising(when=lambda point: True))
    assert found.status is Status.ERROR
    assert found.reason.endswith("ValueError: no square root")


def test_what_cannot_be_prepared_at_the_last_point_is_prepared_at_the_own_one():
    (found,) = judge(Root(), Raising(when=lambda point: point["x"] != 4.0, preparing=True))
    assert found.status is Status.ERROR  # at a point where it could be judged
    assert "no square root" in found.reason
    never = Raising(when=lambda point: True, preparing=True)
    (found,) = judge(Root(), never)
    assert found.status is Status.ERROR
    assert found.reason.endswith("ValueError: it does not trace here")


def test_a_result_of_the_wrong_form_where_nothing_is_judged_counts_against_nobody():
    class Odd(Root):
        def gradient(self, xp, x, y):
            found = super().gradient(xp, x, y)
            if isinstance(x, np.ndarray) and not x > 0:
                return {**found, "y": found["y"] * np.nan}
            return found

    assert judge(Odd(), *select_backends(["by_hand"]))[0].status is Status.OK


def test_a_result_beyond_the_range_is_not_judged_where_calcbench_chose_the_point():
    class Steep(calcbench.Problem):
        """e^(400 x)."""

        domain: ClassVar = {"x": (0.1, 9.0)}

        def inputs(self, size, rng):
            return {"x": 0.5}

        def cost(self, xp, x):
            return xp.exp(400 * x)

    (complex_step,) = select_backends(["finite_difference[scheme=complex]"])
    (found,) = judge(Steep(), complex_step)
    assert (found.status, found.reason) == (Status.OK, "")
    assert found.judged.startswith("not judged at random-1")
    (found,) = compare_problem(Steep(), [complex_step], at={"x": 5.0})
    assert found.status is Status.ERROR


# --- the hand-derived formula beyond the points that backends run at ------------------------------


class Square(calcbench.Problem):
    """The mean of the squares of w."""

    sizes = (8, 100)

    def inputs(self, size, rng):
        return {"w": rng.normal(size=size)}

    def cost(self, xp, w):
        return xp.mean(w**2)

    def gradient(self, xp, w):
        return {"w": 2 * w / w.shape[0]}


BY_HAND = ("by_hand", "sympy")


def by_hand(problem, **options):
    return compare_problem(problem, select_backends(BY_HAND), **options)[0]


@pytest.mark.parametrize("size", [8, 100])
def test_a_formula_is_proved_for_the_sizes_that_were_tried(size):
    found = by_hand(Square(), size=size)
    other = 108 - size
    assert (found.status, found.proof) == (Status.OK, f"proved for sizes {size} and {other}")


@pytest.mark.parametrize("backends", [BY_HAND, ("by_hand",)])
@pytest.mark.parametrize(("size", "other"), [(8, 100), (100, 8)])
def test_a_formula_for_one_size_is_found_out_at_another(backends, size, other):
    class Baked(Square):
        def gradient(self, xp, w):
            return {"w": 2 * w / size}

    found = compare_problem(Baked(), select_backends(backends), size=size)[0]
    assert found.status is Status.DISAGREE
    assert f"at size {other}" in found.reason
    assert found.disagreement.point == f"size {other}"


@pytest.mark.parametrize("operator", ["gradient", "value_and_gradient", "pushforward", "partial"])
def test_a_formula_that_is_wrong_in_a_branch_is_found_out(operator):
    class Wrong(Root):
        def cost(self, xp, x, y):
            return x**2 * y

        def gradient(self, xp, x, y):
            return {"x": xp.where(x > 77.0, 2.5 * x, 2 * x) * y, "y": x**2}

    found = calcbench.compare(Wrong(), "by_hand", operator=operator, timed=False).records[0]
    assert found.status is Status.DISAGREE
    assert found.reason.startswith("the formula for ")
    assert "at x = " in found.reason


def test_a_branch_that_was_never_taken_is_named_and_nothing_proved():
    class Never(Root):
        def domain(self, values):
            return bool(values["x"] > 0)

        def gradient(self, xp, x, y):
            right = super().gradient(xp, x, y)
            return {**right, "y": xp.where(x < -1.0, 7.0, right["y"])}

    found = by_hand(Never())
    assert found.status is Status.OK
    assert "`x < -1.0` at line " in found.judged
    assert found.judged.endswith(" was never true")
    assert not found.proof.startswith("proved")


def test_a_formula_that_leaves_the_vocabulary_is_not_proved():
    class Leaves(Square):
        sizes = (2,)

        def gradient(self, xp, w):
            if type(w[0]).__name__ == "Ball":
                raise TypeError("no balls, please")
            return {"w": 2 * w / 2}

    found = by_hand(Leaves())
    assert found.status is Status.OK
    assert "the branches of the hand-derived gradient are unseen: " in found.judged
    assert "TypeError: no balls, please" in found.judged
    assert found.proof == "not proved: a branch was never taken"
