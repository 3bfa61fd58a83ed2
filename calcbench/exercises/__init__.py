"""Exercises that mark themselves: in a notebook, in a terminal, and a folder of hand-ins.

    from calcbench.exercises import check, exercise, score

    exercise("5.3")           # the question
    check("5.3", 5, 6, -4)    # right or wrong; a hint; on the second try, the answer
    score()                   # what was solved so far

expression   numbers and formulas that are written as text, evaluated without running code
exercise     what an exercise is: question, answers, tolerance, hint, reason
fields       the fields of a sheet, checked one by one
sheet        a file of exercises (TOML), and where those of the lessons are
answers      what a learner gives, read as numbers
derivation   a learner's own gradient, judged as any hand-derived one
marking      right or wrong, and where
session      tries, and the score
runs         the run that travels with each lesson, to cite its times
"""

from calcbench.exercises.exercise import Exercise
from calcbench.exercises.runs import lesson_run
from calcbench.exercises.session import Reply, Score, Session
from calcbench.exercises.shared import check, exercise, exercises, load, score

__all__ = [
    "Exercise",
    "Reply",
    "Score",
    "Session",
    "check",
    "exercise",
    "exercises",
    "lesson_run",
    "load",
    "score",
]
