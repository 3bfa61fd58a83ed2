import numpy as np

import calcbench

RNG = np.random.default_rng(1)
IMAGES = np.round(RNG.normal(size=(2, 1, 4, 4)), 3)


@calcbench.problem(
    kernel=np.round(RNG.normal(size=(2, 1, 2, 2)), 3),
    weights=np.round(0.5 * RNG.normal(size=(8, 2)), 3),
    images=IMAGES,
    labels=np.array([1, 0]),
)
def small_cnn(xp, kernel, weights, *, images, labels):
    """Cross-entropy of a convolution, a ReLU, the largest of each 2 by 2 square, and a layer."""
    maps = xp.relu(xp.conv2d(images, kernel, padding="same"))
    pooled = xp.max(xp.reshape(maps, (2, 2, 2, 2, 2, 2)), axis=(3, 5))
    logits = xp.matmul(xp.reshape(pooled, (2, -1)), weights)
    own = xp.take_along_axis(xp.log_softmax(logits, axis=-1), xp.reshape(labels, (2, 1)), 1)
    return -xp.mean(own)
