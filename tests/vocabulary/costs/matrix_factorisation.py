import numpy as np

import calcbench

SEEN = np.array([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 1.0]])
RATINGS = np.array([[5.0, 0.0, 2.0, 1.0], [0.0, 4.0, 3.0, 0.0], [1.0, 2.0, 0.0, 5.0]])
U = [[0.5, 1.0], [-0.25, 0.75], [1.25, -0.5]]
V = [[1.0, 0.25], [0.5, -0.75], [0.25, 1.5], [-1.0, 0.5]]


@calcbench.problem(u=U, v=V, ratings=RATINGS, seen=SEEN)
def matrix_factorisation(xp, u, v, *, ratings, seen):
    """Squared errors of the ratings that were seen, and the nuclear norm of what is predicted."""
    predicted = xp.matmul(u, xp.matrix_transpose(v))
    _, one = xp.linalg.qr(u)
    _, other = xp.linalg.qr(v)
    size = xp.sum(xp.linalg.svdvals(xp.matmul(one, xp.matrix_transpose(other))))
    return xp.sum(xp.square(seen * (predicted - ratings))) + 0.1 * size
