"""Every operator of the backends that transform functions, and of one with a single primitive."""

import dataclasses
import functools
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest
from modes import compiles, modes, name_of, names, require, transforms
from truth import assert_right, certificate

import calcbench
from calcbench.backend.transforming import Transforming
from calcbench.backends.torch.derivatives import Torch
from calcbench.catalogue.door import default_problems
from calcbench.catalogue.selection import select_backends
from calcbench.operators import OPERATORS, find_operator
from calcbench.operators.function import Derived
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import DENSE, TRIDIAGONAL, Coordinates

MODES = [mode for mode in modes(transforms) if not compiles(mode)]

COMPILED = [mode for mode in modes(transforms) if compiles(mode)]

COMPILE = "torch[mode=compile]"

BRIEFLY = ("batch_regression", "fit", "rosenbrock")
"""The problems for modes that are compiled; in a bare `pytest` for all but the default modes."""

SAMPLE = [("batch_regression", "hvp"), ("fit", "pullback"), ("rosenbrock", "hessian")]
"""What a bare `pytest` compiles."""


# --- problems ------------------------------------------------------------------------------


class Rosenbrock(calcbench.Problem):
    """The chained Rosenbrock function, whose Hessian is tridiagonal."""

    def inputs(self, size, rng):
        return {"x": rng.uniform(-1, 1, 7)}

    def structure(self, inputs):
        return TRIDIAGONAL

    def cost(self, xp, x):
        return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


class DenseRosenbrock(Rosenbrock):
    """The same, with nothing said about its structure."""

    def structure(self, inputs):
        return DENSE


class Fit(calcbench.Problem):
    """Residuals of a damped exponential: more of them than parameters."""

    def inputs(self, size, rng):
        x = np.linspace(0, 2, 6)
        return {"a": 1.5, "b": [0.5, 2.0], "x": x, "y": np.exp(-x)}

    def outputs(self, inputs):
        return len(inputs["y"])

    def cost(self, xp, a, b, *, x, y):
        return a * xp.exp(-b[0] * x) + b[1] - y


class Wide(calcbench.Problem):
    """Two numbers of a matrix and of a vector: fewer of them than parameters."""

    def inputs(self, size, rng):
        return {"w": rng.uniform(-1, 1, (2, 3)), "v": rng.uniform(-1, 1, 3)}

    def outputs(self, inputs):
        return 2

    def cost(self, xp, w, v):
        return xp.matmul(xp.tanh(w), v**2)


class Factors(calcbench.Problem):
    """Numbers of no dimensions times constants, which then meet a matrix."""

    def inputs(self, size, rng):
        return {"t": 0.7, "w": [0.3, 1.2], "x": rng.uniform(0.5, 1.5, (3, 2))}

    def outputs(self, inputs):
        return len(inputs["x"])

    def cost(self, xp, t, w, *, x):
        return 0.1 * w[0] + xp.matmul(x, xp.stack([2.0 * t, xp.sin(1.0 * w[1]) / 3.0]))


class SumOfFactors(Factors):
    """The same, with a number as its value."""

    outputs = calcbench.Problem.outputs

    def cost(self, xp, t, w, *, x):
        return xp.sum(super().cost(xp, t, w, x=x) ** 2)


class Differences(calcbench.Problem):
    """Squared differences of neighbours: a Jacobian of two diagonals."""

    def inputs(self, size, rng):
        return {"x": rng.uniform(-1, 1, 6)}

    def outputs(self, inputs):
        return len(inputs["x"]) - 1

    def structure(self, inputs):
        rows = np.arange(len(inputs["x"]) - 1)
        return Coordinates(np.concatenate([rows, rows]), np.concatenate([rows, rows + 1]))

    def cost(self, xp, x):
        return (x[1:] - x[:-1]) ** 2


class Vocabulary(calcbench.Problem):
    """Loops, gathers, branches, extrema and linear algebra in one cost."""

    def inputs(self, size, rng):
        return {
            "w": rng.uniform(0.5, 1.5, 3),
            "k": 0.7,
            "half": 2 * np.eye(3) + rng.uniform(-0.5, 0.5, (3, 3)),
            "order": np.array([2, 0, 0]),
        }

    def cost(self, xp, w, k, *, half, order):
        a = xp.matmul(half, xp.matrix_transpose(half))
        gathered = xp.take(w, order)
        rows = a * w
        picked = xp.take_along_axis(rows, order[:, None], axis=1)
        loop = xp.iterate(lambda s: k * xp.sin(s) + 0.1 * s, w, 3)
        solved = xp.linalg.solve(a + k * xp.matmul(w[:, None], w[None, :]), gathered)
        branch = xp.where(w > 1, w**3, w**2)
        peaks = xp.max(rows, axis=1) * xp.maximum(k, w)
        return (
            xp.sum(loop * solved)
            + xp.sum(picked) ** 2
            + xp.sum(branch * peaks)
            + xp.logsumexp(w * k)
            + xp.sum(xp.linalg.cholesky(a + k**2 * a)[:, 0])
        )


ANYWHERE = (Rosenbrock(), Fit(), Wide(), Differences(), Vocabulary())

OWN = {p.name: p for p in (*ANYWHERE, Factors(), SumOfFactors())}

SCALAR = ("batch_regression", "quadratic_cost", "softmax_cross_entropy", "damped_wave", "square")

PROBLEMS = (*SCALAR, *(p.name for p in ANYWHERE))

VECTOR = ("fit", "wide", "differences")


@functools.cache
def problem(name):
    return OWN.get(name) or calcbench.problems()[name]


@functools.cache
def where(name):
    return points_for(own_point(problem(name)))


def operators(name):
    """The operators that there are for a problem."""
    if name == "vocabulary":
        return ("pushforward", "hvp", "hessian")  # it takes seconds to compile each
    if name in VECTOR:
        return ("cost", "partial", "pushforward", "pullback", "jacobian")
    one = ("second_derivative",) if name in ("square", "power_rule") else ()
    without = ("jacobian", "second_derivative")
    return (*(operator for operator in OPERATORS if operator not in without), *one)


def cases(selectors, problems=PROBLEMS):
    return [
        pytest.param(
            name,
            selector,
            operator,
            marks=[pytest.mark.full] if is_long(name, selector, operator) else [],
            id=f"{name}-{selector}-{operator}",
        )
        for name in problems
        for selector in selectors
        for operator in operators(name)
    ]


def is_long(name, selector, operator):
    if compiles(selector):
        return (name, operator) not in SAMPLE
    return selector != name_of(selector) and name not in BRIEFLY


# --- running an operator -------------------------------------------------------------------


def backend_of(selector, dtype="float64"):
    if isinstance(selector, calcbench.Backend):
        return selector
    (backend,) = select_backends([selector], dtype=dtype)
    return backend


def seeded(operator, point, seed):
    return operator.seed_point(point, np.random.default_rng(seed))


def prepared_elsewhere(problem, selector, operator, at, dtype="float64"):
    """The operator at one point and direction, of a preparation at others; and its method."""
    at = dataclasses.replace(at, problem=problem)
    settled = find_operator(operator).resolve(at)
    other = at.with_values({name: array * 0.9 + 0.05 for name, array in at.parameters.items()})
    prepared = backend_of(selector, dtype).prepare(seeded(settled, other, 1), settled)
    inputs = seeded(settled, at, 2)
    before = {name: array.copy() for name, array in inputs.values.items()}
    native = prepared.load(inputs)
    once = prepared.unload(prepared.run(native))
    again = prepared.unload(prepared.run(native))
    for name, array in inputs.values.items():
        np.testing.assert_array_equal(array, before[name])
    layout = settled.layout(at)
    assert {name: array.shape for name, array in once.items()} == layout.shapes
    assert {str(array.dtype) for array in once.values()} == {dtype}
    for name, array in once.items():
        np.testing.assert_array_equal(array, again[name])
    return once, prepared.method


@functools.cache
def expected(name, operator, point="random-1", dtype="float64"):
    """The certificate of what `found` gives there."""
    at = where(name)[point]
    settled = find_operator(operator).resolve(at)
    return certificate(seeded(settled, at, 2), settled, dtype)


def found(selector, problem, operator, at, dtype="float64"):
    return prepared_elsewhere(problem, selector, operator, at, dtype)[0]


def flat(result):
    return np.concatenate([np.ravel(array) for array in result.values()])


# --- every backend, mode and operator ------------------------------------------------------


@pytest.mark.few(45)
@pytest.mark.parametrize(
    ("name", "selector", "operator"),
    [
        *cases(MODES),
        *cases(COMPILED, BRIEFLY),
    ],
)
def test_operator(name, selector, operator):
    at = where(name)["random-1"]
    if selector == COMPILE:
        compiled_in_one_piece()  # forgets what others compiled
    assert_right(found(selector, problem(name), operator, at), expected(name, operator))
    if selector == COMPILE:
        assert compiled_in_one_piece()


def compiled_in_one_piece():
    """torch.compile runs what it cannot trace uncompiled, without a word; this asks it."""
    require("torch")
    import torch

    counters = torch._dynamo.utils.counters
    whole = counters["stats"]["unique_graphs"] == 1 and not counters["graph_break"]
    counters.clear()
    return whole


def takes_minutes(selector, name):
    """Nested dual numbers in plain Python run the cost once for each of 900 entries."""
    return selector == "dual" and calcbench.problems().cards[name].theme == "real_data"


@pytest.mark.few(40, more=12)
@pytest.mark.parametrize("number", [0, 1], ids=["product", "matrix"])
@pytest.mark.parametrize(
    ("name", "selector"),
    [
        (name, selector)
        for name in default_problems()
        for selector in names(transforms)
        if not takes_minutes(selector, name)
    ],
)
def test_every_problem(name, selector, number):
    """The Hessian-vector product and the Hessian; of a vector-valued one, those of its Jacobian."""
    vector = problem(name).vector_valued
    operator = (("hvp", "hessian"), ("pullback", "jacobian"))[vector][number]
    result = found(selector, problem(name), operator, where(name)["own"])
    assert_right(result, expected(name, operator, "own"))


@pytest.mark.few(20)
@pytest.mark.parametrize("selector", MODES)
@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("batch_regression", "value_and_gradient"),
        ("batch_regression", "partial"),
        ("batch_regression", "hvp"),
        ("batch_regression", "hessian"),
        ("fit", "pullback"),
        ("fit", "jacobian"),
        ("rosenbrock", "hessian"),
    ],
)
def test_float32(name, selector, operator):
    at = where(name)["random-1"]
    result = found(selector, problem(name), operator, at, "float32")
    assert_right(result, expected(name, operator, dtype="float32"))


@pytest.mark.parametrize(
    "selector",
    [
        *(mode for mode in MODES if mode.startswith("torch")),
        pytest.param(COMPILE, marks=pytest.mark.full),
    ],
)
@pytest.mark.parametrize(
    ("name", "operator"),
    [
        *(
            (name, operator)
            for name in ("cylinder_volume", "sum_of_factors")
            for operator in ("pushforward", "partial", "hvp", "hessian")
        ),
        *(("factors", operator) for operator in ("pushforward", "partial", "jacobian")),
        ("wide", "jacobian"),
        ("differences", "jacobian"),
    ],
)
def test_float32_of_numbers_times_constants(name, selector, operator):
    """torch.func.jvp makes float64 of 2.0*t, for a float32 t of no dimensions."""
    at = where(name)["random-1"]
    if selector == COMPILE:
        compiled_in_one_piece()  # forgets what others compiled
    result = found(selector, problem(name), operator, at, "float32")
    assert_right(result, expected(name, operator, dtype="float32"))
    if selector == COMPILE:
        assert compiled_in_one_piece()


# --- identities ----------------------------------------------------------------------------


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "selector",
    [
        mode if mode == name_of(mode) else pytest.param(mode, marks=pytest.mark.full)
        for mode in MODES
    ],
)
@pytest.mark.parametrize("name", ["softmax_cross_entropy", "vocabulary"])
def test_hessian_is_symmetric_and_gives_the_hvp(name, selector):
    at = where(name)["random-2"]
    hessian = found(selector, problem(name), "hessian", at)["hessian"]
    bound = np.reshape(expected(name, "hessian", "random-2").bound, hessian.shape)
    assert np.all(np.abs(hessian - hessian.T) <= bound + bound.T)
    vector = seeded(find_operator("hvp"), at, 2).seed_vector
    product = flat(found(selector, problem(name), "hvp", at))
    rounding = len(vector) * np.finfo(float).eps * np.abs(hessian)
    allowed = expected(name, "hvp", "random-2").bound + (bound + rounding) @ np.abs(vector)
    assert np.all(np.abs(hessian @ vector - product) <= allowed)


@pytest.mark.few(8)
@pytest.mark.parametrize("selector", MODES)
@pytest.mark.parametrize("name", VECTOR)
def test_pullback_is_the_adjoint_of_the_pushforward(name, selector):
    """u·(J v) = (Jᵀu)·v, up to what each side may be off by."""
    at = where(name)["random-2"]
    v = seeded(find_operator("pushforward"), at, 2).seed_vector
    u = seeded(find_operator("pullback"), at, 2).seed_vector
    forward = found(selector, problem(name), "pushforward", at)["C"]
    reverse = flat(found(selector, problem(name), "pullback", at))
    allowed = sum(
        np.abs(other) @ (expected(name, op, "random-2").bound + 16 * np.spacing(np.abs(side)))
        for op, side, other in (("pushforward", forward, u), ("pullback", reverse, v))
    )
    assert abs(u @ forward - reverse @ v) <= allowed


@pytest.mark.few(2)
@pytest.mark.parametrize("selector", MODES)
def test_a_sparse_hessian_is_the_dense_one(selector):
    at = where("rosenbrock")["random-1"]
    stored, method = prepared_elsewhere(Rosenbrock(), selector, "hessian", at)
    dense = found(selector, DenseRosenbrock(), "hessian", at)["hessian"]
    row, column = TRIDIAGONAL.pattern(7, 7)
    assert_right(stored, expected("rosenbrock", "hessian"))
    assert_right({"hessian": dense[row, column]}, expected("rosenbrock", "hessian"))
    assert np.count_nonzero(dense) == len(row)
    assert method.endswith("3 colours")


class Paired(calcbench.Problem):
    """A cost of pairs of numbers that it looks up, one of them again and again."""

    def inputs(self, size, rng):
        one, other = np.array([[2, 3, 3, 3], [2, 0, 1, 3]])
        return {"x": [1.1, 1.2, 0.7, 0.6], "one": one, "other": other}

    def structure(self, inputs):
        one, other = inputs["one"], inputs["other"]
        return Coordinates([*one, *other, *one, *other], [*other, *one, *one, *other])

    def cost(self, xp, x, *, one, other):
        return xp.sum(self.terms(xp, x, one, other))

    def terms(self, xp, x, one, other):
        return xp.sin(xp.take(x, one) * xp.take(x, other))


class DensePaired(Paired):
    """The same, and nothing is said about its second derivatives."""

    def structure(self, inputs):
        return DENSE


class Indexed(DensePaired):
    """The same, in torch's own way of looking up."""

    def terms(self, xp, x, one, other):
        return xp.sin(x[one] * x[other])


class PairedTerms(DensePaired):
    """Its terms, not added up."""

    def outputs(self, inputs):
        return 4

    def cost(self, xp, x, *, one, other):
        return self.terms(xp, x, one, other)


@pytest.mark.full
def test_a_compiled_batch_of_look_ups():
    """PyTorch's index_select has a wrong derivative there: all of a batch read the same sum."""
    at = own_point(PairedTerms())
    compiled = found(COMPILE, PairedTerms(), "jacobian", at)["jacobian"]
    right = found("autograd", PairedTerms(), "jacobian", at)["jacobian"]
    np.testing.assert_allclose(compiled, right, rtol=1e-14)


@pytest.mark.full
def test_compiled_second_derivatives_of_look_ups():
    at = own_point(Paired())
    right = found("autograd", DensePaired(), "hessian", own_point(DensePaired()))["hessian"]
    stored = found(COMPILE, Paired(), "hessian", at)["hessian"]
    np.testing.assert_allclose(stored, right[at.pattern(2)], rtol=1e-13, atol=1e-14)
    for kind in (DensePaired, Indexed):
        dense = found(COMPILE, kind(), "hessian", own_point(kind()))["hessian"]
        np.testing.assert_allclose(dense, right, rtol=1e-13, atol=1e-14)


# --- what frameworks refuse or leave out ---------------------------------------------------


class Linear(calcbench.Problem):
    """A cost that its data decide: zero second derivatives."""

    def inputs(self, size, rng):
        return {"a": 2.0, "w": [1.0, 2.0], "x": [3.0, 4.0]}

    def cost(self, xp, a, w, *, x):
        return 5 * a + xp.sum(w * x)


class Unused(calcbench.Problem):
    """A cost that one parameter has no part in."""

    def inputs(self, size, rng):
        return {"a": 2.0, "unused": [1.0, 2.0]}

    def cost(self, xp, a, unused):
        return xp.sin(a)


class Constant(calcbench.Problem):
    """A cost that no parameter has part in."""

    def inputs(self, size, rng):
        return {"a": 2.0, "w": [1.0, 2.0]}

    def cost(self, xp, a, w):
        return 0.1


class Partly(calcbench.Problem):
    """A vector with a constant, and a parameter that nothing depends on."""

    def inputs(self, size, rng):
        return {"a": 2.0, "unused": [1.0]}

    def outputs(self, inputs):
        return 4

    def cost(self, xp, a, unused):
        return xp.stack([a, 3.0, a**2, 1.0])


class ConstantAtZero(calcbench.Problem):
    """The sum of x², found by a loop from 0, which does not run where x is 0."""

    def inputs(self, size, rng):
        return {"x": [0.0, 0.0]}

    def cost(self, xp, x):
        def far(y):
            return xp.sum((y - x) ** 2) > 1e-8

        return xp.sum(xp.while_loop(far, lambda y: y - 0.8 * (y - x), xp.zeros(2), 200) ** 2)


@pytest.mark.few(4)
@pytest.mark.parametrize("selector", MODES)
def test_prepared_where_the_cost_is_constant_and_called_elsewhere(selector):
    """Whether a cost depends on its parameters is asked at every call, also of torch's tape."""
    (backend,) = select_backends([selector])
    zero = own_point(ConstantAtZero())
    other = zero.with_values({"x": np.array([0.3, -0.7])})
    for prepared, called in ((zero, other), (other, zero)):
        for operator in ("cost", "gradient"):
            there = backend.prepare(prepared, operator).evaluate(called)
            here = backend.prepare(called, operator).evaluate(called)
            (name,) = here
            assert there[name] == pytest.approx(here[name], rel=1e-12, abs=0)
    gradient = backend.prepare(zero, "gradient").evaluate(other)["x"]
    assert gradient == pytest.approx([0.6, -1.4], rel=1e-3)


@pytest.mark.few(12)
@pytest.mark.parametrize("selector", MODES)
@pytest.mark.parametrize("kind", [Linear, Unused, Constant, Partly])
def test_zeros(kind, selector):
    own = own_point(kind())
    wanted = {
        Linear: {"gradient": [5, 3, 4], "hvp": [0, 0, 0], "hessian": [0] * 9},
        Unused: {
            "gradient": [np.cos(2), 0, 0],
            "hvp": None,
            "hessian": [-np.sin(2)] + [0] * 8,
            "partial[unused[1]]": [0],
        },
        Constant: {
            "cost": [0.1],
            "gradient": [0, 0, 0],
            "value_and_gradient": [0.1, 0, 0, 0],
            "pushforward": [0],
            "pullback": [0, 0, 0],
            "hvp": [0, 0, 0],
            "hessian": [0] * 9,
            "partial[w[1]]": [0],
        },
        Partly: {
            "cost": [2, 3, 4, 1],
            "jacobian": [1, 0, 0, 0, 4, 0, 0, 0],
            "partial[a]": [1, 0, 4, 0],
            "partial[unused[0]]": [0, 0, 0, 0],
        },
    }[kind]
    for operator, numbers in wanted.items():
        if numbers is None:
            along = seeded(find_operator("hvp"), own, 2).seed
            assert "unused" in along
            numbers = [-np.sin(2) * along["a"], 0, 0]
        result = flat(found(selector, kind(), operator, own))
        np.testing.assert_allclose(result, numbers, rtol=1e-14, atol=0)


# --- one primitive is enough ---------------------------------------------------------------


@dataclass(frozen=True)
class Minimal(Transforming):
    """Arrays and a function call, over torch.func; subclasses state one primitive."""

    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "exact"
    requires: ClassVar[tuple[str, ...]] = ("torch",)

    def namespace(self):
        return Torch().namespace()

    def convert(self, array):
        return Torch().convert(array)

    def finish(self, function, native):
        return lambda native: function(*native), None


@dataclass(frozen=True)
class ReverseOnly(Minimal):
    """What a new reverse-mode backend has to state."""

    name: ClassVar[str] = "reverse_only"

    def pullback(self, function):
        def pull(parameters, data, cotangent):
            vjp = self.framework().func.vjp(lambda *p: function.apply(p, data), *parameters)[1]
            return vjp(cotangent)

        return Derived(pull, "reverse")


@dataclass(frozen=True)
class ForwardOnly(Minimal):
    """What a new forward-mode backend has to state."""

    name: ClassVar[str] = "forward_only"

    def pushforward(self, function):
        def push(parameters, data, along):
            return self.framework().func.jvp(lambda *p: function.apply(p, data), parameters, along)[
                1
            ]

        return Derived(push, "forward")


@dataclass(frozen=True)
class NoPrimitive(Minimal):
    """A backend that states nothing."""

    name: ClassVar[str] = "no_primitive"


MINIMAL = {kind.name: kind() for kind in (ReverseOnly, ForwardOnly)}


@pytest.mark.parametrize(
    ("name", "selector", "operator"),
    cases(MINIMAL, ("quadratic_cost", "square", "fit", "wide", "rosenbrock", "differences")),
)
def test_one_primitive_gives(name, selector, operator):
    at = where(name)["random-1"]
    assert_right(found(MINIMAL[selector], problem(name), operator, at), expected(name, operator))


@pytest.mark.parametrize("operator", [op for op in OPERATORS if op != "cost"])
def test_no_primitive_gives_nothing(operator):
    name = {"jacobian": "fit", "second_derivative": "square"}.get(operator, "batch_regression")
    with pytest.raises(calcbench.Unsupported, match="neither a pullback nor a pushforward"):
        found(NoPrimitive(), problem(name), operator, where(name)["own"])


METHODS = {
    "reverse_only": {
        "gradient": "reverse",
        "pushforward": "reverse, transposed",
        "hvp": "reverse over reverse",
        "gradient_and_hvp": "reverse over reverse, and the gradient",
        "hessian": "reverse over reverse, column by column",
    },
    "forward_only": {
        "gradient": "forward, component by component",
        "partial": "forward",
        "hvp": "forward over forward, component by component",
    },
    "torch": {
        "gradient": "reverse",
        "value_and_gradient": "reverse, one sweep",
        "partial": "forward",
        "pushforward": "forward",
        "hvp": "reverse over reverse",
        "gradient_and_hvp": "reverse over reverse, one sweep",
        "hessian": "reverse over reverse, rows at once",
    },
    "torch[mode=func]": {
        "gradient": "reverse",
        "hvp": "reverse over reverse",
        "gradient_and_hvp": "reverse over reverse, one sweep",
    },
    "tensorflow": {
        "gradient": "reverse",
        "partial": "forward",
        "hvp": "reverse over reverse",
        "gradient_and_hvp": "reverse over reverse, one sweep",
        "hessian": "reverse over reverse, rows one by one",
    },
    "jax": {
        "gradient": "reverse",
        "hvp": "forward over reverse",
        "gradient_and_hvp": "forward over reverse, one sweep",
    },
}


@pytest.mark.parametrize("selector", METHODS)
def test_method(selector):
    line, at = problem("batch_regression"), where("batch_regression")["own"]
    backend = MINIMAL.get(selector, selector)
    methods = {op: prepared_elsewhere(line, backend, op, at)[1] for op in METHODS[selector]}
    assert methods == METHODS[selector]


@pytest.mark.parametrize("selector", ["torch", "torch[mode=func]", "tensorflow"])
def test_the_shorter_side_of_a_jacobian_is_taken(selector):
    methods = [
        prepared_elsewhere(problem(name), selector, "jacobian", where(name)["own"])[1]
        for name in ("fit", "wide")
    ]
    assert ["columns" in method for method in methods] == [True, False]


@pytest.mark.full
def test_compiled_again_and_again():
    """After eight versions of one function, torch.compile runs the next one uncompiled."""
    for _ in range(9):
        compiled_in_one_piece()
        found(COMPILE, problem("square"), "gradient", where("square")["own"])
        assert compiled_in_one_piece()
