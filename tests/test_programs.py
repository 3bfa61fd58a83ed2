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
from calcbench import plugins, points
from calcbench.errors import NotInstalled, Unsupported
from calcbench.interfaces import Backend, Problem

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


def backend(selector: str) -> Backend:
    chosen = plugins.select_backends([selector])[0]
    if chosen.missing():
        pytest.skip(chosen.missing())
    return chosen


def run(source: str) -> tuple[dict[str, np.ndarray], str]:
    """Execute a program in a module of its own; its gradient, and what it printed."""
    module = types.ModuleType("program")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "program.py", "exec"), vars(module))
    return {
        name: np.asarray(partial) for name, partial in module.gradient.items()
    }, printed.getvalue()


def expected(problem: Problem) -> dict[str, np.ndarray]:
    """The gradient from calcbench: by hand, or by complex step where there is no formula."""
    name = "by_hand" if problem.has_gradient else "finite_difference[scheme=complex]"
    inputs = points.inputs(problem)
    prepared = backend(name).prepare(problem, inputs)
    return prepared.unload(prepared.run(prepared.load(inputs)))


def check(problem: Problem, selector: str) -> str:
    """Write, read and run one program."""
    source = backend(selector).program(problem)
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
        points.inputs(problem)
    except NotInstalled as error:
        pytest.skip(str(error))
    check(problem, selector)


@pytest.mark.parametrize(
    "selector", ["torch[mode=func]", "tensorflow[mode=function]", "jax[mode=eager]"]
)
def test_program_of_a_mode(selector):
    check(calcbench.problems()["binary_cross_entropy"], selector)


@pytest.mark.slow
@pytest.mark.parametrize("selector", BACKENDS)
def test_script(selector, tmp_path):
    """As a reader runs it: in an interpreter of its own."""
    script = tmp_path / "program.py"
    script.write_text(backend(selector).program(calcbench.problems()["batch_regression"]), "utf-8")
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
    return {problem.name: problem for problem in plugins.load_file(path)}


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
    return plugins.load_file(path)[0]


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
        backend("sympy").program(faulty(tmp_path, inputs, cost))


def test_large_problem_has_no_symbols(tmp_path):
    problem = faulty(tmp_path, 'return {"x": np.ones(300)}', "return xp.sum(x)")
    with pytest.raises(Unsupported, match="300 symbols are too many"):
        backend("sympy").program(problem)


def test_limit(own, monkeypatch):
    monkeypatch.setattr(type(own["branching"]), "limits", {"torch": (0, "too slow there")})
    with pytest.raises(Unsupported, match="too slow there"):
        backend("torch").program(own["branching"])


def test_no_hand_derived_gradient(own):
    with pytest.raises(Unsupported, match="no hand-derived gradient"):
        backend("by_hand").program(own["saddle"])


@pytest.mark.parametrize("selector", BACKENDS[1:])
def test_cost_without_source(selector):
    scope: dict = {}
    exec("f = lambda x: x**2", scope)
    with pytest.raises(Unsupported, match="source"):
        backend(selector).program(calcbench.problem(x=1.0)(scope["f"]))


def test_backend_without_programs():
    with pytest.raises(Unsupported, match="no stand-alone program for this backend"):
        Backend.program(backend("torch"), calcbench.problems()["square"])
