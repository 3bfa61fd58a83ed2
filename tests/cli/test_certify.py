"""`--certify`: how much of the data the truth is computed for."""

import re

import pytest

HAND = ("-b", "by_hand")
SIZE = ("straight_line_at_scale", "--size", "5000")


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ((), r"certified in [\d.]+ s at 5,000 rows"),
        (("--certify", "full"), r"certified in [\d.]+ s at 5,000 rows"),
        (("--certify", "sample"), r"certified on 1,\d\d\d of 5,000 rows; at full size by vote"),
        (("--certify", "none"), r"not certified: nobody asked for it"),
    ],
)
def test_the_note_says_how_much_is_certified(cli, words, note):
    done = cli("verify", *SIZE, *HAND, *words)
    assert done.status == 0, done.err
    assert re.search(note, done.out)


def test_what_there_is_not(cli):
    done = cli("verify", *SIZE, *HAND, "--certify", "half")
    assert done.status == 2
    assert "full" in done.err
