"""Completion: what a shell needs of each command to complete a line.

A command imports what it runs, NumPy at least, which takes longer than anybody waits after a Tab.
So a command is sketched here: its arguments and options, and what each takes. A test holds every
sketch against its command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from calcbench.catalogue.door import backends, problems

SHOWN = "problem --operator=operator --timeout=value --traceback --json"

COMPARED = (
    "problem* -p/--problem=problem* -b/--backend/--backends=backend* --operator=operator"
    " --direction=value --at=value --size=value --data=file --seed=value --dtype=float64|float32"
    " --certify=full|sample|none"
    " --timeout=value --traceback --wide --no-missing --json"
)

OF_POINT = "--at=value --size=value --data=file --seed=value --timeout=value --traceback --json"

SKETCHES = {
    "list": "problems|backends --no-missing --json",
    "show": f"{SHOWN} --data=file -b/--backend/--backends=backend* --program=backend",
    "compare": f"{COMPARED} --html=file",
    "verify": COMPARED,
    "check": "file --grad=value --x=value --operator=value --points=value --seconds=value"
    " --certified --traceback --json",
    "steps": f"problem value {OF_POINT} -b/--backend/--backends=backend* --dtype=float64|float32"
    " --plot=file",
    "plot": f"problem {OF_POINT} -b/--backend=backend --kind=value --parameters=value"
    " --window=value -o/--output=file",
    "descend": f"problem {OF_POINT} -b/--backend=backend --rate=value* --steps=value"
    " -o/--output=file",
    "lessons": "value* --html=file --json",
    "exercise": "exercise value* --sheet=file --solution --timeout=value --json",
    "exercises": "file --grade=file -o/--output=file --timeout=value --json",
    "doctor": "-b/--backend/--backends=backend* --traceback --json",
    "bench": "problem* -p/--problem=problem* -b/--backend/--backends=backend* --operator=operator"
    " --size=value* --dtype=value --threads=value --data=file --seed=value --quick --budget=value"
    " --timeout=value --memory=value -o/--output=file --resume --shard=value --dry-run"
    " --traceback --json",
    "merge": "file* -o/--output=file --json",
    "report": "file* --format=table|markdown|latex|csv|json|pyperf|html -o/--output=file"
    " --site=file --json",
    "compare-runs": "file file --force --json",
    "gradbench": "--tool=backend --multithreaded --traceback",
    "cite": "file --json",
}
"""Command → its arguments, each as what it takes, and its options, with what they take.

That is a name of `TAKEN`, or choices; `*` stands after what may be given several times.
"""


def complete_problem(incomplete: str) -> list[CompletionItem]:
    """Complete the name of a problem or theme; what is none may be a file."""
    cards = problems().cards.values()
    names = [*(card.name for card in cards), *dict.fromkeys(card.theme for card in cards)]
    return _beginning(names, incomplete) or complete_file(incomplete)


def complete_backend(incomplete: str) -> list[CompletionItem]:
    """Complete a backend's name; after `[`, one of its options with a value."""
    name, bracket, _ = incomplete.partition("[")
    cards = backends().cards
    if not bracket or name not in cards:
        return _beginning([*cards, "all"], incomplete)
    options = cards[name].options.items()
    chosen = [f"{name}[{option}={value}]" for option, values in options for value in values]
    return _beginning(chosen, incomplete)


def complete_operator(incomplete: str) -> list[CompletionItem]:
    """Complete the name of an operator."""
    return _beginning(OPERATORS, incomplete)


def complete_file(incomplete: str) -> list[CompletionItem]:
    """Have the shell complete the name of a file."""
    return [CompletionItem(incomplete, type="file")]


OPERATORS = (
    "gradient",
    "value_and_gradient",
    "partial",
    "pushforward",
    "pullback",
    "jacobian",
    "hvp",
    "gradient_and_hvp",
    "hessian",
    "second_derivative",
    "laplacian",
    "cost",
)
"""`calcbench.operators.NAMES`, written again: that room loads NumPy. A test holds them equal."""


def complete_exercise(incomplete: str) -> list[CompletionItem]:
    """Complete the number of an exercise of the lessons."""
    from calcbench.exercises.sheet import lesson_sheet  # which imports what a line seldom needs

    return _beginning(lesson_sheet().by_id, incomplete)


TAKEN: dict[str, Callable[[str], list[CompletionItem]]] = {
    "problem": complete_problem,
    "backend": complete_backend,
    "operator": complete_operator,
    "exercise": complete_exercise,
    "file": complete_file,
    "value": lambda incomplete: [],
}
"""What an option or argument may take → what completes it."""


def sketch(name: str) -> click.Command:
    """Sketch a command, as its line in `SKETCHES` says."""
    words = SKETCHES[name].split()
    parameters = [_parameter(word, number) for number, word in enumerate(words)]
    return click.Command(name, params=parameters)


def _parameter(word: str, number: int) -> click.Parameter:
    """Make an option or an argument of a word of a sketch."""
    several = word.endswith("*")
    head, equals, kind = word.removesuffix("*").rpartition("=")
    if not word.startswith("-"):
        many = -1 if several else 1
        return click.Argument([f"argument{number}"], nargs=many, required=False, **_taking(kind))
    if not equals:
        return click.Option([kind], is_flag=True)
    return click.Option(head.split("/"), multiple=several, **_taking(kind))


def _taking(kind: str) -> dict[str, Any]:
    """Say to click what is taken."""
    if "|" in kind:
        return {"type": click.Choice(kind.split("|"))}
    complete = TAKEN[kind]
    return {"shell_complete": lambda context, parameter, incomplete: complete(incomplete)}


def _beginning(words: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]
