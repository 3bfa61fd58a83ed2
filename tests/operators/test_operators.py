"""Every operator on every backend, through the harness: certified, or skipped with a reason.

The support table of docs/operators.md is what these runs gave; UPDATE_DOCS=1 writes it anew.
"""

import dataclasses
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from modes import BACKENDS, installed, is_exact, names, require

import calcbench as cb
from calcbench.api import compare
from calcbench.backends.by_hand.derivatives import ByHand
from calcbench.catalogue.selection import select_backends
from calcbench.operators import OPERATORS, find_operator
from calcbench.operators.operator import VALUE, highest_order
from calcbench.problem.flat import flatten
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import DIAGONAL, Banded, BlockDiagonal, Coordinates
from calcbench.record.record import Status

SCALAR = ("saddle", "batch_regression", "softmax_cross_entropy", "rosenbrock")
SINGLE = "square"
VECTOR = "curve_fit_residuals"
SPARSE = "extended_rosenbrock"
SPARSE_VECTOR = "broyden_tridiagonal"
PROBLEMS = (*SCALAR, SINGLE, VECTOR, SPARSE, SPARSE_VECTOR)

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"
BEGIN, END = (
    "<!-- support: written by tests/operators/test_operators.py -->",
    "<!-- end of support -->",
)


@functools.cache
def problem(name):
    return cb.problems()[name]


@functools.cache
def records(name, operator):
    """Backend → record, of one operator on one problem."""
    found = compare(name, installed(), operator=operator, timed=False)
    return {record.backend: record for record in found.records}


def record_of(name, operator, backend):
    require(backend)
    return records(name, operator)[backend]


def why_not(name, operator, backend):
    """Why there is no such derivative of the problem, by this backend; None where there is."""
    try:
        find_operator(operator).resolve(own_point(problem(name)))
    except cb.Unsupported as error:
        return str(error)
    if backend == "by_hand" and by_hand_has_none(name, operator):
        return "no hand-derived"
    return None


def by_hand_has_none(name, operator):
    """The derivatives that nobody derived for these problems."""
    point = own_point(problem(name))
    order = highest_order(find_operator(operator).resolve(point).terms(point))
    first = "jacobian" if problem(name).vector_valued else "gradient"
    wanted = {0: (), 1: (first,), 2: ("hessian", "hvp")}[order]
    return order > 0 and not any(problem(name).derives(f) for f in wanted)


# --- the matrix ------------------------------------------------------------------------------


@pytest.mark.few(15, more=22)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_operator(name, operator, backend):
    """Right at every point, against the certified value; or skipped, with a reason."""
    record = record_of(name, operator, backend)
    assert record.operator.partition("[")[0] == operator
    reason = why_not(name, operator, backend)
    if reason is not None:
        assert record.status is Status.SKIPPED, record
        assert reason in record.reason
        return
    assert record.status is Status.OK, record
    assert record.reference is not None, record.judged
    assert not record.judged
    assert record.digits > (12.5 if backend in names(is_exact) else 5), record
    assert record.method or operator == "cost"


@pytest.mark.few(15, more=27)
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_hand_derived_formula_is_proved(name, operator):
    """Hessians and Jacobians too, not gradients alone."""
    record = records(name, operator)["by_hand"]
    judged = record.status is Status.OK and operator != "cost"
    sizes = " for size 10" if name in ("extended_rosenbrock", "curve_fit_residuals") else ""
    assert record.proof == (f"proved{sizes}" if judged else ""), record


# --- laws ------------------------------------------------------------------------------------


def matrix(name, record):
    """A Hessian or Jacobian as a dense matrix, of a record's value or bound."""
    value = record["hessian" if "hessian" in record else "jacobian"]
    inputs = own_point(problem(name))
    structure = problem(name).structure(inputs)
    columns = sum(inputs[p].size for p in problem(name).parameters)
    rows = len(inputs["y"]) if name == VECTOR else columns
    if not structure.sparse:
        return value
    dense = np.zeros((rows, columns))
    dense[structure.pattern(rows, columns)] = value
    return dense


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [*SCALAR, SINGLE, SPARSE])
def test_every_hessian_is_symmetric_to_the_computed_tolerance(name, backend):
    record = record_of(name, "hessian", backend)
    if record.status is Status.SKIPPED:
        pytest.skip(record.reason)
    hessian, bound = matrix(name, record.value), matrix(name, record.bound)
    assert np.all(np.abs(hessian - hessian.T) <= bound + bound.T)
    assert np.any(hessian != 0)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [*SCALAR, SINGLE, SPARSE])
def test_hvp_is_the_hessian_times_the_direction(name, backend):
    product, whole = (record_of(name, operator, backend) for operator in ("hvp", "hessian"))
    if whole.status is Status.SKIPPED or product.status is Status.SKIPPED:
        pytest.skip(whole.reason or product.reason)
    along = flatten(product.direction.values())
    hessian, bound = matrix(name, whole.value), matrix(name, whole.bound)
    allowed = flatten(product.bound.values()) + bound @ np.abs(along)
    allowed += len(along) * np.finfo(float).eps * np.abs(hessian) @ np.abs(along)
    assert np.all(np.abs(flatten(product.value.values()) - hessian @ along) <= allowed)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["batch_regression", VECTOR, SPARSE_VECTOR])
@pytest.mark.parametrize("draw", range(3))
def test_pullback_and_pushforward_are_adjoint(name, backend, draw):
    """⟨u, J v⟩ = ⟨Jᵀ u, v⟩ for random vectors, to the tolerances of both sides."""
    chosen, rng = problem(name), np.random.default_rng(draw)
    inputs = own_point(chosen)
    (engine,) = select_backends([backend])
    push, pull = find_operator("pushforward"), find_operator("pullback")
    along, against = push.seed_point(inputs, rng), pull.seed_point(inputs, rng)
    sides, allowed = [], 0.0
    for operator, seeded, other in ((push, along, against), (pull, against, along)):
        other = other.seed_vector
        try:
            prepared = engine.prepare(seeded, operator)
        except cb.Unsupported as error:
            assert backend == "by_hand"
            pytest.skip(str(error))
        value = flatten(prepared.evaluate(seeded).values())
        sides.append(other @ value)
        own = engine.error_bound(seeded, operator)
        if own is not None:
            allowed += np.abs(other) @ flatten(own.values())
        allowed += 64 * np.finfo(float).eps * np.abs(other) @ np.abs(value)
    # What cancels in ⟨u, J v⟩ is as large as its terms, which |u|ᵀ |J| |v| bounds.
    assert abs(sides[0] - sides[1]) <= allowed
    assert sides[0] != 0


# --- planted faults --------------------------------------------------------------------------


class Rosenbrock(type(problem("rosenbrock"))):
    """With room for faults."""

    def hessian(self, xp, x, y):
        return {**super().hessian(xp, x, y), ("x", "y"): -401.0 * x}


class Fit(type(problem(VECTOR))):
    def jacobian(self, xp, a, b, c, *, t, y):
        found = super().jacobian(xp, a, b, c, t=t, y=y)
        return {**found, "b": -found["b"]}


class Slope(type(problem(SPARSE))):
    def gradient(self, xp, x):
        return {"x": super().gradient(xp, x)["x"] * (1 + 1e-9)}


class Chain(type(problem(SPARSE))):
    def hvp(self, xp, direction, x):
        return {"x": super().hvp(xp, direction, x)["x"] * (1 + 1e-9)}


@pytest.mark.parametrize(
    ("faulty", "operator", "component"),
    [
        (Rosenbrock(), "hessian", "∂²f/∂x∂y"),
        (Rosenbrock(), "hvp", "(H·v)["),
        (Fit(), "jacobian", "/∂b"),
        (Fit(), "pullback", "(Jᵀu)[b]"),
        (Fit(), "pushforward", "(J·v)["),
        (Chain(), "hvp", "(H·v)[x["),
        (Chain(), "gradient_and_hvp", "(H·v)[x["),
        (Slope(), "gradient_and_hvp", "∂f/∂x["),
        (Chain(), "hessian", "∂²f/∂x["),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)
@pytest.mark.parametrize("backends", ["by_hand", "by_hand sympy jax"])
def test_a_fault_in_a_hand_derived_formula_is_found_and_named(
    faulty, operator, component, backends
):
    found = compare(faulty, backends.split(), operator=operator, timed=False)
    wrong, *others = found.records
    assert wrong.status is Status.DISAGREE, wrong
    assert component in wrong.disagreement.component
    assert component in wrong.reason
    assert {record.status for record in others} <= {Status.OK}
    assert not others or wrong.proof.startswith("refuted in ")


@pytest.mark.parametrize("operator", ["gradient", "gradient_and_hvp"])
def test_formulas_with_branches_are_examined_part_by_part(operator):
    """The nearest centroid is found by comparing; its gradient is 0 up to what cancels."""
    (record,) = compare("kmeans", "by_hand", operator=operator, timed=False).records
    assert record.status is Status.OK, record
    assert record.reference is not None


@dataclass(frozen=True)
class Tampered(ByHand):
    """Gives what it should, but for a part in a million of one number."""

    name: ClassVar[str] = "tampered"
    hand_derived: ClassVar[bool] = False

    def prepare_hvp(self, point):
        prepared = super().prepare_hvp(point)

        def unload(result):
            return {n: a * (1 + 1e-6 * (n == "y")) for n, a in prepared.unload(result).items()}

        return dataclasses.replace(prepared, unload=unload)


def test_a_fault_in_a_backend_is_found_and_named():
    (record,) = compare("rosenbrock", Tampered(), operator="hvp", timed=False).records
    assert record.status is Status.DISAGREE
    assert record.disagreement.component == "(H·v)[y]"


def test_a_structure_that_leaves_out_an_entry_is_an_error_of_the_problem():
    class Diagonal(type(problem(SPARSE))):
        def structure(self, inputs):
            return DIAGONAL

    with pytest.raises(cb.ProblemError, match=r"leaves out an entry .* in the row of x\[0\]"):
        compare(Diagonal(), ["sympy"], operator="hessian", timed=False)


class Shared(cb.Problem):
    """A sum of squares, scaled by data of a name that the operators use as well."""

    def inputs(self, size, rng):
        return {"w": [1.0, 2.0], "cotangent": 3.0}

    def cost(self, xp, w, *, cotangent):
        return cotangent * xp.sum(w**2)


def test_data_may_have_the_name_of_a_seed():
    assert cb.pullback(Shared(), 1.0, "sympy")["w"].tolist() == [6.0, 12.0]


class Aliased(cb.Problem):
    """Neighbours are tied, and the structure denies it."""

    sizes = (5, 30_000)

    def inputs(self, size, rng):
        return {"x": np.linspace(0.5, 2.0, size)}

    def structure(self, inputs):
        return DIAGONAL

    def cost(self, xp, x):
        return xp.sum(x**4) + xp.sum(x[1:] ** 2 * x[:-1])


class AliasedVector(Aliased):
    def outputs(self, inputs):
        return len(inputs["x"])

    def cost(self, xp, x):
        return x**2 + 3.0 * x[0]


@pytest.mark.parametrize("size", [5, pytest.param(30_000, marks=pytest.mark.full)])
@pytest.mark.parametrize("kind", [Aliased, AliasedVector])
def test_a_wrong_structure_is_found_whether_it_is_certified_or_not(kind, size):
    """All backends go by the same colours and would agree; at 30,000 nothing is certified."""
    operator = "jacobian" if kind is AliasedVector else "hessian"
    with pytest.raises(cb.ProblemError, match="structure leaves out an entry"):
        compare(kind(), ["jax"], operator=operator, size=size, timed=False)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_wrong_structure_is_found_by_the_functions_too(backend):
    with pytest.raises(cb.ProblemError, match="structure leaves out an entry"):
        cb.hessian(Aliased(), backend)
    with pytest.raises(cb.ProblemError, match="structure leaves out an entry"):
        cb.jacobian(AliasedVector(), backend, sparse=True)


@pytest.mark.parametrize(
    ("structure", "words"),
    [
        (lambda: None, "structure must be one of"),
        (
            lambda: Coordinates([0, 9], [0, 3]),
            r"test_operators\.py:\d+: its structure: the entry in row 9, column 3 is outside",
        ),
        (lambda: Coordinates([0], [0, 1]), "equal length"),
        (lambda: Coordinates([], []), "stores no entry"),
        (lambda: BlockDiagonal(0), "at least 1 row"),
        (lambda: Banded(-1), "at least 0"),
        (lambda: {}["none"], "KeyError"),
    ],
    ids=["none", "outside", "lengths", "empty", "block", "band", "raises"],
)
def test_a_structure_that_is_none_is_an_error_of_the_problem(structure, words):
    class Broken(Aliased):
        def structure(self, inputs):
            return structure()

    with pytest.raises(cb.ProblemError, match=f"problem 'broken'.*{words}"):
        compare(Broken(), ["sympy"], operator="hessian")


@pytest.mark.parametrize("outputs", [0, "2", None])
def test_outputs_that_are_no_number_are_an_error_of_the_problem(outputs):
    class Broken(AliasedVector):
        def outputs(self, inputs):
            return outputs

    with pytest.raises(cb.ProblemError, match="outputs must be a whole number"):
        compare(Broken(), ["sympy"], operator="jacobian")


def test_a_vector_has_no_rows_to_add_up():
    class Rows(cb.Problem):
        rows = ("t",)

        def inputs(self, size, rng):
            return {"a": 1.0, "t": [1.0, 2.0]}

        def outputs(self, inputs):
            return 2

        def cost(self, xp, a, *, t):
            return a * t

    with pytest.raises(cb.ProblemError, match="no rows to add up"):
        compare(Rows(), ["sympy"], operator="jacobian")


def test_tall_sparse_jacobians_are_coloured_on_their_narrow_side():
    """A column that all rows share: as many colours of rows as rows, but two of columns."""

    class Tall(cb.Problem):
        def inputs(self, size, rng):
            return {"x": np.linspace(1.0, 2.0, 3_001)}

        def outputs(self, inputs):
            return 3_000

        def structure(self, inputs):
            k = np.arange(3_000)
            return Coordinates(np.concatenate([k, k]), np.concatenate([0 * k, k + 1]))

        def cost(self, xp, x):
            return x[0] * x[1:]

    matrix = cb.jacobian(Tall(), "jax", sparse=True)
    assert (matrix[7, 0], matrix[7, 8]) == (own_point(Tall())["x"][8], 1.0)


def test_a_cost_that_is_no_number_certifies_nothing():
    @cb.problem(x=-1.0)
    def bottomless(xp, x):
        return xp.log(x)

    for operator in ("gradient", "hessian"):
        (record,) = compare(bottomless, ["sympy"], operator=operator, timed=False).records
        assert record.status is Status.ERROR
        assert "the cost is not a finite number" in record.reason


def test_differences_of_a_wrong_hand_derived_gradient_say_so():
    class Wrong(type(problem("rosenbrock"))):
        def gradient(self, xp, x, y):
            found = super().gradient(xp, x, y)
            return {**found, "y": 2 * found["y"]}

    (record,) = compare(Wrong(), "finite_difference", operator="hessian", timed=False).records
    assert record.status is Status.DISAGREE
    assert "it stands on the hand-derived gradient, which is wrong" in record.reason
    assert "the formula for ∂f/∂y is off by" in record.reason


def test_a_vector_is_compared_by_its_jacobian_unless_another_operator_is_asked_for():
    found = compare([VECTOR, "square"], ["by_hand", "sympy"], timed=False)
    assert [r.operator for r in found.records] == ["jacobian"] * 2 + ["gradient"] * 2
    assert {r.status for r in found.records} == {Status.OK}
    assert "vector-valued: compared by its Jacobian" in repr(found)
    assert "4 of 4 gradients and Jacobians agree, over 2 problems" in repr(found)
    found = compare(VECTOR, "by_hand", operator="gradient", timed=False)
    assert [r.status for r in found.records] == [Status.SKIPPED]


def test_a_component_that_one_of_several_problems_lacks_is_skipped():
    found = compare(["saddle", "square"], ["sympy"], operator="partial[y]", timed=False)
    assert [r.status for r in found.records] == [Status.OK, Status.SKIPPED]


# --- what cannot be done ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cb.gradient(VECTOR), "vector-valued.* no gradient"),
        (lambda: cb.hessian(VECTOR, "sympy"), "vector-valued.* no Hessian"),
        (lambda: cb.jacobian("saddle", "torch"), "one number.* is the gradient"),
        (lambda: cb.second_derivative("saddle", "sympy"), "2 components.* Hessian"),
        (lambda: cb.hessian("softmax_cross_entropy"), "no hand-derived"),
        (lambda: cb.hessian(SPARSE, "jax", size=100_000), "100,000 × 100,000.*sparse=True"),
        (lambda: cb.jacobian(SPARSE_VECTOR, "by_hand"), "no hand-derived"),
    ],
    ids=[
        "gradient-of-a-vector",
        "hessian-of-a-vector",
        "jacobian-of-a-cost",
        "second-of-two",
        "not-derived",
        "too-large",
        "jacobian-not-derived",
    ],
)
def test_what_there_is_not_is_a_clear_error(call, words):
    with pytest.raises(cb.Unsupported, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: compare("saddle", operator="hesian"), "'hesian'.*'hessian'"),
        (lambda: compare("saddle", operator="hessian[x]"), "only partial"),
        (lambda: compare("saddle", operator="hessian["), "only partial"),
        (lambda: compare("saddle", operator="partial["), "not of the form"),
        (lambda: compare("saddle", operator="jvp"), "called 'pushforward' here"),
        (lambda: compare("saddle", operator=5), "a name such as 'hessian'"),
        (lambda: cb.pushforward("saddle", [1, 2]), "must be a dict"),
        (lambda: cb.hvp("saddle", None), "needs a direction"),
        (lambda: compare("saddle", operator="partial[z]"), "no parameter 'z'"),
        (lambda: cb.partial("quadratic_cost", "w[2]"), "no component 'w\\[2\\]'"),
        (lambda: cb.partial("saddle", "x[0]"), "no component"),
        (lambda: cb.hvp("saddle", {"x": 1}), "direction.*x, y, got x"),
        (lambda: cb.pushforward("saddle", {"x": 1, "y": [1, 2]}, "sympy"), "y must have shape"),
        (lambda: cb.pullback("saddle", [1, 2], "sympy"), "C must have shape"),
        (lambda: cb.pullback("saddle", np.nan, "sympy"), "not finite"),
        (lambda: compare("saddle", direction={"x": 1, "y": 1}), "takes no direction"),
        (lambda: compare(operator="hvp", direction={"x": 1, "y": 1}), "the one problem"),
    ],
    ids=range(17),
)
def test_bad_input_names_itself_and_what_is_valid(call, words):
    with pytest.raises(cb.SelectorError, match=words):
        call()


def test_a_table_says_why_something_is_skipped(cli):
    done = cli("compare", VECTOR, "-b", "sympy", "-b", "by_hand", "--operator", "gradient")
    assert done.status == 0
    assert "skipped" in done.out
    assert "vector-valued: it has a Jacobian, and no gradient" in " ".join(done.out.split())


# --- the API ---------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", names(is_exact))
def test_the_functions(backend):
    """Each operator by its function, on the class's own problems."""
    value, gradient = cb.value_and_gradient("saddle", backend, {"x": 3, "y": 2})
    assert (value, gradient) == (5.0, {"x": 6.0, "y": -4.0})
    assert cb.partial("saddle", "y", backend, {"x": 3, "y": 2}) == -4.0
    assert cb.hessian("saddle", backend).tolist() == [[2, 0], [0, -2]]
    assert cb.hvp("saddle", {"x": 1, "y": 2}, backend) == {"x": 2.0, "y": -4.0}
    at = {"x": 3, "y": 2}
    assert cb.pushforward("saddle", {"x": 1, "y": 2}, backend, at) == -2.0
    assert cb.pullback("saddle", 10, backend, at) == {"x": 60.0, "y": -40.0}
    assert cb.second_derivative("square", backend) == 2.0
    assert cb.jacobian(VECTOR, backend).shape == (10, 3)
    np.testing.assert_allclose(cb.hessian("batch_regression", backend), [[35, 7], [7, 2]])


def test_a_parameter_may_be_called_c():
    @cb.problem(C=2.0)
    def mine(C):
        return C**3

    value, gradient = cb.value_and_gradient(mine, "sympy")
    assert (value, gradient) == (8.0, {"C": 12.0})


@pytest.mark.parametrize("backend", ["by_hand", "torch", "jax"])
def test_a_sparse_hessian_is_the_dense_one(backend):
    sparse = cb.hessian(SPARSE, backend, sparse=True)
    assert sparse.format == "csr"
    assert sparse.nnz == 3 * 10 - 2
    np.testing.assert_array_equal(sparse.toarray(), cb.hessian(SPARSE, backend))
    (record,) = compare(SPARSE, backend, operator="hessian", timed=False).records
    assert "3 colours" in record.method


def test_a_dense_problem_gives_a_sparse_matrix_on_request():
    assert cb.hessian("batch_regression", sparse=True).toarray().tolist() == [[35, 7], [7, 2]]


def test_the_reference_of_another_operator():
    found = cb.reference("saddle", operator="hessian")
    assert found.value["hessian"].tolist() == [[2, 0], [0, -2]]
    assert "∂²z/∂x∂y = 0" in str(found)


# --- the command line --------------------------------------------------------------------------


def test_compare_shows_a_hessian(cli):
    flags = ["-b", "by_hand", "-b", "sympy", "-b", "jax"]
    done = cli("compare", "saddle", "--operator", "hessian", *flags)
    assert done.status == 0
    assert "saddle: hessian" in done.out
    assert "∂²z/∂x²" in done.out
    assert "ok, proved" in done.out
    assert "jax: forward over reverse" in done.out


def test_a_direction_on_the_command_line(cli):
    flags = ["--operator", "hvp", "--direction", "x=1,y=0", "-b", "jax"]
    done = cli("verify", "saddle", *flags)
    assert done.status == 0
    assert "direction: x = 1, y = 0" in done.out


@pytest.mark.few(1)
@pytest.mark.parametrize("command", ["compare", "verify", "bench", "show"])
def test_an_unknown_operator_is_a_usage_error(cli, command):
    done = cli(command, "saddle", "--operator", "hesian")
    assert done.status == 2
    assert "did you mean 'hessian'" in done.err


@pytest.mark.full
def test_show_tells_the_formulas_of_an_operator_and_how_each_backend_takes_it(cli):
    require("jax")
    done = cli("show", "saddle", "--operator", "hessian", "-b", "jax", "-b", "by_hand")
    assert done.status == 0
    assert "symbolic hessian" in done.out
    assert "∂²z/∂x² = 2" in done.out
    assert "jax: forward over reverse" in done.out


@pytest.mark.full
def test_bench_times_an_operator(cli, tmp_path):
    run = tmp_path / "run.jsonl"
    flags = ["--operator", "hvp", "-b", "by_hand", "-b", "jax", "--quick", "-o", run]
    done = cli("bench", "batch_regression", *flags)
    assert done.status == 0, done.err
    assert "batch_regression, hvp" in done.out
    saved = cb.load(run)
    assert {r.operator for r in saved.records} == {"hvp"}
    assert all(r.status.measured and r.timing.call.calls > 1 for r in saved.records)
    assert all(r.method for r in saved.records)
    again = cli("bench", "batch_regression", *flags, "--resume")
    assert "2 of 2 cells are there already" in again.err


# --- the support table ---------------------------------------------------------------------------


def support():
    """A row per operator, a column per backend: how it is taken, or why it is not."""
    shown = {"second_derivative": SINGLE, "jacobian": VECTOR}
    lines = [f"| operator | {' | '.join(BACKENDS)} |", "|---" * (len(BACKENDS) + 1) + "|"]
    for operator in OPERATORS:
        found = records(shown.get(operator, "batch_regression"), operator)
        assert all(r.status in (Status.OK, Status.SKIPPED) for r in found.values())
        cells = [r.method or ("yes" if r.status is Status.OK else r.reason) for r in found.values()]
        lines.append(f"| `{operator}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def test_the_support_table_is_the_one_in_the_documentation():
    require(*BACKENDS)
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    wanted = f"\n\n{support()}\n\n"
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(before + BEGIN + wanted + END + after, "utf-8")
    else:
        assert table == wanted


def test_the_names_of_results_are_the_value_and_the_parameters():
    record = record_of("batch_regression", "value_and_gradient", "sympy")
    assert list(record.value) == [VALUE, "m", "b"]
    assert record.labels == ("C", "∂C/∂m", "∂C/∂b")
