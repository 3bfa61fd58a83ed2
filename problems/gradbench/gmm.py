"""A mixture of Gaussians: how likely are the points, by every component together?"""

import functools
import math

import numpy as np

from calcbench import Problem


class Gmm(Problem):
    """Log posterior of a Gaussian mixture: C = Σᵢ log Σₖ φₖ·N(xᵢ; μₖ, Σₖ) + log prior(Σ)."""

    sizes = (
        {"d": 2, "k": 2, "n": 3},  # number of coordinates, of components, and of points
        {"d": 10, "k": 25, "n": 1_000},
        {"d": 32, "k": 25, "n": 1_000},
        {"d": 64, "k": 100, "n": 1_000},
    )
    rows = ("x",)
    reduction = "sum"
    place = "GradBench: gmm"
    formula = (
        r"C = \sum_{i=1}^{n} \Bigl( \log \sum_k e^{\beta_{ik}} - \log \sum_k e^{\alpha_k} \Bigr)"
        r" + \sum_k \Bigl( m \sum_j q_{kj} - \frac{\gamma^2}{2} |Q_k|^2 \Bigr) + c"
    )
    derivation = (
        (
            "The precision (the inverse covariance) of component k is QᵀQ, with a triangle Q: "
            "e^q on its diagonal, l below. So it is positive definite whatever q and l are.",
            r"\Sigma_k^{-1} = Q_k^T Q_k, \qquad \log \sqrt{\det \Sigma_k^{-1}} = \sum_j q_{kj}",
        ),
        (
            "The logarithm of a component's share at a point, without what is common to all.",
            r"\beta_{ik} = \alpha_k + \sum_j q_{kj} - \frac{1}{2} |y_{ik}|^2, \qquad"
            r" y_{ik} = Q_k (x_i - \mu_k)",
        ),
        (
            "The slopes of log Σ e^β are the responsibilities w: how much of point i is due to k.",
            r"\frac{\partial C}{\partial \beta_{ik}} = w_{ik}"
            r" = \frac{e^{\beta_{ik}}}{\sum_l e^{\beta_{il}}}",
        ),
        (
            "The weights α stand in β, and once for each point in their own sum.",
            r"\frac{\partial C}{\partial \alpha_k} = \sum_i w_{ik}"
            r" - n \frac{e^{\alpha_k}}{\sum_l e^{\alpha_l}}",
        ),
        (
            "A mean is pulled to its points, through the precision.",
            r"\frac{\partial C}{\partial \mu_k} = \sum_i w_{ik} Q_k^T y_{ik}",
        ),
        (
            "By an entry of Q: |y|² gives an outer product, the prior the entry itself.",
            r"\frac{\partial C}{\partial Q_k} = -\sum_i w_{ik} \, y_{ik} (x_i - \mu_k)^T"
            r" - \gamma^2 Q_k = G_k",
        ),
        (
            "Below the diagonal l is that entry. On the diagonal the chain rule gives e^q, and q "
            "stands in β and in the prior as well.",
            r"\frac{\partial C}{\partial q_{kj}} = G_{kjj} \, e^{q_{kj}} + \sum_i w_{ik} + m",
        ),
    )
    sources = (
        "GradBench, evaluation gmm, https://github.com/gradbench/gradbench, after Šrajer, Kukelova "
        "& Fitzgibbon, A benchmark of selected algorithmic differentiation tools on some problems "
        "in computer vision and machine learning, Optimization Methods and Software 33 (2018) "
        "889-906",
        "Bishop, Pattern Recognition and Machine Learning, section 9.2 (the mixture), appendix B "
        "(the Wishart distribution)",
    )

    def inputs(self, size, rng):
        d, k, n = size["d"], size["k"], size["n"]
        return {
            "x": rng.normal(size=(n, d)),
            "alpha": rng.normal(size=k),
            "mu": rng.uniform(size=(k, d)),
            "q": rng.normal(size=(k, d)),
            "l": rng.normal(size=(k, d * (d - 1) // 2)),
            "gamma": 1.0,
            "m": 0,
        }

    def cost(self, xp, alpha, mu, q, l, *, x, gamma, m):
        Q = triangles(xp, q, l)
        beta = alpha + xp.sum(q, axis=1) - xp.sum(scaled(xp, Q, mu, x) ** 2, axis=2) / 2
        each = xp.logsumexp(beta, axis=1) - xp.logsumexp(alpha)
        d, k, n = x.shape[1], mu.shape[0], x.shape[0]
        likelihood = xp.sum(each) - n * d / 2 * math.log(2 * math.pi)
        prior = m * xp.sum(q) - gamma**2 / 2 * xp.sum(Q**2)
        return likelihood + prior + k * log_wishart(xp, gamma, d, m)

    def gradient(self, xp, alpha, mu, q, l, *, x, gamma, m):
        (k, d), n = mu.shape, x.shape[0]
        Q = triangles(xp, q, l)
        y = scaled(xp, Q, mu, x)
        beta = alpha + xp.sum(q, axis=1) - xp.sum(y**2, axis=2) / 2
        w = xp.exp(beta - xp.logsumexp(beta, axis=1, keepdims=True))
        total, pull = xp.sum(w, axis=0), xp.einsum("ik,ikj->kj", w, y)
        G = pull[:, :, None] * mu[:, None, :] - xp.einsum("ikj,il->kjl", w[:, :, None] * y, x)
        G = xp.reshape(G - gamma**2 * Q, (k, d * d))
        below, diagonal, _ = places(d)
        return {
            "alpha": total - n * xp.exp(alpha - xp.logsumexp(alpha)),
            "mu": xp.einsum("kj,kjl->kl", pull, Q),
            "q": xp.take(G, diagonal, axis=1) * xp.exp(q) + total[:, None] + m,
            "l": xp.take(G, below, axis=1),
        }


def triangles(xp, q, l):
    """Build all Q, (k, d, d): e^q on the diagonal, l below it, column by column."""
    k, d = q.shape
    entries = xp.concat([l, xp.exp(q), xp.zeros((k, 1))], axis=1)
    return xp.reshape(xp.take(entries, places(d)[2], axis=1), (k, d, d))


def scaled(xp, Q, mu, x):
    """Compute all Qₖ(xᵢ − μₖ), (n, k, d), by one product of matrices."""
    k, d = mu.shape
    products = xp.matmul(x, xp.matrix_transpose(xp.reshape(Q, (k * d, d))))
    return xp.reshape(products, (-1, k, d)) - xp.einsum("kjl,kl->kj", Q, mu)


@functools.cache
def places(d):
    """Find where in a flat d × d matrix l and q stand, and which entry of (l, e^q, 0) is where."""
    column, row = np.triu_indices(d, 1)  # below the diagonal, column by column
    below, diagonal = row * d + column, np.arange(d) * (d + 1)
    entry = np.full(d * d, len(below) + d)
    entry[below], entry[diagonal] = np.arange(len(below)), len(below) + np.arange(d)
    return below, diagonal, entry


def log_wishart(xp, gamma, d, m):
    """Compute the logarithm of what normalises a Wishart prior of d + m + 1 degrees of freedom."""
    freedom = d + m + 1
    gammas = sum(math.lgamma((freedom - j) / 2) for j in range(d))
    log_gamma = d * (d - 1) / 4 * math.log(math.pi) + gammas
    return freedom * d * (xp.log(gamma) - math.log(2) / 2) - log_gamma
