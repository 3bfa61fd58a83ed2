"""The cost of logistic regression, whose slope is simply the error."""

from calcbench import Problem


class BinaryCrossEntropy(Problem):
    """Binary cross-entropy: C(w, b) = 1/n Σ [log(1 + e^zᵢ) − yᵢ·zᵢ], zᵢ = w·xᵢ + b."""

    sizes = (6,)  # number of points
    rows = ("X", "y")
    place = "Gradients: cross-entropy cost"
    formula = (
        r"C(w, b) = -\frac{1}{n} \sum_{i=1}^{n} \left[ y_i \log a_i + (1 - y_i) \log(1 - a_i)"
        r" \right], \qquad a_i = \sigma(w \cdot x_i + b)"
    )
    derivation = (
        (
            "The activation a is the probability of the label 1. In terms of z = w·x + b its "
            "logarithms can be written without a quotient.",
            r"\log a = z - \log(1 + e^z), \qquad \log(1 - a) = -\log(1 + e^z)",
        ),
        (
            "Insert them. The softplus log(1 + eᶻ) can be computed for any z without overflow, "
            "and no logarithm of 0 is left.",
            r"C_i = \log(1 + e^{z_i}) - y_i z_i",
        ),
        (
            "The slope of the softplus is the sigmoid, by the chain rule.",
            r"\frac{d}{dz} \log(1 + e^z) = \frac{e^z}{1 + e^z} = \sigma(z)",
        ),
        (
            "So the slope by z is the error. No factor flattens it, unlike with the quadratic "
            "cost.",
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
        "Calculus for Machine Learning III: Partial Derivatives, cross-entropy cost",
        "Bishop, Pattern Recognition and Machine Learning, section 4.3.2",
        "Nielsen, Neural Networks and Deep Learning (2015), chapter 3",
    )

    def inputs(self, size, rng):
        return {
            "w": [0.8, -0.4],
            "b": 0.1,
            "X": [[0.5, 1.2], [1.5, -0.3], [-1.0, 0.8], [-0.4, -1.1], [2.0, 0.6], [-1.6, 0.1]],
            "y": [1, 1, 0, 1, 0, 0],
        }

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
