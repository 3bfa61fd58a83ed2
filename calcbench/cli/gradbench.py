"""`calcbench gradbench`: a tool of GradBench, by any backend."""

from __future__ import annotations

import contextlib
import sys

import click

from calcbench.catalogue.selection import choose_backends
from calcbench.cli.options import traceback_option
from calcbench.cli.terminal import results_apart, say
from calcbench.errors import SelectorError
from calcbench.gradbench.conversation import converse
from calcbench.problem.threads import one_thread
from calcbench.workers.limits import limit_threads


@click.command("gradbench")
@click.option(
    "--tool",
    "backend",
    required=True,
    metavar="BACKEND",
    help="The backend that answers: jax, torch, tensorflow, by_hand, 'torch[mode=compile]', …",
)
@click.option("--multithreaded", is_flag=True, help="Use all processors. [one]")
@traceback_option
def command(backend: str, multithreaded: bool) -> None:
    """Answer GradBench as one of its tools: its evaluations, by any backend.

    Messages come on standard input, a response to each goes to standard output, as GradBench's
    protocol has them. One cost of calcbench stands for each evaluation (theme gradbench
    of the list). GradBench starts this command itself, by --tool "calcbench gradbench --tool jax".

    \b
    Examples:
      calcbench gradbench --tool jax
      calcbench gradbench --tool 'torch[mode=compile]' --multithreaded
    """
    if not multithreaded:
        limit_threads(1)  # before a framework is imported
    threads = contextlib.nullcontext() if multithreaded else one_thread()
    with threads, results_apart() as responses:
        chosen = choose_backends([backend])
        if len(chosen) != 1:
            raise SelectorError(f"--tool {backend} is {len(chosen)} backends: name one")
        if sys.stdin.isatty():
            say("reading GradBench's messages, one a line, from this terminal")
        for response in converse(sys.stdin, chosen[0]):
            print(response, file=responses, flush=True)
