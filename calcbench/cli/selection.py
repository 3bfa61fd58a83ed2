"""The options by which commands select problems, backends and sizes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import click


class SizeType(click.ParamType):
    """A whole number, also written 8_000_000 or 8e6."""

    name = "N"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Turn the text into an int, or fail with a message."""
        for read in (int, float):
            with contextlib.suppress(ValueError, OverflowError):
                number = read(str(value))
                if number >= 1 and number == int(number):
                    return int(number)
        self.fail(f"{value!r} is not a whole number of at least 1", param, ctx)


backends_option = click.option(
    "-b",
    "--backend",
    "--backends",
    "backends",
    multiple=True,
    metavar="BACKEND",
    help="A backend, with options in brackets: torch[mode=compile]; or all. May be repeated. "
    "[the default ones of calcbench list]",
)

operator_option = click.option(
    "--operator",
    metavar="OPERATOR",
    default="gradient",
    help="gradient, value_and_gradient, partial[w[0]], pushforward, pullback, jacobian, hvp, "
    "hessian, second_derivative or cost. [gradient]",
)

seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Seed of data and points. [0]"
)


def selection(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that compare and verify share: which problems, which backends, where."""
    for decorate in reversed(
        (
            click.argument("names", metavar="[PROBLEM]...", nargs=-1),
            click.option(
                "-p",
                "--problem",
                "problems",
                multiple=True,
                metavar="PROBLEM",
                help="A problem's name, a theme, or a path to a .py file. May be repeated.",
            ),
            backends_option,
            operator_option,
            click.option(
                "--direction",
                metavar="m=1,b=0",
                help="What a pushforward or hvp multiplies; C=1 for a pullback. [random]",
            ),
            click.option(
                "--at", metavar="m=0.9,b=0.1", help="Values of one problem's parameters; w=[1,2]."
            ),
            click.option("--size", type=SizeType(), help="Size of the problem (8e6, 8_000_000)."),
            seed_option,
            click.option(
                "--dtype", type=click.Choice(["float64", "float32"]), help="Floats of all backends."
            ),
            click.option("--json", "as_json", is_flag=True, help="Data instead of tables."),
        )
    ):
        command = decorate(command)
    return command
