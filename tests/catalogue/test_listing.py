"""Catalogues as tables."""

import calcbench as cb
from calcbench.catalogue import listing
from calcbench.catalogue.cards import Card


def test_problems_print_as_a_table():
    heading, rule, *lines = repr(cb.problems()).splitlines()
    assert heading.split() == ["problem", "theme", "what", "it", "is"]
    assert set(rule) == {"─"}
    assert [name for line in lines if (name := line.split(" ")[0])] == list(cb.problems())
    assert max(map(len, [heading, rule, *lines])) <= listing.WIDTH
    (saddle,) = (line for line in lines if line.startswith("saddle "))
    assert saddle.split("  ")[-1] == "A saddle, z = x² − y²."


def test_backends_print_with_their_options():
    text = repr(cb.backends())
    assert text.split("\n")[0].split() == ["backend", "options", "what", "it", "is"]
    assert "mode=jit|eager|enzyme" in text
    assert "delta=NUMBER" in text


def test_html_has_a_row_for_each():
    for catalogue in (cb.problems(), cb.backends()):
        html = catalogue._repr_html_()
        assert html.count("<tr>") == html.count("</tr>") == len(catalogue) + 1
        assert all(f">{name}</td>" in html for name in catalogue)


def test_a_card_that_is_broken_says_why_and_stays_text():
    card = Card("x", "<b>theme</b>", lambda: None, "a\x1b[31m & b")
    broken = Card("y", "t", lambda: None, "fine", broken="y.py: SyntaxError: bad")
    html = listing.as_html("problem", [card, broken])
    assert "&lt;b&gt;theme&lt;/b&gt;" in html
    assert "a\\x1b[31m &amp; b" in html
    assert "y.py: SyntaxError: bad" in html
    assert "fine" not in html
    assert "SyntaxError: bad" in listing.as_text("problem", [card, broken])


def test_no_card_at_all():
    assert listing.as_text("problem", []).splitlines()[0].startswith("problem")
    assert listing.as_html("problem", []).count("<tr>") == 1
