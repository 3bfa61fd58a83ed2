"""What `calcbench show` tells of a problem: formula, derivation, symbols, programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from calcbench import plugins, points
from calcbench.errors import CalcbenchError, NotInstalled, Unsupported
from calcbench.interfaces import Backend, Problem

if TYPE_CHECKING:
    from rich.console import Console


def describe(problem: Problem, backends: Iterable[str] | None = None) -> dict[str, Any]:
    """Everything about a problem as plain data.

    `symbolic` has the cost and its partials as formulas; `programs` has, per backend, a
    complete program that computes this gradient without calcbench, or the reason for none.
    """
    names = list(plugins.backends()) if backends is None else list(backends)
    engines = plugins.select_backends(names)
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
        "symbolic": _symbolic(problem),
        "programs": {engine.selector: _program(problem, engine) for engine in engines},
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
        heading("symbolic gradient")
        for name, formula in description["symbolic"].items():
            indented(f"{name} = {formula}" if name != "note" else formula)
        console.print()
    for backend, program in description["programs"].items():
        heading(f"{backend}: the same gradient without calcbench")
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


def _symbolic(problem: Problem) -> dict[str, str]:
    """Formulas from the first symbolic backend that can derive them."""
    for name in plugins.backends():
        try:
            engine = plugins.backends()[name]()
            if engine.kind == "symbolic":
                return engine.formulas(problem, points.inputs(problem))
        except (NotInstalled, Unsupported) as error:
            return {"note": str(error)}
        except CalcbenchError:  # a backend that is broken as a plugin; `list` says so
            continue
    return {}


def _program(problem: Problem, engine: Backend) -> dict[str, str]:
    try:
        return {"program": engine.program(problem)}
    except (Unsupported, NotInstalled) as error:
        return {"reason": str(error)}
