"""The writer: the pieces of which a stand-alone program is put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import libcst as cst

from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.operator import VALUE
from calcbench.operators.partial import Partial
from calcbench.problem.function import FunctionProblem
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Arrays, Problem
from calcbench.show.programs.copying import Copier
from calcbench.show.programs.inputs import Native, assign, write_inputs
from calcbench.show.programs.layout import join_blocks, names_in, sort_imports
from calcbench.show.programs.ranks import record_ranks
from calcbench.show.programs.respelling import vocabulary_name
from calcbench.show.programs.source import Source, find_all, read_source
from calcbench.show.programs.spelling import Spelling
from calcbench.vocabulary.composed import DEFINITIONS


class Writer:
    """The pieces of one program: each method returns blocks of source text, in order.

    The code of `inputs`, `cost` and `gradient` is copied with its layout and its comments; only
    what comes from the array namespace changes: `xp.exp(z)` becomes `torch.exp(z)`. A backend
    supplies its `Spelling`, and puts the pieces into the order of its idiom.
    """

    def __init__(
        self,
        problem: Problem,
        backend: str,
        spelling: Spelling,
        operator: Operator = GRADIENT,
        *,
        at: Arrays | None = None,
        function: Callable[..., Any] | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Read the source of `function`, by default the cost, and run it once for its ranks.

        It runs at `at`, by default the problem's own inputs. `before` has the arguments that the
        function takes before the parameters. Raises `Unsupported` with the reason where there
        can be no program.
        """
        largest, reason = problem.limits.get(backend, (problem.sizes[0], ""))
        if problem.sizes[0] > largest:
            raise Unsupported(f"no program: {reason}")
        if function is None:
            _refuse_native(problem, backend)
        self.problem = problem
        self.operator = operator
        self.point = own_point(problem)
        self.inputs = self.point.values
        self._before = before or {}
        self._spelling = spelling
        self._source = read_source(function or _cost(problem, backend))
        parameters, data = problem.split(self.inputs if at is None else at)
        run: Any = function or getattr(problem, f"cost_{backend}", problem.cost)
        ranks = record_ranks(lambda xp: run(xp, *self._before.values(), *parameters, **data))
        self._copier = Copier(problem, spelling, ranks)

    # --- names -------------------------------------------------------------------------------

    @property
    def arguments(self) -> str:
        """The arguments of the function, as it is called: `m, b, x, y`."""
        return ", ".join((*self._before, *self.problem.parameters, *self.problem.data))

    @property
    def value(self) -> str:
        """The name that the value of the cost has in the program."""
        return self.fresh("value", "result")

    @property
    def letter(self) -> str:
        """What the program calls the value where it prints it: ASCII, as all of it is."""
        return self.problem.letter if self.problem.letter.isascii() else VALUE

    @property
    def component(self) -> str:
        """The component of a partial, as it is written: `m`, `w[3]`; empty for other operators."""
        return self.operator.component if isinstance(self.operator, Partial) else ""

    @property
    def place(self) -> tuple[str, tuple[int, ...]]:
        """The parameter that a partial is taken by, and the index in it."""
        assert isinstance(self.operator, Partial)
        return self.point.split_component(self.operator.component)

    @property
    def components(self) -> int:
        """How many numbers the parameters hold together."""
        return self.point.size

    def fresh(self, *candidates: str) -> str:
        """Return the first candidate that is not a name of the problem's own."""
        names = {*self.problem.parameters, *self.problem.data, *self._source.names}
        return next((c for c in candidates if c not in names), candidates[-1] + "_")

    def uses(self, parameter: str) -> bool:
        """Whether the cost mentions a parameter, and not in comparisons alone."""
        return parameter in self._source.names_outside_comparisons

    def mentions(self, *names: str) -> bool:
        """Whether the cost takes one of these names from the vocabulary, itself or by another."""
        return not _vocabulary_names(self._source).isdisjoint(names)

    def pick_component(self, whole: str) -> str:
        """Pick the component of a partial from `whole`, the derivative by its parameter."""
        _, index = self.place
        if not index:
            return whole
        every = ":, " if self.problem.vector_valued else ""
        return f"{whole}[{every}{', '.join(map(str, index))}]"

    # --- blocks ------------------------------------------------------------------------------

    def cost(self) -> list[str]:
        """Return `def cost(m, b, x, y): …`, after the helpers that it needs."""
        defined = self._copier.copy_function(self._source, "cost", self.arguments)
        return self._copier.after_needs(defined)

    def body(self, result: str) -> list[str]:
        """Return the body of the function at the top level, its value assigned to `result`.

        A function that returns from several places, or holds another, stays a function.
        """
        if self._source.only_return and not self._source.nests:
            return self._copier.after_needs(self._copier.copy_body(self._source, result))
        name = self.fresh("formula", "formula_of_" + result)
        defined = self._copier.copy_function(self._source, name, self.arguments)
        return self._copier.after_needs(defined, f"{result} = {name}({self.arguments})")

    def data(self, native: Native) -> list[str]:
        """Return the inputs: the statements of `inputs`, then one assignment per argument."""
        statements, values = write_inputs(self.problem, self.inputs, self._copier)
        assignments, numbers = assign(values, native)
        self.refuse_attributes(numbers)
        text = "\n\n".join(filter(None, [statements, "\n".join(assignments)]))
        return self._copier.after_needs(text)

    def refuse_attributes(self, numbers: Sequence[str]) -> None:
        """Raise `Unsupported` where the code asks for the shape of what is a mere number here."""
        for node in find_all(self._source.node, cst.Attribute):
            if isinstance(node.value, cst.Name) and node.value.value in numbers:
                raise Unsupported(
                    f"no program: the code takes .{node.attr.value} of {node.value.value}, "
                    f"which is a number in {self._spelling.framework}"
                )

    def compose(self, *blocks: str) -> str:
        """Return the program: its title, the imports that it needs, and the blocks."""
        title = f"The {self.operator.name} of {self.problem.name}.".replace("_", " ")
        code = "\n".join(blocks)
        used = names_in(code)
        aliases = {"np": "import numpy as np", **self._spelling.imports}
        imports = self._copier.imports | {aliases[name] for name in used & aliases.keys()}
        self._refuse_names({*aliases, "print", *re.findall(r"^def (cost)\b", code, re.MULTILINE)})
        header = [f'"""{self.problem.summary or title}"""', *sort_imports(imports)]
        return join_blocks([*header, *(block for block in blocks if block)]) + "\n"

    def _refuse_names(self, taken: set[str]) -> None:
        """Raise `Unsupported` where an argument is called like something that the program uses."""
        for name in taken & self.inputs.keys():
            raise Unsupported(f"no program: the argument {name!r} would hide the program's own")


def _refuse_native(problem: Problem, backend: str) -> None:
    """Raise `Unsupported` for a cost that is a framework's own code, and a program as it stands."""
    problem.require_cost(backend, numpy=True)
    if problem.native or backend in problem.native_costs:
        raise Unsupported("no program: the cost is the framework's own code already")


def _cost(problem: Problem, backend: str) -> Callable[..., Any]:
    """Return the function that holds the code of the cost on this backend."""
    if isinstance(problem, FunctionProblem):
        return problem._function
    cost: Callable[..., Any] = getattr(problem, f"cost_{backend}", problem.cost)
    return cost


def _vocabulary_names(source: Source) -> set[str]:
    """Collect the names of the vocabulary in a function, and in the definitions of those names."""
    found: set[str] = set()
    left = [source]
    while left:
        attributes = find_all(left.pop().node, cst.Attribute)
        names = {vocabulary_name(node) for node in attributes} - found
        found |= names
        left += [read_source(DEFINITIONS[name]) for name in names & DEFINITIONS.keys()]
    return found
