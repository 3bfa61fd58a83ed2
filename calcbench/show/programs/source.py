"""Source: the syntax tree of one function, which keeps its layout and its comments."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import libcst as cst
from libcst.metadata import (
    Assignment,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    ScopeProvider,
)

from calcbench.errors import Unsupported
from calcbench.show.programs.layout import names_in
from calcbench.show.programs.ranks import Place


@functools.lru_cache(maxsize=32)
def read_source(function: Callable[..., Any]) -> Source:
    """Parse the source of a function, once for the programs of all backends."""
    return Source(function)


class Source:
    """The source of one function (a `def` or a lambda) as a tree of LibCST's."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Parse the source. Raises `Unsupported` where there is none, or where it is unclear."""
        name = getattr(function, "__name__", "the function")
        try:
            text = inspect.getsource(function)
            wrapper = MetadataWrapper(cst.parse_module(textwrap.dedent(text)))
        except (OSError, TypeError, cst.ParserSyntaxError):
            raise Unsupported(f"no program: the source of {name} cannot be read") from None
        functions = find_all(wrapper.module, cst.FunctionDef)
        lambdas = find_all(wrapper.module, cst.Lambda)
        if not functions and len(lambdas) != 1:
            raise Unsupported(f"no program: the source of {name} cannot be told from its line")
        self.function = function
        self.module = wrapper.module
        self.node: Any = (functions or lambdas)[0]
        facts = wrapper.resolve_many([ParentNodeProvider, ScopeProvider, PositionProvider])
        self.parents: Mapping[cst.CSTNode, Any] = facts[ParentNodeProvider]
        self._scopes: Mapping[cst.CSTNode, Any] = facts[ScopeProvider]
        self._positions: Mapping[cst.CSTNode, Any] = facts[PositionProvider]
        self._lines = text.splitlines()
        self._indent = len(text) - len(text.lstrip())

    def code(self, statements: Iterable[Any], footer: Sequence[cst.EmptyLine] = ()) -> str:
        """Return the text of statements, moved to the left margin, with comments after them."""
        moved = self.module.with_changes(header=[], body=list(statements), footer=footer)
        return moved.code.strip("\n")

    def place(self, call: cst.Call) -> Place:
        """Return where a call ends in the file: the place that running code reports."""
        code, end = inspect.unwrap(self.function).__code__, self._positions[call].end
        before = self._lines[end.line - 1][: end.column + self._indent]
        return code.co_filename, code.co_firstlineno + end.line - 1, len(before.encode())

    @functools.cached_property
    def names(self) -> set[str]:
        """Every name that occurs in the function, but for attributes and arguments."""
        return names_in(self.module.code_for_node(self.node))

    @functools.cached_property
    def names_outside_comparisons(self) -> set[str]:
        """The names that are not only compared, as `x` is in `xp.where(x > 0, y, z)`."""
        return names_in(self.module.code_for_node(self.node.visit(_WithoutComparisons())))

    @functools.cached_property
    def statements(self) -> list[Any]:
        """The body without its docstring; that of a lambda is one return."""
        if isinstance(self.node, cst.Lambda):
            return [cst.SimpleStatementLine([cst.Return(self.node.body)])]
        body = self.node.body
        on_one_line = isinstance(body, cst.SimpleStatementSuite)  # def f(x): return x**2
        lines = [cst.SimpleStatementLine(body.body)] if on_one_line else list(body.body)
        kept = lines if self.node.get_docstring(clean=False) is None else lines[1:]
        if not kept:
            raise Unsupported(f"no program: {self.function.__name__} has nothing but a docstring")
        return kept

    @property
    def nests(self) -> bool:
        """Whether there is another `def` inside."""
        return len(find_all(self.node, cst.FunctionDef)) > 1

    @property
    def only_return(self) -> cst.Return | None:
        """The return that ends the function, if it has no other."""
        last = self.statements[-1]
        end = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else None
        own = self._scopes[self.node.body]
        others = [r for r in find_all(self.node, cst.Return) if self._scopes[r] is own]
        return end if isinstance(end, cst.Return) and others in ([], [end]) else None

    def returned_dict(self) -> dict[str, cst.BaseExpression] | None:
        """Return what the function returns by name, if it ends in a dict of literal strings."""
        end = self.only_return
        if end is None or not isinstance(end.value, cst.Dict):
            return None
        keys = [getattr(element, "key", None) for element in end.value.elements]  # none in **more
        names = [str(key.evaluated_value) for key in keys if isinstance(key, cst.SimpleString)]
        values = [element.value for element in end.value.elements]
        return dict(zip(names, values, strict=True)) if len(names) == len(keys) else None

    def signature(self) -> str:
        """Return the parameters with their defaults, without annotations, `self` and `xp`."""
        parameters = self.node.params.visit(_WithoutAnnotations())
        kept = [p for p in parameters.params if p.name.value not in ("self", "xp")]
        return self.module.code_for_node(parameters.with_changes(params=kept)).rstrip(", \n")

    def free_names(self) -> list[str]:
        """Return the names that the body takes from outside the function, in order.

        Those of built-in functions are among them.
        """
        return self._free_names([self.node.body])

    def free_names_of_defaults(self) -> list[str]:
        """Return the names that the defaults of the parameters take from outside."""
        parameters = find_all(self.node.params, cst.Param)
        return self._free_names(p.default for p in parameters if p.default is not None)

    def _free_names(self, parts: Iterable[Any]) -> list[str]:
        scopes = {scope for scope in self._scopes.values() if scope is not None}
        free = {
            access.node
            for scope in scopes
            for access in scope.accesses
            if not any(isinstance(referent, Assignment) for referent in access.referents)
        }
        names = [name for part in parts for name in find_all(part, cst.Name)]
        return list(dict.fromkeys(name.value for name in names if name in free))


class _WithoutAnnotations(cst.CSTTransformer):
    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> Any:
        if updated_node.annotation is None:
            return updated_node
        tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        equal = cst.MaybeSentinel.DEFAULT if updated_node.default is None else tight
        return updated_node.with_changes(annotation=None, equal=equal)


class _WithoutComparisons(cst.CSTTransformer):
    def leave_Comparison(
        self, original_node: cst.Comparison, updated_node: cst.Comparison
    ) -> cst.BaseExpression:
        return cst.Name("True")


Kind = TypeVar("Kind", bound=cst.CSTNode)


def find_all(node: cst.CSTNode, kind: type[Kind]) -> list[Kind]:
    """Return all nodes of a kind at and below a node, in the order of the text."""
    found = [node] if isinstance(node, kind) else []
    return found + [inner for child in node.children for inner in find_all(child, kind)]
