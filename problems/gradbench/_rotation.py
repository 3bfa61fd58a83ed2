"""Rotations by an axis whose length is the angle, smooth where that is 0 (Rodrigues)."""


def factors(xp, square):
    """Compute cos θ, sin θ/θ and (1 − cos θ)/θ² of θ²; at 0 they are 1, 1 and ½.

    A point p is turned to p cos θ + (r × p) sin θ/θ + r (r·p) (1 − cos θ)/θ².
    """
    still = square < 1e-12  # there, what the second terms of the series add is beyond the digits
    safe = xp.where(still, 1.0, square)
    half = xp.sqrt(safe) / 2
    c = xp.where(still, 1 - square / 8, xp.cos(half))
    s = xp.where(still, 1 - square / 24, xp.sin(half) / half)
    b = s**2 / 2  # 1 − cos θ = 2 sin² θ/2, without cancellation
    return 1 - square * b, s * c, b


def turn(xp, r, p):
    """Turn points by axes, both given as lists of three components; a list likewise."""
    cosine, a, b = factors(xp, r[0] ** 2 + r[1] ** 2 + r[2] ** 2)
    along = b * (r[0] * p[0] + r[1] * p[1] + r[2] * p[2])
    return [p[k] * cosine + a * c + r[k] * along for k, c in enumerate(cross(r, p))]


def cross(r, p):
    """Compute r × p by components."""
    pairs = ((1, 2), (2, 0), (0, 1))
    return [r[i] * p[j] - r[j] * p[i] for i, j in pairs]
