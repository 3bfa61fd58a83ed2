"""Points around centroids: the sum of the squared distances to the nearest."""

import numpy as np

from calcbench import DIAGONAL, Problem


class Kmeans(Problem):
    """Squared distances to the nearest centroid: C(c) = Σᵢ minⱼ |pᵢ − cⱼ|²."""

    sizes = (
        {"k": 3, "n": 8, "d": 2},  # number of centroids, of points, and of coordinates
        {"k": 10, "n": 1_000, "d": 8},
        {"k": 100, "n": 10_000, "d": 16},
        {"k": 1_000, "n": 10_000, "d": 8},
    )
    rows = ("points",)
    reduction = "sum"
    place = "GradBench: kmeans"
    formula = r"C(c) = \sum_{i=1}^{n} \min_j |p_i - c_j|^2"
    derivation = (
        (
            "A point belongs to the centroid that is nearest. A small move of the centroids does "
            "not change that, unless two are equally near: there the cost has an edge.",
            r"C = \sum_i |p_i - c_{a(i)}|^2, \qquad a(i) = \mathrm{argmin}_j |p_i - c_j|^2",
        ),
        (
            "So a centroid is pulled by its own points alone.",
            r"\frac{\partial C}{\partial c_j} = 2 \sum_{i : a(i) = j} (c_j - p_i)",
        ),
        (
            "Differentiate once more: the Hessian is diagonal, with twice the number nⱼ of points.",
            r"\frac{\partial^2 C}{\partial c_j^2} = 2 n_j",
        ),
        (
            "Newton's step divides the slope by it, and lands on the mean of the points.",
            r"\frac{\partial C / \partial c_j}{2 n_j}"
            r" = c_j - \frac{1}{n_j} \sum_{i : a(i) = j} p_i",
        ),
    )
    sources = (
        "GradBench, evaluation kmeans, https://github.com/gradbench/gradbench",
        "Bottou & Bengio, Convergence properties of the k-means algorithms, Advances in Neural "
        "Information Processing Systems 7 (1994)",
    )

    def inputs(self, size, rng):
        points = rng.uniform(size=(size["n"], size["d"]))
        return {"centroids": points[-size["k"] :].copy(), "points": points}

    def domain(self, values):
        """Leave out where a point has two nearest centroids."""
        centroids, points = values["centroids"], values["points"]
        squares = np.sum(centroids**2, axis=1) - 2 * points @ centroids.T  # but for |pᵢ|²
        near = np.sort(squares, axis=1)[:, :2]
        return bool(np.all(np.diff(near, axis=1) > 1e-9))

    def structure(self, inputs):
        return DIAGONAL

    def cost(self, xp, centroids, *, points):
        own = xp.take(centroids, nearest(xp, centroids, points))
        return xp.sum((points - own) ** 2)

    def gradient(self, xp, centroids, *, points):
        member = members(xp, centroids, points)
        pull = xp.matmul(xp.matrix_transpose(member), points)
        return {"centroids": 2 * (counts(xp, member) * centroids - pull)}

    def hvp(self, xp, direction, centroids, *, points):
        count = counts(xp, members(xp, centroids, points))
        return {"centroids": 2 * count * direction["centroids"]}


def nearest(xp, centroids, points):
    """Find the nearest centroid of every point, (n,), by |c|² − 2 c·p: |p|² is common to all."""
    products = xp.matmul(points, xp.matrix_transpose(centroids))
    return xp.argmin(xp.sum(centroids**2, axis=1) - 2 * products, axis=1)


def members(xp, centroids, points):
    """Make the matrix (n, k) of which point belongs to which centroid, of ones and zeros."""
    return xp.one_hot(nearest(xp, centroids, points), centroids.shape[0])


def counts(xp, member):
    """Count the points of each centroid, (k, 1)."""
    return xp.reshape(xp.sum(member, axis=0), (-1, 1))
