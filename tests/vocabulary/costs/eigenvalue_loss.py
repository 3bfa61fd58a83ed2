import numpy as np

import calcbench

MASSES = np.array([1.0, 2.0, 1.5])


@calcbench.problem(k=[2.0, 1.0, 3.0, 0.5], masses=MASSES, target=[0.5, 2.0, 4.0])
def eigenvalue_loss(xp, k, *, masses, target):
    """How far the squared frequencies of a chain of masses and springs are from those measured."""
    a, b, c, d = xp.unstack(k)
    rows = [[a + b, -b, 0.0], [-b, b + c, -c], [0.0, -c, c + d]]
    stiffness = xp.stack([xp.stack(row) for row in rows])
    root = xp.sqrt(masses)
    found = xp.linalg.eigvalsh(stiffness / (root[:, None] * root[None, :]))
    return xp.mean(xp.square(xp.log(found / target)))
