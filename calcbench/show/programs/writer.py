"""Stand-alone programs: a problem's own source, rewritten in the idiom of one framework.

`calcbench show PROBLEM` prints, for each backend, a short script that needs no calcbench. The
code of `inputs`, `cost` and `gradient` is copied with its layout and its comments; only what
comes from the array namespace changes: `xp.exp(z)` becomes `torch.exp(z)`. A backend supplies
its `Spelling` and puts the pieces that a `Writer` hands out into the order of its idiom. Other
operators than the gradient differ in what is taken of the cost (`transformed`) and in what is
printed (`prints`).
"""

from __future__ import annotations

import ast
import builtins
import inspect
import itertools
import re
import sys
import textwrap
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calcbench.errors import Unsupported, nearest
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.partial import Partial
from calcbench.problem.function import FunctionProblem
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.namespace import Namespace

WIDTH = 88
"""Columns after which a list of numbers is broken."""


LITERALS = 64
"""The most numbers that a program states, where it cannot state how they are made."""


NEWLINE = r"\n"
"""As it is written in a program."""


ITERATE = """\
def iterate(step, state, n):
    for _ in range(n):
        state = step(state)
    return state"""
"""For the frameworks in which a Python loop is the idiom."""


@dataclass(frozen=True)
class Use:
    """One place at which a cost uses the vocabulary, for rules that depend on it."""

    arguments: tuple[str, ...]
    """The positional arguments, as source text, rewritten."""

    keywords: Mapping[str, str]
    """The keyword arguments, likewise."""

    ranks: tuple[int, ...]
    """How many axes each positional argument has; −1 for a Python number. Empty if this line
    did not run at the problem's own inputs."""


Rule = Callable[[Use], str]


@dataclass(frozen=True)
class Spelling:
    """How one framework spells the array vocabulary in source text.

    The spelling of a name is one of

    - `"torch.exp"`: another name, with the same arguments;
    - `"lambda x: x.mT"`: an expression to put in the place of the call;
    - `"def softplus(x):\\n    return np.logaddexp(x, 0.0)"`: a helper to write down once;
    - a function from the `Use` to one of these.
    """

    framework: str
    """What to call it in messages."""

    names: Mapping[str, str | Rule]

    imports: Mapping[str, str] = field(default_factory=dict)
    """Name → the statement that imports it, such as `np` → `import numpy as np`."""

    keywords: Mapping[str, str] = field(default_factory=dict)
    """Keyword argument → its name here, such as `axis` → `dim`."""


@dataclass(frozen=True)
class Value:
    """The value of one input, as source text."""

    name: str
    text: str
    kind: str
    """`number` or `list` (the text is a literal), or `array` (it evaluates to a NumPy array)."""
    parameter: bool
    integer: bool


class Writer:
    """The pieces of one program: each method returns blocks of source text, in order."""

    def __init__(
        self,
        problem: Problem,
        backend: str,
        spelling: Spelling,
        numpy: Namespace,
        at: Mapping[str, np.ndarray] | None = None,
        function: Callable[..., Any] | None = None,
        operator: Operator = GRADIENT,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Run `function` (by default the cost) once, at `at` or the problem's inputs, for ranks.

        `before` has the arguments that the function takes before the parameters.
        """
        largest, reason = problem.limits.get(backend, (problem.sizes[0], ""))
        if problem.sizes[0] > largest:
            raise Unsupported(f"no program: {reason}")
        self.problem = problem
        self.operator = operator
        self.spelling = spelling
        self.point = own_point(problem)
        self.inputs = self.point.values
        self._before = before or {}
        self.function = function or _cost(problem, backend)
        parameters, data = problem.split(self.inputs if at is None else at)
        call: Any = function or getattr(problem, f"cost_{backend}", problem.cost)
        leading = self._before.values()
        self._ranks = _ranks(lambda xp: call(xp, *leading, *parameters, **data), numpy)
        self._imports: set[str] = set()
        self._defined: set[str] = set()
        self._pending: list[str] = []

    @property
    def arguments(self) -> str:
        """The arguments of the function, as it is called: `m, b, x, y`."""
        return ", ".join((*self._before, *self.problem.parameters, *self.problem.data))

    @property
    def value(self) -> str:
        """What the program calls the value of the cost."""
        return self.fresh("value", "result")

    def fresh(self, *candidates: str) -> str:
        """Return the first candidate that is not a name of the problem's own."""
        names = {*self.problem.parameters, *self.problem.data}
        names |= {n.id for n in ast.walk(_Source(self.function).node) if isinstance(n, ast.Name)}
        return next((c for c in candidates if c not in names), candidates[-1] + "_")

    def uses(self, parameter: str) -> bool:
        """Whether the code of the cost mentions a parameter at all."""
        body = ast.walk(_Source(self.function).node)
        return any(isinstance(node, ast.Name) and node.id == parameter for node in body)

    def mentions(self, *names: str) -> bool:
        """Whether the code of the cost takes one of these names from the vocabulary."""
        body = ast.walk(_Source(self.function).node)
        return any(_vocabulary(node) in names for node in body)

    def cost(self) -> list[str]:
        """`def cost(m, b, x, y): …`, after the helpers that it needs."""
        return self._with_needs(self._function(self.function, "cost", self.arguments))

    def body(self, result: str) -> list[str]:
        """The body of the function at the top level, its returned value assigned to `result`.

        A function that returns from several places, or holds another, stays a function.
        """
        source = _Source(self.function)
        returns = [node for node in _own(source.node) if isinstance(node, ast.Return)]
        is_lambda = isinstance(source.node, ast.Lambda)
        nested = any(
            isinstance(n, ast.FunctionDef) for n in ast.walk(source.node) if n != source.node
        )
        if is_lambda or (not nested and returns == source.node.body[-1:]):
            return self._with_needs(self._body(self.function, source, result))
        name = self.fresh("formula", "formula_of_" + result)
        defined = self._function(self.function, name, self.arguments)
        return [*self._with_needs(defined), f"{result} = {name}({self.arguments})"]

    def data(self, native: Callable[[Value], str]) -> list[str]:
        """The inputs: the statements of `inputs`, then one assignment per argument.

        `native` gives the expression that makes the framework's array of a value.
        """
        statements, values = self._values()
        lines = [(value, native(value)) for value in values]
        # `x = torch.tensor(x)` must wait until nothing else is made from the NumPy x.
        read = [(value.name, _names(value.text)) for value in values]
        lines.sort(
            key=lambda line: (
                line[0].text == line[0].name
                and any(name != line[0].name and line[0].name in names for name, names in read)
            )
        )
        self.refuse_attributes([v.name for v, expression in lines if _is_plain(v, expression)])
        assignments = list(_assignments(lines))
        return self._with_needs("\n\n".join(filter(None, [statements, "\n".join(assignments)])))

    def refuse_attributes(self, numbers: Sequence[str]) -> None:
        """Raise `Unsupported` where the code asks for the shape of what is a mere number here."""
        for node in ast.walk(_Source(self.function).node):
            if isinstance(node, ast.Attribute) and any(_is_name(node.value, n) for n in numbers):
                raise Unsupported(
                    f"no program: the code takes .{node.attr} of {ast.unparse(node.value)}, "
                    f"which is a number in {self.spelling.framework}"
                )

    def compose(self, *blocks: str) -> str:
        """The program: its title, the imports that it needs, and the blocks."""
        told = f"The {self.operator.name} of {self.problem.name}.".replace("_", " ")
        summary = self.problem.summary or told
        used = _names("\n".join(blocks))
        aliases = {"np": "import numpy as np", **self.spelling.imports}
        imports = self._imports | {aliases[name] for name in used & aliases.keys()}
        header = [f'"""{summary}"""', *_import_blocks(imports)]
        return _join([*header, *(block for block in blocks if block)]) + "\n"

    # --- names that the code takes from elsewhere ---

    def _with_needs(self, text: str) -> list[str]:
        """The text, after the definitions that rewriting it turned out to need."""
        needs, self._pending = self._pending, []
        return [*needs, text]

    def _define(self, name: str, value: Any, home: str) -> None:
        """Make `name` available: import it, state it, or copy its definition."""
        if name in self._defined:
            return
        self._defined.add(name)
        module = getattr(value, "__module__", None) or ""
        if isinstance(value, types.ModuleType):
            package = value.__name__
            self._imports.add(f"import {package}" + (f" as {name}" if package != name else ""))
        elif inspect.isfunction(value) and (module == home or module.startswith("calcbench")):
            self._pending.append(self._function(value, name))
        elif callable(value) and module != home and not module.startswith("calcbench"):
            original = getattr(value, "__name__", name)
            renamed = f" as {name}" if original != name else ""
            self._imports.add(f"from {module} import {original}{renamed}")
        else:
            self._pending.append(f"{name} = {_constant(name, value)}")

    # --- rewriting ---

    def _function(
        self, function: Callable[..., Any], name: str, arguments: str | None = None
    ) -> str:
        source = _Source(function)
        if arguments is None:
            arguments = source.arguments()
        body = self._body(function, source, "return")
        return f"def {name}({arguments}):\n{textwrap.indent(body, '    ')}"

    def _body(self, function: Callable[..., Any], source: _Source, result: str) -> str:
        rewrite = _Rewrite(self, source)
        text = rewrite.body(result)
        if {"xp", "self"} & _names(text):
            raise Unsupported(
                f"no program: {function.__name__} passes xp or self on in a way that cannot be "
                "rewritten"
            )
        home = function.__module__
        for name in source.free_names():
            value = _resolve(function, name)
            if value is not builtins:
                self._define(name, value, home)
        return text

    def spell(self, name: str, use: Use) -> str:
        """How the framework spells a name of the vocabulary, at this use."""
        if name not in NAMES:
            raise Unsupported(f"xp.{name} is not in the array vocabulary: {nearest(name, NAMES)}")
        spelled = self.spelling.names.get(name, "")
        spelled = spelled(use) if callable(spelled) else spelled
        if not spelled:
            raise Unsupported(
                f"no program: xp.{name} has no short spelling in {self.spelling.framework}"
            )
        if not spelled.startswith("def "):
            return spelled
        helper = spelled[4 : spelled.index("(")]
        if helper not in self._defined:
            self._defined.add(helper)
            self._pending.append(spelled)
        return helper

    def ranks_at(self, place: tuple[str, int, int], name: str) -> tuple[int, ...]:
        """The ranks of the arguments of the call that ends at `place`."""
        seen = self._ranks.get(place, set())
        if len(seen) > 1 and callable(self.spelling.names.get(name)):
            raise Unsupported(f"no program: one xp.{name} is called with arrays of several ranks")
        return next(iter(seen), ())

    # --- inputs ---

    def _values(self) -> tuple[str, list[Value]]:
        """The statements of `inputs` before its return, and the values that it returns."""
        source = (
            None if isinstance(self.problem, FunctionProblem) else _try_source(self.problem.inputs)
        )
        entries = source.returned() if source else None
        if source is None or entries is None or set(entries) != set(self.inputs):
            return "", self._literals()
        raw = self.problem.inputs(self.problem.sizes[0], np.random.default_rng(0))
        rewrite = _Rewrite(self, source)
        values = []
        for name, node in entries.items():  # in this order, for each may draw from rng
            values.append(self._value(name, raw[name], rewrite.text(node), _is_literal(node)))
        texts = [v.text for v in values if v.kind == "array"]
        statements = self._statements(source, rewrite.statements(), texts)
        return statements, values

    def _literals(self) -> list[Value]:
        count = sum(array.size for array in self.inputs.values())
        if count > LITERALS:
            raise Unsupported(
                f"no program: inputs does not end in a returned dict of its {count} numbers, "
                f"and a program states at most {LITERALS}"
            )
        return [self._value(name, array, "", True) for name, array in self.inputs.items()]

    def _value(self, name: str, raw: Any, text: str, literal: bool) -> Value:
        """One input, with everything but literals made a float64 (or index) array."""
        array = self.inputs[name]
        integer = array.dtype.kind == "i"
        if literal:
            kind = "list" if array.ndim else "number"
            text = repr(array.tolist())
        elif isinstance(raw, (bool, int, float)) and not isinstance(raw, np.generic):
            kind, text = "number", text if isinstance(raw, float) else f"float({text})"
        else:
            kind = "array"
            if getattr(raw, "dtype", None) != array.dtype:
                text = f"np.array({text}, dtype=float)"
        return Value(name, text, kind, name in self.problem.parameters, integer)

    def _statements(self, source: _Source, text: str, values: list[str]) -> str:
        """The statements of `inputs`, with `size` and `rng` stated and imports lifted out."""
        lines = text.splitlines()
        for node in reversed(ast.parse(text).body):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._imports.add(ast.unparse(node))
                del lines[node.lineno - 1 : node.end_lineno]
        used = _names("\n".join([text, *values]))
        size, rng = list(inspect.signature(self.problem.inputs).parameters)[:2]
        starts = [
            *([f"{size} = {self.problem.sizes[0]:_}"] if size in used else []),
            *([f"{rng} = np.random.default_rng(0)"] if rng in used else []),
        ]
        for name in source.free_names():
            value = _resolve(self.problem.inputs, name)
            if value is not builtins and name in used:
                self._define(name, value, self.problem.inputs.__module__)
        return "\n".join([*starts, "\n".join(lines).strip("\n")]).strip("\n")


class _Source:
    """The source text of one function, and its syntax tree."""

    def __init__(self, function: Callable[..., Any]) -> None:
        name = getattr(function, "__name__", "the function")
        try:
            original = inspect.getsource(function)
            text = textwrap.dedent(original)
            tree = ast.parse(text)
        except (OSError, TypeError, SyntaxError):
            raise Unsupported(f"no program: the source of {name} cannot be read") from None
        found = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.Lambda))]
        functions = [n for n in found if isinstance(n, ast.FunctionDef)]
        if not functions and len(found) != 1:
            raise Unsupported(f"no program: the source of {name} cannot be told from its line")
        self.node: Any = (functions or found)[0]
        code = inspect.unwrap(function).__code__
        self.file = code.co_filename
        self.first_line = code.co_firstlineno
        self.indent = original.index(original.lstrip()) if text else 0
        self._bytes = text.encode()  # the columns of the syntax tree count bytes
        self._starts = [0]
        for line in self._bytes.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: Any) -> tuple[int, int]:
        """Where a node starts and ends."""
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def text(self, start: int, end: int) -> str:
        """The source between two places."""
        return self._bytes[start:end].decode()

    def place(self, node: Any) -> tuple[str, int, int]:
        """Where a call ends, in the file: the place that running code reports."""
        return self.file, self.first_line + node.end_lineno - 1, node.end_col_offset + self.indent

    def stands_alone(self, node: ast.Call, text: str) -> bool:
        """Whether `text` can take the place of a call without parentheses around it."""
        if _is_atom(text):
            return True
        parent = next(p for p in ast.walk(self.node) if node in ast.iter_child_nodes(p))
        free = isinstance(parent, (ast.Return, ast.Assign, ast.Call, ast.keyword, ast.Dict))
        tighter = 0 < _tightness(parent) < _tightness(ast.parse(f"({text})", mode="eval").body)
        return (free or tighter) and "\n" not in text

    def arguments(self) -> str:
        """The signature without `self`, `xp` and annotations."""
        arguments = ast.parse(ast.unparse(self.node.args).join(("lambda ", ": 0")), mode="eval")
        if any(argument.annotation for argument in _all_arguments(self.node)):
            raise Unsupported(f"no program: {self.node.name} is a helper with annotations")
        assert isinstance(arguments.body, ast.Lambda)
        stripped = arguments.body.args
        stripped.args = [a for a in stripped.args if a.arg not in ("self", "xp")]
        return ast.unparse(stripped)

    def statements(self) -> list[ast.stmt]:
        """The body without its docstring."""
        body = list(self.node.body)
        return body[1:] if ast.get_docstring(self.node, clean=False) is not None else body

    def start(self) -> int:
        """Where the body starts, comments above its first statement included."""
        first = self.statements()[0]
        start, _ = self.span(first)
        line = first.lineno - 1
        if self.text(self._starts[line], start).strip():
            return start  # def f(x): return x**2
        while self.text(self._starts[line - 1], self._starts[line]).lstrip().startswith("#"):
            line -= 1
        return self._starts[line]

    def returned(self) -> dict[str, ast.expr] | None:
        """What the function returns, if that is a literal dict at its only return."""
        last = self.node.body[-1]
        returns = [node for node in _own(self.node) if isinstance(node, ast.Return)]
        if returns != [last] or not isinstance(last.value, ast.Dict):
            return None
        keys: list[Any] = [getattr(key, "value", None) for key in last.value.keys]
        if not all(isinstance(key, str) for key in keys):
            return None
        return dict(zip(keys, last.value.values, strict=True))

    def free_names(self) -> list[str]:
        """Names that the function reads and does not bind, in order."""
        bound = {argument.arg for argument in _all_arguments(self.node)} | {"self", "xp"}
        read: dict[str, None] = {}
        for node in ast.walk(self.node):
            if isinstance(node, ast.Name):
                read[node.id] = None
                if not isinstance(node.ctx, ast.Load):
                    bound.add(node.id)
            elif isinstance(node, ast.alias):
                bound.add((node.asname or node.name).partition(".")[0])
            elif isinstance(node, (ast.FunctionDef, ast.Lambda)):
                bound |= {argument.arg for argument in _all_arguments(node)}
                bound.add(getattr(node, "name", ""))
        decorators = getattr(self.node, "decorator_list", [])
        outside = {n.id for d in decorators for n in ast.walk(d) if isinstance(n, ast.Name)}
        return [name for name in read if name not in bound | outside]


class _Rewrite:
    """Source text with the vocabulary respelled; all else is copied as it stands."""

    def __init__(self, writer: Writer, source: _Source) -> None:
        self._writer = writer
        self._source = source

    def body(self, result: str) -> str:
        """The body, its last `return` turned into `result =` unless that is `return`."""
        node, keyword = self._source.node, "return" if result == "return" else f"{result} ="
        if isinstance(node, ast.Lambda):
            return f"{keyword} {self.text(node.body)}"
        statements = self._source.statements()
        end = self._source.span(statements[-1])[1]
        pairs = [(s, self.text(s)) for s in statements]
        last = statements[-1]
        if isinstance(last, ast.Return):
            pairs[-1] = (last, keyword + self.text(last).removeprefix("return"))
        text = textwrap.dedent(self._splice(self._source.start(), end, pairs))
        return text.strip("\n")

    def statements(self) -> str:
        """The statements before the last, for which the caller has its own words."""
        statements = self._source.statements()
        end = self._source.span(statements[-1])[0]
        pairs = [(s, self.text(s)) for s in statements[:-1]]
        return textwrap.dedent(self._splice(self._source.start(), end, pairs)).strip()

    def text(self, node: Any) -> str:
        """The rewritten source of one node."""
        rewritten = self._rewritten(node)
        if rewritten is not None:
            return rewritten
        start, end = self._source.span(node)
        return self._splice(start, end, [(n, self.text(n)) for n in _positioned(node)])

    def _splice(self, start: int, end: int, replacements: Iterable[tuple[Any, str]]) -> str:
        """The source from `start` to `end`, with nodes in it replaced by text."""
        pieces, at = [], start
        for node, text in replacements:
            low, high = self._source.span(node)
            if low >= at:  # a decorator lies before its function
                pieces += [self._source.text(at, low), text]
                at = high
        return "".join([*pieces, self._source.text(at, end)])

    def _rewritten(self, node: Any) -> str | None:
        if isinstance(node, ast.Call):
            name = _vocabulary(node.func)
            if name:
                return self._call(node, name)
            if any(_is_name(argument, "xp") for argument in node.args):
                kept = [self.text(a) for a in node.args if not _is_name(a, "xp")]
                kept += [self.text(k) for k in node.keywords]
                return f"{self.text(node.func)}({', '.join(kept)})"
        elif isinstance(node, ast.Attribute):
            name = _vocabulary(node)
            if name:
                return self._writer.spell(name, Use((), {}, ()))
            if _is_name(node.value, "self"):
                problem = self._writer.problem
                value = getattr(problem, node.attr)
                value = getattr(value, "__func__", value)
                self._writer._define(node.attr, value, problem.__module__)
                return node.attr
        elif isinstance(node, ast.JoinedStr):
            return self._source.text(*self._source.span(node))  # positions inside are unreliable
        return None

    def _call(self, node: ast.Call, name: str) -> str:
        arguments = tuple(map(self.text, node.args))
        keywords = {k.arg: self.text(k.value) for k in node.keywords if k.arg}
        ranks = self._writer.ranks_at(self._source.place(node), name)
        spelled = self._writer.spell(name, Use(arguments, keywords, ranks))
        if spelled.startswith("lambda "):
            text = _substitute(spelled, arguments, keywords)
            return text if self._source.stands_alone(node, text) else f"({text})"
        renamed = self._writer.spelling.keywords
        pairs: list[tuple[Any, str]] = list(zip(node.args, arguments, strict=True))
        pairs += [
            (k, f"{renamed.get(k.arg, k.arg)}={keywords[k.arg]}") for k in node.keywords if k.arg
        ]
        start, end = self._source.span(node.func)[1], self._source.span(node)[1]
        return spelled + self._splice(start, end, sorted(pairs, key=lambda pair: _start(pair[0])))


# --- operators ---------------------------------------------------------------------------------


def asked(problem: Problem, operator: Operator | None, known: Iterable[str]) -> Operator:
    """The operator that a program is for, settled; without one, the gradient.

    Raises `Unsupported` where the problem has no such derivative, or the backend has programs for
    the `known` operators alone.
    """
    chosen = (operator or GRADIENT).resolve(own_point(problem))
    *most, last = known
    if chosen.name not in (*most, last):
        listed = f"{', '.join(most)} and {last}" if most else last
        raise Unsupported(
            f"no stand-alone program for the {chosen.name} by this backend, only for the {listed}"
        )
    return chosen


def prints(writer: Writer, native: str = "") -> str:
    """The lines that print the result; `native` is the call that makes an array of NumPy's."""
    problem, operator = writer.problem, writer.operator
    first, *more = problem.parameters
    value = _print("C", writer.value, native)
    gradient = _print_each("dC/d{name}", "partial", "gradient", native)
    component = getattr(operator, "component", "")
    lines = {
        "cost": value,
        "gradient": gradient,
        "value_and_gradient": f"{value}\n{gradient}",
        "partial": _print(f"dC/d{component}", "partial", native),
        "pushforward": _print("J v" if problem.vector_valued else "dC·v", "slope", native),
        "pullback": _print_each("(J^T u)_{name}", "part", "product", native),
        "jacobian": _print_each("dC/d{name}", "block", "jacobian", native),
        "hvp": _print_each("(H v)_{name}", "part", "product", native),
        "hessian": _print_pairs(native),
        "second_derivative": _print(f"d2C/d{first}2", "second_derivative", native),
    }
    if not more:
        lines["jacobian"] = _print(f"dC/d{first}", "jacobian", native, NEWLINE)
        lines["hessian"] = _print(f"d2C/d{first}2", "hessian", native, NEWLINE)
    return lines[operator.name]


def _print(label: str, text: str, native: str, after: str = " ") -> str:
    return f'print(f"{label} ={after}{{{text}{native}}}")'


def _print_each(label: str, item: str, of: str, native: str) -> str:
    return f'for name, {item} in {of}.items():\n    print(f"{label} = {{{item}{native}}}")'


def _print_pairs(native: str = "") -> str:
    """Block by block, of a dict with the two names as its key."""
    return (
        "for (one, other), block in hessian.items():\n"
        f'    print(f"d2C/d{{one}} d{{other}} = {{block{native}}}")'
    )


def listed(problem: Problem) -> str:
    """The names of the parameters: `["m", "b"]`."""
    return f"[{', '.join(quoted(name) for name in problem.parameters)}]"


def quoted(name: str) -> str:
    """A name as the text of a Python string."""
    return f'"{name}"'


def pairs(problem: Problem, rows: str) -> str:
    """The lines that name the blocks of a Hessian, given row by row."""
    names = listed(problem)
    return (
        "hessian = {\n    (one, other): block\n"
        f"    for one, row in zip({names}, {rows})\n"
        f"    for other, block in zip({names}, row)\n}}"
    )


def indexed(writer: Writer, whole: str) -> str:
    """The component of a partial, taken of the partial by its parameter, `whole`."""
    assert isinstance(writer.operator, Partial)
    _, index = writer.point.split_component(writer.operator.component)
    if not index:
        return whole
    every = ":, " if writer.problem.vector_valued else ""
    return f"{whole}[{every}{', '.join(map(str, index))}]"


@dataclass(frozen=True)
class Transforms:
    """A framework whose transforms make functions of functions: `grad`, `jvp`, `vjp`, …"""

    prefix: str
    """`jax.`, `torch.func.`"""
    ones: str
    """The function that makes ones of the shape of an array."""
    value_first: bool
    """Whether it has `value_and_grad`, and not `grad_and_value`."""
    compiler: str = ""
    """The transform that compiles, if it is to."""

    def compiled(self, function: str) -> str:
        """An expression for a function, under the compiler."""
        return f"{self.compiler}({function})" if self.compiler else function

    def define(self, definition: str) -> str:
        """The definition of a function, under the compiler."""
        return f"@{self.compiler}\n{definition}" if self.compiler else definition


def transformed(writer: Writer, by: Transforms) -> list[str]:
    """Blocks that take the writer's operator of the function `cost`, by transforms."""
    return _TRANSFORMED[writer.operator.name](writer, by)


def _argnums(problem: Problem) -> str:
    """The argument that asks for all parameters, where there are several."""
    count = len(problem.parameters)
    return f", argnums={tuple(range(count))}" if count > 1 else ""


def _applied(writer: Writer, by: Transforms, transform: str) -> str:
    """A transform of the cost by all parameters, called."""
    function = f"{by.prefix}{transform}(cost{_argnums(writer.problem)})"
    return f"{by.compiled(function)}({writer.arguments})"


def _by_name(problem: Problem, result: str, parts: str) -> str:
    """Name the parts that a transform gave: a tuple, or the only one."""
    if len(problem.parameters) == 1:
        return f"{result} = {{{quoted(problem.parameters[0])}: {parts}}}"
    return f"{result} = dict(zip({listed(problem)}, {parts}))"


def _of_parameters(writer: Writer, function: str) -> str:
    """A function of all arguments as one of the parameters alone."""
    if not writer.problem.data:
        return function
    return f"lambda {', '.join(writer.problem.parameters)}: {function}({writer.arguments})"


def _the_cost(writer: Writer, by: Transforms) -> list[str]:
    return [f"{writer.value} = {by.compiled('cost')}({writer.arguments})"]


def _value_and_gradient(writer: Writer, by: Transforms) -> list[str]:
    transform = "value_and_grad" if by.value_first else "grad_and_value"
    parts = writer.fresh("partials", "slopes")
    both = f"{writer.value}, {parts}" if by.value_first else f"{parts}, {writer.value}"
    named = _by_name(writer.problem, "gradient", parts)
    return [f"{both} = {_applied(writer, by, transform)}\n{named}"]


def _one_partial(writer: Writer, by: Transforms) -> list[str]:
    problem, operator = writer.problem, writer.operator
    assert isinstance(operator, Partial)
    number = problem.parameters.index(writer.point.split_component(operator.component)[0])
    argnums = f", argnums={number}" if len(problem.parameters) > 1 else ""
    function = f"{by.prefix}{'jacfwd' if problem.vector_valued else 'grad'}(cost{argnums})"
    whole = f"{by.compiled(function)}({writer.arguments})"
    return [f"partial = {indexed(writer, whole)}"]


def _pushforward(writer: Writer, by: Transforms) -> list[str]:
    return _along(writer, by, "pushforward", "cost", lambda call: f"slope = {call}")


def _hvp(writer: Writer, by: Transforms) -> list[str]:
    slopes = writer.fresh("slopes", "grad_cost")
    function = f"{slopes} = {by.prefix}grad(cost{_argnums(writer.problem)})"

    def named(call: str) -> str:
        return _by_name(writer.problem, "product", call)

    return [function, *_along(writer, by, "hvp", slopes, named)]


def _along(
    writer: Writer, by: Transforms, name: str, function: str, result: Callable[[str], str]
) -> list[str]:
    """The derivative of a function along a direction of ones."""
    v, arguments = writer.fresh("v", "direction"), writer.arguments
    parameters = ", ".join(writer.problem.parameters)
    point = f"({parameters},)" if "," not in parameters else f"({parameters})"
    inner = _of_parameters(writer, function)
    defined = f"def {name}({v}, {arguments}):\n    return {by.prefix}jvp({inner}, {point}, {v})[1]"
    call = result(f"{name}({v}, {arguments})")
    ones = f"# Along a direction of ones.\n{v} = tuple(map({by.ones}, {point}))\n{call}"
    return [by.define(defined), ones]


def _pullback(writer: Writer, by: Transforms) -> list[str]:
    value, pull = writer.value, writer.fresh("pull", "pull_back")
    parameters = ", ".join(writer.problem.parameters)
    defined = (
        f"def pullback({writer.arguments}):\n"
        f"    {value}, {pull} = {by.prefix}vjp({_of_parameters(writer, 'cost')}, {parameters})\n"
        f"    return {pull}({by.ones}({value}))  # a cotangent of ones"
    )
    call = f"product = dict(zip({listed(writer.problem)}, pullback({writer.arguments})))"
    return [by.define(defined), call]


def _jacobian(writer: Writer, by: Transforms) -> list[str]:
    problem = writer.problem
    (rows,) = problem.value_shape(writer.inputs)
    wide = writer.point.size > rows
    applied = _applied(writer, by, "jacrev" if wide else "jacfwd")
    if len(problem.parameters) == 1:
        return [f"jacobian = {applied}"]
    blocks = writer.fresh("blocks", "columns")
    return [f"{blocks} = {applied}\n{_by_name(problem, 'jacobian', blocks)}"]


def _hessian(writer: Writer, by: Transforms) -> list[str]:
    applied = _applied(writer, by, "hessian")
    if len(writer.problem.parameters) == 1:
        return [f"hessian = {applied}"]
    rows = writer.fresh("rows", "blocks")
    return [f"{rows} = {applied}\n{pairs(writer.problem, rows)}"]


def _second_derivative(writer: Writer, by: Transforms) -> list[str]:
    (name,) = writer.problem.parameters
    if writer.inputs[name].ndim:
        applied = _applied(writer, by, "hessian")
        return [f"second_derivative = {applied}.reshape({name}.shape)"]
    function = by.compiled(f"{by.prefix}grad({by.prefix}grad(cost))")
    return [f"second_derivative = {function}({writer.arguments})"]


_TRANSFORMED: dict[str, Callable[[Writer, Transforms], list[str]]] = {
    "value_and_gradient": _value_and_gradient,
    "partial": _one_partial,
    "pushforward": _pushforward,
    "pullback": _pullback,
    "jacobian": _jacobian,
    "hvp": _hvp,
    "hessian": _hessian,
    "second_derivative": _second_derivative,
    "cost": _the_cost,
}


ALL = ("gradient", *_TRANSFORMED)
"""The operators that a framework which transforms functions has programs for."""


# --- syntax ------------------------------------------------------------------------------------


def _vocabulary(node: Any) -> str:
    """`linalg.solve` for the node of `xp.linalg.solve`; empty for anything else."""
    path = []
    while isinstance(node, ast.Attribute):
        path.append(node.attr)
        node = node.value
    return ".".join(reversed(path)) if path and _is_name(node, "xp") else ""


def _is_name(node: Any, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_atom(text: str) -> bool:
    """Whether an expression needs no parentheses anywhere."""
    atoms = (ast.Call, ast.Name, ast.Attribute, ast.Subscript, ast.Constant)
    return isinstance(ast.parse(f"({text})", mode="eval").body, atoms)


def _tightness(node: Any) -> int:
    """How tightly the operator of an expression binds; 0 if it has none of arithmetic."""
    order: list[tuple[type, ...]] = [
        (ast.Add, ast.Sub),
        (ast.Mult, ast.Div, ast.MatMult),
        (ast.Pow,),
    ]
    operator = getattr(node, "op", None)
    return next((n for n, kinds in enumerate(order, 1) if isinstance(operator, kinds)), 0)


def _start(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _positioned(node: ast.AST) -> list[Any]:
    """The nearest nodes below that have a place in the source, in order."""
    found: list[Any] = []
    for child in ast.iter_child_nodes(node):
        found += [child] if hasattr(child, "lineno") else _positioned(child)
    return sorted(found, key=_start)


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, (ast.FunctionDef, ast.Lambda)):
            yield child
            yield from _own(child)


def _all_arguments(function: Any) -> list[ast.arg]:
    return [node for node in ast.walk(function.args) if isinstance(node, ast.arg)]


def _names(text: str) -> set[str]:
    """Every name that occurs in some source text."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def _is_literal(node: ast.expr) -> bool:
    """Whether an expression is made of numbers alone, perhaps inside `np.array(…)`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.array", "np.asarray"):
        node = node.args[0]
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _substitute(template: str, arguments: Sequence[str], keywords: Mapping[str, str]) -> str:
    """Put arguments into `lambda x, y: …`, in parentheses where they need them."""
    function = ast.parse(template, mode="eval").body
    assert isinstance(function, ast.Lambda)
    names = [argument.arg for argument in function.args.args]
    defaults = [ast.unparse(default) for default in function.args.defaults]
    given = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    given |= dict(zip(names, arguments, strict=False)) | dict(keywords)
    body = ast.get_source_segment(template, function.body) or ""

    def put(match: re.Match[str]) -> str:
        text = given[match.group()]
        before, after = body[: match.start()].rstrip()[-1:], body[match.end() :].lstrip()[:1]
        alone = before in ("", "(", ",", "=", "[") and after in ("", ")", ",", "]")
        return text if alone or _is_atom(text) else f"({text})"

    return re.sub(rf"(?<![.\w])({'|'.join(names)})\b(?!=)", put, body)


# --- the functions themselves ------------------------------------------------------------------


def _cost(problem: Problem, backend: str) -> Callable[..., Any]:
    """The function that holds the code of the cost on this backend."""
    if isinstance(problem, FunctionProblem):
        return problem._function
    cost: Callable[..., Any] = getattr(problem, f"cost_{backend}", problem.cost)
    return cost


def _try_source(function: Callable[..., Any]) -> _Source | None:
    try:
        return _Source(function)
    except Unsupported:
        return None


def _resolve(function: Callable[..., Any], name: str) -> Any:
    """What a free name of a function stands for; the module `builtins` for a built-in."""
    function = inspect.unwrap(getattr(function, "__func__", function))
    variables = inspect.getclosurevars(function).nonlocals
    scope = {**function.__globals__, **variables}
    if name in scope:
        return scope[name]
    if hasattr(builtins, name):
        return builtins
    raise Unsupported(f"no program: {function.__name__} uses {name!r}, which is not defined")


def _constant(name: str, value: Any) -> str:
    """A value as a literal."""
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


def _ranks(
    run: Callable[[Namespace], Any], numpy: Namespace
) -> dict[tuple[str, int, int], set[tuple[int, ...]]]:
    """Run a function of `xp`: where each use of the vocabulary ends → its arguments' ranks."""
    seen: dict[tuple[str, int, int], set[tuple[int, ...]]] = {}

    def recording(function: Any) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            frame = sys._getframe(1)
            code = frame.f_code
            _, line, _, column = list(code.co_positions())[frame.f_lasti // 2]
            place = (code.co_filename, line or 0, column or 0)
            seen.setdefault(place, set()).add(tuple(map(_rank, arguments)))
            return function(*arguments, **keywords)

        return call if callable(function) else function

    functions = {name: recording(_get(numpy, name)) for name in NAMES}
    run(Namespace(functions))
    return seen


def _get(namespace: Any, name: str) -> Any:
    for part in name.split("."):
        namespace = getattr(namespace, part)
    return namespace


def _rank(argument: Any) -> int:
    return argument.ndim if isinstance(argument, (np.ndarray, np.generic)) else -1


# --- layout ------------------------------------------------------------------------------------


def comprehension(name: str, value: str, over: str) -> str:
    """`name = {name: value for …}`, on one line if it fits."""
    line = f"{name} = {{name: {value} for {over}}}"
    return line if len(line) <= WIDTH else f"{name} = {{\n    name: {value}\n    for {over}\n}}"


def mapping(name: str, entries: Mapping[Any, str]) -> str:
    """`name = {"m": …, "b": …}`, on one line if it fits; keys are names, or tuples of them."""
    items = [f"{_key(key)}: {text}" for key, text in entries.items()]
    line = f"{name} = {{{', '.join(items)}}}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name} = {{", *(f"    {item}," for item in items), "}"])


def _key(key: str | tuple[str, ...]) -> str:
    return quoted(key) if isinstance(key, str) else f"({', '.join(map(quoted, key))})"


def wrap(line: str) -> str:
    """Break a line that holds a long list of numbers: rows of a matrix, or as many as fit."""
    if len(line) <= WIDTH or "[" not in line:
        return line
    start, end = line.index("[") + 1, line.rindex("]")
    inner = line[start:end]
    if inner.startswith("["):
        items = re.sub(r"\](, )(\[+)", r"],\n\2", inner)
    else:
        items = textwrap.fill(inner, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return f"{line[:start]}\n{textwrap.indent(items, '    ')},\n{line[end:]}"


def _assignments(lines: list[tuple[Value, str]]) -> Iterator[str]:
    """`name = expression`, with numbers that follow each other in one line."""
    held: list[tuple[Value, str]] = []
    for value, expression in lines:
        plain = _is_plain(value, expression)
        if held and not (plain and held[0][0].parameter == value.parameter and len(held) < 5):
            yield _together(held)
            held = []
        if plain:
            held.append((value, expression))
        elif expression != value.name:
            yield wrap(f"{value.name} = {expression}")
    if held:
        yield _together(held)


def _is_plain(value: Value, expression: str) -> bool:
    """Whether a value stays a Python number."""
    return value.kind == "number" and expression == value.text


def _together(lines: list[tuple[Value, str]]) -> str:
    names = ", ".join(value.name for value, _ in lines)
    return f"{names} = {', '.join(expression for _, expression in lines)}"


def _import_blocks(imports: set[str]) -> list[str]:
    """Import statements in the usual order: the standard library, then the others."""
    ordered = sorted(imports, key=lambda line: (line.startswith("from"), line.split()[1]))

    def is_standard(line: str) -> bool:
        return line.split()[1].partition(".")[0] in sys.stdlib_module_names

    standard = [line for line in ordered if is_standard(line)]
    return list(
        filter(None, ("\n".join(standard), "\n".join(i for i in ordered if i not in standard)))
    )


def _join(blocks: list[str]) -> str:
    """Blocks with a blank line between them, and two around functions."""
    text = blocks[0]
    for before, block in itertools.pairwise(blocks):
        around = any(b.startswith(("def ", "@")) for b in (before, block))
        text += ("\n\n\n" if around else "\n\n") + block
    return text
