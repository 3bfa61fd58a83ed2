"""Plain data read by type hints: what fits comes back, what does not is named."""

import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import numpy as np
import pytest

from calcbench.record.plain import plain
from calcbench.record.reading import FieldError, Positive, Scalar, Within, read


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Inner:
    calls: Positive
    seconds: tuple[float, ...] = ()

    def __post_init__(self):
        if len(self.seconds) > 2:
            raise ValueError("too many")


@dataclass(frozen=True)
class Outer:
    name: str
    colour: Colour = Colour.RED
    share: Annotated[float, Within(0, 1)] = 0.5
    dirty: bool = False
    inner: Inner | None = None
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    free: dict[str, Scalar] = field(default_factory=dict)


WHOLE = {
    "name": "nan",
    "colour": "blue",
    "share": 1,
    "dirty": True,
    "inner": {"calls": 3, "seconds": ["nan", 2, "-inf"][1:]},
    "arrays": {"w": [[1, "nan"], ["inf", -0.0]]},
    "free": {"load": "nan", "cores": 2, "on": True, "no": None, "x": 0.5},
}


def test_every_type_comes_back():
    found = read(Outer, {**WHOLE, "added": [1]})
    assert (found.name, found.colour, found.share, found.dirty) == ("nan", Colour.BLUE, 1.0, True)
    assert found.inner == Inner(3, (2.0, -math.inf))
    assert np.array_equal(found.arrays["w"], [[1, math.nan], [math.inf, 0]], equal_nan=True)
    assert found.arrays["w"].dtype == np.float64
    assert found.free == WHOLE["free"]
    assert json.loads(json.dumps(plain(found.free))) == found.free
    assert read(Outer, {"name": ""}) == Outer("")
    assert read(Outer, {"name": "", "inner": None}).inner is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 5}, "field `name` must be text, got 5"),
        ({"name": None}, "field `name` must be text, got null"),
        ({"name": ["a"]}, "field `name` must be text, got a list"),
        ({"colour": "green"}, 'field `colour` must be one of red, blue, got "green"'),
        ({"colour": []}, "field `colour` must be one of red, blue, got []"),
        ({"share": 2}, "field `share` must be a number from 0 to 1, got 2"),
        ({"share": "nan"}, 'field `share` must be a number from 0 to 1, got "nan"'),
        ({"share": True}, "field `share` must be a number, got true"),
        ({"share": "0.5"}, 'field `share` must be a number, got "0.5"'),
        ({"dirty": 1}, "field `dirty` must be true or false, got 1"),
        ({"inner": 3}, "field `inner` must be an object, got 3"),
        ({"inner": {}}, "field `inner.calls` is missing"),
        ({"inner": {"calls": 0}}, "field `inner.calls` must be a whole number from 1 to 9.2e+18"),
        ({"inner": {"calls": 10**400}}, "field `inner.calls` must be a whole number from 1 to"),
        ({"inner": {"calls": 1.0}}, "field `inner.calls` must be a whole number, got 1.0"),
        ({"inner": {"calls": 1, "seconds": [1, {}]}}, "field `inner.seconds[1]` must be a number"),
        ({"inner": {"calls": 1, "seconds": [1, 2, 3]}}, "field `inner`: too many"),
        ({"arrays": {"w": [[1, 2], [3]]}}, "field `arrays.w` must be numbers, in lists of one"),
        ({"arrays": {"w": [[None]]}}, "field `arrays.w` must be a number, got null"),
        ({"free": {"load": [1]}}, "field `free.load` must be text or a whole number or a number"),
        ({"free": 7}, "field `free` must be an object, got 7"),
        ({"name": 0, "dirty": "x" * 10**5}, "field `name` must be text, got 0"),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    with pytest.raises(FieldError) as caught:
        read(Outer, {**WHOLE, **change})
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 150


def test_a_long_value_is_cut():
    with pytest.raises(FieldError) as caught:
        read(Outer, {"name": 10**1000})
    assert len(str(caught.value)) < 90


def test_a_huge_number_is_infinite():
    assert read(float, 10**400) == math.inf
    assert read(float, -(10**400)) == -math.inf
