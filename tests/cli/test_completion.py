"""What a shell completes after a Tab."""

import os
import shutil
import subprocess
import sys
from unittest import mock

import click
import pytest
from waiting import PATIENCE

from calcbench.catalogue.door import backends, problems
from calcbench.cli import cli as group
from calcbench.cli.commands import COMMANDS
from calcbench.cli.completion import OPERATORS, SKETCHES, sketch
from calcbench.operators import NAMES


def words_of(parameter):
    """What of a parameter matters to a shell."""
    if isinstance(parameter, click.Argument):
        return "argument", parameter.nargs
    names = frozenset(parameter.opts)
    return names, parameter.is_flag, parameter.multiple, choices(parameter)


def choices(parameter):
    return frozenset(getattr(parameter.type, "choices", ()))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_sketch_is_as_its_command(name):
    command = COMMANDS[name].load()
    sketched = sketch(name).params
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert {words_of(p) for p in sketched if isinstance(p, click.Option)} == {
        words_of(p) for p in options
    }
    arguments = [p.nargs for p in command.params if isinstance(p, click.Argument)]
    assert [p.nargs for p in sketched if isinstance(p, click.Argument)] == arguments


def test_what_is_sketched():
    assert list(SKETCHES) == list(COMMANDS)
    assert OPERATORS == NAMES


def complete(cli, line):
    """The values that are offered for the last word of a line."""
    words = line.split(" ")
    env = {
        "_CALCBENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    with mock.patch.dict(os.environ, env):
        done = cli()
    assert (done.status, done.err) == (0, ""), done
    return [tuple(item.split(",", 1)) for item in done.out.splitlines() if item]


def plain(*words):
    return [("plain", word) for word in words]


LINES = {
    "calcbench comp": plain("compare", "compare-runs"),
    "calcbench compare sadd": plain("saddle"),
    "calcbench show saddl": plain("saddle"),
    "calcbench compare saddle box": plain("box_volume"),
    "calcbench compare -p saddl": plain("saddle"),
    "calcbench verify revie": plain("review"),
    "calcbench compare saddle -b tor": plain("torch"),
    "calcbench compare saddle --backends al": plain("all"),
    "calcbench plot -b jax[m": plain("jax[mode=jit]", "jax[mode=eager]", "jax[mode=enzyme]"),
    "calcbench compare saddle --operator hes": plain("hessian"),
    "calcbench compare --dtype float3": plain("float32"),
    "calcbench compare saddle --wid": plain("--wide"),
    "calcbench show saddle --prog": plain("--program"),
    "calcbench show saddle --program finite": plain("finite_difference"),
    "calcbench list back": plain("backends"),
    "calcbench report --format mark": plain("markdown"),
    "calcbench compare my_co": [("file", "my_co")],
    "calcbench compare saddle --html ": [("file", "")],
    "calcbench merge one": [("file", "one")],
    "calcbench compare saddle --at x": [],
}


@pytest.mark.parametrize("line", LINES)
def test_lines(cli, line):
    assert sorted(complete(cli, line)) == sorted(LINES[line])


def test_everything_is_offered(cli):
    offered = [word for _, word in complete(cli, "calcbench compare ")]
    assert set(problems()) < set(offered)
    offered = [word for _, word in complete(cli, "calcbench compare -b ")]
    assert offered == [*backends(), "all"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for(process, shell):
    done = process(env={"_CALCBENCH_COMPLETE": f"{shell}_source"})
    assert (done.status, done.err) == (0, "")
    assert f"_CALCBENCH_COMPLETE={shell}_complete" in done.out
    assert f"_CALCBENCH_COMPLETE={shell}_source" in group.help


BASH = """
eval "$(_CALCBENCH_COMPLETE=bash_source calcbench)"
COMP_WORDS=(calcbench compare box) COMP_CWORD=2
_calcbench_completion calcbench
echo "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_itself(tmp_path):
    """As an interactive one does it after a Tab."""
    program = tmp_path / "calcbench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m calcbench "$@"\n')
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", BASH], env=env, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.stdout, done.stderr) == ("box_volume\n", "")
