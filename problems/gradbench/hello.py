"""The smallest evaluation of GradBench: a parabola, to see whether a tool answers at all."""

from calcbench import Problem


class Hello(Problem):
    """The parabola of GradBench's hello: C(x) = x²."""

    place = "GradBench: hello"
    formula = r"C(x) = x^2"
    derivation = (
        (
            "Move x a little, by h. The square grows by two strips and a small corner.",
            r"C(x + h) - C(x) = 2 x h + h^2",
        ),
        (
            "Divide by the step.",
            r"\frac{C(x + h) - C(x)}{h} = 2 x + h",
        ),
        (
            "Let the step go to 0. Twice the input is left, which GradBench calls double.",
            r"\frac{dC}{dx} = 2 x",
        ),
    )
    sources = ("GradBench, evaluation hello, https://github.com/gradbench/gradbench",)

    def inputs(self, size, rng):
        return {"x": 1.0}

    def cost(self, xp, x):
        return x**2

    def gradient(self, xp, x):
        return {"x": 2 * x}

    def hessian(self, xp, x):
        return {("x", "x"): 2}
