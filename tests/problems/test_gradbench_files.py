"""GradBench's data files: a size that a file has is that file, a smaller one its beginning."""

import json

import numpy as np
import pytest

import calcbench as cb
from calcbench.bench.fingerprint import digest
from calcbench.errors import NotInstalled, ProblemError
from calcbench.gradbench import evaluations
from calcbench.problem.inputs import make_point, own_point
from calcbench.problems.gradbench.ba import Ba
from calcbench.problems.gradbench.ht_complicated import HtComplicated
from calcbench.problems.gradbench.ht_simple import HtSimple
from calcbench.problems.gradbench.lstm import Lstm

OBSERVED = {
    **{"n": 2, "m": 3, "p": 5, "w": 0.5, "x": [7.0, 0.5, 3.0], "feat": [27.0, 83.0]},
    "cam": [-0.75, -1.0, -0.5, 34.0, 39.0, 53.0, 419.0, 5.0, -8.0, 0.25, 0.125],
}
BONES, VERTICES, ANGLES = 22, 4, 26
rng = np.random.default_rng(0)
MODEL = {
    "base_relatives": rng.normal(size=(BONES, 4, 4)).tolist(),
    "inverse_base_absolutes": rng.normal(size=(BONES, 4, 4)).tolist(),
    "base_positions": [[*rng.normal(size=3), 1.0] for _ in range(VERTICES)],
    "weights": np.eye(VERTICES, BONES).tolist(),
    "parents": [-1, *range(BONES - 1)],
    "triangles": [[0, 1, 2], [1, 3, 2]],
    "is_mirrored": False,
}
TRACKED = {
    "theta": rng.normal(size=ANGLES).tolist(),
    "us": rng.uniform(size=(2, 2)).tolist(),
    "data": {"model": MODEL, "correspondences": [1, 0], "points": rng.normal(size=(2, 3)).tolist()},
}


def lines(*rows, between=" "):
    return "".join(between.join(map(str, row)) + "\n" for row in rows)


@pytest.fixture
def observed(tmp_path):
    """The folder of a file of `ba`."""
    sizes = [OBSERVED[name] for name in ("n", "m", "p")]
    rows = sizes, OBSERVED["cam"], OBSERVED["x"], [OBSERVED["w"]], OBSERVED["feat"]
    (tmp_path / "ba1_n2_m3_p5.txt").write_text(lines(*rows), "utf-8")
    return tmp_path


def write_hand(folder, weighted):
    """Write a model, and points on it as they stand in `TRACKED`."""
    (folder / "model").mkdir()
    flat = zip(MODEL["base_relatives"], MODEL["inverse_base_absolutes"], strict=True)
    bones = [
        [f"bone{k}", MODEL["parents"][k], *np.ravel(pair)] for k, pair in enumerate(map(list, flat))
    ]
    skin = [[*MODEL["base_positions"][k][:3], 0, 0, 1, 0, 0, 1, k, 1.0] for k in range(VERTICES)]
    for name, rows in (("bones", bones), ("vertices", skin), ("triangles", MODEL["triangles"])):
        (folder / "model" / f"{name}.txt").write_text(lines(*rows, between=":"), "utf-8")
    data = TRACKED["data"]
    points = [[at, *p] for at, p in zip(data["correspondences"], data["points"], strict=True)]
    rows = [[2, ANGLES], *points, *(TRACKED["us"] if weighted else []), *zip(TRACKED["theta"])]
    (folder / "hand1_t26_c2.txt").write_text(lines(*rows), "utf-8")
    return folder


def assert_same(point, values):
    wanted = make_point(point.problem, values)
    assert point.values.keys() == wanted.values.keys()
    assert point.statics == wanted.statics
    for name, array in wanted.values.items():
        np.testing.assert_array_equal(point[name], array, err_msg=name)


def test_one_observation_stands_for_all(observed):
    for files in (observed, observed / "ba1_n2_m3_p5.txt"):
        point = own_point(Ba(files), {"n": 2, "m": 3, "p": 5})
        assert_same(point, evaluations.ba(OBSERVED))
    (row,) = cb.verify(Ba(observed), ["by_hand"]).records
    assert (row.status, row.size) == ("ok", Ba.sizes[0])


@pytest.mark.parametrize(
    ("problem", "reader"),
    [(HtSimple, evaluations.ht_simple), (HtComplicated, evaluations.ht_complicated)],
)
def test_a_hand_is_the_one_that_gradbench_sends(tmp_path, problem, reader):
    files = write_hand(tmp_path, weighted=problem is HtComplicated)
    whole = own_point(problem(files), {"points": 2, "vertices": VERTICES})
    assert_same(whole, reader(json.loads(json.dumps(TRACKED))))
    part = own_point(problem(files), {"points": 1, "vertices": 3})
    assert part["measured"].tolist() == whole["measured"][:1].tolist()
    assert part["pose"].tolist() == whole["pose"].tolist()
    assert part["positions"].tolist() == whole["positions"][:3].tolist()
    assert np.isfinite(cb.cost(problem(files), "tape", size={"points": 1, "vertices": 3})).all()


def test_letters_are_the_bits_of_a_text(tmp_path):
    (tmp_path / "text.txt").write_text("aß\nb", "utf-8")
    found = own_point(Lstm(tmp_path / "text.txt"), {"l": 1, "c": 4, "b": 8})["sequence"]
    assert ["".join(f"{bit:.0f}" for bit in letter) for letter in found] == [
        f"{ord(letter):08b}" for letter in "aß\nb"
    ]


def test_what_cannot_be_read_is_named(tmp_path, observed):
    with pytest.raises(ProblemError, match=r"'nowhere': there is no such file or folder"):
        Ba("nowhere")
    with pytest.raises(ProblemError, match=r"there is no hand\*_c\*\.txt in this folder"):
        own_point(HtSimple(observed))
    (tmp_path / "text.txt").write_text("ab", "utf-8")
    with pytest.raises(ProblemError, match="has 2 letters, 3 are asked for"):
        own_point(Lstm(tmp_path / "text.txt"), {"l": 1, "c": 3, "b": 8})


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("hand1_t26_c2.txt", "two 26", r"line 1: 2 numbers \(how many points .* found 'two 26'"),
        ("hand1_t26_c2.txt", "900 26", "line 1: how many points .* for 31 lines"),
        ("model/bones.txt", "wrist:-1:0.5", r"line 1: 33 numbers \(a bone behind its name\)"),
        ("model/vertices.txt", "0:0:0:0:0:1:0:0:2:3:1.0", "line 1: 13 numbers"),
        ("model/vertices.txt", "0:0:0:0:0:1:0:0:1:22:1.0", "line 1: there are bones 0 to 21"),
        ("model/triangles.txt", "0:1", r"line 1: 3 numbers \(a triangle\)"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, name, line, told):
    path = write_hand(tmp_path, weighted=True) / name
    path.write_text("\n".join([line, *path.read_text("utf-8").splitlines()[1:]]), "utf-8")
    with pytest.raises(ProblemError, match=rf"{path.name}' is no such file.*{told}"):
        own_point(HtComplicated(tmp_path), {"points": 2, "vertices": VERTICES})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2 3 5\n1 2 3\n", r"line 2: 11 numbers \(a camera\) expected, found '1 2 3'"),
        ("2 3 5\n1 1 1 1 1 1 1 1 1 1 1\n1 2 3\n", r"line 4: a number \(a weight\).* the end"),
        ("", "line 1: 3 numbers .*, found the end"),
    ],
)
def test_a_wrong_observation_is_named(observed, text, told):
    (observed / "ba1_n2_m3_p5.txt").write_text(text, "utf-8")
    with pytest.raises(ProblemError, match=f"ba1_n2_m3_p5.*{told}"):
        own_point(Ba(observed))


@pytest.mark.parametrize(("problem", "weighted"), [(HtSimple, True), (HtComplicated, False)])
def test_a_hand_of_the_other_kind_is_refused(tmp_path, problem, weighted):
    with pytest.raises(ProblemError, match=r"line \d+: .* expected"):
        own_point(problem(write_hand(tmp_path, weighted)), {"points": 2, "vertices": VERTICES})


def test_a_checkout_will_do(tmp_path, observed):
    checkout = tmp_path / "gradbench"
    for problem, own in ((HtSimple, "simple_small"), (HtComplicated, "complicated_small")):
        (checkout / "evals" / "ht" / "data" / own).mkdir(parents=True)
        folder = write_hand(checkout / "evals" / "ht" / "data" / own, problem is HtComplicated)
        size = {"points": 2, "vertices": VERTICES}
        for data in (checkout, checkout / "evals", folder, folder / "hand1_t26_c2.txt"):
            found = own_point(problem(data), size)
            assert digest(found.values) == digest(own_point(problem(folder), size).values)
    with pytest.raises(NotInstalled, match=r"has no lstm_full\.txt: name a file .* by --data"):
        own_point(Lstm(checkout))


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ({"points": 3, "vertices": 3}, "the largest file has 2 points, 3 are asked for"),
        ({"points": 2, "vertices": 5}, "has 4 vertices, 5 are asked for"),
    ],
)
def test_more_than_the_files_have_is_refused(tmp_path, size, told):
    with pytest.raises(ProblemError, match=told):
        own_point(HtSimple(write_hand(tmp_path, weighted=False)), size)
