"""Options that several commands share, and how sizes, times and memory are written in options."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import click


class Size(click.ParamType):
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


class Duration(click.ParamType):
    """Seconds, also written 90s, 10m or 1h."""

    name = "TIME"
    units = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Turn the text into seconds, or fail with a message."""
        found = re.fullmatch(r"([0-9.]+) *([smh]?)", str(value))
        with contextlib.suppress(ValueError):
            if found and float(found[1]) > 0:
                return float(found[1]) * self.units[found[2]]
        self.fail(f"{value!r} is no time such as 60, 90s, 10m or 1h", param, ctx)


class Bytes(click.ParamType):
    """A number of bytes, written 800M, 4G or 4GiB."""

    name = "BYTES"
    units = {"K": 2**10, "M": 2**20, "G": 2**30}

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Turn the text into bytes, or fail with a message."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9.]+) *([KMG])(?:i?B)?", str(value))
        with contextlib.suppress(ValueError):
            if found and float(found[1]) * self.units[found[2]] >= 2**20:
                return int(float(found[1]) * self.units[found[2]])
        self.fail(
            f"{value!r} is no amount of memory such as 800M or 4G, of at least 1M", param, ctx
        )


names_argument = click.argument("names", metavar="[PROBLEM]...", nargs=-1)

backends_option = click.option(
    "-b",
    "--backend",
    "backends",
    multiple=True,
    metavar="BACKEND",
    help="A backend, with options in brackets: torch[mode=compile]. May be repeated.",
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

COMPARISON = (
    names_argument,
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
    click.option("--size", type=Size(), help="Size of the problem (8e6, 8_000_000)."),
    seed_option,
    click.option(
        "--dtype", type=click.Choice(["float64", "float32"]), help="Floats of all backends."
    ),
    click.option("--json", "as_json", is_flag=True, help="Data instead of tables."),
)


def comparison_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of compare and verify: which problems and backends, and where."""
    for option in reversed(COMPARISON):  # as decorators apply, from the bottom up
        command = option(command)
    return command
