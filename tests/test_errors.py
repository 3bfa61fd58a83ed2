"""Text that is safe to print, and short enough to be read."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcbench.errors import LONGEST, escape_controls, first_line, printable, shorten, write_apart

HOSTILE = {
    "\x1b[2J\x1b]0;title\x07": r"\x1b[2J\x1b]0;title\x07",
    "a\x9b31mb": r"a\x9b31mb",
    "a\u202eb": r"a\u202eb",
    "a\x00b\x7f": r"a\x00b\x7f",
    "a\r\nb\tc\u2028d\x85e": "a b c d e",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
    "∂C/∂m ± 漢 𝛼 é": "∂C/∂m ± 漢 𝛼 é",
}


@pytest.mark.parametrize(("text", "expected"), HOSTILE.items())
def test_what_a_terminal_obeys_is_shown(text, expected):
    assert printable(text) == expected


@given(st.text(st.characters(), max_size=50))
def test_printable_text_has_no_control_character(text):
    found = printable(text)
    assert not {unicodedata.category(c) for c in found} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(found) == found
    found.encode("utf-8")
    assert "\n".join(escape_controls(part) for part in text.split("\n")) == escape_controls(text)


def test_lines_stay_lines_where_they_may():
    assert escape_controls("def f():\n    return 1\x1b\n") == "def f():\n    return 1\\x1b\n"


@given(st.integers(0, 3 * LONGEST))
def test_a_long_text_keeps_its_ends(length):
    text = "begin" + " x" * (length // 2) + " end"
    found = printable(text)
    assert found.startswith("begin")
    assert found.endswith("end")
    assert (found == text) == (len(text) <= LONGEST)
    assert len(found) < LONGEST + 40


def test_how_much_was_left_out_is_said():
    assert shorten("a" * 60 + "b" * 60, 20) == "a" * 10 + "… 100 characters …" + "b" * 10
    assert len(printable(f"no problem '{'x' * 10**4}': choose from {'a, ' * 100}b")) < 700
    assert len(first_line(ValueError("x" * 10**5))) < LONGEST + 40


@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        ((4.0000000002, 4.0), ["4.0000000002", "4"]),
        ((3.5, 3.25), ["3.5", "3.25"]),
        ((1 / 3, 2.0), ["0.3333333333", "2"]),
        ((1.0, 1.0 + 2**-52), ["1", "1.0000000000000002"]),
        ((0.1, 0.1, 0.1 + 1e-12), ["0.1", "0.1", "0.100000000001"]),
        ((2.0, 2.0), ["2", "2"]),
        ((math.nan, 0.25), ["nan", "0.25"]),
        ((math.inf, -math.inf), ["inf", "-inf"]),
    ],
)
def test_numbers_that_differ_look_so(numbers, written):
    assert write_apart(*numbers) == written


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_any_two_numbers_that_differ_look_so(one, other):
    first, second = write_apart(one, other)
    assert (first == second) <= (one == other)
