"""Mathematics in the site: MathML, as in the pages of runs, without a script."""

from docutils.nodes import SkipNode

from calcbench.problem.mathml import as_mathml


def setup(app):
    """Name the renderer that `html_math_renderer` chooses."""
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
    return {"parallel_read_safe": True}


def write_inline(self, node):
    """Write a formula within a line."""
    write(self, node, "inline")


def write_block(self, node):
    """Write a formula of its own line."""
    write(self, node, "block")


def write(self, node, display):
    """Write a formula; one that is not known ends the build."""
    self.body.append(as_mathml(node.astext(), display))
    raise SkipNode
