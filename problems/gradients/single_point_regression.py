"""One of the class's points and a straight line."""

from calcbench import Problem


class SinglePointRegression(Problem):
    """Squared error of a straight line at one point: C(m, b) = (m·x + b − y)²."""

    place = "Gradients: single point regression"
    formula = r"C(m, b) = (m x + b - y)^2"
    derivation = (
        (
            "Call the residual r: how far the line lies above the point. The cost is its square.",
            r"r = m x + b - y, \qquad C = r^2",
        ),
        (
            "Both m and b reach the cost through r alone. The power rule gives the outer slope.",
            r"\frac{dC}{dr} = 2r",
        ),
        (
            "Let m move and hold b constant; x and y are data and never move. The residual changes "
            "by x per unit of m.",
            r"\frac{\partial C}{\partial m} = \frac{dC}{dr} \frac{\partial r}{\partial m}"
            r" = 2 r x",
        ),
        (
            "Let b move and hold m constant. The residual changes by 1 per unit of b.",
            r"\frac{\partial C}{\partial b} = \frac{dC}{dr} \frac{\partial r}{\partial b} = 2 r",
        ),
        (
            "The line m = 0.9, b = 0.1 passes 7.77 above the point (7, −1.37). Both slopes are "
            "positive: to lower the cost, lower both m and b.",
            r"\frac{\partial C}{\partial m} = 2 \cdot 7.77 \cdot 7 = 108.78, \qquad"
            r" \frac{\partial C}{\partial b} = 2 \cdot 7.77 = 15.54",
        ),
        (
            "Differentiate both slopes once more. The residual changes by x per unit of m and by 1 "
            "per unit of b, wherever the line lies.",
            r"\frac{\partial^2 C}{\partial m^2} = 2x^2, \qquad"
            r" \frac{\partial^2 C}{\partial m \, \partial b} = 2x, \qquad"
            r" \frac{\partial^2 C}{\partial b^2} = 2",
        ),
        (
            "The determinant of the Hessian is 0: one point does not determine a line. Turning the "
            "line about the point costs nothing.",
            r"H = 2 \begin{pmatrix} x^2 & x \\ x & 1 \end{pmatrix}, \qquad"
            r" \det H = 4x^2 - 4x^2 = 0",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, single point regression gradient",
    )

    def inputs(self, size, rng):
        return {"m": 0.9, "b": 0.1, "x": 7.0, "y": -1.37}

    def cost(self, xp, m, b, *, x, y):
        return (m * x + b - y) ** 2

    def gradient(self, xp, m, b, *, x, y):
        residual = m * x + b - y
        return {"m": 2 * residual * x, "b": 2 * residual}

    def hessian(self, xp, m, b, *, x, y):
        return {("m", "m"): 2 * x**2, ("m", "b"): 2 * x, ("b", "b"): 2}
