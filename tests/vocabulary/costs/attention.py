import numpy as np

import calcbench

RNG = np.random.default_rng(0)
TOKENS, TARGETS = np.round(RNG.normal(size=(3, 2)), 3), np.round(RNG.normal(size=(3, 2)), 3)
PAST = np.tril(np.ones((3, 3)))
"""A token may look at itself and at those before it."""


@calcbench.problem(
    queries=np.round(RNG.normal(size=(2, 2)), 3),
    keys=np.round(RNG.normal(size=(2, 2)), 3),
    values=np.round(RNG.normal(size=(2, 2)), 3),
    tokens=TOKENS,
    targets=TARGETS,
    past=PAST,
)
def attention(xp, queries, keys, values, *, tokens, targets, past):
    """Squared error of one head of causal attention: softmax of scores that a mask lets through."""
    q, k, v = (xp.matmul(tokens, weights) for weights in (queries, keys, values))
    scores = xp.matmul(q, xp.matrix_transpose(k)) / xp.sqrt(xp.asarray(2.0))
    shares = xp.softmax(xp.where(past > 0, scores, -xp.inf), axis=-1)
    return xp.mean((xp.matmul(shares, v) - targets) ** 2)
