"""Third-party problems and backends, through real entry points; and the built-in files."""

import dataclasses
import importlib
import json
import shutil
import tomllib
from pathlib import Path

import pytest

import calcbench
from calcbench.catalogue.door import backends, default_problems, problems
from calcbench.catalogue.selection import select_backends

ROOT = Path(calcbench.__file__).parent.parent
EDITABLE = (ROOT / "pyproject.toml").is_file() and (ROOT / "problems").is_dir()

PROBLEM = '''
from calcbench import Problem, problem


class Parabola(Problem):
    """A parabola from elsewhere."""

    def inputs(self, size, rng):
        return {"x": 3.0}

    def cost(self, xp, x):
        return x**2

    def gradient(self, xp, x):
        return {"x": 2 * x}


@problem(x=2.0)
def cubic(x):
    """A cubic from elsewhere."""
    return x**3
'''

BACKEND = '''
import typing
from dataclasses import dataclass
from typing import ClassVar, Literal

from calcbench.backends.by_hand import ByHand


@dataclass(frozen=True)
class Mirror(ByHand):
    """By hand, from elsewhere, and wrong if asked."""

    name: ClassVar[str] = "mirror"

    sign: Literal["right", "wrong"] = "right"
    scale: float = 1.0

    def prepare_gradient(self, point):
        prepared = super().prepare_gradient(point)
        factor = self.scale * (-1 if self.sign == "wrong" else 1)

        def unload(result):
            return {name: factor * partial for name, partial in prepared.unload(result).items()}

        from calcbench import Prepared

        return Prepared(prepared.load, prepared.run, unload)
'''


@pytest.fixture
def installed(tmp_path, cli):
    """Make a distribution of modules and entry points; gives the command line that sees it."""
    folder = tmp_path / "elsewhere"
    info = folder / "elsewhere-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")

    def make(modules, problems=None, backends=None):
        for name, source in modules.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        groups = {"calcbench.problems": problems or {}, "calcbench.backends": backends or {}}
        lines = []
        for group, entries in groups.items():
            lines += [f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        return lambda *arguments, **options: cli(*arguments, path=[folder], **options)

    return make


def cards(done):
    assert (done.status, done.err) == (0, ""), done
    return {card["name"]: card for group in json.loads(done.out).values() for card in group}


# --- sound ones -----------------------------------------------------------------------------------


def test_third_party_problem_and_backend(installed):
    run = installed(
        {"their_problems.py": PROBLEM, "their_backend.py": BACKEND},
        problems={"parabola": "their_problems:Parabola", "cubic": "their_problems:cubic"},
        backends={"mirror": "their_backend:Mirror"},
    )
    listed = cards(run("list", "--json"))
    assert listed["parabola"]["summary"] == "A parabola from elsewhere."
    assert listed["cubic"]["summary"] == "A cubic from elsewhere."
    assert listed["parabola"]["theme"] == "elsewhere"
    assert listed["mirror"]["options"] == {"sign": ["right", "wrong"], "scale": []}
    assert listed["parabola"]["missing"] is listed["mirror"]["missing"] is None

    done = run("verify", "parabola", "cubic", "-b", "mirror", "-b", "sympy", "--json")
    statuses = {(r["problem"], r["backend"]): r["status"] for r in json.loads(done.out)}
    assert done.status == 0
    assert statuses == {
        ("parabola", "mirror"): "ok",
        ("parabola", "sympy"): "ok",
        ("cubic", "mirror"): "skipped",  # no hand-derived gradient
        ("cubic", "sympy"): "ok",
    }
    records = json.loads(run("verify", "elsewhere", "-b", "sympy", "--json").out)
    assert {record["problem"] for record in records} == {"parabola", "cubic"}


MAIN_WITHOUT_FRAMEWORKS = """
import sys
sys.modules.update(dict.fromkeys(("torch", "tensorflow", "jax", "autograd")))
from calcbench.cli import main
sys.argv[0] = "calcbench"
main()
"""


def test_third_party_backend_takes_part_when_asked_for(installed):
    """And not even its module is imported when it is not."""
    source = "print('imported')\n" + BACKEND
    run = installed({"their_backend.py": source}, backends={"mirror": "their_backend:Mirror"})
    default = run("verify", "square", code=MAIN_WITHOUT_FRAMEWORKS)
    assert "mirror" not in default.out
    assert "imported" not in default.out + default.err
    every = run("verify", "square", "-b", "all", code=MAIN_WITHOUT_FRAMEWORKS)
    assert every.err == "imported\n"
    assert "mirror" in every.out
    assert "torch is not installed" in every.out  # a row, as in the default set
    assert (default.status, every.status) == (0, 0)
    listed = cards(run("list", "--json"))
    assert (listed["mirror"]["default"], listed["by_hand"]["default"]) == (False, True)


def test_all_is_many_backends():
    assert [b.name for b in select_backends(["all"])] == list(backends())
    with pytest.raises(calcbench.SelectorError, match=r"'all' is \d+ backends: name one"):
        calcbench.gradient("square", "all")


def test_third_party_options(installed):
    run = installed({"their_backend.py": BACKEND}, backends={"mirror": "their_backend:Mirror"})
    done = run("verify", "square", "-b", "by_hand", "-b", "sympy", "-b", "mirror[sign=wrong]")
    assert done.status == 1
    assert "mirror[sign=wrong]: ∂y/∂x is -10, expected 10" in done.out
    done = run("verify", "square", "-b", "mirror[sign=left]")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "sign=left" in done.err
    done = run("verify", "square", "-b", "by_hand", "-b", "sympy", "-b", "mirror[scale=2]")
    assert done.status == 1
    assert "mirror[scale=2.0]: ∂y/∂x is 20, expected 10" in done.out


def test_problem_that_is_only_re_exported(installed):
    run = installed(
        {
            "their_package/__init__.py": "from .inner import Parabola\n",
            "their_package/inner.py": PROBLEM,
        },
        problems={"parabola": "their_package:Parabola"},
    )
    done = run("verify", "parabola", "-b", "by_hand")
    assert (done.status, done.err) == (0, "")


def test_listing_runs_nobodys_code(installed):
    run = installed(
        {
            "their_package/__init__.py": "print('imported')\n",
            "their_package/problems.py": "print('imported')\n" + PROBLEM,
        },
        problems={"parabola": "their_package.problems:Parabola"},
    )
    listed = run("list", "problems")
    assert "imported" not in listed.out + listed.err
    assert "A parabola from elsewhere." in listed.out
    assert run("verify", "parabola", "-b", "by_hand").err == "imported\nimported\n"


def test_third_party_requirements(installed):
    needs = PROBLEM.replace(
        "    def inputs",
        '    requires = ("no_such_module",)\n    install = "pip install it"\n\n    def inputs',
        1,
    )
    run = installed({"their_problems.py": needs}, problems={"parabola": "their_problems:Parabola"})
    said = "no_such_module is not installed; install it with: pip install it"
    assert cards(run("list", "--json"))["parabola"]["missing"] == said
    done = run("verify", "parabola", "-b", "by_hand")
    assert done.status == 2
    assert said in done.err


def test_what_a_backend_prints_is_no_result(installed, tmp_path):
    """Of the commands that run backends in their own process, too: doctor, gradbench."""
    loud = f"print('imported')\n{BACKEND}\n    def namespace(self):\n"
    loud += "        print('asked')\n        return super().namespace()\n"
    run = installed({"their_backend.py": loud}, backends={"mirror": "their_backend:Mirror"})
    done = run("doctor", "-b", "mirror", "--json")
    assert json.loads(done.out)["backends"][0]["status"] == "ok"
    assert {"imported", "asked"} <= set(done.err.splitlines())
    done = run("gradbench", "--tool", "mirror", code=NOTHING_TO_READ)
    assert (done.status, done.out) == (0, "")
    assert "imported" in done.err


NOTHING_TO_READ = (
    "import io, sys; sys.stdin = io.StringIO(); from calcbench.cli import main; main()"
)


# --- broken ones ----------------------------------------------------------------------------------

BROKEN_PROBLEMS = {
    "module missing": ({}, "parabola", "no_module_there:Parabola", "no module no_module_there"),
    "package missing": ({}, "parabola", "no_package.there:Parabola", "no module no_package.there"),
    "syntax error": ({"theirs.py": "def f(:\n"}, "parabola", "theirs:Parabola", "SyntaxError"),
    "raises at import": (
        {"theirs.py": "raise RuntimeError('it is broken')\n" + PROBLEM},
        "parabola",
        "theirs:Parabola",
        "RuntimeError: it is broken",
    ),
    "exits at import": (
        {"theirs.py": "raise SystemExit('so long')\n" + PROBLEM},
        "parabola",
        "theirs:Parabola",
        "SystemExit: so long",
    ),
    "package raises at import": (
        {"theirs/__init__.py": "1 / 0\n", "theirs/inner.py": PROBLEM},
        "parabola",
        "theirs.inner:Parabola",
        "ZeroDivisionError",
    ),
    "attribute missing": (
        {"theirs.py": PROBLEM},
        "parabola",
        "theirs:Hyperbola",
        "theirs.py defines no Hyperbola",
    ),
    "no problem at all": ({"theirs.py": "answer = 42\n"}, "parabola", "theirs:answer", "42"),
    "a whole module": ({"theirs.py": PROBLEM}, "parabola", "theirs", "no calcbench.Problem"),
    "cannot be made": (
        {
            "theirs.py": PROBLEM.replace(
                "    def inputs", "    inputs = None\n    def other", 1
            ).replace('"""A parabola from elsewhere."""', "def __init__(self, n): ...")
        },
        "parabola",
        "theirs:Parabola",
        "no value for n",
    ),
}


@pytest.mark.few(4)
@pytest.mark.parametrize("case", BROKEN_PROBLEMS)
def test_broken_problem_is_refused(installed, case):
    modules, name, target, said = BROKEN_PROBLEMS[case]
    # Asked for, it is bad input; among others, a row.
    done = installed(modules, problems={name: target})("verify", name, "-b", "by_hand")
    assert (done.status, done.out) == (2, ""), done
    assert done.err.count("\n") == 1, done.err
    assert f"problem {name!r}" in done.err
    assert said in done.err


@pytest.mark.full
def test_broken_problem_among_all(installed):
    run = installed(
        {"theirs.py": "raise RuntimeError('it is broken')\n" + PROBLEM},
        problems={"parabola": "theirs:Parabola"},
    )
    assert "parabola" in cards(run("list", "--json"))
    done = run("verify", "-b", "by_hand", "--json")
    found = {record["problem"]: record for record in json.loads(done.out)}
    assert done.status == 1
    assert "RuntimeError: it is broken" in found.pop("parabola")["reason"]
    assert {record["status"] for record in found.values()} <= {"ok", "not_installed", "skipped"}
    assert {*found, "parabola"} == {*default_problems(), "parabola"}


BROKEN_BACKENDS = {
    "module missing": ({}, "no_module_there:Mirror", "there is no module no_module_there"),
    "raises at import": (
        {"theirs.py": "raise RuntimeError('it is broken')\n" + BACKEND},
        "theirs:Mirror",
        "RuntimeError: it is broken",
    ),
    "attribute missing": ({"theirs.py": BACKEND}, "theirs:Miror", "theirs.py defines no Miror"),
    "no backend at all": ({"theirs.py": PROBLEM}, "theirs:Parabola", "no calcbench.Backend"),
    "of another name": (
        {"theirs.py": BACKEND.replace('"mirror"', '"reflection"')},
        "theirs:Mirror",
        "'reflection'",
    ),
}


@pytest.mark.parametrize("case", ["module missing", "attribute missing", "of another name"])
def test_list_says_what_is_broken_and_who_brings_it(installed, case):
    """As far as the source says it; `doctor` imports what there is."""
    modules, target, said = BROKEN_BACKENDS[case]
    run = installed(modules, backends={"mirror": target})
    for words in (("list",), ("list", "--no-missing")):
        (line,) = [line for line in run(*words).out.splitlines() if line.startswith("    mirror ")]
        assert "cannot be used" in line
        assert said in line
        assert line.endswith("(in elsewhere)")
    card = cards(run("list", "--json"))["mirror"]
    assert said in card["broken"]
    assert card["missing"] == card["broken"]


@pytest.mark.parametrize(
    "source",
    [
        "from their_backend import *\n",
        "from their_backend import Mirror as Miror\n",
        "import their_backend\nMiror = their_backend.Mirror\n",
        "import their_backend\nglobals()['Miror'] = their_backend.Mirror\n",
        "def __getattr__(name):\n    import their_backend\n    return their_backend.Mirror\n",
    ],
)
def test_list_does_not_condemn_what_is_made_elsewhere(installed, source):
    modules = {"theirs.py": source, "their_backend.py": BACKEND}
    run = installed(modules, backends={"mirror": "theirs:Miror"})
    assert cards(run("list", "--json"))["mirror"]["missing"] is None


@pytest.mark.few(2)
@pytest.mark.parametrize("case", BROKEN_BACKENDS)
def test_broken_backend_is_refused(installed, case):
    modules, target, said = BROKEN_BACKENDS[case]
    done = installed(modules, backends={"mirror": target})("verify", "square", "-b", "mirror")
    assert (done.status, done.out) == (2, ""), done
    assert done.err.count("\n") == 1, done.err
    assert "'mirror'" in done.err
    assert said in done.err


def test_broken_backend_is_an_error_beside_the_others(installed):
    """A fault, unlike a framework that nobody installed: the exit status says so."""
    run = installed(
        {"theirs.py": "raise RuntimeError('it is broken')\n" + BACKEND},
        backends={"mirror": "theirs:Mirror"},
    )
    main = MAIN_WITHOUT_FRAMEWORKS
    done = run("verify", "square", "--backends", "all", "--json", code=main)
    found = {record["backend"]: record for record in json.loads(done.out)}
    assert done.status == 1
    assert found["mirror"]["status"] == "error"
    assert "RuntimeError: it is broken" in found["mirror"]["reason"]
    assert found["by_hand"]["status"] == found["sympy"]["status"] == "ok"
    done = run("doctor", "-b", "all", "--json", code=main)
    assert done.status == 1
    statuses = {f["backend"]: f["status"] for f in json.loads(done.out)["backends"]}
    assert statuses["mirror"] == "error"
    assert statuses["by_hand"] == "ok"


def test_name_clash_is_reported_and_the_built_in_wins(installed):
    run = installed(
        {"theirs.py": PROBLEM.replace("Parabola", "Square"), "their_backend.py": BACKEND},
        problems={"square": "theirs:Square"},
        backends={"sympy": "their_backend:Mirror"},
    )
    listed = cards(run("list", "--json"))
    assert listed["square"]["summary"] == problems().cards["square"].summary
    assert "'square' is already taken, in review" in listed["square (elsewhere)"]["missing"]
    assert "'sympy' is already taken" in listed["sympy (elsewhere)"]["missing"]
    assert "is already taken" in run("list").out
    (record,) = json.loads(run("verify", "square", "-b", "sympy", "--json").out)
    assert record["value"] == {"x": 10.0}
    assert record["status"] == "ok"


# --- built-in -------------------------------------------------------------------------------------


def test_every_built_in_can_be_loaded():
    for name, problem in problems().items():
        assert problem.name == name
        assert problem.summary == problems().cards[name].summary
    for name, backend in backends().items():
        assert backend.name == name
        assert {**backends().cards[name].options}.items() <= backend.options().items()


def every_backend():
    """Each backend in each value of each option, one option at a time."""
    for backend in backends().values():
        yield backend()
        for option, choices in backend.options().items():
            for value in choices or (0.25, 1e-6, 3.0):
                yield backend(**{option: value})


@pytest.mark.parametrize("backend", list(every_backend()), ids=lambda backend: backend.selector)
def test_selector_leads_back(backend):
    assert select_backends([backend.selector]) == [backend]
    assert select_backends([f" {backend.selector} "]) == [backend]
    assert select_backends([backend]) == [backend]


def test_defaults_give_way_to_what_the_selector_says():
    one, other = select_backends(["by_hand", "by_hand[dtype=float64]"], dtype="float32")
    assert (one.dtype, other.dtype) == ("float32", "float64")


def test_all_options_together():
    (backend,) = select_backends(["finite_difference[scheme=forward, delta=0.1, dtype=float32]"])
    assert (backend.scheme, backend.delta, backend.dtype) == ("forward", 0.1, "float32")
    assert dataclasses.replace(backend) == backend


@pytest.fixture
def copied(tmp_path, process):
    """`copied(name, source)` drops a file into problems/ of a copy; gives its command line."""
    package = tmp_path / "copy" / "calcbench"

    def drop(name, source):
        for folder in ("calcbench", "calcbench.backends", "calcbench.problems"):
            (origin,) = importlib.import_module(folder).__path__
            place = package.parent / folder.replace(".", "/")
            shutil.copytree(origin, place, ignore=shutil.ignore_patterns("__pycache__"))
        (package / "problems" / name).write_text(source)
        return lambda *arguments: process(*arguments, path=[package.parent])

    return drop


@pytest.mark.few(2)
@pytest.mark.parametrize("name", ["dropped_by_the_tests.py", "review/dropped_by_the_tests.py"])
@pytest.mark.parametrize("form", ["class", "function"])
def test_file_dropped_into_problems_is_found(copied, name, form):
    source = {
        "class": PROBLEM.partition("@problem")[0].replace("Parabola", "DroppedByTheTests"),
        "function": "import calcbench\n\n\n@calcbench.problem(x=3.0)\n"
        'def dropped_by_the_tests(x):\n    """A parabola from elsewhere."""\n    return x**2\n',
    }[form]
    run = copied(name, source)
    listed = cards(run("list", "--json"))
    assert listed["dropped_by_the_tests"]["summary"] == "A parabola from elsewhere."
    assert set(listed) == {*problems(), *backends(), "dropped_by_the_tests"}
    done = run("verify", "dropped_by_the_tests", "-b", "finite_difference", "--json")
    assert json.loads(done.out)[0]["value"]["x"] == pytest.approx(6.0)


def test_package_folders_are_the_packages():
    if not EDITABLE:
        pytest.skip("installed from a wheel")
    with open(ROOT / "pyproject.toml", "rb") as file:
        declared = tomllib.load(file)["tool"]["setuptools"]["packages"]
    folders = {"calcbench": "calcbench"}
    folders |= {f"calcbench.{name}": name for name in ("backends", "lessons", "problems")}
    found = {
        ".".join([package, *init.parent.relative_to(ROOT / folder).parts]): init
        for package, folder in folders.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert sorted(declared) == sorted(found)
    for package, init in found.items():
        assert Path(importlib.util.find_spec(package).origin) == init


def test_catalogues_read_like_mappings():
    assert len(problems()) == len(list(problems()))
    assert "square" in problems()
    assert "nonsense" not in problems()
    assert set(problems()) <= {line.split(" ")[0] for line in repr(problems()).splitlines()}
    with pytest.raises(calcbench.SelectorError, match="did you mean 'square'"):
        problems()["sqaure"]
    assert problems() is problems()
