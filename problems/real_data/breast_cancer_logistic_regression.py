"""Thirty measurements of cell nuclei in 569 tumours: malignant or benign?"""

import numpy as np

from calcbench import Problem


class BreastCancerLogisticRegression(Problem):
    """Logistic regression on tumours: C(w, b) = 1/n Σ [log(1 + e^zᵢ) − yᵢ·zᵢ], zᵢ = w·xᵢ + b."""

    sizes = (569,)  # number of tumours
    rows = ("X", "y")
    requires = ("sklearn",)
    install = "python -m pip install scikit-learn"
    place = "Gradients: beyond the class, real data"
    formula = (
        r"C(w, b) = \frac{1}{n} \sum_{i=1}^{n} \left[ \log(1 + e^{z_i}) - y_i z_i \right],"
        r" \qquad z_i = w \cdot x_i + b"
    )
    derivation = (
        (
            "Radius, texture and the other features have their own units. Measure each from its "
            "mean, in standard deviations.",
            r"x_{ij} \leftarrow \frac{x_{ij} - \mu_j}{s_j}",
        ),
        (
            "The label is 1 for benign and 0 for malignant. The sigmoid of z is the probability "
            "of benign; its cross-entropy with the label is a softplus less y·z.",
            r"C_i = -y_i \log \sigma(z_i) - (1 - y_i) \log(1 - \sigma(z_i))"
            r" = \log(1 + e^{z_i}) - y_i z_i",
        ),
        (
            "The slope of the softplus is the sigmoid, so the slope by z is the error.",
            r"\frac{\partial C_i}{\partial z_i} = \sigma(z_i) - y_i",
        ),
        (
            "The weight wⱼ multiplies the j-th feature.",
            r"\frac{\partial C}{\partial w_j} = \frac{1}{n} \sum_i (\sigma(z_i) - y_i) \, x_{ij}",
        ),
        (
            "The bias adds to z directly.",
            r"\frac{\partial C}{\partial b} = \frac{1}{n} \sum_i (\sigma(z_i) - y_i)",
        ),
        (
            "Differentiate the error once more: the slope of the sigmoid, which is never negative. "
            "The label drops out.",
            r"\frac{\partial^2 C_i}{\partial z_i^2} = \sigma'(z_i)"
            r" = \sigma(z_i) \, (1 - \sigma(z_i)) =: s_i",
        ),
        (
            "Each of the two derivatives brings its feature (the bias: a 1). The Hessian is a sum "
            "of squares with weights sᵢ, so that the cost is convex.",
            r"\frac{\partial^2 C}{\partial w_j \, \partial w_k} = \frac{1}{n} \sum_i s_i x_{ij}"
            r" x_{ik}, \qquad \frac{\partial^2 C}{\partial w_j \, \partial b} = \frac{1}{n} \sum_i"
            r" s_i x_{ij}, \qquad \frac{\partial^2 C}{\partial b^2} = \frac{1}{n} \sum_i s_i",
        ),
        (
            "As matrices; Newton's method with it is iteratively reweighted least squares.",
            r"\frac{\partial^2 C}{\partial w \, \partial w^T} = \frac{1}{n} X^T S X, \qquad"
            r" S = \operatorname{diag}(s_1, \ldots, s_n)",
        ),
    )
    sources = (
        "Street, Wolberg & Mangasarian, Nuclear feature extraction for breast tumor diagnosis, "
        "Proc. SPIE 1905 (1993) 861-870 (the data)",
        "Bishop, Pattern Recognition and Machine Learning, section 4.3.2",
    )

    def inputs(self, size, rng):
        from sklearn.datasets import load_breast_cancer

        X, y = load_breast_cancer(return_X_y=True)
        X = (X - np.mean(X, axis=0)) / np.std(X, axis=0)
        return {"w": rng.normal(0.0, 0.1, 30), "b": 0.1, "X": X, "y": y.astype(float)}

    def cost(self, xp, w, b, *, X, y):
        z = xp.matmul(X, w) + b
        return xp.mean(xp.softplus(z) - y * z)

    def gradient(self, xp, w, b, *, X, y):
        error = xp.sigmoid(xp.matmul(X, w) + b) - y
        return {"w": xp.matmul(error, X) / X.shape[0], "b": xp.mean(error)}

    def hessian(self, xp, w, b, *, X, y):
        z = xp.matmul(X, w) + b
        s = xp.sigmoid(z) * xp.sigmoid(-z)
        n = X.shape[0]
        return {
            ("w", "w"): xp.matmul(xp.matrix_transpose(X) * s, X) / n,
            ("w", "b"): xp.matmul(s, X) / n,
            ("b", "b"): xp.mean(s),
        }
