"""The commands, each imported when it is run: `calcbench list` is to be quick."""

from __future__ import annotations

import importlib
from typing import Any

import click

from calcbench.cli.completion import sketch

SUMMARIES = {
    "list": "List problems and backends, and why something is not available.",
    "show": "Show a problem: formula, derivation, symbolic gradient, and a program per framework.",
    "compare": "Compare backends: every partial side by side, digits, verdict and a first timing.",
    "verify": "Check agreement alone, without timing; exit status 1 if any backend is wrong.",
    "check": "Check the gradient of a function as it is: NumPy, torch, JAX or TensorFlow code.",
    "steps": "Show the error of finite differences against the step: the V and its optimum.",
    "plot": "Draw a cost: curve and tangent, surface, level curves, slices, data and curve.",
    "descend": "Descend the gradient, at one rate or several: the path, and the cost per step.",
    "lessons": "List the lessons, or write them as one page that opens without a network.",
    "exercise": "Show an exercise of the lessons, and mark an answer to it.",
    "exercises": "Read a sheet of exercises, and mark a folder of hand-ins to it.",
    "doctor": "Check the installation: versions, what imports, and one gradient by each backend.",
    "bench": "Time gradients, or another operator, so that the numbers repeat, and save them as a"
    " run.",
    "merge": "Merge runs, such as the shards of one matrix, into one file.",
    "report": "Report a run: per problem time, ratio to the fastest, to the cost, and digits.",
    "compare-runs": "Say which cells got faster or slower from FIRST to SECOND, beyond noise.",
    "gradbench": "Answer GradBench as one of its tools: its evaluations, by any backend.",
    "cite": "Print BibTeX and a sentence that cite a run: machine, versions, date, what was timed.",
}
"""Every command, in a file of its name, and the first line of its help."""


class OnDemand(click.Command):
    """A command that is only a name and a line of help until it is run."""

    def load(self) -> click.Command:
        """Import the command itself."""
        module = importlib.import_module(f"calcbench.cli.{str(self.name).replace('-', '_')}")
        command: click.Command = module.command
        return command

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Let the command itself parse its arguments; it is then the one that click runs.

        A line that a shell completes is parsed by the command's sketch.
        """
        completing = options.get("resilient_parsing", False)
        command = sketch(str(self.name)) if completing else self.load()
        return command.make_context(*arguments, **options)

    def get_short_help_str(self, limit: int = 0) -> str:
        """Give the line of help in full; click breaks it."""
        return str(self.help)


COMMANDS = {name: OnDemand(name, help=summary) for name, summary in SUMMARIES.items()}
