"""The programs of `calcbench show` run, give the gradient, and do without calcbench."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest

import calcbench
from calcbench.backends.by_hand import ByHand
from calcbench.catalogue.files import load_file
from calcbench.catalogue.selection import select_backends
from calcbench.errors import NotInstalled, Unsupported
from calcbench.operators import OPERATORS, named
from calcbench.problem.inputs import problem_inputs
from calcbench.problem.problem import Problem
from calcbench.show.programs.find import program

BACKENDS = ("by_hand", "sympy", "finite_difference", "torch", "tensorflow", "jax")

CLOSE = {"finite_difference": 1e-7}
"""Relative to the largest component. Central differences with h = 1e-5 leave about h² = 1e-10
and, at the costs of these problems (up to 10³), roundings of 10³·1e-16/h = 1e-8."""


@pytest.fixture(autouse=True)
def switches():
    """Undo what a program switches for its whole process."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", False)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.set_default_dtype(torch.float32)


def backend(selector: str) -> calcbench.Backend:
    chosen = select_backends([selector])[0]
    if chosen.missing():
        pytest.skip(chosen.missing())
    return chosen


def execute(source: str) -> tuple[types.ModuleType, str]:
    """Execute a program in a module of its own; the module, and what it printed."""
    module = types.ModuleType("program")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "program.py", "exec"), vars(module))
    return module, printed.getvalue()


def run(source: str) -> tuple[dict[str, np.ndarray], str]:
    """Execute a program; its gradient, and what it printed."""
    module, printed = execute(source)
    return {name: np.asarray(partial) for name, partial in module.gradient.items()}, printed


def expected(problem: Problem) -> dict[str, np.ndarray]:
    """The gradient from calcbench: by hand, or by complex step where there is no formula."""
    name = "by_hand" if problem.has_gradient else "finite_difference[scheme=complex]"
    inputs = problem_inputs(problem)
    prepared = backend(name).prepare(problem, inputs)
    return prepared.unload(prepared.run(prepared.load(inputs)))


def check(problem: Problem, selector: str) -> str:
    """Write, read and run one program."""
    source = program(backend(selector), problem)
    assert "calcbench" not in source
    assert not re.search(r"\b(xp|self)\b", source)
    gradient, printed = run(source)
    assert_close(gradient, expected(problem), CLOSE.get(selector, 1e-12))
    assert re.findall(r"^dC/d(\w+) = ", printed, re.MULTILINE) == list(problem.parameters)
    return source


def assert_close(gradient, wanted, tolerance: float) -> None:
    assert list(gradient) == list(wanted)
    scale = max(np.max(np.abs(partial)) for partial in wanted.values())
    for name, partial in wanted.items():
        assert gradient[name].shape == partial.shape
        assert gradient[name].dtype in (np.float64, np.int64)  # SymPy's 0 is an integer
        np.testing.assert_allclose(gradient[name], partial, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("selector", BACKENDS)
@pytest.mark.parametrize("name", calcbench.problems())
def test_program(name, selector):
    try:
        problem = calcbench.problems()[name]
        problem_inputs(problem)
    except NotInstalled as error:
        pytest.skip(str(error))
    if problem.vector_valued:
        with pytest.raises(Unsupported, match="it has a Jacobian, and no gradient"):
            program(backend(selector), problem)
    else:
        check(problem, selector)


@pytest.mark.parametrize(
    "selector", ["torch[mode=func]", "tensorflow[mode=function]", "jax[mode=eager]"]
)
def test_program_of_a_mode(selector):
    check(calcbench.problems()["binary_cross_entropy"], selector)


# --- other operators ---------------------------------------------------------------------------

FRAMEWORKS = ("torch", "tensorflow", "jax")

PROGRAMS = {
    "by_hand": ("partial", "jacobian", "hvp", "hessian", "second_derivative", "cost"),
    "sympy": ("partial", "jacobian", "hessian", "second_derivative"),
    "finite_difference": ("value_and_gradient", "partial", "pushforward", "jacobian", "cost"),
    **dict.fromkeys(FRAMEWORKS, tuple(set(OPERATORS) - {"gradient"})),
}

OTHERS = [operator for operator in OPERATORS if operator != "gradient"]

PRINTED = {
    "value_and_gradient": "C = ",
    "partial": "dC/d",
    "pushforward": ("dC·v = ", "J v = "),
    "pullback": "(J^T u)_",
    "jacobian": "dC/d",
    "hvp": "(H v)_",
    "hessian": "d2C/d",
    "second_derivative": "d2C/d",
    "cost": "C = ",
}


def array(native) -> np.ndarray:
    return np.asarray(native.detach() if hasattr(native, "detach") else native)


def flat(parts) -> np.ndarray:
    return np.concatenate([array(part).ravel() for part in parts])


def square(blocks, problem: Problem) -> np.ndarray:
    """The Hessian of its blocks, where each pair of parameters may be there once."""
    sizes = {name: problem_inputs(problem)[name].size for name in problem.parameters}

    def block(one, other):
        if (one, other) in blocks:
            return array(blocks[one, other]).reshape(sizes[one], sizes[other])
        return block(other, one).T

    return np.block([[block(one, other) for other in sizes] for one in sizes])


def result(module: types.ModuleType, operator: str, problem: Problem) -> np.ndarray:
    """What a program found, as a flat vector in the order of the operator's layout."""
    if operator == "value_and_gradient":
        return flat([module.value, *module.gradient.values()])
    if operator == "partial" and not hasattr(module, "partials"):
        return flat([module.partial])
    names = {"partial": "gradient", "pushforward": "slope", "pullback": "product"}
    found = getattr(module, {**names, "hvp": "product", "cost": "value"}.get(operator, operator))
    if operator == "jacobian":
        (rows,) = problem.value_shape(problem_inputs(problem))
        parts = list(found.values()) if isinstance(found, dict) else [found]
        return np.hstack([array(part).reshape(rows, -1) for part in parts]).ravel()
    if operator == "hessian":
        return (square(found, problem) if isinstance(found, dict) else array(found)).ravel()
    return flat(found.values() if isinstance(found, dict) else [found])


def dense(found: np.ndarray, problem: Problem, operator: str) -> np.ndarray:
    """A flat result of calcbench's, with the zeros that its structure leaves out."""
    inputs = problem_inputs(problem)
    structure = problem.structure(inputs)
    if operator not in ("jacobian", "hessian") or not structure.sparse:
        return found
    count = sum(inputs[name].size for name in problem.parameters)
    rows = problem.value_shape(inputs)[0] if problem.vector_valued else count
    whole = np.zeros((rows, count))
    whole[structure.pattern(rows, count)] = found
    return whole.ravel()


def check_operator(problem: Problem, selector: str, operator: str) -> str:
    """Write and run one program; compare with calcbench on the same backend."""
    engine, asked = backend(selector), named(operator)
    source = program(engine, problem, asked)
    assert "calcbench" not in source
    assert not re.search(r"\b(xp|self)\b", source)
    module, printed = execute(source)
    inputs = problem_inputs(problem)
    seeds = {name: np.ones(shape) for name, shape in asked.seeds(problem, inputs).items()}
    prepared = engine.prepare(problem, {**inputs, **seeds}, asked)
    own = flat(prepared.unload(prepared.run(prepared.load({**inputs, **seeds}))).values())
    wanted, found = dense(own, problem, asked.name), result(module, asked.name, problem)
    assert found.shape == wanted.shape
    tolerance = CLOSE.get(selector, 1e-12) * max(np.max(np.abs(wanted)), 1e-300)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)
    assert printed.startswith(PRINTED[asked.name])
    return source


def has_program(problem: Problem, selector: str, operator: str) -> bool:
    """Whether there is to be one."""
    try:
        named(operator).settled(problem, problem_inputs(problem))
    except Unsupported:
        return False
    if operator not in PROGRAMS[selector]:
        return False
    formula = {"partial": "gradient", "second_derivative": "hessian"}.get(operator, operator)
    if selector != "by_hand" or operator == "cost":
        return True
    return problem.derives("jacobian" if problem.vector_valued else formula)


@pytest.mark.parametrize("selector", BACKENDS)
@pytest.mark.parametrize("operator", OTHERS)
@pytest.mark.parametrize(
    "name", ["saddle", "batch_regression", "rosenbrock", "curve_fit_residuals"]
)
def test_operator(name, operator, selector):
    problem = calcbench.problems()[name]
    if has_program(problem, selector, operator):
        check_operator(problem, selector, operator)
        return
    with pytest.raises(Unsupported, match=r"\w"):
        program(backend(selector), problem, named(operator))


@pytest.mark.parametrize("selector", BACKENDS)
@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("square", "second_derivative"),
        ("square", "hessian"),
        ("quadratic_cost", "hessian"),
        ("extended_rosenbrock", "hvp"),
        ("broyden_tridiagonal", "jacobian"),
    ],
)
def test_operator_of_arrays_and_of_one_number(name, operator, selector):
    problem = calcbench.problems()[name]
    arrays = selector == "finite_difference" and name == "broyden_tridiagonal"
    if has_program(problem, selector, operator) and not arrays:
        check_operator(problem, selector, operator)
        return
    with pytest.raises(Unsupported, match=r"\w"):
        program(backend(selector), problem, named(operator))


@pytest.mark.parametrize("operator", ["hvp", "pullback", "value_and_gradient"])
@pytest.mark.parametrize(
    "selector", ["torch[mode=func]", "tensorflow[mode=function]", "jax[mode=eager]"]
)
def test_operator_of_a_mode(selector, operator):
    check_operator(calcbench.problems()["batch_regression"], selector, operator)


@pytest.mark.parametrize("selector", FRAMEWORKS)
@pytest.mark.parametrize("operator", ["hvp", "partial[w[1]]", "partial[b]", "pushforward"])
def test_operator_of_own_problem(own, operator, selector):
    check_operator(own["everything"], selector, operator)


@pytest.mark.parametrize("selector", FRAMEWORKS)
def test_hessian_of_what_is_gathered(own, selector):
    check_operator(own["gathered"], selector, "hessian")
    check_operator(own["gathered"], selector, "hvp")


def test_operator_without_a_program():
    wanted = "no stand-alone program for the hessian by this backend, only for the gradient"
    with pytest.raises(Unsupported, match=wanted):
        program(backend("finite_difference"), calcbench.problems()["saddle"], named("hessian"))


@pytest.mark.parametrize("selector", BACKENDS)
def test_script(selector, tmp_path):
    """As a reader runs it: in an interpreter of its own."""
    script = tmp_path / "program.py"
    script.write_text(program(backend(selector), calcbench.problems()["batch_regression"]), "utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = re.findall(r"^dC/d(\w+) = .*?([-+.e\d]+)$", done.stdout, re.MULTILINE)
    assert [name for name, _ in printed] == ["m", "b"]
    np.testing.assert_allclose([float(number) for _, number in printed], [36.305, 6.265], rtol=1e-7)


# --- problems of the reader's own --------------------------------------------------------------

OWN = '''
import math

import numpy as np

import calcbench
from calcbench import Problem

SCALE = 0.5
CENTRES = np.array([0.5, -0.25])


def made(rng, n):
    """Something to learn from."""
    return rng.normal(size=(n, 2))


def norm(xp, w):
    return xp.sqrt(xp.sum(w**2) + SCALE)


class Everything(Problem):
    """Helpers, constants, methods, loops."""

    rate = 0.1

    def inputs(self, size, rng):
        # two features
        X = made(rng, 4)
        y = X[:, 0] - self.rate
        return {"w": [1, -2], "b": 1 / 3, "unused": 2, "y": y * math.pi, "X": X}

    def cost(self, xp, w, b, unused, *, X, y):
        """Not a line of the program."""
        residual = xp.matmul(X, w) + b - y  # a comment stays

        def step(state):
            return state + self.rate * xp.sin(
                state
            )

        return self.penalty(xp, w) + xp.mean(
            xp.iterate(step, residual, 2) ** 2
        )

    def penalty(self, xp, w):
        return norm(xp, w - w[::1] / 2) * xp.softplus(w[0])


class Functions(Problem):
    """The rest of the vocabulary."""

    def inputs(self, size, rng):
        return {
            "A": [[2.0, 0.5], [0.5, 1.0]],
            "v": np.array([0.3, -0.7]),
            "s": 0.4,
            "i": np.array([1, 0, 1]),
        }

    def cost(self, xp, A, v, s, *, i):
        K = A + xp.matrix_transpose(A)
        sign, logdet = xp.linalg.slogdet(K)
        picked = xp.take(v, i)
        joined = xp.concat([v, xp.stack([s, s**2])])
        quadratic = xp.matmul(v, xp.linalg.solve(K, v)) + xp.matmul(v, xp.matmul(A, A))[0]
        elementwise = xp.log1p(s) + xp.expm1(s) + xp.tan(s) + xp.abs(s - 1) + xp.logaddexp(s, 2 * s)
        return (
            logdet * sign
            + xp.max(joined)
            + xp.sum(picked * picked)
            + quadratic
            + elementwise * -xp.sigmoid(s - 1) / xp.cos(s)
            + xp.maximum(s, 0.1) * xp.minimum(s, 0.9)
            + xp.where(s > 0, s**3, s)
            + xp.logsumexp(joined)
            + xp.einsum("i,ij->j", v, A)[1]
            + xp.reshape(A, (4,))[2]
            + xp.tanh(xp.sum(xp.exp(A), axis=0, keepdims=True))[0, 1] * xp.pi
            + xp.linalg.cholesky(K)[1, 1]
        )


class Branching(Problem):
    """Two returns."""

    rate = 1.0

    def inputs(self, size, rng):
        if size == 1:
            return {"x": 3, "y": 2}
        return {"x": 4, "y": 2}

    def cost(self, xp, x, y):
        if self.rate > 0:
            return x**2 / y
        return x

    def gradient(self, xp, x, y):
        if True:
            return {"x": 2 * x / y, "y": -(x**2) / y**2}
        return {}


class Rows(Problem):
    """A sum over rows, with an order of names that matters."""

    rows = ("t", "h")
    reduction = "sum"

    def inputs(self, size, rng):
        t = rng.uniform(size=20)
        return {"h": 2 * t + 1, "t": t, "f": np.float64(2) * 1.5, "k": rng.normal()}

    def cost(self, xp, f, k, *, t, h):
        return xp.sum(xp.sin(f * t - k) * h)


class Gathered(Problem):
    """Components picked by index."""

    def inputs(self, size, rng):
        return {"v": [0.3, -0.7], "s": 0.4, "i": np.array([1, 0, 1])}

    def cost(self, xp, v, s, *, i):
        return xp.sum(xp.exp(s * xp.take(v, i)) ** 2)


@calcbench.problem(x=3, y=[1.0, 2.0])
def without_data(xp, x, y):
    return x * xp.sum(xp.exp(-y))


@calcbench.problem(x=3.0, y=2.0)
def saddle(x, y):
    """z = x² − y²."""
    return x**2 - y**2


one_line = calcbench.problem(x=2.0)(lambda x: x**3)
'''


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "own_programs.py"
    path.write_text(OWN, encoding="utf-8")
    return {problem.name: problem for problem in load_file(path)}


@pytest.mark.parametrize("selector", BACKENDS[1:])
@pytest.mark.parametrize(
    "name",
    ["everything", "functions", "branching", "rows", "without_data", "saddle", "<lambda>"],
)
def test_own_problem(own, name, selector):
    check(own[name], selector)


def test_by_hand_with_several_returns(own):
    assert "gradient = formula(x, y)" in check(own["branching"], "by_hand")


def test_what_a_program_takes_along(own):
    source = check(own["everything"], "torch")
    assert "# a comment stays" in source
    assert "# two features" in source
    assert "Not a line of the program" not in source
    assert "SCALE = 0.5" in source
    assert "def norm(w):" in source
    assert "def penalty(w):" in source
    assert "CENTRES" not in source
    assert "torch.zeros_like(unused)" in source


# --- faults ------------------------------------------------------------------------------------


def faulty(tmp_path, inputs: str, cost: str) -> Problem:
    text = f"""
    import numpy as np
    from calcbench import Problem

    lookup = {{"a": object()}}

    class Faulty(Problem):
        def inputs(self, size, rng):
            {inputs}

        def cost(self, xp, x):
            {cost}
    """
    path = tmp_path / "faulty.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return load_file(path)[0]


@pytest.mark.parametrize(
    ("inputs", "cost", "reason"),
    [
        (
            'return {"x": [1.0, 2.0]}',
            "return xp.sum(xp.where(x > 0, x, -x))",
            "xp.where has no short spelling in SymPy",
        ),
        (
            "return dict(x=rng.normal(size=100))",
            "return xp.sum(x)",
            "inputs does not end in a returned dict of its 100 numbers",
        ),
        (
            'return {"x": 1.0}',
            "return x + sum(x.shape)",
            "takes .shape of x, which is a number in SymPy",
        ),
        (
            'return {"x": 1.0}',
            "return x * len(lookup)",
            "'lookup', a dict, which has no literal",
        ),
        (
            'return {"x": 1.0}',
            "f = [xp]; return f[0].exp(x)",
            "passes xp or self on",
        ),
    ],
)
def test_unsupported(tmp_path, inputs, cost, reason):
    with pytest.raises(Unsupported, match=re.escape(reason)):
        program(backend("sympy"), faulty(tmp_path, inputs, cost))


def test_large_problem_has_no_symbols(tmp_path):
    problem = faulty(tmp_path, 'return {"x": np.ones(300)}', "return xp.sum(x)")
    with pytest.raises(Unsupported, match="300 symbols are too many"):
        program(backend("sympy"), problem)


def test_limit(own, monkeypatch):
    monkeypatch.setattr(type(own["branching"]), "limits", {"torch": (0, "too slow there")})
    with pytest.raises(Unsupported, match="too slow there"):
        program(backend("torch"), own["branching"])


def test_no_hand_derived_gradient(own):
    with pytest.raises(Unsupported, match="no hand-derived gradient"):
        program(backend("by_hand"), own["saddle"])


@pytest.mark.parametrize("selector", BACKENDS[1:])
def test_cost_without_source(selector):
    scope: dict = {}
    exec("f = lambda x: x**2", scope)
    with pytest.raises(Unsupported, match="source"):
        program(backend(selector), calcbench.problem(x=1.0)(scope["f"]))


class Plain(ByHand):
    """A backend that is no folder."""

    name = "plain"


def test_backend_without_programs():
    with pytest.raises(Unsupported, match="no stand-alone program for this backend"):
        program(Plain(), calcbench.problems()["square"])
