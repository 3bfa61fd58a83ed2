"""The directive `problems`: every cost function of calcbench with its derivation."""

from docutils import nodes
from docutils.parsers.rst import Directive

import calcbench as cb


def setup(app):
    """Name the directive."""
    app.add_directive("problems", Problems)
    return {"parallel_read_safe": True}


class Problems(Directive):
    """Write a section per theme, and in it one per problem."""

    def run(self):
        """Make the sections."""
        found = [cb.problems()[name] for name in cb.problems()]
        themes = dict.fromkeys(problem.place.partition(":")[0] for problem in found)
        return [
            section(theme, *(write(p) for p in found if p.place.partition(":")[0] == theme))
            for theme in themes
        ]


def section(title, *content):
    """Make a section that can be linked to."""
    made = nodes.section(ids=[nodes.make_id(title)])
    made += nodes.title(text=title)
    made += content
    return made


def write(problem):
    """Make the section of a problem."""
    steps = nodes.enumerated_list(enumtype="arabic", prefix="", suffix=".")
    for words, latex in problem.derivation:
        steps += nodes.list_item("", nodes.paragraph(text=words), formula(latex))
    sources = nodes.bullet_list()
    sources += [nodes.list_item("", nodes.paragraph(text=source)) for source in problem.sources]
    return section(
        problem.name,
        nodes.paragraph(text=problem.summary),
        formula(problem.formula),
        nodes.rubric(text="Derivation"),
        steps,
        nodes.rubric(text="Sources"),
        sources,
    )


def formula(latex):
    """Make a formula of its own line."""
    return nodes.math_block(latex, latex, nowrap=True, number=None)
