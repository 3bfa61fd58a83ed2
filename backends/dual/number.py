"""Forward mode: every number carries its slope along."""

from .._rules import Number


class DualNumber(Number):
    """The number a + a′ε, where ε² = 0: a value, and how fast it changes."""

    def __init__(self, value, slope=0.0):
        """Begin with a slope of 1 to ask for the derivative by this number."""
        self.value, self.slope = value, slope

    def made(self, value, *parts):
        """Add up what comes by each part that changes: the slope by it, times how fast it does."""
        changing = [(p, by_p) for p, by_p in parts if isinstance(p.slope, Number) or p.slope != 0]
        return DualNumber(value, sum(by_p * p.slope for p, by_p in changing))
