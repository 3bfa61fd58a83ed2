"""What is loaded when: frameworks only where they are used, and the list at once."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from modes import BACKENDS, names, require, transforms

import calcbench as cb

FRAMEWORKS = tuple(module for name in BACKENDS for module in cb.backends()[name].requires)

LOADED = """
import sys
print(" ".join(name for name in {names!r} if name in sys.modules))
"""


@pytest.fixture
def loaded_after(process):
    """Which of `modules` are in `sys.modules` after `code` has run in a fresh process."""

    def run(code, modules=(*FRAMEWORKS, "numpy", "sklearn", "rich")):
        done = process(code=f"{code}\n{LOADED.format(names=[*modules])}")
        assert (done.status, done.err) == (0, ""), done
        return set(done.out.splitlines()[-1].split())

    return run


def command(arguments):
    """Code that runs the command line and goes on."""
    return f"""
import sys
from calcbench.cli import main
sys.argv = ["calcbench", *{arguments.split()!r}]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""


def test_the_probe_sees_what_is_loaded(loaded_after):
    assert loaded_after("import sympy") == {"sympy"}


def completion(line):
    """Code that completes the last word of a line, as bash has it done."""
    return f"""
import os
from calcbench.cli import main
words = {line!r}
last = str(len(words.split(" ")) - 1)
os.environ.update(_CALCBENCH_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=last)
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""


@pytest.mark.parametrize(
    "code",
    [
        "import calcbench",
        "import calcbench as cb; cb.problems(); cb.backends(); repr(cb.problems())",
        command("list"),
        command("list --json"),
        command("--help"),
        completion("calcbench compare sad"),
        completion("calcbench bench -b to"),
        completion("calcbench descend --ra"),
    ],
    ids=[
        "import",
        "catalogues",
        "list",
        "list --json",
        "--help",
        "Tab: problem",
        "Tab: backend",
        "Tab: option",
    ],
)
def test_nothing_is_loaded(loaded_after, code):
    assert loaded_after(code) == set()


def test_by_hand_loads_no_framework(loaded_after):
    code = "import calcbench as cb; cb.gradient('batch_regression', backend='by_hand')"
    assert loaded_after(code) == {"numpy"}


def test_finite_difference_loads_no_framework(loaded_after):
    code = "import calcbench as cb; cb.verify('saddle', ['by_hand', 'finite_difference'])"
    assert loaded_after(code, FRAMEWORKS) == set()


FRAMEWORK_OF = {
    name: cb.backends()[name].requires[0]
    for name in names(transforms)
    if cb.backends()[name].requires
}


@pytest.mark.few(1)
@pytest.mark.parametrize("backend", [name for name in FRAMEWORK_OF if name != "tensorflow"])
def test_a_framework_loads_no_other(loaded_after, backend):
    """TensorFlow, which itself imports jax where there is one, is seen to in test_api."""
    require(backend)
    code = f"import calcbench as cb; cb.gradient('saddle', backend={backend!r})"
    assert loaded_after(code, FRAMEWORK_OF.values()) == {FRAMEWORK_OF[backend]}


def test_the_functions_stay_functions(process):
    """The packages calcbench.problems and calcbench.backends have the functions' names."""
    done = process(
        code="""
import importlib, pkgutil
import calcbench as cb
for package in ("calcbench.problems", "calcbench.backends"):
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(module.__path__, package + "."):
        if not found.name.endswith((".vocabulary", ".control")):  # which import a framework
            importlib.import_module(found.name)
import calcbench.problems, calcbench.backends
import calcbench.backends.by_hand, calcbench.problems.review.square
from calcbench.problems.gradients import batch_regression
from calcbench.api import compare
assert cb.problems()["square"].name == "square"
assert cb.backends()["by_hand"].name == "by_hand"
assert callable(cb.problem) and callable(cb.compare)
"""
    )
    assert (done.status, done.err) == (0, "")


# --- imports by name ------------------------------------------------------------------------------

TREE = Path(cb.__file__).parent

LAYERS = tomllib.loads((TREE.parent / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
][0]["layers"]
"""The rooms, the last first: one imports only those after it."""


def named_modules(source):
    """Modules of calcbench that a text of Python has as strings, by which it could import them."""
    strings = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {s for s in strings if isinstance(s, str) and re.fullmatch(r"calcbench(\.\w+)+", s)}


def named_wrong_way(room, source):
    """Modules of rooms further down that a file of a room names in strings."""
    below = LAYERS[: LAYERS.index(room)]
    return {name for name in named_modules(source) if name.split(".")[1] in below}


def test_no_room_imports_by_name_what_it_may_not_import():
    """`lint-imports` does not see an import by a string."""
    assert named_wrong_way("problem", 'import_module("calcbench.native.costs")')
    assert not named_wrong_way("native", 'import_module("calcbench.problem.problem")')
    found = {
        str(path.relative_to(TREE)): named
        for room in LAYERS
        for path in [*TREE.glob(f"{room}.py"), *TREE.glob(f"{room}/**/*.py")]
        if (named := named_wrong_way(room, path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_native_costs_are_run_by_what_is_imported_when_one_is(process):
    """By a class that was there before, in a subclass, after a reload, and after pickling."""
    done = process(
        code="""
import importlib, pickle, sys
import numpy as np
import calcbench as cb

class Cubes(cb.Problem):
    def inputs(self, size, rng):
        return {"x": [1.0, 2.0]}
    def cost_numpy(self, x):
        return (x**3).sum()

class Twice(Cubes):
    def cost_numpy(self, x):
        return 2 * super().cost_numpy(x)

assert "calcbench.native.costs" not in sys.modules
assert Cubes().cost(None, np.array([1.0, 2.0])) == 9.0
importlib.reload(sys.modules["calcbench.native.costs"])
assert pickle.loads(pickle.dumps(Twice())).cost(None, np.array([1.0, 2.0])) == 18.0
assert str(cb.reference(Twice())).splitlines()[1] == "∂C/∂x[0] = 6.00000000000000000000000000000"
assert [r.status.value for r in cb.verify(Cubes(), ["finite_difference"])] == ["ok"]
"""
    )
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("room", ["", "jax", "numpy", "tensorflow", "torch"])
def test_tables_of_contents_of_front_ends_list_each_file_once(room):
    folder = Path(cb.__file__).parent / "native" / room
    table = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    listed = sorted(re.findall(r"^(\w+)  +\S", table, re.MULTILINE))
    files = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    rooms = [path.parent.name for path in folder.glob("*/__init__.py")]
    assert listed == sorted(files + rooms)
