"""GradBench's data files, read: facts of its folders `evals/ba/data`, `evals/ht/data`, and a text.

Any size can be had of them. A size that a file has is that file's numbers as they stand; of a
smaller one it is the first ones.
"""

from pathlib import Path

import numpy as np

from calcbench.errors import NotInstalled, ProblemError, short_repr
from calcbench.problem.files import locate, name_files

CHECKOUT = "evals"
"""The folder by which a checkout of GradBench is known."""

COUNTS = "how many points and angles"
"""What the first line of a file of `ht` says."""


def place(data, own):
    """Find where files are, for every process, and how records name them: (path, name).

    `own` is where a checkout of GradBench has a problem's files; `data` may be that, or a folder
    on the way there. Raises `ProblemError` where there is nothing, and `SelectorError` for what
    can be no path.
    """
    if data is None:
        return None, ""
    path = locate(data)
    if not path.exists():
        raise ProblemError(f"data={str(data)!r}: there is no such file or folder")
    parts = Path(own).parts
    inside = [path.joinpath(*parts[k:]) for k in range(len(parts))]
    return next(filter(Path.exists, inside), path), name_files(data)


def find(place, pattern):
    """List the files of a folder that are called so; a file is the only one.

    Raises `ProblemError` for none, and `NotInstalled` where the folder is a whole checkout, which
    has not everything.
    """
    found = sorted(place.glob(pattern)) if place.is_dir() else [place]
    if found:
        return found
    if (place / CHECKOUT).is_dir():
        raise NotInstalled(
            f"this checkout of GradBench has no {pattern}: name a file of that kind, "
            "or its folder, by --data (in Python, data=…)"
        )
    raise ProblemError(f"data={str(place)!r}: there is no {pattern} in this folder")


def read(path, reader):
    """Read a file. Raises `ProblemError`, which names it, where it is not of the kind."""
    try:
        return reader(path)
    except (OSError, ValueError) as error:
        raise ProblemError(f"{str(path)!r} is no such file of GradBench's: {error}") from error


def read_observation(path):
    """Read a file of `ba`: a camera (11), a point (3), a weight and what was seen (2).

    The sizes before them only say how often each is repeated.
    """
    lines = _lines(path)
    _table(lines, 1, 1, 3, "the sizes n, m and p")
    camera, point, weight, seen = (
        _table(lines, line, 1, width, what)[0]
        for line, width, what in (
            (2, 11, "a camera"),
            (3, 3, "a point"),
            (4, 1, "a weight"),
            (5, 2, "what was seen"),
        )
    )
    _end(lines, 5)
    return camera, point, weight[0], seen


def read_model(folder, vertices):
    """Read a folder `model` of `ht`: bones, and the first vertices of the skin; its triangles."""
    names, matrices, parents = read(folder / "bones.txt", _read_bones)
    positions, weights = read(
        folder / "vertices.txt", lambda path: _read_skin(path, vertices, len(names))
    )
    model = {
        "relatives": matrices[:, 0],
        "inverses": matrices[:, 1],
        "positions": positions,
        "weights": weights,
        "parents": parents,
        "mirrored": 0,
    }
    triangles = read(folder / "triangles.txt", _read_triangles)
    return model, triangles % vertices


def _read_bones(path):
    """Read bones: names, both matrices of each, and the bone before each."""
    lines = _lines(path, ":")
    numbers = _table([line[1:] for line in lines], 1, len(lines), 33, "a bone behind its name")
    return lines, numbers[:, 1:].reshape(-1, 2, 4, 4), tuple(numbers[:, 0].astype(int).tolist())


def _read_skin(path, count, bones):
    """Read the first vertices: where each is, and how much each bone moves it."""
    lines = _lines(path, ":")
    if count > len(lines):
        raise ValueError(f"it has {len(lines)} vertices, {count} are asked for")
    positions, weights = np.ones((count, 4)), np.zeros((count, bones))
    for k, line in enumerate(lines[:count]):
        width = 9 + 2 * int(line[8]) if len(line) > 8 and line[8].isdigit() else 9
        vertex = _table(lines, k + 1, 1, width, "a vertex with its weights")[0]
        moving = vertex[9::2].astype(int)  # behind their number: bone, weight, bone, …
        if np.any((moving < 0) | (moving >= bones)):
            raise ValueError(f"line {k + 1}: there are bones 0 to {bones - 1}")
        positions[k, :3] = vertex[:3]
        weights[k, moving] = vertex[10::2]
    return positions, weights


def _read_triangles(path):
    """Read triangles: the numbers of three vertices each."""
    lines = _lines(path, ":")
    return _table(lines, 1, len(lines), 3, "a triangle").astype(int)


def read_hand(path, count, weighted):
    """Read a file of `ht`: the first points, what each is measured at, the pose, and weights."""
    lines = _lines(path)
    counts = _table(lines, 1, 1, 2, COUNTS)[0]
    if not all(0 <= count <= len(lines) for count in counts):
        raise ValueError(f"line 1: {COUNTS} expected, for {len(lines)} lines")
    all_points, angles = counts.astype(int)
    weights = 2 + all_points  # the line at which they begin
    pose = weights + all_points if weighted else weights
    points = _table(lines, 2, min(count, all_points), 4, "a point")
    found = {
        "at": points[:, 0].astype(int),
        "measured": points[:, 1:],
        "pose": _table(lines, pose, angles, 1, "an angle")[:, 0],
    }
    _end(lines, pose + angles - 1)
    if weighted:
        found["u"] = _table(lines, weights, min(count, all_points), 2, "the weights of a point")
    return found


def hand(folder, size, weighted):
    """Read points and model of `ht` at a size, of the smallest file that has so many points.

    Of a model that is cut, the number of a vertex is taken modulo theirs.
    """
    files = {read(path, _count): path for path in find(folder, "hand*_c*.txt")}
    enough = [count for count in files if count >= size["points"]]
    if not enough:
        raise ProblemError(
            f"{str(folder)!r}: the largest file has {max(files)} points, "
            f"{size['points']} are asked for"
        )
    path = files[min(enough)]
    model, triangles = read_model(path.parent / "model", size["vertices"])
    found = read(path, lambda path: read_hand(path, size["points"], weighted))
    return found, model, triangles


def letter_bits(place, count, bits):
    """Read the first letters of a text: the lowest bits of each one's number, the highest first."""
    (path,) = find(place, "lstm_full.txt")
    text = read(path, lambda path: path.read_text("utf-8")[:count])
    if len(text) < count:
        raise ProblemError(f"{str(path)!r} has {len(text)} letters, {count} are asked for")
    codes = np.array([ord(letter) for letter in text])
    return (codes[:, None] >> np.arange(bits)[::-1] & 1).astype(float)


def _count(path):
    """Read how many points a file of `ht` has: the first number in it."""
    with path.open(encoding="utf-8") as file:
        return int(_table([file.readline().split()], 1, 1, 2, COUNTS)[0, 0])


def _lines(path, between=None):
    """Read the lines of a file as lists of words, without empty ones at its end."""
    return [line.split(between) for line in path.read_text("utf-8").rstrip().splitlines()]


def _table(lines, first, count, width, what):
    """Read lines of so many numbers each, the first of which is the line `first`.

    Raises `ValueError`, which says the line and what was expected there.
    """
    found = []
    wanted = f"{width} numbers ({what})" if width > 1 else f"a number ({what})"
    for number, line in enumerate(lines[first - 1 : first - 1 + count], first):
        try:
            found.append(np.array(line, dtype=float).reshape(width))
        except ValueError:
            has = short_repr(" ".join(line))
            raise ValueError(f"line {number}: {wanted} expected, found {has}") from None
    if len(found) < count:
        raise ValueError(f"line {first + len(found)}: {wanted} expected, found the end")
    return np.reshape(found, (count, width))


def _end(lines, last):
    """Raise `ValueError` for lines behind what should be the last one."""
    if len(lines) > last:
        raise ValueError(f"line {last + 1}: the end expected, found {short_repr(lines[last])}")
