"""A curved valley, in which the steepest way down is hardly ever the way along."""

from calcbench import Problem


class Rosenbrock(Problem):
    """Rosenbrock's valley, f = (1 − x)² + 100·(y − x²)²."""

    place = "Beyond the gradient: the Hessian of two variables"
    formula = r"f(x, y) = (1 - x)^2 + 100 \, (y - x^2)^2"
    derivation = (
        (
            "Call the height above the parabola p. The valley follows p = 0, and its floor falls "
            "slowly towards (1, 1), where f = 0.",
            r"f = (1 - x)^2 + 100 \, p^2, \qquad p = y - x^2",
        ),
        (
            "Let x move. The power rule and the chain rule, with a slope of −2x inside p.",
            r"\frac{\partial f}{\partial x} = -2 (1 - x) + 200 \, p \cdot (-2x)"
            r" = -2 (1 - x) - 400 \, x \, p",
        ),
        (
            "Let y move. It reaches f through p alone, with slope 1.",
            r"\frac{\partial f}{\partial y} = 200 \, p",
        ),
        (
            "Differentiate both slopes once more. In x·p both factors move.",
            r"\frac{\partial^2 f}{\partial x^2} = 2 - 400 \, p + 800 \, x^2, \qquad"
            r" \frac{\partial^2 f}{\partial x \, \partial y} = -400 \, x, \qquad"
            r" \frac{\partial^2 f}{\partial y^2} = 200",
        ),
        (
            "At the lowest point the valley bends about 2,500 times more sharply across than along "
            "(the ratio of the eigenvalues). Gradient descent zigzags there; Newton's method does "
            "not, because it solves with the Hessian.",
            r"H(1, 1) = \begin{pmatrix} 802 & -400 \\ -400 & 200 \end{pmatrix}, \qquad"
            r" \det H = 400",
        ),
    )
    sources = (
        "Rosenbrock, An automatic method for finding the greatest or least value of a function, "
        "The Computer Journal 3 (1960) 175-184",
        "Moré, Garbow & Hillstrom, Testing unconstrained optimization software, ACM Transactions "
        "on Mathematical Software 7 (1981) 17-41, problem 1",
    )

    def inputs(self, size, rng):
        return {"x": -1.2, "y": 1.0}

    def cost(self, xp, x, y):
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def gradient(self, xp, x, y):
        p = y - x**2
        return {"x": -2 * (1 - x) - 400 * x * p, "y": 200 * p}

    def hessian(self, xp, x, y):
        p = y - x**2
        return {("x", "x"): 2 - 400 * p + 800 * x**2, ("x", "y"): -400 * x, ("y", "y"): 200}
