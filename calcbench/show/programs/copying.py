"""Copying: functions of the problem written into a program, with all that they need."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

import libcst as cst
import numpy as np

from calcbench.errors import Unsupported
from calcbench.problem.problem import Problem
from calcbench.show.programs.layout import names_in
from calcbench.show.programs.ranks import Ranks
from calcbench.show.programs.respelling import Respelling
from calcbench.show.programs.source import Source, read_source
from calcbench.show.programs.spelling import Spelling, Use
from calcbench.vocabulary.composed import DEFINITIONS

LITERALS = 64
"""The most numbers that a program states, where it cannot state how they are made."""


class Copier:
    """Copy the code of functions, and note the imports and definitions that the copies need."""

    def __init__(self, problem: Problem, spelling: Spelling, ranks: Ranks) -> None:
        """Copy for one problem and one framework; `ranks` says how the vocabulary is called."""
        self.imports: set[str] = set()
        """Import statements for the head of the program."""
        self._problem = problem
        self._spelling = spelling
        self._ranks = ranks
        self._defined: set[str] = set()
        self._helpers: dict[str, str] = {}
        self._pending: list[str] = []

    def after_needs(self, *blocks: str) -> list[str]:
        """Return blocks of source text, after the definitions that copying turned out to need."""
        needs, self._pending = self._pending, []
        return [*needs, *blocks]

    def copy_function(self, source: Source, name: str, parameters: str) -> str:
        """Return the definition of a function under another name and with other parameters."""
        return f"def {name}({parameters}):\n{textwrap.indent(self.copy_body(source), '    ')}"

    def copy_body(self, source: Source, result: str = "") -> str:
        """Return the body of a function; with `result`, what it returns is assigned to that."""
        respelling = self.respelling(source)
        statements = [statement.visit(respelling) for statement in source.statements]
        if result:
            statements[-1] = _assign(statements[-1], result)
        text = source.code(statements)
        if {"xp", "self"} & names_in(text):
            raise Unsupported(
                f"no program: {source.function.__name__} passes xp or self on in a way that "
                "cannot be rewritten"
            )
        for name in source.free_names():
            self.define_name(source.function, name)
        return text

    def respelling(self, source: Source) -> Respelling:
        """Return what rewrites the parts of one function."""
        return Respelling(
            source,
            lambda name, call: self._spell(source, name, call),
            self._take_attribute,
            self._spelling.keywords,
        )

    def define_name(self, function: Callable[..., Any], name: str) -> None:
        """Make a name that a function takes from outside available, unless it is built in."""
        value = _resolve(function, name)
        if value is not builtins:
            self._define(name, value, function.__module__)

    def _define(self, name: str, value: Any, home: str) -> None:
        """Make `name` available: import it, state it, or copy its definition.

        `home` is the module of the code that uses it: only what stands there is copied.
        """
        if name in self._helpers:
            raise Unsupported(f"no program: {name} is a name of the cost's own, and of a helper")
        if name in self._defined:
            return
        self._defined.add(name)
        module = getattr(value, "__module__", None) or ""
        ours = module == home or module.startswith("calcbench")
        if isinstance(value, types.ModuleType):
            renamed = f" as {name}" if value.__name__ != name else ""
            self.imports.add(f"import {value.__name__}{renamed}")
        elif inspect.isfunction(value) and ours:
            self._pending.append(self._copy_helper(value, name))
        elif callable(value) and not ours:
            original = getattr(value, "__name__", name)
            renamed = f" as {name}" if original != name else ""
            self.imports.add(f"from {module} import {original}{renamed}")
        else:
            self._pending.append(f"{name} = {_format_constant(name, value)}")

    def _copy_helper(self, function: Callable[..., Any], name: str) -> str:
        source = read_source(function)
        for default in source.free_names_of_defaults():
            self.define_name(function, default)
        return self.copy_function(source, name, source.signature())

    def _take_attribute(self, name: str) -> str:
        """Make an attribute of the problem, or a method, available under its own name."""
        value = getattr(self._problem, name)
        self._define(name, getattr(value, "__func__", value), self._problem.__module__)
        return name

    def _spell(self, source: Source, name: str, call: cst.Call | None) -> str:
        """Spell a name of the vocabulary; a helper is noted, and its name returned."""
        text, *others = {self._spelling.spell(name, use) for use in self._uses(source, call)}
        if others:
            raise Unsupported(f"no program: one xp.{name} is called with arrays of several ranks")
        text = text or self._copy_definition(name)
        return self._name_helper(source, text) if text.startswith("def ") else text

    def _copy_definition(self, name: str) -> str:
        """Copy the function that defines a name which the framework has no spelling for."""
        definition = DEFINITIONS.get(name)
        if definition is None:
            framework = self._spelling.framework
            raise Unsupported(f"no program: xp.{name} has no short spelling in {framework}")
        return self._copy_helper(definition, definition.__name__)

    def _name_helper(self, source: Source, text: str) -> str:
        """Define a helper of the spelling, unless it is there; return its name.

        It gets another name where the function has one of its own that is the same.
        """
        own = text[4 : text.index("(")]
        for name in (own, f"xp_{own}"):
            if name in source.names:
                continue
            if name not in self._defined:
                self._defined.add(name)
                self._helpers[name] = text
                self._pending.append(text.replace(f"def {own}(", f"def {name}(", 1))
            if self._helpers.get(name) == text:
                return name
        raise Unsupported(f"no program: {own} and xp_{own} are names of the cost's own")

    def _uses(self, source: Source, call: cst.Call | None) -> list[Use]:
        """Return how a call is used: once for each choice of ranks with which it ran."""
        if call is None:
            return [Use()]
        text = source.module.code_for_node
        positional = tuple(text(a.value) for a in call.args if a.keyword is None)
        keywords = {a.keyword.value: text(a.value) for a in call.args if a.keyword is not None}
        ranks = self._ranks.get(source.place(call), {()})
        return [Use(positional, keywords, each) for each in ranks]


def _assign(statement: cst.CSTNode, result: str) -> cst.CSTNode:
    """Turn a `return` into an assignment."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return statement
    *before, last = statement.body
    if not isinstance(last, cst.Return) or last.value is None:
        return statement
    assignment = cst.Assign([cst.AssignTarget(cst.Name(result))], last.value)
    return statement.with_changes(body=[*before, assignment])


def _resolve(function: Callable[..., Any], name: str) -> Any:
    """Return what a free name of a function stands for; the module `builtins` for a built-in."""
    function = inspect.unwrap(getattr(function, "__func__", function))
    scope = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    if name in scope:
        return scope[name]
    if hasattr(builtins, name):
        return builtins
    raise Unsupported(f"no program: {function.__name__} uses {name!r}, which is not defined")


def _format_constant(name: str, value: Any) -> str:
    """Format a value as a literal. Raises `Unsupported` for one that has none."""
    if isinstance(value, np.ndarray) and value.size <= LITERALS:
        return f"np.array({value.tolist()!r})"
    text = repr(value)
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise Unsupported(
            f"no program: the code uses {name!r}, a {type(value).__name__}, which has no literal"
        ) from None
    return text
