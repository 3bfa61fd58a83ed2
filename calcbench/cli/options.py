"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from calcbench.catalogue.selection import ProblemSelector, WithData
from calcbench.certified.extent import EXTENTS
from calcbench.cli.flags import json_option, no_missing_option
from calcbench.cli.values import parse_duration, parse_problem_size
from calcbench.errors import SelectorError
from calcbench.operators import NAMES
from calcbench.operators.partial import Partial
from calcbench.problem.faults import show_tracebacks

Option = Callable[[Callable[..., Any]], Callable[..., Any]]
"""A decorator that gives a command an option or an argument."""

names_argument = click.argument("names", metavar="[PROBLEM]...", nargs=-1)

backends_option = click.option(
    "-b",
    "--backend",
    "--backends",
    "backends",
    multiple=True,
    metavar="BACKEND",
    help="A backend, with options in brackets: 'torch[mode=compile]'; or all. May be repeated. "
    "[the default ones of calcbench list]",
)

_EXAMPLES = ["partial[w[0]]" if name == Partial.name else name for name in NAMES]
OPERATORS = f"{', '.join(_EXAMPLES[:-1])} or {_EXAMPLES[-1]}."
"""What `--operator` may be, in words."""

operator_option = click.option(
    "--operator", metavar="OPERATOR", default="gradient", help=f"{OPERATORS} [gradient]"
)

compared_operator_option = click.option(
    "--operator",
    metavar="OPERATOR",
    default=None,
    help=f"{OPERATORS} [gradient; of a vector-valued problem jacobian]",
)

seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Seed of data and points. [0]"
)

dtype_option = click.option(
    "--dtype", type=click.Choice(["float64", "float32"]), help="Floats of all backends. [float64]"
)


def limit_time(what: str) -> Option:
    """Make the option --timeout, of what may take so long."""
    return click.option(
        "--timeout", type=parse_duration, default="60s", metavar="TIME", help=f"{what} [60s]"
    )


timeout_option = limit_time("What one backend, or the judge, may take for one problem.")

traceback_option = click.option(
    "--traceback",
    is_flag=True,
    expose_value=False,
    callback=lambda context, option, wanted: show_tracebacks() if wanted else None,
    help="Show on stderr where exactly the code of a problem or backend raises.",
)

problems_option = click.option(
    "-p",
    "--problem",
    "problems",
    multiple=True,
    metavar="PROBLEM",
    help="A problem's name, a theme, or a path to a .py file. May be repeated.",
)

size_option = click.option(
    "--size",
    type=parse_problem_size,
    metavar="N",
    help="Size of the problem (8e6, 8_000_000), or n=1000,d=10 where its sizes have names.",
)

data_option = click.option(
    "--data",
    metavar="DIR",
    help="Folder, or file, of the data, for problems that read them: ba --data gradbench.",
)


def give_data(selectors: Sequence[str], data: str | None) -> list[ProblemSelector]:
    """Select problems that read the files of --data, if it is given.

    Raises `SelectorError` where none is named: those that are not, read no files.
    """
    if data is None:
        return list(selectors)
    if not selectors:
        raise SelectorError("--data: name the problems that are to read it, or their theme")
    return [WithData(selector, data) for selector in selectors]


COMPARISON = (
    names_argument,
    problems_option,
    backends_option,
    compared_operator_option,
    click.option(
        "--direction",
        metavar="m=1,b=0",
        help="What a pushforward or hvp multiplies; C=1 for a pullback. [random]",
    ),
    click.option(
        "--at",
        metavar="m=0.9,b=0.1",
        help="Values of one problem's parameters; w=[1,2]. The others keep their own.",
    ),
    size_option,
    data_option,
    seed_option,
    dtype_option,
    click.option(
        "--certify",
        type=click.Choice(EXTENTS),
        help="Certify all rows of the data, a sample, or nothing. [all that take seconds]",
    ),
    timeout_option,
    traceback_option,
    click.option(
        "--wide",
        is_flag=True,
        help="All columns, with median, needed, ulp and prepare; and the condition number.",
    ),
    no_missing_option,
    json_option,
)
"""Which problems and backends compare and verify take, and where."""

COST = (
    click.argument("problem"),
    click.option(
        "--at",
        metavar="m=0.9,b=0.1",
        help="Values of parameters; the others keep their own.",
    ),
    size_option,
    data_option,
    seed_option,
    timeout_option,
    traceback_option,
)
"""Of what cost plot, steps and descend show something, and where."""


def take(*options: Option) -> Option:
    """Give a command several options, in the order in which its help lists them."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):  # as decorators apply, from the bottom up
            command = option(command)
        return command

    return decorate
