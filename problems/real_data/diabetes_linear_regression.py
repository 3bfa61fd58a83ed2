"""Ten measurements of 442 patients, and how their diabetes progressed within a year."""

import numpy as np

from calcbench import Problem


class DiabetesLinearRegression(Problem):
    """Linear regression on diabetes progression: C(w, b) = 1/n Σ (w·xᵢ + b − yᵢ)²."""

    sizes = (442,)  # number of patients
    rows = ("X", "y")
    requires = ("sklearn",)
    install = "python -m pip install scikit-learn"
    place = "Gradients: beyond the class, real data"
    formula = r"C(w, b) = \frac{1}{n} \sum_{i=1}^{n} (w \cdot x_i + b - y_i)^2"
    derivation = (
        (
            "Age, blood pressure and the other features have their own units. Measure each from "
            "its mean, in standard deviations, and the progression y too: all are then of order 1.",
            r"x_{ij} \leftarrow \frac{x_{ij} - \mu_j}{s_j}, \qquad"
            r" y_i \leftarrow \frac{y_i - \mu_y}{s_y}",
        ),
        (
            "Call the residual r. A line in ten dimensions differs from the class's line only in "
            "that m·x has become a sum over features.",
            r"r_i = \sum_j w_j x_{ij} + b - y_i",
        ),
        (
            "The residual changes by xᵢⱼ per unit of wⱼ, all other weights held constant.",
            r"\frac{\partial C}{\partial w_j} = \frac{2}{n} \sum_i r_i x_{ij}",
        ),
        (
            "The residual changes by 1 per unit of b.",
            r"\frac{\partial C}{\partial b} = \frac{2}{n} \sum_i r_i",
        ),
        (
            "As the features have mean 0, so has w·x, and as y has mean 0 too, only b itself is "
            "left of the mean residual.",
            r"\frac{\partial C}{\partial b} = 2 b",
        ),
        (
            "Differentiate once more: each derivative brings its feature (the bias: a 1). For "
            "standardised features the Hessian is twice their correlations, and the bias stands "
            "apart.",
            r"\frac{\partial^2 C}{\partial w \, \partial w^T} = \frac{2}{n} X^T X, \qquad"
            r" \frac{\partial^2 C}{\partial w_j \, \partial b} = \frac{2}{n} \sum_i x_{ij} = 0,"
            r" \qquad \frac{\partial^2 C}{\partial b^2} = 2",
        ),
    )
    sources = (
        "Efron, Hastie, Johnstone & Tibshirani, Least Angle Regression, Annals of Statistics 32 "
        "(2004) 407-499 (the data)",
        "Bishop, Pattern Recognition and Machine Learning, section 3.1.1",
    )

    def inputs(self, size, rng):
        from sklearn.datasets import load_diabetes

        X, y = load_diabetes(return_X_y=True, scaled=False)
        X = (X - np.mean(X, axis=0)) / np.std(X, axis=0)
        y = (y - np.mean(y)) / np.std(y)
        return {"w": rng.normal(0.0, 0.1, 10), "b": 0.1, "X": X, "y": y}

    def cost(self, xp, w, b, *, X, y):
        return xp.mean((xp.matmul(X, w) + b - y) ** 2)

    def gradient(self, xp, w, b, *, X, y):
        residual = xp.matmul(X, w) + b - y
        return {"w": 2 * xp.matmul(residual, X) / X.shape[0], "b": 2 * xp.mean(residual)}

    def hessian(self, xp, w, b, *, X, y):
        return {
            ("w", "w"): 2 * xp.matmul(xp.matrix_transpose(X), X) / X.shape[0],
            ("w", "b"): 2 * xp.mean(X, axis=0),
            ("b", "b"): 2,
        }
