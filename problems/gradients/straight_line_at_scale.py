"""The class's regression, with as many points as a real data set."""

import numpy as np

from calcbench import Problem


class StraightLineAtScale(Problem):
    """Mean squared error over many points: C(m, b) = 1/n Σ (m·xᵢ + b − yᵢ)², n up to 8 million."""

    sizes = (1_000, 100_000, 8_000_000)  # number of points
    rows = ("x", "y")
    place = "Gradients: batch regression, at scale"
    formula = r"C(m, b) = \frac{1}{n} \sum_{i=1}^{n} (m x_i + b - y_i)^2"
    derivation = (
        (
            "The points scatter around the line y = −0.5x + 2, with standard normal noise.",
            r"y_i = -0.5 \, x_i + 2 + \varepsilon_i, \qquad \varepsilon_i \sim N(0, 1)",
        ),
        (
            "One point contributes its squared residual, whose slopes are those of single point "
            "regression.",
            r"\frac{\partial r_i^2}{\partial m} = 2 r_i x_i, \qquad"
            r" \frac{\partial r_i^2}{\partial b} = 2 r_i, \qquad r_i = m x_i + b - y_i",
        ),
        (
            "The derivative of a mean is the mean of the derivatives, however many points there "
            "are. One pass over the data gives both.",
            r"\frac{\partial C}{\partial m} = \frac{2}{n} \sum_i r_i x_i, \qquad"
            r" \frac{\partial C}{\partial b} = \frac{2}{n} \sum_i r_i",
        ),
        (
            "Multiplied out, only sums over the data are left, and no array of residuals has to "
            "be written.",
            r"\frac{\partial C}{\partial m} = \frac{2}{n} \Bigl( m \sum_i x_i^2"
            r" + b \sum_i x_i - \sum_i x_i y_i \Bigr), \qquad"
            r" \frac{\partial C}{\partial b} = \frac{2}{n} \Bigl( m \sum_i x_i + b n"
            r" - \sum_i y_i \Bigr)",
        ),
        (
            "Differentiate once more: the Hessian holds the same sums, and no parameter.",
            r"H = \frac{2}{n} \begin{pmatrix} \sum_i x_i^2 & \sum_i x_i \\ \sum_i x_i & n"
            r" \end{pmatrix}",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, batch regression gradient",
        "Bishop, Pattern Recognition and Machine Learning, section 3.1.1",
    )

    def inputs(self, size, rng):
        x = np.linspace(0.0, 8.0, size)
        y = -0.5 * x + 2 + rng.standard_normal(size)
        return {"m": 0.9, "b": 0.1, "x": x, "y": y}

    def cost(self, xp, m, b, *, x, y):
        return xp.mean((m * x + b - y) ** 2)

    def gradient(self, xp, m, b, *, x, y):
        n, sum_x = x.shape[0], xp.sum(x)
        return {
            "m": 2 * (m * xp.matmul(x, x) + b * sum_x - xp.matmul(x, y)) / n,
            "b": 2 * (m * sum_x + b * n - xp.sum(y)) / n,
        }

    def hessian(self, xp, m, b, *, x, y):
        mean_square = xp.matmul(x, x) / x.shape[0]
        return {("m", "m"): 2 * mean_square, ("m", "b"): 2 * xp.mean(x), ("b", "b"): 2}
