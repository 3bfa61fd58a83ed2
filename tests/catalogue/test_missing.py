"""Frameworks that are not there, or that break when imported: the rest does its part."""

import json

import pytest

HIDER = """
import sys


class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Hide())
"""


MAIN = """
import sys
from calcbench.cli import main
sys.argv = ["calcbench", *sys.argv[1:]]
main()
"""


@pytest.fixture
def without(cli, tmp_path, monkeypatch):
    """`without("torch", …)("compare", …)`: the command line where those cannot be imported."""
    monkeypatch.chdir(tmp_path)  # where `bench` saves a run, named by the second

    def hide(*names):
        code = HIDER.format(names=names) + MAIN
        return lambda *arguments, **options: cli(*arguments, code=code, **options)

    return hide


FAULTS = {
    "ImportError": (
        'raise ImportError("libcudart.so.12: cannot open shared object file")',
        "ImportError: libcudart.so.12: cannot open shared object file",
    ),
    "SystemExit": ("import sys; sys.exit()", "SystemExit: no message"),
    "KeyError": ('{}["HOME OF NO ONE"]', "KeyError: 'HOME OF NO ONE'"),
    "SyntaxError": ("def f(:", "SyntaxError"),
    "several lines": ('raise RuntimeError("first\\nsecond")', "RuntimeError: first"),
    "module missing inside": ("import no_such_dependency", "No module named 'no_such_dependency'"),
}


SOME_FAULTS = pytest.mark.parametrize("broken_torch", ["SystemExit", "SyntaxError"], indirect=True)


@pytest.fixture(params=FAULTS)
def broken_torch(request, without, tmp_path):
    """The command line with a torch that breaks when imported, and what it says."""
    source, said = FAULTS[request.param]
    package = tmp_path / "fake" / "torch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(source + "\n")
    run = without("tensorflow", "jax")  # which take seconds to import, and are not asked for
    return lambda *arguments: run(*arguments, path=[package.parent]), said


def rows(done):
    assert done.err == "", done
    return {row["backend"] or row["problem"]: row for row in json.loads(done.out)}


# --- missing --------------------------------------------------------------------------------------


def test_without_frameworks_the_others_do_their_part(without):
    done = without("torch", "tensorflow", "jax")("compare", "batch_regression", "--json")
    found = rows(done)
    assert done.status == 0
    for name in ("by_hand", "sympy", "finite_difference"):
        assert found[name]["status"] == "ok"
        assert found[name]["value"]["m"] == pytest.approx(36.305, rel=1e-8)
    for name in ("torch", "tensorflow", "jax"):
        assert found[name]["status"] == "not_installed"
        assert f"{name} is not installed" in found[name]["reason"]
        assert f"python -m pip install {name}" in found[name]["reason"]


@pytest.mark.full
def test_without_anything_optional_every_problem_is_answered_for(without):
    done = without("torch", "tensorflow", "jax", "sympy", "sklearn")("verify", "--json")
    assert (done.status, done.err) == (0, "")
    statuses = {(r["problem"], r["backend"]): r["status"] for r in json.loads(done.out)}
    assert statuses["square", "by_hand"] == "ok"
    assert statuses["softmax_cross_entropy", "finite_difference"] == "ok"
    assert statuses["square", "sympy"] == "not_installed"
    assert statuses["diabetes_linear_regression", ""] == "not_installed"
    assert set(statuses.values()) == {"ok", "not_installed", "skipped"}


def test_missing_framework_in_a_table(without):
    done = without("jax")("verify", "square", "-b", "by_hand", "-b", "jax")
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "'jax'" in done.err
    assert "python -m pip install jax" in done.err


@pytest.mark.parametrize("name", ["torch", "tensorflow", "jax"])
def test_asked_for_by_name_is_refused(without, name):
    done = without("torch", "tensorflow", "jax")("verify", "square", "-b", name)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert f"backend {name!r}: {name} is not installed" in done.err
    assert f"python -m pip install {name}" in done.err


def test_list_says_what_is_missing(without):
    run = without("torch", "sklearn")
    done = run("list")
    assert (done.status, done.err) == (0, "")
    assert "torch is not installed; install it with: python -m pip install torch" in done.out
    assert "sklearn is not installed; install it with: python -m pip install scik" in done.out
    listed = json.loads(run("list", "--json").out)
    missing = {c["name"]: c["missing"] for cards in listed.values() for c in cards}
    assert "torch is not installed" in missing["torch"]
    assert missing["square"] is missing["by_hand"] is None


def test_doctor_says_what_is_missing_and_is_content(without):
    run = without("torch", "tensorflow", "jax", "sklearn")
    done = run("doctor", "--json")
    assert done.status == 0
    found = json.loads(done.out)
    statuses = {finding["backend"]: finding for finding in found["backends"]}
    assert statuses["by_hand"]["status"] == statuses["sympy"]["status"] == "ok"
    assert statuses["torch"]["status"] == "not_installed"
    assert "python -m pip install torch" in statuses["torch"]["reason"]
    assert "scikit-learn" in found["problems"]["diabetes_linear_regression"]


def test_without_scikit_learn_its_problems_are_named(without):
    run = without("sklearn")
    done = run("verify", "real_data", "square", "-b", "by_hand", "--json")
    found = rows(done)
    assert done.status == 0
    assert found["by_hand"]["problem"] == "square"
    assert found["by_hand"]["status"] == "ok"
    for name in ("diabetes_linear_regression", "breast_cancer_logistic_regression"):
        assert found[name]["status"] == "not_installed"
        assert "python -m pip install scikit-learn" in found[name]["reason"]
    done = run("verify", "real_data", "-b", "by_hand")
    assert "2 not installed" in done.out
    assert done.status == 0


def test_without_scikit_learn_its_problem_alone_is_refused(without):
    done = without("sklearn")("verify", "diabetes_linear_regression", "-b", "by_hand")
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "python -m pip install scikit-learn" in done.err


# --- broken ---------------------------------------------------------------------------------------


@pytest.mark.few(3)
def test_broken_framework_asked_for_by_name_is_refused(broken_torch):
    run, said = broken_torch
    done = run("compare", "square", "-b", "torch")
    assert (done.status, done.out) == (2, ""), done
    assert done.err.count("\n") == 1, done.err
    assert "torch is installed but does not import" in done.err
    assert said in done.err


@SOME_FAULTS
def test_broken_framework_is_a_row_beside_the_others(broken_torch):
    run, said = broken_torch
    done = run("verify", "square", "--json")
    found = rows(done)
    assert done.status == 0
    assert found["by_hand"]["status"] == "ok"
    assert found["torch"]["status"] == "not_installed"
    assert said in found["torch"]["reason"]


@pytest.mark.few(1)
@SOME_FAULTS
def test_doctor_finds_a_broken_framework(broken_torch):
    run, said = broken_torch
    done = run("doctor", "--json")
    assert (done.status, done.err) == (1, "")
    found = {finding["backend"]: finding for finding in json.loads(done.out)["backends"]}
    assert found["torch"]["status"] == "error"
    assert said in found["torch"]["reason"]
    assert found["by_hand"]["status"] == "ok"


@SOME_FAULTS
def test_list_does_not_import_a_broken_framework(broken_torch):
    run, _ = broken_torch
    done = run("list", "backends")
    assert (done.status, done.err) == (0, "")


# --- timing ---------------------------------------------------------------------------------------


@pytest.mark.few(1)
@SOME_FAULTS
def test_bench_goes_on_without_a_framework_that_breaks(broken_torch):
    run, said = broken_torch
    words = ("bench", "square", "-b", "by_hand", "-b", "torch", "--quick", "--budget", "0.2s")
    done = run(*words, "--json")
    found = {row["backend"]: row for row in json.loads(done.out)}
    assert done.status == 1  # it was asked for by name
    assert found["by_hand"]["timing"] is not None
    assert found["torch"]["status"] == "not_installed"
    assert said in found["torch"]["reason"]


@pytest.mark.few(1)
@pytest.mark.parametrize("selected", [(), ("--backends", "all")], ids=["default", "all"])
def test_bench_of_everything_names_what_is_missing(without, selected):
    words = ("bench", "square", *selected, "--quick", "--budget", "0.2s", "--json")
    done = without("torch", "tensorflow", "jax", "autograd")(*words)
    found = {row["backend"]: row for row in json.loads(done.out)}
    assert done.status == 0
    teaching = ["dual", "tape"] if selected else []
    assert [name for name, row in found.items() if row["timing"]] == [
        "by_hand",
        "sympy",
        "finite_difference",
        *teaching,
    ]
    assert found["torch"]["status"] == "not_installed"
    assert "torch is not installed; install it with" in found["torch"]["reason"]
    assert ("autograd" in found) == bool(selected)


def test_bench_by_name_of_what_is_missing(without):
    done = without("torch")("bench", "square", "-b", "torch", "--quick")
    assert done.status == 2
    assert "torch is not installed; install it with" in done.err
