"""GradBench's data files, read: facts of its folders `evals/ba/data`, `evals/ht/data`, and a text.

Any size can be had of them. A size that a file has is that file's numbers as they stand; of a
smaller one it is the first ones.
"""

from pathlib import Path

import numpy as np

from calcbench.errors import ProblemError


def place(data):
    """Find where files are, for every process. Raises `ProblemError` where there is nothing."""
    if data is None:
        return None
    path = Path(data).expanduser().resolve()
    if not path.exists():
        raise ProblemError(f"data={str(data)!r}: there is no such file or folder")
    return path


def find(folder, pattern):
    """List the files of a folder that are called so. Raises `ProblemError` for none."""
    found = sorted(folder.glob(pattern)) if folder.is_dir() else [folder]
    if not found:
        raise ProblemError(f"data={str(folder)!r}: there is no {pattern} in this folder")
    return found


def read(path, reader):
    """Read a file. Raises `ProblemError`, which names it, where it is not of the kind."""
    try:
        return reader(path)
    except (OSError, ValueError, IndexError) as error:
        raise ProblemError(f"{str(path)!r} is no such file of GradBench's: {error}") from error


def read_observation(path):
    """Read a file of `ba`: a camera (11), a point (3), a weight and what was seen (2).

    The sizes before them only say how often each is repeated.
    """
    numbers = np.array(path.read_text("utf-8").split()[3:], dtype=float)
    if len(numbers) != 11 + 3 + 1 + 2:
        raise ValueError(f"{len(numbers)} numbers behind the sizes, and not 17")
    return numbers[:11], numbers[11:14], numbers[14], numbers[15:]


def read_model(folder, vertices):
    """Read a folder `model` of `ht`: bones, and the first vertices of the skin; its triangles."""
    bones = [line.split(":") for line in _lines(folder / "bones.txt")]
    skin = [line.split(":") for line in _lines(folder / "vertices.txt")]
    if vertices > len(skin):
        raise ProblemError(f"{str(folder)!r} has {len(skin)} vertices, {vertices} are asked for")
    matrices = np.array([bone[2:34] for bone in bones], dtype=float).reshape(-1, 2, 4, 4)
    positions, weights = np.ones((vertices, 4)), np.zeros((vertices, len(bones)))
    for k, vertex in enumerate(skin[:vertices]):
        positions[k, :3] = vertex[:3]
        own = vertex[9 : 9 + 2 * int(vertex[8])]  # behind their number: bone, weight, bone, …
        weights[k, np.array(own[::2], dtype=int)] = own[1::2]
    model = {
        "relatives": matrices[:, 0],
        "inverses": matrices[:, 1],
        "positions": positions,
        "weights": weights,
        "parents": tuple(int(bone[1]) for bone in bones),
        "mirrored": 0,
    }
    triangles = [line.split(":") for line in _lines(folder / "triangles.txt")]
    return model, np.array(triangles, dtype=int) % vertices


def read_hand(path, count, weighted):
    """Read a file of `ht`: the first points, what each is measured at, the pose, and weights."""
    rows = [line.split() for line in _lines(path)]
    all_points, angles = int(rows[0][0]), int(rows[0][1])
    points = np.array(rows[1 : 1 + count], dtype=float)
    weights = np.array(rows[1 + all_points : 1 + all_points + count if weighted else 1], float)
    return {
        "at": points[:, 0].astype(int),
        "measured": points[:, 1:],
        "u": weights,
        "pose": np.array(rows[-angles:], dtype=float)[:, 0],
    }


def hand(folder, size, weighted):
    """Read points and model of `ht` at a size, of the smallest file that has so many points.

    Of a model that is cut, the number of a vertex is taken modulo theirs.
    """
    files = {_count(path): path for path in find(folder, "hand*_c*.txt")}
    enough = [count for count in files if count >= size["points"]]
    if not enough:
        raise ProblemError(
            f"{str(folder)!r}: the largest file has {max(files)} points, "
            f"{size['points']} are asked for"
        )
    model, triangles = read(folder / "model", lambda path: read_model(path, size["vertices"]))
    found = read(files[min(enough)], lambda path: read_hand(path, size["points"], weighted))
    return found, model, triangles


def letter_bits(path, count, bits):
    """Read the first letters of a text: the lowest bits of each one's number, the highest first."""
    text = read(path, lambda path: path.read_text("utf-8")[:count])
    if len(text) < count:
        raise ProblemError(f"{str(path)!r} has {len(text)} letters, {count} are asked for")
    codes = np.array([ord(letter) for letter in text])
    return (codes[:, None] >> np.arange(bits)[::-1] & 1).astype(float)


def _count(path):
    """Say how many points a file of `ht` has, by its name: 100 of hand1_t26_c100.txt."""
    return int(path.stem.rpartition("_c")[2])


def _lines(path):
    return path.read_text("utf-8").splitlines()
