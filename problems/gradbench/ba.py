"""Bundle adjustment: where were the cameras, and where are the points that they saw?"""

import numpy as np

from calcbench import Coordinates, Problem
from calcbench.vocabulary.numpy import NUMPY

from ._files import find, place, read, read_observation
from ._rotation import cross, factors, turn

CAMERA = 11
"""Numbers of a camera: rotation (3), centre (3), focal length, middle (2), distortion (2)."""


class Ba(Problem):
    """Errors of points projected into cameras: wᵢ·(projection of point i − what was seen)."""

    sizes = (
        {"n": 2, "m": 2, "p": 2},  # number of cameras, of points, and of observations
        {"n": 2, "m": 3, "p": 5},
        {"n": 49, "m": 7_776, "p": 31_843},
        {"n": 372, "m": 47_423, "p": 204_472},
    )
    limits = {
        "by_hand": (200, "its Jacobian is written out with all zeros"),
        "sympy": (40, "it writes a formula for every entry"),
        "finite_difference": (1_000, "it evaluates the cost in many directions"),
    }
    place = "GradBench: ba"
    formula = (
        r"F_i = w_i \Bigl( f L q + (u_0, v_0) - z_i \Bigr), \qquad"
        r" q = \frac{(y_1, y_2)}{y_3}, \qquad y = R(r) (X - c)"
    )
    derivation = (
        (
            "A point is seen from the camera's centre c, turned by its rotation r, and divided by "
            "its depth.",
            r"y = p \cos \theta + a \, (r \times p) + b \, r (r \cdot p), \qquad p = X - c,"
            r" \qquad a = \frac{\sin \theta}{\theta}, \quad b = \frac{1 - \cos \theta}{\theta^2}",
        ),
        (
            "The lens distorts with the distance from the middle, and the focal length enlarges.",
            r"L = 1 + k_1 \rho + k_2 \rho^2, \qquad \rho = |q|^2",
        ),
        (
            "By what the observation has directly.",
            r"\frac{\partial F_i}{\partial w_i} = f L q + (u_0, v_0) - z_i, \qquad"
            r" \frac{\partial F_i}{\partial f} = w_i L q, \qquad"
            r" \frac{\partial F_i}{\partial k_1} = w_i f \rho q, \qquad"
            r" \frac{\partial F_i}{\partial k_2} = w_i f \rho^2 q",
        ),
        (
            "By the turned point: the quotient rule, and the slope of the distortion.",
            r"D = \frac{\partial F_i}{\partial y} = \frac{w_i f}{y_3}"
            r" \Bigl( L + 2 (k_1 + 2 k_2 \rho) q q^T \Bigr)"
            r" \begin{pmatrix} 1 & 0 & -q_1 \\ 0 & 1 & -q_2 \end{pmatrix}",
        ),
        (
            "By the point it is the rotation itself, by the centre the same with a minus.",
            r"\frac{\partial F_i}{\partial X} = D R, \qquad"
            r" \frac{\partial F_i}{\partial c} = -D R",
        ),
        (
            "By the rotation: the factors change with the angle, and r stands in two products.",
            r"\frac{\partial y}{\partial r_k} = r_k \Bigl( -a p + \frac{\cos \theta - a}{\theta^2}"
            r" (r \times p) + \frac{a - 2 b}{\theta^2} r (r \cdot p) \Bigr)"
            r" + a (e_k \times p) + b (e_k (r \cdot p) + r p_k)",
        ),
        (
            "An observation has one camera, one point and one weight: 15 slopes in each of its "
            "rows, whatever the number of columns. Behind them stand the errors of the weights.",
            r"F_{2p + i} = 1 - w_i^2, \qquad \frac{\partial F_{2p + i}}{\partial w_i} = -2 w_i",
        ),
    )
    sources = (
        "GradBench, evaluation ba, https://github.com/gradbench/gradbench, after Microsoft's "
        "ADBench",
        "Triggs, McLauchlan, Hartley & Fitzgibbon, Bundle adjustment: a modern synthesis, Vision "
        "Algorithms: Theory and Practice (2000) 298-372",
    )

    def __init__(self, data=None):
        """Take where GradBench's files are, its `evals/ba/data` or one of them; else draw numbers.

        Of a file, one camera, point, weight and observation stand for all, whatever the size.
        """
        self.files, self.read_from = place(data, "evals/ba/data")

    def inputs(self, size, rng):
        n, m, p = size["n"], size["m"], size["p"]
        which = {"camera": np.arange(p) % n, "point": np.arange(p) % m}
        if self.files is not None:
            camera, there, weight, seen = read(find(self.files, "ba*.txt")[0], read_observation)
            return {
                "cameras": np.tile(camera, (n, 1)),
                "points": np.tile(there, (m, 1)),
                "w": np.full(p, weight),
                "seen": np.tile(seen, (p, 1)),
                **which,
            }
        cameras = np.concatenate(
            [
                rng.normal(0, 0.3, (n, 3)),  # rotation
                rng.normal(0, 1, (n, 3)) - [0, 0, 10],  # centre: ten in front of the points
                rng.uniform(300, 500, (n, 1)),  # focal length
                rng.normal(0, 5, (n, 2)),  # middle
                rng.normal(0, 0.05, (n, 2)),  # distortion
            ],
            axis=1,
        )
        return {
            "cameras": cameras,
            "points": rng.normal(0, 1, (m, 3)),
            "w": rng.uniform(0.5, 1.5, p),
            "seen": rng.normal(0, 50, (p, 2)),
            **which,
        }

    def domain(self, values):
        """Leave out where a point lies in the plane of a camera that sees it."""
        _, (r, p) = sight(
            NUMPY, values["cameras"], values["points"], values["camera"], values["point"]
        )
        return bool(np.all(np.abs(turn(NUMPY, r, p)[2]) > 1e-3))

    def outputs(self, inputs):
        return 3 * len(inputs["w"])

    def structure(self, inputs):
        camera, point = inputs["camera"], inputs["point"]
        start = CAMERA * len(inputs["cameras"]), 3 * len(inputs["points"])
        each = np.arange(len(camera))[:, None]
        weight = start[0] + start[1] + each
        own = CAMERA * camera[:, None] + np.arange(CAMERA)
        columns = np.concatenate([own, start[0] + 3 * point[:, None] + np.arange(3), weight], 1)
        rows = np.broadcast_to(2 * each, columns.shape)
        return Coordinates(
            np.concatenate([rows.ravel(), rows.ravel() + 1, 2 * len(camera) + each.ravel()]),
            np.concatenate([columns.ravel(), columns.ravel(), weight.ravel()]),
        )

    def cost(self, xp, cameras, points, w, *, camera, point, seen):
        own, (r, p) = sight(xp, cameras, points, camera, point)
        y = turn(xp, r, p)
        q, _, enlarged = lens(xp, own, y)
        errors = [w * (enlarged * q[k] + own[7 + k] - seen[:, k]) for k in range(2)]
        return xp.concat([xp.reshape(xp.stack(errors, axis=1), (-1,)), 1 - w**2])

    def jacobian(self, xp, cameras, points, w, *, camera, point, seen):
        own, (r, p) = sight(xp, cameras, points, camera, point)
        y = turn(xp, r, p)
        q, rho, enlarged = lens(xp, own, y)
        D = by_turned(own, q, rho, enlarged, y)
        turned = by_rotation(xp, r, p)
        R = [turn(xp, r, [float(k == j) for j in range(3)]) for k in range(3)]  # its columns
        by_camera, by_point, by_weight = [], [], []
        for k in range(2):
            moved = [sum(D[k][j] * column[j] for j in range(3)) for column in R]
            rotated = [sum(D[k][j] * column[j] for j in range(3)) for column in turned]
            f, shift = own[6] * q[k], [w * (k == j) for j in range(2)]
            lens_slopes = [enlarged / own[6] * q[k] * w, *shift, w * f * rho, w * f * rho**2]
            by_camera.append([*(w * s for s in rotated), *(-w * s for s in moved), *lens_slopes])
            by_point.append([w * s for s in moved])
            by_weight.append(enlarged * q[k] + own[7 + k] - seen[:, k])
        slopes = xp.stack(by_weight, axis=1)[:, :, None] * xp.eye(w.shape[0])[:, None, :]
        below = -2 * w[:, None] * xp.eye(w.shape[0])
        return {
            "cameras": spread(xp, by_camera, xp.one_hot(camera, cameras.shape[0])),
            "points": spread(xp, by_point, xp.one_hot(point, points.shape[0])),
            "w": xp.concat([xp.reshape(slopes, (-1, w.shape[0])), below]),
        }


def sight(xp, cameras, points, camera, point):
    """List each observation's numbers of its camera, its rotation, and its point from the centre.

    Each is an array of one number per observation.
    """
    own = xp.unstack(xp.take(cameras, camera), axis=1)
    there = xp.unstack(xp.take(points, point), axis=1)
    return own, (own[:3], [there[k] - own[3 + k] for k in range(3)])


def lens(xp, own, y):
    """Compute where a turned point is in the plane, q, its |q|², and f L, which enlarges it."""
    q = [y[0] / y[2], y[1] / y[2]]
    rho = q[0] ** 2 + q[1] ** 2
    return q, rho, own[6] * (1 + own[9] * rho + own[10] * rho**2)


def by_turned(own, q, rho, enlarged, y):
    """Compute D without its weight: two rows of three, by the components of the turned point."""
    bent = 2 * own[6] * (own[9] + 2 * own[10] * rho)
    rows = []
    for k in range(2):
        plane = [enlarged * (k == j) + bent * q[k] * q[j] for j in range(2)]
        rows.append([*(s / y[2] for s in plane), -(plane[0] * q[0] + plane[1] * q[1]) / y[2]])
    return rows


def by_rotation(xp, r, p):
    """Compute the slopes of a turned point by the three numbers of the rotation: lists of three."""
    square, along = sum(s**2 for s in r), sum(s * t for s, t in zip(r, p, strict=True))
    cosine, a, b = factors(xp, square)
    still = square < 1e-8  # the series, where the quotients lose all digits
    safe = xp.where(still, 1.0, square)
    a_slope = xp.where(still, -1 / 3 + square / 30, (cosine - a) / safe)
    b_slope = xp.where(still, -1 / 12 + square / 180, (a - 2 * b) / safe)
    common = [-a * p[j] + a_slope * c + b_slope * r[j] * along for j, c in enumerate(cross(r, p))]
    columns = []
    for k in range(3):
        unit = [float(k == j) for j in range(3)]
        turned = cross(unit, p)
        columns.append(
            [
                r[k] * common[j] + a * turned[j] + b * (unit[j] * along + r[j] * p[k])
                for j in range(3)
            ]
        )
    return columns


def spread(xp, slopes, owner):
    """Put each observation's slopes, two lists, to its owner: (3p, owners, numbers), else zeros."""
    local = xp.stack([xp.stack(row, axis=1) for row in slopes], axis=1)
    rows = local[:, :, None, :] * owner[:, None, :, None]
    count, numbers = owner.shape[0], local.shape[2]
    rows = xp.reshape(rows, (2 * count, owner.shape[1], numbers))
    return xp.concat([rows, xp.zeros((count, owner.shape[1], numbers))])
