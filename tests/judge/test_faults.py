"""Planted faults: each must end in `disagree`, naming the backend and the component.

A judge that has never been seen to condemn proves nothing.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from modes import by_rule, installed, names, require
from posing import compare_problem

import calcbench
from calcbench.api import compare
from calcbench.backend.prepared import Prepared
from calcbench.catalogue.selection import choose_backends, select_backends
from calcbench.problem.problem import Problem
from calcbench.record.record import Status


class Model(Problem):
    """A ridge-regularised logistic model: five components of different sizes."""

    rows = ("X", "y")

    def inputs(self, size, rng):
        X = [[0.5, -1.2, 3.0], [1.5, 0.3, -0.7], [-0.4, 0.9, 1.1], [2.0, -0.1, 0.6]]
        return {"w": [0.3, -0.2, 0.5], "b": 0.1, "s": 0.7, "X": X, "y": [1.0, 0.0, 1.0, 1.0]}

    def cost(self, xp, w, b, s, *, X, y):
        z = xp.matmul(X, w) + b
        return xp.mean(xp.softplus(z) - y * z) + 0.05 * xp.sum(w**2) + xp.sin(s) * b

    def gradient(self, xp, w, b, s, *, X, y):
        error = xp.sigmoid(xp.matmul(X, w) + b) - y
        return {
            "w": xp.mean(error[:, None] * X, axis=0) + 0.1 * w,
            "b": xp.mean(error) + xp.sin(s),
            "s": xp.cos(s) * b,
        }


def plant(fault):
    """The model with its hand-derived gradient changed by `fault(gradient, w, b, s, X, y)`."""

    class Faulty(Model):
        def gradient(self, xp, w, b, s, *, X, y):
            return fault(dict(super().gradient(xp, w, b, s, X=X, y=y)), xp, w, b, s, X, y)

    return Faulty()


def sign_error(g, xp, w, b, s, X, y):
    return {**g, "s": -g["s"]}


def forgotten_factor(g, xp, w, b, s, X, y):
    return {**g, "w": g["w"] - 0.05 * w}  # ∂(w²) taken for w


def forgotten_term(g, xp, w, b, s, X, y):
    return {**g, "b": g["b"] - xp.sin(s)}


def forgotten_mean(g, xp, w, b, s, X, y):
    error = xp.sigmoid(xp.matmul(X, w) + b) - y
    return {**g, "b": xp.sum(error) + xp.sin(s)}


def swapped_components(g, xp, w, b, s, X, y):
    return {**g, "w": xp.take(g["w"], np.array([1, 0, 2]))}


def swapped_names(g, xp, w, b, s, X, y):
    return {**g, "b": g["s"], "s": g["b"]}


def relative_error_of_a_millionth(g, xp, w, b, s, X, y):
    return {**g, "w": g["w"] * xp.stack([1.0, 1.0 + 1e-6, 1.0 + 0 * b])}


FAULTS = {
    sign_error: "s",
    forgotten_factor: "w[",
    forgotten_term: "b",
    forgotten_mean: "b",
    swapped_components: "w[",
    swapped_names: ("b", "s"),
    relative_error_of_a_millionth: "w[1]",
}


@pytest.mark.few(10)
@pytest.mark.parametrize("judges", ["all", "by_hand-sympy", "by_hand-torch", "by_hand"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_fault_in_the_hand_derivation(fault, judges):
    """Caught by all backends together, by one other, and with no other at all (witnesses)."""
    backends = installed() if judges == "all" else judges.split("-")
    records = {r.backend: r for r in compare(plant(fault), backends, timed=False).records}
    wrong = records.pop("by_hand")
    assert wrong.status is Status.DISAGREE, wrong
    assert wrong.disagreement.component.removeprefix("∂C/∂").startswith(FAULTS[fault])
    assert wrong.disagreement.component in wrong.reason
    assert wrong.disagreement.value != wrong.disagreement.expected
    assert list(records) == [b for b in backends if b != "by_hand"]
    assert {r.status for r in records.values()} <= {Status.OK}, records
    if judges in ("all", "by_hand-sympy"):
        assert wrong.proof.startswith("refuted in ∂C/∂"), wrong.proof


def test_without_a_fault_nothing_is_found():
    records = compare(Model(), installed(), timed=False).records
    assert {r.status for r in records} == {Status.OK}, [r.reason for r in records]
    assert records[0].proof == "proved"


@dataclass(frozen=True)
class Tampered(calcbench.Backend):
    """A backend that runs another and changes what it does."""

    name = "tampered"
    kind = "exact"

    tamper: object = None
    around: str = "sympy"

    @property
    def inner(self):
        return choose_backends(self.around)[0]

    def namespace(self):
        return self.inner.namespace()

    def convert(self, array):
        return self.inner.convert(array)

    def prepare_gradient(self, point):
        return self.tamper(self.inner.prepare(point), point)

    @classmethod
    def options(cls):
        return {}


def ignores_new_inputs(prepared, inputs):
    frozen = prepared.load(inputs)
    return dataclasses.replace(prepared, run=lambda native: prepared.run(frozen))


def ignores_new_data(prepared, inputs):
    baked = {"X": inputs["X"], "y": inputs["y"]}
    return dataclasses.replace(prepared, load=lambda new: prepared.load(new.with_values(baked)))


def mutates_inputs(prepared, inputs):
    def load(new):
        native = prepared.load(new)
        new["w"][...] += 1e-9
        return native

    return dataclasses.replace(prepared, load=load)


def changes_from_run_to_run(prepared, inputs):
    noise = np.random.default_rng(0)

    def unload(result):
        gradient = prepared.unload(result)
        return {**gradient, "b": gradient["b"] * (1 + 1e-7 * noise.standard_normal())}

    return dataclasses.replace(prepared, unload=unload)


def alters(**changes):
    """A tampering that changes partials after the run, by name."""

    def tamper(prepared, inputs):
        def unload(result):
            gradient = prepared.unload(result)
            return {n: changes.get(n, lambda g: g)(g) for n, g in gradient.items()}

        return dataclasses.replace(prepared, unload=unload)

    return tamper


def is_nan_at_first(prepared, inputs):
    given = iter([np.nan])

    def unload(result):
        gradient = prepared.unload(result)
        return {**gradient, "b": gradient["b"] * next(given, 1.0)}

    return dataclasses.replace(prepared, unload=unload)


TAMPERINGS = {
    "stale-inputs": (ignores_new_inputs, "∂C/∂"),
    "stale-data": (ignores_new_data, "∂C/∂"),
    "mutated-inputs": (mutates_inputs, "changed its inputs: w"),
    "noise": (changes_from_run_to_run, "a second run gave another ∂C/∂b"),
    "nan-once": (is_nan_at_first, "a second run gave another ∂C/∂b: nan, then"),
    "nan": (alters(b=lambda g: g * np.nan), "∂C/∂b is nan"),
    "infinite": (alters(b=lambda g: g + np.inf), "∂C/∂b is inf"),
    "zeros": (alters(w=lambda g: 0 * g), "∂C/∂w["),
    "column-shape": (alters(w=lambda g: g[:, None]), "∂C/∂w has shape (3, 1)"),
    "scalar-shape": (alters(b=lambda g: g[None]), "∂C/∂b has shape (1,)"),
    "float32": (alters(w=lambda g: g.astype("float32")), "∂C/∂w is float32"),
    "float32-leak": (alters(w=lambda g: g.astype("float32").astype("float64")), "∂C/∂w["),
    "last-digits": (alters(s=lambda g: g * (1 + 1e-11)), "∂C/∂s"),
}


@pytest.mark.few(10)
@pytest.mark.parametrize("others", ["all", "alone"])
@pytest.mark.parametrize("name", TAMPERINGS)
def test_fault_in_a_backend(name, others):
    tamper, told = TAMPERINGS[name]
    backends = [Tampered(tamper=tamper)]
    if others == "all":
        backends += select_backends(installed())
    wrong, *rest = compare_problem(Model(), backends, witnesses=select_backends(list(WITNESSES)))
    assert wrong.status is Status.DISAGREE, wrong
    assert told in wrong.reason
    assert {r.status for r in rest} <= {Status.OK}, [r.reason for r in rest]


WITNESSES = ("finite_difference[scheme=complex]", "finite_difference")


def test_partials_under_other_names():
    def tamper(prepared, inputs):
        return Prepared(
            prepared.load,
            prepared.run,
            lambda result: {"v": prepared.unload(result)["w"]},
        )

    (record,) = compare_problem(Model(), [Tampered(tamper=tamper)])
    assert record.status is Status.DISAGREE
    assert record.reason == "gave v instead of w, b, s"


def test_fault_in_a_cost_for_one_backend():
    """`cost_<backend>` replaces the cost on one backend; it is checked like everything else."""

    class Overridden(Model):
        def cost_jax(self, xp, w, b, s, *, X, y):
            z = xp.matmul(X, w) + b
            return xp.mean(xp.softplus(z) - y * z) + 0.05 * xp.sum(w**2) + xp.cos(s) * b

    require("jax")
    records = {r.backend: r for r in compare(Overridden(), installed(), timed=False).records}
    assert records.pop("jax").status is Status.DISAGREE
    assert {r.status for r in records.values()} == {Status.OK}


class Uncertified(Model):
    def cost(self, xp, w, b, s, *, X, y):
        return super().cost(xp, w, b, s, X=X, y=y) + 0.0 * float(b)  # no ball has a float


class TamperedToo(Tampered):
    """The same fault under another name, so that it is another voice."""

    name = "tampered_too"


DOUBLE = alters(b=lambda g: g * 2)


def test_two_against_two_is_said_to_be_undecided():
    """No witness, equal camps: both are named, neither is believed."""
    backends = [
        *choose_backends(["by_hand", "torch"]),
        Tampered(tamper=DOUBLE, around="torch"),
        TamperedToo(tamper=DOUBLE, around="torch"),
    ]
    records = compare_problem(Uncertified(), backends)
    assert all("TypeError" in r.judged for r in records)
    assert {r.status for r in records} == {Status.DISAGREE}
    assert any("no majority" in r.reason for r in records)


def test_a_backend_in_two_modes_is_one_voice():
    backends = [*choose_backends(["by_hand", "torch"]), Tampered(tamper=DOUBLE, around="torch")]
    backends += [dataclasses.replace(backends[-1]), dataclasses.replace(backends[-1])]
    right, too, *wrong = compare_problem(Uncertified(), backends)
    assert (right.status, too.status) == (Status.OK, Status.OK)
    assert [record.status for record in wrong] == [Status.DISAGREE] * 3
    assert all("by estimate" in record.reason for record in wrong)


def test_a_formula_does_not_confirm_a_formula():
    """Differences of a wrong gradient agree with a Hessian that is wrong alike; that is no vote."""

    class WrongAlike(Problem):
        """By hand there are the derivatives of x², in place of those of x³."""

        def inputs(self, size, rng):
            return {"x": 1.2}

        def cost(self, xp, x):
            if str(getattr(x, "dtype", "")) == "object":
                raise TypeError("not of balls")
            return x**3

        def gradient(self, xp, x):
            return {"x": 2 * x}

        def hessian(self, xp, x):
            return {("x", "x"): 2 + 0 * x}

    require("torch")
    backends = choose_backends(["by_hand", "finite_difference", "torch"])
    by_hand, differenced, torch = compare(
        WrongAlike(), backends, operator="hessian", timed=False
    ).records
    assert by_hand.judged.endswith("TypeError: not of balls")
    assert (by_hand.status, torch.status) == (Status.DISAGREE, Status.OK)
    # Its own bound is an estimate of no known probability: it is not called wrong for that.
    assert differenced.status is Status.IMPRECISE
    assert differenced.reason.startswith("outside its bound, but not for certain")


def test_a_gradient_that_is_not_finite_has_no_verdict():
    @calcbench.problem(x=800.0)
    def overflow(xp, x):
        return xp.exp(x)

    records = compare(overflow, installed(names(by_rule)), timed=False).records
    assert {r.status for r in records} == {Status.ERROR}
    assert all("not finite" in r.reason for r in records)


def test_an_exception_is_a_record():
    @calcbench.problem(x=1.0)
    def raises(xp, x):
        raise RuntimeError("what a user's cost may do")

    (record,) = compare(raises, "finite_difference", timed=False).records
    assert record.status is Status.ERROR
    assert record.reason.endswith(": RuntimeError: what a user's cost may do")
