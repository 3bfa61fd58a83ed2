"""What `calcbench show` tells of a problem: formula, derivation, symbols, programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.catalogue import door
from calcbench.catalogue.selection import select_backends
from calcbench.errors import CalcbenchError, NotInstalled, Unsupported
from calcbench.operators import GRADIENT, Operator, find_operator
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.record.record import Status
from calcbench.show.programs.find import write_program

if TYPE_CHECKING:
    from rich.console import Console


def describe(
    problem: Problem, backends: Iterable[str] | None = None, operator: str = "gradient"
) -> dict[str, Any]:
    """Everything about a problem as plain data.

    `symbolic` has the cost and its partials (or the components of another operator) as formulas;
    `methods` has, per backend, how it takes that derivative, or why it does not; `programs` has,
    per backend, a complete program that computes this without calcbench, or the reason for none.
    """
    asked = find_operator(operator)
    names = list(door.backends()) if backends is None else list(backends)
    engines = select_backends(names)
    return {
        "name": problem.name,
        "summary": problem.summary,
        "place": problem.place,
        "parameters": list(problem.parameters),
        "data": list(problem.data),
        "sizes": list(problem.sizes),
        "formula": problem.formula,
        "derivation": [{"words": words, "latex": latex} for words, latex in problem.derivation],
        "sources": list(problem.sources),
        "operator": asked.selector,
        "symbolic": _symbolic(problem, asked),
        "methods": {engine.selector: _method(problem, engine, asked) for engine in engines},
        "programs": {engine.selector: _program(problem, engine, asked) for engine in engines},
    }


def draw(description: dict[str, Any], console: Console) -> None:
    """Print a description."""
    from rich.padding import Padding
    from rich.syntax import Syntax
    from rich.text import Text

    def heading(text: str) -> None:
        console.print(Text(text, style="bold"))

    def indented(text: str, style: str = "") -> None:
        console.print(Padding(Text(text, style=style), (0, 0, 0, 2)))

    heading(description["name"])
    indented(description["summary"])
    for key in ("place", "formula"):
        if description[key]:
            indented(description[key], style="dim" if key == "place" else "")
    console.print()
    if description["derivation"]:
        heading("derivation")
        for number, step in enumerate(description["derivation"], 1):
            indented(f"{number}. {step['words']}")
            indented(f"   {step['latex']}", style="cyan")
        console.print()
    if description["symbolic"]:
        heading(f"symbolic {description['operator']}")
        for name, formula in description["symbolic"].items():
            indented(f"{name} = {formula}" if name != "note" else formula)
        console.print()
    if description["operator"] != "gradient":
        heading(f"how backends take the {description['operator']}")
        for backend, method in description["methods"].items():
            indented(f"{backend}: {method}")
        console.print()
    for backend, program in description["programs"].items():
        heading(f"{backend}: the same {description['operator']} without calcbench")
        if "program" not in program:
            indented(program["reason"], style="yellow")
        elif console.is_terminal:
            console.print(Syntax(program["program"], "python", background_color="default"))
        else:
            console.print(Text(program["program"]), soft_wrap=True)
        console.print()
    if description["sources"]:
        heading("sources")
        for source in description["sources"]:
            indented(source)


def _symbolic(problem: Problem, operator: Operator) -> dict[str, str]:
    """Formulas from the first symbolic backend that can derive them."""
    for name in door.backends():
        try:
            engine = door.backends()[name]()
            if engine.kind == "symbolic":
                point = own_point(problem)
                return engine.formulas(point, operator.resolve(point))
        except (NotInstalled, Unsupported) as error:
            return {"note": str(error)}
        except CalcbenchError:  # a backend that is broken as a plugin; `list` says so
            continue
    return {}


def _method(problem: Problem, engine: Backend, operator: Operator) -> str:
    """How a backend takes this derivative; found by preparing it, but for the gradient."""
    if operator == GRADIENT:
        return ""
    try:
        point = own_point(problem)
        wanted = operator.resolve(point)
        point = wanted.seed_point(point, np.random.default_rng(0))
        return engine.prepare(point, wanted).method or "as it stands"
    except CalcbenchError as error:
        return f"{Status.SKIPPED} ({error})"


def _program(problem: Problem, engine: Backend, operator: Operator) -> dict[str, str]:
    try:
        return {"program": write_program(engine, problem, operator)}
    except (Unsupported, NotInstalled) as error:
        return {"reason": str(error)}
