"""What `calcbench show` prints of a problem: formula, derivation, symbols, programs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.catalogue import door
from calcbench.catalogue.selection import BackendSelector, select_backends
from calcbench.errors import (
    CalcbenchError,
    NotInstalled,
    ProblemError,
    UnreadableFormula,
    Unsupported,
    escape_controls,
    printable,
)
from calcbench.operators import GRADIENT, Operator, find_operator
from calcbench.problem.faults import RAISED
from calcbench.problem.faults import describe as describe_fault
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.record.plain import plain
from calcbench.record.record import Status
from calcbench.show.programs.find import write_program
from calcbench.show.unicode import as_unicode

if TYPE_CHECKING:
    from rich.console import Console


def describe(
    problem: Problem,
    backends: Iterable[BackendSelector] | None = None,
    operator: str | Operator = "gradient",
) -> dict[str, Any]:
    """Collect what there is to say about a problem, as plain data.

    `symbolic` has the cost and its partials (or the components of another operator) as formulas;
    `methods` has, per backend, how it takes that derivative, or why it does not; `programs` has,
    per backend, a complete program that computes this without calcbench, or the reason for none.
    `backends` are selectors, by default the default set. Raises `SelectorError` for one that
    there is not.
    """
    chosen = find_operator(operator)
    engines = select_backends(door.default_backends() if backends is None else backends)
    return {
        "name": problem.name,
        "summary": problem.summary,
        "place": problem.place,
        "parameters": list(problem.parameters),
        "data": list(problem.data),
        "sizes": plain(problem.sizes),
        "formula": problem.formula,
        "derivation": [{"words": words, "latex": latex} for words, latex in problem.derivation],
        "sources": list(problem.sources),
        "operator": chosen.selector,
        "symbolic": _derive_formulas(problem, chosen),
        "methods": {engine.selector: _find_method(problem, engine, chosen) for engine in engines},
        "programs": {engine.selector: _write(problem, engine, chosen) for engine in engines},
    }


def _derive_formulas(problem: Problem, operator: Operator) -> dict[str, str]:
    """Derive formulas with the first symbolic backend that can."""
    for name in door.backends():
        try:
            engine: Backend = door.backends()[name]()
            if engine.kind == "symbolic":
                point = own_point(problem)
                return engine.formulas(point, operator.resolve(point))
        except (NotInstalled, Unsupported) as error:
            return {"note": str(error)}
        except ProblemError:
            raise
        except CalcbenchError:  # a backend that is broken as a plugin; `list` says so
            continue
        except RAISED as error:  # a cost that does not run on symbols
            return {"note": describe_fault(error)}
    return {}


def _find_method(problem: Problem, engine: Backend, operator: Operator) -> str:
    """Prepare a backend to find out how it takes a derivative; the gradient's needs no word."""
    if operator == GRADIENT:
        return ""
    try:
        point = own_point(problem)
        wanted = operator.resolve(point)
        point = wanted.seed_point(point, np.random.default_rng(0))
        return engine.prepare(point, wanted).method or "as it stands"
    except ProblemError as error:
        return f"{Status.ERROR} ({describe_fault(error)})"
    except CalcbenchError as error:
        return f"{Status.SKIPPED} ({error})"
    except RAISED as error:
        return f"{Status.ERROR} ({describe_fault(error)})"


def _write(problem: Problem, engine: Backend, operator: Operator) -> dict[str, str]:
    """Write the program, or the reason why there is none.

    A formula of the problem's that cannot be copied is a reason, for the others do without it.
    """
    try:
        return {"program": write_program(engine, problem, operator)}
    except (Unsupported, NotInstalled) as error:
        return {"reason": str(error)}
    except ProblemError as error:
        if not engine.hand_derived:
            raise
        return {"reason": describe_fault(error)}


# --- in a terminal -----------------------------------------------------------------------------


Line = tuple[str, str]
"""A text, and the style that rich prints it in."""

BEFORE_WORDS = re.compile(r"(\d+\. )? *")
"""What stands before the first word of a text: the number of a step, and blanks."""


def draw(description: dict[str, Any], console: Console) -> None:
    """Print a description; a part of which there is nothing to say is left out."""
    operator, methods = description["operator"], description["methods"]
    _print_part(console, description["name"], _introduce(description))
    _print_part(console, "derivation", _number_steps(description["derivation"]))
    _print_part(console, f"symbolic {operator}", _state_formulas(description["symbolic"]))
    if operator != "gradient":
        lines = [(f"{backend}: {method}", "") for backend, method in methods.items()]
        _print_part(console, f"how backends take the {operator}", lines)
    for backend, program in description["programs"].items():
        _print_program(console, f"{backend}: the same {operator} without calcbench", program)
    sources = [(source, "") for source in description["sources"]]
    _print_part(console, "sources", sources, after=False)


def _introduce(description: dict[str, Any]) -> list[Line]:
    lines = [(description["summary"], "")]
    if description["place"]:
        lines.append((description["place"], "dim"))
    if description["formula"]:
        lines.append((_read_formula(description["formula"]), ""))
    return lines


def _read_formula(latex: str) -> str:
    """Write a formula in Unicode; one that cannot be stays in LaTeX, and says why."""
    try:
        return as_unicode(latex)
    except UnreadableFormula as error:
        return f"{latex}  ({error})"


def _number_steps(derivation: list[dict[str, str]]) -> list[Line]:
    lines = []
    for number, step in enumerate(derivation, 1):
        lines += [
            (f"{number}. {step['words']}", ""),
            (f"   {_read_formula(step['latex'])}", "cyan"),
        ]
    return lines


def _state_formulas(symbolic: dict[str, str]) -> list[Line]:
    return [
        (formula if name == "note" else f"{name} = {formula}", "")
        for name, formula in symbolic.items()
    ]


def _print_part(console: Console, heading: str, lines: list[Line], after: bool = True) -> None:
    """Print lines below a heading, and an empty line after them."""
    from rich.text import Text

    if not lines:
        return
    console.print(Text(printable(heading), style="bold"))
    for text, style in lines:
        _print_hanging(console, escape_controls(text), style)
    if after:
        console.print()


def _print_hanging(console: Console, text: str, style: str) -> None:
    """Print a text two places in; what does not fit goes on below its first word."""
    from rich.text import Text

    start = len(BEFORE_WORDS.match(text)[0])  # type: ignore[index]  # it matches any text
    head = "  " + text[:start]
    lines = Text(text[start:], style).wrap(console, max(1, console.width - len(head)))
    for line in lines:
        line.rstrip()
        console.print(Text(head if line else "", style) + line, soft_wrap=True)
        head = " " * len(head)


def _print_program(console: Console, heading: str, program: dict[str, str]) -> None:
    """Print a program, in colours on a terminal, or the reason for none."""
    from rich.syntax import Syntax
    from rich.text import Text

    if "program" not in program:
        _print_part(console, heading, [(program["reason"], "yellow")])
        return
    console.print(Text(printable(heading), style="bold"))
    source = escape_controls(program["program"]).rstrip("\n")
    if console.is_terminal:
        console.print(Syntax(source, "python", background_color="default"))
    else:
        console.print(Text(source), soft_wrap=True)
    console.print()
