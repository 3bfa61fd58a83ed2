"""docs/lesson.md: each topic of the class has its section, its picture and an exercise."""

import re
from pathlib import Path

import pytest

from calcbench.exercises.cells import lessons
from calcbench.exercises.sheet import lesson_sheet

PAGE = Path(__file__).parents[2] / "docs" / "lesson.md"

TOPICS = 17
"""What the class goes through."""

ROWS = re.findall(
    r"^\| ([A-Z][^|]+) \| ([\d, ]+) \| ([^|]+) \| ([\d., ]+) \|$", PAGE.read_text("utf-8"), re.M
)

BY_NUMBER = {lesson.number: lesson for lesson in lessons()}


def test_every_topic_has_a_row():
    assert len(ROWS) == TOPICS


@pytest.mark.parametrize(("topic", "numbers", "picture", "ids"), ROWS)
def test_a_topic_has_its_section_picture_and_exercise(topic, numbers, picture, ids):
    absent = [number for number in numbers.split(", ") if int(number) not in BY_NUMBER]
    if absent:
        pytest.skip(f"lesson {absent[0]} is not written yet")
    for number in map(int, numbers.split(", ")):
        source = "\n".join(cell.source for cell in BY_NUMBER[number].cells)
        assert re.search(r"cb\.(draw|plot|steps|descend)\(", source), "there is no picture"
    for id in ids.split(", "):
        assert id.partition(".")[0] in numbers.split(", ")
        assert lesson_sheet()[id].answers
