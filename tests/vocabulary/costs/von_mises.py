import numpy as np

import calcbench

ANGLES = np.array([0.25, -0.5, 1.5, 0.75, -2.75])


@calcbench.problem(direction=0.5, log_kappa=0.25, angle=ANGLES)
def von_mises(xp, direction, log_kappa, *, angle):
    """Negative log-likelihood of angles, normalised by e^-k I0(k), which does not overflow."""
    kappa = xp.exp(log_kappa)
    return xp.log(2.0 * xp.pi * xp.i0e(kappa)) + xp.mean(kappa * (1.0 - xp.cos(angle - direction)))
