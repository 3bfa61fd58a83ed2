"""The rules of differentiation, for numbers that know slopes: those of `dual` and of `tape`."""

import numpy as np


def rule(of_two):
    """Let a rule take a plain number on its other side: one that does not change."""

    def method(a, b):
        if isinstance(b, np.ndarray):
            return NotImplemented  # NumPy takes its elements one by one
        return of_two(a, b if isinstance(b, Number) else a.made(b))

    return method


class Number:
    """A number. A rule says what is `made`: a value, and the slope by each number in it."""

    __add__ = __radd__ = rule(lambda a, b: a.made(a.value + b.value, (a, 1.0), (b, 1.0)))
    __sub__ = rule(lambda a, b: a.made(a.value - b.value, (a, 1.0), (b, -1.0)))
    __mul__ = __rmul__ = rule(lambda a, b: a.made(a.value * b.value, (a, b.value), (b, a.value)))
    __truediv__ = rule(
        lambda a, b: a.made(q := a.value / b.value, (a, 1 / b.value), (b, -q / b.value))
    )
    __rsub__, __rtruediv__ = rule(lambda a, b: b - a), rule(lambda a, b: b / a)
    __neg__, __abs__ = (lambda a: a.made(-a.value, (a, -1.0))), (lambda a: a if a >= 0 else -a)
    __rpow__ = rule(lambda a, b: b.power(a))
    __eq__, __ne__ = rule(lambda a, b: a.value == b.value), rule(lambda a, b: a.value != b.value)
    __lt__, __gt__ = rule(lambda a, b: a.value < b.value), rule(lambda a, b: a.value > b.value)
    __le__, __ge__ = rule(lambda a, b: a.value <= b.value), rule(lambda a, b: a.value >= b.value)

    def __pow__(self, n):
        if isinstance(n, (Number, np.ndarray)):
            return self.power(n)
        return self.made(self.value**n, (self, n * self.value ** (n - 1) if n else 0.0))

    @rule
    def power(self, n):  # both may change
        y = self.value**n.value
        by_n = y * np.log(self.value) if self.value < 0 or self.value > 0 else 0.0
        return self.made(y, (self, n.value * self.value ** (n.value - 1)), (n, by_n))


def function(name, slope):
    """Add y = f(x) with its slope. NumPy has f of plain numbers; for np.sin(a) it calls a.sin()."""
    f = getattr(np, name)
    setattr(Number, name, lambda a: a.made(y := f(a.value), (a, slope(a.value, y))))


function("exp", lambda x, y: y)
function("log", lambda x, y: 1 / x)
function("sqrt", lambda x, y: 1 / (2 * y))
function("sin", lambda x, y: np.cos(x))
function("cos", lambda x, y: -np.sin(x))
function("tanh", lambda x, y: 1 - y * y)
