"""Every operator of the backends that compute with NumPy: formulas, symbols and differences."""

import functools

import numpy as np
import pytest
from modes import is_exact, modes, name_of, names, transforms
from truth import assert_right, certificate

import calcbench
from calcbench.backend.from_terms import prepare_from_terms
from calcbench.catalogue.selection import select_backends
from calcbench.operators import OPERATORS, find_operator
from calcbench.operators.operator import highest_order
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import DENSE, TRIDIAGONAL, Banded

EXACT = 1e-12
"""Relative to the largest number of the result."""

CENTRAL, FORWARD, COMPLEX = (
    f"finite_difference{scheme}" for scheme in ("", "[scheme=forward]", "[scheme=complex]")
)

BACKENDS = modes(lambda backend: not transforms(backend))

DIFFERENCES = [mode for mode in BACKENDS if name_of(mode) not in names(is_exact)]


class Fit(calcbench.Problem):
    """Residuals of an exponential: rᵢ = a·exp(b₀·xᵢ) + b₁ − yᵢ."""

    def inputs(self, size, rng):
        return {"a": 1.0, "b": [0.5, 2.0], "x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0, 4.0]}

    def outputs(self, inputs):
        return len(inputs["y"])

    def cost(self, xp, a, b, *, x, y):
        return a * xp.exp(b[0] * x) + b[1] - y

    def jacobian(self, xp, a, b, *, x, y):
        growth = xp.exp(b[0] * x)
        return {"a": growth, "b": xp.stack([a * x * growth, 1.0 + 0.0 * x], axis=1)}


class Chain(calcbench.Problem):
    """The chained Rosenbrock function: Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²."""

    def inputs(self, size, rng):
        return {"x": [-1.2, 1.0, 0.5, -0.7, 1.3, 0.2]}

    def structure(self, inputs):
        return TRIDIAGONAL

    def cost(self, xp, x):
        return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    def gradient(self, xp, x):
        first, none = x[1:] - x[:-1] ** 2, 0.0 * x[:1]
        before = xp.concat([-400.0 * x[:-1] * first - 2.0 * (1.0 - x[:-1]), none])
        return {"x": before + xp.concat([none, 200.0 * first])}

    def hvp(self, xp, direction, x):
        v, none = direction["x"], 0.0 * x[:1]
        diagonal = (1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0) * v[:-1] - 400.0 * x[:-1] * v[1:]
        below = 200.0 * v[1:] - 400.0 * x[:-1] * v[:-1]
        return {"x": xp.concat([diagonal, none]) + xp.concat([none, below])}


class Bare(Chain):
    """The same cost, and nothing derived by hand."""

    gradient = calcbench.Problem.gradient
    hvp = calcbench.Problem.hvp


class Steps(calcbench.Problem):
    """Products of neighbours, xᵢ·xᵢ₊₁: a Jacobian of two diagonals, and no square."""

    def inputs(self, size, rng):
        return {"x": [-1.2, 1.0, 0.5, -0.7, 1.3]}

    def outputs(self, inputs):
        return len(inputs["x"]) - 1

    def structure(self, inputs):
        return Banded(1)

    def cost(self, xp, x):
        return x[1:] * x[:-1]


class Basin(calcbench.Problem):
    """A number and a vector: C(a, w) = a²·w₀ + a·w₀·w₁ + e^w₁."""

    def inputs(self, size, rng):
        return {"a": 0.7, "w": [1.5, -0.4]}

    def cost(self, xp, a, w):
        return a**2 * w[0] + a * w[0] * w[1] + xp.exp(w[1])

    def gradient(self, xp, a, w):
        return {
            "a": 2.0 * a * w[0] + w[0] * w[1],
            "w": xp.stack([a**2 + a * w[1], a * w[0] + xp.exp(w[1])]),
        }

    def hessian(self, xp, a, w):
        none = 0.0 * a
        return {
            ("a", "a"): 2.0 * w[0],
            ("w", "a"): xp.stack([2.0 * a + w[1], w[0]]),
            ("w", "w"): xp.stack([xp.stack([none, a]), xp.stack([a, xp.exp(w[1])])]),
        }


OWN = {p.name: p for p in (Fit(), Chain(), Bare(), Steps(), Basin())}
PROBLEMS = (
    "batch_regression",
    "square",
    "quadratic_cost",
    "softmax_cross_entropy",
    "damped_wave",
    *OWN,
)


def problem(name):
    return OWN.get(name) or calcbench.problems()[name]


@functools.cache
def where(name, operator):
    """The settled operator, and the points with its direction or cotangent."""
    own = own_point(problem(name))
    settled = find_operator(operator).resolve(own)
    rng = np.random.default_rng(3)
    found = points_for(own)
    return settled, {point: settled.seed_point(found[point], rng) for point in ("own", "random-1")}


def ready(name, selector, operator):
    """The backend, and the prepared operator."""
    (backend,) = select_backends([selector])
    settled, at = where(name, operator)
    return backend, backend.prepare(at["own"], settled)


def run(prepared, inputs):
    return prepared.evaluate(inputs)


def flat(result):
    return np.concatenate([np.ravel(part) for part in result.values()])


def dense(name, operator, entries):
    """The matrix of stored entries."""
    settled, at = where(name, operator)
    order = highest_order(settled.terms(at["own"]))
    matrix = np.zeros(at["own"].extent(order))
    matrix[at["own"].pattern(order)] = np.ravel(entries)
    return matrix


@functools.cache
def truth(name, operator):
    settled, at = where(name, operator)
    return {point: certificate(inputs, settled) for point, inputs in at.items()}


def applies(name, operator):
    try:
        where(name, operator)
    except calcbench.Unsupported:
        return False
    return True


def derived(name, selector, operator):
    """Whether the problem has what the backend needs."""
    if selector != "by_hand" or operator == "cost":
        return True
    chosen = problem(name)
    settled, at = where(name, operator)
    if highest_order(settled.terms(at["own"])) == 2:
        return chosen.derives("hessian") or chosen.derives("hvp")
    return chosen.derives("jacobian" if chosen.vector_valued else "gradient")


CELLS = [
    pytest.param(name, selector, operator, id=f"{name}-{selector}-{operator}")
    for name in PROBLEMS
    for operator in OPERATORS
    if applies(name, operator)
    for selector in BACKENDS
    if derived(name, selector, operator)
]


@pytest.mark.few(100, more=110)
@pytest.mark.parametrize(("name", "selector", "operator"), CELLS)
def test_operator(name, selector, operator):
    backend, prepared = ready(name, selector, operator)
    settled, at = where(name, operator)
    shapes = settled.layout(at["own"]).shapes
    for point, inputs in at.items():
        kept = {key: array.copy() for key, array in inputs.values.items()}
        result = run(prepared, inputs)
        assert {key: part.shape for key, part in result.items()} == shapes
        assert {part.dtype for part in result.values()} == {np.dtype(np.float64)}
        assert all(np.array_equal(inputs[key], kept[key]) for key in kept)
        bound = backend.error_bound(inputs, settled)
        assert_right(result, truth(name, operator)[point], bound)
        if bound is not None:
            assert {key: np.shape(part) for key, part in bound.items()} == shapes


@pytest.mark.parametrize("selector", BACKENDS)
@pytest.mark.parametrize("name", ["quadratic_cost", "chain", "bare", "basin"])
def test_hessian_is_symmetric_and_gives_its_products(name, selector):
    if not derived(name, selector, "hvp"):
        pytest.skip("nothing derived by hand")
    _, products = ready(name, selector, "hvp")
    _, whole = ready(name, selector, "hessian")
    inputs = where(name, "hvp")[1]["random-1"]
    hessian = dense(name, "hessian", run(whole, inputs)["hessian"])
    along = inputs.seed_vector
    close = {"rtol": 0, "atol": tolerance(selector) * np.max(np.abs(hessian))}
    np.testing.assert_allclose(flat(run(products, inputs)), hessian @ along, **close)
    np.testing.assert_allclose(hessian, hessian.T, **close)


@pytest.mark.parametrize("selector", BACKENDS)
@pytest.mark.parametrize("name", ["fit", "steps", "damped_wave"])
def test_pushforward_and_pullback_are_adjoint(name, selector):
    """u·(J v) = (Jᵀu)·v."""
    if not derived(name, selector, "pushforward"):
        pytest.skip("nothing derived by hand")
    _, push = ready(name, selector, "pushforward")
    _, pull = ready(name, selector, "pullback")
    along, against = where(name, "pushforward")[1]["own"], where(name, "pullback")[1]["own"]
    one = np.sum(against.seed["C"] * run(push, along)["C"])
    other = flat(run(pull, against)) @ along.seed_vector
    assert one == pytest.approx(other, abs=10 * tolerance(selector))


def tolerance(selector):
    """What second differences of a cost keep, or exact methods."""
    exact = selector not in DIFFERENCES
    return EXACT if exact else 1e-3 if "forward" in selector else 1e-5


@pytest.mark.parametrize(
    ("name", "selector", "operator", "method"),
    [
        ("chain", "by_hand", "gradient", "hand-derived formula"),
        ("chain", "by_hand", "hvp", "hand-derived Hessian-vector product"),
        ("chain", "by_hand", "hessian", "hand-derived Hessian-vector product, 3 colours"),
        ("basin", "by_hand", "hessian", "hand-derived formula"),
        ("basin", "by_hand", "hvp", "hand-derived Hessian, times the direction"),
        (
            "basin",
            "by_hand",
            "gradient_and_hvp",
            "hand-derived Hessian, times the direction, and the gradient by hand-derived formula",
        ),
        ("fit", "by_hand", "partial", "hand-derived formula, one column of the Jacobian"),
        ("chain", "sympy", "hessian", "symbolic"),
        ("chain", CENTRAL, "gradient", "central differences of the cost"),
        ("chain", CENTRAL, "hvp", "central differences of the hand-derived gradient"),
        (
            "chain",
            CENTRAL,
            "hessian",
            "central differences of the hand-derived gradient, 3 colours",
        ),
        ("bare", CENTRAL, "hvp", "second central differences of the cost"),
        ("bare", FORWARD, "hvp", "second forward differences of the cost"),
        ("bare", COMPLEX, "hvp", "central differences of the complex-step gradient"),
        ("chain", COMPLEX, "hvp", "complex steps of the hand-derived gradient"),
    ],
)
def test_method_is_told(name, selector, operator, method):
    assert ready(name, selector, operator)[1].method == method


# --- the timed call multiplies -------------------------------------------------------------


class Blocks(calcbench.Problem):
    """Parameters of three shapes, end to end, and a matrix that is given."""

    shapes = {"a": (), "w": (3,), "W": (2, 2)}

    def __init__(self, declared, rows=8):
        matrix = np.random.default_rng(5).normal(size=(rows, 8))
        self.matrix = matrix + matrix.T if rows == 8 else matrix
        if declared.sparse:
            kept = np.zeros_like(self.matrix)
            kept[declared.pattern(rows, 8)] = self.matrix[declared.pattern(rows, 8)]
            self.matrix = kept
        self.declared = declared

    def inputs(self, size, rng):
        given = {name: rng.normal(size=shape) for name, shape in self.shapes.items()}
        return {"a": given["a"], "w": given["w"], "W": given["W"], "M": self.matrix}

    def structure(self, inputs):
        return self.declared

    def places(self, name):
        start = {"a": 0, "w": 1, "W": 4}[name]
        return slice(start, start + int(np.prod(self.shapes[name])))

    def joined(self, xp, a, w, W):
        return xp.concat([xp.reshape(a, (1,)), w, xp.reshape(W, (4,))])


class Bilinear(Blocks):
    """½·xᵀMx."""

    def cost(self, xp, a, w, W, *, M):
        x = self.joined(xp, a, w, W)
        return 0.5 * xp.sum(x * xp.matmul(M, x))

    def gradient(self, xp, a, w, W, *, M):
        slopes = xp.matmul(M, self.joined(xp, a, w, W))
        return {n: xp.reshape(slopes[self.places(n)], s) for n, s in self.shapes.items()}

    def hessian(self, xp, a, w, W, *, M):
        pairs = [("a", "a"), ("w", "a"), ("a", "W"), ("w", "w"), ("w", "W"), ("W", "W")]
        return {
            (n, m): xp.reshape(
                M[self.places(n), self.places(m)], (*self.shapes[n], *self.shapes[m])
            )
            for n, m in pairs
        }


class Linear(Blocks):
    """M·x, of five outputs."""

    def __init__(self, declared):
        super().__init__(declared, rows=5)

    def outputs(self, inputs):
        return 5

    def cost(self, xp, a, w, W, *, M):
        return xp.matmul(M, self.joined(xp, a, w, W))

    def jacobian(self, xp, a, w, W, *, M):
        return {n: xp.reshape(M[:, self.places(n)], (5, *s)) for n, s in self.shapes.items()}


SLOPES = ("pushforward", "pullback")
PRODUCTS = [
    (kind, operator, own, declared, dtype)
    for kind, operators in ((Bilinear, ("hvp", *SLOPES)), (Linear, SLOPES))
    for operator in operators
    for own in (True, False)
    if own or operator != "hvp"
    for declared in (DENSE, TRIDIAGONAL)
    for dtype in ("float64", "float32")
]


@pytest.mark.parametrize(("kind", "operator", "own", "declared", "dtype"), PRODUCTS)
def test_the_timed_call_multiplies(kind, operator, own, declared, dtype):
    """What `run` gives is the product already, and `unload` names and copies it.

    By the backend's own way, and by what any backend with a gradient or a Jacobian falls back on.
    """
    chosen, (by_hand,) = kind(declared), select_backends([f"by_hand[dtype={dtype}]"])
    at = own_point(chosen)
    settled = find_operator(operator).resolve(at)
    inputs = settled.seed_point(at, np.random.default_rng(1))
    kept = {name: array.copy() for name, array in inputs.values.items()}
    prepared = (
        by_hand.prepare(inputs, settled) if own else prepare_from_terms(by_hand, settled, inputs)
    )
    point, seed = prepared.load(inputs)
    twice = prepared.seed(inputs.with_seed({n: 2.0 * part for n, part in inputs.seed.items()}))
    once, doubled = prepared.run((point, seed)), prepared.run((point, twice))
    np.testing.assert_array_equal(numbers(doubled), 2.0 * numbers(once))
    result = prepared.unload(once)
    np.testing.assert_array_equal(flat(result), numbers(once))
    assert all(type(part) is np.ndarray for part in result.values())
    assert {part.dtype for part in result.values()} == {np.dtype(dtype)}
    layout = settled.layout(at)
    assert {key: part.shape for key, part in result.items()} == layout.shapes

    along = inputs.seed_vector
    matrix = inputs["M"]
    if kind is Bilinear and operator != "hvp":
        x = np.concatenate([np.ravel(inputs[name]) for name in chosen.parameters])
        matrix = (matrix @ x)[None]
    product = along @ matrix if operator == "pullback" else matrix @ along
    rounding = 1e-4 if dtype == "float32" else EXACT
    assert flat(result) == pytest.approx(product, rel=0, abs=rounding)

    for part in result.values():
        part[...] = np.nan
    np.testing.assert_array_equal(flat(prepared.unload(once)), numbers(once))
    assert all(np.array_equal(inputs[name], kept[name]) for name in kept)


def numbers(native):
    """All numbers of a native result: one array, a list of them or a dict."""
    if isinstance(native, dict):
        native = native.values()
    elif not isinstance(native, list):
        native = [native]
    return np.concatenate([np.ravel(part) for part in native])


@pytest.mark.parametrize("declared", [DENSE, TRIDIAGONAL])
@pytest.mark.parametrize("component", ["a", "w[1]", "W[1, 0]"])
def test_a_column_of_the_jacobian_is_picked(declared, component):
    """The other columns do not come in, infinite though they may be."""
    chosen = Linear(declared)
    inputs = own_point(chosen)
    (by_hand,) = select_backends(["by_hand[dtype=float32]"])
    operator = find_operator(f"partial[{component}]").resolve(inputs)
    prepared = by_hand.prepare(inputs, operator)
    inputs["M"][1, 1] = np.inf
    found = run(prepared, inputs)["C"]
    column = {"a": 0, "w[1]": 2, "W[1, 0]": 6}[component]
    np.testing.assert_array_equal(found, inputs["M"][:, column].astype(np.float32))


@pytest.mark.parametrize("formula", ["gradient", "hessian", "jacobian", "hvp"])
def test_hand_derived_formulas_are_proved(formula):
    (symbolic,) = select_backends(["sympy"])
    chosen = {"jacobian": Fit(), "hvp": Chain()}.get(formula, Basin())
    assert symbolic.prove(own_point(chosen), formula) == "proved"


# --- faults --------------------------------------------------------------------------------


def basin(change):
    """Basin with a changed Hessian."""

    class Faulty(Basin):
        def hessian(self, xp, a, w):
            return change(dict(super().hessian(xp, a, w)))

    return Faulty()


def without(blocks, pair):
    return {key: block for key, block in blocks.items() if key != pair}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda h: without(h, ("w", "a")), r"lacks \('a', 'w'\)", id="missing pair"),
        pytest.param(lambda h: {**h, ("a", "z"): h["a", "a"]}, r"names \('a', 'z'\)", id="name"),
        pytest.param(lambda h: {**h, ("a", "w"): h["w", "a"]}, "goes in once", id="pair twice"),
        pytest.param(lambda h: {**h, ("a", "a"): h["w", "a"]}, r"the shape \(2,\)", id="shape"),
        pytest.param(lambda h: h["a", "a"], "must be a dict", id="no dict"),
    ],
)
def test_a_hessian_of_the_wrong_form_is_refused(change, words):
    (by_hand,) = select_backends(["by_hand"])
    with pytest.raises(calcbench.ProblemError, match=words):
        by_hand.prepare(own_point(basin(change)), "hessian")


def test_a_wrong_hessian_is_refuted_where_it_is_wrong():
    (symbolic,) = select_backends(["sympy"])
    wrong = basin(lambda h: {**h, ("w", "a"): h["w", "a"] * 2})
    assert symbolic.prove(own_point(wrong), "hessian") == "refuted in ∂²C/∂a∂w[0]"


def test_a_wrong_product_and_jacobian_are_refuted():
    class WrongChain(Chain):
        def hvp(self, xp, direction, x):
            return {"x": super().hvp(xp, direction, x)["x"] + direction["x"]}

    class WrongFit(Fit):
        def jacobian(self, xp, a, b, *, x, y):
            right = super().jacobian(xp, a, b, x=x, y=y)
            return {**right, "a": right["a"] * a}

    (symbolic,) = select_backends(["sympy"])
    assert symbolic.prove(own_point(WrongChain()), "hvp") == "refuted in (H·v)[x[0]]"
    assert symbolic.prove(own_point(WrongFit()), "jacobian") == "refuted in ∂C[0]/∂a"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda j: {"a": j["a"]}, "lacks 'b'", id="missing"),
        pytest.param(lambda j: {**j, "c": j["a"]}, "names 'c'", id="name"),
        pytest.param(lambda j: {**j, "b": j["b"].T}, r"the shape \(2, 4\)", id="shape"),
    ],
)
def test_a_jacobian_of_the_wrong_form_is_refused(change, words):
    class Faulty(Fit):
        def jacobian(self, xp, a, b, *, x, y):
            return change(super().jacobian(xp, a, b, x=x, y=y))

    (by_hand,) = select_backends(["by_hand"])
    with pytest.raises(calcbench.ProblemError, match=words):
        by_hand.prepare(own_point(Faulty()), "jacobian")


def test_a_structure_that_leaves_out_an_entry_is_refused():
    class Narrow(Basin):
        def structure(self, inputs):
            return Banded(0)

    (by_hand,) = select_backends(["by_hand"])
    with pytest.raises(calcbench.ProblemError, match=r"leaves out an entry .* \[0, 1\]"):
        by_hand.prepare(own_point(Narrow()), "hessian")


@pytest.mark.parametrize(
    ("name", "operator", "words"),
    [
        ("bare", "gradient", "no hand-derived gradient"),
        ("bare", "hessian", "no hand-derived Hessian"),
        ("bare", "hvp", "no hand-derived Hessian"),
        ("steps", "jacobian", "no hand-derived Jacobian"),
        ("steps", "hessian", "vector-valued"),
        ("basin", "jacobian", "its Jacobian is the gradient"),
        ("basin", "second_derivative", "3 components"),
    ],
)
def test_what_is_not_there_is_said(name, operator, words):
    (by_hand,) = select_backends(["by_hand"])
    chosen = problem(name)
    inputs = own_point(chosen)
    inputs = inputs.with_seed(inputs.parameters)
    with pytest.raises(calcbench.Unsupported, match=words):
        by_hand.prepare(inputs, operator)


def test_a_gradient_that_drops_the_imaginary_part_is_refused():
    class Writes(Basin):
        def gradient(self, xp, a, w):
            found = np.zeros(2)
            found[0], found[1] = a**2 + a * w[1], a * w[0] + xp.exp(w[1])
            return {"a": 2.0 * a * w[0] + w[0] * w[1], "w": found}

    (backend,) = select_backends([COMPLEX])
    with pytest.raises(calcbench.Unsupported, match="drops the imaginary part"):
        backend.prepare(own_point(Writes()), "hessian")


def test_a_hessian_too_long_for_formulas_is_refused():
    class Wide(calcbench.Problem):
        def inputs(self, size, rng):
            return {"x": rng.normal(size=80), "A": rng.normal(size=(2, 80))}

        def cost(self, xp, x, *, A):
            return xp.sum(xp.softplus(xp.matmul(A, x)))

    (symbolic,) = select_backends(["sympy"])
    with pytest.raises(calcbench.Unsupported, match="second derivatives have about"):
        symbolic.prepare(own_point(Wide()), "hessian")


def test_second_derivative_with_a_step_is_the_classical_quotient():
    """(C(x+Δ) − 2·C(x) + C(x−Δ)) / Δ², for C = x⁴ at 1: 12 + 2·Δ²."""

    @calcbench.problem(x=1.0)
    def fourth(x):
        return x**4

    (backend,) = select_backends(["finite_difference[delta=0.1]"])
    inputs = own_point(fourth)
    prepared = backend.prepare(inputs, "second_derivative")
    assert run(prepared, inputs)["x"] == pytest.approx(12.02, rel=1e-10)
    assert inputs.size == 1


def test_formulas_of_a_hessian():
    (symbolic,) = select_backends(["sympy"])
    found = symbolic.formulas(own_point(Basin()), find_operator("hessian"))
    assert found["∂²C/∂a²"] == "2*w0"
    assert found["∂²C/∂a∂w[0]"] == "2*a + w1"
    assert found["note"] == "… and 3 more partials"


def test_a_slope_that_underflows_beside_the_complex_step_is_no_fault():
    """The slope, −1e-181, is a float64; times the step of 1e-165 it is none."""
    bell = calcbench.problem(x=20.5, y=1.0)(lambda xp, x, y: xp.exp(-x * x) + y)
    scheme = "finite_difference[scheme=complex]"
    assert calcbench.gradient(bell, scheme)["x"] == 0
    assert calcbench.gradient(bell, "sympy")["x"] < 0
    (record,) = calcbench.verify(bell, scheme).records
    assert record.status == "ok"
