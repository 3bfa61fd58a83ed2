"""Faults in users' code: where, what, and the remedy."""

import ast
import functools
import sys
import textwrap

import pytest

from calcbench.catalogue.files import load_file
from calcbench.errors import ProblemError, Unsupported
from calcbench.operators.points import points_for
from calcbench.problem.faults import blamed_on, describe, find_fault
from calcbench.problem.inputs import own_point
from calcbench.problem.remedies import find_remedy
from calcbench.problem.returns import check_returns
from calcbench.problem.snippets import Snippet
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.suggestions import SPELLED, suggest


class Mute(Exception):
    def __str__(self):
        raise ValueError("no word")


def caught(function, *arguments):
    """The exception that a call raises."""
    try:
        function(*arguments)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def raise_it(error):
    raise error


def snippet(source, names=None):
    """A statement of which only the line is known."""
    return Snippet(ast.parse(source).body[0], None, names or {})


def test_the_place_is_the_last_line_of_the_users_own(tmp_path, monkeypatch):
    """Not one of a library that it calls, and not one of calcbench's that calls it."""
    (tmp_path / "helper_of_mine.py").write_text(
        "import json\n\n\ndef read(text):\n    return json.loads(text)\n"
    )
    (tmp_path / "cost.py").write_text(
        "import calcbench\nimport helper_of_mine\n\n\n@calcbench.problem(x=1.0)\n"
        "def mine(x):\n    return helper_of_mine.read('{')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (problem,) = load_file(tmp_path / "cost.py")
    fault = find_fault(caught(problem.cost, None, 1.0))
    assert fault.place == "helper_of_mine.py:5"
    assert fault.what.startswith("JSONDecodeError: Expecting property name")
    assert fault.remedy == ""
    sys.modules.pop("helper_of_mine")


def test_an_exception_that_no_line_of_the_users_raised_has_no_place():
    assert describe(ZeroDivisionError("division by zero")) == "ZeroDivisionError: division by zero"


def test_a_place_that_only_the_message_tells(tmp_path):
    """As TensorFlow's, which runs a translation of the code."""
    file = tmp_path / "cost.py"
    file.write_text("def cost(xp, x):\n    if x > 0:\n        return x\n")
    message = f"""in user code:

    File "{file}", line 2, in cost  *
        if x > 0:

    TypeError: Using a symbolic `tf.Tensor` as a Python `bool` is not allowed.
    """
    fault = find_fault(TypeError(message))
    assert fault.place == "cost.py:2"
    assert fault.what == (
        "TypeError: Using a symbolic `tf.Tensor` as a Python `bool` is not allowed."
    )
    assert "xp.where" in fault.remedy
    assert str(fault).startswith("cost.py:2: TypeError: ")


def test_what_cannot_be_printed_is_described_all_the_same():
    assert describe(caught(raise_it, Mute())).endswith(": Mute: no message")


def test_blame():
    exits = r"^problem 'mine': test_user_faults\.py:\d+: SystemExit: 3$"
    with pytest.raises(ProblemError, match=exits), blamed_on("mine"):
        sys.exit(3)
    with pytest.raises(Unsupported, match=r"^not here$"), blamed_on("mine"):
        raise Unsupported("not here")
    with pytest.raises(KeyboardInterrupt), blamed_on("mine"):
        raise KeyboardInterrupt
    with (
        pytest.raises(ProblemError, match=r"^test_user_faults\.py:\d+: no name$"),
        blamed_on("mine"),
    ):
        raise ProblemError("no name")


NO_NUMBER = "NotImplementedError: Cannot convert a symbolic tf.Tensor to a numpy array"


@pytest.mark.parametrize("known", [{}, {"numerics": sys}])
def test_a_library_is_known_by_its_module_or_its_usual_name(known):
    source = "y = numerics.exp(x) + math.gcd(4, 6)\n"
    assert find_remedy(NO_NUMBER, snippet(source, known)) == (
        "use xp.exp in place of numerics.exp" if known else ""
    )
    assert find_remedy(NO_NUMBER, snippet("xp.exp(self.scale(x))", known)) == ""


def test_remedies_need_a_reason():
    """A line that branches, or writes, may fail for something else."""
    assert find_remedy("ZeroDivisionError: division by zero", snippet("if 1 / x > 0: pass")) == ""
    assert find_remedy("IndexError: index 3 is out of bounds", snippet("x[3] = 1.0")) == ""
    sliced = "TypeError: slice indices must be integers or None"
    assert find_remedy(sliced, snippet("y = x[:n]")) == ""
    assert find_remedy("ValueError: shapes differ", snippet("y = np.exp(x) + z")) == ""


RETURNING = """
def one(x): return x
def two(x):
    if x: return x
def three(x): raise ValueError
def four(x): yield x
def five(x):
    while True: pass
six = lambda x: x**2
async def seven(x): pass
def eight(x):
    try: return x
    finally: print()
"""

EMPTY = """
def one(x): x**2
def two(x): return
def three(x):
    if x: return None
    x + 1
def four(x): pass
def five(x):
    for y in x: print(y)
"""


def functions(source):
    names = {}
    exec(compile(textwrap.dedent(source), "cost.py", "exec"), names)
    return [value for value in names.values() if callable(value)]


@pytest.mark.parametrize("function", functions(RETURNING))
def test_a_function_that_may_return_something_passes(function):
    check_returns("the cost of 'mine'", "a number", function)


@pytest.mark.parametrize("function", functions(EMPTY))
def test_a_function_without_return_is_told(function):
    line = function.__code__.co_firstlineno
    with pytest.raises(ProblemError, match=rf"^cost\.py:{line}: .*'mine'.*return.* is missing$"):
        check_returns("the cost of 'mine'", "a number", function)


def test_what_has_no_code_is_left_alone():
    check_returns("mine", "a number", functools.partial(print))


@pytest.mark.parametrize("name", ["nansum", "fft", "gradient", "i0", "sinc", "quux"])
def test_nothing_far_fetched_is_suggested(name):
    assert suggest(name) == "docs/vocabulary.md lists what is"


@pytest.mark.parametrize(
    ("name", "meant"), [("expp", "exp"), ("maximun", "maximum"), ("sigmod", "sigmoid")]
)
def test_a_misspelling_is_recognised(name, meant):
    assert suggest(name) == f"did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("name", "ours"), [("concatenate", "concat"), ("dot", "matmul"), ("solve", "linalg.solve")]
)
def test_the_name_in_other_libraries_is_translated(name, ours):
    assert suggest(name) == f"use xp.{ours}"


@pytest.mark.parametrize("name", ["diag", "diagflat"])
def test_what_takes_two_names_is_shown(name):
    assert "xp.eye(n)" in suggest(name)


def test_a_translation_is_of_what_is_no_name_into_one_that_is():
    assert {*SPELLED.values()} <= NAMES.keys()
    assert not SPELLED.keys() & NAMES.keys()
    assert not {f"linalg.{name}" for name in SPELLED} & NAMES.keys()


@pytest.mark.parametrize(
    "library",
    [
        *("numpy", "scipy.special"),
        *(
            pytest.param(name, marks=pytest.mark.full)
            for name in (
                *("torch", "torch.special", "torch.nn.functional", "tensorflow"),
                *("jax.numpy", "jax.nn", "jax.lax", "jax.scipy.special"),
            )
        ),
    ],
)
def test_what_a_library_has_is_no_misspelling_of_what_we_have(library):
    """Its names are translated, or the page is named: `gammainc` is no mistake for `gammaln`."""
    module = pytest.importorskip(library)
    theirs = [name for name in dir(module) if name.islower() and not name.startswith("_")]
    theirs = [name for name in theirs if name not in NAMES and callable(getattr(module, name))]
    assert len(theirs) > 15
    assert [name for name in theirs if suggest(name).startswith("did you mean")] == []


@pytest.mark.parametrize(("name", "ours"), [("exp_", "exp"), ("clamp_", "clip")])
def test_a_function_that_writes_into_an_array_is_translated_too(name, ours):
    assert suggest(name) == f"use xp.{ours}"


METHODS = """
import numpy as np
from calcbench import Problem

class Mine(Problem):
    def inputs(self, size, rng):
        return {"x": np.ones(3), "t": np.ones(3)}

    def cost(self, xp, x, *, t):
        return xp.sum(x * t)

    def %s:
        %s
"""


@pytest.mark.parametrize("method", ["structure", "outputs", "domain"])
def test_a_method_without_xp_has_no_remedy_of_it_and_the_message_says_what_it_is_given(
    tmp_path, method
):
    """As where it takes the inputs for the size."""
    argument = "values" if method == "domain" else "inputs"
    file = tmp_path / "mine.py"
    file.write_text(METHODS % (f"{method}(self, {argument})", f"return np.arange({argument})"))
    (problem,) = load_file(file)
    told = (
        rf"problem 'mine': {method}\({argument}\), which is given a dict of arrays by name "
        r"\(x, t\), raises mine\.py:13: TypeError: [^;]*'dict'[^;]*$"
    )
    with pytest.raises(ProblemError, match=told):
        points_for(own_point(problem))


def test_inputs_and_costs_in_a_frameworks_own_code_have_no_remedy_of_xp(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(METHODS % ("inputs(self, size, rng)", 'return {"x": float([1.0]), "t": 1.0}'))
    (problem,) = load_file(file)
    with pytest.raises(ProblemError, match=r"inputs\(1, rng\) raises [^;]*TypeError: [^;]*$"):
        own_point(problem)
    file = tmp_path / "own.py"
    file.write_text(METHODS % ("cost_numpy(self, x, *, t)", "return float(x)"))
    (problem,) = load_file(file)
    assert find_fault(caught(problem.cost_numpy, [1.0])).remedy == ""


def test_a_function_that_a_cost_calls_has_the_remedies_of_the_cost(tmp_path):
    file = tmp_path / "mine.py"
    source = METHODS.replace("xp.sum(x * t)", "number(x)") % ("outputs(self, inputs)", "return 1")
    file.write_text(f"{source}\ndef number(x):\n    return float(x)\n")
    (problem,) = load_file(file)
    told = find_fault(caught(functools.partial(problem.cost, None, t=2.0), [1.0]))
    assert told.remedy.startswith("leave float() out"), told
