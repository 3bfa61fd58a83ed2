"""Programs for problems of the reader's own, and the refusals."""

from __future__ import annotations

import re
import textwrap

import pytest
from execution import PROGRAMS, backend, check_gradient, check_or_refuse

import calcbench
from calcbench.backends.by_hand import ByHand
from calcbench.catalogue.files import load_file
from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT
from calcbench.problem.problem import Problem
from calcbench.show.programs.find import write_program

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


def norm(xp, w: object, shift: float = SCALE) -> object:
    return xp.sqrt(xp.sum(w**2) + shift)


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


class Parentheses(Problem):
    """Calls that become operators, wherever they stand."""

    def inputs(self, size, rng):
        return {"x": [1.0, 2.0], "A": [[2.0, 0.5], [0.25, 1.0]]}

    def cost(self, xp, x, A):
        total = 1.5
        total += xp.matmul(x, x)
        pair = [xp.matmul(x, x), (xp.matmul(x + 1, x)) ** 2]
        return -xp.matmul(x, (x + 1)) ** 2 + pair[0] / xp.matmul(x, x - 1) - pair[
            1
        ] * total - xp.matmul(
            xp.matmul(A, x - 1),
            x,
        ) * xp.matmul(x, -x)


class Scopes(Problem):
    """Names that mean one thing outside of a lambda or a comprehension, and another inside."""

    def inputs(self, size, rng):
        x = [SCALE * 4 for SCALE in (1.0, 2.0)]
        return {"x": np.array(x) * SCALE}

    def cost(self, xp, x):
        table = {f"{xp.pi:.2f}": 3.0}
        halves = xp.iterate(lambda SCALE: SCALE / 2 + xp.sin(SCALE), x, 2)
        return table["3.14"] * norm(w=x, xp=xp) + xp.sum(SCALE * halves)  # the end


class Spread(Problem):
    """Inputs whose expressions go over several lines."""

    def inputs(self, size, rng):
        import math as m

        n = size + 1
        # returned at once
        return {"x": rng.normal(size=n)
                + m.pi, "y": 1.0
                - rng.normal()}

    def cost(self, xp, x, y):
        return (
            xp.sum(x)
            * y
        )


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


@pytest.mark.few(20)
@pytest.mark.parametrize("selector", PROGRAMS)
@pytest.mark.parametrize(
    "name",
    [
        "everything",
        "functions",
        "branching",
        "rows",
        "without_data",
        "saddle",
        "<lambda>",
        "parentheses",
        "scopes",
        "spread",
    ],
)
def test_own_problem(own, name, selector):
    check_or_refuse(own[name], selector, "gradient")


@pytest.mark.parametrize("selector", PROGRAMS)
@pytest.mark.parametrize("operator", ["hvp", "partial[w[1]]", "partial[b]", "pushforward"])
def test_operator_of_own_problem(own, operator, selector):
    check_or_refuse(own["everything"], selector, operator)


@pytest.mark.parametrize("selector", PROGRAMS)
@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_second_order_of_what_is_gathered(own, operator, selector):
    check_or_refuse(own["gathered"], selector, operator)


@pytest.mark.parametrize("selector", PROGRAMS)
def test_loops_over_a_list_and_slices_by_place(tmp_path, selector):
    (tmp_path / "loops.py").write_text(
        textwrap.dedent(
            """
            import calcbench

            @calcbench.problem(w=[[0.5, 1.5], [2.0, -1.0]])
            def loops(xp, w):
                first, second = xp.unstack(w, -1)
                step = lambda s, x: (s * x[0] + x[1], s)
                end, kept = xp.scan(step, first[1], [first, second])
                return end * xp.sum(kept)
            """
        )
    )
    (problem,) = load_file(tmp_path / "loops.py")
    check_or_refuse(problem, selector, "gradient")


@pytest.mark.parametrize("selector", PROGRAMS)
def test_a_name_of_the_cost_that_a_helper_has_too(tmp_path, selector):
    """`softplus` is the cost's own number, and in NumPy a helper of the program's."""
    (tmp_path / "names.py").write_text(
        textwrap.dedent(
            """
            import calcbench

            def logsumexp(x):
                return x[0] * x[1]

            @calcbench.problem(w=[0.5, 1.5])
            def names(xp, w):
                softplus = xp.sum(xp.softplus(w))
                return softplus + xp.logsumexp(w) * logsumexp(w)
            """
        )
    )
    (problem,) = load_file(tmp_path / "names.py")
    check_or_refuse(problem, selector, "gradient")


def test_by_hand_with_several_returns(own):
    assert "gradient = formula(x, y)" in check_gradient(own["branching"], "by_hand")


def test_what_a_program_takes_along(own):
    source = check_gradient(own["everything"], "torch")
    assert "# a comment stays" in source
    assert "# two features" in source
    assert "Not a line of the program" not in source
    assert "SCALE = 0.5" in source
    assert "def norm(w, shift=SCALE):" in source
    assert "def penalty(w):" in source
    assert "CENTRES" not in source
    assert "torch.zeros_like(unused)" in source


def test_comments_and_layout_stay(own):
    source = check_gradient(own["scopes"], "finite_difference")
    assert "np.sum(SCALE * halves)  # the end" in source
    source = check_gradient(own["spread"], "finite_difference")
    assert "\nimport math as m\n" in source
    assert "n = size + 1\n# returned at once\n" in source
    assert "    return (\n        np.sum(x)\n        * y\n    )\n" in source


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
        (
            'return {"x": [1.0, 2.0]}',
            "pair = (x, x); return xp.matmul(*pair)",
            "xp.matmul is called with starred arguments",
        ),
        (
            'return {"x": [1.0, 2.0]}',
            "return xp.matmul(x, x, dtype=float)",
            "the short spelling of xp.matmul: got an unexpected keyword argument 'dtype'",
        ),
    ],
)
def test_unsupported(tmp_path, inputs, cost, reason):
    with pytest.raises(Unsupported, match=re.escape(reason)):
        write_program(backend("sympy"), faulty(tmp_path, inputs, cost), GRADIENT)


def test_large_problem_has_no_symbols(tmp_path):
    problem = faulty(tmp_path, 'return {"x": np.ones(300)}', "return xp.sum(x)")
    with pytest.raises(Unsupported, match="300 symbols are too many"):
        write_program(backend("sympy"), problem, GRADIENT)


def test_limit(own, monkeypatch):
    monkeypatch.setattr(type(own["branching"]), "limits", {"torch": (0, "too slow there")})
    with pytest.raises(Unsupported, match="too slow there"):
        write_program(backend("torch"), own["branching"], GRADIENT)


def test_no_hand_derived_gradient(own):
    with pytest.raises(Unsupported, match="no hand-derived gradient"):
        write_program(backend("by_hand"), own["saddle"], GRADIENT)


@pytest.mark.parametrize("selector", [name for name in PROGRAMS if name != "by_hand"])
def test_cost_without_source(selector):
    scope: dict = {}
    exec("f = lambda x: x**2", scope)
    with pytest.raises(Unsupported, match="the source of <lambda> cannot be read"):
        write_program(backend(selector), calcbench.problem(x=1.0)(scope["f"]), GRADIENT)


class Plain(ByHand):
    """A backend that is no folder."""

    name = "plain"


def test_backend_without_programs():
    with pytest.raises(Unsupported, match="no stand-alone program for this backend"):
        write_program(Plain(), calcbench.problems()["square"], GRADIENT)


def own_cost(formula, x, folder):
    """A decorated function in a file, as a reader writes it."""
    file = folder / "own_cost.py"
    header = f"import calcbench\n\n\n@calcbench.problem(x={x})\ndef own_cost(xp, x):\n"
    file.write_text(f"{header}    return {formula}\n", encoding="utf-8")
    return load_file(file)[0]


@pytest.mark.parametrize(
    ("formula", "x"),
    [
        ("xp.logsumexp(x)", [1000.0, 999.0, -1e9]),
        ("xp.sum(xp.softmax(x) ** 2)", [400.0, 401.0]),  # the square of an exponential overflows
        ("xp.sum(xp.sigmoid(x))", [-800.0, -900.0]),
        ("xp.expm1(x) ** 2", 1e-12),  # what is left of e^x − 1 has few digits
        ("xp.logaddexp(x, 2 * x)", 800.0),
    ],
)
def test_a_program_that_would_overflow_is_refused(formula, x, tmp_path):
    with pytest.raises(Unsupported, match="no program: at the own point an exponential overflows"):
        write_program(backend("sympy"), own_cost(formula, x, tmp_path), GRADIENT)


@pytest.mark.parametrize(
    ("formula", "x"),
    [
        ("xp.sum(xp.log(xp.ndtr(x)))", [-5.0, -8.0]),
        ("xp.sum(xp.log(xp.ndtr(x)))", [-20.0, 3.0]),
        ("xp.sum(xp.softmax(x) ** 2)", [0.5, -1e9, 2.0]),
    ],
)
def test_a_program_far_out_keeps_its_digits(formula, x, tmp_path):
    check_gradient(own_cost(formula, x, tmp_path), "sympy")


@pytest.mark.parametrize("selector", [name for name in PROGRAMS if name != "by_hand"])
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "logsumexp"])
def test_a_reduction_of_a_number_with_its_keywords(name, selector, tmp_path):
    formula = f"xp.{name}(x, axis=None, keepdims=False) ** 2"
    check_gradient(own_cost(formula, 1.5, tmp_path), selector)
