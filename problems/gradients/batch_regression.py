"""The class's eight points and a straight line."""

from calcbench import Problem


class BatchRegression(Problem):
    """Mean squared error of a straight line: C(m, b) = 1/n Σ (m·xᵢ + b − yᵢ)²."""

    sizes = (8,)  # number of points
    rows = ("x", "y")
    place = "Gradients: batch regression"
    formula = r"C(m, b) = \frac{1}{n} \sum_{i=1}^{n} (m x_i + b - y_i)^2"
    derivation = (
        (
            "Call the i-th residual rᵢ = m·xᵢ + b − yᵢ, so that the cost is the mean of rᵢ².",
            r"C = \frac{1}{n} \sum_i r_i^2, \qquad r_i = m x_i + b - y_i",
        ),
        (
            "The derivative of a mean is the mean of the derivatives; the power rule and the "
            "chain rule give 2·rᵢ times the inner derivative.",
            r"\frac{\partial C}{\partial r_i} = \frac{2}{n} r_i",
        ),
        (
            "The residual changes by xᵢ per unit of m.",
            r"\frac{\partial C}{\partial m} = \frac{2}{n} \sum_i r_i x_i",
        ),
        (
            "The residual changes by 1 per unit of b.",
            r"\frac{\partial C}{\partial b} = \frac{2}{n} \sum_i r_i",
        ),
        (
            "Differentiate both slopes once more. They are straight lines in m and b, so their "
            "slopes, the entries of the Hessian, depend on the data alone.",
            r"H = \frac{2}{n} \begin{pmatrix} \sum_i x_i^2 & \sum_i x_i \\ \sum_i x_i & n"
            r" \end{pmatrix}",
        ),
        (
            "For the class's points. 35 and the determinant are positive, so the cost is a bowl "
            "with one lowest point: steep along m, shallow along b, which slows gradient descent.",
            r"H = \begin{pmatrix} 35 & 7 \\ 7 & 2 \end{pmatrix}, \qquad \det H = 21",
        ),
    )
    sources = ("Calculus for Machine Learning III: Partial Derivatives, batch regression gradient",)

    def inputs(self, size, rng):
        return {
            "m": 0.9,
            "b": 0.1,
            "x": [0, 1, 2, 3, 4, 5, 6, 7],
            "y": [1.86, 1.31, 0.62, 0.33, 0.09, -0.67, -1.23, -1.37],
        }

    def cost(self, xp, m, b, *, x, y):
        return xp.mean((m * x + b - y) ** 2)

    def gradient(self, xp, m, b, *, x, y):
        residual = m * x + b - y
        return {"m": 2 * xp.mean(residual * x), "b": 2 * xp.mean(residual)}

    def hessian(self, xp, m, b, *, x, y):
        return {("m", "m"): 2 * xp.mean(x**2), ("m", "b"): 2 * xp.mean(x), ("b", "b"): 2}
