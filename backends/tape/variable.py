"""Reverse mode: every number remembers what it was made of, and one sweep goes back."""

import itertools

from .._rules import Number

clock = itertools.count()


class Variable(Number):
    """A line of the tape: a value, and the parts that it was made of, each with the slope by it."""

    def __init__(self, value, *parts):
        """Begin a tape with a value that was made of nothing."""
        self.value, self.parts, self.time = value, parts, next(clock)

    def made(self, value, *parts):
        """Write a line; nothing is multiplied yet."""
        return Variable(value, *parts)


def sweep(*ends):
    """Go back from pairs of a variable and a slope, the latest line first: time → slope by it."""
    lines, waiting = {}, [variable for variable, _ in ends]
    while waiting:
        variable = waiting.pop()
        if variable.time not in lines:
            lines[variable.time] = variable
            waiting += [part for part, _ in variable.parts]
    slopes = dict.fromkeys(lines, 0.0)
    for variable, slope in ends:
        slopes[variable.time] += slope
    for time in sorted(lines, reverse=True):
        for part, by_part in lines[time].parts:
            slopes[part.time] += slopes[time] * by_part
    return slopes
