"""The command line: bad input in one line, exit statuses, data instead of tables, terminals."""

import json
import os
import pkgutil
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest
from checkout import write_checkout
from modes import require
from screen import visible
from waiting import PATIENCE

import calcbench as cb
from calcbench import cli as cli_module
from calcbench.bench.rounds import Settings
from calcbench.catalogue.door import backends, default_backends, problems
from calcbench.catalogue.selection import select_backends, select_problems
from calcbench.record.record import SCHEMA, Record, Status
from calcbench.report.comparison import as_text

HAND = ("-b", "by_hand")
COMMANDS = cli_module.cli.commands
SHARED = {"commands", "completion", "flags", "options", "values", "runs", "tables", "terminal"}
"""Files of the folder that are no commands."""


def refused(done, *fragments):
    """Status 2, nothing on stdout, and one line on stderr that has every fragment."""
    assert done.status == 2, done
    assert done.out == ""
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1, done.err
    assert done.err.endswith("\n")
    assert "Traceback" not in done.err
    for fragment in fragments:
        assert fragment in done.err


def need_altair():
    """Skip where no picture can be drawn."""
    for name in ("altair", "vl_convert"):
        pytest.importorskip(name)


# --- names, selectors, options ----------------------------------------------------------------

BAD_ARGUMENTS = {
    "unknown problem": ("compare sqare", ["'sqare'", "did you mean", "'square'"]),
    "unknown problem, nothing near": ("compare zzzzzz", ["'zzzzzz'", "`calcbench list problems`"]),
    "unknown problem after -p": ("compare square -p cylinder", ["'cylinder'", "'cylinder_volume'"]),
    "unknown problem to show": ("show batch_regresion", ["'batch_regression'"]),
    "unknown problem to verify": ("verify sadle", ["'sadle'", "'saddle'"]),
    "unknown theme": ("compare reveiw", ["'reveiw'", "'review'"]),
    "unknown backend": ("compare square -b tensorflw", ["'tensorflw'", "'tensorflow'"]),
    "unknown backend to show": ("show square -b jaxx", ["'jaxx'", "'jax'"]),
    "empty backend": ("compare square -b ''", ["no backend ''"]),
    "unknown option": ("compare square -b torch[mod=func]", ["'torch'", "'mod'", "'mode'"]),
    "unknown option value": (
        "compare square -b torch[mode=compil]",
        ["mode=compil", "'compile'"],
    ),
    "unknown option value, nothing near": (
        "compare square -b jax[mode=zzz]",
        ["mode=zzz", "choose from", "eager, enzyme, jit"],
    ),
    "option without value": ("compare square -b torch[mode]", ["'mode'", "OPTION=VALUE"]),
    "option given twice": (
        "compare square -b torch[mode=func,mode=eager]",
        ["'mode'", "given twice"],
    ),
    "unclosed bracket": ("compare square -b torch[mode=func", ["'torch[mode=func'", "closing ]"]),
    "text after the bracket": ("compare square -b torch[mode=func]x", ["closing ]"]),
    "option that wants a number": (
        "compare square -b finite_difference[delta=tiny]",
        ["delta='tiny'", "not a number"],
    ),
    "delta of zero": ("compare square -b finite_difference[delta=0]", ["delta", "positive"]),
    "delta that is NaN": ("compare square -b finite_difference[delta=nan]", ["delta", "positive"]),
    "backend without the options of another": (
        "compare square -b by_hand[mode=func]",
        ["'by_hand'", "'mode'"],
    ),
    "at: no parameter at all": ("compare square --at ''", ["NAME=VALUE"]),
    "at: parameter unknown": ("compare saddle --at x=1,y=2,yy=3", ["'yy'", "'y'"]),
    "at: not a number": ("compare square --at x=one", ["x=one", "number"]),
    "at: several lines": ("compare square --at 'x=1\n2'", ["x=1 2", "number"]),
    "at: an expression": ("compare square --at x=1+1", ["x=1+1", "number"]),
    "at: nothing after =": ("compare square --at x=", ["'x='", "NAME=VALUE"]),
    "at: no =": ("compare square --at 5", ["'5'", "NAME=VALUE"]),
    "at: NaN": ("compare square --at x=nan", ["x=nan", "finite"]),
    "at: infinite": ("compare square --at x=-inf", ["x=-inf", "finite"]),
    "at: overflowing": ("compare square --at x=1e999", ["x=inf", "finite"]),
    "at: NaN in a list": (
        "compare quadratic_cost --at w=[1,NaN],b=0",
        ["w=[1, nan]", "finite"],
    ),
    "at: a list for a number": (
        "compare square --at x=[1]",
        ["'x'", "a number", "shape (1)"],
    ),
    "at: a number for a list": (
        "compare quadratic_cost --at w=1,b=0",
        ["'w'", "shape (2)", "got a number"],
    ),
    "at: a list too long": (
        "compare quadratic_cost --at w=[1,2,3],b=0",
        ["'w'", "shape (2)", "shape (3)"],
    ),
    "at: a ragged list": (
        "compare quadratic_cost --at w=[[1,2],[3]],b=0",
        ["w=[[1, 2], [3]]", "numbers of shape (2)"],
    ),
    "at: text in a list": ('compare quadratic_cost --at \'w=["1","2"],b=0\'', ["w=['1', '2']"]),
    "at: an integer beyond floats": (
        f"compare quadratic_cost --at w=[1,1{'0' * 400}],b=0",
        ["w=[1, ", "numbers of shape (2)"],
    ),
    "at: unclosed bracket": ("compare quadratic_cost --at w=[1,2", ["w=[1,2", "list"]),
    "at: given twice": ("compare square --at x=1,x=2", ["'x'", "given twice"]),
    "at: several problems": ("compare square saddle --at x=1", ["at:", "one problem"]),
    "at: a theme": ("compare review --at x=1", ["at:", "one problem"]),
    "at: no problem": ("verify --at x=1", ["at:", "one problem"]),
    "size 0": ("compare straight_line_at_scale --size 0", ["--size", "'0'", "at least 1"]),
    "size -5": ("compare straight_line_at_scale --size -5", ["--size", "'-5'", "at least 1"]),
    "size abc": ("compare straight_line_at_scale --size abc", ["--size", "'abc'", "whole number"]),
    "size 2.5": ("compare straight_line_at_scale --size 2.5", ["--size", "'2.5'", "whole number"]),
    "size nan": ("compare straight_line_at_scale --size nan", ["--size", "'nan'", "whole number"]),
    "size inf": ("compare straight_line_at_scale --size inf", ["--size", "'inf'", "whole number"]),
    "size beyond memory": (
        "compare straight_line_at_scale --size 1e30",
        ["'straight_line_at_scale'", "inputs(1000000000000000019884624838656, rng) raises"],
    ),
    "size of a one-size problem": ("compare square --size 2", ["'square'", "one size, 1"]),
    "seed -1": ("compare square --seed -1", ["--seed", "-1", "x>=0"]),
    "dtype": ("compare square --dtype float16", ["--dtype", "'float16'", "'float32'"]),
    "unknown command": ("compar", ["'compar'", "'compare'"]),
    "unknown option of a command": ("compare square --sise 3", ["'--sise'", "'--size'"]),
    "option without its argument": ("compare square -b by_hand --at", ["'--at'", "argument"]),
    "show without a problem": ("show", ["'PROBLEM'"]),
    "list of something else": ("list problem", ["'problem'", "'problems'", "'backends'"]),
    "steps of an unknown problem": ("steps sqare", ["'sqare'", "'square'"]),
    "steps of an unknown partial": ("steps saddle z", ["'saddle'", "'z'", "x, y"]),
    "steps of a component beyond": ("steps quadratic_cost w[7]", ["'w[7]'", "'w[0]'"]),
    "steps of a theme": ("steps review", ["'review'", "8 problems"]),
    "steps of a backend without a step": ("steps square -b by_hand", ["'by_hand'", "delta"]),
    "steps drawn as something else": ("steps square --plot v.doc", ["'v.doc'", ".svg"]),
    "no such file": ("compare nothing_here.py", ["'nothing_here.py'", "no file"]),
    "no such folder": ("compare nowhere/cost.py", ["'nowhere/cost.py'", "no file"]),
    "a folder": ("compare ./", ["no file"]),
}


@pytest.mark.few(12)
@pytest.mark.parametrize("case", BAD_ARGUMENTS)
def test_bad_argument(cli, case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, fragments = BAD_ARGUMENTS[case]
    hand = HAND if re.match(r"(compare|verify) ", arguments) and "-b" not in arguments else ()
    refused(cli(*shlex.split(arguments), *hand), *fragments)


def test_a_curve_drawn_to_nowhere(cli, tmp_path, monkeypatch):
    need_altair()
    monkeypatch.chdir(tmp_path)
    refused(cli("steps", "square", "--plot", "nowhere/v.svg"), "'nowhere/v.svg'")


def test_misspelt_file(cli, file):
    file("", "my_cost.py")
    refused(cli("compare", "my_cots.py"), "'my_cots.py'", "did you mean 'my_cost.py'?")


def test_not_a_python_file(cli, file):
    file("import calcbench", "cost.txt")
    refused(cli("compare", "./cost.txt"), "cost.txt", "must end in .py")


# --- problem files --------------------------------------------------------------------------------

PLAIN = """
    from calcbench import Problem, problem


    class Mine(Problem):
        def inputs(self, size, rng):
            return {inputs}

        def cost(self, xp{signature}):
            return {cost}

        def gradient(self, xp{signature}):
            return {gradient}
"""


def mine(inputs='{"m": 1.5}', signature=", m", cost="m**2", gradient='{"m": 2 * m}', rows=None):
    """The source of a sound problem, but for what is passed."""
    source = textwrap.dedent(PLAIN).format(
        inputs=inputs, signature=signature, cost=cost, gradient=gradient
    )
    if rows is not None:
        source = source.replace("(Problem):\n", f"(Problem):\n    rows = {rows}\n")
    return source


def over_rows(x, y="[1.0, 2.0, 4.0]", rows='("x", "y")', cost="xp.mean((m * x - y) ** 2)"):
    """The source of a problem with data."""
    return mine(
        inputs=f'{{"m": 1.5, "x": {x}, "y": {y}}}',
        signature=", m, *, x, y",
        cost=cost,
        gradient='{"m": xp.mean(2 * (m * x - y) * x)}',
        rows=rows,
    )


def test_these_sources_are_sound(cli, file):
    for source in (mine(), over_rows("[1.0, 2.0, 3.0]")):
        done = cli("verify", file(source), *HAND, "-b", "sympy")
        assert (done.status, done.err) == (0, "")
        assert done.out.count("ok") == 2


@pytest.mark.parametrize(("number", "kind"), [("nan", "NaN"), ("inf", "infinity")])
def test_data_that_were_not_masked_are_named(cli, file, number, kind):
    """They may stand there: of a cost that masks them there is a verdict."""
    x = f"[1.0, float('{number}'), 3.0]"
    done = cli("verify", file(over_rows(x)), *HAND)
    assert done.status == 1
    said = f"the cost is not a finite number (there is {kind} in 'x')"
    assert said in " ".join(done.out.split())
    masked = "xp.mean((m * xp.where(y < 2, x, 1.0) - y) ** 2)"
    done = cli("verify", file(over_rows(x, cost=masked)), "-b", "finite_difference")
    assert done.status == 0


FILES = {
    "does not import": (
        "import calcbench\n\nimport no_such_module_anywhere\n",
        ["cost.py:3", "ModuleNotFoundError", "'no_such_module_anywhere'"],
    ),
    "raises": ("\n\n\n1 / 0\n", ["cost.py:4", "ZeroDivisionError: division by zero"]),
    "raises in a function": (
        "def f():\n    return {}['key']\n\n\nf()\n",
        ["cost.py:2", "KeyError: 'key'"],
    ),
    "raises in several lines": (
        "raise ValueError('one\\ntwo\\nthree')\n",
        ["cost.py:1", "ValueError: one"],
    ),
    "raises without a message": ("raise RuntimeError\n", ["cost.py:1", "RuntimeError: no message"]),
    "exits": ("import sys\n\nsys.exit('enough')\n", ["cost.py:3", "SystemExit: enough"]),
    "exits with status 0": ("import sys\n\nsys.exit()\n", ["cost.py:3", "SystemExit"]),
    "has a syntax error": (
        "import calcbench\n\n\ndef cost(x:\n    return x\n",
        ["cost.py:4", "SyntaxError", "never closed"],
    ),
    "is not text": ("\x00", ["cost.py", "does not import"]),
    "decorates without values": (
        "import calcbench\n\n\n@calcbench.problem\ndef f(x):\n    return x\n",
        ["cost.py:4", "with the values of its arguments", "@calcbench.problem(x="],
    ),
    "defines no problem": (
        "def cost(x):\n    return x**2\n",
        ["cost.py", "no problem", "calcbench.Problem", "@calcbench.problem"],
    ),
    "is empty": ("", ["cost.py", "no problem"]),
    "only imports problems": ("from calcbench import Problem\n", ["cost.py", "no problem"]),
    "defines a problem without inputs": (
        "from calcbench import Problem\n\n\nclass Mine(Problem):\n"
        "    def cost(self, xp, x):\n        return x\n",
        ["cost.py", "Mine", "defines no inputs"],
    ),
    "defines a problem that cannot be made": (
        mine() + "\n    def __init__(self, size):\n        pass\n",
        ["cost.py", "Mine cannot be made", "no value for size"],
    ),
    "cost: a vector": (
        mine(cost="xp.stack([m, m])"),
        ["'mine'", "one number", "shape (2,)"],
    ),
    "cost: one number in a list": (mine(cost="xp.stack([m])"), ["one number", "shape (1,)"]),
    "cost: complex": (mine(cost="m * 1j"), ["'mine'", "real", "complex128"]),
    "cost: an integer": (mine(cost="3"), ["'mine'", "real floating-point number", "int"]),
    "cost: a truth value": (mine(cost="m > 1"), ["'mine'", "must return a number", "a condition"]),
    "cost: a misspelt name": (
        mine(cost="xp.summ(m**2)", gradient='{"m": xp.su(2 * m)}'),
        ["xp.summ is not in the array vocabulary", "did you mean 'sum'"],
    ),
    "cost: a name missing": (
        mine(cost="xp.linalg.sole(m, m)").partition("    def gradient")[0],
        ["xp.linalg.sole is not in the array vocabulary", "'linalg.solve'"],
    ),
    "signature: *args": (mine(signature=", *m"), ["'mine'", "*m", "signature"]),
    "signature: **data": (mine(signature=", m, **data"), ["'mine'", "**data", "signature"]),
    "signature: no parameters": (
        mine(inputs="{}", signature="", cost="1.0", gradient="{}"),
        ["'mine'", "no parameter"],
    ),
    "signature: data alone": (
        mine(inputs='{"x": 1.0}', signature=", *, x", cost="x", gradient="{}"),
        ["'mine'", "no parameter"],
    ),
    "signature: no xp": (
        mine().replace("cost(self, xp, m)", "cost(self, m)"),
        ["'mine'", "first argument of cost must be xp"],
    ),
    "decorated: *args": (
        "import calcbench\n\n\n@calcbench.problem(x=1.0)\ndef f(*x):\n    return x[0]\n",
        ["'f'", "*x", "signature"],
    ),
    "decorated: a value missing": (
        "import calcbench\n\n\n@calcbench.problem(x=1.0)\ndef f(x, y):\n    return x * y\n",
        ["'f'", "no value for 'y'"],
    ),
    "decorated: a value too many": (
        "import calcbench\n\n\n@calcbench.problem(x=1.0, yy=2.0)\ndef f(x):\n    return x\n",
        ["'f'", "no argument 'yy'"],
    ),
    "inputs: raise": (mine(inputs="undefined"), ["'mine'", "inputs(1, rng)", "NameError"]),
    "inputs: not a dict": (mine(inputs="[1.5]"), ["'mine'", "dict", "[1.5]"]),
    "inputs: a value missing": (mine(inputs="{}"), ["'mine'", "no value for 'm'"]),
    "inputs: NaN": (mine(inputs='{"m": float("nan")}'), ["'mine'", "'m'", "NaN"]),
    "inputs: text": (mine(inputs='{"m": "1.5"}'), ["'mine'", "'m'", "real numbers", "'1.5'"]),
    "inputs: complex": (mine(inputs='{"m": 1j}'), ["'mine'", "'m'", "real numbers", "1j"]),
    "inputs: None": (mine(inputs='{"m": None}'), ["'mine'", "'m'", "NaN"]),
    "data: empty": (over_rows("[]"), ["'mine'", "'x'", "empty"]),
    "data: ragged": (over_rows("[[1.0], [2.0, 3.0]]"), ["'mine'", "'x'", "[[1.0], [2.0, 3.0]]"]),
    "data: text": (over_rows("['1', '2', '3']"), ["'mine'", "'x'", "['1', '2', '3']"]),
    "data: much text": (over_rows("['abc'] * 10**5"), ["'mine'", "'x'", "'abc', ..."]),
    "rows: no such data": (
        over_rows("[1.0, 2.0, 3.0]", rows='("x", "z")'),
        ["'mine'", "rows", "'z'", "not data", "x, y"],
    ),
    "rows: a parameter": (over_rows("[1.0]", rows='("m",)'), ["rows", "'m'", "not data"]),
    "rows: of unequal length": (
        over_rows("[1.0, 2.0]"),
        ["'mine'", "rows", "equal length", "x of shape (2,)", "y of shape (3,)"],
    ),
    "rows: a number": (over_rows("2.0"), ["'mine'", "rows", "equal length", "x of shape ()"]),
    "rows: a sum said to be a mean": (
        over_rows("[1.0, 2.0, 3.0]", cost="xp.sum((m * x - y) ** 2)"),
        ["'mine'", "rows = ('x', 'y')", "3 rows", "mean"],
    ),
    "rows: a function of the mean": (
        over_rows("[1.0, 2.0, 3.0]", cost="xp.log(xp.mean((m * x - y) ** 2))"),
        ["'mine'", "rows = ('x', 'y')", "mean"],
    ),
}


@pytest.mark.few(8)
@pytest.mark.parametrize("case", FILES)
def test_bad_file(cli, file, case):
    source, fragments = FILES[case]
    # by_hand does not evaluate the cost, and finds no fault with it.
    also = {"cost": ("-b", "finite_difference"), "rows": ("-b", "sympy")}.get(case[:4], ())
    refused(cli("verify", file(source), *HAND, *also), *fragments)


FORMULAS = {
    "a name missing": (mine(gradient="{}"), ["hand-derived", "'mine'", "lacks 'm'"]),
    "a name too many": (
        mine(gradient='{"m": 2 * m, "b": m}'),
        ["hand-derived", "'mine'", "'b'", "the parameters are m"],
    ),
    "of the wrong shape": (
        mine(gradient='{"m": xp.stack([m, m])}'),
        ["hand-derived", "'m'", "(2,)", "()"],
    ),
    "not a dict": (mine(gradient="2 * m"), ["hand-derived", "'mine'", "dict"]),
    "None": (mine(gradient="None"), ["hand-derived", "dict", "`return` is missing"]),
}


@pytest.mark.few(2)
@pytest.mark.parametrize("case", FORMULAS)
def test_a_malformed_formula_is_a_row(cli, file, case):
    source, fragments = FORMULAS[case]
    done = cli("verify", file(source), *HAND, "-b", "sympy", "--json")
    assert (done.status, done.err) == (1, "")
    formula, symbols = json.loads(done.out)
    assert (formula["status"], symbols["status"]) == ("error", "ok")
    assert all(fragment in formula["reason"] for fragment in fragments), formula["reason"]


@pytest.mark.few(2)
@pytest.mark.parametrize("backend", [name for name in backends() if name != "by_hand"])
@pytest.mark.parametrize("case", ["cost: a vector", "cost: complex", "cost: an integer"])
def test_bad_cost_by_backend(cli, file, case, backend):
    if missing := backends().cards[backend].missing:
        pytest.skip(missing)
    if backend == "tensorflow" and case == "cost: complex":
        pytest.skip("TensorFlow itself refuses to multiply a real tensor by 1j")
    refused(cli("verify", file(FILES[case][0]), "-b", backend), "'mine'", "must return")


WRONG_FORMULA = """
import numpy as np
from calcbench import Problem

class Waves(Problem):
    sizes = (2,)
    def inputs(self, size, rng):
        return {"x": np.ones(size)}
    def outputs(self, inputs):
        return 2
    def cost(self, xp, x):
        return xp.sin(x)
    def jacobian(self, xp, x):
        return {"x": xp.diag(xp.cos(x))}
"""


def test_a_formula_that_names_no_function_leaves_the_rest_to_be_shown(cli, file):
    name = file(WRONG_FORMULA)
    words = ("show", name, "--operator", "jacobian", "-b", "by_hand", "-b", "sympy")
    done = cli(*words, "--json")
    assert done.status == 0, done.err
    (shown,) = json.loads(done.out)
    reason = shown["programs"]["by_hand"]["reason"]
    assert reason.startswith("cost.py:14: xp.diag is not in the array vocabulary")
    assert shown["methods"]["by_hand"] == f"error ({reason})"
    assert "program" in shown["programs"]["sympy"]
    assert shown["symbolic"]["∂C[0]/∂x[0]"] == "cos(x0)"
    alone = cli("show", name, "--operator", "jacobian", "--program", "by_hand")
    assert (alone.status, alone.err) == (2, f"Error: by_hand: {reason}\n")


REFUSES = """
from calcbench import Problem
from calcbench.errors import ProblemError

class Mine(Problem):
    def inputs(self, size, rng):
        raise ProblemError("there are no numbers")
    def cost(self, xp, x):
        return x
"""


def test_what_a_problem_refuses_names_the_problem_of_ours_and_the_line_of_yours(cli, file):
    mine = cli("compare", file(REFUSES), "-b", "by_hand")
    assert mine.err == "Error: cost.py:7: there are no numbers\n"
    ours = cli("compare", "ht_simple", "--data", ".", "-b", "by_hand")
    assert re.fullmatch(
        r"Error: ht_simple: data='.*': there is no hand\*_c\*\.txt in this folder\n", ours.err
    )


def test_bad_file_to_show(cli, file):
    refused(cli("show", file("1 / 0\n")), "cost.py:1", "ZeroDivisionError")


def test_error_in_a_module_that_the_file_imports(cli, file, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    file("\n\n\n\ndef broken(:\n", "helper_with_a_fault.py")
    done = cli("verify", file("import calcbench\nimport helper_with_a_fault\n"))
    refused(done, "cost.py:2", "SyntaxError", "helper_with_a_fault.py, line 5")


def test_one_bad_problem_among_several_is_a_row(cli, file):
    source = mine() + textwrap.dedent(
        """

        @problem(x=1.0)
        def lopsided(x, y):
            return x + y
        """
    )
    done = cli("verify", file(source), *HAND)
    assert done.status == 1
    assert "no value for 'y'" in done.out
    assert "1 of 2 gradients agree, over 2 problems; 1 error" in done.out


# --- exit statuses and output ---------------------------------------------------------------------


def test_agreement_exits_0(cli):
    done = cli("compare", "square", *HAND, "-b", "sympy")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("square at x = 5\n")
    assert len(re.findall(r"^(by_hand|sympy) +10 +1\d\.\d .*ok", done.out, re.MULTILINE)) == 2


def test_disagreement_exits_1_and_names_it(cli, file):
    done = cli("verify", file(mine(gradient='{"m": 3 * m}')), *HAND, "-b", "sympy")
    assert (done.status, done.err) == (1, "")
    assert re.search(r"^by_hand .* disagree", done.out, re.MULTILINE)
    assert "∂C/∂m is 4.5, expected 3" in done.out
    assert "refuted in ∂C/∂m" in done.out


def test_verify_does_not_time(cli):
    rows = json.loads(cli("verify", "square", *HAND, "--json").out)
    assert "call" not in rows[0]["seconds"]
    rows = json.loads(cli("compare", "square", *HAND, "--json").out)
    assert rows[0]["seconds"]["call"] > 0


def test_json_records(cli):
    done = cli("verify", "batch_regression", "square", *HAND, "-b", "sympy", "--json")
    assert (done.status, done.err) == (0, "")
    records = json.loads(done.out)
    assert [record["schema"] for record in records] == [SCHEMA] * 4
    assert [(r["problem"], r["backend"]) for r in records] == [
        ("batch_regression", "by_hand"),
        ("batch_regression", "sympy"),
        ("square", "by_hand"),
        ("square", "sympy"),
    ]
    first = records[0]
    assert first["status"] == "ok"
    assert first["at"] == {"m": 0.9, "b": 0.1}
    assert first["value"] == pytest.approx({"m": 36.305, "b": 6.265}, rel=1e-13)
    assert first["proof"] == "proved"
    assert first["size"] == 8


def test_list_marks_what_is_not_in_the_default_set(cli):
    lines = cli("list", "backends").out.splitlines()
    marked = [line.split("-b ")[1] for line in lines if "not in the default set" in line]
    assert marked == [backend for backend in backends() if backend not in default_backends()]


def test_what_is_missing_can_be_left_out(cli_here, monkeypatch):
    monkeypatch.setitem(sys.modules, "autograd", None)
    listed = json.loads(cli_here("list", "backends", "--json", "--no-missing").out)["backends"]
    assert all(card["missing"] is None for card in listed)
    assert len(listed) < len(backends())


ABSENT = ("torch", "tensorflow", "jax")

WITHOUT = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT}))
from calcbench.cli import main
sys.argv[0] = "calcbench"
main()
"""


def test_a_row_of_what_is_missing_can_be_left_out(cli):
    def run(*options):
        return cli("verify", "saddle", "square", *options, code=WITHOUT)

    every, shown = run(), run("--no-missing")
    assert every.out.count("torch is not installed") == 2
    assert "torch" not in shown.out
    assert every.status == shown.status == 0
    names = {record["backend"] for record in json.loads(run("--no-missing", "--json").out)}
    assert names == set(default_backends()) - set(ABSENT)


def test_doctor_examines_what_is_named(cli):
    found = json.loads(cli("doctor", "-b", "by_hand", "--backend", "autograd", "--json").out)
    assert [finding["backend"] for finding in found["backends"]] == ["by_hand", "autograd"]
    refused = cli("doctor", "-b", "by_hant")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "did you mean 'by_hand'" in refused.err


def test_json_of_every_command(cli):
    listed = json.loads(cli("list", "--json").out)
    assert set(listed) == {"problems", "backends"}
    assert [card["name"] for card in listed["backends"]] == list(backends())
    default = [card["name"] for card in listed["backends"] if card["default"]]
    assert default == list(default_backends())
    assert list(json.loads(cli("list", "backends", "--json").out)) == ["backends"]
    (shown,) = json.loads(cli("show", "square", "-b", "by_hand", "--json").out)
    assert shown["name"] == "square"
    assert "program" in shown["programs"]["by_hand"]


def test_the_program_of_one_backend_runs_alone(cli, tmp_path):
    done = cli("show", "cylinder_volume", "--program", "by_hand")
    assert (done.status, done.err) == (0, "")
    (tmp_path / "f.py").write_text(done.out, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "f.py"], cwd=tmp_path, capture_output=True, timeout=PATIENCE, check=True
    )
    numbers = [float(n) for n in re.findall(r"= ([-\d.]+)", ran.stdout.decode())]
    assert numbers == pytest.approx([94.2477796, 28.2743339])
    (shown,) = json.loads(cli("show", "cylinder_volume", "-b", "by_hand", "--json").out)
    assert done.out.rstrip() == shown["programs"]["by_hand"]["program"].rstrip()


def test_the_program_of_several_is_refused(cli):
    refused(cli("show", "review", "--program", "by_hand"), "--program", "'review'", "8")
    refused(cli("show", "saddle", "--program", "all"), "--program", "'all'")
    refused(cli("show", "saddle", "--program", "jxa"), "'jax'")
    refused(cli("show", "curve_fit_residuals", "--program", "autograd"), "no stand-alone program")


def test_steps_in_float32_are_judged_as_float32(cli):
    words = ("steps", "chain_rule_single", "-b", "finite_difference", "--json")
    double, single = (json.loads(cli(*words, "--dtype", d).out) for d in ("float64", "float32"))
    assert list(single["optimum"]) == ["finite_difference[dtype=float32]"]
    (fine,), (coarse,) = double["optimum"].values(), single["optimum"].values()
    assert coarse > 10 * fine
    assert not any(float(step["error"]) > float(step["bound"]) for step in single["steps"])


def test_a_dry_run_is_data_too(cli):
    found = json.loads(cli("bench", "saddle", *HAND, "--dry-run", "--json").out)
    assert found["cells"] == 1
    assert found["groups"] == [
        {"title": "saddle", "dtype": "float64", "threads": 1, "backends": ["by_hand"]}
    ]
    low, high = found["seconds"]
    assert 0 < low < high


def test_parameters_that_are_not_named_keep_their_values(cli):
    done = cli("verify", "saddle", "--at", "x=-1.5", *HAND, "--json")
    (record,) = json.loads(done.out)
    assert record["at"] == {"x": -1.5, "y": 2.0}
    assert record["value"] == {"x": -3.0, "y": -4.0}


def test_json_with_bad_input_is_still_one_line(cli):
    refused(cli("compare", "sqare", "--json"), "'square'")


def test_positions_options_and_themes_select_problems(cli):
    done = cli("verify", "square", "-p", "saddle", "--problem", "chain_rule", *HAND, "--json")
    names = [record["problem"] for record in json.loads(done.out)]
    theme = [n for n, card in problems().cards.items() if card.theme == "chain_rule"]
    assert names == ["square", "saddle", *theme]


def test_file_with_several_problems(cli, file):
    source = mine() + textwrap.dedent(
        """

        class Another(Mine):
            pass


        @problem(x=3.0, y=2.0)
        def saddle_of_mine(x, y):
            return x**2 - y**2


        alias = saddle_of_mine
        """
    )
    done = cli("verify", file(source), "-b", "sympy", "--json")
    assert done.status == 0
    names = [record["problem"] for record in json.loads(done.out)]
    assert names == ["mine", "another", "saddle_of_mine"]


def test_at_and_dtype_reach_the_backends(cli):
    done = cli("verify", "saddle", "--at", "x=-1.5,y=1e-3", "--dtype", "float32", *HAND, "--json")
    (record,) = json.loads(done.out)
    assert record["dtype"] == "float32"
    assert record["backend"] == "by_hand[dtype=float32]"
    assert record["at"] == {"x": -1.5, "y": 0.001}
    assert record["value"] == pytest.approx({"x": -3.0, "y": -0.002}, rel=1e-6)


@pytest.mark.parametrize("text", ["2e3", "2_000", "2000", "2000.0"])
def test_sizes_are_written_in_several_ways(text):
    arguments = ["straight_line_at_scale", "--size", text]
    assert COMMANDS["verify"].make_context("verify", arguments).params["size"] == 2000


def test_size_of_several_problems_applies_where_there_is_a_choice(cli):
    done = cli("verify", "square", "straight_line_at_scale", "--size", "100", *HAND, "--json")
    assert [record["size"] for record in json.loads(done.out)] == [1, 100]


def test_list_names_options_and_fits_a_pipe(cli):
    done = cli("list", "backends")
    assert (done.status, done.err) == (0, "")
    assert "[scheme=central | forward | complex | richardson]" in done.out
    assert "[delta=a number]" in done.out
    assert "\x1b" not in done.out
    for card in backends().cards.values():
        assert f"    {card.name} " in done.out
        assert (card.missing or card.summary) in done.out


def test_calcbench_alone_shows_the_help(cli):
    done = cli()
    assert (done.status, done.err) == (0, "")
    assert "Examples:" in done.out


def test_version(cli):
    assert cli("--version").out.startswith("calcbench, version ")


def test_every_file_of_a_command_is_in_the_table():
    files = {module.name for module in pkgutil.iter_modules(cli_module.__path__)}
    assert {name.replace("-", "_") for name in COMMANDS} == files - SHARED


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_what_its_line_in_the_table_says(name):
    command = COMMANDS[name].load()
    assert command.name == name
    assert command.get_short_help_str(1000) == COMMANDS[name].get_short_help_str(1000)


def test_help_lists_every_command(cli):
    listed = cli("--help").out.partition("Commands:\n")[2]
    assert re.findall(r"^  (\S+)", listed, re.MULTILINE) == sorted(COMMANDS)


# --- help -----------------------------------------------------------------------------------------


def examples(command):
    """The commands under Examples in a command's help."""
    help_text = (command.callback.__doc__ or "").partition("Examples:")[2]
    lines = re.findall(r"^\s+calcbench (.*)$", help_text, re.MULTILINE)
    return [re.split(r"  +|&& |> ", line)[0] for line in lines]


EXAMPLES = [
    line
    for command in (cli_module.cli, *(command.load() for command in COMMANDS.values()))
    for line in examples(command)
]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples(cli, name):
    done = cli(name, "--help")
    assert (done.status, done.err) == (0, "")
    assert "Examples:" in done.out
    assert examples(COMMANDS[name].load())


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS)])
def test_help_fits_80_columns(cli, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    done = cli(*words, "--help")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "..." not in re.sub(r"\[[A-Z]+\]\.\.\.|[A-Z]+\.\.\.", "", done.out)  # nothing is cut
    assert " TEXT" not in done.out


def test_as_many_backends_are_told_of_as_take_part(cli):
    assert len(default_backends()) == 6
    assert (
        "calcbench compare                     the class's problems by six backends"
        in cli("--help").out
    )
    readme = Path(__file__).parents[2].joinpath("README.md").read_text("utf-8")
    assert "every cost function of the class\ndifferentiated by six backends:" in readme


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_can_be_pasted_into_zsh(line):
    """Which takes brackets, ? and * for patterns of file names, unless they are quoted."""
    assert not set("[]?*") & set(re.sub(r"'[^']*'", "", line))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json(name):
    """And what runs a problem or a backend shows where its code raises."""
    options = {option for p in COMMANDS[name].load().params for option in p.opts}
    assert "--json" in options or name == "gradbench"  # which speaks nothing else
    # What a hand-in prints vanishes, and a lesson's own code is no problem.
    silent = ("list", "merge", "report", "compare-runs", "cite", "exercise", "exercises", "lessons")
    runs = name not in silent
    assert ("--traceback" in options) == runs


def parse(line):
    """A command line's command, and the values of its arguments and options."""
    name, *arguments = shlex.split(line)
    return name, COMMANDS[name].make_context(name, list(arguments)).params


def is_long(line):
    """Whether a command takes long, or needs runs: `test_bench_cli.py` runs these."""
    name, given = parse(line)
    if name in ("compare", "verify"):
        return not given["names"] or given["size"] == 8e6
    # gradbench keeps its process to one processor: tests/gradbench runs it in one of its own.
    return name in ("doctor", "bench", "merge", "report", "compare-runs", "cite", "gradbench")


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_name_what_there_is(file, line):
    file(mine(), "my_cost.py")
    _, given = parse(line)
    named = [*given.get("names", ()), *([given["problem"]] if "problem" in given else [])]
    assert len(select_problems(named)) >= len(named)
    wanted = given.get("backends", ())
    assert len(select_backends(wanted)) >= len(wanted)  # `all` names several


SHEET = """
[[exercise]]
id = "1"
question = "Slopes of $x^2 - y^2$ at (3, 2)"
answers = [{name="x", value="6"}, {name="y", value="-4"}]
"""


MODEL = """
import numpy as np

x = weights = np.array([0.3, -1.2])

def loss(w):
    return np.sum(np.log1p(w**2))

def backprop(w):
    return 2 * w / (1 + w**2)

loss_gradient = backprop

def loss_hvp(w, v):
    return 2 * (1 - w**2) / (1 + w**2) ** 2 * v

def layer(w):
    return np.tanh(w)

def backward(w, u):
    return u * (1 - np.tanh(w) ** 2)

class Model:
    def loss(self, w):
        return loss(w)

    def loss_gradient(self, w):
        return backprop(w)
"""


@pytest.mark.few(4)
@pytest.mark.parametrize("line", [line for line in EXAMPLES if not is_long(line)])
def test_examples_work(cli, file, line):
    file(mine(), "my_cost.py")
    file(MODEL, "model.py")
    file(SHEET, "sheet.toml")
    Path("hand_ins").mkdir()
    Path("hand_ins/anna.toml").write_text("1 = [6, -4]", encoding="utf-8")
    write_checkout(Path())
    name, given = parse(line)
    for backend in select_backends(given.get("backends", ())):
        if missing := backend.missing():
            pytest.skip(missing)
    if given.get("picture"):
        need_altair()
    # By_hand alone where no backend is named: the others take long.
    hand = HAND if name in ("compare", "verify", "show") and not given["backends"] else ()
    done = cli(*shlex.split(line), *hand)
    assert done.status == 0, done
    said = r"(written to \S+\n|\d+ (lessons in|hand-ins? marked in) \S+\n)?"
    assert re.fullmatch(said, done.err), done


# --- real processes -------------------------------------------------------------------------------


ALONE = {
    "list": "list problems",
    "show": "show square -b by_hand",
    "compare": "compare square -b by_hand",
    "verify": "verify square -b by_hand",
    "check": "check model.py::loss --x weights",
    "steps": "steps square",
    "plot": "plot square -o square.html",
    "descend": "descend square --steps 2",
    "lessons": "lessons",
    "exercise": "exercise",
    "exercises": "exercises sheet.toml",
    "doctor": "doctor -b by_hand",
    "bench": "bench square -b by_hand --quick --budget 0.1 -o again.jsonl",
    "merge": "merge run.jsonl -o all.jsonl",
    "report": "report run.jsonl",
    "compare-runs": "compare-runs run.jsonl run.jsonl",
    "gradbench": "gradbench --tool by_hand",
    "cite": "cite run.jsonl",
}
"""Command → a line that it can do by itself."""


@pytest.mark.few(2, more=len(ALONE))
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_imported_what_it_uses(process, file, tmp_path, name):
    """As no fork shows (`forking`)."""
    file(MODEL, "model.py")
    file(SHEET, "sheet.toml")
    if name == "plot":
        need_altair()
    if "run.jsonl" in ALONE[name]:
        brief = Settings(rounds=1, burst=0.001, budget=0.1)
        cb.benchmark("square", "by_hand", settings=brief, output=tmp_path / "run.jsonl")
    done = process(*ALONE[name].split(), stdin=subprocess.DEVNULL)
    assert done.status == 0, done
    assert "Traceback" not in done.err


def test_process_refuses_bad_input(process):
    refused(process("compare", "sqare"), "'square'")


def test_process_refuses_a_file_that_does_not_import(process, tmp_path):
    (tmp_path / "cost.py").write_text("import calcbench\n1 / 0\n")
    refused(process("compare", tmp_path / "cost.py"), f"{tmp_path / 'cost.py'}:2", "ZeroDivision")


@pytest.mark.few(2)
@pytest.mark.parametrize("returned", ["None", "'text'"])
@pytest.mark.parametrize("backend", ["by_hand", "sympy", "finite_difference", "jax"])
def test_a_cost_that_returns_no_number_is_refused(cli, file, backend, returned):
    require(backend)
    file(mine(cost=returned))
    refused(
        cli("compare", "cost.py", "-b", backend), "must return a number", f"returned {returned}"
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no file here is always full")
@pytest.mark.parametrize("arguments", ["list", "list --json", "compare square -b by_hand"])
def test_output_that_cannot_be_written_is_one_line(arguments, tmp_path):
    command = [sys.executable, "-m", "calcbench", *arguments.split()]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, timeout=PATIENCE
        )
    assert done.returncode == 2
    assert done.stderr.decode().startswith("Error: the output cannot be written: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "arguments", ["list", "verify square -b by_hand", "show square -b by_hand"]
)
def test_closed_pipe_is_silent(arguments, tmp_path):
    """As with `| head -1`, once head has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "calcbench", *arguments.split()]
    done = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, timeout=PATIENCE
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_interrupt_is_one_line(tmp_path):
    (tmp_path / "slow.py").write_text(
        textwrap.dedent(
            """
            import time
            import calcbench


            @calcbench.problem(x=1.0)
            def slow(x):
                print("running", flush=True)
                time.sleep(600)
                return x**2
            """
        )
    )
    command = [sys.executable, "-m", "calcbench", "compare", "slow.py", "-b", "finite_difference"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as running:
        assert running.stderr.readline() == b"running\n"
        time.sleep(0.1)
        children = psutil.Process(running.pid).children(recursive=True)
        assert children
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert (out, err.decode().split()) == (b"", ["interrupted"])
    assert not psutil.wait_procs(children, timeout=PATIENCE)[1]


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=["LC_ALL=C", "ascii", "latin-1"],
)
@pytest.mark.parametrize("arguments", ["list", "verify square -b by_hand"])
def test_narrow_encodings_do_not_crash(process, env, arguments):
    done = process(*arguments.split(), env=env)
    assert (done.status, done.err) == (0, "")
    assert "square" in done.out


def test_json_loses_nothing_to_a_narrow_encoding(process):
    done = process("list", "problems", "--json", env={"PYTHONIOENCODING": "ascii"})
    cards = json.loads(done.out)["problems"]
    assert [card["summary"] for card in cards] == [
        card.summary for card in problems().cards.values()
    ]


@pytest.fixture
def in_terminal(server, monkeypatch, tmp_path):
    """`in_terminal(80, "list")` → exit status, and what is written to a terminal so wide.

    With `both`, the standard error stream is there too; without, nothing may be written to it.
    """
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    if server is None:
        pytest.skip("nothing is forked here")
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    (tmp_path / "err").touch()

    def run(columns, *arguments, both=False):
        ours, theirs = pty.openpty()
        size = bytes([40, 0, columns, 0, 0, 0, 0, 0])
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        terminal, written = os.ttyname(theirs), []
        reader = threading.Thread(target=lambda: written.extend(iter(lambda: _read(ours), b"")))
        reader.start()
        err = terminal if both else tmp_path / "err"
        status = server.run(*arguments, streams=(terminal, terminal, err))
        os.close(theirs)
        reader.join()
        os.close(ours)
        assert (tmp_path / "err").read_bytes() == b""
        return status, b"".join(written).decode().replace("\r\n", "\n")

    return run


def _read(terminal):
    """What comes next, or nothing once the other end is closed, as Linux says by an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


SELECTED = ("square", "batch_regression", "several_inner_variables")
LONG = "finite_difference[scheme=richardson,delta=0.01]"


@pytest.mark.parametrize("columns", [60, 80])
def test_narrow_terminal(in_terminal, columns):
    backends = ("by_hand", "sympy", "finite_difference", LONG)
    options = [word for name in backends for word in ("-b", name)]
    status, written = in_terminal(columns, "compare", *SELECTED, *options)
    assert status == 0
    assert "\x1b[" in written  # in colour
    plain = "\n".join(visible(written))
    assert all(len(line) <= columns for line in plain.splitlines())
    # No number is cut or folded: each partial stands whole, once per row.
    rows = 4 + ("reference" in plain)
    assert len(re.findall(r"(?<![\d.])36\.305(?!\d)", plain)) == rows
    assert len(re.findall(r" 1\.84210858(?!\d)", plain)) == rows
    assert "…" not in re.sub(r"…\s+and\s+\d+\s+more", "", plain)
    # Names stand whole, or break where they are joined.
    words = set(re.split(r"[\s]+", plain))
    assert {"by_hand", "sympy", "verdict", "digits"} <= words
    assert "finite_difference" in words
    assert "several_inner_variables" in words


TABLE = r"""saddle at x = 3, y = 2
backend +∂z/∂x +∂z/∂y +digits  verdict +time
─+
reference +6 +-4 +exact  certified
by_hand +6 +-4 +16.0  ok +\S+ .?s
finite_difference +6 +-4 +11.2  ok +\S+ .?s

"""


def test_a_terminal_shows_in_the_end_what_a_pipe_gets(in_terminal, cli):
    """Whatever else was shown meanwhile is gone."""
    words = ("compare", "saddle", *HAND, "-b", "finite_difference")
    status, written = in_terminal(80, *words)
    assert status == 0
    assert re.fullmatch(TABLE, "\n".join(visible(written)))
    assert re.fullmatch(TABLE, cli(*words).out)
    assert "certifying the gradient" in written


@pytest.mark.parametrize("piped", [True, False])
def test_a_pipe_may_end_in_the_terminal_that_nothing_is_written_to_then(tmp_path, piped):
    """As `| cat`; beside a file the terminal shows what is being done, and nothing in the end."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "calcbench", "verify", "saddle", *HAND]
    with open(tmp_path / "out.txt", "wb") as file:
        to = subprocess.PIPE if piped else file
        with subprocess.Popen(command, stdout=to, stderr=theirs, stdin=subprocess.PIPE) as running:
            os.close(theirs)
            out = running.communicate(timeout=PATIENCE)[0]
    try:
        written = os.read(ours, 65536).decode()
    except OSError:  # how Linux says that nothing is there, and nobody
        written = ""
    os.close(ours)
    assert b"certified" in (out if piped else (tmp_path / "out.txt").read_bytes())
    assert ("certifying the gradient" in written) != piped
    assert visible(written) == [""]


PRINTS = """
import calcbench

@calcbench.problem(x=3.0)
def chatty(xp, x):
    print("the cost", end=" ")
    print("is asked")
    return x**2
"""


@pytest.mark.parametrize("command", ["verify", "descend"])
def test_what_a_cost_prints_is_not_glued_to_the_progress(in_terminal, file, command):
    words = (command, file(PRINTS), "-b", "finite_difference")
    status, written = in_terminal(80, *words, both=True)
    assert status == 0
    assert "cost.py · " in written or "chatty · " in written  # what is being done
    lines = visible(written)
    printed = [line for line in lines if "asked" in line]
    assert set(printed) == {"the cost is asked"}
    assert lines[len(printed)].startswith("chatty")  # the table


def test_a_terminal_shows_a_row_before_the_last_is_ready(in_terminal):
    words = ("compare", "saddle", *HAND, "-b", "finite_difference")
    _, written = in_terminal(80, *words)
    first = re.search(r"by_hand +6 +-4 +– +… ", written)
    assert first.start() < written.index("saddle · finite_difference") < written.index("certified")


def test_full_summary_at_80_columns():
    """The columns of six backends beside the longest name of a problem."""
    records = [
        Record(name, backend, "gradient", "float64", Status.OK, digits=16.0, proof="proved")
        for name in ("square", "breast_cancer_logistic_regression")
        for backend in default_backends()
    ]
    lines = as_text(records, 80)
    summary = lines[lines.index("digits of agreement") :]
    assert all(len(line) <= 80 for line in summary.splitlines())
    assert summary.count("square") == 1  # one block
    assert re.search(r"^breast_cancer_ .*\nlogistic_ *\nregression", summary, re.MULTILINE)


def test_progress_is_for_terminals_only(cli):
    assert cli("compare", "square", *HAND).err == ""
