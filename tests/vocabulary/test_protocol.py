"""The type of `xp`: written from the contracts by UPDATE_DOCS=1, and what mypy makes of it."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import calcbench
from calcbench.vocabulary.constants import CONSTANTS
from calcbench.vocabulary.contracts import Contract
from calcbench.vocabulary.names import contracts

FILE = Path(__file__).parents[2] / "calcbench" / "vocabulary" / "protocol.py"

HEAD = '''\
"""The vocabulary as a type, for editors and for mypy: `def cost(self, xp: Vocabulary, …)`.

Written from the contracts (`calcbench.vocabulary.names`) by
`UPDATE_DOCS=1 pytest tests/vocabulary/test_protocol.py`. A test holds it equal to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from calcbench.vocabulary.array import (
    Array,
    Axes,
    Condition,
    Indices,
    Number,
    Padding,
    Shape,
    State,
)
'''

CLASSES = {
    "Linalg": "Linear algebra: what is called `xp.linalg.…`.",
    "Vocabulary": "The names that a cost may use: what `xp` has, on every backend alike.",
}

LINE = "\n"


def without_quotes(parameter: inspect.Parameter) -> str:
    """An argument as it is written, its type no string."""
    return re.sub(r": '([^']*)'", r": \1", str(parameter))


def method(contract: Contract) -> str:
    """One name as a method of a class."""
    assert contract.signature is not None
    name = contract.name.rpartition(".")[2]
    typed = [
        re.sub(r": '([^']*)'", r": \1", str(p)) for p in contract.signature.parameters.values()
    ]
    arguments, result = ", ".join(["self", *typed]), contract.signature.return_annotation
    lines = contract.text.replace("\\", "\\\\")
    text = f'"""{lines}\n"""' if "\n" in lines else f'"""{lines}"""'
    return f"def {name}({arguments}) -> {result}:\n{textwrap.indent(text, '    ')}\n"


def written() -> str:
    """The text of the module."""
    groups: dict[str, list[str]] = {"linalg": [], "": []}
    for name, contract in contracts().items():
        if name not in CONSTANTS:
            groups[name.rpartition(".")[0]].append(method(contract))
    groups[""] = [
        *(f'{name}: float\n"""{text}"""\n' for name, (_, text) in CONSTANTS.items()),
        '@property\ndef linalg(self) -> Linalg:\n    """Linear algebra: `xp.linalg.solve`."""\n',
        *groups[""],
    ]
    blocks = [
        f'class {title}(Protocol):\n    """{text}"""\n\n{textwrap.indent(LINE.join(group), "    ")}'
        for (title, text), group in zip(CLASSES.items(), groups.values(), strict=True)
    ]
    return "\n\n".join([HEAD, *blocks])


def test_the_type_of_xp_is_that_of_the_contracts():
    """Compared as Python reads it: how its lines are broken is the formatter's."""
    if os.environ.get("UPDATE_DOCS"):
        FILE.write_text(written(), "utf-8")
        ruff = [sys.executable, "-m", "ruff", "format", "--quiet", str(FILE)]
        subprocess.run(ruff, check=True)
    found = ast.parse(FILE.read_text("utf-8"))
    assert ast.unparse(found) == ast.unparse(ast.parse(written()))


TYPED = '''
import numpy as np
from calcbench import Array, Problem, Vocabulary


class Logistic(Problem):
    """A cost with types."""

    def inputs(self, size, rng):
        return {"w": np.array([0.5, -0.5]), "X": np.eye(2), "y": np.array([1.0, 0.0])}

    def cost(self, xp: Vocabulary, w: Array, *, X: Array, y: Array) -> Array:
        margin = xp.matmul(X, w)
        return xp.mean(xp.softplus(margin) - y * margin) + 0.5 * xp.linalg.norm(w) / xp.pi
'''


def test_a_cost_with_types_is_a_cost(file, cli):
    """And so is its program, which needs no calcbench."""
    assert set(calcbench.gradient(file(TYPED), "finite_difference")) == {"w"}
    shown = cli("show", "cost.py", "-b", "finite_difference")
    assert shown.status == 0
    assert "Vocabulary" not in shown.out


CHECKED = """
from calcbench.vocabulary.array import Array
from calcbench.vocabulary.protocol import Vocabulary

def right(xp: Vocabulary, w: Array, x: Array) -> Array:
    margin = xp.matmul(x, w[1:]) / x.shape[0]
    sign, size = xp.linalg.slogdet(x)
    chosen = xp.where(margin > 0.5, -2 * margin, xp.maximum(0, w))
    return xp.mean(xp.softplus(margin) - chosen) + xp.pi * size ** 2

def wrong(xp: Vocabulary, w: Array) -> Array:
    xp.arctan(w)
    xp.sum(w, dim=0)
    xp.sqrt(2.0)
    w.item()
    return xp.linalg.slogdet(w)
"""

TOLD = (
    '"Vocabulary" has no attribute "arctan"',
    'Unexpected keyword argument "dim" for "sum"',
    'Argument 1 to "sqrt" of "Vocabulary" has incompatible type "float"; expected "Array"',
    '"Array" has no attribute "item"',
    "Incompatible return value type",
)


@pytest.mark.full
def test_mypy_names_what_is_wrong_with_a_cost_and_nothing_else(tmp_path):
    (tmp_path / "cost.py").write_text(CHECKED, "utf-8")
    room = tmp_path / "calcbench" / "vocabulary"  # the types alone: all of calcbench takes a minute
    room.mkdir(parents=True)
    for name in ("array.py", "protocol.py"):
        shutil.copy(FILE.with_name(name), room)
    for package in (room, room.parent):
        (package / "__init__.py").touch()
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "cost.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(errors) == len(TOLD), done.stdout
    for line, told in zip(errors, TOLD, strict=True):
        assert told in line
