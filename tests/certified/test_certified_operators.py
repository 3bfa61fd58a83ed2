"""Every operator in balls: closed forms, identities between operators, planted faults."""

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

import calcbench
from calcbench.catalogue.selection import select_backends
from calcbench.certified.certificate import (
    certify,
    formula_allowance,
    formula_error,
    gradient_noise,
)
from calcbench.certified.jets import Jet
from calcbench.certified.reference import NotCertified, reference
from calcbench.certified.rounding import bound_rounding
from calcbench.certified.second_order import products
from calcbench.errors import CalcbenchError, ProblemError
from calcbench.operators import OPERATORS, find_operator
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import TRIDIAGONAL, Banded

INFINITE = float("inf")


def found(problem, name, inputs=None, **seeds):
    """The reference of an operator, its seeds given by name, or else drawn."""
    inputs = own_point(problem) if inputs is None else inputs
    operator = find_operator(name).resolve(inputs)
    rng = np.random.default_rng(7)
    return reference(operator.seed_point(inputs, rng, seeds or None), operator=operator)


def flat(truth):
    return [ball for array in truth.values.values() for ball in array.flat]


def function(cost, **values):
    return calcbench.problem(**values)(cost)


class Curve(calcbench.Problem):
    """Residuals of an exponential curve."""

    def inputs(self, size, rng):
        return {"a": 1.25, "b": [0.5, 2.0], "x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0, 4.0]}

    def outputs(self, inputs):
        return len(inputs["y"])

    def cost(self, xp, a, b, *, x, y):
        return a * xp.exp(b[0] * x) + b[1] - y


class Coupled(calcbench.Problem):
    """Neighbours alone are coupled, whatever is declared."""

    declared = TRIDIAGONAL

    def inputs(self, size, rng):
        return {"x": [0.5, -1.0, 0.25, 2.0, 1.5]}

    def structure(self, inputs):
        return self.declared

    def cost(self, xp, x):
        return xp.sum(xp.exp(x[1:] * x[:-1])) + xp.sum(x**3)


class Chain(Coupled):
    """The same of a vector-valued function."""

    def outputs(self, inputs):
        return len(inputs["x"]) - 1

    def cost(self, xp, x):
        return xp.exp(x[1:] * x[:-1])


# --- closed forms --------------------------------------------------------------------------

HESSIANS = {
    "saddle": (lambda xp, x, y: x**2 - y**2, (3.0, 2.0), [[2, 0], [0, -2]]),
    "rosenbrock": (
        lambda xp, x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        (-1.5, 2.0),
        [[1200 * 2.25 - 800 + 2, 600], [600, 200]],
    ),
    "quotient": (lambda xp, x, y: x / y, (3.0, 2.0), [[0, -0.25], [-0.25, 0.75]]),
    "reciprocal": (lambda xp, x, y: 1 / (x * y), (0.5, 2.0), [[8, 1], [1, 0.5]]),
    "x⁰ at 0": (lambda xp, x, y: x**0 + y, (0.0, 2.0), [[0, 0], [0, 0]]),
    "x¹ at 0": (lambda xp, x, y: x**1 * y**1, (0.0, 2.0), [[0, 1], [1, 0]]),
    "x² at 0": (lambda xp, x, y: x**2 * y, (0.0, 2.0), [[4, 0], [0, 0]]),
    "x³ at 0": (lambda xp, x, y: x**3 * y, (0.0, 2.0), [[0, 0], [0, 0]]),
    "x^2.5 at 0": (lambda xp, x, y: x**2.5 * y, (0.0, 2.0), [[0, 0], [0, 0]]),
    "x⁻²": (lambda xp, x, y: x**-2 + y, (2.0, 2.0), [[6 / 16, 0], [0, 0]]),
    "x^1.5": (lambda xp, x, y: x**1.5 + y, (4.0, 2.0), [[0.375, 0], [0, 0]]),
}


@pytest.mark.parametrize("name", HESSIANS)
def test_hessians_that_are_exact(name):
    cost, (x, y), expected = HESSIANS[name]
    problem = function(lambda xp, x, y: cost(xp, x, y), x=x, y=y)
    for ball, value in zip(flat(found(problem, "hessian")), np.ravel(expected), strict=True):
        assert ball.contains(arb(float(value)))
        assert float(ball.rad()) < 1e-30


def test_a_power_of_two_parameters():
    """aᵇ: the mixed second partial is aᵇ⁻¹(1 + b log a)."""
    problem = function(lambda a, b: a**b, a=1.7, b=2.3)
    with mpmath.workdps(50):
        a, b = mpmath.mpf(1.7), mpmath.mpf(2.3)
        mixed = a ** (b - 1) * (1 + b * mpmath.log(a))
        expected = [b * (b - 1) * a ** (b - 2), mixed, mixed, a**b * mpmath.log(a) ** 2]
        for ball, value in zip(flat(found(problem, "hessian")), expected, strict=True):
            assert ball.overlaps(arb(mpmath.nstr(value, 45)) + arb(0, 1e-40))


def test_logsumexp_is_shifted_without_a_trace():
    """H = diag(p) − p pᵀ, with p the softmax; far from where eˣ overflows."""
    problem = function(lambda xp, x: xp.logsumexp(x), x=[1000.0, 1001.0, 999.5])
    with mpmath.workdps(50):
        e = [mpmath.exp(v) for v in (0, 1, -0.5)]
        p = [v / mpmath.fsum(e) for v in e]
        expected = [p[i] * ((i == j) - p[j]) for i in range(3) for j in range(3)]
        for ball, value in zip(flat(found(problem, "hessian")), expected, strict=True):
            assert ball.overlaps(arb(mpmath.nstr(value, 45)) + arb(0, 1e-40))


SECOND = {
    "exp": (lambda xp, x: xp.exp(x), mpmath.exp),
    "expm1": (lambda xp, x: xp.expm1(x), mpmath.exp),
    "log": (lambda xp, x: xp.log(x), lambda x: -1 / x**2),
    "log1p": (lambda xp, x: xp.log1p(x), lambda x: -1 / (1 + x) ** 2),
    "sqrt": (lambda xp, x: xp.sqrt(x), lambda x: -(x**-1.5) / 4),
    "sin": (lambda xp, x: xp.sin(x), lambda x: -mpmath.sin(x)),
    "cos": (lambda xp, x: xp.cos(x), lambda x: -mpmath.cos(x)),
    "tan": (lambda xp, x: xp.tan(x), lambda x: 2 * mpmath.tan(x) * mpmath.sec(x) ** 2),
    "tanh": (lambda xp, x: xp.tanh(x), lambda x: -2 * mpmath.tanh(x) * mpmath.sech(x) ** 2),
    "abs": (lambda xp, x: xp.abs(-(x**3)), lambda x: 6 * x),
    "sigmoid": (
        lambda xp, x: xp.sigmoid(x),
        lambda x: -mpmath.tanh(x / 2) / (4 * mpmath.cosh(x / 2) ** 2),
    ),
    "softplus": (lambda xp, x: xp.softplus(x), lambda x: 1 / (4 * mpmath.cosh(x / 2) ** 2)),
    "logaddexp": (
        lambda xp, x: xp.logaddexp(x, 1.0),
        lambda x: 1 / (4 * mpmath.cosh((x - 1) / 2) ** 2),
    ),
    "maximum": (lambda xp, x: xp.maximum(x**3, -1.0), lambda x: 6 * x),
    "minimum": (lambda xp, x: xp.minimum(x**3, 1e9), lambda x: 6 * x),
    "where": (lambda xp, x: xp.where(x > 0, x**3, x), lambda x: 6 * x),
    "power": (lambda xp, x: x**2.5, lambda x: mpmath.mpf(3.75) * mpmath.sqrt(x)),
    "exponent": (lambda xp, x: 2.0**x, lambda x: mpmath.log(2) ** 2 * 2**x),
    "pi": (lambda xp, x: xp.pi * x**2, lambda x: 2 * mpmath.pi),
    "iterate": (lambda xp, x: xp.iterate(lambda s: s * x, x, 4), lambda x: 20 * x**3),
    "sum": (lambda xp, x: xp.sum(xp.stack([x**2, x**3])), lambda x: 2 + 6 * x),
    "mean": (lambda xp, x: xp.mean(xp.stack([x**2, x**3])), lambda x: 1 + 3 * x),
    "max": (lambda xp, x: xp.max(xp.stack([x**3, -x])), lambda x: 6 * x),
    "matmul": (lambda xp, x: xp.matmul(xp.stack([x, x**2]), xp.stack([x, x])), lambda x: 2 + 6 * x),
    "einsum": (
        lambda xp, x: xp.einsum("i,i->", xp.stack([x, x**2]), xp.stack([x, x])),
        lambda x: 2 + 6 * x,
    ),
    "concat": (
        lambda xp, x: xp.sum(xp.concat([xp.stack([x]), xp.stack([x**3])])),
        lambda x: 6 * x,
    ),
    "take": (lambda xp, x: xp.take(xp.stack([x, x**3]), np.array([1]))[0], lambda x: 6 * x),
    "cholesky": (
        lambda xp, x: xp.linalg.cholesky(xp.reshape(xp.stack([x]), (1, 1)))[0, 0],
        lambda x: -(x**-1.5) / 4,
    ),
    "solve": (
        lambda xp, x: xp.linalg.solve(xp.reshape(xp.stack([x]), (1, 1)), xp.stack([x**3]))[0],
        lambda x: mpmath.mpf(2),
    ),
    "slogdet": (
        lambda xp, x: xp.linalg.slogdet(xp.reshape(xp.stack([x]), (1, 1)))[1],
        lambda x: -1 / x**2,
    ),
}


@pytest.mark.parametrize("x", [0.3, 1.75, 40.0])
@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives(name, x):
    cost, second = SECOND[name]
    truth = found(function(lambda xp, x: cost(xp, x), x=x), "second_derivative")
    assert truth.digits > 30
    with mpmath.workdps(80):
        expected = second(mpmath.mpf(x))
        got = mpmath.mpf(flat(truth)[0].mid().str(70, radius=False, more=True))
        assert abs(got - expected) <= mpmath.mpf(10) ** -30 * abs(expected)


def test_a_product_of_jets_and_constants():
    """What reads backwards too: c − x, c / x and cˣ."""
    problem = function(lambda x: (2 - x) * (3 / x) + 2**x, x=1.5)
    (ball,) = flat(found(problem, "second_derivative"))
    with mpmath.workdps(50):
        expected = 12 / mpmath.mpf(1.5) ** 3 + mpmath.log(2) ** 2 * 2 ** mpmath.mpf(1.5)
        assert ball.overlaps(arb(mpmath.nstr(expected, 45)) + arb(0, 1e-40))


# --- identities between operators ----------------------------------------------------------


def batch():
    return calcbench.problems()["softmax_cross_entropy"]


def test_a_hessian_is_symmetric():
    inputs = own_point(batch())
    count = sum(inputs[name].size for name in batch().parameters)
    whole = products(inputs, np.eye(count), "float64", INFINITE).partials
    pairs = [(whole[i, j].value, whole[j, i].value) for i in range(count) for j in range(i)]
    assert all(one.overlaps(other) for one, other in pairs)


@given(st.lists(st.floats(-3, 3), min_size=5, max_size=5))
@settings(max_examples=15, deadline=None)
def test_hvp_is_the_hessian_times_the_direction(v):
    problem = Coupled()
    problem.declared = Banded(4)
    whole = found(problem, "hessian").values["hessian"].reshape(5, 5)
    product = flat(found(problem, "hvp", x=v))
    for row, ball in zip(whole, product, strict=True):
        assert ball.overlaps(sum((h * arb(x) for h, x in zip(row, v, strict=True)), arb(0)))


@given(st.lists(st.floats(-3, 3), min_size=7, max_size=7))
@settings(max_examples=15, deadline=None)
def test_pullback_is_the_transpose_of_pushforward(seeds):
    """⟨u, J v⟩ = ⟨Jᵀu, v⟩."""
    u, v = seeds[:4], seeds[4:]
    forward = flat(found(Curve(), "pushforward", a=v[0], b=v[1:]))
    backward = flat(found(Curve(), "pullback", C=u))
    one = sum((x * arb(w) for x, w in zip(forward, u, strict=True)), arb(0))
    other = sum((x * arb(w) for x, w in zip(backward, v, strict=True)), arb(0))
    assert one.overlaps(other)


def test_a_jacobian_has_the_partials_for_columns():
    whole = found(Curve(), "jacobian").values["jacobian"]
    for k, component in enumerate(("a", "b[0]", "b[1]")):
        column = flat(found(Curve(), f"partial[{component}]"))
        assert all(one.overlaps(other) for one, other in zip(whole[:, k], column, strict=True))
    assert [float(slope) for slope in whole[:, 2]] == [1, 1, 1, 1]


def test_outputs_that_are_parameters_or_constants():
    class Plain(calcbench.Problem):
        def inputs(self, size, rng):
            return {"x": [2.0, 3.0]}

        def outputs(self, inputs):
            return 4

        def cost(self, xp, x):
            return xp.stack([x[1], x[1], 7.0, x[0] * x[1]])

    assert [float(b) for b in flat(found(Plain(), "jacobian"))] == [0, 1, 0, 1, 0, 0, 3, 2]
    assert [float(b) for b in flat(found(Plain(), "pullback", C=[1.0, 2, 3, 4]))] == [12, 11]


def test_many_directions_are_swept_in_parts():
    """70 parameters: more directions than go into one sweep."""
    problem = function(lambda xp, x: xp.sum(x) ** 2 + xp.sum(x**3), x=np.arange(70.0))
    whole = found(problem, "hessian").value["hessian"]
    assert np.array_equal(whole, 2 + np.diag(6 * np.arange(70.0)))


# --- every operator of every problem -------------------------------------------------------

CELLS = [
    (problem, operator)
    for problem in ("saddle", "batch_regression", "power_rule", "curve_fit_residuals")
    for operator in OPERATORS
]


@pytest.mark.parametrize(("name", "operator"), CELLS, ids=[f"{p}-{o}" for p, o in CELLS])
def test_an_honest_backend_lands_in_the_bound(name, operator):
    problem = calcbench.problems()[name]
    own = own_point(problem)
    try:
        operator = find_operator(operator).resolve(own)
    except CalcbenchError:
        pytest.skip("there is no such derivative")
    inputs = operator.seed_point(own, np.random.default_rng(0))
    (backend,) = select_backends(["sympy"])
    prepared = backend.prepare(inputs, operator)
    got = prepared.evaluate(inputs)
    certificate = certify(inputs, "float64", operator)
    layout = operator.layout(inputs)
    assert {k: a.shape for k, a in certificate.truth.values.items()} == layout.shapes
    assert len(certificate.bound) == len(certificate.rough) == layout.size
    error = np.concatenate([np.ravel(got[key]) for key in layout.shapes]) - certificate.value
    assert np.all(np.abs(error) <= certificate.bound)


@pytest.mark.parametrize("operator", ["hessian", "hvp", "pullback", "value_and_gradient"])
def test_float32_has_a_wider_bound(operator):
    problem = calcbench.problems()["binary_cross_entropy"]
    own = own_point(problem)
    operator = find_operator(operator).resolve(own)
    inputs = operator.seed_point(own, np.random.default_rng(0))
    wide, narrow = (certify(inputs, dtype, operator) for dtype in ("float32", "float64"))
    assert np.all(wide.bound > 1e6 * narrow.bound)


def test_what_is_printed():
    problem = calcbench.problems()["batch_regression"]
    lines = str(found(problem, "hessian")).splitlines()
    assert lines[0].startswith("C = ")
    assert lines[1:3] == [
        "∂²C/∂m² = 35.0000000000000000000000000000",
        "∂²C/∂m∂b = 7.00000000000000000000000000000",
    ]
    told = str(found(problem, "value_and_gradient"))
    assert told == str(found(problem, "gradient"))
    assert str(found(Curve(), "partial[a]")).startswith("∂C[0]/∂a = 1.0000")
    assert str(found(Curve(), "cost")).startswith("C[0] = 2.25")


# --- structures ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "operator"), [(Coupled(), "hessian"), (Chain(), "jacobian")], ids=str
)
def test_a_sparse_matrix_has_its_stored_entries(problem, operator):
    stored = found(problem, operator).values[operator]
    row, column = TRIDIAGONAL.pattern(4 if operator == "jacobian" else 5, 5)
    problem.declared = Banded(4)
    whole = found(problem, operator).values[operator]
    rows, columns = Banded(4).pattern(4 if operator == "jacobian" else 5, 5)
    places = {entry: k for k, entry in enumerate(zip(rows, columns, strict=True))}
    del problem.declared
    assert stored.shape == row.shape
    for ball, *entry in zip(stored, row, column, strict=True):
        assert ball.overlaps(whole[places[tuple(entry)]])


@pytest.mark.parametrize(
    ("kind", "operator", "message"),
    [(Coupled, "hessian", r"in the row of x\[0\]"), (Chain, "jacobian", r"∂C\[0\]/∂x\[1\]")],
)
def test_a_structure_that_leaves_out_an_entry(kind, operator, message):
    problem = kind()
    problem.declared = Banded(0)
    with pytest.raises(ProblemError, match=f"leaves out an entry that is not 0.*{message}"):
        found(problem, operator)


# --- where there is no derivative, or no time ----------------------------------------------


def kink():
    return function(lambda xp, a, b: xp.abs(a) + b**3, a=0.0, b=2.0)


ROUGH = {
    "gradient": [True, False],
    "value_and_gradient": [False, True, False],
    "cost": [False],
    "partial[a]": [True],
    "partial[b]": [False],
    "pushforward": [True],
    "pullback": [True, False],
    "hessian": [True, True, True, False],
    "hvp": [True, True],
}


@pytest.mark.parametrize("operator", ROUGH)
def test_ties_are_rough(operator):
    truth = found(kink(), operator)
    assert np.concatenate([a.ravel() for a in truth.rough.values()]).tolist() == ROUGH[operator]


def test_a_direction_that_leaves_the_tie_alone():
    truth = found(kink(), "hvp", a=0.0, b=1.0)
    assert [bool(truth.rough[name]) for name in "ab"] == [True, False]
    assert float(truth.value["b"]) == 12.0
    assert not found(kink(), "pushforward", a=0.0, b=1.0).rough["C"]


@pytest.mark.parametrize("operator", ["gradient", "hessian", "hvp"])
def test_there_is_a_deadline(operator):
    problem = function(lambda xp, x: xp.sum(xp.exp(x) * xp.sum(x)), x=np.linspace(0.0, 1.0, 400))
    inputs = own_point(problem)
    inputs = find_operator(operator).seed_point(inputs, np.random.default_rng(0))
    with pytest.raises(NotCertified, match="it would take too long"):
        reference(inputs, find_operator(operator), 0.0002)


def test_a_jacobian_has_a_deadline():
    problem = calcbench.problems()["broyden_tridiagonal"]
    inputs = own_point(problem, 1000)
    with pytest.raises(NotCertified, match="it would take too long"):
        bound_rounding(inputs, "float64", find_operator("jacobian"), 0.001)


def test_a_result_that_overflows():
    problem = function(lambda x: 1 / x, x=1e-13)
    inputs = own_point(problem)
    fault = reference(inputs, find_operator("second_derivative"), dtype="float32").range_fault
    assert "a result is 2.00e+39" in fault
    assert reference(inputs, dtype="float32").range_fault == ""


# --- hand-derived formulas -----------------------------------------------------------------


class Paraboloid(calcbench.Problem):
    """x²y + y³, with its Hessian times 1 + `fault`."""

    fault = 0.0

    def inputs(self, size, rng):
        return {"x": [1.5, 0.5], "y": 2.0}

    def cost(self, xp, x, y):
        return xp.sum(x**2) * y + y**3

    def hessian(self, xp, x, y):
        two = 2.0 * y * np.eye(2)
        return {("x", "x"): two, ("y", "x"): 2 * x * (1 + self.fault), ("y", "y"): 6 * y}


class Times(calcbench.Problem):
    """The same by its product alone."""

    fault = 0.0

    inputs = Paraboloid.inputs
    cost = Paraboloid.cost

    def hvp(self, xp, v, x, y):
        cross = 2 * x * (1 + self.fault)
        return {"x": 2 * y * v["x"] + cross * v["y"], "y": xp.sum(cross * v["x"]) + 6 * y * v["y"]}


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
@pytest.mark.parametrize("kind", [Paraboloid, Times])
def test_a_wrong_formula_is_found(kind, operator):
    problem, operator = kind(), find_operator(operator)
    inputs = own_point(problem)
    inputs = operator.seed_point(inputs, np.random.default_rng(0))
    certificate = certify(inputs, "float64", operator)
    assert not np.any(formula_error(certificate))
    problem.fault = 1e-9
    assert np.any(np.abs(formula_error(certificate)) > formula_allowance(certificate))


def test_a_wrong_jacobian_is_found():
    class Wrong(Curve):
        def jacobian(self, xp, a, b, *, x, y):
            e = xp.exp(b[0] * x)
            return {"a": e, "b": xp.stack([a * x * e, 1.0 + 1e-9 * x], axis=1)}

    inputs = own_point(Wrong())
    certificate = certify(inputs, "float64", find_operator("jacobian"))
    error, allowed = formula_error(certificate), formula_allowance(certificate)
    wrong = np.flatnonzero(np.abs(error) > allowed)
    assert wrong.tolist() == [5, 8, 11]  # b[1], where x is not 0


def test_an_operator_without_a_formula():
    certificate = certify(own_point(Curve()), "float64", find_operator("jacobian"))
    with pytest.raises(NotCertified, match="no hand-derived formula gives the jacobian"):
        formula_error(certificate)


def test_a_block_that_is_missing():
    class Half(Paraboloid):
        def hessian(self, xp, x, y):
            return {("x", "x"): 2.0 * y * np.eye(2)}

    certificate = certify(own_point(Half()), "float64", find_operator("hessian"))
    with pytest.raises(ProblemError, match=r"Hessian .* lacks \('x', 'y'\)"):
        formula_error(certificate)


# --- pieces --------------------------------------------------------------------------------


def test_noise_of_the_gradient_has_the_form_of_the_gradient():
    problem = calcbench.problems()["quadratic_cost"]
    inputs = own_point(problem)
    noise = gradient_noise(inputs, "float64")
    assert {k: a.shape for k, a in noise.items()} == {n: inputs[n].shape for n in ("w", "b")}
    assert all(np.all((a > 0) & (a < 1e-12)) for a in noise.values())


def test_a_jet_compares_by_its_value():
    from flint import arb_mat

    one, other = (Jet(arb(1), arb_mat(1, 1, [arb(slope)])) for slope in (2, 3))
    assert one == other
    assert one < 2
    assert one > arb(0)
    assert not one.is_integer()


def test_a_number_may_be_taken_out_by_an_index_that_an_order_gave():
    @calcbench.problem(w=[0.3, -0.7, 0.5])
    def largest(xp, w):
        return w[xp.argmax(w)] ** 3

    found = reference(own_point(largest), find_operator("hessian"))
    (hessian,) = found.value.values()
    np.testing.assert_array_equal(hessian, np.diag([0.0, 0.0, 3.0]))
