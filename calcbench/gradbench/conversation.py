"""GradBench's protocol: a message in each line of the input, a response in each of the output.

Specified in GradBench's CONTRIBUTING.md, section Protocol. A response has the id of its message.
`define` is answered with whether a module is known, `evaluate` with an output and timings in
nanoseconds, everything else with the id alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import calcbench
from calcbench.backend.backend import Backend
from calcbench.errors import SelectorError, nearest, short_repr, shorten
from calcbench.gradbench.evaluation import Evaluation
from calcbench.gradbench.evaluations import EVALUATIONS
from calcbench.gradbench.fields import take
from calcbench.gradbench.repeat import read_runs, repeat
from calcbench.problem.faults import RAISED, describe

Message = dict[str, Any]


def converse(lines: Iterable[str], backend: Backend) -> Iterator[str]:
    """Answer messages line by line, on one backend.

    What a backend or a function raises is a response; a line that is no message raises
    `SelectorError`.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            message = read_message(line, number)
            yield write_response(message["id"], answer(message, backend))


def read_message(line: str, number: int) -> Message:
    """Read a line. Raises `SelectorError` for one that is no JSON object with an id."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):  # no JSON, or lists in lists without end
        message = None
    if not isinstance(message, dict) or "id" not in message:
        told = short_repr(line.strip())
        raise SelectorError(f"line {number} is no message, a JSON object with an id: {told}")
    return message


def write_response(number: Any, response: Message) -> str:
    """Write a response in a line. A number that is not finite, which JSON has not, is a failure."""
    try:
        return json.dumps({"id": number, **response}, allow_nan=False)
    except ValueError:
        failure = {"success": False, "error": "the output is not finite"}
        return json.dumps({"id": number, **failure})


def answer(message: Message, backend: Backend) -> Message:
    """Answer a message; a failure of any kind is an answer, too."""
    actions = {"start": start, "define": define, "evaluate": evaluate}
    action = actions.get(str(message.get("kind")))
    if action is None:
        return {}
    try:
        return action(message, backend)
    except RAISED as error:
        return {"success": False, "error": describe(error)}


def start(message: Message, backend: Backend) -> Message:
    """Say who answers."""
    config = {"calcbench": calcbench.__version__, "backend": backend.selector}
    return {"tool": f"calcbench-{backend.name}", "config": config}


def define(message: Message, backend: Backend) -> Message:
    """Say whether a module is known, and can be had of the backend; import its framework.

    Raises `SelectorError`, `Unsupported`, and what importing the framework raises.
    """
    began = time.perf_counter_ns()
    for evaluation in find_module(message).values():
        evaluation.check(backend)
    if backend.requires:
        backend.framework()
    return {"success": True, "timings": [_timing("define", time.perf_counter_ns() - began)]}


def evaluate(message: Message, backend: Backend) -> Message:
    """Evaluate a function: prepared and run once before, which is a timing of its own."""
    began = time.perf_counter_ns()
    function = find_function(message)
    function.check(backend)
    given = take(message, "input", "the message")
    runs, seconds = read_runs(given)
    task = function.prepare(backend, given)
    task.run()
    prepared = time.perf_counter_ns() - began
    result, times = repeat(task.run, runs, seconds)
    timings = [_timing("prepare", prepared), *(_timing("evaluate", each) for each in times)]
    return {"success": True, "output": task.finish(result), "timings": timings}


def find_module(message: Message) -> dict[str, Evaluation]:
    """Find the functions of a module. Raises `SelectorError` for one that is not known."""
    name = _read_name(message, "module", EVALUATIONS)
    if name not in EVALUATIONS:
        raise SelectorError(f"no module {shorten(name)!r}: {nearest(name, EVALUATIONS)}")
    return dict(EVALUATIONS[name])


def find_function(message: Message) -> Evaluation:
    """Find a function of a module. Raises `SelectorError` for what is not known."""
    functions = find_module(message)
    name = _read_name(message, "function", functions)
    if name not in functions:
        raise SelectorError(
            f"module {message['module']!r} has no function {shorten(name)!r}: "
            f"{nearest(name, functions)}"
        )
    return functions[name]


def _read_name(message: Message, field: str, choices: Iterable[str]) -> str:
    """Read a name off a message. Raises `SelectorError` where it has none, or what is no name."""
    name = message.get(field)
    if isinstance(name, str):
        return name
    told = f"{field!r} must be a name, got {short_repr(name)}"
    if field not in message:
        told = f"the message has no {field!r}"
    raise SelectorError(f"{told}; choose from {', '.join(sorted(choices))}")


def _timing(name: str, nanoseconds: int) -> Message:
    return {"name": name, "nanoseconds": nanoseconds}
