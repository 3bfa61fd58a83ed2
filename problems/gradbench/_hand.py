"""A hand: bones in a tree, each turned against the one before it, and a skin that follows them."""

import functools

import numpy as np

from ._rotation import turn

FINGERS = 5
"""Each has a bone that stays, then one that bends and spreads, and two that bend: four angles."""

PARENTS = (-1, *(0 if k % 4 == 0 else k for k in range(4 * FINGERS)), 0)
"""The bone before each: the wrist has none; behind the fingers comes the forearm."""

ANGLES = 6 + 4 * FINGERS
"""Numbers of a pose: the rotation of the hand (3), its place (3), and the fingers' angles."""


def draw_hand(rng, vertices):
    """Draw a hand of so many vertices: bones of length 1, and a skin near them."""
    relative = np.tile(np.eye(4), (len(PARENTS), 1, 1))
    for bone in range(len(PARENTS)):
        relative[bone, :3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        relative[bone, :3, 3] = rng.normal(0, 0.5, 3)
    absolute: list[np.ndarray] = []
    for bone, parent in enumerate(PARENTS):
        before = np.eye(4) if parent < 0 else absolute[parent]
        absolute.append(before @ relative[bone])
    weights = rng.uniform(size=(vertices, len(PARENTS))) ** 8  # few bones have a say in a vertex
    return {
        "relatives": relative,
        "inverses": np.linalg.inv(np.array(absolute)),
        "positions": np.concatenate([rng.normal(size=(vertices, 3)), np.ones((vertices, 1))], 1),
        "weights": weights / np.sum(weights, axis=1, keepdims=True),
        "parents": PARENTS,
        "mirrored": 0,
    }


def skin(xp, pose, relatives, inverses, positions, weights, parents, mirrored):
    """Place all vertices of the hand, (vertices, 3), in a pose."""
    linear, shift = absolutes(xp, relatives, bend(xp, pose, len(parents)), parents)
    transforms = xp.matmul(linear, inverses[:, :3, :])
    transforms = xp.concat([transforms[:, :, :3], transforms[:, :, 3:] + shift], axis=2)
    turned = xp.matmul(rotation(xp, pose, mirrored), transforms)
    columns = xp.permute_dims(turned, (0, 2, 1))
    shares = weights[:, :, None] * positions[:, None, :]  # of each vertex's bones, times its place
    flat = (shares.shape[0], -1), (-1, 3)
    return xp.matmul(xp.reshape(shares, flat[0]), xp.reshape(columns, flat[1])) + pose[3:6]


def rotation(xp, pose, mirrored):
    """Compute the matrix that turns the whole hand; of a left one, x is mirrored before."""
    x, y, z = xp.unstack(xp.eye(3))
    return xp.stack(turn(xp, [pose[k] for k in range(3)], [-x if mirrored else x, y, z]))


def bend(xp, pose, bones):
    """Compute the rotation of every bone, (bones, 3, 3): bend about x, spread about z."""
    angles = xp.concat([pose, xp.zeros(1)])
    bending, spreading = joints(bones)
    x, z = xp.take(angles, bending), xp.take(angles, spreading)
    sx, cx, sz, cz = xp.sin(x), xp.cos(x), xp.sin(z), xp.cos(z)
    entries = [cz, -sz * cx, sz * sx, sz, cz * cx, -cz * sx, 0 * sx, sx, cx]
    return xp.reshape(xp.stack(entries, axis=1), (bones, 3, 3))


@functools.cache
def joints(bones):
    """Find each bone's angles in a pose: that of bending and of spreading, the last for none."""
    bending, spreading = np.full(bones, ANGLES), np.full(bones, ANGLES)
    for finger in range(FINGERS):
        bone, angle = 2 + 4 * finger, 6 + 4 * finger
        bending[bone : bone + 3] = angle, angle + 2, angle + 3
        spreading[bone] = angle + 1
    return bending, spreading


def absolutes(xp, relatives, rotations, parents):
    """Follow the bones from the wrist on: linear parts (bones, 3, 3) and shifts (bones, 3, 1).

    All bones of a generation take their step at once.
    """
    turned, ahead = xp.matmul(relatives[:, :3, :3], rotations), relatives[:, :3, 3:]
    (roots, _), *later = generations(parents)
    linear, shift = xp.take(turned, roots), xp.take(ahead, roots)
    parts = [(linear, shift)]
    for bones, place in later:
        before, there = xp.take(linear, place), xp.take(shift, place)
        linear = xp.matmul(before, xp.take(turned, bones))
        shift = xp.matmul(before, xp.take(ahead, bones)) + there
        parts.append((linear, shift))
    order = np.argsort(np.concatenate([bones for bones, _ in generations(parents)]))
    return [xp.take(xp.concat(list(part)), order) for part in zip(*parts, strict=True)]


@functools.cache
def generations(parents):
    """List the bones of each generation, and each one's parent's place in the one before."""
    found = [(np.flatnonzero(np.array(parents) < 0), np.zeros(0, int))]
    while True:
        before = list(found[-1][0])
        bones = [bone for bone, parent in enumerate(parents) if parent in before]
        if not bones:
            return found
        place = [before.index(parents[bone]) for bone in bones]
        found.append((np.array(bones), np.array(place)))
