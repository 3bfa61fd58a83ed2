"""The directive `public`: what `import calcbench` offers, from the docstrings."""

import inspect
import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import calcbench as cb


def setup(app):
    """Name the directive, and let docstrings be read."""
    app.add_directive("public", Public)
    app.connect("autodoc-process-docstring", prepare)
    return {"parallel_read_safe": True}


class Public(SphinxDirective):
    """Document the public names whose home is in one of the rooms that are named."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Let autodoc document each name."""
        rooms = tuple(f"calcbench.{room}" for room in self.arguments[0].split())
        lines = [line for name in cb.__all__ if home(name).startswith(rooms) for line in ask(name)]
        block = StringList(["```{eval-rst}", *lines, "```"], source=self.env.docname)
        made = nodes.container()
        self.state.nested_parse(block, 0, made)
        return made.children


def home(name):
    """Name the module that defines a public name."""
    found = getattr(cb, name)
    return cb._HOME.get(name) or found.__module__


def ask(name):
    """Write the directive of autodoc that suits a name."""
    found = getattr(cb, name)
    if inspect.isclass(found):
        return [f".. autoclass:: calcbench.{name}", "   :members:", ""]
    kind = "function" if callable(found) else "data"
    return [f".. auto{kind}:: calcbench.{name}", ""]


def prepare(app, what, name, found, options, lines):
    """Make a docstring reStructuredText: what is indented is code, stars and bars are their own."""
    text = "\n".join(lines)
    text = re.sub(r"(?m)^(\S.*[^:])\n\n(?=    )", r"\1\n\n::\n\n", text)
    lines[:] = [line if line.startswith("    ") else escape(line) for line in text.split("\n")]


def escape(line):
    """Escape stars and bars, except in code between backticks."""
    return re.sub(
        r"`[^`]*`|[*|]", lambda part: rf"\{part[0]}" if part[0] in "*|" else part[0], line
    )
