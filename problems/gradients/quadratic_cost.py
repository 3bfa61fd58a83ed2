"""Half the squared error of a sigmoid neuron, which learns slowly where it is most wrong."""

from calcbench import Problem


class QuadraticCost(Problem):
    """Quadratic cost of a sigmoid neuron: C(w, b) = 1/2n Σ (σ(w·xᵢ + b) − yᵢ)²."""

    sizes = (6,)  # number of points
    rows = ("X", "y")
    place = "Gradients: quadratic cost of a weight vector"
    formula = (
        r"C(w, b) = \frac{1}{2n} \sum_{i=1}^{n} (\sigma(w \cdot x_i + b) - y_i)^2, \qquad"
        r" \sigma(z) = \frac{1}{1 + e^{-z}}"
    )
    derivation = (
        (
            "Follow one point through the neuron: a weighted sum z, the activation a, and half "
            "the squared error.",
            r"z_i = w \cdot x_i + b, \qquad a_i = \sigma(z_i), \qquad C_i = \frac{1}{2}"
            r" (a_i - y_i)^2",
        ),
        (
            "The half is there to cancel the 2 of the power rule.",
            r"\frac{\partial C_i}{\partial a_i} = a_i - y_i",
        ),
        (
            "The slope of the sigmoid, by the quotient rule.",
            r"\sigma'(z) = \frac{e^{-z}}{(1 + e^{-z})^2} = \sigma(z) \, (1 - \sigma(z))"
            r" = \sigma(z) \, \sigma(-z)",
        ),
        (
            "The chain rule joins the two. Far from 0 the sigmoid is flat, and the slope of the "
            "cost is close to 0 even for a badly wrong answer.",
            r"\frac{\partial C_i}{\partial z_i} = (a_i - y_i) \, \sigma(z_i) \, \sigma(-z_i)",
        ),
        (
            "The weight wⱼ multiplies the j-th feature. All weights at once make a vector of "
            "slopes: the gradient has the shape of w.",
            r"\frac{\partial C}{\partial w_j} = \frac{1}{n} \sum_i"
            r" \frac{\partial C_i}{\partial z_i} x_{ij}",
        ),
        (
            "The bias adds to z directly.",
            r"\frac{\partial C}{\partial b} = \frac{1}{n} \sum_i"
            r" \frac{\partial C_i}{\partial z_i}",
        ),
        (
            "Differentiate by z once more. With s = σ(z)·σ(−z) the slope is (a − y)·s; by the "
            "product rule both factors move, and s' = s·(1 − 2a).",
            r"\frac{\partial^2 C_i}{\partial z_i^2} = s_i^2 + (a_i - y_i) \, s_i (1 - 2 a_i)"
            r" =: h_i",
        ),
        (
            "Each derivative brings its feature (the bias: a 1). Far on the wrong side hᵢ is "
            "negative: unlike the cross-entropy, this cost is not convex.",
            r"\frac{\partial^2 C}{\partial w \, \partial w^T} = \frac{1}{n} X^T"
            r" \operatorname{diag}(h_1, \ldots, h_n) \, X, \qquad"
            r" \frac{\partial^2 C}{\partial b^2} = \frac{1}{n} \sum_i h_i",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, quadratic cost",
        "Nielsen, Neural Networks and Deep Learning (2015), chapters 1 and 3",
    )

    def inputs(self, size, rng):
        return {
            "w": [0.8, -0.4],
            "b": 0.1,
            "X": [[0.5, 1.2], [1.5, -0.3], [-1.0, 0.8], [-0.4, -1.1], [2.0, 0.6], [-1.6, 0.1]],
            "y": [1, 1, 0, 1, 0, 0],
        }

    def cost(self, xp, w, b, *, X, y):
        a = xp.sigmoid(xp.matmul(X, w) + b)
        return xp.mean((a - y) ** 2) / 2

    def gradient(self, xp, w, b, *, X, y):
        z = xp.matmul(X, w) + b
        slope = (xp.sigmoid(z) - y) * xp.sigmoid(z) * xp.sigmoid(-z)
        return {"w": xp.matmul(slope, X) / X.shape[0], "b": xp.mean(slope)}

    def hessian(self, xp, w, b, *, X, y):
        z = xp.matmul(X, w) + b
        a, rest = xp.sigmoid(z), xp.sigmoid(-z)
        s = a * rest
        h = s**2 + (a - y) * s * (rest - a)
        n = X.shape[0]
        return {
            ("w", "w"): xp.matmul(xp.matrix_transpose(X) * h, X) / n,
            ("w", "b"): xp.matmul(h, X) / n,
            ("b", "b"): xp.mean(h),
        }
