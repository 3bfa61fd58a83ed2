"""Cross-entropy with more than two classes: a matrix of weights."""

from calcbench import Problem


class SoftmaxCrossEntropy(Problem):
    """Cross-entropy over classes: C(W, b) = 1/n Σ [log Σₖ e^zᵢₖ − Σₖ yᵢₖ·zᵢₖ], zᵢ = xᵢ·W + b."""

    sizes = (5,)  # number of points
    rows = ("X", "Y")
    place = "Gradients: cross-entropy cost, several classes"
    formula = (
        r"C(W, b) = -\frac{1}{n} \sum_{i=1}^{n} \sum_k y_{ik} \log p_{ik}, \qquad"
        r" p_{ik} = \frac{e^{z_{ik}}}{\sum_l e^{z_{il}}}, \qquad z_i = x_i W + b"
    )
    derivation = (
        (
            "The softmax turns the scores z of one point into probabilities. Their logarithms "
            "need no quotient.",
            r"\log p_k = z_k - \log \sum_l e^{z_l}",
        ),
        (
            "The target y is 1 for the true class and 0 for the others, so that it sums to 1.",
            r"C_i = \log \sum_l e^{z_{il}} - \sum_k y_{ik} z_{ik}",
        ),
        (
            "The slopes of log Σ eᶻ are the probabilities, by the chain rule.",
            r"\frac{\partial}{\partial z_k} \log \sum_l e^{z_l}"
            r" = \frac{e^{z_k}}{\sum_l e^{z_l}} = p_k",
        ),
        (
            "So the slope by the score is the error, class by class.",
            r"\frac{\partial C_i}{\partial z_{ik}} = p_{ik} - y_{ik}",
        ),
        (
            "The weight Wⱼₖ carries the j-th feature to the k-th score, and to no other.",
            r"\frac{\partial C}{\partial W_{jk}} = \frac{1}{n} \sum_i x_{ij} (p_{ik} - y_{ik})",
        ),
        (
            "The bias adds to its score directly.",
            r"\frac{\partial C}{\partial b_k} = \frac{1}{n} \sum_i (p_{ik} - y_{ik})",
        ),
    )
    sources = (
        "Calculus for Machine Learning III: Partial Derivatives, cross-entropy cost",
        "Bishop, Pattern Recognition and Machine Learning, section 4.3.4",
    )

    def inputs(self, size, rng):
        return {
            "W": [[0.5, -0.3, 0.2], [-0.6, 0.4, 0.1]],
            "b": [0.1, 0.0, -0.2],
            "X": [[0.5, 1.2], [1.5, -0.3], [-1.0, 0.8], [-0.4, -1.1], [2.0, 0.6]],
            "Y": [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]],
        }

    def cost(self, xp, W, b, *, X, Y):
        z = xp.matmul(X, W) + b
        return xp.mean(xp.logsumexp(z, axis=1) - xp.sum(Y * z, axis=1))

    def gradient(self, xp, W, b, *, X, Y):
        z = xp.matmul(X, W) + b
        error = xp.exp(z - xp.logsumexp(z, axis=1, keepdims=True)) - Y
        return {
            "W": xp.matmul(xp.matrix_transpose(X), error) / X.shape[0],
            "b": xp.mean(error, axis=0),
        }
