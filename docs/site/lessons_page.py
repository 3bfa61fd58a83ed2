"""The directive `lessons`: prose, code and exercises of every lesson, answers folded."""

import re

from docutils import nodes
from docutils.parsers.rst import Directive

from calcbench.exercises.cells import lessons
from calcbench.exercises.exercise import plain_text
from calcbench.exercises.lesson_page import write_section
from calcbench.exercises.running import read


def setup(app):
    """Name the directive."""
    app.add_directive("lessons", Lessons)
    return {"parallel_read_safe": True}


class Lessons(Directive):
    """Write a section per lesson, as it is before it is run."""

    def run(self):
        """Make the sections."""
        return [section(lesson) for lesson in lessons()]


def section(lesson):
    """Make the section of a lesson, which can be linked to."""
    title = plain_text(lesson.title)
    html = re.sub(r"<h2>.*?</h2>", "", write_section(lesson, read(lesson)), count=1)
    made = nodes.section(ids=[nodes.make_id(title)])
    made += nodes.title(text=title)
    made += nodes.raw("", html, format="html")
    return made
